/*
 * Presence: handshakes, heartbeats both ways, and what follows when a provider falls silent.
 *
 * It is online from a handshake that both sides took until the time that its last heartbeat named
 * (offline_mode_at). Then its fallbacks hold, until a handshake succeeds again: its own, or ours,
 * which is tried whenever it gives a sign of life and once a minute besides.
 *
 * OSCP lets a Capacity Provider send handshakes and does not ask it to take them. Where ours is
 * refused for good, HandshakeAcknowledge of its last handshake is sent anew: it says the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/alarms.h"
#include "csms/log.h"
#include "csms/oscp/private.h"
#include "csms/record.h"
#include "csms/words.h"

#define AGAIN_S     60 /* between our handshakes to one that is offline */
#define AGE_S       60 /* between looks at segments that never became whole */
#define SILENCE     3 /* heartbeats that may be missing when none has named a time */
#define HORIZON     10 /* heartbeats of ours: no longer may one of its own vouch for it … */
#define HORIZON_MIN 3600 /* … or s, the longer of both */
#define BEAT_MAX_S  86400

static void watch(struct oscp_peer *p);
static void shake(struct oscp_peer *p);

static struct timers *timers_of(const struct oscp_peer *p)
{
	return p->oscp->core->timers;
}

/* -- online and offline ------------------------------------------------------------------------- */

static void set_alarm(struct oscp_peer *p)
{
	alarm_set(p->oscp->core, ALARM_PROVIDER_SILENT, p->row->id, !p->is_online,
		"Capacity provider %s is offline: %s; its fallback limits hold beside its last "
		"ones.",
		p->row->id, p->presence_why);
}

static void set_presence(struct oscp_peer *p, bool is_online, const char *why)
{
	struct core *c = p->oscp->core;
	struct arena *a = record_arena(c);
	struct event_oscp_presence_changed *e = a ? arena_alloc(a, sizeof *e) : NULL;

	snprintf(p->presence_why, sizeof p->presence_why, "%s", why);
	if (p->is_online == is_online)
		return;
	p->is_online = is_online;
	if (is_online)
		log_info("oscp %s: online: %s", p->row->id, why);
	else
		log_warn("oscp %s: offline: %s; its fallbacks hold from now on", p->row->id, why);
	if (e) {
		*e = (struct event_oscp_presence_changed){
			.online = is_online, .why = oscp_text(c, why)};
		oscp_record(p, EVENT_OSCP_PRESENCE_CHANGED, e, NULL);
	}
	set_alarm(p);
	oscp_limit_presence(p);
}

static void shake_again(void *arg)
{
	struct oscp_peer *p = arg;

	if (p->is_online)
		return;
	timer_start(timers_of(p), &p->again, AGAIN_S * 1000, shake_again, p);
	shake(p);
}

static void on_silence(void *arg)
{
	struct oscp_peer *p = arg;
	char text[WORDS_TIME_SIZE], why[200];

	if (p->offline_at.ms > clock_wall().ms) { /* the wall clock was set back */
		watch(p);
		return;
	}
	if (p->heartbeat_at.ms)
		snprintf(why, sizeof why, "no heartbeat since %s",
			words_clock(p->heartbeat_at, clock_wall(), text));
	else
		snprintf(why, sizeof why, "no heartbeat came");
	set_presence(p, false, why);
	timer_start(timers_of(p), &p->again, AGAIN_S * 1000, shake_again, p);
}

/* (Re)arms the timer for the moment at which it is gone. */
static void watch(struct oscp_peer *p)
{
	int64_t ms = wall_diff_ms(p->offline_at, clock_wall());

	timer_start(timers_of(p), &p->gone, ms > 0 ? ms : 0, on_silence, p);
}

/* As long as no heartbeat has named a time, ours to wait: what we asked for, a few times. */
static void grant(struct oscp_peer *p)
{
	wall_t until = wall_add_ms(clock_wall(), p->row->heartbeat_s * SILENCE * 1000);

	if (until.ms > p->offline_at.ms)
		p->offline_at = until;
	watch(p);
}

static void came_online(struct oscp_peer *p, const char *why)
{
	timer_stop(timers_of(p), &p->again);
	grant(p);
	set_presence(p, true, why);
}

/* -- heartbeats --------------------------------------------------------------------------------- */

