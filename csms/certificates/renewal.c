#include "csms/certificates/renewal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>
#include "csms/alarms.h"
#include "csms/command.h"
#include "csms/log.h"
#include "csms/certificates/signing.h"

#define LOOK_MS     3600000
#define FOLLOW_MS   15000 /* while some are under way */
#define DAY_MS      86400000
#define FIRST       2 /* at a time, until one of them is through */
#define STEP_MAX_MS 1800000 /* for a step; then it has failed */
#define ALARM_DAYS  7 /* before its end, at the latest */

enum step { STEP_TRIGGER, STEP_REQUEST, STEP_SIGN, STEP_TAKE, STEP_LOGIN, STEP_DONE };

static const char *const step_names[] = {"trigger", "request", "sign", "take", "login", "done"};

struct renewal {
	struct renewal *prev, *next;
	struct renewals *owner;
	char station[49], command[37], note[301];
	enum issued_use use;
	enum step step;
	wall_t begun, moved;
	bool is_over;
};

struct renewals {
	struct core *core;
	struct renewal *list;
	struct timer timer;
	bool is_proven; /* one went through since the start */
};

static struct renewal *find(const struct renewals *all, const char *station, enum issued_use use)
{
	struct renewal *r;

	DL_FOREACH (all->list, r)
		if (r->use == use && strcasecmp(r->station, station) == 0)
			return r;
	return NULL;
}

static void move(struct renewal *r, enum step step)
{
	if (r->step != step)
		r->moved = clock_wall();
	r->step = step;
}

static void fail(struct renewal *r, const char *note)
{
	snprintf(r->note, sizeof r->note, "%s", note);
	r->is_over = true;
	r->moved = clock_wall();
	log_warn("station %s: its %s was not renewed (%s): %s", r->station, issued_use_name(r->use),
		step_names[r->step], r->note);
}

/* -- one station ----------------------------------------------------------------------------------- */

static void on_triggered(void *arg, const struct command *k)
{
	struct renewal *r = arg;
	struct command_view v;

	command_look(k, &v);
	r->command[0] = '\0';
	if (v.state == EVENT_COMMAND_STATE_DONE)
		move(r, STEP_SIGN);
	else if (v.error_code)
		fail(r, v.error_code);
	else if (v.state == EVENT_COMMAND_STATE_UNKNOWN && r->step == STEP_TRIGGER && v.status &&
		 strcmp(v.status, "Accepted") == 0) {
		move(r, STEP_REQUEST);
		fail(r, "it was asked, said Accepted, and sent no request");
	} else
		fail(r, v.note && v.note[0] ? v.note : v.status ? v.status : "no answer");
}

static void begin(struct renewals *all, const struct issued_certificate *i)
{
	struct core *c = all->core;
	struct station *s = fleet_station(&c->fleet, i->station);
	struct renewal *r = find(all, i->station, i->use);
	struct signing_renewal order = {.use = i->use,
		.actor = "depotd",
		.why = "its certificate ends soon",
		.ended = on_triggered};
	struct schema_error err;

	if (!r && (r = calloc(1, sizeof *r))) {
		snprintf(r->station, sizeof r->station, "%s", i->station);
		r->use = i->use;
		r->owner = all;
		DL_APPEND(all->list, r);
	}
	if (!r)
		return;
	r->note[0] = '\0';
	r->is_over = false;
	r->begun = r->moved = clock_wall();
	r->step = STEP_TRIGGER;
	order.arg = r;
	if (!s)
		fail(r, "it is not registered any more");
	else if (signing_renew(c, s, &order, r->command, &err))
		fail(r, err.message);
}

/* The newest certificate that came of this renewal. */
static const struct issued_certificate *fruit(const struct renewal *r)
{
	const struct issued_certificate *i = issued_of_station(r->owner->core, r->station);

	for (; i && i->issued_at.ms >= r->begun.ms; i = i->older)
		if (i->use == r->use)
			return i;
	return NULL;
}

static void follow(struct renewal *r)
{
	const struct issued_certificate *i = fruit(r);
	bool is_open = signing_is_open(r->owner->core, r->station, r->use);

	if (i && i->state == EVENT_ISSUED_STATE_CURRENT) {
		move(r, STEP_DONE);
		r->is_over = true;
		r->owner->is_proven = true;
		alarm_clear(r->owner->core, ALARM_CERTIFICATE_EXPIRES, r->station);
		return;
	}
	if (r->step == STEP_TRIGGER)
		return;
	if (i && i->state == EVENT_ISSUED_STATE_REJECTED) {
		move(r, STEP_TAKE);
		fail(r, "it rejected the new certificate");
	} else if (i)
		move(r, is_open ? STEP_TAKE : STEP_LOGIN);
	else if (!is_open) {
		fail(r, "its request was rejected, or not signed: depotctl ca requests says why");
		return;
	}
	if (!r->is_over && clock_wall().ms - r->moved.ms > STEP_MAX_MS)
		fail(r, r->step == STEP_LOGIN ? "it took the certificate but does not use it"
					      : "nothing happens any more");
}

