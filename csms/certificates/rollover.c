#include "csms/certificates/rollover.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "csms/command.h"
#include "csms/log.h"
#include "csms/pki/site_rollover.h"
#include "csms/record.h"
#include "csms/station/trust.h"
#include "gen/ocpp201.h"

#define LOOK_MS  5000
#define AT_ONCE  10
#define AGAIN_MS 3600000 /* after a failure */

const char *const rollover_state_names[] = {
	"not-needed", "away", "waiting", "installing", "listing", "ready", "failed"};

/* A station that was asked. */
struct member {
	char id[49];
	enum rollover_state state;
	char note[200];
	mono_t again;
	struct rollovers *owner;
	struct command *command; /* that runs, NULL: none */
	UT_hash_handle hh;
};

struct rollovers {
	struct core *core;
	struct site_rollover root; /* serial "" none */
	struct member *members; /* uthash by id */
	struct timer timer;
	bool is_busy; /* files are being written */
};

/* -- one station ------------------------------------------------------------------------------------- */

static bool is_needed(const struct station *s)
{
	return !s->is_guest && s->policy != EVENT_REGISTRATION_REJECTED &&
	       (s->security_profile >= 2 || s->connected_profile >= 2);
}

static bool is_ready(const struct rollovers *r, const struct station *s)
{
	const int type = OCPP201_GET_CERTIFICATE_ID_USE_CSMS_ROOT_CERTIFICATE;

	return trust_holds(s, type, r->root.serial) || trust_holds(s, type, r->root.root_serial);
}

static struct member *member_of(const struct rollovers *r, const struct station *s)
{
	struct member *m;

	HASH_FIND_STR(r->members, s->id, m);
	return m;
}

enum rollover_state rollover_station(const struct core *c, const struct station *s, char note[200])
{
	const struct rollovers *r = c->rollovers;
	const struct member *m = member_of(r, s);

	note[0] = '\0';
	if (!is_needed(s))
		return ROLLOVER_NOT_NEEDED;
	if (is_ready(r, s))
		return ROLLOVER_READY;
	if (m && m->state == ROLLOVER_FAILED)
		memcpy(note, m->note, sizeof m->note);
	if (!s->session)
		return ROLLOVER_AWAY;
	return m ? m->state : ROLLOVER_WAITING;
}

static void fail(struct member *m, const char *step, const struct command_view *v)
{
	const char *what = v->error_code               ? v->error_code
			   : v->note && v->note[0]     ? v->note
			   : v->status && v->status[0] ? v->status
						       : "no answer";

	m->state = ROLLOVER_FAILED;
	m->again = mono_add_ms(clock_mono(), AGAIN_MS);
	snprintf(m->note, sizeof m->note, "%s: %.150s", step, what);
	log_warn("station %s: the new root is not installed: %s", m->id, m->note);
}

static void on_listed(void *arg, const struct command *k)
{
	struct member *m = arg;
	const struct station *s = fleet_station(&m->owner->core->fleet, m->id);
	struct command_view v;

	command_look(k, &v);
	m->command = NULL;
	if (v.state != EVENT_COMMAND_STATE_DONE)
		fail(m, "GetInstalledCertificateIds", &v);
	else if (s && is_ready(m->owner, s))
		m->state = ROLLOVER_READY;
	else {
		v.note = "it took the new root, but does not list it";
		fail(m, "GetInstalledCertificateIds", &v);
	}
}

static void start(struct member *m, const char *action, const char *payload,
	void (*ended)(void *arg, const struct command *k))
{
	struct core *c = m->owner->core;
	struct station *s = fleet_station(&c->fleet, m->id);
	struct command_view v = {0};
	struct schema_error err;
	char id[37];
	const struct command_request req = {
		.action = action,
		.payload = payload,
		.actor = "depotd",
		.why = "the depot gets a new root",
		.ended = ended,
		.arg = m,
	};

	if (s && command_start(c, s, &req, id, &err) == 0) {
		m->command = command_find(c, id);
		return;
	}
	v.note = s ? err.message : "it was removed";
	fail(m, action, &v);
}

static void on_installed(void *arg, const struct command *k)
{
	struct member *m = arg;
	struct command_view v;

	command_look(k, &v);
	m->command = NULL;
	if (v.state != EVENT_COMMAND_STATE_DONE) {
		fail(m, "InstallCertificate", &v);
		return;
	}
	m->state = ROLLOVER_LISTING;
	start(m, "GetInstalledCertificateIds", "{\"certificateType\":[\"CSMSRootCertificate\"]}",
		on_listed);
}

static void install(struct rollovers *r, struct member *m)
{
	const struct ocpp201_install_certificate_request req = {
		.certificate_type = OCPP201_INSTALL_CERTIFICATE_USE_CSMS_ROOT_CERTIFICATE,
		.certificate = r->root.cross,
	};
	struct text payload;

	text_init(&payload, 0);
	m->state = ROLLOVER_INSTALLING;
	if (schema_encode(&ocpp201_install_certificate_request_type, &req, &payload) == 0)
		start(m, "InstallCertificate", payload.data, on_installed);
	text_finish(&payload);
}

