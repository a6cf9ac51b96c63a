#include "csms/station/inventory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/command.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "db/query_device.h"

#define TRIES_MAX     3 /* of one firmware */
#define RETRY_S       900 /* after one that failed */
#define IDENTITY_SIZE (UTF8_SIZE(50) + UTF8_SIZE(20) + UTF8_SIZE(50))

#define COMPLETE    "complete"
#define UNSUPPORTED "unsupported"
#define FAILED      "failed"

struct inventory {
	struct core *core;
	struct station *station;
	char of[IDENTITY_SIZE]; /* vendor, model and firmware that `outcome` is of */
	char outcome[20]; /* "" never asked */
	int64_t tries;
	char command[37]; /* that asks, "" none */
	bool wants_monitors; /* since its boot they were not asked for */
	bool has_no_monitors; /* it said that it knows of no such thing */
	struct timer timer;
};

static void identity(const struct station *s, char out[IDENTITY_SIZE])
{
	snprintf(out, IDENTITY_SIZE, "%s %s %s", s->vendor, s->model, s->firmware);
}

static struct inventory *inventory_of(struct core *c, struct station *s)
{
	struct inventory *i = s->inventory;

	if (i)
		return i;
	i = calloc(1, sizeof *i);
	if (!i)
		return NULL;
	i->core = c;
	i->station = s;
	s->inventory = i;
	return i;
}

void inventory_forget(struct station *s)
{
	struct inventory *i = s->inventory;

	if (!i)
		return;
	timer_stop(i->core->timers, &i->timer);
	free(i);
	s->inventory = NULL;
}

/* -- asking ----------------------------------------------------------------------------------- */

static bool is_wanted(const struct inventory *i)
{
	char now[IDENTITY_SIZE];

	if (i->core->config->device->inventory != CONFIG_INVENTORY_AUTO || i->command[0])
		return false;
	identity(i->station, now);
	if (strcmp(i->of, now) != 0)
		return true;
	return !i->outcome[0] || (strcmp(i->outcome, FAILED) == 0 && i->tries < TRIES_MAX);
}

static void on_time(void *arg);

static bool wants_monitors(const struct inventory *i)
{
	return i->wants_monitors && !i->has_no_monitors &&
	       i->core->config->device->inventory == CONFIG_INVENTORY_AUTO;
}

static void wait(struct inventory *i, int64_t s)
{
	timer_start(i->core->timers, &i->timer, s * 1000, on_time, i);
}

static const char *outcome_of(const struct command_view *v)
{
	if (v->state == EVENT_COMMAND_STATE_DONE)
		return COMPLETE;
	if (v->status && strcmp(v->status, "NotSupported") == 0)
		return UNSUPPORTED;
	if (v->error_code && (strcmp(v->error_code, "NotSupported") == 0 ||
				     strcmp(v->error_code, "NotImplemented") == 0))
		return UNSUPPORTED;
	return FAILED;
}

static void on_monitors(void *arg, const struct command *k)
{
	struct inventory *i = arg;
	struct command_view v;

	command_look(k, &v);
	i->has_no_monitors = strcmp(outcome_of(&v), UNSUPPORTED) == 0;
}

/* Monitors keep over a boot, but their numbers may not (N04.FR.19). */
static void ask_monitors(struct inventory *i)
{
	const struct command_request req = {
		.action = "GetMonitoringReport",
		.payload = "{}",
		.actor = "depotd",
		.why = "it booted: monitors may have other numbers",
		.ended = on_monitors,
		.arg = i,
	};
	struct schema_error err;

	i->wants_monitors = command_start(i->core, i->station, &req, NULL, &err) != 0;
}

static void journal(struct inventory *i)
{
	struct arena *a = record_arena(i->core);
	struct event_inventory_taken *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->of = arena_strdup(a, i->of);
	p->outcome = arena_strdup(a, i->outcome);
	p->tries = i->tries;
	if (p->of && p->outcome)
		record_now(i->core, EVENT_INVENTORY_TAKEN, "station", i->station->id, p, NULL,
			i->command);
}

static void on_ended(void *arg, const struct command *k)
{
	struct inventory *i = arg;
	struct command_view v;

	command_look(k, &v);
	if (v.state == EVENT_COMMAND_STATE_CANCELLED) { /* by hand, or the station went */
		i->command[0] = '\0';
		return;
	}
	snprintf(i->outcome, sizeof i->outcome, "%s", outcome_of(&v));
	i->tries++;
	log_info("station %s: inventory of %s: %s", i->station->id, i->of, i->outcome);
	journal(i);
	i->command[0] = '\0';
	if (is_wanted(i))
		wait(i, RETRY_S);
	else if (wants_monitors(i))
		wait(i, 0);
}

static void ask(struct inventory *i)
{
	const struct command_request req = {
		.action = "GetBaseReport",
		.payload = "{\"reportBase\":\"FullInventory\"}",
		.actor = "depotd",
		.why = i->of[0] ? "its firmware changed" : "first contact",
		.ended = on_ended,
		.arg = i,
	};
	char now[IDENTITY_SIZE], id[37];
	struct schema_error err;

	identity(i->station, now);
	if (strcmp(i->of, now) != 0) {
		i->tries = 0;
		i->outcome[0] = '\0';
	}
	if (command_start(i->core, i->station, &req, id, &err) != 0) {
		log_info("station %s: its inventory cannot be asked for now: %s", i->station->id,
			err.message);
		return;
	}
	snprintf(i->of, sizeof i->of, "%s", now);
	snprintf(i->command, sizeof i->command, "%s", id);
}

static void on_time(void *arg)
{
	struct inventory *i = arg;

	if (!i->station->session || !station_is_accepted(i->station))
		return;
	if (is_wanted(i))
		ask(i);
	else if (wants_monitors(i))
		ask_monitors(i);
}

void inventory_station_ready(struct core *c, struct station *s, bool has_booted)
{
	struct inventory *i = inventory_of(c, s);

	if (!i)
		return;
	i->wants_monitors = i->wants_monitors || has_booted;
	if ((is_wanted(i) || wants_monitors(i)) && !timer_running(&i->timer))
		wait(i, c->config->device->inventory_delay_s);
}

/* -- start ------------------------------------------------------------------------------------ */

static void read_states(struct db_reader *db, void *arg)
{
	struct stored *w = arg;
	struct db_device_state_list list = {0};

	if (db_query_device_states(db, NULL, w->arena, &list))
		w->failed = true;
	for (size_t n = 0; n < list.count; n++) {
		const struct db_device_state *row = &list.items[n];
		struct station *s = fleet_station(&w->core->fleet, row->station);
		struct inventory *i = s && row->inventory_of ? inventory_of(w->core, s) : NULL;

		if (!i)
			continue;
		snprintf(i->of, sizeof i->of, "%s", row->inventory_of);
		snprintf(i->outcome, sizeof i->outcome, "%s", row->inventory_outcome);
		i->tries = row->inventory_tries;
	}
}

int inventory_restore(struct core *c, char why[300])
{
	return stored_read(c, read_states, NULL, "device states", why);
}
