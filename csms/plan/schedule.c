#include "csms/plan/schedule.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "csms/plan/plan_record.h"
#include "csms/words.h"
#include "scheduler/flow.h"

/* -- life ------------------------------------------------------------------------------------- */

void schedule_destroy(struct schedule *e)
{
	struct schedule_row *r, *next;

	if (!e)
		return;
	HASH_ITER (hh, e->rows, r, next) {
		HASH_DEL(e->rows, r);
		free(r->w);
		free(r);
	}
	free(e);
}

void schedule_key(
	const char *station, int evse, const char *transaction, char out[SCHEDULE_KEY_SIZE])
{
	snprintf(out, SCHEDULE_KEY_SIZE, "%s/%d %s", station, evse, transaction);
}

static int add_row(struct schedule *e, const struct control_plan_row *from)
{
	struct schedule_row *r = calloc(1, sizeof *r);

	if (!r)
		return -1;
	r->w = malloc((size_t)e->slots * sizeof *r->w);
	if (!r->w) {
		free(r);
		return -1;
	}
	memcpy(r->w, from->w, (size_t)e->slots * sizeof *r->w);
	for (int t = 0; t < e->slots; t++)
		r->most_w = r->w[t] > r->most_w ? r->w[t] : r->most_w;
	schedule_key(from->evse->station->id, from->evse->id, from->transaction, r->key);
	snprintf(
		r->vehicle, sizeof r->vehicle, "%s", from->vehicle ? from->vehicle->id : "unknown");
	snprintf(r->station, sizeof r->station, "%s", from->evse->station->id);
	r->evse = from->evse->id;
	r->need_wh = from->need_wh;
	r->ready = from->ready_at;
	r->departs = from->departs_at;
	HASH_ADD_STR(e->rows, key, r);
	return 0;
}

/* NULL: no memory. */
struct schedule *schedule_create(const struct control_plan *p,
	bool (*is_asked)(const void *arg, const struct evse *e), const void *arg)
{
	struct schedule *e = calloc(1, sizeof *e);
	int rc = e ? 0 : -1;

	if (rc)
		return NULL;
	snprintf(e->plan, sizeof e->plan, "%s", p->id);
	snprintf(e->trigger, sizeof e->trigger, "%s", p->trigger);
	e->made_at = p->made_at;
	e->start = p->start;
	e->slot_ms = p->slot_ms;
	e->slots = p->slot_count;
	for (int i = 0; i < p->row_count && rc == 0; i++)
		if (is_asked(arg, p->rows[i].evse))
			rc = add_row(e, &p->rows[i]);
	if (rc == 0)
		return e;
	schedule_destroy(e);
	return NULL;
}

static int restore_row(struct schedule *s, const struct evse *e,
	const struct event_plan_snapshot_vehicle *v, const struct event_plan_result_row *r)
{
	struct schedule_row *x = calloc(1, sizeof *x);
	int32_t *w = malloc((size_t)s->slots * sizeof *w);

	if (x)
		x->w = malloc((size_t)s->slots * sizeof *x->w);
	if (!x || !x->w || !w || plan_runs_read(r->w, s->slots, w)) {
		if (x)
			free(x->w);
		free(x);
		free(w);
		return -1;
	}
	for (int t = 0; t < s->slots; t++) {
		x->w[t] = w[t];
		x->most_w = w[t] > x->most_w ? w[t] : x->most_w;
	}
	free(w);
	schedule_key(e->station->id, e->id, e->tx.id, x->key);
	snprintf(x->vehicle, sizeof x->vehicle, "%s", v->id);
	snprintf(x->station, sizeof x->station, "%s", e->station->id);
	x->evse = e->id;
	x->need_wh = v->need_wh;
	x->departs = v->has_departs ? v->departs : (wall_t){0};
	if (r->ready_slot >= 0)
		x->ready = wall_add_ms(s->start, (r->ready_slot + 1) * s->slot_ms);
	HASH_ADD_STR(s->rows, key, x);
	return 0;
}

