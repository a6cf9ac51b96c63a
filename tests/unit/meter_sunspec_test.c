/* SunSpec: discovery of devices made by hand, and what they read as. */
#include "modbus/sunspec.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static const struct meter_sunspec *models;
static uint16_t memory[65536];
static int readable_end; /* addresses from here on answer exception 2 */
static int reads, dead_after; /* reads until silence, -1: never */
static struct sunspec_device device;
static struct sunspec_map made;
static char why[400];

static void set_up(void)
{
	arena = arena_create(0);
	models = sunspec_load("etc/meters/sunspec.yaml", arena, why);
	ck_assert_msg(models != NULL, "%s", why);
	memset(memory, 0, sizeof(memory));
	readable_end = 65536;
	reads = 0;
	dead_after = -1;
}

static void tear_down(void)
{
	arena_destroy(arena);
}

static enum meter_result read_memory(void *arg, int address, int count, uint16_t *out)
{
	(void)arg;
	ck_assert_int_ge(address, 0);
	ck_assert_int_ge(count, 1);
	ck_assert_int_le(count, 125);
	ck_assert_int_le(address + count, 65536);
	if (dead_after >= 0 && reads >= dead_after)
		return METER_TIMEOUT;
	reads++;
	if (address + count > readable_end)
		return METER_EXCEPTION;
	memcpy(out, memory + address, (size_t)count * sizeof(*out));
	return METER_OK;
}

/* ---- devices by hand ---- */

static int put_marker(int base)
{
	memory[base] = 0x5375; /* Su */
	memory[base + 1] = 0x6e53; /* nS */
	return base + 2;
}

static int put_model(int at, int id, int length)
{
	memory[at] = (uint16_t)id;
	memory[at + 1] = (uint16_t)length;
	return at + 2 + length;
}

static void put_text(int at, const char *text)
{
	for (int i = 0; text[i]; i++)
		memory[at + i / 2] |= (uint16_t)((uint8_t)text[i] << (i % 2 ? 0 : 8));
}

static int put_common(int at, const char *maker, const char *model, const char *serial)
{
	put_text(at + 2, maker);
	put_text(at + 18, model);
	put_text(at + 50, serial);
	return put_model(at, 1, 66);
}

static void put_end(int at)
{
	memory[at] = 0xffff;
	memory[at + 1] = 0;
}

static uint16_t word(int v)
{
	return (uint16_t)(int16_t)v;
}

/* A three-phase meter: 230.1 230.2 230.3 V; 10 11 12 A; 6.9 kW of which L3 gives back 2.3 kW;
 * 50.01 Hz; 123456.7 kWh in, nothing known about what went out. */
static int put_meter_203(int at)
{
	for (int i = 0; i < 3; i++) {
		memory[at + 3 + i] = word(1000 + 100 * i);
		memory[at + 8 + i] = word(2301 + i);
	}
	memory[at + 6] = word(-2); /* A_SF */
	memory[at + 15] = word(-1); /* V_SF */
	memory[at + 16] = word(5001);
	memory[at + 17] = word(-2); /* Hz_SF */
	memory[at + 18] = word(690);
	memory[at + 19] = word(460);
	memory[at + 20] = word(460);
	memory[at + 21] = word(-230);
	memory[at + 22] = word(1); /* W_SF */
	memory[at + 46] = 1234567 >> 16;
	memory[at + 47] = 1234567 & 0xffff;
	memory[at + 54] = word(2); /* TotWh_SF */
	return put_model(at, 203, 105);
}

/* A three-phase inverter that feeds in 15 kW. */
static int put_inverter_103(int at)
{
	memory[at + 14] = word(1500);
	memory[at + 15] = word(1);
	memory[at + 24] = 0x0001;
	memory[at + 25] = 0x0000;
	memory[at + 38] = 4;
	return put_model(at, 103, 50);
}

/* A storage: 713 with 100 kWh, 61.5 % full, 61 kWh to give. */
static int put_storage_713(int at)
{
	memory[at + 2] = 100;
	memory[at + 3] = 61;
	memory[at + 4] = 615;
	memory[at + 5] = 0xffff; /* state of health: not there */
	memory[at + 6] = 1;
	memory[at + 7] = word(3); /* WH_SF */
	memory[at + 8] = word(-1); /* Pct_SF */
	return put_model(at, 713, 7);
}

