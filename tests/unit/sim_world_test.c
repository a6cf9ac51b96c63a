/*
 * A small depot as a whole: vans by the clock, loads of the tree, meters, failures, the report.
 */
#include <modbus/modbus.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gen/depot.h"
#include "ocpp/frame.h"
#include "schemas/yaml.h"
#include "tools/depotsim/daytime.h"
#include "tools/depotsim/sim.h"

#define START INT64_C(1773241200000) /* 2026-03-11T15:00:00Z, 16:00 in Amsterdam */

static const char depot_text[] =
	"depot: test\nname: Test\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 40000, meter: main}\n"
	"  - {id: house, kind: load, parent: site}\n"
	"  - {id: feeder, kind: feeder, parent: site, limit_w: 30000}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: PORT}, unit: 3}\n"
	"stations:\n"
	"  - {id: CP-1, node: feeder, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140},"
	" {id: 2, kind: ac, max_w: 7360, min_w: 1380, phases: 1}]}\n"
	"vehicles:\n"
	"  - {id: V-1, token: T1, battery_wh: 50000, max_ac_w: 22000, max_dc_w: 0, "
	"target_pct: 80, departs: \"06:00\"}\n"
	"  - {id: V-2, token: T2, battery_wh: 50000, max_ac_w: 22000, max_dc_w: 0, "
	"target_pct: 80, departs: \"06:00\"}\n";

static const char scenario_text[] =
	"efficiency_ac_pct: 100\n"
	"base_load:\n"
	"  - {node: house, points: [{at: \"04:00\", w: 2000}, {at: \"16:00\", w: 8000}]}\n"
	"visits:\n"
	"  - {vehicle: V-1, station: CP-1, evse: 1, arrives: \"17:00\", soc_pct: 20}\n"
	"  - {vehicle: V-2, station: CP-1, evse: 2, arrives_at: \"2026-03-11T16:30:00Z\", "
	"departs_at: \"2026-03-11T18:30:00Z\", need_wh: 40000}\n"
	"failures:\n"
	"  - {kind: base_load_spike, target: house, at: \"19:00\", for_s: 600, w: 30000}\n"
	"  - {kind: meter_frozen, target: main, at: \"19:00\", for_s: 60}\n"
	"  - {kind: station_offline, target: CP-1, at_time: \"2026-03-11T19:00:00Z\", "
	"for_s: 3600}\n";

static struct {
	struct arena *arena;
	struct depot_file *depot;
	struct scenario_file *scenario;
	struct sim *sim;
	bool opening, closing;
	int waiting; /* frames to answer */
	char frames[4][20000];
	int events;
} world;

/* ---- a central system that says yes ---- */

static void on_connect(void *ctx)
{
	world.opening = true;
}

static void on_disconnect(void *ctx, bool abrupt)
{
	world.closing = true;
}

static int on_send(void *ctx, const char *text, size_t len)
{
	ck_assert_int_lt(world.waiting, 4);
	ck_assert_uint_lt(len, sizeof world.frames[0]);
	memcpy(world.frames[world.waiting], text, len);
	world.frames[world.waiting++][len] = '\0';
	return 0;
}

static int make_port(void *ctx, int i, const char *id, int profile, struct station_port *out)
{
	*out = (struct station_port){
		on_connect, on_disconnect, on_send, NULL, NULL, NULL, NULL, NULL};
	return 0;
}

static void answer(const char *text)
{
	struct ocpp_limits limits = {.version = OCPP_VERSION_2_0_1};
	struct ocpp_frame f;
	struct ocpp_frame_error err;
	char frame[300];
	const char *payload = "{}";
	ck_assert_int_eq(ocpp_frame_parse(text, strlen(text), &limits, &f, &err), 0);
	if (strcmp(f.action, "BootNotification") == 0)
		payload = "{\"currentTime\":\"2026-03-11T15:00:00Z\",\"interval\":900,"
			  "\"status\":\"Accepted\"}";
	else if (strcmp(f.action, "Heartbeat") == 0)
		payload = "{\"currentTime\":\"2026-03-11T15:00:00Z\"}";
	else if (strcmp(f.action, "Authorize") == 0)
		payload = "{\"idTokenInfo\":{\"status\":\"Accepted\"}}";
	world.events += strcmp(f.action, "TransactionEvent") == 0;
	snprintf(frame, sizeof frame, "[3,\"%s\",%s]", f.id.text, payload);
	station_received(sim_station(world.sim, 0), frame, strlen(frame));
}