/* -- all of them ------------------------------------------------------------------------------------- */

static bool is_due(const struct rollovers *r, const struct station *s)
{
	const struct member *m = member_of(r, s);

	if (!s->session || !station_is_accepted(s) || !is_needed(s) || is_ready(r, s))
		return false;
	return !m || (!m->command && mono_diff_ms(clock_mono(), m->again) >= 0);
}

static struct member *member_made(struct rollovers *r, const struct station *s)
{
	struct member *m = member_of(r, s);

	if (m || !(m = calloc(1, sizeof *m)))
		return m;
	snprintf(m->id, sizeof m->id, "%s", s->id);
	m->owner = r;
	HASH_ADD_STR(r->members, id, m);
	return m;
}

static void on_time(void *arg)
{
	struct rollovers *r = arg;
	const struct member *m;
	int running = 0;

	for (m = r->members; m; m = m->hh.next)
		running += m->command != NULL;
	for (struct station *s = r->core->fleet.stations; s && running < AT_ONCE; s = s->hh.next) {
		struct member *new = is_due(r, s) ? member_made(r, s) : NULL;

		if (!new)
			continue;
		install(r, new);
		running += new->command != NULL;
	}
	timer_start(r->core->timers, &r->timer, LOOK_MS, on_time, r);
}

static void forget(struct rollovers *r)
{
	struct member *m, *next;

	timer_stop(r->core->timers, &r->timer);
	HASH_ITER (hh, r->members, m, next) {
		if (m->command)
			command_forget(m->command, m);
		HASH_DEL(r->members, m);
		free(m);
	}
}

void rollover_look(const struct core *c, struct rollover_view *out)
{
	const struct rollovers *r = c->rollovers;

	*out = (struct rollover_view){
		.is_open = r->root.serial[0] != '\0',
		.subject = r->root.subject,
		.serial = r->root.serial,
		.not_after.ms = r->root.not_after_ms,
	};
	for (const struct station *s = c->fleet.stations; s; s = s->hh.next) {
		out->needed += is_needed(s);
		out->ready += out->is_open && is_needed(s) && is_ready(r, s);
	}
}

/* -- what a person asks for ------------------------------------------------------------------------- */

struct act {
	struct core *core;
	enum rollover_act kind;
	char dir[600], why[200];
	char (*without)[49]; /* owned */
	size_t without_count;
	char actor[UTF8_SIZE(80)], reason[UTF8_SIZE(200)];
	struct site_rollover root;
	int status;
	void (*done)(void *arg, int status, const char *why);
	void *arg;
};

static void act_free(struct act *x)
{
	if (x)
		free(x->without);
	free(x);
}

static void journal(const struct act *x, const char *serial, const char *subject)
{
	static const char *const words[] = {"started", "switched", "aborted"};
	struct core *c = x->core;
	struct arena *a = record_arena(c);
	struct event_root_rollover_moved *p = a ? arena_alloc(a, sizeof *p) : NULL;
	struct rollover_view v;

	if (!p)
		return;
	rollover_look(c, &v);
	*p = (struct event_root_rollover_moved){
		.step = words[x->kind],
		.subject = arena_strdup(a, subject),
		.stations = v.needed,
		.ready = v.ready,
		.why = x->reason[0] ? arena_strdup(a, x->reason) : NULL,
	};
	p->without.items = arena_alloc(a, sizeof *p->without.items * (x->without_count + 1));
	for (size_t i = 0; p->without.items && i < x->without_count; i++)
		p->without.items[p->without.count++] = arena_strdup(a, x->without[i]);
	record_now(c, EVENT_ROOT_ROLLOVER_MOVED, "root", serial, p, x->actor, NULL);
	log_info("the depot's root: %s: %s, by %s", words[x->kind], subject, x->actor);
}

static void act_work(struct db_reader *db, void *arg)
{
	struct act *x = arg;

	(void)db;
	if (x->kind == ROLLOVER_START)
		x->status = site_rollover_prepare(x->dir, &x->root, x->why);
	else if (x->kind == ROLLOVER_SWITCH)
		x->status = site_rollover_switch(x->dir, x->why);
	else
		x->status = site_rollover_abort(x->dir, x->why);
}

static void act_done(void *arg)
{
	struct act *x = arg;
	struct rollovers *r = x->core->rollovers;

	r->is_busy = false;
	if (x->status == 0 && x->kind == ROLLOVER_START) {
		r->root = x->root;
		journal(x, r->root.serial, r->root.subject);
		timer_start(x->core->timers, &r->timer, 0, on_time, r);
	} else if (x->status == 0) {
		journal(x, r->root.serial, r->root.subject);
		forget(r);
		memset(&r->root, 0, sizeof r->root);
		if (x->kind == ROLLOVER_SWITCH)
			kill(getpid(), SIGHUP); /* listeners read their certificates again */
	}
	x->done(x->arg, x->status, x->why);
	act_free(x);
}

