#include "csms/plan/fallback_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/plan/planner.h"
#include "csms/plan/planner_job.h"
#include "csms/power/safety.h"
#include "csms/secret.h"
#include "csms/vehicles/trips.h"
#include "csms/vehicles/vehicle_charge.h"
#include "db/query_log.h"

#define KEY_SIZE  (49 + 12 + UTF8_SIZE(36)) /* station/evse and transaction */
#define LEAST_WH  500 /* less is nothing that a driver notices */
#define OTHER_WH  2000 /* so much more or less is missing: it is looked at again … */
#define AGAIN_MS  300000 /* … after this */
#define HALF      2 /* a choice helps if it leaves at most the half missing */
#define LATER_MS  14400000 /* it is asked when the vehicle would be ready within so much more */
#define TRIED_MAX 3
#define PER_PLAN  8 /* vehicles that are looked at, the others for the next one */
#define MICRO     1e6
#define READ_MAX  1000 /* of the newest decisions in the journal */

/* What was decided for a vehicle's stay. */
struct decided {
	char key[KEY_SIZE];
	char station[49];
	int evse;
	enum event_fallback_choice choice;
	int64_t short_wh; /* when it was */
	mono_t at;
	char words[300];
	UT_hash_handle hh;
};

struct fallbacks {
	struct core *core;
	struct decided *decided;
	struct looking *looking; /* NULL: none */
	int left; /* that may still be looked at for this plan */
};

static void try_next(struct fallbacks *f);
static void look_on(struct fallbacks *f, struct control *control, const struct control_plan *p);

static void write_key(const char *station, int evse, const char *transaction, char out[KEY_SIZE])
{
	snprintf(out, KEY_SIZE, "%s/%d %s", station, evse, transaction);
}

static struct decided *find(const struct fallbacks *f, const struct evse *e)
{
	char key[KEY_SIZE];
	struct decided *d = NULL;

	if (!f || !f->decided)
		return NULL;
	write_key(e->station->id, e->id, e->tx.id, key);
	HASH_FIND_STR(f->decided, key, d);
	return d;
}

/* No choice can be judged: when the grid is back nobody knows. */
static bool is_open_ended(const struct fallbacks *f, const struct evse *e)
{
	const struct control *k = f->core->control;

	return k && safety_is_fed_by_island(control_safety(k), e);
}

const char *fallback_words(const struct fallbacks *f, const struct evse *e)
{
	const struct decided *d = find(f, e);

	return d && !is_open_ended(f, e) ? d->words : "";
}

bool fallback_pays(const struct fallbacks *f, const struct evse *e)
{
	const struct decided *d = find(f, e);

	return d && d->choice == EVENT_FALLBACK_CHOICE_PAY_MORE;
}

static struct evse *evse_of(const struct core *c, const char *station, int id)
{
	struct station *s = fleet_station(&c->fleet, station);

	return s ? station_evse(s, id) : NULL;
}

int64_t fallback_more_w(const struct fallbacks *f, const struct grid_tree *t, int node)
{
	const struct grid_node *n = grid_tree_node(t, node);
	int64_t sum = 0;

	for (const struct decided *d = f ? f->decided : NULL; d; d = d->hh.next) {
		const struct evse *e = d->choice == EVENT_FALLBACK_CHOICE_PAY_MORE
					       ? evse_of(f->core, d->station, d->evse)
					       : NULL;

		if (e && find(f, e) == d && e->tx.is_open && e->grid_evse >= n->evse_first &&
			e->grid_evse < n->evse_end)
			sum += planner_job_max_w(e, e->tx.vehicle);
	}
	return sum;
}

/* -- the policy ------------------------------------------------------------------------------- */

static void write_version(const struct depot_vehicle_class *row, char out[VERSION_SIZE])
{
	struct text t;
	char digest[65];

	out[0] = '\0';
	if (!row)
		return;
	text_init(&t, 0);
	if (schema_encode(&depot_vehicle_class_type, row, &t) == 0) {
		secret_digest(t.data, t.len, digest);
		snprintf(out, VERSION_SIZE, "%.16s", digest);
	}
	text_finish(&t);
}

