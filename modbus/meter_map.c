#include "modbus/meter_map.h"

#include "schemas/yaml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX     (64 * 1024)
#define EXPONENT_MAX 10 /* powers of ten of a SunSpec scale factor */

int meter_type_registers(enum meter_type type)
{
	static const int registers[] = {
		[METER_TYPE_INT16] = 1,
		[METER_TYPE_UINT16] = 1,
		[METER_TYPE_INT32] = 2,
		[METER_TYPE_UINT32] = 2,
		[METER_TYPE_INT64] = 4,
		[METER_TYPE_UINT64] = 4,
		[METER_TYPE_FLOAT32] = 2,
		[METER_TYPE_FLOAT64] = 4,
	};
	return registers[type];
}

const struct meter_map *meter_map_load(const char *path, struct arena *a, char why[400])
{
	const struct meter_map *map = schema_yaml_load(&meter_map_type, path, FILE_MAX, a, why);
	if (!map)
		return NULL;
	char rule[400];
	if (meter_map_check(map, rule) < 0) {
		const char *slash = strrchr(path, '/');
		snprintf(why, 400, "%.80s: %.300s", slash ? slash + 1 : path, rule);
		return NULL;
	}
	return map;
}

/* The registers that a row needs: its value and, in the same request, its exponent. */
static int64_t low_of(const struct meter_register *r)
{
	return r->has_exponent_at && r->exponent_at < r->address ? r->exponent_at : r->address;
}

static int64_t end_of(const struct meter_register *r)
{
	int64_t end = r->address + meter_type_registers(r->type);
	return r->has_exponent_at && r->exponent_at >= end ? r->exponent_at + 1 : end;
}

static const char *complaint(const struct meter_map *map, const struct meter_register *r)
{
	if (end_of(r) > 65536)
		return "goes beyond address 65535";
	if (end_of(r) - low_of(r) > map->max_read)
		return "is longer than max_read";
	if (fpclassify(r->scale) == FP_ZERO || !isfinite(r->scale))
		return "needs a scale other than 0";
	return NULL;
}

/* A row that is added needs the other read and decoded before it. */
static const char *misplaced(const struct meter_map *map, size_t i, bool is_seen)
{
	const struct meter_register *r = &map->registers.items[i];
	if (!r->also)
		return is_seen ? "is there twice" : NULL;
	for (size_t j = 0; j < i; j++) {
		const struct meter_register *first = &map->registers.items[j];
		if (first->quantity == r->quantity && !first->also && low_of(first) < low_of(r))
			return NULL;
	}
	return "is added to no row above it at a lower address";
}

/* ---- what is written ---- */

static double within(double v, double low, double high)
{
	return !(v > low) ? low : v > high ? high : v;
}

static uint64_t float_bits(double value, bool is_wide)
{
	float narrow = (float)value;
	uint32_t bits32;
	uint64_t bits;

	memcpy(&bits32, &narrow, sizeof bits32);
	memcpy(&bits, &value, sizeof bits);
	return is_wide ? bits : bits32;
}

int meter_words(double value, enum meter_type type, enum meter_order order, uint16_t out[4])
{
	int count = meter_type_registers(type);
	double half = ldexp(1, 16 * count - 1), whole = round(value);
	uint64_t bits;

	switch (type) {
	case METER_TYPE_FLOAT32:
	case METER_TYPE_FLOAT64:
		bits = float_bits(value, type == METER_TYPE_FLOAT64);
		break;
	case METER_TYPE_UINT16:
	case METER_TYPE_UINT32:
		bits = (uint64_t)within(whole, 0, 2 * half - 1);
		break;
	case METER_TYPE_UINT64:
		bits = (uint64_t)within(whole, 0, 9e18);
		break;
	default:
		bits = (uint64_t)(int64_t)within(
			whole, count == 4 ? -9e18 : -half, count == 4 ? 9e18 : half - 1);
	}
	for (int i = 0; i < count; i++)
		out[order == METER_ORDER_MSW ? count - 1 - i : i] = (uint16_t)(bits >> 16 * i);
	return count;
}

static bool fits(int64_t address, enum meter_type type)
{
	return address + meter_type_registers(type) <= 65536;
}

static bool are_writes_good(const struct meter_write_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!fits(list->items[i].address, list->items[i].type) ||
			!isfinite(list->items[i].value))
			return false;
	return true;
}

