/* Register maps: the files that we ship, plans of batches, and how raw registers become values. */
#include "modbus/meter_map.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MSW METER_ORDER_MSW
#define LSW METER_ORDER_LSW

static struct arena *arena;
static char why[400];

static void set_up(void)
{
	arena = arena_create(0);
}

static void tear_down(void)
{
	arena_destroy(arena);
}

/* ---- decoding: one row a case ---- */

static const struct {
	enum meter_type type;
	enum meter_order order;
	double scale;
	uint16_t registers[4];
	double want; /* NAN: absent */
} decodings[] = {
	/* word order: 230.5 V as float32 is 0x43668000 */
	{METER_TYPE_FLOAT32, MSW, 1, {0x4366, 0x8000}, 230.5},
	{METER_TYPE_FLOAT32, LSW, 1, {0x8000, 0x4366}, 230.5},
	{METER_TYPE_FLOAT32, MSW, 1000, {0xc048, 0x0000}, -3125},
	{METER_TYPE_FLOAT64, MSW, 1, {0x40f8, 0x6a00, 0x0000, 0x0000}, 100000},
	{METER_TYPE_FLOAT64, LSW, 1, {0x0000, 0x0000, 0x6a00, 0x40f8}, 100000},
	{METER_TYPE_INT16, MSW, 0.1, {0xffff}, -0.1},
	{METER_TYPE_UINT16, LSW, 0.01, {5002}, 50.02},
	{METER_TYPE_INT32, MSW, 1, {0xffff, 0xfffe}, -2},
	{METER_TYPE_INT32, LSW, 0.1, {0xfffe, 0xffff}, -0.2},
	{METER_TYPE_UINT32, MSW, 0.1, {0x0000, 0x0902}, 230.6},
	{METER_TYPE_UINT32, LSW, 1, {0x0001, 0x8000}, 2147483649.0},
	{METER_TYPE_INT64, MSW, 1, {0, 1, 0, 0}, 4294967296.0},
	{METER_TYPE_INT64, MSW, 1, {0xffff, 0xffff, 0xffff, 0xffff}, -1},
	{METER_TYPE_UINT64, MSW, 10, {0, 0, 0x0001, 0x0000}, 655360},
	{METER_TYPE_UINT64, LSW, 1, {2, 0, 0, 0}, 2},
	/* what meters send for "undefined" */
	{METER_TYPE_FLOAT32, MSW, 1, {0x7fc0, 0x0000}, NAN},
	{METER_TYPE_FLOAT32, MSW, 1, {0xffff, 0xffff}, NAN},
	{METER_TYPE_FLOAT32, MSW, 1, {0x7f80, 0x0000}, NAN}, /* infinity */
	{METER_TYPE_FLOAT64, MSW, 1, {0x7ff8, 0, 0, 0}, NAN},
	{METER_TYPE_INT16, MSW, 1, {0x8000}, NAN},
	{METER_TYPE_INT16, MSW, 1, {0x7fff}, NAN},
	{METER_TYPE_UINT16, MSW, 1, {0xffff}, NAN},
	{METER_TYPE_INT32, MSW, 1, {0x8000, 0}, NAN},
	{METER_TYPE_INT32, LSW, 1, {0xffff, 0x7fff}, NAN},
	{METER_TYPE_UINT32, MSW, 1, {0xffff, 0xffff}, NAN},
	{METER_TYPE_INT64, MSW, 1, {0x8000, 0, 0, 0}, NAN},
	{METER_TYPE_INT64, MSW, 1, {0x7fff, 0xffff, 0xffff, 0xffff}, NAN},
	{METER_TYPE_UINT64, MSW, 1, {0xffff, 0xffff, 0xffff, 0xffff}, NAN},
};

START_TEST(decodes_each_type_order_and_scale)
{
	struct meter_register row = {.quantity = METER_QUANTITY_POWER_W,
		.address = 10,
		.type = decodings[_i].type,
		.scale = decodings[_i].scale};
	struct meter_map map = {.order = decodings[_i].order,
		.max_read = 125,
		.registers = {.count = 1, .items = &row}};
	/* Once by the map's order, once by the row's own against it. */
	for (int own = 0; own < 2; own++) {
		struct meter_plan plan;
		struct meter_reading r = {0};
		row.has_order = own;
		row.order = decodings[_i].order;
		map.order = own ? (decodings[_i].order == MSW ? LSW : MSW) : decodings[_i].order;
		meter_plan_make(&map, METER_GAP, &plan);
		meter_plan_decode(&plan, 0, decodings[_i].registers, &r);
		struct meter_value v = r.values[METER_QUANTITY_POWER_W];
		bool is_absent = isnan(decodings[_i].want);
		ck_assert_int_eq(v.quality, is_absent ? METER_ABSENT : METER_GOOD);
		double want = is_absent ? 0 : decodings[_i].want;
		ck_assert_msg(fabs(v.value - want) <= 1e-9 * fabs(want) + 1e-12, "%g, not %g",
			v.value, want);
		double out = -77;
		ck_assert(meter_reading_get(&r, METER_QUANTITY_POWER_W, &out) == !is_absent);
		ck_assert(!meter_reading_get(&r, METER_QUANTITY_IMPORT_WH, &out));
	}
}
END_TEST

