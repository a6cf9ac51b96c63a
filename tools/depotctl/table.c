#include "tools/depotctl/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schemas/codec.h"

struct cell {
	const char *text;
	enum colour colour;
};

struct row {
	struct row *next;
	int cells;
	struct cell cell[TABLE_COLUMNS];
};

struct table {
	struct arena *arena;
	bool colour;
	int columns, rows;
	const char *head[TABLE_COLUMNS];
	bool right[TABLE_COLUMNS];
	struct row *first, *last;
};

static const char *const colour_codes[] = {
	[COLOUR_NONE] = "",
	[COLOUR_DIM] = "2",
	[COLOUR_BOLD] = "1",
	[COLOUR_GREEN] = "32",
	[COLOUR_YELLOW] = "33",
	[COLOUR_RED] = "31",
};

void put_colour(struct text *out, bool on, enum colour c, const char *text)
{
	if (on && c != COLOUR_NONE)
		text_printf(out, "\033[%sm%s\033[0m", colour_codes[c], text);
	else
		text_puts(out, text);
}

struct table *table_create(struct arena *a, const char *head, bool colour)
{
	struct table *t = arena_alloc(a, sizeof(*t));

	if (t == NULL)
		abort();
	t->arena = a;
	t->colour = colour;
	while (*head != '\0' && t->columns < TABLE_COLUMNS) {
		size_t len = strcspn(head, "|");
		bool right = head[0] == '>';
		t->right[t->columns] = right;
		t->head[t->columns++] = arena_strndup(a, head + right, len - right);
		head += len + (head[len] == '|');
	}
	return t;
}

void table_row(struct table *t)
{
	struct row *r = arena_alloc(t->arena, sizeof(*r));

	if (r == NULL)
		abort();
	if (t->last != NULL)
		t->last->next = r;
	else
		t->first = r;
	t->last = r;
	t->rows++;
}

/* Text from a station is shown, never obeyed: control characters become '?'. */
static const char *tame(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);

	for (unsigned char *s = (unsigned char *)copy; s != NULL && *s != '\0'; s++)
		if (*s < 0x20 || *s == 0x7f)
			*s = '?';
		else if (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0) /* U+0080 to U+009F */
			*s = s[1] = '?';
	return copy;
}

void table_cell_colour(struct table *t, enum colour colour, const char *text)
{
	struct row *r = t->last;

	if (r->cells == t->columns)
		return;
	r->cell[r->cells].text = text != NULL && text[0] != '\0' ? tame(t->arena, text) : "-";
	r->cell[r->cells++].colour = colour;
}

void table_cell(struct table *t, const char *text)
{
	table_cell_colour(t, COLOUR_NONE, text);
}

void table_cellf(struct table *t, const char *fmt, ...)
{
	char buf[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	table_cell(t, buf);
}

int table_rows(const struct table *t)
{
	return t->rows;
}

static int width_of(const char *s)
{
	size_t points = 0;

	return schema_utf8_check(s, strlen(s), &points) ? (int)points : (int)strlen(s);
}

static void put_cell(
	const struct table *t, struct text *out, int column, int width, const struct cell *c)
{
	int pad = width - width_of(c->text);
	bool is_last = column == t->columns - 1;

	if (t->right[column])
		text_printf(out, "%*s", pad, "");
	put_colour(out, t->colour, c->colour, c->text);
	if (!t->right[column] && !is_last)
		text_printf(out, "%*s", pad, "");
	text_puts(out, is_last ? "\n" : "  ");
}

void table_print(const struct table *t, struct text *out)
{
	static const struct cell none = {"-", COLOUR_NONE};
	int width[TABLE_COLUMNS];

	for (int i = 0; i < t->columns; i++) {
		width[i] = width_of(t->head[i]);
		for (const struct row *r = t->first; r != NULL; r = r->next) {
			int w = i < r->cells ? width_of(r->cell[i].text) : 1;
			if (w > width[i])
				width[i] = w;
		}
	}
	for (int i = 0; i < t->columns; i++)
		put_cell(t, out, i, width[i], &(struct cell){t->head[i], COLOUR_DIM});
	for (const struct row *r = t->first; r != NULL; r = r->next)
		for (int i = 0; i < t->columns; i++)
			put_cell(t, out, i, width[i], i < r->cells ? &r->cell[i] : &none);
}

/* -- values ---------------------------------------------------------------------------------- */

static const char *kilo(struct arena *a, bool has, double v, const char *unit)
{
	if (!has)
		return "-";
	return arena_printf(a, "%.*f %s", fabs(v) < 99950 ? 1 : 0, v / 1000.0, unit);
}

const char *cell_power(struct arena *a, bool has, double w)
{
	return kilo(a, has, w, "kW");
}

const char *cell_energy(struct arena *a, bool has, double wh)
{
	return kilo(a, has, wh, "kWh");
}

const char *cell_percent(struct arena *a, bool has, double pct)
{
	return has ? arena_printf(a, "%.0f %%", pct) : "-";
}

static wall_t clock_now; /* ms 0: ask the machine */

void cell_clock(const char *zone, wall_t now)
{
	clock_now = now;
	if (zone != NULL && zone[0] != '\0') {
		setenv("TZ", zone, 1);
		tzset();
	}
}

const char *cell_time(struct arena *a, bool has, wall_t at)
{
	time_t now = clock_now.ms != 0 ? (time_t)(clock_now.ms / 1000) : time(NULL);
	time_t when = (time_t)(at.ms / 1000);
	double away = fabs(difftime(when, now));
	struct tm tm;
	char buf[40];

	if (!has)
		return "-";
	localtime_r(&when, &tm);
	strftime(buf, sizeof(buf),
		away < 20 * 3600.0   ? "%H:%M:%S"
		: away < 6 * 86400.0 ? "%a %H:%M"
				     : "%Y-%m-%d %H:%M",
		&tm);
	return arena_strdup(a, buf);
}
