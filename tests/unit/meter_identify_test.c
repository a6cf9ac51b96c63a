/* What a device is taken for, and scans of a gateway: against memory and against a real server. */
#include "modbus/meter_scan.h"
#include "tests/unit/meter_server.h"

#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static const struct meter_map *maps[METER_SCAN_FAMILIES];
static int map_count;
static uint16_t memory[2][65536]; /* by function */
static struct meter_guess guesses[METER_GUESSES];

static void set_up(void)
{
	char path[300], why[400];
	struct dirent *d;
	DIR *dir = opendir("etc/meters");
	ck_assert_ptr_nonnull(dir);
	arena = arena_create(0);
	map_count = 0;
	while ((d = readdir(dir)) != NULL) {
		if (!strstr(d->d_name, ".yaml") || strcmp(d->d_name, "sunspec.yaml") == 0)
			continue;
		snprintf(path, sizeof(path), "etc/meters/%.200s", d->d_name);
		maps[map_count] = meter_map_load(path, arena, why);
		ck_assert_msg(maps[map_count] != NULL, "%s", why);
		map_count++;
	}
	closedir(dir);
	memset(memory, 0, sizeof(memory));
}

static void tear_down(void)
{
	arena_destroy(arena);
}

static enum meter_result read_memory(
	void *arg, enum meter_function function, int address, int count, uint16_t *out)
{
	(void)arg;
	ck_assert_int_le(address + count, 65536);
	memcpy(out, memory[function] + address, (size_t)count * sizeof(*out));
	return METER_OK;
}

static void put(const struct meter_map *map, enum meter_quantity q, double value)
{
	for (size_t i = 0; i < map->registers.count; i++) {
		const struct meter_register *r = &map->registers.items[i];
		if (r->quantity != q || r->also)
			continue;
		enum meter_order order = r->has_order ? r->order : map->order;
		int count = meter_type_registers(r->type);
		double raw = value / r->scale;
		float f = (float)raw;
		uint32_t half;
		uint64_t bits = (uint64_t)llround(raw);
		memcpy(&half, &f, sizeof(half));
		if (r->type == METER_TYPE_FLOAT32)
			bits = half;
		if (r->type == METER_TYPE_FLOAT64)
			memcpy(&bits, &raw, sizeof(bits));
		for (int w = 0; w < count; w++)
			memory[map->function]
			      [r->address + (order == METER_ORDER_MSW ? count - 1 - w : w)] =
				      (uint16_t)(bits >> (16 * w));
	}
}

static const struct meter_map *find(const char *name)
{
	for (int i = 0; i < map_count; i++)
		if (strcmp(maps[i]->name, name) == 0)
			return maps[i];
	ck_abort_msg("no map %s", name);
}

static void pose(const char *name)
{
	const struct meter_map *map = find(name);
	static const double w[3] = {2300, -1150, 460}, a[3] = {10.1, 5.2, 2.2};
	for (int i = 0; i < 3; i++) {
		put(map, (enum meter_quantity)(METER_QUANTITY_VOLTAGE_L1_V + i), 229.5 + i);
		put(map, (enum meter_quantity)(METER_QUANTITY_CURRENT_L1_A + i), a[i]);
		put(map, (enum meter_quantity)(METER_QUANTITY_POWER_L1_W + i), w[i]);
	}
	put(map, METER_QUANTITY_POWER_W, 1610);
	put(map, METER_QUANTITY_FREQUENCY_HZ, 50);
	put(map, METER_QUANTITY_IMPORT_WH, 4321000);
}

/* Families that keep the same values in the same registers are guessed as any of them. */
static const struct {
	const char *name, *same[4];
} families[] = {
	{"eastron-sdm630", {"eastron-sdm72"}},
	{"carlo-gavazzi-em24", {NULL}},
	{"carlo-gavazzi-em340", {"carlo-gavazzi-em24-e1"}},
	{"janitza-umg96rm", {"janitza-umg801"}},
	{"schneider-iem3000", {"schneider-pm3200", "schneider-pm5000"}},
	{"siemens-pac2200", {NULL}},
	{"siemens-pac1600", {NULL}},
	{"abb-b23", {NULL}},
	{"socomec-countis-e", {"socomec-diris-a10"}},
	{"socomec-diris-b30", {NULL}},
	{"phoenix-eem", {NULL}},
	{"inepro-pro380", {NULL}},
	{"chint-dtsu666", {NULL}},
	{"lovato-dmg610", {NULL}},
};