/* ---- plans ---- */

static struct meter_register rows[METER_REGISTERS];
static struct meter_map made = {.max_read = 125, .registers = {.items = rows}};

static void make_map(const int *addresses, int count, enum meter_type type)
{
	for (int i = 0; i < count; i++)
		rows[i] = (struct meter_register){.quantity = (enum meter_quantity)i,
			.address = addresses[i],
			.type = type,
			.scale = 1};
	made.registers.count = (size_t)count;
	made.max_read = 125;
}

START_TEST(batches_what_lies_close)
{
	struct meter_plan plan;
	make_map((int[]){40, 0, 2, 60, 4}, 5, METER_TYPE_FLOAT32);
	meter_plan_make(&made, 16, &plan);
	ck_assert_int_eq(plan.batch_count, 3);
	ck_assert_int_eq(plan.batches[0].address, 0);
	ck_assert_int_eq(plan.batches[0].count, 6);
	ck_assert_int_eq(plan.batches[0].rows, 3);
	ck_assert_int_eq(plan.batches[1].address, 40);
	ck_assert_int_eq(plan.batches[2].address, 60);
	/* 40..42 and 60 are 18 apart: within a gap of 18 they are one. */
	meter_plan_make(&made, 18, &plan);
	ck_assert_int_eq(plan.batch_count, 2);
	ck_assert_int_eq(plan.batches[1].count, 22);
}
END_TEST

START_TEST(reads_no_unused_register_without_gaps)
{
	struct meter_plan plan;
	make_map((int[]){0, 2, 5, 7}, 4, METER_TYPE_UINT32);
	meter_plan_make(&made, 0, &plan);
	ck_assert_int_eq(plan.batch_count, 2);
	ck_assert_int_eq(plan.batches[0].count, 4);
	ck_assert_int_eq(plan.batches[1].address, 5);
}
END_TEST

START_TEST(keeps_requests_below_the_limit)
{
	struct meter_plan plan;
	int addresses[13];
	for (int i = 0; i < 13; i++)
		addresses[i] = 65535 - 3 - i * 4;
	make_map(addresses, 13, METER_TYPE_FLOAT64);
	made.max_read = 10;
	meter_plan_make(&made, 50, &plan);
	int seen = 0;
	for (int i = 0; i < plan.batch_count; i++) {
		ck_assert_int_le(plan.batches[i].count, 10);
		ck_assert_int_eq(plan.batches[i].first, seen);
		seen += plan.batches[i].rows;
	}
	ck_assert_int_eq(seen, 13);
	ck_assert_int_eq(plan.batch_count, 7);
}
END_TEST

START_TEST(decodes_every_row_of_every_batch)
{
	struct meter_plan plan;
	struct meter_reading r = {0};
	make_map((int[]){100, 0, 1, 101, 50, 9}, 6, METER_TYPE_UINT16);
	meter_plan_make(&made, 5, &plan);
	for (int i = 0; i < plan.batch_count; i++) {
		uint16_t registers[METER_READ_MAX];
		for (int j = 0; j < plan.batches[i].count; j++)
			registers[j] = (uint16_t)(plan.batches[i].address + j);
		meter_plan_decode(&plan, i, registers, &r);
	}
	for (int i = 0; i < 6; i++)
		ck_assert_double_eq(r.values[i].value, (double)rows[i].address);
}
END_TEST

/* ---- checks that the schema cannot make ---- */

START_TEST(refuses_maps_that_cannot_be)
{
	make_map((int[]){0, 2}, 2, METER_TYPE_FLOAT32);
	ck_assert_int_eq(meter_map_check(&made, why), 0);
	rows[1].quantity = rows[0].quantity;
	ck_assert_int_eq(meter_map_check(&made, why), -1);
	ck_assert_str_eq(why, "registers[1]: power_w is there twice");
	make_map((int[]){65535}, 1, METER_TYPE_FLOAT32);
	ck_assert_int_eq(meter_map_check(&made, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "65535"));
	make_map((int[]){65534}, 1, METER_TYPE_FLOAT32);
	ck_assert_int_eq(meter_map_check(&made, why), 0);
	rows[0].scale = 0;
	ck_assert_int_eq(meter_map_check(&made, why), -1);
	make_map((int[]){0}, 1, METER_TYPE_FLOAT64);
	made.max_read = 3;
	ck_assert_int_eq(meter_map_check(&made, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "max_read"));
}
END_TEST

