#include "csms/plan/storage_plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/power/control_show.h"
#include "csms/plan/discharge.h"
#include "csms/log.h"
#include "csms/power/safety.h"
#include "csms/station/session.h"
#include "csms/vehicles/vehicles.h"
#include "csms/worker.h"

#define FRESH_ROUNDS 2 /* a plan older than so many rounds is not followed */
#define ROUND_S      60 /* … and what a round takes at most */
#define SOC_AGE_S    900
#define NEAR_LEAST   0.01 /* of the battery: so near to what it must keep it gives nothing */
#define LEAST_W      500 /* less is not worth giving */
#define WH_PER_MS    3600000.0

struct storage_plan {
	struct core *core;
	struct worker *worker; /* NULL: without a loop all is done at once */
	struct worker_job job;
	struct storage_case *busy, *newest;
	wall_t asked_at;
};

/* -- making ----------------------------------------------------------------------------------- */

static void work(void *arg)
{
	struct storage_plan *p = arg;

	storage_case_solve(p->busy);
}

static void done(void *arg)
{
	struct storage_plan *p = arg;
	struct storage_case *k = p->busy;

	p->busy = NULL;
	if (!k->is_sound) {
		log_warn("storage: a plan for %d batteries is not sound (%.2g from its bound); the "
			 "old one stays",
			k->count, k->gap);
		storage_case_destroy(k);
		return;
	}
	storage_case_destroy(p->newest);
	p->newest = k;
	log_info("storage: %d batteries planned in %.0f ms; giving back saves %.2f %s", k->count,
		(double)k->solve_us / 1000, k->without - k->cost, k->currency);
	control_evse_changed(p->core->control, NULL, "a storage plan");
}

static bool is_due(const struct storage_plan *p, wall_t now)
{
	int64_t round = p->core->config->discharge->replan_s * 1000;
	int64_t age = wall_diff_ms(now, p->asked_at);

	return !p->busy && (!p->asked_at.ms || age >= round || age < 0);
}

static void ask(struct storage_plan *p, const struct planner_job *j, const struct planner_view *v)
{
	struct storage_case *k = storage_case_create(p->core, j, v);

	if (!k) {
		storage_case_destroy(p->newest);
		p->newest = NULL;
		return;
	}
	p->asked_at = k->made_at = clock_wall();
	p->busy = k;
	if (p->worker) {
		worker_do(p->worker, &p->job, work, done, p);
		return;
	}
	work(p);
	done(p);
}

struct storage_plan *storage_plan_create(struct core *c, char why[300])
{
	struct storage_plan *p = calloc(1, sizeof *p);

	if (p) {
		p->core = c;
		p->worker = c->loop ? worker_create(c->loop) : NULL;
	}
	if (!p || (c->loop && !p->worker)) {
		snprintf(why, 300, "no memory for a thread that plans storage");
		free(p);
		return NULL;
	}
	c->storage = p;
	return p;
}

void storage_plan_destroy(struct storage_plan *p)
{
	if (!p)
		return;
	if (p->worker)
		worker_destroy(p->worker);
	storage_case_destroy(p->busy);
	storage_case_destroy(p->newest);
	free(p);
}

/* -- who may follow it ------------------------------------------------------------------------ */

static bool is_fresh(const struct storage_plan *p, wall_t now)
{
	int64_t age = p->newest ? wall_diff_ms(now, p->newest->made_at) : INT64_MAX;

	return age >= 0 &&
	       age < (FRESH_ROUNDS * p->core->config->discharge->replan_s + ROUND_S) * 1000;
}

static const struct storage_row *row_of(const struct storage_plan *p, const struct evse *e)
{
	for (int i = 0; p && p->newest && i < p->newest->count; i++) {
		const struct storage_row *r = &p->newest->rows[i];

		if (r->is_vehicle && r->evse == e->id && e->tx.is_open &&
			strcmp(r->station, e->station->id) == 0 &&
			strcmp(r->transaction, e->tx.id) == 0)
			return r;
	}
	return NULL;
}

