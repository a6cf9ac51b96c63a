/* What storages are told, against a real Modbus server: again and again, and never without an end. */
#include "modbus/meter_poller.h"
#include "tests/unit/meter_server.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define POWER    10
#define MODE     20
#define BEATS    21
#define SETPOINT 22
#define REMOTE   802
#define OWN      803

static struct meter_server *server;

static struct meter_register rows[] = {{.quantity = METER_QUANTITY_POWER_W,
	.address = POWER,
	.type = METER_TYPE_INT16,
	.scale = 1}};
static struct meter_write begin[] = {{.address = MODE, .type = METER_TYPE_UINT16, .value = REMOTE}};
static struct meter_write end[] = {{.address = MODE, .type = METER_TYPE_UINT16, .value = OWN}};
static struct meter_setpoint setpoint = {
	.address = SETPOINT,
	.type = METER_TYPE_INT32,
	.scale = 10,
	.sign = METER_SIGN_DISCHARGES,
	.repeat_ms = 20,
	.lets_go_s = 1,
	.has_heartbeat = true,
	.heartbeat = BEATS,
	.begin = {1, begin},
	.release = {1, end},
};
static const struct meter_map map = {.name = "store",
	.vendor = "test",
	.model = "test",
	.source = "test",
	.function = METER_FUNCTION_HOLDING,
	.max_read = 125,
	.registers = {1, rows},
	.setpoint = &setpoint};

static struct meter_poller *start(int port)
{
	struct meter_poller_unit unit = {.map = &map, .unit = 1, .poll_ms = 50, .key = 3};
	struct meter_poller_config c = {
		.link = {.host = "127.0.0.1",
			.port = port,
			.timeout_ms = 100,
			.mono_us = test_mono_us,
			.wall_ms = test_wall_ms},
		.units = &unit,
		.unit_count = 1,
	};
	char why[200];
	struct meter_poller *p = meter_poller_create(&c, why);

	ck_assert_msg(p != NULL, "%s", why);
	return p;
}

static void command(struct meter_poller *p, int32_t w, int ms)
{
	struct meter_command c = {true, w, test_mono_us() + ms * 1000LL};

	ck_assert(meter_poller_command(p, 3, &c));
}

static struct meter_told told(struct meter_poller *p)
{
	struct meter_told t = {0};

	ck_assert(meter_poller_told(p, 3, &t));
	return t;
}

static int32_t written(void)
{
	return (int32_t)((uint32_t)meter_server_get(server, SETPOINT) << 16 |
			 meter_server_get(server, SETPOINT + 1));
}

/* Until the register has the value: 5 s at most. */
static void await(int address, uint16_t value)
{
	for (int i = 0; i < 500 && meter_server_get(server, address) != value; i++)
		test_sleep_ms(10);
	ck_assert_int_eq(meter_server_get(server, address), value);
}

static void setup(void)
{
	server = meter_server_start(NULL, 0);
}

static void teardown(void)
{
	meter_server_stop(server);
}

