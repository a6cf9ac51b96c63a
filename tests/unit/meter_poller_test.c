/* Pollers against real servers: readings, dead units and links, restarts, frozen meters, stopping. */
#include "modbus/meter_poller.h"
#include "tests/unit/meter_server.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define UNITS 4

static struct meter_server *server;
static struct arena *arena;
static const struct meter_map *sdm630;
static int wake_fd;
static atomic_llong wall_ms; /* the caller's clock, where a test sets it */

/* What the drained events came to, by key. */
static struct {
	int ok, failed;
	struct meter_event last;
	struct meter_reading reading;
	int64_t last_ok_us;
	int64_t gap_us; /* longest between two good readings */
} seen[UNITS];

static int64_t set_wall_ms(void)
{
	return atomic_load(&wall_ms);
}

static void wake(void *arg)
{
	eventfd_write(*(int *)arg, 1);
}

static void see(void *arg, const struct meter_event *event)
{
	ck_assert_int_lt(event->key, UNITS);
	int64_t now = test_mono_us();
	seen[event->key].last = *event;
	if (event->result != METER_OK) {
		seen[event->key].failed++;
		return;
	}
	if (seen[event->key].ok++ > 0 &&
		now - seen[event->key].last_ok_us > seen[event->key].gap_us)
		seen[event->key].gap_us = now - seen[event->key].last_ok_us;
	seen[event->key].last_ok_us = now;
	seen[event->key].reading = event->reading;
}

/* Drains whenever the poller wakes us, for `ms`. */
static void run_for(struct meter_poller *const *pollers, int count, int ms)
{
	int64_t end = test_mono_us() + ms * 1000LL;
	for (int64_t now; (now = test_mono_us()) < end;) {
		struct pollfd p = {.fd = wake_fd, .events = POLLIN};
		eventfd_t value;
		if (poll(&p, 1, (int)((end - now) / 1000) + 1) <= 0)
			continue;
		eventfd_read(wake_fd, &value);
		for (int i = 0; i < count; i++)
			meter_poller_drain(pollers[i], see, NULL);
	}
}

static struct meter_poller_config config_of(const struct meter_poller_unit *units, int count)
{
	return (struct meter_poller_config){
		.link = {.host = "127.0.0.1",
			.port = meter_server_port(server),
			.timeout_ms = 100,
			.mono_us = test_mono_us,
			.wall_ms = test_wall_ms},
		.units = units,
		.unit_count = count,
		.speed = 1,
		.wake = wake,
		.wake_arg = &wake_fd,
	};
}

static struct meter_poller *start(const struct meter_poller_config *config)
{
	char why[200];
	struct meter_poller *p = meter_poller_create(config, why);
	ck_assert_msg(p != NULL, "%s", why);
	return p;
}

static void set_up(void)
{
	char why[400];
	signal(SIGPIPE, SIG_IGN);
	memset(seen, 0, sizeof(seen));
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	arena = arena_create(0);
	sdm630 = meter_map_load("etc/meters/eastron-sdm630.yaml", arena, why);
	ck_assert_msg(sdm630 != NULL, "%s", why);
	server = meter_server_start(NULL, 0);
	meter_server_set_float(server, 0, 230.5f);
	meter_server_set_float(server, 2, 231.5f);
	meter_server_set_float(server, 6, 16.25f);
	meter_server_set_float(server, 52, -11250);
	meter_server_set_float(server, 70, 49.98f);
	meter_server_set_float(server, 72, 1234.5f);
	meter_server_set(server, 4, 0x7fc0); /* voltage L3: NaN */
}

static void tear_down(void)
{
	meter_server_stop(server);
	arena_destroy(arena);
	close(wake_fd);
}

