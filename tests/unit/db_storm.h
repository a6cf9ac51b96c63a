/* A storm of random events of all kinds, the same for the same seed. */
#ifndef TESTS_UNIT_DB_STORM_H
#define TESTS_UNIT_DB_STORM_H

#include "tests/unit/db_fixture.h"

#define STORM_STATIONS 6

struct storm {
	unsigned seed;
	int64_t at;
	int64_t epoch;
};

static inline int storm_roll(struct storm *s, int n)
{
	return rand_r(&s->seed) % n;
}

#define STORM_NEW(type, name)                                                                      \
	struct event_##type *name = arena_alloc(db_batch_arena(b), sizeof *name)

static inline void storm_station(struct storm *s, struct db_batch *b, const char *stream)
{
	struct arena *a = db_batch_arena(b);
	switch (storm_roll(s, 7)) {
	case 0: {
		STORM_NEW(station_registered, r);
		struct event_evse *evses = arena_alloc(a, 3 * sizeof *evses);
		int count = storm_roll(s, 4);
		for (int i = 0; i < count; i++)
			evses[i] = (struct event_evse){.id = i + 1,
				.kind = "ac",
				.max_w = 22000,
				.min_w = 1380,
				.phases = 3,
				.tail_w = 1400,
				.connectors = 1};
		*r = (struct event_station_registered){.policy = storm_roll(s, 3),
			.node = "feeder-1",
			.source = "api",
			.name = storm_roll(s, 2) ? "Dock \"7\" é" : NULL,
			.evses = {(size_t)count, evses}};
		fixture_add(b, stream, EVENT_STATION_REGISTERED, r, s->at, -1, NULL);
		break;
	}
	case 1: {
		STORM_NEW(station_removed, r);
		if (storm_roll(s, 8) == 0)
			fixture_add(b, stream, EVENT_STATION_REMOVED, r, s->at, -1, NULL);
		break;
	}
	case 2: {
		STORM_NEW(station_connected, c);
		*c = (struct event_station_connected){.epoch = ++s->epoch,
			.security_profile = 2,
			.protocol = "ocpp2.0.1",
			.peer = "127.0.0.1:4000"};
		fixture_add(b, stream, EVENT_STATION_CONNECTED, c, s->at, -1, NULL);
		break;
	}
	case 3: {
		STORM_NEW(station_disconnected, d);
		*d = (struct event_station_disconnected){
			.epoch = s->epoch - storm_roll(s, 4), .code = 1006, .why = "gone"};
		fixture_add(b, stream, EVENT_STATION_DISCONNECTED, d, s->at, -1, NULL);
		break;
	}
	case 4:
		fixture_add(b, stream, EVENT_STATION_BOOTED, &fixture_boot, s->at, -1, NULL);
		break;
	case 5: {
		static const char *const states[] = {"Available", "Occupied", "Faulted"};
		STORM_NEW(connector_status_changed, c);
		*c = (struct event_connector_status_changed){.evse_id = 1 + storm_roll(s, 2),
			.connector_id = 1,
			.status = states[storm_roll(s, 3)]};
		fixture_add(b, stream, EVENT_CONNECTOR_STATUS_CHANGED, c,
			s->at - storm_roll(s, 5) * 1000, -1, NULL);
		break;
	}
	default: {
		STORM_NEW(setpoint_changed, p);
		*p = (struct event_setpoint_changed){.evse_id = 1,
			.limit_w = storm_roll(s, 22000),
			.source = "plan",
			.reason = "departure 06:10",
			.profile_id = 10};
		fixture_add(b, stream, EVENT_SETPOINT_CHANGED, p, s->at, -1, NULL);
	}
	}
}

static inline void storm_transaction(struct storm *s, struct db_batch *b, const char *station)
{
	struct arena *a = db_batch_arena(b);
	STORM_NEW(transaction_reported, t);
	int seq = storm_roll(s, 12);
	const char *id = arena_printf(a, "tx-%d", storm_roll(s, 40));
	*t = (struct event_transaction_reported){
		.station_id = station,
		.transaction_id = id,
		.kind = seq == 0    ? "Started"
			: seq == 11 ? "Ended"
				    : "Updated",
		.seq_no = seq,
		.trigger = "MeterValuePeriodic",
		.offline = storm_roll(s, 4) == 0,
		.has_evse_id = storm_roll(s, 2),
		.evse_id = 1,
		.id_token = storm_roll(s, 3) == 0 ? "AABB" : NULL,
		.id_token_type = "Central",
		.token_status = "Accepted",
		.vehicle_id = storm_roll(s, 3) == 0 ? "VAN-1" : NULL,
		.charging_state = storm_roll(s, 2) ? "Charging" : NULL,
		.stopped_reason = seq == 11 ? "Local" : NULL,
		.has_meter_wh = storm_roll(s, 2),
		.meter_wh = 0.1 * storm_roll(s, 1000000),
		.has_power_w = storm_roll(s, 2),
		.power_w = storm_roll(s, 11000) / 3.0,
		.samples = storm_roll(s, 4),
		.quarantined = storm_roll(s, 20) == 0 ? "leaps" : NULL,
	};
	/* Mostly the number is the key, as the daemon does it; some break the rule. */
	int rule = storm_roll(s, 80);
	fixture_add(b, arena_printf(a, "transaction/%s/%s", station, id),
		EVENT_TRANSACTION_REPORTED, t, s->at - storm_roll(s, 100) * 1000, -1,
		rule == 0   ? NULL
		: rule == 1 ? arena_printf(a, "%d", seq + 1)
			    : arena_printf(a, "%d", seq));
}

