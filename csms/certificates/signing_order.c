/* One request for a certificate, from Accepted to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>
#include "csms/alarms.h"
#include "csms/command.h"
#include "csms/station/device.h"
#include "csms/log.h"
#include "csms/pki/chain.h"
#include "csms/record.h"
#include "csms/certificates/signing_private.h"
#include "db/query_issued.h"
#include "gen/ocpp201.h"

#define AUTHORITY_TRIES_MAX 50 /* two days */
#define AUTHORITY_FIRST_S   2 /* doubled with each, up to … */
#define AUTHORITY_MOST_S    3600
#define SEND_TRIES_MAX      5
#define SEND_FIRST_S        30
#define TRIGGERS_MAX        2 /* a station that rejects is asked anew so often (A02.FR.20) */
#define TRIGGER_MS          60000

static void step(struct signing_order *o);

/* Who waits elsewhere may outlive the order. */
struct ticket {
	struct core *core;
	char id[37];
};

static struct ticket *ticket_of(const struct signing_order *o)
{
	struct ticket *t = malloc(sizeof *t);

	if (t) {
		t->core = o->owner->core;
		memcpy(t->id, o->id, sizeof t->id);
	}
	return t;
}

static struct signing_order *order_of(const struct ticket *t)
{
	struct signing_order *o = NULL;

	if (t->core->signing)
		DL_FOREACH (t->core->signing->orders, o)
			if (strcmp(o->id, t->id) == 0)
				break;
	return o;
}

/* -- journal -------------------------------------------------------------------------------------- */

static void journal(const struct signing_order *o)
{
	struct core *c = o->owner->core;
	struct arena *a = record_arena(c);
	struct event_signing_moved *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	*p = (struct event_signing_moved){
		.station = arena_strdup(a, o->station),
		.type = issued_use_name(o->use),
		.key_hash = arena_strdup(a, o->key_hash),
		.csr = arena_strdup(a, o->csr),
		.state = o->state,
		.tries = o->tries,
		.has_next_at = o->state == EVENT_SIGNING_STATE_WAITING,
		.next_at = o->next_at,
		.command_id = o->command[0] ? arena_strdup(a, o->command) : NULL,
		.fingerprint = o->fingerprint[0] ? arena_strdup(a, o->fingerprint) : NULL,
		.note = o->note[0] ? arena_strdup(a, o->note) : NULL,
	};
	record_now(c, EVENT_SIGNING_MOVED, "signing", o->id, p, NULL, NULL);
}

static void say(struct signing_order *o, const char *note)
{
	snprintf(o->note, sizeof o->note, "%s", note);
}

void signing_order_end(struct signing_order *o, enum event_signing_state state, const char *note)
{
	o->state = state;
	say(o, note);
	log_info("station %s: its request for a %s: %s%s%s", o->station, issued_use_name(o->use),
		event_signing_state_enum.values[state], note[0] ? ": " : "", note);
	journal(o);
	signing_order_free(o);
}

/* It ended badly, and the station waits for nothing more: a person must know. */
static void fail(struct signing_order *o, enum event_signing_state state, const char *note)
{
	alarm_raise(o->owner->core, ALARM_CERTIFICATE_FAILED, o->station,
		"Station %s has no new certificate: %s", o->station, note);
	signing_order_end(o, state, note);
}

static int backoff_s(int tries, int first, int most)
{
	int s = first;

	for (int i = 1; i < tries && s < most; i++)
		s *= 2;
	return s < most ? s : most;
}

static void on_time(void *arg)
{
	step(arg);
}

static void wait(struct signing_order *o, int64_t s)
{
	timer_start(o->owner->core->timers, &o->timer, s * 1000, on_time, o);
}

/* -- the authority --------------------------------------------------------------------------------- */

static void try_again(struct signing_order *o, const struct authority_result *r)
{
	struct signing *g = o->owner;
	int s = backoff_s(o->tries + 1, AUTHORITY_FIRST_S, AUTHORITY_MOST_S);

	if (++g->failures >= 2)
		alarm_raise(g->core, ALARM_AUTHORITY_SILENT, "authority",
			"Certificates of stations are not signed: %s", r->why);
	if (++o->tries >= AUTHORITY_TRIES_MAX) {
		fail(o, EVENT_SIGNING_STATE_FAILED, r->why);
		return;
	}
	if (r->again_s > 0)
		s = r->again_s;
	o->state = EVENT_SIGNING_STATE_WAITING;
	o->next_at = wall_add_ms(clock_wall(), s * 1000ll);
	say(o, r->why);
	journal(o);
	wait(o, s);
}

