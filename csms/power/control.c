#include "csms/power/control.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/plan/assisted.h"
#include "csms/station/call.h"
#include "csms/power/control_private.h"
#include "csms/loop.h"
#include "csms/plan/fallback.h"
#include "csms/metering/meters.h"
#include "csms/plan/planner.h"
#include "csms/plan/planner_job.h"
#include "csms/power/reconcile.h"
#include "csms/power/safety.h"
#include "csms/power/tree.h"

#define PLAN_EVERY_MS 200 /* at most; events that come together make one plan … */
#define PLAN_REST     2 /* … or where plans are made faster, so many times what the last one took */
#define LOAD_SOON_MS  100 /* readings within a limit that come together make one cycle */
#define CYCLE_REST    2 /* news make one at once, or so many times what the last one took after it */

/* -- when ------------------------------------------------------------------------------------- */

static void cycle(void *arg)
{
	struct control *k = arg;
	int64_t begin_us = clock_real_us();

	control_cycle(k);
	k->cycle_us = clock_real_us() - begin_us;
}

/* Of a large depot it takes a turn of the loop for itself. */
static void cycle_alone(struct control *k)
{
	loop_run_alone(k->core->loop, &k->cycle_task, cycle, k);
}

static void on_guard(void *arg)
{
	struct control *k = arg;

	cycle_alone(k);
	timer_start(
		k->core->timers, &k->guard_timer, k->core->config->control->guard_ms, on_guard, k);
}

static void on_now(void *arg)
{
	cycle_alone(arg);
}

static void cycle_within(struct control *k, int64_t ms)
{
	if (!timer_running(&k->now_timer) || mono_diff_ms(k->now_timer.due, clock_mono()) > ms)
		timer_start(k->core->timers, &k->now_timer, ms, on_now, k);
}

/* A simulated depot shall not go by how fast this machine is. */
static int64_t cycle_rest_ms(const struct control *k)
{
	double ms = (1 + CYCLE_REST) * (double)k->cycle_us / 1000 * clock_speed();

	return k->core->loop ? (int64_t)ms - mono_diff_ms(clock_mono(), k->last_cycle) : 0;
}

/* At once, but once for all news of one turn; of a large depot a cycle takes milliseconds, and
 * thousands of stations have news at once, which must not leave the loop without time for them. */
static void cycle_soon(struct control *k)
{
	int64_t rest_ms = cycle_rest_ms(k);

	cycle_within(k, rest_ms > 0 ? rest_ms : 0);
}

static bool shows_breach(const struct control *k, int node, const struct meter_reading *r)
{
	const struct control_node *v = &k->node[node];
	double x;

	if (v->limit_w >= 0 && meter_reading_get(r, METER_QUANTITY_POWER_W, &x) &&
		x > (double)v->limit_w)
		return true;
	for (int p = 0; p < GRID_PHASES; p++)
		if (v->phase[p].limit >= 0 &&
			meter_reading_get(r, METER_QUANTITY_CURRENT_L1_A + p, &x) &&
			x * 1000 > (double)v->phase[p].limit)
			return true;
	return false;
}

/* Does a meter show more than its node may carry? *is_new: no cycle knows that reading. */
static bool is_breached(const struct control *k, bool *is_new)
{
	bool is = false;

	*is_new = false;
	for (int i = 0; i < k->nodes && !*is_new; i++) {
		const struct meter_reading *r;

		if (k->meter[i] < 0)
			continue;
		r = &meters_at(k->core->meters, k->meter[i])->last;
		if (!shows_breach(k, i, r))
			continue;
		is = true;
		*is_new = r->at_ms != k->node_in[i].reading;
	}
	return is;
}

static struct planner_view view_for(const struct control *k, const struct grid_limits *limits)
{
	return (struct planner_view){
		k->tree, limits, k->base_w, (const int64_t(*)[GRID_PHASES])k->base_phase_w};
}

static void ask_for_plan(struct control *k, const char *trigger)
{
	struct planner_view v = view_for(k, safety_plan_limits(k->safety));

	k->planned = clock_mono();
	planner_ask(k->planner, &v, trigger);
}

static void plan_now(void *arg)
{
	struct control *k = arg;

	ask_for_plan(k, k->trigger);
}

static void on_plan(void *arg)
{
	struct control *k = arg;

	loop_run_alone(k->core->loop, &k->plan_task, plan_now, k);
}

static void plan_by_time(void *arg)
{
	ask_for_plan(arg, "the time");
}

static void on_replan(void *arg)
{
	struct control *k = arg;

	loop_run_alone(k->core->loop, &k->replan_task, plan_by_time, k);
	timer_start(k->core->timers, &k->replan_timer, k->core->config->control->replan_s * 1000,
		on_replan, k);
}

/* A simulated depot shall not go by how fast this machine is. */
static int64_t plan_rest_ms(const struct control *k)
{
	const struct control_plan *p = k->core->loop ? planner_plan(k->planner) : NULL;
	int64_t ms = p ? PLAN_REST * p->solve_us / 1000 : PLAN_EVERY_MS;

	return ms < PLAN_EVERY_MS ? ms : PLAN_EVERY_MS;
}

