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
	int quantities, requests;
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
};

START_TEST(loads_the_maps_that_we_ship)
{
	char path[100];
	struct meter_plan plan;
	snprintf(path, sizeof(path), "etc/meters/%s.yaml", files[_i].file);
	const struct meter_map *map = meter_map_load(path, arena, why);
	ck_assert_msg(map != NULL, "%s", why);
	ck_assert_str_eq(map->name, files[_i].file);
	ck_assert_uint_eq(map->registers.count, files[_i].quantities);
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
	tcase_add_test(tc, says_what_is_wrong_with_a_file);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
