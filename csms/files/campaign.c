#include "csms/files/campaign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/command.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "db/query_file.h"

#define LOOK_EVERY_MS 2000
#define RESTORED_MAX  1000 /* campaigns that a restart looks at, newest first */

struct member {
	char station[49];
	char command[37]; /* "": not asked yet */
	bool is_skipped;
};

struct campaign {
	struct campaign *prev, *next;
	char id[37], image[37], actor[81], why[201];
	struct firmware_order order;
	int at_once, count;
	struct member *members; /* owned */
};

struct campaigns {
	struct core *core;
	struct campaign *open;
	struct timer look;
};

static void destroy(struct campaign *k)
{
	free(k->members);
	free(k);
}

/* -- journal ----------------------------------------------------------------------------------- */

static void journal(
	struct core *c, const struct campaign *k, int type, const void *payload, const char *actor)
{
	record_now(c, type, "campaign", k->id, payload, actor, NULL);
}

static void journal_member(
	struct core *c, const struct campaign *k, const struct member *m, const char *note)
{
	struct arena *a = record_arena(c);
	struct event_campaign_moved *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->station = arena_strdup(a, m->station);
	p->command_id = m->command[0] ? arena_strdup(a, m->command) : NULL;
	p->note = note ? arena_printf(a, "%.300s", note) : NULL;
	journal(c, k, EVENT_CAMPAIGN_MOVED, p, "depotd");
}

static const char **copy_names(struct arena *a, const struct schema_strings *from)
{
	const char **names = arena_alloc(a, (from->count + 1) * sizeof *names);

	for (size_t i = 0; names && i < from->count; i++) {
		names[i] = arena_strdup(a, from->items[i]);
		if (!names[i])
			return NULL;
	}
	return names;
}

static bool journal_started(
	struct core *c, const struct campaign *k, const struct campaign_plan *plan)
{
	struct arena *a = record_arena(c);
	struct event_campaign_started *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p || !(p->stations.items = copy_names(a, &plan->stations)))
		return false;
	p->firmware_id = arena_strdup(a, k->image);
	p->has_retrieve_at = k->order.retrieve_at.ms != 0;
	p->retrieve_at = k->order.retrieve_at;
	p->has_install_at = k->order.install_at.ms != 0;
	p->install_at = k->order.install_at;
	p->allow_unsigned = k->order.is_unsigned;
	p->at_once = k->at_once;
	p->why = plan->why ? arena_printf(a, "%.200s", plan->why) : NULL;
	p->stations.count = plan->stations.count;
	journal(c, k, EVENT_CAMPAIGN_STARTED, p, plan->actor);
	return true;
}

/* -- asking ------------------------------------------------------------------------------------ */

static void skip(struct core *c, struct campaign *k, struct member *m, const char *why)
{
	m->is_skipped = true;
	journal_member(c, k, m, why);
	log_warn("campaign %s: %s is skipped: %s", k->id, m->station, why);
}

static void ask(
	struct core *c, struct campaign *k, struct member *m, const struct firmware_image *x)
{
	struct station *s = fleet_station(&c->fleet, m->station);
	struct arena *a = arena_create(0);
	struct schema_error err;
	struct command_request req = {
		.action = "UpdateFirmware",
		.payload = a ? firmware_payload(a, x, &k->order) : NULL,
		.actor = k->actor,
		.why = k->why[0] ? k->why : "firmware campaign",
		.parent = k->id,
	};

	if (!req.payload)
		; /* no memory: the next look tries again */
	else if (command_start(c, s, &req, m->command, &err) == 0)
		journal_member(c, k, m, NULL);
	else
		skip(c, k, m, err.message);
	arena_destroy(a);
}

static bool is_asked(const struct member *m)
{
	return m->command[0] || m->is_skipped;
}

static bool is_all_asked(const struct campaign *k)
{
	for (int i = 0; i < k->count; i++)
		if (!is_asked(&k->members[i]))
			return false;
	return true;
}

/* Stations whose update runs. */
static int count_running(const struct core *c, const struct campaign *k)
{
	int n = 0;

	for (int i = 0; i < k->count; i++)
		n += k->members[i].command[0] && command_find(c, k->members[i].command);
	return n;
}

/* Asks as many as may be asked now. */
static void step(struct core *c, struct campaign *k)
{
	const struct firmware_image *x = firmware_find(c->firmware, k->image);
	int running = count_running(c, k);

	for (int i = 0; i < k->count && (running < k->at_once || !x); i++) {
		struct member *m = &k->members[i];
		const struct station *s = fleet_station(&c->fleet, m->station);

		if (is_asked(m))
			continue;
		if (!s || !x)
			skip(c, k, m, s ? "the image was removed" : "the station was removed");
		else if (s->session && station_is_accepted(s) &&
			 !command_is_running(s, OCPP201_UPDATE_FIRMWARE)) {
			ask(c, k, m, x);
			running += m->command[0] != '\0';
		}
	}
}