struct schedule *schedule_restore(
	const struct core *c, const char *plan, const struct event_plan_made *e)
{
	struct arena *a = arena_create(0);
	struct schedule *s = calloc(1, sizeof *s);
	struct plan_record rec;
	char why[200];
	int rc = a && s && plan_record_read(e, a, &rec, why) == 0 ? 0 : -1;

	if (rc == 0) {
		snprintf(s->plan, sizeof s->plan, "%s", plan);
		snprintf(s->trigger, sizeof s->trigger, "%s", e->trigger);
		s->made_at = s->start = rec.snapshot->start;
		s->slot_ms = rec.snapshot->slot_s * 1000;
		if (rec.snapshot->has_first_s)
			s->made_at.ms += s->slot_ms - rec.snapshot->first_s * 1000;
		s->slots = (int)rec.snapshot->slots;
	}
	for (size_t i = 0;
		rc == 0 && i < rec.snapshot->vehicles.count && i < rec.result->rows.count; i++) {
		const struct event_plan_snapshot_vehicle *v = &rec.snapshot->vehicles.items[i];
		const struct station *st = fleet_station(&c->fleet, v->station);
		const struct evse *x =
			st ? station_evse((struct station *)(uintptr_t)st, v->evse_id) : NULL;

		if (x && x->tx.is_open && x->tx.started.ms <= s->made_at.ms &&
			v->from.ms <= s->made_at.ms)
			rc = restore_row(s, x, v, &rec.result->rows.items[i]);
	}
	arena_destroy(a);
	if (rc == 0)
		return s;
	schedule_destroy(s);
	return NULL;
}

const struct schedule_row *schedule_find(const struct schedule *e, const char *key)
{
	const struct schedule_row *r = NULL;

	if (e)
		HASH_FIND_STR(e->rows, key, r);
	return r;
}

int64_t schedule_w(const struct schedule *e, const struct schedule_row *r, wall_t at)
{
	int64_t slot = wall_diff_ms(at, e->start);

	slot = slot < 0 ? -1 : slot / e->slot_ms;
	return slot >= 0 && slot < e->slots ? r->w[slot] : -1;
}

static wall_t end_of(const struct schedule *e)
{
	return wall_add_ms(e->start, e->slot_ms * e->slots);
}

/* -- what differs ----------------------------------------------------------------------------- */

/* How far the energy of two schedules is apart from `now` on, as it adds up. */
struct gap {
	int64_t most_wh; /* below 0: the newer one is behind */
	int64_t last_wh; /* in the end */
};

static struct gap gap_of(const struct schedule *a, const struct schedule_row *x,
	const struct schedule *b, const struct schedule_row *y, wall_t now)
{
	struct gap g = {0};
	wall_t end = end_of(a).ms < end_of(b).ms ? end_of(a) : end_of(b);
	double sum = 0;

	for (wall_t t = now; t.ms < end.ms; t = wall_add_ms(t, a->slot_ms)) {
		int64_t p = schedule_w(a, x, t), q = schedule_w(b, y, t);

		sum += (double)((p > 0 ? p : 0) - (q > 0 ? q : 0)) * (double)a->slot_ms / 3.6e6;
		if (llabs((int64_t)sum) > llabs(g.most_wh))
			g.most_wh = (int64_t)sum;
	}
	g.last_wh = (int64_t)sum;
	return g;
}

/* Slots begin when a plan is made, so what is switched moves by up to a slot. */
static int64_t tolerance_wh(const struct schedule *e, const struct schedule_row *x, int64_t least)
{
	int64_t slots = 2 * x->most_w * e->slot_ms / 3600000;

	return slots > least ? slots : least;
}

/* What vehicles pay first: what the site would feed in goes first where there is any. */
static double price_at(const struct control_plan *p, int64_t slot)
{
	const struct flow_part *part;
	int k = 0;

	if (!p->has_prices || slot < 0 || slot >= p->slot_count)
		return 0;
	part = &p->price[slot * p->parts];
	while (k + 1 < p->parts && part[k].w == 0)
		k++;
	return part[k].price;
}