static void second(void)
{
	struct station *s = sim_station(world.sim, 0);
	if (world.opening) {
		world.opening = false;
		station_opened(s);
	}
	sim_step(world.sim);
	while (world.waiting) {
		char frame[sizeof world.frames[0]];
		memcpy(frame, world.frames[0], sizeof frame);
		world.waiting--;
		memmove(world.frames[0], world.frames[1],
			(size_t)world.waiting * sizeof world.frames[0]);
		answer(frame);
	}
	if (world.closing) {
		world.closing = false;
		station_closed(s);
	}
}

static void run_until(const char *local)
{
	int64_t end = daytime_next(sim_now(world.sim), daytime_parse(local)).ms;
	while (sim_now(world.sim).ms < end)
		second();
}

static const struct node_record *node(int i)
{
	return &sim_report(world.sim)->nodes[i];
}

static struct sim *create(const char *depot, const char *scenario, char why[400])
{
	char text[4000];
	const char *at = strstr(depot, "PORT");
	snprintf(text, sizeof text, "%.*s%d%s", (int)(at - depot), depot, 1, at + 4);
	world.depot =
		schema_yaml_decode(&depot_file_type, "depot", text, strlen(text), world.arena, why);
	ck_assert_msg(world.depot != NULL, "%s", why);
	/* The schema asks for a port; the system may choose. */
	world.depot->meters.items[0].tcp->port = 0;
	world.scenario = schema_yaml_decode(
		&scenario_file_type, "scenario", scenario, strlen(scenario), world.arena, why);
	ck_assert_msg(world.scenario != NULL, "%s", why);
	struct sim_options options = {
		.start = {START}, .call_timeout_ms = 30000, .port = make_port};
	return sim_create(world.depot, world.scenario, &options, why);
}

static void setup(void)
{
	char why[400];
	memset(&world, 0, sizeof world);
	ck_assert_int_eq(daytime_set_zone("Europe/Amsterdam"), 0);
	world.arena = arena_create(0);
	world.sim = create(depot_text, scenario_text, why);
	ck_assert_msg(world.sim != NULL, "%s", why);
}

static void teardown(void)
{
	sim_destroy(world.sim);
	arena_destroy(world.arena);
}

START_TEST(base_load_is_straight_between_points)
{
	second();
	ck_assert_int_eq(node(0)->now_mw, 8000000);
	ck_assert_int_eq(node(1)->now_mw, 8000000);
	ck_assert_int_eq(node(2)->now_mw, 0);
	run_until("16:30");
	second();
	/* down 6 kW in 12 hours: 250 W in half an hour */
	ck_assert_int_eq(node(0)->now_mw, 7750000);
}
END_TEST

START_TEST(vans_come_charge_and_go)
{
	run_until("17:00");
	ck_assert_int_eq(node(2)->now_mw, 0);
	run_until("17:10");
	ck_assert_int_eq(node(2)->now_mw, 22000000);
	run_until("17:45");
	ck_assert_int_eq(node(2)->now_mw, 29360000);
	ck_assert_int_eq(node(0)->now_mw, node(1)->now_mw + 29360000);
	run_until("23:00");
	ck_assert_int_eq(node(2)->now_mw, 0);
	run_until("06:01");
	const struct report *r = sim_report(world.sim);
	ck_assert_int_eq(r->stay_count, 2);
	const struct stay *one = r->stays[0], *two = r->stays[1];
	ck_assert_str_eq(one->vehicle, "V-1");
	ck_assert(one->ready && one->possible);
	ck_assert_int_eq(one->got_wh, 40000);
	ck_assert_int_eq(one->left.ms, one->departs.ms);
	/* 40 kWh in two hours at 7.36 kW: nobody could have done it */
	ck_assert(!two->ready && !two->possible);
	ck_assert_int_eq(two->need_wh, 40000);
	ck_assert_int_eq(two->left.ms - two->arrived.ms, 7200000);
	/* What the EVSEs took is what the feeder carried, to the last unit. */
	int64_t mws = 0;
	for (int i = 0; i < r->session_count; i++)
		mws += r->sessions[i]->end_mws - r->sessions[i]->begin_mws;
	ck_assert_int_eq(mws, r->nodes[2].energy_mws);
	run_until("17:30"); /* V-1 comes every day, V-2 came once */
	ck_assert_int_eq(sim_report(world.sim)->stay_count, 3);
}
END_TEST