static void look(void *arg)
{
	struct campaigns *all = arg;
	struct campaign *k, *next;

	DL_FOREACH_SAFE (all->open, k, next) {
		step(all->core, k);
		if (!is_all_asked(k))
			continue;
		DL_DELETE(all->open, k);
		destroy(k);
	}
	if (all->open)
		timer_start(all->core->timers, &all->look, LOOK_EVERY_MS, look, all);
}

/* -- from outside ------------------------------------------------------------------------------ */

static struct campaign *create(size_t members)
{
	struct campaign *k = calloc(1, sizeof *k);

	if (!k || !(k->members = calloc(members + 1, sizeof *k->members))) {
		free(k);
		return NULL;
	}
	k->count = (int)members;
	return k;
}

static struct campaign *find(const struct campaigns *all, const char *id)
{
	struct campaign *k;

	DL_FOREACH (all->open, k)
		if (strcmp(k->id, id) == 0)
			return k;
	return NULL;
}

int campaign_start(struct campaigns *all, const struct campaign_plan *plan, char id[37])
{
	struct campaign *k = create(plan->stations.count);

	if (!k)
		return -1;
	ocpp_message_ids_next(&all->core->ids, clock_wall().ms, k->id);
	snprintf(k->image, sizeof k->image, "%s", plan->image->id);
	snprintf(k->actor, sizeof k->actor, "%s", plan->actor);
	snprintf(k->why, sizeof k->why, "%s", plan->why ? plan->why : "");
	k->order = plan->order;
	k->at_once = plan->at_once;
	for (int i = 0; i < k->count; i++)
		snprintf(k->members[i].station, sizeof k->members[i].station, "%s",
			plan->stations.items[i]);
	if (!journal_started(all->core, k, plan)) {
		destroy(k);
		return -1;
	}
	snprintf(id, 37, "%s", k->id);
	DL_APPEND(all->open, k);
	timer_start(all->core->timers, &all->look, 0, look, all);
	return 0;
}

bool campaign_cancel(struct campaigns *all, const char *id, const char *actor)
{
	struct campaign *k = find(all, id);
	struct arena *a = record_arena(all->core);

	if (!k || !a)
		return false;
	journal(all->core, k, EVENT_CAMPAIGN_CANCELLED,
		arena_alloc(a, sizeof(struct event_campaign_cancelled)), actor);
	DL_DELETE(all->open, k);
	destroy(k);
	return true;
}

bool campaign_is_open(const struct campaigns *all, const char *id)
{
	return all && find(all, id) != NULL;
}

/* -- life -------------------------------------------------------------------------------------- */

static void put_row(struct campaigns *all, const struct db_campaign *row)
{
	struct campaign *k = create(row->station_count);

	if (!k)
		return;
	snprintf(k->id, sizeof k->id, "%s", row->id);
	snprintf(k->image, sizeof k->image, "%s", row->firmware);
	snprintf(k->actor, sizeof k->actor, "%s", row->actor ? row->actor : "depotd");
	snprintf(k->why, sizeof k->why, "%s", row->why ? row->why : "");
	k->order = (struct firmware_order){.is_unsigned = row->allow_unsigned,
		.retrieve_at = row->retrieve_at,
		.install_at = row->install_at,
		.retries = -1,
		.interval_s = -1};
	k->at_once = (int)row->at_once;
	for (int i = 0; i < k->count; i++) {
		const struct db_campaign_station *s = &row->stations[i];

		snprintf(k->members[i].station, sizeof k->members[i].station, "%s", s->station);
		snprintf(k->members[i].command, sizeof k->members[i].command, "%s",
			s->command ? s->command : "");
		k->members[i].is_skipped = !s->command && s->note;
	}
	if (is_all_asked(k))
		destroy(k);
	else
		DL_PREPEND(all->open, k);
}

struct loading {
	struct campaigns *all;
	bool has_failed;
};

static void load(struct db_reader *r, void *arg)
{
	struct loading *l = arg;
	struct arena *a = arena_create(0);
	struct db_campaign_list list = {0};

	l->has_failed = !a || db_query_campaigns(r, NULL, RESTORED_MAX, a, &list);
	for (size_t i = 0; i < list.count; i++)
		if (!list.items[i].cancelled_at.ms)
			put_row(l->all, &list.items[i]);
	arena_destroy(a);
}

struct campaigns *campaigns_create(struct core *c, char why[300])
{
	struct campaigns *all = calloc(1, sizeof *all);
	struct loading l = {.all = all};

	stored_unreadable("campaigns", why);
	if (!all)
		return NULL;
	all->core = c;
	if (db_read_now(c->db, load, &l) || l.has_failed) {
		campaigns_destroy(all);
		return NULL;
	}
	if (all->open)
		timer_start(c->timers, &all->look, LOOK_EVERY_MS, look, all);
	return all;
}

void campaigns_destroy(struct campaigns *all)
{
	struct campaign *k, *next;

	if (!all)
		return;
	timer_stop(all->core->timers, &all->look);
	DL_FOREACH_SAFE (all->open, k, next)
		destroy(k);
	free(all);
}