static void read_policy(struct looking *l, const struct vehicle *v)
{
	const struct depot_vehicle_class *row = v ? trips_class_row(l->core, v) : NULL;

	l->policy = row ? row->id : "default";
	l->order[l->count++] = DEPOT_FALLBACK_NEXT_CHARGER;
	l->order[l->count++] = DEPOT_FALLBACK_DELAY;
	write_version(row, l->version);
	if (!row || !row->fallback.count)
		return;
	l->count = 0;
	for (size_t i = 0; i < row->fallback.count && l->count < TRIED_MAX; i++)
		l->order[l->count++] = (enum depot_fallback)row->fallback.items[i];
}

/* -- the decision ----------------------------------------------------------------------------- */

/* It stands there still, with the same transaction. */
static struct evse *who(const struct looking *l)
{
	struct evse *e = evse_of(l->core, l->station, l->evse);

	return e && e->tx.is_open && strcmp(e->tx.id, l->transaction) == 0 ? e : NULL;
}

/* What was decided for the stay of who stands there, or room for it; NULL: no memory. */
static struct decided *enter(struct fallbacks *f, const struct evse *e)
{
	struct decided *d = find(f, e);

	if (d)
		return d;
	d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	write_key(e->station->id, e->id, e->tx.id, d->key);
	snprintf(d->station, sizeof d->station, "%s", e->station->id);
	d->evse = e->id;
	HASH_ADD_STR(f->decided, key, d);
	return d;
}

static void stop_looking(struct fallbacks *f)
{
	free(f->looking);
	f->looking = NULL;
}

static void decide(struct fallbacks *f, const struct outcome *o)
{
	const struct looking *l = f->looking;
	struct control *control = l->control;
	const struct evse *e = who(l);
	struct decided *d = e ? enter(f, e) : NULL;

	if (d) {
		d->choice = o->choice;
		d->short_wh = l->short_wh;
		d->at = clock_mono();
		fallback_say(l, o, d->words, sizeof d->words);
		fallback_journal(l, e->tx.vehicle, o, d->words);
		fleet_touch(&f->core->fleet, e->station);
		if (o->choice == EVENT_FALLBACK_CHOICE_PAY_MORE)
			control_evse_changed(l->control, NULL, "energy at any price");
	}
	stop_looking(f);
	look_on(f, control, control_plan(control));
}

/* -- a choice, planned ------------------------------------------------------------------------ */

static void edit(struct planner_job *j, const void *how)
{
	const struct looking *l = how;
	const struct evse *e = who(l), *to = evse_of(l->core, l->to_station, l->to_evse);

	for (int i = 0; e && i < j->present; i++) {
		struct plan_vehicle *v = &j->vehicles[i];

		if (j->rows[i].evse != e)
			continue;
		if (l->order[l->at] == DEPOT_FALLBACK_NEXT_CHARGER && to) {
			v->evse = to->grid_evse;
			v->max_w = planner_job_max_w(to, e->tx.vehicle);
			v->min_w = (int32_t)(v->min_w > to->min_w ? v->min_w : to->min_w);
			memset(v->sixths, 0, sizeof v->sixths);
			v->is_exact = false;
		} else if (l->order[l->at] == DEPOT_FALLBACK_PAY_MORE) {
			v->worth = 0;
		} else if (l->order[l->at] == DEPOT_FALLBACK_DELAY) {
			v->depart_ms += LATER_MS;
		}
	}
}