START_TEST(each_family_is_recognised_and_no_other)
{
	pose(families[_i].name);
	int n = meter_identify(read_memory, NULL, NULL, maps, map_count, guesses);
	bool is_found = false;
	for (int i = 0; i < n; i++) {
		bool is_same = strcmp(guesses[i].map, families[_i].name) == 0;
		is_found |= is_same;
		for (int j = 0; families[_i].same[j]; j++)
			is_same |= strcmp(guesses[i].map, families[_i].same[j]) == 0;
		ck_assert_msg(is_same, "%s taken for %s (%d points)", families[_i].name,
			guesses[i].map, guesses[i].points);
		ck_assert(i == 0 || guesses[i].points <= guesses[i - 1].points);
	}
	ck_assert_msg(is_found, "%s not recognised", families[_i].name);
}
END_TEST

START_TEST(memory_full_of_anything_is_no_meter)
{
	unsigned seed = 1;
	ck_assert_int_eq(meter_identify(read_memory, NULL, NULL, maps, map_count, guesses), 0);
	memset(memory, 0xff, sizeof(memory));
	ck_assert_int_eq(meter_identify(read_memory, NULL, NULL, maps, map_count, guesses), 0);
	for (int f = 0; f < 2; f++)
		for (int i = 0; i < 65536; i++) {
			seed = seed * 1103515245u + 12345u;
			memory[f][i] = (uint16_t)(seed >> 16);
		}
	ck_assert_int_eq(meter_identify(read_memory, NULL, NULL, maps, map_count, guesses), 0);
}
END_TEST

START_TEST(judges_by_physics)
{
	static const struct {
		enum meter_quantity q;
		double value;
	} impossible[] = {
		{METER_QUANTITY_VOLTAGE_L2_V, 40},
		{METER_QUANTITY_VOLTAGE_L2_V, 2305},
		{METER_QUANTITY_FREQUENCY_HZ, 500},
		{METER_QUANTITY_FREQUENCY_HZ, 5},
		{METER_QUANTITY_POWER_L1_W, 99000},
		{METER_QUANTITY_POWER_W, 9000},
		{METER_QUANTITY_CURRENT_L3_A, 50000},
		{METER_QUANTITY_IMPORT_WH, -1},
	};
	struct meter_reading good = {0};
	for (int i = 0; i < 3; i++) {
		good.values[METER_QUANTITY_VOLTAGE_L1_V + i] =
			(struct meter_value){230, METER_GOOD};
		good.values[METER_QUANTITY_CURRENT_L1_A + i] = (struct meter_value){5, METER_GOOD};
		good.values[METER_QUANTITY_POWER_L1_W + i] = (struct meter_value){1000, METER_GOOD};
	}
	good.values[METER_QUANTITY_POWER_W] = (struct meter_value){3000, METER_GOOD};
	good.values[METER_QUANTITY_FREQUENCY_HZ] = (struct meter_value){50, METER_GOOD};
	good.values[METER_QUANTITY_IMPORT_WH] = (struct meter_value){1e6, METER_GOOD};
	ck_assert_int_eq(meter_identify_judge(&good), 100);
	for (size_t i = 0; i < sizeof(impossible) / sizeof(*impossible); i++) {
		struct meter_reading r = good;
		r.values[impossible[i].q] = (struct meter_value){impossible[i].value, METER_GOOD};
		ck_assert_msg(meter_identify_judge(&r) == 0, "%zu", i);
	}
	/* One phase connected, no frequency: still enough. */
	good.values[METER_QUANTITY_VOLTAGE_L2_V].value = 0;
	good.values[METER_QUANTITY_VOLTAGE_L3_V].value = 0;
	good.values[METER_QUANTITY_POWER_L2_W].value = 0;
	good.values[METER_QUANTITY_POWER_L3_W].value = 0;
	good.values[METER_QUANTITY_POWER_W].value = 1000;
	good.values[METER_QUANTITY_FREQUENCY_HZ].quality = METER_ABSENT;
	ck_assert_int_ge(meter_identify_judge(&good), METER_GUESS_LEAST);
}
END_TEST

/* ---- scans, against a real server ---- */

static struct meter_scan *scan_of(struct meter_server *server, int first, int last)
{
	char why[200];
	struct meter_scan *s = meter_scan_create(
		&(struct meter_scan_config){
			.link = {.host = "127.0.0.1",
				.port = meter_server_port(server),
				.timeout_ms = 50,
				.mono_us = test_mono_us,
				.wall_ms = test_wall_ms},
			.first = first,
			.last = last,
			.maps = "etc/meters",
		},
		why);
	ck_assert_msg(s != NULL, "%s", why);
	return s;
}