/* At once where none was made lately; the events of a burst make the next one together. */
static void plan_soon(struct control *k)
{
	int64_t left = plan_rest_ms(k) - mono_diff_ms(clock_mono(), k->planned);

	if (!timer_running(&k->plan_timer))
		timer_start(k->core->timers, &k->plan_timer, left > 0 ? left : 0, on_plan, k);
}

static void on_plan_made(void *arg)
{
	struct control *k = arg;

	control_follow_plan(k);
	fallbacks_plan_made(k->fallbacks, k, planner_plan(k->planner));
	cycle_soon(k);
}

void control_evse_changed(struct control *k, struct evse *e, const char *trigger)
{
	if (!k)
		return;
	if (e)
		snprintf(k->trigger, sizeof k->trigger, "%s at %s/%d", trigger, e->station->id,
			e->id);
	else
		snprintf(k->trigger, sizeof k->trigger, "%s", trigger);
	k->shared.us = 0;
	plan_soon(k);
	cycle_soon(k);
}

/* A reading that breaks a limit cannot wait; the others make one cycle together. */
void control_load_changed(struct control *k)
{
	bool is_new;

	if (!k)
		return;
	if (!is_breached(k, &is_new))
		cycle_within(k, LOAD_SOON_MS);
	else if (is_new)
		cycle_within(k, 0);
	else
		cycle_soon(k);
}

/* Meter values often enough for the guard to tell vehicles from other load (J02, SampledDataCtrlr).
 * A station that cannot do it says so, and its EVSEs then count with what they may draw. */
static void ask_for_samples(struct control *k, struct station *s)
{
	struct schema_error err;
	char payload[256];
	struct call_request req = {
		.action = "SetVariables",
		.payload = payload,
		.actor = "control",
		.why = "meter values in time for the guard",
	};

	snprintf(payload, sizeof payload,
		"{\"setVariableData\":[{\"attributeValue\":\"%d\",\"component\":{\"name\":"
		"\"SampledDataCtrlr\"},\"variable\":{\"name\":\"TxUpdatedInterval\"}}]}",
		(int)k->core->config->control->sample_s);
	call_queue_add(k->core, s, &req, NULL, &err);
}

void control_station_ready(struct control *k, struct station *s, bool booted)
{
	if (!k)
		return;
	for (int i = 0; i < s->evse_count; i++) {
		struct lane *l = control_lane(k, &s->evses[i]);

		if (l)
			lane_repeat(l, booted);
	}
	reconcile_soon(k->core, s);
	if (booted)
		ask_for_samples(k, s);
	cycle_soon(k);
}

void control_clock_changed(struct control *k, struct station *s)
{
	for (int i = 0; i < s->evse_count; i++) {
		struct lane *l = control_lane(k, &s->evses[i]);

		if (l)
			lane_time_changed(l);
	}
	cycle_soon(k);
}

/* What depotd kept in a station goes when the operators take over: the two levels are its own
 * (docs/control.md). */
static void clear_own(struct control *k, struct station *s)
{
	static const char *const payloads[] = {
		"{\"chargingProfileCriteria\":{\"chargingProfilePurpose\":\"TxDefaultProfile\","
		"\"stackLevel\":0}}",
		"{\"chargingProfileCriteria\":{\"chargingProfilePurpose\":\"TxProfile\","
		"\"stackLevel\":1}}",
	};
	struct schema_error err;

	for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++)
		call_queue_add(k->core, s,
			&(struct call_request){.action = "ClearChargingProfile",
				.payload = payloads[i],
				.actor = "control",
				.why = "the operators control this station now",
				.by_control = true},
			NULL, &err);
}

void control_handed_over(struct control *k, struct station *s)
{
	for (int i = 0; i < s->evse_count; i++) {
		struct lane *l = control_lane(k, &s->evses[i]);

		s->evses[i].told.limit_w = -1;
		if (l)
			lane_take_over(l);
	}
	if (s->is_manual)
		clear_own(k, s);
	fleet_touch(&k->core->fleet, s);
	control_evse_changed(k, NULL, s->is_manual ? "to the operators" : "from the operators");
}

struct lane *control_lane(struct control *k, const struct evse *e)
{
	return k && e->grid_evse >= 0 && e->grid_evse < k->evses ? &k->lanes[e->grid_evse] : NULL;
}

void control_lane_settled(struct control *k)
{
	if (k)
		cycle_soon(k);
}

/* -- life and views --------------------------------------------------------------------------- */

int control_check_depot(const struct depot_file *depot, int margin_pct, struct depot_fault *out)
{
	struct grid_tree *t = tree_build_from_file(depot, margin_pct, out);

	grid_tree_destroy(t);
	return t ? 0 : -1;
}

