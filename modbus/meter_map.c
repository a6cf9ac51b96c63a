#include "modbus/meter_map.h"

#include "schemas/yaml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX (64 * 1024)

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

static const char *complaint(const struct meter_map *map, const struct meter_register *r)
{
	int count = meter_type_registers(r->type);
	if (r->address + count > 65536)
		return "goes beyond address 65535";
	if (count > map->max_read)
		return "is longer than max_read";
	if (fpclassify(r->scale) == FP_ZERO || !isfinite(r->scale))
		return "needs a scale other than 0";
	return NULL;
}

int meter_map_check(const struct meter_map *map, char why[400])
{
	bool seen[METER_QUANTITIES] = {false};
	for (size_t i = 0; i < map->registers.count; i++) {
		const struct meter_register *r = &map->registers.items[i];
		const char *what = complaint(map, r);
		if (seen[r->quantity])
			what = "is there twice";
		if (what) {
			snprintf(why, 400, "registers[%zu]: %s %s", i,
				meter_quantity_enum.values[r->quantity], what);
			return -1;
		}
		seen[r->quantity] = true;
	}
	return 0;
}

/* Insertion sort of the rows by address; a map has a dozen. */
static int sort_rows(const struct meter_map *map, int rows[METER_REGISTERS])
{
	const struct meter_register *all = map->registers.items;
	int count = 0;
	for (size_t i = 0; i < map->registers.count && count < METER_REGISTERS; i++) {
		int at = count++;
		for (; at > 0 && all[rows[at - 1]].address > all[i].address; at--)
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
		int64_t end = r->address + meter_type_registers(r->type);
		bool fits = b && r->address <= b->address + b->count + max_gap &&
			    end - b->address <= map->max_read;
		if (!fits) {
			b = &out->batches[out->batch_count++];
			*b = (struct meter_batch){.address = (uint16_t)r->address, .first = i};
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

/* An integer of `width` bits; NAN where it is one of the values that meters send for "undefined":
 * all ones without sign, the largest and the smallest with sign. */
static double integer(uint64_t bits, int width, bool is_signed)
{
	uint64_t ones = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
	uint64_t sign = UINT64_C(1) << (width - 1);
	if (!is_signed)
		return bits == ones ? NAN : (double)bits;
	if (bits == sign || bits == sign - 1)
		return NAN;
	return bits & sign ? -(double)(ones - bits + 1) : (double)bits;
}

static double raw_value(const uint16_t *registers, enum meter_type type, enum meter_order order)
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
		return integer(bits, count * 16, false);
	default:
		return integer(bits, count * 16, true);
	}
}

void meter_plan_decode(const struct meter_plan *plan, int batch, const uint16_t *registers,
	struct meter_reading *out)
{
	const struct meter_batch *b = &plan->batches[batch];
	for (int i = b->first; i < b->first + b->rows; i++) {
		const struct meter_register *r = &plan->map->registers.items[plan->rows[i]];
		enum meter_order order = r->has_order ? r->order : plan->map->order;
		double value = raw_value(registers + (r->address - b->address), r->type, order);
		struct meter_value *v = &out->values[r->quantity];
		v->value = value * r->scale;
		v->quality = isfinite(v->value) ? METER_GOOD : METER_ABSENT;
		if (v->quality == METER_ABSENT)
			v->value = 0;
	}
}