static void *event_of(struct arena *a, const struct signing_order *o, const struct chain_facts *f)
{
	struct event_certificate_issued *p = arena_alloc(a, sizeof *p);

	if (p)
		*p = (struct event_certificate_issued){
			.station = arena_strdup(a, o->station),
			.type = issued_use_name(o->use),
			.serial = arena_strdup(a, f->serial),
			.key_hash = arena_strdup(a, f->key_hash),
			.subject = arena_strdup(a, f->subject),
			.issuer = arena_strdup(a, f->issuer),
			.not_before.ms = f->not_before_ms,
			.not_after.ms = f->not_after_ms,
			.chain = arena_strdup(a, f->pem),
			.authority = authority_name(o->owner->authority),
			.signing_id = arena_strdup(a, o->id),
		};
	return p;
}

static void take_chain(struct signing_order *o, const char *pem)
{
	struct core *c = o->owner->core;
	struct arena *a = record_arena(c);
	struct chain_facts *f = a ? arena_alloc(a, sizeof *f) : NULL;
	struct event_certificate_issued *p = NULL;
	char why[200] = "out of memory";

	if (f && chain_judge(pem, o->csr, f, why) == 0)
		p = event_of(a, o, f);
	if (!p || !(o->chain = strdup(f->pem))) {
		struct authority_result r = {.end = AUTHORITY_FAILED};

		snprintf(r.why, sizeof r.why, "what the authority returned is no use: %s", why);
		try_again(o, &r);
		return;
	}
	signing_length_learn(o->owner, o->use, o->csr, f->pem);
	snprintf(o->fingerprint, sizeof o->fingerprint, "%s", f->fingerprint);
	issued_add(c, f->fingerprint, p);
	o->owner->failures = 0;
	alarm_clear(c, ALARM_AUTHORITY_SILENT, "authority");
	o->state = EVENT_SIGNING_STATE_SENDING;
	o->tries = 0;
	say(o, "");
	journal(o);
	step(o);
}

static void on_signed(void *arg, const struct authority_result *r)
{
	struct ticket *t = arg;
	struct signing_order *o = order_of(t);
	char note[301];

	free(t);
	if (!o)
		return;
	o->is_begun = false;
	if (r->end == AUTHORITY_SIGNED)
		take_chain(o, r->chain);
	else if (r->end == AUTHORITY_FAILED)
		try_again(o, r);
	else {
		snprintf(note, sizeof note, "the authority refused: %.270s", r->why);
		fail(o, EVENT_SIGNING_STATE_REFUSED, note);
	}
}

static void order_signature(struct signing_order *o)
{
	static const enum authority_profile profiles[] = {
		[ISSUED_STATION] = AUTHORITY_STATION,
		[ISSUED_V2G] = AUTHORITY_V2G,
		[ISSUED_BOTH] = AUTHORITY_BOTH,
	};
	const struct config_trust *t = o->owner->core->config->trust;
	struct authority_result full = {.end = AUTHORITY_FAILED, .why = "too many requests wait"};
	struct csr_facts facts;
	char why[200];
	struct authority_order a = {
		.csr = o->csr,
		.profile = profiles[o->use],
		.common_name = facts.common_name,
		.organisation = facts.organisation,
		.days = (int)(o->use == ISSUED_STATION ? t->days : t->v2g_days),
	};
	struct ticket *ticket;

	if (!o->owner->authority) {
		fail(o, EVENT_SIGNING_STATE_FAILED, "nobody signs any more (trust.authority: off)");
		return;
	}
	if (csr_read(o->csr, &facts, why)) {
		fail(o, EVENT_SIGNING_STATE_FAILED, why);
		return;
	}
	ticket = ticket_of(o);
	o->is_begun = ticket && authority_sign(o->owner->authority, &a, on_signed, ticket) == 0;
	if (!o->is_begun) {
		free(ticket);
		try_again(o, &full);
	}
}

/* -- a chain from the store ------------------------------------------------------------------------- */

struct fetch {
	struct ticket ticket;
	struct arena *arena;
	char fingerprint[65];
	const char *chain;
};

static void fetch_work(struct db_reader *r, void *arg)
{
	struct fetch *f = arg;
	const struct db_issued_filter filter = {
		.fingerprint = f->fingerprint, .chains = true, .limit = 1};
	struct db_issued_list list = {0};

	if (db_query_issued(r, &filter, f->arena, &list) == 0 && list.count == 1)
		f->chain = list.items[0].chain;
}

static void fetch_done(void *arg)
{
	struct fetch *f = arg;
	struct signing_order *o = order_of(&f->ticket);

	if (o) {
		o->is_begun = false;
		o->chain = f->chain ? strdup(f->chain) : NULL;
		if (!o->chain) { /* gone from the store: a new one */
			o->fingerprint[0] = '\0';
			o->state = EVENT_SIGNING_STATE_SIGNING;
		} else if (o->state != EVENT_SIGNING_STATE_SENDING) {
			o->state = EVENT_SIGNING_STATE_SENDING;
			journal(o);
		}
		step(o);
	}
	arena_destroy(f->arena);
	free(f);
}