const struct storage_row *storage_plan_store(const struct storage_plan *p, const char *node)
{
	for (int i = 0; p && p->newest && i < p->newest->count; i++)
		if (!p->newest->rows[i].is_vehicle && strcmp(p->newest->rows[i].id, node) == 0)
			return &p->newest->rows[i];
	return NULL;
}

/* By its own word of now, not by the plan's: does it still hold more than it must keep? */
static bool has_more(const struct storage_row *r, const struct evse *e, wall_t now)
{
	struct vehicle_soc soc;

	/* What a person told is good for charging; a slip of the hand discharges nothing. */
	if (!e->tx.vehicle || !vehicle_soc(e->tx.vehicle, now, SOC_AGE_S, &soc) || soc.is_told)
		return false;
	return (double)r->full_wh * (soc.pct / 100 - NEAR_LEAST) > (double)r->least_wh;
}

static const char *vehicle_untold(
	const struct storage_plan *p, const struct storage_row *r, wall_t now)
{
	const struct core *c = p->core;
	struct station *s = fleet_station((struct fleet *)&c->fleet, r->station);
	struct evse *e = s ? station_evse(s, r->evse) : NULL;
	const struct depot_discharge *d = e ? storage_evse(c, e) : NULL;

	if (!e || row_of(p, e) != r)
		return "the vehicle has left";
	if (!d || !d->vendor)
		return "what-if: its station has no declared way to be told (discharge: vendor)";
	if (!s->session || s->is_manual)
		return "its station cannot be told now";
	if (s->session->version == OCPP_VERSION_1_6)
		return "what-if: OCPP 1.6 cannot say it";
	if (!has_more(r, e, now))
		return "it holds no more than it must keep, or nobody knows what it holds";
	return NULL;
}

static bool is_commanded(const struct core *c, const char *node)
{
	for (size_t i = 0; i < c->depot->nodes.count; i++)
		if (strcmp(c->depot->nodes.items[i].id, node) == 0)
			return c->depot->nodes.items[i].control;
	return false;
}

static const char *store_untold(const struct storage_plan *p, const struct storage_row *r)
{
	int node = grid_tree_find(control_grid(p->core->control), r->id);

	if (node < 0)
		return "it is not in the tree any more";
	if (control_mode(p->core->control, node) != DEPOT_PLAN_MODE_AUTOMATIC)
		return "plans are only shown there, or wait for approval (mode)";
	return NULL;
}

const char *storage_plan_untold(
	const struct storage_plan *p, const struct storage_row *row, wall_t now)
{
	const struct safety *s = control_safety(p->core->control);

	if (discharge_is_stopped(p->core->discharge))
		return "discharging is stopped";
	if (!row->is_vehicle && !is_commanded(p->core, row->id))
		return "what-if: depotd may not command it (control: true)";
	if (!is_fresh(p, now))
		return "the plan is too old";
	if (control_other_w(p->core->control, 0) == GRID_UNKNOWN)
		return "nobody knows what the site draws";
	if (s && safety_island(s).grid == ISLAND_GRID_GONE)
		return "the grid is gone";
	return row->is_vehicle ? vehicle_untold(p, row, now) : store_untold(p, row);
}

int64_t storage_plan_gives_w(
	const struct storage_plan *p, const struct evse *e, wall_t now, const char **vendor)
{
	const struct storage_row *r = row_of(p, e);
	int64_t w = r ? -storage_case_w(p->newest, r, now.ms) : 0;

	if (w < LEAST_W || storage_plan_untold(p, r, now))
		return 0;
	if (vendor)
		*vendor = storage_evse(p->core, e)->vendor;
	return w;
}

const struct storage_case *storage_plan_newest(const struct storage_plan *p)
{
	return p ? p->newest : NULL;
}

/* -- frozen into the charging plan ------------------------------------------------------------ */

