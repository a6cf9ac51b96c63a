/* Health and metrics: is depotd alive, is it ready, and its counters for Prometheus. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_system.h"
#include "csms/station/call.h"
#include "csms/power/control.h"
#include "csms/metering/meters.h"
#include "csms/oscp/oscp.h"
#include "csms/station/session.h"
#include "csms/net/ws_server.h"

void livez_get(struct ask *k)
{
	ask_reply(k, 200, &api_health_type, &(struct api_health){.ok = true});
}

void readyz_get(struct ask *k)
{
	char why[300] = "";
	bool ok = db_healthy(k->api->core->db, why) && !k->api->core->is_stopping;

	if (k->api->core->is_stopping)
		strcpy(why, "depotd is stopping");
	ask_reply(k, ok ? 200 : 503, &api_health_type,
		&(struct api_health){.ok = ok, .what = ok ? NULL : why});
}

/* -- metrics --------------------------------------------------------------------------------- */

static void put_head(struct text *t, const char *name, const char *type, const char *help)
{
	text_printf(t, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_int(
	struct text *t, const char *name, const char *type, const char *help, int64_t value)
{
	put_head(t, name, type, help);
	text_printf(t, "%s %lld\n", name, (long long)value);
}

static void put_seconds(
	struct text *t, const char *name, const char *type, const char *help, int64_t us)
{
	put_head(t, name, type, help);
	text_printf(t, "%s %.6f\n", name, (double)us / 1e6);
}

static void put_ocpp(const struct core *c, struct text *t)
{
	const struct metrics *m = &c->metrics;

	put_head(t, "depotd_ocpp_messages_total", "counter", "OCPP CALLs by direction and action");
	for (int i = 0; i < OCPP201_ACTION_COUNT; i++) {
		const char *name = ocpp201_actions[i].name;
		if (m->calls_in[i] > 0)
			text_printf(t,
				"depotd_ocpp_messages_total{direction=\"in\",action=\"%s\"} %lld\n",
				name, (long long)m->calls_in[i]);
		if (m->calls_out[i] > 0)
			text_printf(t,
				"depotd_ocpp_messages_total{direction=\"out\",action=\"%s\"} %lld\n",
				name, (long long)m->calls_out[i]);
	}
	put_head(t, "depotd_ocpp_errors_total", "counter", "CALLERRORs by direction");
	text_printf(
		t, "depotd_ocpp_errors_total{direction=\"in\"} %lld\n", (long long)m->errors_in);
	text_printf(
		t, "depotd_ocpp_errors_total{direction=\"out\"} %lld\n", (long long)m->errors_out);
	put_int(t, "depotd_ocpp_bad_frames_total", "counter", "Texts that were no OCPP-J message",
		m->bad_frames);
	put_int(t, "depotd_ocpp_values_dropped_total", "counter",
		"Sampled values beyond the limits of a point or station: newest shown, none recorded",
		m->values_dropped);
	put_int(t, "depotd_ocpp_parts_unread_total", "counter",
		"Parts of messages of stations that could not be read and were left out",
		m->parts_unread);
	put_int(t, "depotd_ocpp_repeated_total", "counter", "Retries answered from memory",
		m->repeated);
	put_int(t, "depotd_unknown_connectors_total", "counter",
		"States of connectors that their station does not have here, and which are not used",
		m->unknown_connectors);
	put_int(t, "depotd_ocpp_calls_timed_out_total", "counter",
		"Calls to stations that nobody answered in time", m->calls_timed_out);
	put_int(t, "depotd_station_auth_failures_total", "counter",
		"Refused connections of stations", m->auth_failures);
}

static void put_limits(const struct core *c, struct text *t)
{
	put_head(t, "depotd_limits_reached_total", "counter",
		"How often a client reached a limit (docs/security.md)");
	for (int i = LIMIT_NONE + 1; i < LIMIT_COUNT; i++)
		text_printf(t, "depotd_limits_reached_total{limit=\"%s\"} %lld\n",
			limit_rows[i].name, (long long)c->metrics.limits[i]);
}

static void put_stations(const struct core *c, struct text *t)
{
	int by_profile[4] = {0}, open = 0, waiting = 0;

	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		if (s->session != NULL)
			by_profile[s->connected_profile & 3]++;
		if (s->calls != NULL)
			waiting += call_queue_length(s->calls);
		for (int i = 0; i < s->evse_count; i++)
			open += s->evses[i].tx.is_open;
	}
	put_int(t, "depotd_stations_registered", "gauge", "Stations that are registered",
		(int64_t)HASH_COUNT(c->fleet.stations));
	put_head(t, "depotd_stations_connected", "gauge", "Connected stations by security profile");
	for (int i = 1; i <= 3; i++)
		text_printf(t, "depotd_stations_connected{profile=\"%d\"} %d\n", i, by_profile[i]);
	put_int(t, "depotd_transactions_open", "gauge", "Transactions that are open", open);
	put_int(t, "depotd_calls_waiting", "gauge", "Calls to stations, waiting or outstanding",
		waiting);
}

static void put_ws(const struct ws_stats *s, struct text *t)
{
	put_int(t, "depotd_ws_connections", "gauge", "Open WebSocket connections", s->open);
	put_int(t, "depotd_ws_accepted_total", "counter", "Accepted connections", s->accepted);
	put_int(t, "depotd_ws_refused_total", "counter", "Refused connections", s->refused);
	put_head(t, "depotd_ws_messages_total", "counter", "WebSocket messages");
	text_printf(
		t, "depotd_ws_messages_total{direction=\"in\"} %lld\n", (long long)s->messages_in);
	text_printf(t, "depotd_ws_messages_total{direction=\"out\"} %lld\n",
		(long long)s->messages_out);
	put_head(t, "depotd_ws_bytes_total", "counter", "WebSocket payload");
	text_printf(t, "depotd_ws_bytes_total{direction=\"in\"} %lld\n", (long long)s->bytes_in);
	text_printf(t, "depotd_ws_bytes_total{direction=\"out\"} %lld\n", (long long)s->bytes_out);
	put_head(t, "depotd_ws_dropped_total", "counter", "Connections that we closed");
	text_printf(t, "depotd_ws_dropped_total{reason=\"silent\"} %lld\n",
		(long long)s->dropped_silent);
	text_printf(t, "depotd_ws_dropped_total{reason=\"oversize\"} %lld\n",
		(long long)s->dropped_oversize);
	text_printf(t, "depotd_ws_dropped_total{reason=\"binary\"} %lld\n",
		(long long)s->dropped_binary);
}

static void put_db(const struct core *c, struct text *t)
{
	struct db_stats s;

	db_stats(c->db, &s);
	put_int(t, "depotd_db_events_total", "counter", "Journal events written", s.events);
	put_int(t, "depotd_db_frames_total", "counter", "Messages recorded", s.frames);
	put_int(t, "depotd_db_lost_total", "counter",
		"Messages and measurements that could not be recorded", s.lost);
	put_int(t, "depotd_db_samples_total", "counter", "Measurements written", s.samples);
	put_int(t, "depotd_db_duplicates_total", "counter",
		"Events dropped by their idempotency key", s.duplicates);
	put_int(t, "depotd_db_refused_total", "counter",
		"Turns that the full queue of the store refused; stations were not answered",
		c->metrics.turns_refused);
	put_int(t, "depotd_db_commits_total", "counter", "Group commits", s.commits);
	put_int(t, "depotd_db_queue_batches", "gauge", "Batches that wait for the writer",
		s.queued);
	put_seconds(t, "depotd_db_commit_seconds_total", "counter", "Time spent committing",
		s.commit_us_sum);
	put_seconds(t, "depotd_db_commit_max_seconds", "gauge", "Longest commit", s.commit_us_max);
}

static void put_control(const struct core *c, struct text *t)
{
	const struct metrics *m = &c->metrics;
	const struct control_node *site = c->control != NULL ? control_node(c->control, 0) : NULL;

	if (site != NULL && site->load_w != GRID_UNKNOWN)
		put_int(t, "depotd_site_power_watts", "gauge", "Measured import of the site",
			site->load_w);
	if (site != NULL && site->limit_w >= 0)
		put_int(t, "depotd_site_limit_watts", "gauge", "Limit of the site in force",
			site->limit_w);
	put_int(t, "depotd_guard_cycles_total", "counter", "Turns of the guard", m->guard_cycles);
	put_int(t, "depotd_guard_lowered_total", "counter", "Limits lowered by the guard",
		m->guard_lowered);
	put_int(t, "depotd_plans_total", "counter", "Plans made", m->plans);
	put_seconds(
		t, "depotd_plan_seconds_total", "counter", "Time spent planning", m->plan_us_sum);
	put_head(t, "depotd_limit_violation_seconds_total", "counter",
		"Time that a measured load was above its node's limit");
	text_printf(t, "depotd_limit_violation_seconds_total %.3f\n",
		(double)m->limit_violation_ms / 1000.0);
}

static void put_meters(const struct core *c, struct text *t)
{
	int count = c->meters != NULL ? meters_count(c->meters) : 0;
	int64_t polls = 0, timeouts = 0, errors = 0;

	for (int i = 0; i < count; i++) {
		const struct meter_link_stats *s = &meters_at(c->meters, i)->stats;
		polls += (int64_t)s->polls;
		timeouts += (int64_t)s->timeouts;
		errors += (int64_t)(s->exceptions + s->garbled + s->crc_errors + s->broken);
	}
	put_int(t, "depotd_meter_polls_total", "counter", "Modbus requests", polls);
	put_int(t, "depotd_meter_timeouts_total", "counter", "Modbus requests without answer",
		timeouts);
	put_int(t, "depotd_meter_errors_total", "counter", "Modbus requests that failed", errors);
}

static void put_turn_counts(
	struct text *t, const char *name, const char *help, const int64_t counts[LOOP_TURN_BOUNDS])
{
	put_head(t, name, "counter", help);
	for (int i = 0; i < LOOP_TURN_BOUNDS; i++)
		text_printf(t, "%s{over=\"%g\"} %lld\n", name, loop_turn_bounds_ms[i] / 1000.0,
			(long long)counts[i]);
}

static void put_turns(struct loop *l, struct text *t)
{
	struct loop_longest longest = loop_take_longest(l);

	put_seconds(t, "depotd_loop_turn_max_seconds", "gauge",
		"Longest turn of the loop since the last look", longest.real_us);
	put_seconds(t, "depotd_loop_turn_cpu_max_seconds", "gauge",
		"Most processor time of a turn of the loop since the last look", longest.cpu_us);
	put_turn_counts(t, "depotd_loop_turns_total",
		"Turns of the loop that took longer than so many seconds", loop_long_turns(l));
	put_turn_counts(t, "depotd_loop_turns_cpu_total",
		"Turns of the loop that took more than so many seconds of processor time",
		loop_long_turns_cpu(l));
}

static void put_process(struct api *api, struct text *t)
{
	const struct core *c = api->core;

	put_head(t, "depotd_build_info", "gauge", "Version of depotd");
	text_printf(t, "depotd_build_info{version=\"%s\"} 1\n", DEPOTD_VERSION);
	put_head(t, "depotd_start_time_seconds", "gauge", "When depotd started, depot time");
	text_printf(t, "depotd_start_time_seconds %.3f\n", (double)c->started.ms / 1000.0);
	if (c->loop != NULL)
		put_turns(c->loop, t);
	put_int(t, "depotd_http_requests_total", "counter", "Requests to the API and console",
		api->requests);
	put_int(t, "depotd_http_refused_total", "counter", "Requests answered with a problem",
		api->refused);
	put_int(t, "depotd_http_auth_failures_total", "counter", "Failed sign-ins and tokens",
		auth_failure_count(api->auth));
	put_int(t, "depotd_http_sessions", "gauge", "Sessions of browsers",
		auth_session_count(api->auth));
	put_int(t, "depotd_http_streams", "gauge", "Open event streams",
		streams_count(api->streams));
}

static void put_oscp(struct oscp *o, struct text *t)
{
	static const char online[] = "depotd_oscp_online",
			  messages[] = "depotd_oscp_messages_total";
	struct oscp_view v;

	if (oscp_count(o) == 0)
		return;
	put_head(t, online, "gauge", "Capacity providers: 1 online, 0 offline or not registered");
	for (int i = 0; i < oscp_count(o); i++) {
		oscp_look(oscp_at(o, i), &v);
		text_printf(t, "%s{provider=\"%s\"} %d\n", online, v.id, v.is_online);
	}
	put_head(t, messages, "counter", "OSCP messages by provider and what became of them");
	for (int i = 0; i < oscp_count(o); i++) {
		oscp_look(oscp_at(o, i), &v);
		const struct oscp_counters *n = &v.counters;
		const struct {
			const char *result;
			int64_t value;
		} rows[] = {{"received", n->received}, {"refused", n->refused}, {"sent", n->sent},
			{"failed", n->failed}};
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
			text_printf(t, "%s{provider=\"%s\",result=\"%s\"} %lld\n", messages, v.id,
				rows[j].result, (long long)rows[j].value);
	}
}

void metrics_write(struct api *api, struct text *out)
{
	const struct core *c = api->core;

	put_process(api, out);
	put_stations(c, out);
	if (c->stations != NULL)
		put_ws(ws_server_stats(c->stations), out);
	put_ocpp(c, out);
	put_limits(c, out);
	put_db(c, out);
	put_control(c, out);
	put_meters(c, out);
	put_oscp(c->oscp, out);
}

void metrics_get(struct ask *k)
{
	struct text out;

	text_init(&out, 1 << 20);
	metrics_write(k->api, &out);
	if (text_ok(&out))
		ask_reply_text(
			k, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
	else
		ask_problem(k, 503, NULL, "no memory for the metrics");
	text_finish(&out);
}