/* One event of a transaction with its number as key; its status. */
static inline int storm_numbered(struct db *db, const char *id, int seq)
{
	struct db_batch *b = db_batch_create(db);
	STORM_NEW(transaction_reported, t);
	*t = (struct event_transaction_reported){.station_id = "CP-1",
		.transaction_id = id,
		.kind = "Updated",
		.seq_no = seq,
		.trigger = "MeterValuePeriodic"};
	fixture_add(b, arena_printf(db_batch_arena(b), "transaction/CP-1/%s", id),
		EVENT_TRANSACTION_REPORTED, t, T0, -1, arena_printf(db_batch_arena(b), "%d", seq));
	return fixture_write(db, b);
}

static inline void storm_call(struct storm *s, struct db_batch *b, const char *stream)
{
	const char *id = arena_printf(db_batch_arena(b), "call-%d", storm_roll(s, 200));
	if (storm_roll(s, 2)) {
		STORM_NEW(call_queued, q);
		*q = (struct event_call_queued){.call_id = id,
			.action = "Reset",
			.payload = "{\"type\":\"OnIdle\"}",
			.why = "test"};
		fixture_add(b, stream, EVENT_CALL_QUEUED, q, s->at, -1, NULL);
		return;
	}
	STORM_NEW(call_ended, e);
	*e = (struct event_call_ended){.call_id = id,
		.action = "Reset",
		.outcome = storm_roll(s, 6),
		.status = "Accepted",
		.response = "{\"status\":\"Accepted\"}",
		.took_ms = storm_roll(s, 900)};
	fixture_add(b, stream, EVENT_CALL_ENDED, e, s->at, -1, NULL);
}

static inline void storm_control(struct storm *s, struct db_batch *b)
{
	struct arena *a = db_batch_arena(b);
	if (storm_roll(s, 2)) {
		STORM_NEW(plan_made, p);
		*p = (struct event_plan_made){.trigger = "arrival",
			.vehicles = 4,
			.slots = 96,
			.slot_ms = 300000,
			.start = {s->at},
			.solve_us = storm_roll(s, 9000),
			.snapshot = "{\"v\":1}",
			.result = "[]"};
		fixture_add(b, arena_printf(a, "plan/%lld", (long long)s->at), EVENT_PLAN_MADE, p,
			s->at, -1, NULL);
		return;
	}
	STORM_NEW(guard_acted, g);
	static const char *lowered[] = {"CP-1/1 11000>6000"};
	*g = (struct event_guard_acted){.node = "site",
		.measured_w = 260000,
		.has_limit_w = true,
		.limit_w = 250000,
		.quality = "measured",
		.lowered = {1, lowered},
		.reason = "over the limit"};
	fixture_add(b, "depot/demo", EVENT_GUARD_ACTED, g, s->at, -1, NULL);
}

static inline void storm_access(struct storm *s, struct db_batch *b)
{
	struct arena *a = db_batch_arena(b);
	const char *value = arena_printf(a, "T%d", storm_roll(s, 20));
	switch (storm_roll(s, 6)) {
	case 0: {
		STORM_NEW(token_removed, t);
		*t = (struct event_token_removed){.type = "Central", .value = value};
		fixture_add(b, arena_printf(a, "token/Central/%s", value), EVENT_TOKEN_REMOVED, t,
			s->at, -1, NULL);
		break;
	}
	case 1: {
		STORM_NEW(sign_in_link_made, l);
		l->expires.ms = s->at + 60000;
		fixture_add(b, "user/anna", EVENT_SIGN_IN_LINK_MADE, l, s->at, -1, NULL);
		break;
	}
	case 2: {
		STORM_NEW(signed_in, i);
		*i = (struct event_signed_in){
			.method = storm_roll(s, 2) ? "link" : "token", .peer = "::1"};
		fixture_add(b, "user/anna", EVENT_SIGNED_IN, i, s->at, -1, NULL);
		break;
	}
	case 3: {
		STORM_NEW(api_token_made, t);
		*t = (struct event_api_token_made){.digest = value, .name = "ci", .role = "viewer"};
		fixture_add(b, arena_printf(a, "apitoken/%s", value), EVENT_API_TOKEN_MADE, t,
			s->at, -1, NULL);
		break;
	}
	case 4: {
		STORM_NEW(api_token_revoked, r);
		r->why = "left";
		fixture_add(b, arena_printf(a, "apitoken/%s", value), EVENT_API_TOKEN_REVOKED, r,
			s->at, -1, NULL);
		break;
	}
	default: {
		STORM_NEW(token_changed, t);
		*t = (struct event_token_changed){.type = "Central",
			.value = value,
			.status = storm_roll(s, 2) ? "Accepted" : "Blocked",
			.source = "api",
			.has_expires = storm_roll(s, 2),
			.expires = {s->at + 1000}};
		fixture_add(b, arena_printf(a, "token/Central/%s", value), EVENT_TOKEN_CHANGED, t,
			s->at, -1, NULL);
	}
	}
}

/* One more random event at the end of the batch (now and then none). */
static inline void storm_add(struct storm *s, struct db_batch *b)
{
	struct arena *a = db_batch_arena(b);
	const char *station = arena_printf(a, "CP-%d", storm_roll(s, STORM_STATIONS));
	const char *stream = arena_printf(a, "station/%s", station);
	s->at += storm_roll(s, 3000);
	int kind = storm_roll(s, 10);
	if (kind < 3)
		storm_station(s, b, stream);
	else if (kind < 7)
		storm_transaction(s, b, station);
	else if (kind < 8)
		storm_call(s, b, stream);
	else if (kind < 9)
		storm_control(s, b);
	else
		storm_access(s, b);
}

#endif