static void discover(void)
{
	ck_assert_msg(sunspec_discover(read_memory, NULL, &device, why) == METER_OK, "%s", why);
}

static struct meter_reading reading(void)
{
	struct meter_reading r = {0};
	struct meter_plan plan;
	char words[400];
	ck_assert_msg(meter_map_check(&made.map, words) == 0, "%s", words);
	meter_plan_make(&made.map, METER_GAP, &plan);
	for (int b = 0; b < plan.batch_count; b++) {
		uint16_t registers[METER_READ_MAX];
		const struct meter_batch *t = &plan.batches[b];
		ck_assert_int_eq(read_memory(NULL, t->address, t->count, registers), METER_OK);
		meter_plan_decode(&plan, b, registers, &r);
	}
	return r;
}

static void expect(const struct meter_reading *r, enum meter_quantity q, double want)
{
	double v = NAN;
	const char *name = meter_quantity_enum.values[q];
	ck_assert_msg(meter_reading_get(r, q, &v) == !isnan(want), "%s", name);
	if (!isnan(want))
		ck_assert_msg(fabs(v - want) < 1e-6 + fabs(want) * 1e-9, "%s: %g", name, v);
}

static void make(int model, int instance)
{
	ck_assert_msg(
		sunspec_map_make(models, &device, model, instance, &made, why) == 0, "%s", why);
}

/* ---- tests ---- */

START_TEST(finds_a_meter_at_each_base)
{
	static const int bases[] = {40000, 0, 50000};
	int at = put_common(put_marker(bases[_i]), "Acme", "M-3", "4711");
	put_end(put_meter_203(at));
	discover();
	ck_assert_int_eq(device.base, bases[_i]);
	ck_assert_int_eq(device.count, 2);
	ck_assert_int_eq(device.blocks[1].id, 203);
	ck_assert_int_eq(device.blocks[1].address, bases[_i] + 2 + 68);
	ck_assert_str_eq(device.maker, "Acme");
	ck_assert_str_eq(device.serial, "4711");
	make(0, 1);
	ck_assert_int_eq(made.model, 203);
	ck_assert_str_eq(made.about, "Acme M-3, serial 4711, models 1 203");
	struct meter_reading r = reading();
	expect(&r, METER_QUANTITY_POWER_W, 6900);
	expect(&r, METER_QUANTITY_POWER_L3_W, -2300);
	expect(&r, METER_QUANTITY_VOLTAGE_L2_V, 230.2);
	expect(&r, METER_QUANTITY_CURRENT_L3_A, 12);
	expect(&r, METER_QUANTITY_FREQUENCY_HZ, 50.01);
	expect(&r, METER_QUANTITY_IMPORT_WH, 123456700);
	expect(&r, METER_QUANTITY_EXPORT_WH, NAN); /* an accumulator of 0 counts nothing */
	expect(&r, METER_QUANTITY_SOC_PCT, NAN);
}
END_TEST

START_TEST(reads_a_meter_in_one_request)
{
	put_end(put_meter_203(put_common(put_marker(40000), "A", "B", "C")));
	discover();
	make(0, 1);
	reads = 0;
	reading();
	ck_assert_int_eq(reads, 1);
}
END_TEST

START_TEST(a_scale_factor_is_read_with_its_value)
{
	int at = put_common(put_marker(40000), "A", "B", "C");
	put_end(put_meter_203(at));
	discover();
	make(0, 1);
	memory[at + 22] = word(2); /* the device shifts its range */
	struct meter_reading r = reading();
	expect(&r, METER_QUANTITY_POWER_W, 69000);
	memory[at + 22] = 0x8000; /* not there */
	r = reading();
	expect(&r, METER_QUANTITY_POWER_W, NAN);
	memory[at + 18] = 0x8000;
	memory[at + 22] = 0;
	r = reading();
	expect(&r, METER_QUANTITY_POWER_W, NAN);
	expect(&r, METER_QUANTITY_POWER_L1_W, 460);
}
END_TEST