/* ---- files ---- */

static const struct {
	const char *file;
	int rows, requests;
	enum meter_quantity probe; /* one fact of the map, by hand */
	int address;
} files[] = {
	{"eastron-sdm630", 13, 2, METER_QUANTITY_POWER_W, 52},
	{"eastron-sdm72", 13, 2, METER_QUANTITY_IMPORT_WH, 72},
	{"eastron-sdm72-v1", 3, 2, METER_QUANTITY_EXPORT_WH, 74},
	{"janitza-umg96rm", 13, 2, METER_QUANTITY_POWER_W, 19026},
	{"schneider-iem3000", 13, 5, METER_QUANTITY_POWER_L3_W, 3057},
	{"carlo-gavazzi-em340", 13, 2, METER_QUANTITY_FREQUENCY_HZ, 51},
	{"abb-b23", 13, 2, METER_QUANTITY_VOLTAGE_L1_V, 0x5b00},
	{"schneider-pm5000", 13, 5, METER_QUANTITY_POWER_W, 3059},
	{"schneider-pm3200", 13, 5, METER_QUANTITY_POWER_W, 3059},
	{"carlo-gavazzi-em24", 13, 2, METER_QUANTITY_EXPORT_WH, 92},
	{"carlo-gavazzi-em24-e1", 13, 2, METER_QUANTITY_EXPORT_WH, 78},
	{"siemens-pac2200", 14, 3, METER_QUANTITY_POWER_W, 65},
	{"siemens-pac1600", 13, 3, METER_QUANTITY_FREQUENCY_HZ, 49},
	{"sma-sunny-island", 5, 4, METER_QUANTITY_POWER_W, 30775},
	{"socomec-countis-e", 12, 2, METER_QUANTITY_POWER_W, 0xc568},
	{"socomec-diris-a10", 12, 2, METER_QUANTITY_IMPORT_WH, 50780},
	{"socomec-diris-b30", 12, 2, METER_QUANTITY_IMPORT_WH, 0x4d83},
	{"phoenix-eem", 13, 2, METER_QUANTITY_FREQUENCY_HZ, 0x800c},
	{"inepro-pro380", 13, 2, METER_QUANTITY_EXPORT_WH, 0x6018},
	{"chint-dtsu666", 13, 3, METER_QUANTITY_FREQUENCY_HZ, 0x2044},
	{"lovato-dmg610", 13, 3, METER_QUANTITY_IMPORT_WH, 0x1b1f},
	{"acrel-adw300", 12, 2, METER_QUANTITY_IMPORT_WH, 62},
	{"janitza-umg801", 13, 2, METER_QUANTITY_POWER_W, 19026},
	{"janitza-umg801-group2", 13, 3, METER_QUANTITY_POWER_W, 19214},
	{"janitza-umg801-group3", 13, 3, METER_QUANTITY_POWER_W, 19314},
	{"janitza-umg801-group4", 13, 3, METER_QUANTITY_POWER_W, 19414},
};

/* ---- one reading, as each family would send it ---- */

enum wire {
	F32,
	F64,
	I16,
	U16,
	I32,
	U32,
	I64,
	U64,
};

/* A block of values: type and raw units in one engineering unit (10: tenths). */
struct facts {
	enum wire type;
	double units;
	int at[3];
};