void heartbeat_work(struct oscp_in *in)
{
	const struct oscp20_heartbeat *h = in->body;
	struct oscp_peer *p = in->peer;
	wall_t now = clock_wall();
	int64_t horizon_s = p->row->heartbeat_s * HORIZON;
	wall_t last = wall_add_ms(now, (horizon_s > HORIZON_MIN ? horizon_s : HORIZON_MIN) * 1000);

	if (in->epoch == p->epoch) {
		p->heartbeat_at = now;
		p->offline_at = h->offline_mode_at.ms < last.ms ? h->offline_mode_at : last;
		if (p->is_online)
			watch(p);
		else if (p->offline_at.ms > now.ms)
			shake(p);
	}
	oscp_in_free(in);
}

static void beat(void *arg)
{
	struct oscp_peer *p = arg;
	int64_t ms = (int64_t)(p->heartbeat_s * 1000);
	struct oscp20_heartbeat h = {.offline_mode_at = wall_add_ms(clock_wall(), 2 * ms)};

	/* "At least every": a little sooner, for the way there. */
	timer_start(timers_of(p), &p->beat, ms - ms / 5, beat, p);
	oscp_send(p,
		&(struct oscp_out){.action = "heartbeat",
			.type = &oscp20_heartbeat_type,
			.value = &h,
			.tries = 1,
			.is_quiet = true},
		NULL);
}

/* Begins, changes or ends our heartbeats, as the other wants them. */
static void set_beat(struct oscp_peer *p)
{
	timer_stop(timers_of(p), &p->beat);
	if (p->heartbeat_s > 0)
		timer_start(timers_of(p), &p->beat, 0, beat, p);
}

/* -- handshakes --------------------------------------------------------------------------------- */

/* What the message asks of us, nested or flat. Journalled when it says anything. */
static void take_wishes(struct oscp_peer *p, const struct oscp20_handshake *h, const char *id)
{
	struct core *c = p->oscp->core;
	struct arena *a = record_arena(c);
	struct event_oscp_handshaken *e = a ? arena_alloc(a, sizeof *e) : NULL;
	const struct oscp20_required_behaviour *r = h->required_behaviour;
	bool has = r ? r->has_heartbeat_interval : h->has_heartbeat_interval;
	double interval = r ? r->heartbeat_interval : h->heartbeat_interval;
	const struct oscp20_measurement_configuration_list *m =
		r ? &r->measurement_configuration : &h->measurement_configuration;

	p->heartbeat_s = !has ? 0 : interval < BEAT_MAX_S ? interval : BEAT_MAX_S;
	p->wants_continuous = p->wants_intermittent = false;
	for (size_t i = 0; i < m->count; i++) {
		p->wants_continuous |= m->items[i] == OSCP20_MEASUREMENT_CONFIGURATION_CONTINUOUS;
		p->wants_intermittent |=
			m->items[i] == OSCP20_MEASUREMENT_CONFIGURATION_INTERMITTENT;
	}
	p->handshake_at = clock_wall();
	if (e) {
		*e = (struct event_oscp_handshaken){
			.request_id = oscp_text(c, id),
			.has_heartbeat_s = has,
			.heartbeat_s = p->heartbeat_s,
			.continuous = p->wants_continuous,
			.intermittent = p->wants_intermittent,
		};
		oscp_record(p, EVENT_OSCP_HANDSHAKEN, e, NULL);
	}
	set_beat(p);
	oscp_measure_begin(p);
}

static void on_acknowledged(
	struct oscp_peer *p, void *arg, const char *id, const struct http_outcome *o)
{
	if (o->status == 204)
		came_online(p, "the handshake succeeded");
}

/* Both messages say what we want: heartbeats, no measurements. */
static int send_wishes(struct oscp_peer *p, const char *action, const char *correlation, int tries,
	void (*done)(struct oscp_peer *, void *, const char *, const struct http_outcome *),
	void *arg, char id[OSCP_ID_SIZE])
{
	struct oscp20_required_behaviour r = {
		.has_heartbeat_interval = true, .heartbeat_interval = (double)p->row->heartbeat_s};
	struct oscp20_handshake h = {.required_behaviour = &r};
	static enum oscp20_measurement_configuration none[1];

	r.measurement_configuration.items = none; /* there, and empty */
	return oscp_send(p,
		&(struct oscp_out){.action = action,
			.type = &oscp20_handshake_type,
			.value = &h,
			.correlation = correlation,
			.tries = tries,
			.done = done,
			.arg = arg},
		id);
}

void handshake_work(struct oscp_in *in)
{
	struct oscp_peer *p = in->peer;

	if (in->epoch == p->epoch) {
		memcpy(p->handshake_id, in->id, sizeof p->handshake_id);
		take_wishes(p, in->body, in->id);
		send_wishes(p, "handshake_acknowledge", in->id, 4, on_acknowledged, NULL, NULL);
	}
	oscp_in_free(in);
}