static void on_tried(void *arg, const struct planner_trial *t)
{
	struct fallbacks *f = arg;
	struct looking *l = f->looking;
	struct outcome o = {.short_wh = -1};
	const struct evse *e = who(l);
	bool helps = false;

	for (int i = 0; t && e && i < t->count; i++) {
		const struct planner_trial_row *r = &t->rows[i];

		if (r->row->evse != e)
			continue;
		o.short_wh = r->with.short_wh;
		o.ready = r->with.ready_at;
		o.cost_more = (double)(t->cost_with - t->cost_without) / MICRO;
		helps = o.short_wh * HALF <= l->short_wh;
	}
	if (!e || o.short_wh < 0) {
		stop_looking(f); /* it left, or the tree changed */
		return;
	}
	switch (l->order[l->at]) {
	case DEPOT_FALLBACK_NEXT_CHARGER:
		o.choice = EVENT_FALLBACK_CHOICE_NEXT_CHARGER;
		o.ready.ms = 0;
		break;
	case DEPOT_FALLBACK_PAY_MORE:
		o.choice = EVENT_FALLBACK_CHOICE_PAY_MORE;
		o.ready.ms = 0;
		break;
	default:
		o.choice = EVENT_FALLBACK_CHOICE_DELAY;
		helps = helps && o.ready.ms;
	}
	fallback_note(l, &o);
	if (helps) {
		decide(f, &o);
		return;
	}
	l->at++;
	try_next(f);
}

/* Says in `tried` why the choice that is next is none for this vehicle, or NULL. */
static const char *is_no_choice(struct looking *l, const struct evse *e)
{
	int32_t worth;

	switch (l->order[l->at]) {
	case DEPOT_FALLBACK_NEXT_CHARGER:
		return fallback_find_place(l, e, e->tx.vehicle)
			       ? NULL
			       : "next_charger: none is free that serves it better";
	case DEPOT_FALLBACK_PAY_MORE:
		trips_priority(l->core, e->tx.vehicle, &worth);
		return worth || l->is_demand ? NULL : "pay_more: any price is paid for it already";
	default:
		return l->departs.ms ? NULL : "delay: when it leaves is not known";
	}
}

static void try_next(struct fallbacks *f)
{
	struct looking *l = f->looking;
	const struct evse *e = who(l);
	const char *no;

	while (e && l->at < l->count && (no = is_no_choice(l, e))) {
		snprintf(l->tried[l->at], sizeof l->tried[l->at], "%s", no);
		l->at++;
	}
	if (!e)
		stop_looking(f);
	else if (l->at == l->count)
		decide(f, &(struct outcome){EVENT_FALLBACK_CHOICE_NONE, l->short_wh, 0, {0}});
	else if (control_try_edited(l->control,
			 &(struct control_trial){.edit = edit,
				 .how = l,
				 .exceeds = l->order[l->at] == DEPOT_FALLBACK_PAY_MORE ? e : NULL},
			 on_tried, f))
		stop_looking(f); /* too much is tried now: after another plan */
}

/* -- plans ------------------------------------------------------------------------------------ */

/* The node that keeps power from it in most slots before it leaves. */
static int full_node(const struct control_plan *p, const struct control_plan_row *row)
{
	int best = -1, best_count = 0;

	for (int t = 0; t < p->slot_count; t++) {
		int count = 0;

		if (row->node[t] < 0 || row->node[t] == best)
			continue;
		for (int u = t; u < p->slot_count; u++)
			count += row->node[u] == row->node[t];
		if (count > best_count) {
			best = row->node[t];
			best_count = count;
		}
	}
	return best;
}

static bool is_to_be_looked_at(const struct fallbacks *f, const struct control_plan_row *row)
{
	const struct decided *d = find(f, row->evse);

	/* Nobody is moved, pays more or is kept back because a charge that nobody knows was taken for the
	 * worst: what helps is to know it, and that is said instead. */
	if (row->short_wh < LEAST_WH || row->by == CHARGE_BY_GUESS || is_open_ended(f, row->evse))
		return false;
	return !d || (mono_diff_ms(clock_mono(), d->at) > AGAIN_MS &&
			     llabs(row->short_wh - d->short_wh) > OTHER_WH);
}