/* Retyped from data sheets' facts, apart from the files. Address -1: the family has none. */
static const struct family {
	const char *file;
	enum meter_function function;
	enum meter_order order;
	struct facts volts, amperes, watts;
	struct facts total, hertz, watt_hours; /* watt_hours: import, export */
} families[] = {
	{"eastron-sdm630", METER_FUNCTION_INPUT, MSW, {F32, 1, {0, 2, 4}}, {F32, 1, {6, 8, 10}},
		{F32, 1, {12, 14, 16}}, {F32, 1, {52}}, {F32, 1, {70}}, {F32, 1e-3, {72, 74}}},
	{"eastron-sdm72", METER_FUNCTION_INPUT, MSW, {F32, 1, {0, 2, 4}}, {F32, 1, {6, 8, 10}},
		{F32, 1, {12, 14, 16}}, {F32, 1, {52}}, {F32, 1, {70}}, {F32, 1e-3, {72, 74}}},
	{"eastron-sdm72-v1", METER_FUNCTION_INPUT, MSW, {F32, 1, {-1, -1, -1}},
		{F32, 1, {-1, -1, -1}}, {F32, 1, {-1, -1, -1}}, {F32, 1, {52}}, {F32, 1, {-1}},
		{F32, 1e-3, {72, 74}}},
	{"janitza-umg96rm", METER_FUNCTION_HOLDING, MSW, {F32, 1, {19000, 19002, 19004}},
		{F32, 1, {19012, 19014, 19016}}, {F32, 1, {19020, 19022, 19024}}, {F32, 1, {19026}},
		{F32, 1, {19050}}, {F32, 1, {19068, 19076}}},
	{"janitza-umg801-group2", METER_FUNCTION_HOLDING, MSW, {F32, 1, {19000, 19002, 19004}},
		{F32, 1, {19200, 19202, 19204}}, {F32, 1, {19208, 19210, 19212}}, {F32, 1, {19214}},
		{F32, 1, {19238}}, {F32, 1, {19250, 19258}}},
	{"schneider-iem3000", METER_FUNCTION_HOLDING, MSW, {F32, 1, {3027, 3029, 3031}},
		{F32, 1, {2999, 3001, 3003}}, {F32, 1e-3, {3053, 3055, 3057}}, {F32, 1e-3, {3059}},
		{F32, 1, {3109}}, {I64, 1, {3203, 3207}}},
	{"schneider-pm5000", METER_FUNCTION_HOLDING, MSW, {F32, 1, {3027, 3029, 3031}},
		{F32, 1, {2999, 3001, 3003}}, {F32, 1e-3, {3053, 3055, 3057}}, {F32, 1e-3, {3059}},
		{F32, 1, {3109}}, {I64, 1, {3203, 3207}}},
	/* listed as 3028, 3000, 3054 … counted from 1 */
	{"schneider-pm3200", METER_FUNCTION_HOLDING, MSW, {F32, 1, {3027, 3029, 3031}},
		{F32, 1, {2999, 3001, 3003}}, {F32, 1e-3, {3053, 3055, 3057}}, {F32, 1e-3, {3059}},
		{F32, 1, {3109}}, {I64, 1, {3203, 3207}}},
	{"carlo-gavazzi-em24", METER_FUNCTION_INPUT, LSW, {I32, 10, {0, 2, 4}},
		{I32, 1000, {12, 14, 16}}, {I32, 10, {18, 20, 22}}, {I32, 10, {40}},
		{I16, 10, {55}}, {I32, 1e-2, {66, 92}}},
	{"carlo-gavazzi-em24-e1", METER_FUNCTION_INPUT, LSW, {I32, 10, {0, 2, 4}},
		{I32, 1000, {12, 14, 16}}, {I32, 10, {18, 20, 22}}, {I32, 10, {40}},
		{I16, 10, {51}}, {I32, 1e-2, {52, 78}}},
	{"carlo-gavazzi-em340", METER_FUNCTION_INPUT, LSW, {I32, 10, {0, 2, 4}},
		{I32, 1000, {12, 14, 16}}, {I32, 10, {18, 20, 22}}, {I32, 10, {40}},
		{I16, 10, {51}}, {I32, 1e-2, {52, 78}}},
	{"siemens-pac2200", METER_FUNCTION_HOLDING, MSW, {F32, 1, {1, 3, 5}},
		{F32, 1, {13, 15, 17}}, {F32, 1, {25, 27, 29}}, {F32, 1, {65}}, {F32, 1, {-1}},
		{F64, 1, {801, 809}}},
	{"siemens-pac1600", METER_FUNCTION_HOLDING, MSW, {U32, 100, {1, 3, 5}},
		{U32, 10000, {7, 9, 11}}, {I32, 100, {19, 21, 23}}, {I32, 100, {57}},
		{U32, 100, {49}}, {U32, 1, {6687, 6689}}},
	{"abb-b23", METER_FUNCTION_HOLDING, MSW, {U32, 10, {0x5b00, 0x5b02, 0x5b04}},
		{U32, 100, {0x5b0c, 0x5b0e, 0x5b10}}, {I32, 100, {0x5b16, 0x5b18, 0x5b1a}},
		{I32, 100, {0x5b14}}, {U16, 100, {0x5b2c}}, {U64, 0.1, {0x5000, 0x5004}}},
	{"socomec-countis-e", METER_FUNCTION_HOLDING, MSW, {U32, 100, {0xc558, 0xc55a, 0xc55c}},
		{U32, 1000, {0xc560, 0xc562, 0xc564}}, {I32, 0.1, {0xc570, 0xc572, 0xc574}},
		{I32, 0.1, {0xc568}}, {U32, 100, {-1}}, {U32, 0.1, {0xc702, 0xc708}}},
	{"socomec-diris-b30", METER_FUNCTION_HOLDING, MSW, {U32, 100, {0x480c, 0x480e, 0x4810}},
		{U32, 1000, {0x481a, 0x481c, 0x481e}}, {I32, 1, {0x4838, 0x483a, 0x483c}},
		{I32, 1, {0x482c}}, {U32, 100, {-1}}, {U32, 1e-3, {0x4d83, 0x4d86}}},
	{"phoenix-eem", METER_FUNCTION_HOLDING, LSW, {F32, 1, {0x8006, 0x8008, 0x800a}},
		{F32, 1, {0x800e, 0x8010, 0x8012}}, {F32, 1, {0x801e, 0x8020, 0x8022}},
		{F32, 1, {0x8016}}, {F32, 1, {0x800c}}, {F32, 1, {-1, -1}}},
	{"inepro-pro380", METER_FUNCTION_HOLDING, MSW, {F32, 1, {0x5002, 0x5004, 0x5006}},
		{F32, 1, {0x500c, 0x500e, 0x5010}}, {F32, 1e-3, {0x5014, 0x5016, 0x5018}},
		{F32, 1e-3, {0x5012}}, {F32, 1, {0x5008}}, {F32, 1e-3, {0x600c, 0x6018}}},
	{"chint-dtsu666", METER_FUNCTION_HOLDING, MSW, {F32, 10, {0x2006, 0x2008, 0x200a}},
		{F32, 1000, {0x200c, 0x200e, 0x2010}}, {F32, 10, {0x2014, 0x2016, 0x2018}},
		{F32, 10, {0x2012}}, {F32, 100, {0x2044}}, {F32, 1e-3, {0x101e, 0x1028}}},
	{"lovato-dmg610", METER_FUNCTION_INPUT, MSW, {U32, 100, {1, 3, 5}},
		{U32, 10000, {7, 9, 11}}, {I32, 100, {19, 21, 23}}, {I32, 100, {57}},
		{U32, 1000, {49}}, {U64, 0.1, {0x1b1f, 0x1b23}}},
};