int acknowledge_check(struct oscp_in *in)
{
	if (strcmp(in->correlation, in->peer->shake_id) == 0 && in->peer->shake_id[0])
		return 0;
	oscp_refuse(in, 400, "X-Correlation-ID names no handshake of ours");
	return -1;
}

void acknowledge_work(struct oscp_in *in)
{
	const struct oscp20_handshake *h = in->body;
	struct oscp_peer *p = in->peer;

	if (in->epoch == p->epoch) {
		if (h->required_behaviour || h->has_heartbeat_interval ||
			h->measurement_configuration.items)
			take_wishes(p, h, in->id);
		came_online(p, "it acknowledged our handshake");
	}
	oscp_in_free(in);
}

/* Our own handshake; a person may wait for it. */
struct shaking {
	int64_t epoch;
	oscp_done done; /* NULL: nobody waits */
	void *arg;
};

static int say(struct oscp_peer *p, struct shaking *s);

static void shaken(struct oscp_peer *p, struct shaking *s, const struct http_outcome *o)
{
	char why[300] = "";
	bool ok = oscp_taken(o, why);

	if (ok && s->epoch == p->epoch)
		came_online(p, "it took our handshake");
	if (s->done)
		s->done(s->arg, ok ? 0 : -1, ok ? "the handshake succeeded" : why);
	free(s);
}

static void on_shaken(struct oscp_peer *p, void *arg, const char *id, const struct http_outcome *o)
{
	struct shaking *s = arg;
	bool is_refusal =
		o->status == 403 || o->status == 404 || o->status == 405 || o->status == 501;

	if (is_refusal && s->epoch == p->epoch && !p->refuses_handshakes) {
		p->refuses_handshakes = true;
		if (p->handshake_id[0] && say(p, s) == 0)
			return;
	}
	shaken(p, s, o);
}

static int say(struct oscp_peer *p, struct shaking *s)
{
	bool is_served = !p->refuses_handshakes || !p->handshake_id[0];

	return send_wishes(p, is_served ? "handshake" : "handshake_acknowledge",
		is_served ? NULL : p->handshake_id, 1, on_shaken, s,
		is_served ? p->shake_id : NULL);
}

static int begin_shake(struct oscp_peer *p, oscp_done done, void *arg)
{
	struct shaking *s = calloc(1, sizeof *s);

	if (!s)
		return -1;
	s->epoch = p->epoch;
	s->done = done;
	s->arg = arg;
	if (say(p, s) == 0)
		return 0;
	free(s);
	return -1;
}

static void shake(struct oscp_peer *p)
{
	begin_shake(p, NULL, NULL);
}

int oscp_handshake(struct oscp_peer *p, oscp_done done, void *arg, char why[300])
{
	if (!oscp_is_registered(p))
		snprintf(why, 300, "%.40s is not registered", p->row->id);
	else if (begin_shake(p, done, arg) == 0)
		return 0;
	else
		snprintf(why, 300, "the handshake cannot be sent now");
	return -1;
}

/* -- begin and end ------------------------------------------------------------------------------ */

static void on_age(void *arg)
{
	struct oscp_peer *p = arg;
	int n = oscp_segments_age(&p->segments, clock_wall());

	timer_start(timers_of(p), &p->age, AGE_S * 1000, on_age, p);
	if (n)
		oscp_failed(p, "%d segments of a forecast whose rest never came were dropped", n);
}

void oscp_presence_begin(struct oscp_peer *p, bool is_new)
{
	timer_start(timers_of(p), &p->age, AGE_S * 1000, on_age, p);
	p->refuses_handshakes = false;
	if (is_new || !p->handshake_id[0])
		return; /* the provider begins, with its handshake */
	set_alarm(p);
	oscp_limit_presence(p);
	set_beat(p);
	oscp_measure_begin(p);
	if (p->is_online)
		grant(p); /* it could not tell us otherwise while we were away */
	else
		timer_start(timers_of(p), &p->again, AGAIN_S * 1000, shake_again, p);
	shake(p);
}

void oscp_presence_end(struct oscp_peer *p)
{
	struct timer *all[] = {&p->gone, &p->beat, &p->age, &p->again};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		timer_stop(timers_of(p), all[i]);
	oscp_measure_end(p);
	alarm_clear(p->oscp->core, ALARM_PROVIDER_SILENT, p->row->id);
	p->heartbeat_s = 0;
	p->wants_continuous = p->wants_intermittent = p->is_online = false;
	p->heartbeat_at = p->offline_at = p->handshake_at = (wall_t){0};
	p->presence_why[0] = p->shake_id[0] = '\0';
}