/* -- the round -------------------------------------------------------------------------------------- */

static bool is_due(const struct renewals *all, const struct issued_certificate *i)
{
	int64_t left_ms = i->not_after.ms - clock_wall().ms;
	const struct renewal *r = find(all, i->station, i->use);

	if (i->state != EVENT_ISSUED_STATE_CURRENT ||
		left_ms > all->core->config->trust->renew_days * (int64_t)DAY_MS)
		return false;
	if (r && (!r->is_over || clock_wall().ms - r->moved.ms < DAY_MS))
		return false;
	return !signing_is_open(all->core, i->station, i->use);
}

static void warn(struct renewals *all, const struct issued_certificate *i)
{
	int64_t days = (i->not_after.ms - clock_wall().ms) / DAY_MS;
	int64_t soon = all->core->config->trust->renew_days / 2;
	const struct renewal *r = find(all, i->station, i->use);

	if (i->state != EVENT_ISSUED_STATE_CURRENT ||
		days >= (soon < ALARM_DAYS ? soon : ALARM_DAYS))
		return;
	alarm_raise(all->core, ALARM_CERTIFICATE_EXPIRES, i->station,
		"The %s of %s ends in %lld days and is not renewed%s%s", issued_use_name(i->use),
		i->station, (long long)(days > 0 ? days : 0), r && r->note[0] ? ": " : "",
		r ? r->note : "");
}

static int by_end(const void *a, const void *b)
{
	const struct issued_certificate *const *x = a, *const *y = b;

	return ((*x)->not_after.ms > (*y)->not_after.ms) -
	       ((*x)->not_after.ms < (*y)->not_after.ms);
}

static int under_way(const struct renewals *all)
{
	const struct renewal *r;
	int n = 0;

	DL_FOREACH (all->list, r)
		n += !r->is_over;
	return n;
}

/* Those that end first, as many as there is room for. */
static void begin_due(struct renewals *all)
{
	int most = all->is_proven ? (int)all->core->config->trust->renew_at_once : FIRST;
	int room = most - under_way(all);
	size_t count = HASH_COUNT(issued_all(all->core)), n = 0;
	const struct issued_certificate **due = count ? calloc(count, sizeof *due) : NULL;

	for (const struct issued_certificate *i = issued_all(all->core); due && i; i = i->hh.next) {
		warn(all, i);
		if (room > 0 && is_due(all, i))
			due[n++] = i;
	}
	if (n > 1)
		qsort(due, n, sizeof *due, by_end);
	for (size_t k = 0; k < n && room > 0; k++) {
		const struct station *s = fleet_station(&all->core->fleet, due[k]->station);

		if (!s || !s->session)
			continue; /* its turn comes when it is back */
		begin(all, due[k]);
		room--;
	}
	free(due);
}

static void on_time(void *arg)
{
	struct renewals *all = arg;
	struct renewal *r;

	DL_FOREACH (all->list, r)
		if (!r->is_over)
			follow(r);
	if (all->core->config->trust->authority != CONFIG_AUTHORITY_OFF)
		begin_due(all);
	timer_start(
		all->core->timers, &all->timer, under_way(all) ? FOLLOW_MS : LOOK_MS, on_time, all);
}

void renewals_look_now(struct core *c)
{
	timer_start(c->timers, &c->renewals->timer, 0, on_time, c->renewals);
}

bool renewal_look(
	const struct core *c, const char *station, enum issued_use use, struct renewal_view *out)
{
	const struct renewal *r = c->renewals ? find(c->renewals, station, use) : NULL;

	if (!r)
		return false;
	*out = (struct renewal_view){
		.step = step_names[r->step],
		.note = r->note,
		.at = r->moved,
		.again.ms = r->is_over && r->step != STEP_DONE ? r->moved.ms + DAY_MS : 0,
		.is_over = r->is_over,
	};
	return true;
}

struct renewals *renewals_create(struct core *c, char why[300])
{
	struct renewals *all = calloc(1, sizeof *all);

	if (!all) {
		snprintf(why, 300, "out of memory");
		return NULL;
	}
	all->core = c;
	c->renewals = all;
	timer_start(c->timers, &all->timer, FOLLOW_MS, on_time, all);
	return all;
}

void renewals_destroy(struct renewals *all)
{
	struct renewal *r, *next;

	if (!all)
		return;
	timer_stop(all->core->timers, &all->timer);
	DL_FOREACH_SAFE (all->list, r, next)
		free(r);
	free(all);
}