/* W·ms that the schedule gives from `now` to the departure, and what they cost by the prices of `p`
 * (in their unit times W·ms). */
static double energy_of(const struct schedule *e, const struct schedule_row *r,
	const struct schedule_row *who, const struct control_plan *p, wall_t now, double *cost)
{
	wall_t end = end_of(e);
	double sum = 0;

	if (who->departs.ms && who->departs.ms < end.ms)
		end = who->departs;
	*cost = 0;
	for (wall_t t = now; t.ms < end.ms; t = wall_add_ms(t, e->slot_ms)) {
		int64_t w = schedule_w(e, r, t), left_ms = wall_diff_ms(end, t);
		double part = (double)(left_ms < e->slot_ms ? left_ms : e->slot_ms);

		if (w <= 0)
			continue;
		sum += (double)w * part;
		*cost += (double)w * part * price_at(p, wall_diff_ms(t, p->start) / p->slot_ms);
	}
	return sum;
}

void schedule_measure(struct schedule *newest, const struct schedule *approved,
	const struct control_plan *p, int64_t least_wh)
{
	for (struct schedule_row *x = newest->rows; x; x = x->hh.next) {
		const struct schedule_row *y = schedule_find(approved, x->key);
		double cost, before = 0;
		double wh = energy_of(newest, x, x, p, p->made_at, &cost) / 3.6e6;

		newest->cost += cost;
		if (y)
			wh -= energy_of(approved, y, x, p, p->made_at, &before) / 3.6e6;
		x->lacks_wh = (int64_t)wh;
		if (y && x->lacks_wh <= tolerance_wh(newest, x, least_wh))
			newest->dearer += before - cost;
	}
}

bool schedule_is_news(const struct schedule *newest, const struct schedule *known,
	const struct schedule *approved, int64_t least_wh, int64_t pct)
{
	double whole = approved && approved->cost > newest->cost ? approved->cost : newest->cost;
	double bearable = whole * (double)pct / 100;

	for (const struct schedule_row *x = newest->rows; x; x = x->hh.next) {
		const struct schedule_row *y = schedule_find(known, x->key);

		if (x->lacks_wh > (y ? y->lacks_wh : 0) + tolerance_wh(newest, x, least_wh))
			return true;
	}
	return newest->dearer > (known ? known->dearer : 0) + bearable && newest->dearer > 0;
}

bool schedule_change(const struct schedule *newest, const struct schedule_row *x,
	const struct schedule *approved, int64_t least_wh, char *out, size_t size)
{
	const struct schedule_row *y = schedule_find(approved, x->key);
	struct gap g = y ? gap_of(newest, x, approved, y, clock_wall()) : (struct gap){0};
	char now[WORDS_TIME_SIZE], was[WORDS_TIME_SIZE];
	int n;

	if (y ? llabs(g.most_wh) <= tolerance_wh(newest, x, least_wh) : x->most_w == 0)
		return false;
	if (!y) {
		snprintf(out, size, "new: %.1f kWh%s%s", (double)x->need_wh / 1000,
			x->ready.ms ? ", ready " : ", not all of it",
			x->ready.ms ? words_hour(x->ready, now) : "");
		return true;
	}
	n = snprintf(out, size, "%.1f kWh %s", (double)llabs(g.most_wh) / 1000,
		g.most_wh < 0 ? "later" : "earlier");
	if (llabs(g.last_wh) * 2 > llabs(g.most_wh))
		n = snprintf(out, size, "%.1f kWh %s", (double)llabs(g.last_wh) / 1000,
			g.last_wh < 0 ? "less" : "more");
	if (x->ready.ms && y->ready.ms)
		snprintf(out + n, size - (size_t)n, ", ready %s instead of %s",
			words_hour(x->ready, now), words_hour(y->ready, was));
	return true;
}
