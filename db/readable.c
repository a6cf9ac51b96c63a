#include "db/readable.h"

#include <string.h>

#include "schemas/rows.h"

#define TEXT_MAX      1000 /* a schema that allows more is left to the decoder */
#define YEAR_10000_MS INT64_C(253402300800000)

static bool is_text_readable(const struct schema_field *f, const char *s)
{
	size_t points;
	if (!s)
		return !f->required;
	if (f->max > TEXT_MAX)
		return false;
	return schema_utf8_check(s, strnlen(s, TEXT_MAX * 4 + 1), &points) &&
	       (int64_t)points >= f->min && (int64_t)points <= f->max;
}

static bool is_number_readable(const struct schema_field *f, double v)
{
	/* Written so that NaN is refused; a number is printed so that it comes back the same. */
	return v >= -1e300 && v <= 1e300 && (f->min == SCHEMA_NO_MIN || v >= (double)f->min) &&
	       (f->max == SCHEMA_NO_MAX || v <= (double)f->max);
}

static bool is_field_readable(const struct schema_field *f, const char *base)
{
	const void *p = base + f->at;
	const char *text;
	const struct schema_list *list = p;
	if (f->array)
		return !f->required && list->count == 0 && !list->items; /* left out */
	if (f->kind == SCHEMA_STRING) {
		memcpy(&text, p, sizeof text);
		return is_text_readable(f, text);
	}
	if (f->kind == SCHEMA_IDENT || f->kind == SCHEMA_ANY || f->kind == SCHEMA_STRUCT)
		return false;
	if (!f->required && !*(const bool *)(const void *)(base + f->flag))
		return true;
	switch (f->kind) {
	case SCHEMA_DATETIME:
		return ((const wall_t *)p)->ms >= 0 && ((const wall_t *)p)->ms < YEAR_10000_MS;
	case SCHEMA_INT:
		return *(const int64_t *)p >= f->min && *(const int64_t *)p <= f->max;
	case SCHEMA_NUMBER:
		return is_number_readable(f, *(const double *)p);
	case SCHEMA_BOOL:
		return true;
	case SCHEMA_ENUM:
		return *(const int *)p >= 0 && *(const int *)p < f->values->count;
	default:
		return false;
	}
}

bool readable_surely(const struct schema_struct *type, const void *value)
{
	for (int i = 0; i < type->field_count; i++)
		if (!is_field_readable(&type->fields[i], value))
			return false;
	return true;
}
