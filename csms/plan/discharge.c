#include "csms/plan/discharge.h"
#include <stdio.h>
#include <stdlib.h>
#include "csms/power/control.h"
#include "csms/log.h"
#include "csms/record.h"
#include "db/query_storage.h"

struct discharge {
	struct core *core;
	struct discharge_stop now;
};

/* A change on its way to the disk. */
struct change {
	struct discharge *discharge;
	struct discharge_stop next;
	void (*done)(void *arg, int status, const char *why);
	void *arg;
};

/* -- start ------------------------------------------------------------------------------------ */

struct reading_stop {
	struct arena *arena;
	struct db_discharge_stop row;
	bool failed;
};

static void read_stop(struct db_reader *r, void *arg)
{
	struct reading_stop *x = arg;

	x->failed = db_query_discharge_stop(r, x->arena, &x->row) != 0;
}

struct discharge *discharge_create(struct core *c, char why[300])
{
	struct discharge *d = calloc(1, sizeof *d);
	struct reading_stop x = {.arena = arena_create(0)};

	if (!d || !x.arena || db_read_now(c->db, read_stop, &x) || x.failed) {
		snprintf(why, 300,
			"the store does not say whether discharging is stopped; try "
			"`depotctl rebuild --check --data DIR`");
		free(d);
		d = NULL;
	} else {
		d->core = c;
		d->now.is_stopped = x.row.is_stopped;
		d->now.since = x.row.at;
		snprintf(d->now.actor, sizeof d->now.actor, "%s", x.row.actor ? x.row.actor : "");
		snprintf(d->now.why, sizeof d->now.why, "%s", x.row.why ? x.row.why : "");
		if (d->now.is_stopped)
			log_warn("discharging is stopped, by %s: %s", d->now.actor, d->now.why);
	}
	arena_destroy(x.arena);
	c->discharge = d;
	return d;
}

void discharge_destroy(struct discharge *d)
{
	free(d);
}

/* -- changes ---------------------------------------------------------------------------------- */

const struct discharge_stop *discharge_look(const struct discharge *d)
{
	static const struct discharge_stop never;

	return d ? &d->now : &never;
}

bool discharge_is_stopped(const struct discharge *d)
{
	return d && d->now.is_stopped;
}

static void on_stored(void *arg, int status, const char *why)
{
	struct change *k = arg;

	if (status == 0) {
		k->discharge->now = k->next;
		control_evse_changed(k->discharge->core->control, NULL,
			k->next.is_stopped ? "discharging was stopped"
					   : "discharging was released");
	}
	k->done(k->arg, status, why);
	free(k);
}

static void change(struct discharge *d, bool is_stopped, const char *actor, const char *why,
	void (*done)(void *arg, int status, const char *why), void *arg)
{
	struct change *k = calloc(1, sizeof *k);
	struct arena *a = record_arena(d->core);
	struct event_discharge_stopped *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!k || !e) {
		free(k);
		done(arg, -1, "out of memory");
		return;
	}
	/* Both events have the same payload. */
	e->why = arena_strdup(a, why);
	record_now(d->core, is_stopped ? EVENT_DISCHARGE_STOPPED : EVENT_DISCHARGE_RELEASED,
		"depot", d->core->depot->depot, e, actor, NULL);
	*k = (struct change){d, {.is_stopped = is_stopped, .since = clock_wall()}, done, arg};
	snprintf(k->next.actor, sizeof k->next.actor, "%s", actor);
	snprintf(k->next.why, sizeof k->next.why, "%s", why);
	record_then(d->core, on_stored, k);
}

void discharge_stop(struct discharge *d, const char *actor, const char *why,
	void (*done)(void *arg, int status, const char *why), void *arg)
{
	d->now.is_stopped = true;
	log_warn("discharging is stopped, by %s: %s", actor, why);
	control_load_changed(d->core->control);
	change(d, true, actor, why, done, arg);
}

int discharge_release(struct discharge *d, const char *actor, const char *why,
	void (*done)(void *arg, int status, const char *why), void *arg)
{
	if (!d->now.is_stopped)
		return -1;
	change(d, false, actor, why, done, arg);
	return 0;
}