START_TEST(hands_over_readings)
{
	struct meter_poller_unit unit = {.map = sdm630, .unit = 1, .poll_ms = 50, .key = 2};
	struct meter_poller_config c = config_of(&unit, 1);
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 500);
	ck_assert_int_ge(seen[2].ok, 4);
	ck_assert_int_le(seen[2].ok, 12);
	ck_assert_int_eq(seen[2].failed, 0);
	const struct meter_reading *r = &seen[2].reading;
	double v = 0;
	ck_assert(meter_reading_get(r, METER_QUANTITY_POWER_W, &v));
	ck_assert_double_eq(v, -11250);
	ck_assert(meter_reading_get(r, METER_QUANTITY_IMPORT_WH, &v));
	ck_assert_double_eq(v, 1234500);
	ck_assert(meter_reading_get(r, METER_QUANTITY_VOLTAGE_L1_V, &v));
	ck_assert_double_eq(v, 230.5);
	ck_assert(!meter_reading_get(r, METER_QUANTITY_VOLTAGE_L3_V, &v));
	ck_assert_int_le(llabs(r->at_ms - test_wall_ms()), 1000);
	/* Two requests each: 0..17 and 52..75. */
	ck_assert_uint_eq(seen[2].last.stats.ok, (uint64_t)seen[2].ok * 2);
	ck_assert_str_eq(
		meter_poller_name(p) + strlen("tcp 127.0.0.1"), strchr(meter_poller_name(p), ':'));
	meter_poller_destroy(p);
}
END_TEST