START_TEST(is_told_again_and_again_until_the_command_ends)
{
	struct meter_poller *p = start(meter_server_port(server));
	uint16_t beats;

	test_sleep_ms(100);
	ck_assert_int_eq(meter_server_get(server, MODE), 0); /* nobody commanded it: not a word */
	ck_assert(!told(p).is_on);
	command(p, 5000, 60000);
	await(MODE, REMOTE);
	for (int i = 0; i < 500 && written() != -500; i++)
		test_sleep_ms(10);
	ck_assert_int_eq(written(), -500); /* tens of W, and above 0 it discharges */
	beats = meter_server_get(server, BEATS);
	test_sleep_ms(500);
	ck_assert_int_gt(meter_server_get(server, BEATS), beats + 3);
	ck_assert(told(p).is_on);
	ck_assert_int_eq(told(p).w, 5000);
	command(p, -7000, 300); /* and nobody renews it */
	await(MODE, OWN);
	ck_assert_int_eq(written(), 700);
	beats = meter_server_get(server, BEATS);
	test_sleep_ms(300);
	ck_assert_int_eq(meter_server_get(server, BEATS), beats);
	ck_assert(!told(p).is_on);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(the_end_of_the_poller_gives_it_back)
{
	struct meter_poller *p = start(meter_server_port(server));

	command(p, 5000, 60000);
	await(MODE, REMOTE);
	meter_poller_destroy(p);
	ck_assert_int_eq(meter_server_get(server, MODE), OWN);
}
END_TEST

START_TEST(the_end_of_one_that_is_followed_by_another_says_nothing)
{
	struct meter_poller *p = start(meter_server_port(server));

	command(p, 5000, 60000);
	await(MODE, REMOTE);
	meter_poller_hand_over(p);
	meter_poller_destroy(p);
	ck_assert_int_eq(meter_server_get(server, MODE), REMOTE);
}
END_TEST

START_TEST(a_device_that_was_away_is_commanded_anew)
{
	int port = meter_server_port(server);
	struct meter_poller *p = start(port);

	command(p, 5000, 60000);
	await(MODE, REMOTE);
	meter_server_stop(server);
	test_sleep_ms(300);
	ck_assert_int_gt(told(p).failures, 0);
	ck_assert(told(p).error[0]);
	server = meter_server_start(NULL, port); /* which knows nothing of before */
	await(MODE, REMOTE);
	for (int i = 0; i < 500 && (written() != -500 || told(p).failures); i++)
		test_sleep_ms(10);
	ck_assert_int_eq(written(), -500);
	ck_assert_int_eq(told(p).failures, 0);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(what_it_refuses_is_told_and_its_values_go_on)
{
	struct meter_poller *p = start(meter_server_port(server));
	struct meter_table t;

	meter_server_set_hole(server, SETPOINT);
	meter_server_set(server, POWER, 77);
	command(p, 5000, 60000);
	for (int i = 0; i < 500 && !told(p).failures; i++)
		test_sleep_ms(10);
	ck_assert_int_gt(told(p).failures, 0);
	ck_assert_ptr_nonnull(strstr(told(p).error, "Illegal data address"));
	ck_assert(!told(p).is_on);
	for (int i = 0; i < 500 && !(meter_poller_table(p, 3, &t) && t.at_ms); i++)
		test_sleep_ms(10);
	ck_assert_int_eq(t.rows[0].words[0], 77);
	ck_assert(!meter_poller_command(p, 4, &(struct meter_command){0}));
	meter_poller_destroy(p);
}
END_TEST

START_TEST(numbers_become_registers)
{
	static const struct {
		double value;
		enum meter_type type;
		enum meter_order order;
		int count;
		uint16_t words[4];
	} all[] = {
		{-2, METER_TYPE_INT16, METER_ORDER_MSW, 1, {0xfffe}},
		{1e9, METER_TYPE_INT16, METER_ORDER_MSW, 1, {0x7fff}},
		{-1e9, METER_TYPE_INT16, METER_ORDER_MSW, 1, {0x8000}},
		{-5, METER_TYPE_UINT16, METER_ORDER_MSW, 1, {0}},
		{1e9, METER_TYPE_UINT16, METER_ORDER_MSW, 1, {0xffff}},
		{-2, METER_TYPE_INT32, METER_ORDER_MSW, 2, {0xffff, 0xfffe}},
		{70000.4, METER_TYPE_UINT32, METER_ORDER_LSW, 2, {0x1170, 1}},
		{1.5, METER_TYPE_FLOAT32, METER_ORDER_MSW, 2, {0x3fc0, 0}},
		{-2, METER_TYPE_FLOAT64, METER_ORDER_MSW, 4, {0xc000, 0, 0, 0}},
		{-3, METER_TYPE_INT64, METER_ORDER_LSW, 4, {0xfffd, 0xffff, 0xffff, 0xffff}},
	};
	uint16_t got[4];

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		ck_assert_int_eq(
			meter_words(all[i].value, all[i].type, all[i].order, got), all[i].count);
		ck_assert_msg(
			memcmp(got, all[i].words, (size_t)all[i].count * 2) == 0, "number %zu", i);
	}
}
END_TEST

START_TEST(bad_setpoints_are_refused)
{
	struct meter_setpoint s = setpoint;
	struct meter_map m = map;
	char why[400];

	m.setpoint = &s;
	ck_assert_int_eq(meter_map_check(&m, why), 0);
	s.type = METER_TYPE_UINT16;
	ck_assert_int_eq(meter_map_check(&m, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "signed"));
	s = setpoint;
	s.scale = 0;
	ck_assert_int_eq(meter_map_check(&m, why), -1);
	s = setpoint;
	s.repeat_ms = 400;
	ck_assert_int_eq(meter_map_check(&m, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "lets_go_s"));
	s = setpoint;
	s.address = 65535;
	ck_assert_int_eq(meter_map_check(&m, why), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_setpoint");
	TCase *bus = tcase_create("bus"), *words = tcase_create("words");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(bus, 60);
	tcase_add_checked_fixture(bus, setup, teardown);
	tcase_add_test(bus, is_told_again_and_again_until_the_command_ends);
	tcase_add_test(bus, the_end_of_the_poller_gives_it_back);
	tcase_add_test(bus, the_end_of_one_that_is_followed_by_another_says_nothing);
	tcase_add_test(bus, a_device_that_was_away_is_commanded_anew);
	tcase_add_test(bus, what_it_refuses_is_told_and_its_values_go_on);
	suite_add_tcase(suite, bus);
	tcase_add_test(words, numbers_become_registers);
	tcase_add_test(words, bad_setpoints_are_refused);
	suite_add_tcase(suite, words);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
