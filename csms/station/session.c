#include "csms/station/session.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/station/call.h"
#include "csms/command.h"
#include "csms/power/control.h"
#include "csms/station/inventory.h"
#include "csms/station/dispatch.h"
#include "csms/charging/doubt.h"
#include "csms/station/gate.h"
#include "csms/station/identity.h"
#include "csms/charging/local_list.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/station/refusal.h"
#include "csms/station/retry.h"
#include "csms/station/sampling.h"
#include "csms/certificates/signing.h"
#include "csms/metering/values.h"

/* -- life ------------------------------------------------------------------------------------- */

/* The newest authenticated connection wins: the old one may be half open for minutes. */
static void replace_old(struct station *s)
{
	struct session *old = s->session;

	if (!old)
		return;
	log_info("station %s: a new connection replaces the old one", s->id);
	call_connection_lost(old->core, s);
	s->session = NULL;
	old->station = NULL;
	session_close(old, WS_CLOSE_POLICY, "replaced by a newer connection");
}

static void journal_connected(struct session *x, const char *peer)
{
	struct arena *a = record_arena(x->core);
	struct event_station_connected *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->epoch = x->epoch;
	p->security_profile = x->profile;
	p->protocol = ocpp_version_name(x->version);
	p->peer = arena_strdup(a, peer);
	record_now(x->core, EVENT_STATION_CONNECTED, "station", x->station->id, p, NULL, NULL);
}

struct session *session_open(struct core *c, struct station *s, void *conn,
	const struct session_link *link, int profile, enum ocpp_version version, const char *peer)
{
	struct session *x = calloc(1, sizeof *x);

	if (!x)
		return NULL;
	replace_old(s);
	x->core = c;
	x->station = s;
	x->conn = conn;
	x->link = link;
	x->profile = profile;
	snprintf(x->peer, sizeof x->peer, "%s", peer);
	x->version = version;
	x->epoch = ++s->epoch;
	x->absent_ms = s->last_seen.ms ? wall_diff_ms(clock_wall(), s->last_seen) : -1;
	s->session = x;
	s->connected_at = s->last_seen = clock_wall();
	s->connected_profile = profile;
	snprintf(s->protocol, sizeof s->protocol, "%s", ocpp_version_name(version));
	fleet_touch(&c->fleet, s);
	journal_connected(x, peer);
	log_info("station %s: connected from %s, security profile %d, %s", s->id, peer, profile,
		s->protocol);
	/* No BootNotification is owed on a reconnect: what was accepted stays accepted. */
	if (station_is_accepted(s)) {
		control_station_ready(c->control, s, false);
		inventory_station_ready(c, s, false);
		signing_station_ready(c, s);
		sampling_station_ready(c, s);
		local_list_station(c, s);
		doubt_begin(x);
	}
	command_sign(c, s, &(struct command_sign){.kind = SIGN_CONNECTED, .action = -1});
	return x;
}

void session_message(struct session *x, const char *text, size_t len)
{
	if (!x->station || x->is_closing)
		return;
	x->station->last_seen = clock_wall();
	dispatch_message(x, text, len);
}

int session_send(struct session *x, const char *text, size_t len)
{
	return x->is_closing ? -1 : x->link->send(x->conn, text, len);
}

void session_reply(struct core *c, struct station *s, int64_t epoch, const char *id,
	const char *text, size_t len, bool is_durable)
{
	bool asked_again =
		s->retries && retry_released(s->retries, text, len, is_durable, s->epoch);

	if (!is_durable || !s->session || (s->epoch != epoch && !asked_again))
		return;
	record_frame(c, s, DB_FRAME_OUT, id, NULL, NULL, text, len);
	session_send(s->session, text, len);
}

void session_close(struct session *x, int code, const char *why)
{
	if (x->is_closing)
		return;
	x->is_closing = true;
	x->link->close(x->conn, code, why);
}

static void journal_disconnected(struct session *x, int code, const char *why)
{
	struct arena *a = record_arena(x->core);
	struct event_station_disconnected *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->epoch = x->epoch;
	p->code = code;
	p->why = arena_printf(a, "%.120s", why ? why : "");
	record_now(x->core, EVENT_STATION_DISCONNECTED, "station", x->station->id, p, NULL, NULL);
}

void session_closed(struct session *x, int code, const char *why)
{
	struct station *s = x->station;

	if (s) {
		log_info("station %s: connection closed (%d, %s)", s->id, code, why ? why : "");
		s->session = NULL;
		call_connection_lost(x->core, s);
		fleet_touch(&x->core->fleet, s);
		journal_disconnected(x, code, why);
		control_load_changed(x->core->control);
		if (s->is_guest) {
			values_forget(x->core, s);
			fleet_remove_station(&x->core->fleet, s);
		}
	}
	doubt_end(x);
	free(x);
}

/* -- the WebSocket server's view -------------------------------------------------------------- */

static int link_send(void *conn, const char *text, size_t len)
{
	return ws_conn_send(conn, text, len);
}

static void link_close(void *conn, int code, const char *why)
{
	ws_conn_close(conn, code, why);
}

static const struct session_link ws_link = {.send = link_send, .close = link_close};

static void on_refused(
	void *ctx, int profile, int status, const char *identity, const char *peer, const char *why)
{
	refusal_tell(ctx, &(struct refusal){.profile = profile,
				  .status = status,
				  .station = identity,
				  .peer = peer,
				  .why = why});
}

static void on_opened(void *ctx, void *user, struct ws_conn *conn)
{
	struct core *c = ctx;
	enum ocpp_version v =
		ocpp_version_find(ws_conn_protocol(conn), strlen(ws_conn_protocol(conn)));
	struct session *x;

	identity_login(c, user, ws_conn_certificate(conn));
	x = session_open(c, user, conn, &ws_link, ws_conn_profile(conn), v, ws_conn_peer(conn));
	if (!x)
		ws_conn_close(conn, WS_CLOSE_TRY_LATER, "out of memory");
	ws_conn_set_user(conn, x);
}

static void on_message(void *ctx, void *user, struct ws_conn *conn, const char *text, size_t len)
{
	(void)ctx;
	(void)conn;
	if (user)
		session_message(user, text, len);
}

static void on_alive(void *ctx, void *user, struct ws_conn *conn)
{
	struct session *x = user;

	(void)ctx;
	(void)conn;
	if (x && x->station)
		x->station->last_seen = clock_wall();
}

static void on_closed(void *ctx, void *user, struct ws_conn *conn, int code, const char *why)
{
	(void)ctx;
	(void)conn;
	if (user)
		session_closed(user, code, why);
}

void session_ws_handlers(struct core *c, struct ws_handlers *out)
{
	*out = (struct ws_handlers){
		.gate = gate_decide,
		.refused = on_refused,
		.opened = on_opened,
		.message = on_message,
		.alive = on_alive,
		.closed = on_closed,
		.ctx = c,
	};
}