START_TEST(speed_divides_the_period)
{
	struct meter_poller_unit unit = {.map = sdm630, .unit = 1, .poll_ms = 3000, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	c.speed = 60;
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 500);
	ck_assert_int_ge(seen[0].ok, 4);
	ck_assert_int_le(seen[0].ok, 12);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(a_dead_unit_costs_its_neighbour_one_timeout)
{
	struct meter_poller_unit units[] = {
		{.map = sdm630, .unit = 1, .poll_ms = 20, .key = 0},
		{.map = sdm630, .unit = 9, .poll_ms = 20, .key = 1},
	};
	meter_server_set_dead_unit(server, 9);
	struct meter_poller_config c = config_of(units, 2);
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 1500);
	ck_assert_int_eq(seen[1].ok, 0);
	ck_assert_int_ge(seen[1].failed, 2);
	ck_assert_int_le(seen[1].failed, 7); /* and it is asked ever less often */
	ck_assert_int_eq(seen[1].last.result, METER_TIMEOUT);
	ck_assert_uint_eq(seen[1].last.stats.timeouts, (uint64_t)seen[1].failed);
	ck_assert_int_eq(seen[0].failed, 0);
	ck_assert_int_ge(seen[0].ok, 15);
	ck_assert_int_le(seen[0].gap_us, 300000);
	/* It is found again when it comes back. */
	meter_server_set_dead_unit(server, -1);
	run_for(&p, 1, 1800);
	ck_assert_int_ge(seen[1].ok, 1);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(what_is_asked_for_is_not_waited_for)
{
	struct meter_poller_unit unit = {.map = sdm630, .unit = 9, .poll_ms = 60000, .key = 0};
	meter_server_set_dead_unit(server, 9);
	struct meter_poller_config c = config_of(&unit, 1);
	struct meter_poller *p = start(&c);
	for (int i = 0; i < 50 && seen[0].failed == 0; i++)
		run_for(&p, 1, 100);
	ck_assert_int_eq(seen[0].failed, 1);
	meter_server_set_dead_unit(server, -1);
	ck_assert(!meter_poller_ask(p, 7));
	ck_assert(meter_poller_ask(p, 0));
	for (int i = 0; i < 50 && seen[0].ok == 0; i++)
		run_for(&p, 1, 100);
	ck_assert_int_eq(seen[0].ok, 1);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(a_dead_link_never_slows_another)
{
	struct meter_server *dead = meter_server_start(NULL, 0);
	meter_server_set_mood(dead, SERVER_SILENT);
	struct meter_poller_unit here = {.map = sdm630, .unit = 1, .poll_ms = 20, .key = 0};
	struct meter_poller_unit there = {.map = sdm630, .unit = 1, .poll_ms = 20, .key = 1};
	struct meter_poller_config c = config_of(&here, 1), d = config_of(&there, 1);
	d.link.port = meter_server_port(dead);
	d.link.timeout_ms = 1000; /* longer than a busy machine lets a thread wait for its turn */
	struct meter_poller *p[2] = {start(&c), start(&d)};
	run_for(p, 2, 2500);
	ck_assert_int_eq(seen[1].ok, 0);
	ck_assert_int_ge(seen[1].failed, 1);
	ck_assert_int_ge(seen[0].ok, 15);
	ck_assert_int_le(seen[0].gap_us, 900000); /* less than the other's timeout */
	meter_poller_destroy(p[0]);
	meter_poller_destroy(p[1]);
	meter_server_stop(dead);
}
END_TEST

START_TEST(survives_a_restart_of_the_server)
{
	int port = meter_server_port(server);
	struct meter_poller_unit unit = {.map = sdm630, .unit = 1, .poll_ms = 30, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 200);
	int before = seen[0].ok;
	ck_assert_int_ge(before, 3);
	meter_server_stop(server);
	run_for(&p, 1, 300);
	ck_assert_int_ge(seen[0].failed, 1);
	ck_assert_uint_ge(seen[0].last.stats.broken, 1);
	ck_assert_str_ne(seen[0].last.stats.last_error, "");
	/* The last good reading keeps its old time: whoever reads it sees how stale it is. */
	ck_assert_int_ge(test_wall_ms() - seen[0].reading.at_ms, 200);
	server = meter_server_start(NULL, port);
	run_for(&p, 1, 900);
	ck_assert_int_gt(seen[0].ok, before + 3);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(does_without_gaps_where_a_meter_refuses_them)
{
	meter_server_set_hole(server, 60); /* between the total power and the frequency */
	struct meter_poller_unit unit = {.map = sdm630, .unit = 1, .poll_ms = 30, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 300);
	ck_assert_int_eq(seen[0].failed, 0);
	ck_assert_int_ge(seen[0].ok, 4);
	ck_assert_uint_eq(seen[0].last.stats.exceptions, 1);
	double v;
	ck_assert(meter_reading_get(&seen[0].reading, METER_QUANTITY_FREQUENCY_HZ, &v));
	meter_poller_destroy(p);
}
END_TEST

/* ---- SunSpec ---- */

static const struct meter_sunspec *models(void)
{
	char why[400];
	const struct meter_sunspec *s = sunspec_load("etc/meters/sunspec.yaml", arena, why);
	ck_assert_msg(s != NULL, "%s", why);
	return s;
}

/* A device at base 0: common model (empty), then a meter that shows `watts` at `at`. */
static void pose_as_sunspec(int id, int at, int watts)
{
	meter_server_set(server, 0, 0x5375);
	meter_server_set(server, 1, 0x6e53);
	meter_server_set(server, 2, 1);
	meter_server_set(server, 3, (uint16_t)(at - 4)); /* the common model fills up */
	meter_server_set(server, at, (uint16_t)id);
	meter_server_set(server, at + 1, 105);
	meter_server_set(server, at + 18, (uint16_t)watts);
	meter_server_set(server, at + 22, 0);
	meter_server_set(server, at + 107, 0xffff);
}

START_TEST(discovers_a_sunspec_device_and_again_after_a_reconnect)
{
	int port = meter_server_port(server);
	struct meter_poller_unit unit = {
		.sunspec = models(), .sunspec_instance = 1, .unit = 1, .poll_ms = 20, .key = 2};
	struct meter_poller_config c = config_of(&unit, 1);
	double w = 0;
	pose_as_sunspec(203, 70, 1234);
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 200);
	ck_assert_int_eq(seen[2].failed, 0);
	ck_assert(meter_reading_get(&seen[2].reading, METER_QUANTITY_POWER_W, &w));
	ck_assert_double_eq(w, 1234);
	/* One request a poll once it is known. */
	int before = seen[2].ok, requests = meter_server_requests(server);
	run_for(&p, 1, 200);
	ck_assert_int_le(meter_server_requests(server) - requests, seen[2].ok - before + 2);
	struct meter_table *table = calloc(1, sizeof(*table));
	ck_assert(meter_poller_table(p, 2, table));
	ck_assert_int_eq(table->rows[table->count - 1].type, METER_TYPE_UINT32);
	ck_assert_ptr_nonnull(strstr(table->about, "models 1 203"));
	ck_assert(!meter_poller_table(p, 3, table));
	free(table);
	/* Another device behind the same address: its meter is elsewhere. */
	meter_server_stop(server);
	server = meter_server_start(NULL, port);
	pose_as_sunspec(203, 80, 5678);
	for (int i = 0; i < 20 && w < 5678; i++) {
		run_for(&p, 1, 200);
		meter_reading_get(&seen[2].reading, METER_QUANTITY_POWER_W, &w);
	}
	ck_assert_double_eq(w, 5678);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(says_that_a_device_is_no_sunspec)
{
	struct meter_poller_unit unit = {
		.sunspec = models(), .sunspec_instance = 1, .unit = 1, .poll_ms = 20, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 150);
	ck_assert_int_eq(seen[0].ok, 0);
	ck_assert_int_eq(seen[0].last.result, METER_GARBLED);
	ck_assert_ptr_nonnull(strstr(seen[0].last.stats.last_error, "no SunSpec"));
	meter_poller_destroy(p);
}
END_TEST

START_TEST(mounting_and_raw_rows)
{
	struct meter_poller_unit unit = {
		.map = sdm630, .unit = 1, .poll_ms = 20, .key = 0, .ratio = 2, .is_reversed = true};
	struct meter_poller_config c = config_of(&unit, 1);
	double plain = 0, w = 0;
	meter_server_set_float(server, 52, -1500);
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 100);
	ck_assert(meter_reading_get(&seen[0].reading, METER_QUANTITY_POWER_W, &w));
	ck_assert_double_eq(w, 3000);
	ck_assert(meter_reading_get(&seen[0].reading, METER_QUANTITY_VOLTAGE_L1_V, &plain));
	struct meter_table *table = calloc(1, sizeof(*table));
	ck_assert(meter_poller_table(p, 0, table));
	ck_assert_int_eq(table->count, 13);
	ck_assert_int_ge(table->at_ms, seen[0].reading.at_ms); /* polls go on meanwhile */
	for (int i = 0; i < table->count; i++) {
		if (table->rows[i].quantity != METER_QUANTITY_POWER_W)
			continue;
		ck_assert_int_eq(table->rows[i].address, 52);
		ck_assert_int_eq(table->rows[i].words[0], 0xc4bb); /* -1500 as it was sent */
	}
	free(table);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(reports_exceptions_as_failures)
{
	meter_server_set_exception(server, 4);
	struct meter_poller_unit unit = {.map = sdm630, .unit = 1, .poll_ms = 30, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 200);
	ck_assert_int_eq(seen[0].ok, 0);
	ck_assert_int_eq(seen[0].last.result, METER_EXCEPTION);
	ck_assert_int_eq(seen[0].last.reading.values[0].quality, METER_ABSENT);
	ck_assert(!seen[0].last.is_refused); /* it is broken, not asked for the wrong thing */
	meter_server_set_exception(server, 2);
	run_for(&p, 1, 300);
	ck_assert(seen[0].last.is_refused);
	meter_poller_destroy(p);
}
END_TEST

/* What a window of ten minutes found once holds from the first reading on. */
START_TEST(energy_that_did_not_add_up_before_does_not_yet)
{
	struct meter_poller_unit unit = {
		.map = sdm630, .unit = 1, .poll_ms = 20, .odd = 2, .is_power_low = true, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	struct meter_poller *p = start(&c);
	for (int i = 0; i < 50 && seen[0].ok == 0; i++)
		run_for(&p, 1, 100);
	ck_assert_double_eq(seen[0].reading.odd, 2);
	ck_assert_int_eq(seen[0].reading.values[METER_QUANTITY_POWER_W].quality, METER_SUSPECT);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(marks_what_cannot_be)
{
	struct meter_poller_unit unit = {.map = sdm630, .unit = 1, .poll_ms = 20, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 100);
	meter_server_set_float(server, 72, 1000); /* energy falls */
	meter_server_set_float(server, 52, 1e30f);
	run_for(&p, 1, 100);
	ck_assert_int_eq(seen[0].reading.values[METER_QUANTITY_IMPORT_WH].quality, METER_SUSPECT);
	ck_assert_double_eq(seen[0].reading.values[METER_QUANTITY_IMPORT_WH].value, 1e6);
	ck_assert_int_eq(seen[0].reading.values[METER_QUANTITY_POWER_W].quality, METER_SUSPECT);
	ck_assert_int_eq(seen[0].reading.values[METER_QUANTITY_FREQUENCY_HZ].quality, METER_GOOD);
	meter_poller_destroy(p);
}
END_TEST

/* A gateway that repeats itself: answers stay fresh, what they say does not. */
START_TEST(marks_frozen_values_by_their_age)
{
	struct meter_poller_unit unit = {.map = sdm630, .unit = 1, .poll_ms = 20, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	atomic_store(&wall_ms, 1700000000000);
	c.link.wall_ms = set_wall_ms;
	c.frozen_ms = 60000;
	struct meter_poller *p = start(&c);
	run_for(&p, 1, 100);
	ck_assert_int_eq(seen[0].reading.changed_at_ms, 1700000000000);
	ck_assert_int_eq(seen[0].reading.values[METER_QUANTITY_POWER_W].quality, METER_GOOD);
	atomic_store(&wall_ms, 1700000060000);
	run_for(&p, 1, 100);
	ck_assert_int_eq(seen[0].reading.at_ms, 1700000060000);
	ck_assert_int_eq(seen[0].reading.changed_at_ms, 1700000000000);
	ck_assert_int_eq(seen[0].reading.values[METER_QUANTITY_POWER_W].quality, METER_SUSPECT);
	meter_server_set_float(server, 52, -11251);
	run_for(&p, 1, 100);
	ck_assert_int_eq(seen[0].reading.changed_at_ms, 1700000060000);
	ck_assert_int_eq(seen[0].reading.values[METER_QUANTITY_POWER_W].quality, METER_GOOD);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(stops_within_a_timeout)
{
	meter_server_set_mood(server, SERVER_SILENT);
	struct meter_poller_unit unit = {.map = sdm630, .unit = 1, .poll_ms = 20, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	c.link.timeout_ms = 300;
	struct meter_poller *p = start(&c);
	test_sleep_ms(50); /* in the middle of a request */
	int64_t start_us = test_mono_us();
	meter_poller_destroy(p);
	ck_assert_int_le(test_mono_us() - start_us, 450000);
	/* And at once when it only waits. */
	meter_server_set_mood(server, SERVER_WELL);
	unit.poll_ms = 3600000;
	c.speed = 0;
	p = start(&c);
	test_sleep_ms(100);
	start_us = test_mono_us();
	meter_poller_destroy(p);
	ck_assert_int_le(test_mono_us() - start_us, 50000);
}
END_TEST

START_TEST(keeps_the_newest_when_nobody_drains)
{
	struct meter_poller_unit unit = {.map = sdm630, .unit = 1, .poll_ms = 1, .key = 0};
	struct meter_poller_config c = config_of(&unit, 1);
	c.wake = NULL;
	struct meter_poller *p = start(&c);
	for (int i = 0; i < 500 && meter_poller_dropped(p) == 0; i++)
		test_sleep_ms(10);
	ck_assert_uint_gt(meter_poller_dropped(p), 0);
	int n = meter_poller_drain(p, see, NULL);
	ck_assert_int_eq(n, 256);
	ck_assert_uint_gt(seen[0].last.stats.ok, 2 * 256);
	meter_poller_destroy(p);
}
END_TEST

START_TEST(refuses_to_poll_nothing)
{
	char why[200] = "";
	struct meter_poller_config c = config_of(NULL, 0);
	ck_assert_ptr_null(meter_poller_create(&c, why));
	ck_assert_str_ne(why, "");
	meter_poller_destroy(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter_poller");
	TCase *tc = tcase_create("poller");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, hands_over_readings);
	tcase_add_test(tc, speed_divides_the_period);
	tcase_add_test(tc, a_dead_unit_costs_its_neighbour_one_timeout);
	tcase_add_test(tc, what_is_asked_for_is_not_waited_for);
	tcase_add_test(tc, a_dead_link_never_slows_another);
	tcase_add_test(tc, survives_a_restart_of_the_server);
	tcase_add_test(tc, does_without_gaps_where_a_meter_refuses_them);
	tcase_add_test(tc, discovers_a_sunspec_device_and_again_after_a_reconnect);
	tcase_add_test(tc, says_that_a_device_is_no_sunspec);
	tcase_add_test(tc, mounting_and_raw_rows);
	tcase_add_test(tc, reports_exceptions_as_failures);
	tcase_add_test(tc, energy_that_did_not_add_up_before_does_not_yet);
	tcase_add_test(tc, marks_what_cannot_be);
	tcase_add_test(tc, marks_frozen_values_by_their_age);
	tcase_add_test(tc, stops_within_a_timeout);
	tcase_add_test(tc, keeps_the_newest_when_nobody_drains);
	tcase_add_test(tc, refuses_to_poll_nothing);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