START_TEST(spike_and_frozen_meter)
{
	modbus_t *bus = modbus_new_tcp("127.0.0.1", sim_meter_port(world.sim, "main"));
	uint16_t words[2];
	modbus_set_slave(bus, 3);
	ck_assert_int_eq(modbus_connect(bus), 0);
	run_until("19:00");
	ck_assert_int_eq(node(0)->seconds_above, 0);
	int64_t before = node(0)->now_mw;
	ck_assert_int_eq(modbus_read_input_registers(bus, 52, 2, words), 2);
	ck_assert_float_eq_tol(
		modbus_get_float_abcd(words), (float)before / 1000, (float)before / 1e6f);
	second();
	ck_assert_int_ge(node(0)->now_mw, before + 29990000);
	ck_assert_int_eq(modbus_read_input_registers(bus, 52, 2, words), 2);
	ck_assert_float_eq_tol(
		modbus_get_float_abcd(words), (float)before / 1000, (float)before / 1e6f);
	run_until("19:05");
	ck_assert_int_eq(modbus_read_input_registers(bus, 52, 2, words), 2);
	ck_assert_float_eq_tol(
		modbus_get_float_abcd(words), (float)node(0)->now_mw / 1000, (float)before / 1e6f);
	run_until("19:15");
	/* 6.5 + 30 + what the vans took is above 40 kW, for as long as the spike was there */
	ck_assert_int_gt(node(0)->seconds_above, 300);
	ck_assert_int_le(node(0)->seconds_above, 600);
	ck_assert_int_lt(node(0)->now_mw, 40000000);
	modbus_close(bus);
	modbus_free(bus);
}
END_TEST

START_TEST(offline_for_an_hour)
{
	run_until("20:00");
	ck_assert(station_is_connected(sim_station(world.sim, 0)));
	run_until("20:30");
	ck_assert(!station_is_connected(sim_station(world.sim, 0)));
	int events = world.events;
	run_until("21:05");
	ck_assert(station_is_connected(sim_station(world.sim, 0)));
	ck_assert(station_is_drained(sim_station(world.sim, 0)));
	ck_assert_int_gt(world.events, events + 60);
	ck_assert_int_eq(sim_report(world.sim)->wire.disconnects, 1);
	ck_assert_int_eq(sim_report(world.sim)->fault_count, 0);
}
END_TEST

START_TEST(report_is_json)
{
	struct text json, frame;
	struct ocpp_limits limits = {.version = OCPP_VERSION_2_0_1, .max_bytes = 1 << 20};
	struct ocpp_frame f;
	struct ocpp_frame_error err;
	run_until("18:00");
	text_init(&json, 0);
	text_init(&frame, 0);
	report_write(sim_report(world.sim), (wall_t){START}, sim_now(world.sim), &json);
	text_printf(&frame, "[3,\"x\",%s]", json.data);
	ck_assert_msg(ocpp_frame_parse(frame.data, frame.len, &limits, &f, &err) == 0, "%s at %zu",
		err.description, err.at);
	ck_assert_ptr_nonnull(strstr(json.data, "\"seconds\":7200,"));
	ck_assert_ptr_nonnull(strstr(json.data, "\"vehicle\":\"V-2\""));
	text_finish(&json);
	text_finish(&frame);
}
END_TEST

START_TEST(complains_about_what_is_not_there)
{
	static const struct {
		const char *scenario, *why;
	} rows[] = {
		{"visits: [{vehicle: V-9, station: CP-1, arrives: \"17:00\"}]", "vehicle V-9"},
		{"visits: [{vehicle: V-1, station: CP-9, arrives: \"17:00\"}]", "station CP-9"},
		{"visits: [{vehicle: V-1, station: CP-1, evse: 3, arrives: \"17:00\"}]", "EVSE 3"},
		{"visits: [{vehicle: V-1, station: CP-1, arrives: \"7:00\"}]", "HH:MM"},
		{"base_load: [{node: x, points: [{at: \"01:00\", w: 1}]}]", "node x"},
		{"base_load: [{node: house, points: [{at: \"02:00\", w: 1}, {at: \"01:00\", w: "
		 "1}]}]",
			"rise"},
		{"failures: [{kind: meter_silent, target: CP-1, at: \"01:00\", for_s: 1}]", "CP-1"},
		{"failures: [{kind: slow_answers, target: CP-1, for_s: 1}]", "say when"},
	};
	char why[400];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert_ptr_null(create(depot_text, rows[i].scenario, why));
		ck_assert_msg(strstr(why, rows[i].why) != NULL, "row %zu: %s", i, why);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim_world");
	TCase *t = tcase_create("world");
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, base_load_is_straight_between_points);
	tcase_add_test(t, vans_come_charge_and_go);
	tcase_add_test(t, spike_and_frozen_meter);
	tcase_add_test(t, offline_for_an_hour);
	tcase_add_test(t, report_is_json);
	tcase_add_test(t, complains_about_what_is_not_there);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