START_TEST(an_inverter_feeds_in)
{
	int at = put_common(put_marker(40000), "Sun", "INV", "1");
	put_end(put_storage_713(put_inverter_103(at)));
	discover();
	make(0, 1);
	ck_assert_int_eq(made.model, 103);
	struct meter_reading r = reading();
	expect(&r, METER_QUANTITY_POWER_W, -15000);
	expect(&r, METER_QUANTITY_EXPORT_WH, 65536);
	expect(&r, METER_QUANTITY_IMPORT_WH, NAN);
	expect(&r, METER_QUANTITY_STATE, 4);
	expect(&r, METER_QUANTITY_SOC_PCT, 61.5);
	expect(&r, METER_QUANTITY_CAPACITY_WH, 100000);
	expect(&r, METER_QUANTITY_STORED_WH, 61000);
}
END_TEST

START_TEST(a_meter_goes_before_an_inverter_unless_named)
{
	int at = put_common(put_marker(40000), "Sun", "INV", "1");
	int first = put_inverter_103(at);
	int second = put_meter_203(first);
	put_end(put_meter_203(second));
	memory[second + 18] = word(123);
	discover();
	make(0, 1);
	ck_assert_int_eq(made.model, 203);
	make(103, 1);
	ck_assert_int_eq(made.model, 103);
	make(203, 2);
	struct meter_reading r = reading();
	expect(&r, METER_QUANTITY_POWER_W, 1230);
	ck_assert_int_eq(sunspec_map_make(models, &device, 203, 3, &made, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "203"));
}
END_TEST

START_TEST(der_of_701_in_one_request)
{
	int at = put_common(put_marker(40000), "Der", "X", "9");
	memory[at + 10] = word(-250); /* takes 25 kW */
	memory[at + 41] = word(-100);
	memory[at + 87] = word(50);
	memory[at + 116] = word(2);
	memory[at + 17] = 0;
	memory[at + 18] = 49985;
	memory[at + 115] = word(-3);
	memory[at + 22] = 7; /* injected, uint64 */
	memory[at + 26] = 9; /* absorbed */
	memory[at + 120] = word(3);
	put_end(put_model(at, 701, 153));
	discover();
	make(0, 1);
	reads = 0;
	struct meter_reading r = reading();
	ck_assert_int_eq(reads, 1);
	expect(&r, METER_QUANTITY_POWER_W, 25000);
	expect(&r, METER_QUANTITY_POWER_L1_W, 10000);
	expect(&r, METER_QUANTITY_POWER_L3_W, -5000);
	expect(&r, METER_QUANTITY_FREQUENCY_HZ, 49.985);
	expect(&r, METER_QUANTITY_EXPORT_WH, 7000);
	expect(&r, METER_QUANTITY_IMPORT_WH, 9000);
}
END_TEST

START_TEST(a_battery_of_802_has_no_power_but_a_charge)
{
	int at = put_common(put_marker(40000), "Bat", "X", "9");
	memory[at + 3] = 500;
	memory[at + 4] = 60;
	memory[at + 5] = 50;
	memory[at + 11] = 42;
	memory[at + 22] = 3;
	memory[at + 53] = word(2);
	memory[at + 54] = word(3);
	put_end(put_model(at, 802, 62));
	discover();
	make(0, 1);
	ck_assert_int_eq(made.model, 802);
	struct meter_reading r = reading();
	expect(&r, METER_QUANTITY_POWER_W, NAN);
	expect(&r, METER_QUANTITY_SOC_PCT, 42);
	expect(&r, METER_QUANTITY_CAPACITY_WH, 50000);
	expect(&r, METER_QUANTITY_CHARGE_MAX_W, 60000);
	expect(&r, METER_QUANTITY_DISCHARGE_MAX_W, 50000);
}
END_TEST

START_TEST(a_shorter_revision_lacks_points)
{
	int at = put_common(put_marker(40000), "A", "B", "C");
	put_meter_203(at);
	put_end(put_model(at, 203, 30)); /* ends before the energies */
	discover();
	make(0, 1);
	struct meter_reading r = reading();
	expect(&r, METER_QUANTITY_POWER_W, 6900);
	expect(&r, METER_QUANTITY_IMPORT_WH, NAN);
}
END_TEST