static uint16_t memory[65536];

static void put_words(int at, uint64_t bits, int count, enum meter_order order)
{
	for (int i = 0; i < count; i++) {
		int place = order == MSW ? count - 1 - i : i;
		memory[at + place] = (uint16_t)(bits >> (16 * i));
	}
}

static void put(const struct facts *f, int which, double value, enum meter_order order)
{
	static const int widths[] = {[F32] = 2,
		[F64] = 4,
		[I16] = 1,
		[U16] = 1,
		[I32] = 2,
		[U32] = 2,
		[I64] = 4,
		[U64] = 4};
	double raw = value * f->units;
	float f32 = (float)raw;
	uint32_t half;
	uint64_t bits = (uint64_t)llround(raw);
	if (f->at[which] < 0)
		return;
	memcpy(&half, &f32, sizeof(half));
	if (f->type == F32)
		bits = half;
	if (f->type == F64)
		memcpy(&bits, &raw, sizeof(bits));
	put_words(f->at[which], bits, widths[f->type], order);
}

static void expect(const struct meter_reading *r, enum meter_quantity q, const struct facts *f,
	int which, double want)
{
	double v = 0;
	if (f->at[which] < 0)
		return;
	ck_assert_msg(meter_reading_get(r, q, &v), "no %s", meter_quantity_enum.values[q]);
	ck_assert_msg(fabs(v - want) < 0.01 + fabs(want) * 1e-6, "%s is %g, not %g",
		meter_quantity_enum.values[q], v, want);
}

static const double known_v[3] = {230.5, 231, 229.5}, known_a[3] = {16, 12.5, 10},
		    known_w[3] = {3500, 2750, -2250};

static void put_known(const struct family *f)
{
	memset(memory, 0, sizeof(memory));
	for (int i = 0; i < 3; i++) {
		put(&f->volts, i, known_v[i], f->order);
		put(&f->amperes, i, known_a[i], f->order);
		put(&f->watts, i, known_w[i], f->order);
	}
	put(&f->total, 0, -1250, f->order);
	put(&f->hertz, 0, 50, f->order);
	put(&f->watt_hours, 0, 1234000, f->order);
	put(&f->watt_hours, 1, 12000, f->order);
}

static void read_memory(const struct meter_map *map, struct meter_reading *r)
{
	struct meter_plan plan;
	meter_plan_make(map, METER_GAP, &plan);
	for (int b = 0; b < plan.batch_count; b++) {
		ck_assert_int_le(plan.batches[b].count, 125);
		meter_plan_decode(&plan, b, memory + plan.batches[b].address, r);
	}
}

static const struct meter_map *shipped(const char *file)
{
	char path[100];
	snprintf(path, sizeof(path), "etc/meters/%s.yaml", file);
	const struct meter_map *map = meter_map_load(path, arena, why);
	ck_assert_msg(map != NULL, "%s", why);
	return map;
}