static bool is_named(const struct schema_strings *names, const char *id)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcasecmp(names->items[i], id) == 0)
			return true;
	return false;
}

/* Which stations stand in the way, by name as far as there is room. */
static int list_unready(const struct core *c, const struct schema_strings *without, char why[600])
{
	int count = 0, n = 0;
	char note[200];

	for (const struct station *s = c->fleet.stations; s; s = s->hh.next) {
		enum rollover_state state = rollover_station(c, s, note);

		if (state == ROLLOVER_NOT_NEEDED || state == ROLLOVER_READY ||
			is_named(without, s->id))
			continue;
		if (n < 450)
			n += snprintf(why + n, (size_t)(600 - n), "%s%s (%s)", count ? ", " : "",
				s->id, rollover_state_names[state]);
		count++;
	}
	return count;
}

/* The names of a switch without some: each must be one, and somebody says why. */
static int check_without(const struct core *c, const struct rollover_order *o, char why[600])
{
	if (o->without.count && o->act != ROLLOVER_SWITCH) {
		snprintf(why, 600, "only switch goes without stations");
		return -1;
	}
	if (o->without.count && !(o->reason && o->reason[0])) {
		snprintf(why, 600, "say why it goes on without them; it is kept in the journal");
		return -1;
	}
	for (size_t i = 0; i < o->without.count; i++)
		if (!fleet_station(&c->fleet, o->without.items[i])) {
			snprintf(why, 600, "there is no station %s", o->without.items[i]);
			return -1;
		}
	return 0;
}

static int may(const struct core *c, const struct rollover_order *o, char why[600])
{
	const struct rollovers *r = c->rollovers;
	char names[600] = "";
	int count;

	if (r->is_busy) {
		snprintf(why, 600, "another step is under way");
		return -1;
	}
	if (o->act == ROLLOVER_START && r->root.serial[0]) {
		snprintf(why, 600, "a new root is on its way already: %s", r->root.subject);
		return -1;
	}
	if (o->act != ROLLOVER_START && !r->root.serial[0]) {
		snprintf(why, 600, "no new root is on its way: begin with start");
		return -1;
	}
	if (check_without(c, o, why))
		return -1;
	if (o->act != ROLLOVER_SWITCH || (count = list_unready(c, &o->without, names)) == 0)
		return 0;
	snprintf(why, 600,
		"%d stations do not trust the new root yet: %.400s. What is dead or never takes it may be "
		"left out (without; depotctl: --without STATION,…)",
		count, names);
	return -1;
}

static bool is_unready(const struct core *c, const struct station *s)
{
	char note[200];
	enum rollover_state state = rollover_station(c, s, note);

	return state != ROLLOVER_NOT_NEEDED && state != ROLLOVER_READY;
}

/* Those that are left behind indeed. False: no memory. */
static bool copy_names(struct act *x, const struct core *c, const struct schema_strings *names)
{
	x->without = calloc(names->count + 1, sizeof *x->without);
	for (size_t i = 0; x->without && i < names->count; i++) {
		const struct station *s = fleet_station(&c->fleet, names->items[i]);

		if (s && is_unready(c, s))
			snprintf(x->without[x->without_count++], sizeof *x->without, "%s", s->id);
	}
	return x->without != NULL;
}

static struct act *act_create(struct core *c, const struct rollover_order *o)
{
	struct act *x = calloc(1, sizeof *x);

	if (!x || !copy_names(x, c, &o->without)) {
		act_free(x);
		return NULL;
	}
	x->core = c;
	x->kind = o->act;
	snprintf(x->dir, sizeof x->dir, "%.500s/pki", c->data_dir);
	snprintf(x->actor, sizeof x->actor, "%s", o->actor);
	snprintf(x->reason, sizeof x->reason, "%s", o->reason ? o->reason : "");
	return x;
}

int rollover_do(struct core *c, const struct rollover_order *o,
	void (*done)(void *arg, int status, const char *why), void *arg, char why[600])
{
	struct act *x;

	if (may(c, o, why))
		return -1;
	x = act_create(c, o);
	if (x) {
		x->done = done;
		x->arg = arg;
	}
	if (!x || db_read(c->db, act_work, act_done, x)) {
		snprintf(why, 600, "too much is going on; try again");
		act_free(x);
		return -1;
	}
	c->rollovers->is_busy = true;
	return 0;
}

/* -- life --------------------------------------------------------------------------------------------- */

struct rollovers *rollovers_create(struct core *c, char why[300])
{
	struct rollovers *r = calloc(1, sizeof *r);
	char dir[600];

	if (!r) {
		snprintf(why, 300, "out of memory");
		return NULL;
	}
	r->core = c;
	c->rollovers = r;
	snprintf(dir, sizeof dir, "%.500s/pki", c->data_dir);
	if (site_rollover_read(dir, &r->root))
		timer_start(c->timers, &r->timer, LOOK_MS, on_time, r);
	else
		memset(&r->root, 0, sizeof r->root);
	return r;
}

void rollovers_destroy(struct rollovers *r)
{
	if (!r)
		return;
	forget(r);
	free(r);
}