START_TEST(floats_of_213)
{
	int at = put_common(put_marker(0), "A", "B", "C");
	memory[at + 28] = 0xc53b; /* -3000 */
	memory[at + 29] = 0x8000;
	memory[at + 12] = 0x7fc0; /* voltage of L1: no number */
	put_end(put_model(at, 213, 124));
	discover();
	make(0, 1);
	struct meter_reading r = reading();
	expect(&r, METER_QUANTITY_POWER_W, -3000);
	expect(&r, METER_QUANTITY_VOLTAGE_L1_V, NAN);
	expect(&r, METER_QUANTITY_VOLTAGE_L2_V, 0);
}
END_TEST

START_TEST(no_sunspec_is_said)
{
	ck_assert_int_eq(sunspec_discover(read_memory, NULL, &device, why), METER_GARBLED);
	ck_assert_ptr_nonnull(strstr(why, "no SunSpec"));
	ck_assert_int_eq(reads, 3);
	/* A base that the device refuses is no failure. */
	readable_end = 100;
	put_end(put_meter_203(put_common(put_marker(0), "A", "B", "C")));
	readable_end = 300;
	discover();
	ck_assert_int_eq(device.base, 0);
}
END_TEST

START_TEST(silence_ends_it_at_once)
{
	int at = put_common(put_marker(40000), "A", "B", "C");
	put_end(put_meter_203(at));
	for (int i = 0; i < 5; i++) {
		reads = 0;
		dead_after = i;
		ck_assert_int_eq(sunspec_discover(read_memory, NULL, &device, why), METER_TIMEOUT);
		ck_assert_int_eq(reads, i);
	}
}
END_TEST

START_TEST(chains_without_end_are_bounded)
{
	int at = put_marker(0);
	for (int i = 0; i < 1000; i++)
		at = put_model(at, 64000, 3);
	discover();
	ck_assert_int_eq(device.count, SUNSPEC_BLOCKS);
	ck_assert_int_le(reads, SUNSPEC_BLOCKS + 4);
	/* A length that leaves the address space ends the chain. */
	memset(memory, 0, sizeof(memory));
	put_marker(50000);
	memory[50002] = 203;
	memory[50003] = 0xffff;
	discover();
	ck_assert_int_eq(device.count, 0);
	ck_assert_int_eq(sunspec_map_make(models, &device, 0, 1, &made, why), -1);
	/* As does a device that refuses what lies behind. */
	memset(memory, 0, sizeof(memory));
	at = put_common(put_marker(0), "A", "B", "C");
	readable_end = put_meter_203(at);
	discover();
	ck_assert_int_eq(device.count, 2);
}
END_TEST

START_TEST(what_it_says_of_itself_is_made_printable)
{
	int at = put_common(put_marker(0), "A\x01\xff<b>\n  ", "", "");
	put_end(at);
	discover();
	ck_assert_str_eq(device.maker, "A<b>");
	ck_assert_str_eq(device.model, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_sunspec");
	TCase *tc = tcase_create("sunspec");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, finds_a_meter_at_each_base, 0, 3);
	tcase_add_test(tc, reads_a_meter_in_one_request);
	tcase_add_test(tc, a_scale_factor_is_read_with_its_value);
	tcase_add_test(tc, an_inverter_feeds_in);
	tcase_add_test(tc, a_meter_goes_before_an_inverter_unless_named);
	tcase_add_test(tc, der_of_701_in_one_request);
	tcase_add_test(tc, a_battery_of_802_has_no_power_but_a_charge);
	tcase_add_test(tc, a_shorter_revision_lacks_points);
	tcase_add_test(tc, floats_of_213);
	tcase_add_test(tc, no_sunspec_is_said);
	tcase_add_test(tc, silence_ends_it_at_once);
	tcase_add_test(tc, chains_without_end_are_bounded);
	tcase_add_test(tc, what_it_says_of_itself_is_made_printable);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