START_TEST(reads_what_each_family_sends)
{
	const struct family *f = &families[_i];
	const struct meter_map *map = shipped(f->file);
	struct meter_reading r = {0};
	ck_assert_int_eq(map->function, f->function);
	put_known(f);
	read_memory(map, &r);
	for (int i = 0; i < 3; i++) {
		enum meter_quantity q = (enum meter_quantity)i;
		expect(&r, METER_QUANTITY_VOLTAGE_L1_V + q, &f->volts, i, known_v[i]);
		expect(&r, METER_QUANTITY_CURRENT_L1_A + q, &f->amperes, i, known_a[i]);
		expect(&r, METER_QUANTITY_POWER_L1_W + q, &f->watts, i, known_w[i]);
	}
	expect(&r, METER_QUANTITY_POWER_W, &f->total, 0, -1250);
	expect(&r, METER_QUANTITY_FREQUENCY_HZ, &f->hertz, 0, 50);
	/* Doubtful ones are read but not believed. */
	if (r.values[METER_QUANTITY_IMPORT_WH].quality != METER_SUSPECT) {
		expect(&r, METER_QUANTITY_IMPORT_WH, &f->watt_hours, 0, 1234000);
		expect(&r, METER_QUANTITY_EXPORT_WH, &f->watt_hours, 1, 12000);
	}
}
END_TEST

START_TEST(adds_the_tariffs_of_a_pac2200)
{
	const struct meter_map *map = shipped("siemens-pac2200");
	struct meter_reading r = {0};
	double wh = 0;
	memset(memory, 0, sizeof(memory));
	put(&(struct facts){F64, 1, {801}}, 0, 1000, MSW);
	put(&(struct facts){F64, 1, {805}}, 0, 234, MSW);
	read_memory(map, &r);
	ck_assert(meter_reading_get(&r, METER_QUANTITY_IMPORT_WH, &wh));
	ck_assert_double_eq(wh, 1234);
	/* One that is undefined leaves no sum that would fall. */
	put(&(struct facts){F64, 1, {801}}, 0, NAN, MSW);
	read_memory(map, &r);
	ck_assert(!meter_reading_get(&r, METER_QUANTITY_IMPORT_WH, &wh));
}
END_TEST

START_TEST(believes_no_doubtful_register)
{
	struct meter_reading r = {0};
	memset(memory, 0, sizeof(memory));
	put(&(struct facts){F32, 1, {0x8100}}, 0, 5000, LSW);
	read_memory(shipped("phoenix-eem"), &r);
	ck_assert_int_eq(r.values[METER_QUANTITY_IMPORT_WH].quality, METER_SUSPECT);
	ck_assert_double_eq(r.values[METER_QUANTITY_IMPORT_WH].value, 5000);
}
END_TEST

/* ---- what "undefined" is, exponents, mounting ---- */