int control_check_registration(const struct control *k, const char *station,
	const struct event_station_registered *reg, char why[300])
{
	struct grid_tree *t = tree_build(k->core, station, reg, why);

	grid_tree_destroy(t);
	return t ? 0 : -1;
}

struct control *control_create(struct core *c, char why[400])
{
	struct control *k = calloc(1, sizeof *k);
	struct grid_tree *tree;

	snprintf(why, 400, "out of memory");
	if (!k)
		return NULL;
	k->core = c;
	tree = tree_build(c, NULL, NULL, why);
	if (!tree) {
		free(k);
		return NULL;
	}
	k->assisted = assisted_create(c);
	k->fallbacks = fallbacks_create(c);
	k->planner = planner_create(c, on_plan_made, k);
	if (control_load(k, tree) || !k->planner || !k->assisted || !k->fallbacks) {
		control_destroy(k);
		return NULL;
	}
	control_bind(k, NULL);
	k->safety = control_doubts_restore(k) ? NULL : safety_create(k, NULL);
	if (!k->safety) {
		control_destroy(k);
		return NULL;
	}
	for (int i = 0; i < k->evses; i++)
		lane_restore(&k->lanes[i]);
	k->last_cycle = clock_mono();
	timer_start(c->timers, &k->guard_timer, 0, on_guard, k);
	timer_start(c->timers, &k->replan_timer, 1000, on_replan, k);
	return k;
}

const struct grid_tree *control_grid(const struct control *k)
{
	return k->tree;
}

wall_t control_decided_at(const struct control *k)
{
	return wall_add_ms(clock_wall(), -mono_diff_ms(clock_mono(), k->last_cycle));
}

wall_t control_rated_since(const struct control *k, int node, enum rated_limit what)
{
	return k->rated[node].since[what];
}

int64_t control_other_w(const struct control *k, int node)
{
	return k->base_w[node];
}

struct grid_limits *control_limits(struct control *k)
{
	return k->limits;
}

const struct control_node *control_node(const struct control *k, int node)
{
	return node >= 0 && node < k->nodes ? &k->node[node] : NULL;
}

void control_powered_up(struct control *k, const struct station *s)
{
	if (k)
		safety_powered_up(k->safety, s->id);
}

struct safety *control_safety(const struct control *k)
{
	return k->safety;
}

int control_try(struct control *k, const struct held_envelope *extra,
	void (*done)(void *arg, const struct planner_trial *trial), void *arg)
{
	const struct planner_view v = view_for(k, safety_plan_limits(k->safety));

	return planner_try(k->planner, &v, extra, done, arg);
}

/* The plan's limits, where demand targets give way to the power of that EVSE; NULL: no memory. */
static struct grid_limits *exceeding(const struct control *k, const struct evse *e)
{
	struct grid_limits *l = grid_limits_copy(safety_plan_limits(k->safety));
	int32_t w = planner_job_max_w(e, e->tx.vehicle);

	for (int v = grid_tree_evse_node(k->tree, e->grid_evse); l && v >= 0;
		v = grid_tree_node(k->tree, v)->parent) {
		struct grid_bound b = grid_limits_get(l, v, GRID_SOURCE_DEMAND);

		if (b.import_w == GRID_NO_LIMIT)
			continue;
		b.import_w += w;
		grid_limits_set(l, v, GRID_SOURCE_DEMAND, &b);
	}
	return l;
}

int control_try_edited(struct control *k, const struct control_trial *t,
	void (*done)(void *arg, const struct planner_trial *trial), void *arg)
{
	struct grid_limits *more = t->exceeds ? exceeding(k, t->exceeds) : NULL;
	const struct planner_view v = view_for(k, safety_plan_limits(k->safety)),
				  with = view_for(k, more ? more : v.limits);
	int rc = planner_try_edited(
		k->planner, &(struct planner_edit){&v, &with, t->edit, t->how}, done, arg);

	grid_limits_destroy(more);
	return rc;
}

const struct control_plan *control_plan(const struct control *k)
{
	return planner_plan(k->planner);
}

const struct fallbacks *control_fallbacks(const struct control *k)
{
	return k ? k->fallbacks : NULL;
}

const struct control_plan_row *control_plan_row(const struct control *k, const struct evse *e)
{
	return planner_row(k->planner, e);
}

void control_destroy(struct control *k)
{
	if (!k)
		return;
	timer_stop(k->core->timers, &k->guard_timer);
	timer_stop(k->core->timers, &k->plan_timer);
	timer_stop(k->core->timers, &k->replan_timer);
	timer_stop(k->core->timers, &k->now_timer);
	timer_stop(k->core->timers, &k->send_timer);
	loop_call_off(k->core->loop, &k->cycle_task);
	loop_call_off(k->core->loop, &k->plan_task);
	loop_call_off(k->core->loop, &k->replan_task);
	planner_destroy(k->planner);
	assisted_destroy(k->assisted);
	fallbacks_destroy(k->fallbacks);
	control_unload(k);
	free(k);
}