static void fetch_chain(struct signing_order *o)
{
	struct fetch *f = calloc(1, sizeof *f);

	if (f)
		f->arena = arena_create(0);
	if (!f || !f->arena) {
		free(f);
		wait(o, SEND_FIRST_S);
		return;
	}
	f->ticket.core = o->owner->core;
	memcpy(f->ticket.id, o->id, sizeof o->id);
	memcpy(f->fingerprint, o->fingerprint, sizeof o->fingerprint);
	o->is_begun = true;
	if (db_read(o->owner->core->db, fetch_work, fetch_done, f)) {
		o->is_begun = false;
		arena_destroy(f->arena);
		free(f);
		wait(o, SEND_FIRST_S);
	}
}

/* -- the station ------------------------------------------------------------------------------------ */

static void on_trigger(void *arg)
{
	struct signing_station *w = arg;
	struct core *c = w->owner->core;
	struct station *s = fleet_station(&c->fleet, w->key);
	const struct signing_renewal r = {
		.use = w->use,
		.actor = "depotd",
		.why = "it rejected its new certificate",
	};
	struct schema_error err;

	if (s && s->session && signing_renew(c, s, &r, NULL, &err))
		log_warn("station %s: cannot be asked anew for a request: %s", s->id, err.message);
}

/* A02.FR.20: it will not ask again by itself. */
static void rejected(struct signing_order *o, const struct command_view *v)
{
	struct core *c = o->owner->core;
	struct signing_station *w = signing_station_of(o->owner, o->station);
	struct issued_certificate *i = issued_find(c, o->fingerprint);
	bool can_not = v->error_code != NULL;
	char note[301];

	snprintf(note, sizeof note, "%.40s: %.250s",
		v->error_code ? v->error_code
		: v->status   ? v->status
			      : "no",
		v->note && v->note[0] ? v->note : "the station said no");
	if (i && i->state == EVENT_ISSUED_STATE_PENDING)
		issued_move(c, i, EVENT_ISSUED_STATE_REJECTED, NULL, note);
	if (w && !can_not && w->triggered < TRIGGERS_MAX) {
		w->triggered++;
		w->use = o->use;
		timer_start(c->timers, &w->timer, TRIGGER_MS, on_trigger, w);
		snprintf(note + strlen(note), sizeof note - strlen(note),
			"; it is asked for a new request in a minute");
		signing_order_end(o, EVENT_SIGNING_STATE_REFUSED, note);
	} else
		fail(o, EVENT_SIGNING_STATE_REFUSED, note);
}

static void taken(struct signing_order *o)
{
	struct core *c = o->owner->core;
	struct signing_station *w = signing_station_of(o->owner, o->station);
	struct issued_certificate *i = issued_find(c, o->fingerprint);

	if (w) {
		w->triggered = 0;
		timer_stop(c->timers, &w->timer);
	}
	/* Nobody sees the logins of vehicles. */
	if (i && i->use == ISSUED_V2G)
		issued_taken(c, i);
	alarm_clear(c, ALARM_CERTIFICATE_FAILED, o->station);
	alarm_clear(c, ALARM_CERTIFICATE_EXPIRES, o->station);
	signing_order_end(o, EVENT_SIGNING_STATE_DONE, "the station took it");
}

static void send_again(struct signing_order *o, const char *why)
{
	o->command[0] = '\0';
	if (++o->tries >= SEND_TRIES_MAX) {
		fail(o, EVENT_SIGNING_STATE_FAILED, why);
		return;
	}
	say(o, why);
	journal(o);
	wait(o, backoff_s(o->tries, SEND_FIRST_S, AUTHORITY_MOST_S));
}

static void on_ended(void *arg, const struct command *k)
{
	struct signing_order *o = arg;
	struct command_view v;

	command_look(k, &v);
	if (v.state == EVENT_COMMAND_STATE_DONE)
		taken(o);
	else if (v.state == EVENT_COMMAND_STATE_REFUSED || v.state == EVENT_COMMAND_STATE_FAILED)
		rejected(o, &v);
	else
		send_again(o, v.note && v.note[0] ? v.note : "no answer of the station");
}