static int check_setpoint(const struct meter_setpoint *s, char why[400])
{
	const char *what = NULL;

	if (s->type == METER_TYPE_UINT16 || s->type == METER_TYPE_UINT32 ||
		s->type == METER_TYPE_UINT64)
		what = "needs a signed type: it goes both ways";
	else if (!fits(s->address, s->type) || !are_writes_good(&s->begin) ||
		 !are_writes_good(&s->release))
		what = "goes beyond address 65535, or writes what is no number";
	else if (fpclassify(s->scale) == FP_ZERO || !isfinite(s->scale))
		what = "needs a scale other than 0";
	else if (s->lets_go_s * 1000 < 3 * s->repeat_ms)
		what = "needs lets_go_s of three repeat_ms at least: one lost request is nothing";
	if (what)
		snprintf(why, 400, "setpoint: %s", what);
	return what ? -1 : 0;
}

int meter_map_check(const struct meter_map *map, char why[400])
{
	bool seen[METER_QUANTITIES] = {false};
	for (size_t i = 0; i < map->registers.count; i++) {
		const struct meter_register *r = &map->registers.items[i];
		const char *what = complaint(map, r);
		if (!what)
			what = misplaced(map, i, seen[r->quantity]);
		if (what) {
			snprintf(why, 400, "registers[%zu]: %s %s", i,
				meter_quantity_enum.values[r->quantity], what);
			return -1;
		}
		seen[r->quantity] = true;
	}
	return map->setpoint ? check_setpoint(map->setpoint, why) : 0;
}

/* Insertion sort of the rows by address; a map has a dozen. */
static int sort_rows(const struct meter_map *map, int rows[METER_REGISTERS])
{
	const struct meter_register *all = map->registers.items;
	int count = 0;
	for (size_t i = 0; i < map->registers.count && count < METER_REGISTERS; i++) {
		int at = count++;
		for (; at > 0 && low_of(&all[rows[at - 1]]) > low_of(&all[i]); at--)
			rows[at] = rows[at - 1];
		rows[at] = (int)i;
	}
	return count;
}

void meter_plan_make(const struct meter_map *map, int max_gap, struct meter_plan *out)
{
	struct meter_batch *b = NULL;
	out->map = map;
	out->max_gap = max_gap;
	out->batch_count = 0;
	int count = sort_rows(map, out->rows);
	for (int i = 0; i < count; i++) {
		const struct meter_register *r = &map->registers.items[out->rows[i]];
		int64_t low = low_of(r), end = end_of(r);
		bool fits = b && low <= b->address + b->count + max_gap &&
			    end - b->address <= map->max_read;
		if (!fits) {
			b = &out->batches[out->batch_count++];
			*b = (struct meter_batch){.address = (uint16_t)low, .first = i};
		}
		if (end > b->address + b->count)
			b->count = (uint16_t)(end - b->address);
		b->rows++;
	}
}

/* The registers of one value as one number, the most significant word first. */
static uint64_t join(const uint16_t *registers, int count, enum meter_order order)
{
	uint64_t bits = 0;
	for (int i = 0; i < count; i++)
		bits = bits << 16 | registers[order == METER_ORDER_MSW ? i : count - 1 - i];
	return bits;
}

/* An integer of `width` bits; NAN where it is one of those that mean "undefined" here. */
static double integer(uint64_t bits, int width, bool is_signed, enum meter_undefined undefined)
{
	uint64_t ones = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
	uint64_t sign = UINT64_C(1) << (width - 1);
	bool is_limit = is_signed ? bits == sign : bits == ones;
	is_limit |= is_signed && bits == sign - 1 && undefined == METER_UNDEFINED_LIMITS;
	if (undefined != METER_UNDEFINED_NONE && is_limit)
		return NAN;
	if (undefined == METER_UNDEFINED_ZERO && bits == 0)
		return NAN;
	return is_signed && bits & sign ? -(double)(ones - bits + 1) : (double)bits;
}

static double raw_value(const uint16_t *registers, enum meter_type type, enum meter_order order,
	enum meter_undefined undefined)
{
	int count = meter_type_registers(type);
	uint64_t bits = join(registers, count, order);
	float f;
	double d;
	switch (type) {
	case METER_TYPE_FLOAT32: {
		uint32_t half = (uint32_t)bits;
		memcpy(&f, &half, sizeof(f));
		return f;
	}
	case METER_TYPE_FLOAT64:
		memcpy(&d, &bits, sizeof(d));
		return d;
	case METER_TYPE_UINT16:
	case METER_TYPE_UINT32:
	case METER_TYPE_UINT64:
		return integer(bits, count * 16, false, undefined);
	default:
		return integer(bits, count * 16, true, undefined);
	}
}