START_TEST(undefined_is_what_the_family_says)
{
	static const struct {
		enum meter_type type;
		enum meter_undefined undefined;
		uint16_t word;
		bool is_there;
	} cases[] = {
		{METER_TYPE_INT16, METER_UNDEFINED_LIMITS, 0x7fff, false},
		{METER_TYPE_INT16, METER_UNDEFINED_SMALLEST, 0x7fff, true},
		{METER_TYPE_INT16, METER_UNDEFINED_SMALLEST, 0x8000, false},
		{METER_TYPE_INT16, METER_UNDEFINED_NONE, 0x8000, true},
		{METER_TYPE_UINT16, METER_UNDEFINED_SMALLEST, 0xffff, false},
		{METER_TYPE_UINT16, METER_UNDEFINED_NONE, 0xffff, true},
		{METER_TYPE_UINT16, METER_UNDEFINED_SMALLEST, 0, true},
		{METER_TYPE_UINT16, METER_UNDEFINED_ZERO, 0, false},
		{METER_TYPE_UINT16, METER_UNDEFINED_ZERO, 0xffff, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct meter_register row = {.type = cases[i].type, .scale = 1};
		struct meter_map map = {.max_read = 125,
			.undefined = cases[i].undefined,
			.registers = {.count = 1, .items = &row}};
		struct meter_plan plan;
		struct meter_reading r = {0};
		meter_plan_make(&map, 0, &plan);
		meter_plan_decode(&plan, 0, &cases[i].word, &r);
		ck_assert_msg((r.values[0].quality == METER_GOOD) == cases[i].is_there, "%zu", i);
		/* The row's own goes before the map's. */
		row.has_undefined = true;
		row.undefined = cases[i].undefined;
		map.undefined = METER_UNDEFINED_LIMITS;
		meter_plan_decode(&plan, 0, &cases[i].word, &r);
		ck_assert_msg((r.values[0].quality == METER_GOOD) == cases[i].is_there, "%zu", i);
	}
}
END_TEST

START_TEST(reads_a_value_and_its_exponent_at_once)
{
	struct meter_plan plan;
	make_map((int[]){10, 50}, 2, METER_TYPE_INT16);
	rows[0].has_exponent_at = true;
	rows[0].exponent_at = 116;
	meter_plan_make(&made, 0, &plan);
	ck_assert_int_eq(plan.batch_count, 1);
	ck_assert_int_eq(plan.batches[0].address, 10);
	ck_assert_int_eq(plan.batches[0].count, 107);
	static const struct {
		int exponent;
		double want; /* NAN: absent */
	} cases[] = {{0, 1234}, {-2, 12.34}, {1, 12340}, {10, 1234e10}, {11, NAN}, {-32768, NAN}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint16_t registers[METER_READ_MAX] = {1234};
		struct meter_reading r = {0};
		double v = NAN;
		registers[106] = (uint16_t)cases[i].exponent;
		meter_plan_decode(&plan, 0, registers, &r);
		ck_assert(meter_reading_get(&r, rows[0].quantity, &v) == !isnan(cases[i].want));
		if (!isnan(cases[i].want))
			ck_assert_double_eq_tol(v, cases[i].want, fabs(v) * 1e-12);
	}
	rows[0].exponent_at = 200; /* never in one request with its value */
	ck_assert_int_eq(meter_map_check(&made, why), -1);
}
END_TEST

START_TEST(raw_rows_are_as_they_came)
{
	struct meter_plan plan;
	struct meter_raw raw[2];
	const uint16_t registers[] = {0x0001, 0x0002, 7, 0xffff};
	make_map((int[]){100, 102}, 2, METER_TYPE_UINT32);
	rows[0].scale = 0.1;
	meter_plan_make(&made, 0, &plan);
	meter_plan_raw(&plan, 0, registers, raw);
	ck_assert_int_eq(raw[0].address, 100);
	ck_assert_int_eq(raw[0].count, 2);
	ck_assert_int_eq(raw[0].words[1], 2);
	ck_assert_double_eq(raw[0].scale, 0.1);
	ck_assert_int_eq(raw[1].address, 102);
	ck_assert_int_eq(raw[1].words[1], 0xffff);
}
END_TEST

START_TEST(mounting_is_undone)
{
	struct meter_reading r = {0};
	r.values[METER_QUANTITY_POWER_W] = (struct meter_value){-100, METER_GOOD};
	r.values[METER_QUANTITY_POWER_L3_W] = (struct meter_value){-40, METER_GOOD};
	r.values[METER_QUANTITY_CURRENT_L3_A] = (struct meter_value){-0.2, METER_GOOD};
	r.values[METER_QUANTITY_VOLTAGE_L3_V] = (struct meter_value){230, METER_GOOD};
	r.values[METER_QUANTITY_IMPORT_WH] = (struct meter_value){5, METER_GOOD};
	r.values[METER_QUANTITY_EXPORT_WH] = (struct meter_value){7, METER_SUSPECT};
	meter_reading_mount(&r, 40, true);
	ck_assert_double_eq(r.values[METER_QUANTITY_POWER_W].value, 4000);
	ck_assert_double_eq(r.values[METER_QUANTITY_POWER_L3_W].value, 1600);
	ck_assert_double_eq(r.values[METER_QUANTITY_CURRENT_L3_A].value, 8);
	ck_assert_double_eq(r.values[METER_QUANTITY_VOLTAGE_L3_V].value, 230);
	ck_assert_double_eq(r.values[METER_QUANTITY_IMPORT_WH].value, 280);
	ck_assert_int_eq(r.values[METER_QUANTITY_IMPORT_WH].quality, METER_SUSPECT);
	ck_assert_double_eq(r.values[METER_QUANTITY_EXPORT_WH].value, 200);
}
END_TEST

START_TEST(loads_the_maps_that_we_ship)
{
	char path[100];
	struct meter_plan plan;
	snprintf(path, sizeof(path), "etc/meters/%s.yaml", files[_i].file);
	const struct meter_map *map = meter_map_load(path, arena, why);
	ck_assert_msg(map != NULL, "%s", why);
	ck_assert_str_eq(map->name, files[_i].file);
	ck_assert_uint_eq(map->registers.count, (size_t)files[_i].rows);
	ck_assert_int_eq(map->max_read, 125);
	meter_plan_make(map, METER_GAP, &plan);
	ck_assert_int_eq(plan.batch_count, files[_i].requests);
	for (size_t i = 0; i < map->registers.count; i++) {
		if (map->registers.items[i].quantity == files[_i].probe)
			ck_assert_int_eq(map->registers.items[i].address, files[_i].address);
	}
}
END_TEST

/* The scale of energy is where maps go wrong: 12.5 kWh must be 12500 Wh in each. */
START_TEST(energy_is_in_watt_hours)
{
	char path[100];
	struct meter_plan plan;
	struct meter_reading r = {0};
	static const struct {
		const char *file;
		uint16_t registers[4];
	} twelve[] = {
		{"eastron-sdm630", {0x4148, 0}}, /* 12.5 */
		{"janitza-umg96rm", {0x4643, 0x5000}}, /* 12500 */
		{"schneider-iem3000", {0, 0, 0, 12500}},
		{"carlo-gavazzi-em340", {125, 0}},
		{"abb-b23", {0, 0, 0, 1250}},
	};
	for (size_t f = 0; f < sizeof(twelve) / sizeof(twelve[0]); f++) {
		snprintf(path, sizeof(path), "etc/meters/%s.yaml", twelve[f].file);
		const struct meter_map *map = meter_map_load(path, arena, why);
		ck_assert_msg(map != NULL, "%s", why);
		meter_plan_make(map, METER_GAP, &plan);
		for (int b = 0; b < plan.batch_count; b++) {
			uint16_t registers[METER_READ_MAX] = {0};
			for (size_t i = 0; i < map->registers.count; i++) {
				const struct meter_register *row = &map->registers.items[i];
				int64_t at = row->address - plan.batches[b].address;
				if (row->quantity == METER_QUANTITY_IMPORT_WH && at >= 0 &&
					at < plan.batches[b].count)
					memcpy(registers + at, twelve[f].registers,
						sizeof(uint16_t) *
							(size_t)meter_type_registers(row->type));
			}
			meter_plan_decode(&plan, b, registers, &r);
		}
		ck_assert_msg(fabs(r.values[METER_QUANTITY_IMPORT_WH].value - 12500) < 1e-6,
			"%s: %g", twelve[f].file, r.values[METER_QUANTITY_IMPORT_WH].value);
	}
}
END_TEST

static const struct meter_map *load_text(const char *text)
{
	char path[220];
	const char *tmp = getenv("TMPDIR");
	snprintf(path, sizeof(path), "%.150s/meter_map_XXXXXX", tmp ? tmp : P_tmpdir);
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	const struct meter_map *map = meter_map_load(path, arena, why);
	unlink(path);
	return map;
}

#define HEAD "name: x\nvendor: v\nmodel: m\nsource: s\nfunction: input\norder: msw\nregisters:\n"

START_TEST(says_what_is_wrong_with_a_file)
{
	ck_assert_ptr_nonnull(load_text(HEAD "  - {quantity: power_w, address: 1, type: int16}\n"));
	ck_assert_ptr_null(load_text(HEAD "  - {quantity: power_w, address: 1, type: int17}\n"));
	ck_assert_ptr_nonnull(strstr(why, "registers[0].type"));
	ck_assert_ptr_null(
		load_text(HEAD "  - {quantity: power_w, address: 65536, type: int16}\n"));
	ck_assert_ptr_nonnull(strstr(why, "registers[0].address"));
	ck_assert_ptr_null(load_text(HEAD "  - {quantity: power_w, address: 1, type: int16}\n"
					  "  - {quantity: power_w, address: 2, type: int16}\n"));
	ck_assert_ptr_nonnull(strstr(why, "registers[1]: power_w is there twice"));
	ck_assert_ptr_nonnull(strstr(why, "meter_map_"));
	ck_assert_ptr_null(load_text("not: a map\n"));
	ck_assert_ptr_null(meter_map_load("etc/meters/none-such.yaml", arena, why));
	ck_assert_str_ne(why, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_map");
	TCase *tc = tcase_create("map");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, decodes_each_type_order_and_scale, 0,
		(int)(sizeof(decodings) / sizeof(decodings[0])));
	tcase_add_test(tc, batches_what_lies_close);
	tcase_add_test(tc, reads_no_unused_register_without_gaps);
	tcase_add_test(tc, keeps_requests_below_the_limit);
	tcase_add_test(tc, decodes_every_row_of_every_batch);
	tcase_add_test(tc, refuses_maps_that_cannot_be);
	tcase_add_loop_test(
		tc, loads_the_maps_that_we_ship, 0, (int)(sizeof(files) / sizeof(files[0])));
	tcase_add_test(tc, energy_is_in_watt_hours);
	tcase_add_loop_test(
		tc, reads_what_each_family_sends, 0, (int)(sizeof(families) / sizeof(families[0])));
	tcase_add_test(tc, adds_the_tariffs_of_a_pac2200);
	tcase_add_test(tc, believes_no_doubtful_register);
	tcase_add_test(tc, undefined_is_what_the_family_says);
	tcase_add_test(tc, reads_a_value_and_its_exponent_at_once);
	tcase_add_test(tc, raw_rows_are_as_they_came);
	tcase_add_test(tc, mounting_is_undone);
	tcase_add_test(tc, says_what_is_wrong_with_a_file);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