static struct meter_scan_state await_end(struct meter_scan *s)
{
	struct meter_scan_state state;
	for (int i = 0; i < 1500; i++) {
		meter_scan_look(s, &state);
		if (state.is_over)
			return state;
		test_sleep_ms(10);
	}
	ck_abort_msg("the scan never ended");
}

START_TEST(finds_the_units_of_a_gateway)
{
	struct meter_server *server = meter_server_start(NULL, 0);
	struct meter_scan_unit found;
	meter_server_set_dead_unit(server, 6);
	for (int i = 0; i < 3; i++) {
		meter_server_set_float(server, 2 * i, 230);
		meter_server_set_float(server, 6 + 2 * i, 10);
		meter_server_set_float(server, 12 + 2 * i, 2200);
	}
	meter_server_set_float(server, 52, 6600);
	meter_server_set_float(server, 70, 50);
	struct meter_scan *s = scan_of(server, 5, 7);
	struct meter_scan_state state = await_end(s);
	ck_assert_str_eq(state.error, "");
	ck_assert(!state.is_cancelled);
	ck_assert_int_eq(state.found, 2);
	ck_assert(meter_scan_unit(s, 1, &found));
	ck_assert_int_eq(found.unit, 7);
	ck_assert_int_ge(found.guess_count, 1);
	ck_assert_ptr_nonnull(strstr(found.guesses[0].map, "eastron-sdm"));
	ck_assert_double_eq(found.guesses[0].reading.values[METER_QUANTITY_POWER_W].value, 6600);
	ck_assert(!meter_scan_unit(s, 2, &found));
	meter_scan_destroy(s);
	/* A gateway that names no such unit is no unit; one that refuses a register is. */
	meter_server_set_exception(server, 11);
	s = scan_of(server, 1, 2);
	ck_assert_int_eq(await_end(s).found, 0);
	meter_scan_destroy(s);
	meter_server_set_exception(server, 2);
	s = scan_of(server, 1, 1);
	ck_assert_int_eq(await_end(s).found, 1);
	ck_assert(meter_scan_unit(s, 0, &found));
	ck_assert(found.is_refusing);
	meter_scan_destroy(s);
	meter_server_stop(server);
}
END_TEST

START_TEST(ends_when_told_and_when_nobody_is_there)
{
	struct meter_server *server = meter_server_start(NULL, 0);
	meter_server_set_mood(server, SERVER_SILENT);
	struct meter_scan *s = scan_of(server, 0, 247);
	test_sleep_ms(120);
	meter_scan_cancel(s);
	struct meter_scan_state state = await_end(s);
	ck_assert(state.is_cancelled);
	ck_assert_int_lt(state.next, 50);
	meter_scan_destroy(s);
	/* Destroyed in the middle of it. */
	s = scan_of(server, 0, 247);
	test_sleep_ms(30);
	int64_t start = test_mono_us();
	meter_scan_destroy(s);
	ck_assert_int_lt(test_mono_us() - start, 1000000);
	int port = meter_server_port(server);
	meter_server_stop(server);
	char why[200];
	s = meter_scan_create(&(struct meter_scan_config){.link = {.host = "127.0.0.1",
								  .port = port,
								  .timeout_ms = 50,
								  .mono_us = test_mono_us,
								  .wall_ms = test_wall_ms},
				      .first = 1,
				      .last = 9},
		why);
	ck_assert_ptr_nonnull(s);
	state = await_end(s);
	ck_assert_ptr_nonnull(strstr(state.error, "cannot connect"));
	ck_assert_int_eq(state.next, 1);
	meter_scan_destroy(s);
	ck_assert_ptr_null(meter_scan_create(
		&(struct meter_scan_config){
			.link = {.host = "127.0.0.1", .timeout_ms = 50}, .first = 9, .last = 8},
		why));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_identify");
	TCase *tc = tcase_create("identify");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, each_family_is_recognised_and_no_other, 0,
		(int)(sizeof(families) / sizeof(*families)));
	tcase_add_test(tc, memory_full_of_anything_is_no_meter);
	tcase_add_test(tc, judges_by_physics);
	tcase_add_test(tc, finds_the_units_of_a_gateway);
	tcase_add_test(tc, ends_when_told_and_when_nobody_is_there);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