static int start_command(struct signing_order *o, struct station *s, struct schema_error *err)
{
	struct ocpp201_certificate_signed_request req = {
		.certificate_chain = o->chain,
		.has_certificate_type = o->use != ISSUED_BOTH, /* A02.FR.14 */
		.certificate_type =
			o->use == ISSUED_V2G
				? OCPP201_CERTIFICATE_SIGNING_USE_V2_G_CERTIFICATE
				: OCPP201_CERTIFICATE_SIGNING_USE_CHARGING_STATION_CERTIFICATE,
	};
	struct command_request k = {
		.action = "CertificateSigned",
		.actor = "depotd",
		.why = "it asked for a certificate",
		.ended = on_ended,
		.arg = o,
	};
	struct text payload;
	int rc;

	text_init(&payload, 0);
	rc = schema_encode(&ocpp201_certificate_signed_request_type, &req, &payload);
	k.payload = payload.data;
	if (rc == 0)
		rc = command_start(o->owner->core, s, &k, o->command, err);
	else
		snprintf(err->message, sizeof err->message, "out of memory");
	text_finish(&payload);
	return rc;
}

static void send_chain(struct signing_order *o)
{
	struct station *s = fleet_station(&o->owner->core->fleet, o->station);
	int64_t most = s ? signing_length_most(s) : 0;
	struct issued_certificate *i = issued_find(o->owner->core, o->fingerprint);
	struct schema_error err;
	char note[200];

	if (!s || !s->session)
		return; /* signing_station_ready() */
	if ((int64_t)strlen(o->chain) > most) {
		snprintf(note, sizeof note,
			"the chain has %zu characters, and the station takes %lld "
			"(MaxCertificateChainSize): an authority with shorter names or fewer steps",
			strlen(o->chain), (long long)most);
		if (i && i->state == EVENT_ISSUED_STATE_PENDING)
			issued_move(o->owner->core, i, EVENT_ISSUED_STATE_REJECTED, NULL,
				"never sent: its chain is longer than the station takes");
		fail(o, EVENT_SIGNING_STATE_FAILED, note);
	} else if (start_command(o, s, &err))
		send_again(o, err.message);
	else
		journal(o);
}

/* -- the next step ----------------------------------------------------------------------------------- */

static void follow(struct signing_order *o)
{
	struct command *k = command_find(o->owner->core, o->command);

	if (k) {
		command_follow(k, on_ended, o);
		return;
	}
	o->command[0] = '\0'; /* depotd was stopped before its answer */
	send_chain(o);
}

static void step(struct signing_order *o)
{
	if (o->is_begun)
		return;
	if (o->state == EVENT_SIGNING_STATE_WAITING)
		o->state = EVENT_SIGNING_STATE_SIGNING;
	if (o->fingerprint[0] && !o->chain)
		fetch_chain(o);
	else if (o->state == EVENT_SIGNING_STATE_SIGNING)
		order_signature(o);
	else if (o->command[0])
		follow(o);
	else
		send_chain(o);
}

struct signing_order *signing_order_add(struct signing *g, const struct station *s,
	enum issued_use use, const char *key_hash, const char *csr)
{
	struct signing_order *o = calloc(1, sizeof *o);

	if (!o || !(o->csr = strdup(csr))) {
		free(o);
		return NULL;
	}
	o->owner = g;
	ocpp_message_ids_next(&g->core->ids, clock_wall().ms, o->id);
	snprintf(o->station, sizeof o->station, "%s", s->id);
	snprintf(o->key_hash, sizeof o->key_hash, "%s", key_hash);
	o->use = use;
	o->state = EVENT_SIGNING_STATE_SIGNING;
	DL_APPEND(g->orders, o);
	g->count++;
	journal(o);
	return o;
}

void signing_order_wake(struct signing_order *o)
{
	wait(o, 0);
}

static void on_durable(void *arg, int status, const char *why)
{
	struct ticket *t = arg;
	struct signing_order *o = order_of(t);

	(void)status;
	(void)why;
	free(t);
	if (o)
		step(o);
}

/* After its answer: a chain must not overtake it. */
void signing_order_begin(struct signing_order *o)
{
	struct ticket *t = ticket_of(o);

	if (t)
		record_then(o->owner->core, on_durable, t);
	else
		wait(o, 1);
}

void signing_go_on(struct signing *g)
{
	struct signing_order *o;

	/* Each in its turn: a step may end its order. */
	DL_FOREACH (g->orders, o) {
		int64_t ms = o->state == EVENT_SIGNING_STATE_WAITING
				     ? o->next_at.ms - clock_wall().ms
				     : 0;

		if (!o->is_begun && !timer_running(&o->timer))
			timer_start(g->core->timers, &o->timer, ms > 0 ? ms : 0, on_time, o);
	}
}

void signing_order_free(struct signing_order *o)
{
	struct signing *g = o->owner;
	struct command *k = o->command[0] ? command_find(g->core, o->command) : NULL;

	if (k)
		command_forget(k, o);
	timer_stop(g->core->timers, &o->timer);
	DL_DELETE(g->orders, o);
	g->count--;
	free(o->csr);
	free(o->chain);
	free(o);
}