static void look_at(struct fallbacks *f, struct control *control, const struct control_plan *p,
	const struct control_plan_row *row)
{
	struct looking *l = calloc(1, sizeof *l);

	if (!l)
		return;
	f->looking = l;
	l->core = f->core;
	l->control = control;
	l->evse = row->evse->id;
	l->need_wh = row->need_wh;
	l->short_wh = row->short_wh;
	l->departs = row->departs_at;
	l->full_node = full_node(p, row);
	for (int t = 0; t < p->slot_count; t++)
		l->is_demand |= row->source[t] == GRID_SOURCE_DEMAND;
	snprintf(l->station, sizeof l->station, "%s", row->evse->station->id);
	snprintf(l->transaction, sizeof l->transaction, "%s", row->transaction);
	snprintf(l->plan, sizeof l->plan, "%s", p->id);
	read_policy(l, row->vehicle);
	try_next(f);
}

/* What was decided for stays that are over, or for those to whom nothing is missing any more, goes; but
 * who pays more does so to the end. */
static void forget(struct fallbacks *f, const struct control_plan *p)
{
	struct decided *d, *next;

	HASH_ITER (hh, f->decided, d, next) {
		bool stays = false;

		for (int i = 0; i < p->row_count && !stays; i++)
			stays = (p->rows[i].short_wh >= LEAST_WH ||
					d->choice == EVENT_FALLBACK_CHOICE_PAY_MORE) &&
				find(f, p->rows[i].evse) == d;
		if (stays)
			continue;
		HASH_DEL(f->decided, d);
		free(d);
	}
}

static void look_on(struct fallbacks *f, struct control *control, const struct control_plan *p)
{
	for (int i = 0; p && f->left > 0 && i < p->row_count && !f->looking; i++) {
		if (!is_to_be_looked_at(f, &p->rows[i]))
			continue;
		f->left--;
		look_at(f, control, p, &p->rows[i]);
	}
}

void fallbacks_plan_made(struct fallbacks *f, struct control *control, const struct control_plan *p)
{
	if (!p || f->looking)
		return;
	forget(f, p);
	f->left = PER_PLAN;
	look_on(f, control, p);
}

/* -- life ------------------------------------------------------------------------------------- */

/* The newest decision for a stay counts; not one by a class that is described otherwise since. */
static void restore(struct fallbacks *f, const struct event_fallback_decided *x)
{
	const struct evse *e = evse_of(f->core, x->station, (int)x->evse_id);
	const struct vehicle *v = e ? e->tx.vehicle : NULL;
	char version[VERSION_SIZE];
	struct decided *d;

	if (!e || !e->tx.is_open || strcmp(e->tx.id, x->transaction_id) != 0 || find(f, e))
		return;
	write_version(v ? trips_class_row(f->core, v) : NULL, version);
	if (strcmp(version, x->version) != 0)
		return;
	d = enter(f, e);
	if (!d)
		return;
	d->choice = x->choice;
	d->short_wh = x->short_wh;
	d->at = clock_mono();
	snprintf(d->words, sizeof d->words, "%s", x->why);
}

static void read_decided(struct db_reader *r, void *arg)
{
	struct fallbacks *f = arg;
	struct arena *a = arena_create(0);
	struct db_journal_filter q = {
		.type = "FallbackDecided", .newest_first = true, .limit = READ_MAX};
	struct db_journal_page page = {0};

	if (!a || db_query_journal(r, &q, a, &page) != 0)
		page.count = 0;
	for (size_t i = 0; i < page.count; i++) {
		struct schema_error err;
		int type;
		const struct event_fallback_decided *x =
			db_event_decode(&page.items[i], a, &type, &err);

		if (x && type == EVENT_FALLBACK_DECIDED)
			restore(f, x);
	}
	arena_destroy(a);
}

struct fallbacks *fallbacks_create(struct core *c)
{
	struct fallbacks *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->core = c;
	db_read_now(c->db, read_decided, f);
	return f;
}

void fallbacks_destroy(struct fallbacks *f)
{
	struct decided *d, *next;

	if (!f)
		return;
	HASH_ITER (hh, f->decided, d, next) {
		HASH_DEL(f->decided, d);
		free(d);
	}
	free(f->looking);
	free(f);
}