/* The scale of a row; NAN if its exponent is undefined (0x8000) or beyond what SunSpec allows. */
static double scale_of(
	const struct meter_register *r, const struct meter_batch *b, const uint16_t *registers)
{
	if (!r->has_exponent_at)
		return r->scale;
	int16_t exponent = (int16_t)registers[r->exponent_at - b->address];
	if (exponent < -EXPONENT_MAX || exponent > EXPONENT_MAX)
		return NAN;
	return r->scale * pow(10, exponent);
}

static void decode_row(const struct meter_map *map, const struct meter_register *r,
	const struct meter_batch *b, const uint16_t *registers, struct meter_value *v)
{
	enum meter_order order = r->has_order ? r->order : map->order;
	enum meter_undefined undefined = r->has_undefined ? r->undefined : map->undefined;
	const uint16_t *at = registers + (r->address - b->address);
	double value = raw_value(at, r->type, order, undefined) * scale_of(r, b, registers);
	bool is_there = isfinite(value) && (!r->also || v->quality != METER_ABSENT);
	v->value = is_there ? value + (r->also ? v->value : 0) : 0;
	v->quality = !is_there ? METER_ABSENT : r->doubt ? METER_SUSPECT : METER_GOOD;
}

void meter_plan_decode(const struct meter_plan *plan, int batch, const uint16_t *registers,
	struct meter_reading *out)
{
	const struct meter_batch *b = &plan->batches[batch];
	for (int i = b->first; i < b->first + b->rows; i++) {
		const struct meter_register *r = &plan->map->registers.items[plan->rows[i]];
		decode_row(plan->map, r, b, registers, &out->values[r->quantity]);
	}
}

void meter_plan_raw(
	const struct meter_plan *plan, int batch, const uint16_t *registers, struct meter_raw *out)
{
	const struct meter_batch *b = &plan->batches[batch];
	for (int i = 0; i < b->rows; i++) {
		const struct meter_register *r =
			&plan->map->registers.items[plan->rows[b->first + i]];
		out[i] = (struct meter_raw){.quantity = r->quantity,
			.address = (int)r->address,
			.type = r->type,
			.count = meter_type_registers(r->type),
			.scale = scale_of(r, b, registers)};
		memcpy(out[i].words, registers + (r->address - b->address),
			(size_t)out[i].count * sizeof(uint16_t));
	}
}

/* What current transformers have a part in: all but voltage, frequency and a storage's own. */
static const bool is_transformed[METER_QUANTITIES] = {
	[METER_QUANTITY_POWER_W] = true,
	[METER_QUANTITY_POWER_L1_W] = true,
	[METER_QUANTITY_POWER_L2_W] = true,
	[METER_QUANTITY_POWER_L3_W] = true,
	[METER_QUANTITY_CURRENT_L1_A] = true,
	[METER_QUANTITY_CURRENT_L2_A] = true,
	[METER_QUANTITY_CURRENT_L3_A] = true,
	[METER_QUANTITY_IMPORT_WH] = true,
	[METER_QUANTITY_EXPORT_WH] = true,
};

void meter_reading_mount(struct meter_reading *r, double ratio, bool is_reversed)
{
	for (int q = 0; q < METER_QUANTITIES; q++) {
		if (is_transformed[q])
			r->values[q].value *= ratio;
	}
	if (!is_reversed)
		return;
	for (int q = METER_QUANTITY_POWER_W; q <= METER_QUANTITY_POWER_L3_W; q++)
		r->values[q].value = -r->values[q].value;
	/* Whether currents are signed depends on the meter: the direction is left to the power. */
	for (int q = METER_QUANTITY_CURRENT_L1_A; q <= METER_QUANTITY_CURRENT_L3_A; q++)
		r->values[q].value = fabs(r->values[q].value);
	struct meter_value import = r->values[METER_QUANTITY_IMPORT_WH];
	r->values[METER_QUANTITY_IMPORT_WH] = r->values[METER_QUANTITY_EXPORT_WH];
	r->values[METER_QUANTITY_EXPORT_WH] = import;
}