static void freeze_row(
	const struct storage_plan *p, struct planner_job *j, int i, const struct storage_row *r)
{
	const struct storage_case *k = p->newest;
	const struct storage_device *d = &k->in.devices[r->device];
	struct plan_vehicle *v = &j->vehicles[i];
	int node = grid_tree_evse_node(j->tree, v->evse);
	double given = 0;
	int64_t need;

	for (int t = 0; t < j->slots; t++) {
		int64_t at = planner_job_slot_at(j, t);
		int64_t w = -storage_case_w(k, r, at);

		if (w < LEAST_W || (v->depart_ms && at >= v->depart_ms))
			continue;
		plan_caps_lower(&j->caps, j->tree, node, t, t + 1, 0, GRID_SOURCE_PLAN);
		given += (double)w * 1000 / d->discharge_pm * (double)planner_job_slot_ms(j, t) /
			 WH_PER_MS;
	}
	need = r->need_wh - v->stored_wh + (int64_t)given;
	if (given > 0 && need > v->need_wh)
		v->need_wh = j->rows[i].need_wh = need;
	/* It fills from where it will be, not from where it is. */
	v->stored_wh = v->stored_wh > (int64_t)given ? v->stored_wh - (int64_t)given : 0;
}

/* A store that is told what to do: what it does now is part of the loads that are expected to last, and
 * makes way for what is planned. What it feeds in is counted as money, never as room: if it stops, no
 * limit is broken. *more_w: what the site's meter sees more than that. */
static void freeze_store(const struct storage_plan *p, struct planner_job *j,
	const struct planner_view *v, const struct storage_row *r, int64_t *more_w)
{
	int node = grid_tree_find(j->tree, r->id);
	int64_t own = node >= 0 ? v->base_w[node] : GRID_UNKNOWN;

	for (int t = 0; own != GRID_UNKNOWN && t < j->slots; t++) {
		int64_t w = storage_case_w(p->newest, r, planner_job_slot_at(j, t));

		for (int at = node; at >= 0; at = grid_tree_node(j->tree, at)->parent)
			if (v->base_w[at] != GRID_UNKNOWN)
				plan_caps_shift(&j->caps, at, t, own - (w > 0 ? w : 0));
		more_w[t] += w - own;
	}
}

/* What costs a peak, and how much of its own the site would feed in. */
static void shift_load(struct planner_job *j, int64_t base_w, const int64_t *more_w)
{
	struct flow_part *part = (struct flow_part *)(uintptr_t)j->prices.part;

	for (int t = 0; t < j->slots; t++) {
		int64_t w = base_w + more_w[t];

		if (j->load_w)
			j->load_w[t] +=
				(int32_t)(more_w[t] * planner_job_slot_ms(j, t) / j->slot_ms);
		if (part)
			part[(size_t)t * (size_t)j->prices.parts].w = w >= 0 ? 0
								      : -w < FLOW_POWER_MAX
									      ? (int32_t)-w
									      : FLOW_POWER_MAX;
	}
}

static void freeze_stores(const struct storage_plan *p, struct planner_job *j,
	const struct planner_view *v, wall_t now)
{
	int64_t *more_w = NULL;

	for (int i = 0; i < p->newest->count; i++) {
		const struct storage_row *r = &p->newest->rows[i];

		if (r->is_vehicle || storage_plan_untold(p, r, now))
			continue;
		if (!more_w)
			more_w = calloc((size_t)j->slots, sizeof *more_w);
		if (more_w)
			freeze_store(p, j, v, r, more_w);
	}
	if (more_w && v->base_w[0] != GRID_UNKNOWN)
		shift_load(j, v->base_w[0], more_w);
	free(more_w);
}

void storage_plan_freeze(
	struct storage_plan *p, struct planner_job *j, const struct planner_view *v, bool is_real)
{
	wall_t now = clock_wall();

	if (!p)
		return;
	if (is_real && is_due(p, now))
		ask(p, j, v);
	for (int i = 0; p->newest && i < j->count; i++) {
		const struct storage_row *r = row_of(p, j->rows[i].evse);

		if (r && !storage_plan_untold(p, r, now))
			freeze_row(p, j, i, r);
	}
	if (p->newest)
		freeze_stores(p, j, v, now);
}
