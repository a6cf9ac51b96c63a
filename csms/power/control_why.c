/* Why each EVSE is told what it is told, and which node keeps power from whom by the plan. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "csms/power/control_private.h"
#include "csms/power/evse_phases.h"
#include "csms/power/external.h"
#include "csms/plan/planner.h"
#include "csms/power/safety.h"
#include "csms/words.h"

#define NEAR_W 500 /* no profile is sent for less (csms/power/setpoint.c) */

/* Copies a word that fits; no formatting: this runs for every vehicle in every cycle. */
static void say(char *out, size_t size, const char *words)
{
	size_t n = strlen(words);

	if (n >= size)
		n = size - 1;
	memcpy(out, words, n);
	out[n] = '\0';
}

/* -- by the plan ------------------------------------------------------------------------------ */

/* The first slot in which it gets more than in this one; ms 0: none. */
static wall_t more_from(const struct control_plan *p, const struct control_plan_row *row, int slot)
{
	for (int t = slot + 1; t < p->slot_count; t++)
		if (row->w[t] > row->w[slot])
			return wall_add_ms(p->start, t * p->slot_ms);
	return (wall_t){0};
}

/* Finds what holds it back by the plan, once a slot of each plan. */
static void look_up(struct control *k, int i, const struct control_plan *p,
	const struct control_plan_row *row, wall_t now)
{
	struct control_said *said = &k->said[i];
	int64_t slot = p && row ? wall_diff_ms(now, p->start) / p->slot_ms : -1;
	struct control_said next = {.row = row, .slot = -1, .node = -1};

	if (row)
		next.made = p->made_at;
	if (row && slot >= 0 && slot < p->slot_count)
		next.slot = (int)slot;
	if (said->row == next.row && said->made.ms == next.made.ms && said->slot == next.slot &&
		said->is_said)
		return;
	if (next.slot >= 0) {
		next.node = row->need_wh > 0 ? row->node[slot] : -1;
		next.until = more_from(p, row, (int)slot);
	}
	*said = next;
}

/* "site", "L2 of site": the limit that is full. */
static const char *name_limit(
	const struct control *k, const struct control_said *said, char *out, size_t size)
{
	enum grid_channel c = (enum grid_channel)said->row->channel[said->slot];

	snprintf(out, size, "%s%s%s", c == GRID_TOTAL ? "" : grid_channel_name(c),
		c == GRID_TOTAL ? "" : " of ", grid_tree_node(k->tree, said->node)->id);
	return out;
}

/* What it waits for. */
static void plan_waits(
	const struct control *k, const struct control_said *said, char *out, size_t size)
{
	enum grid_source source = (enum grid_source)said->row->source[said->slot];
	char at[WORDS_TIME_SIZE] = "", full[120] = "", node[80] = "";

	if (said->node >= 0)
		name_limit(k, said, node, sizeof node);

	if (said->node >= 0 && source == GRID_SOURCE_MINIMUM)
		snprintf(full, sizeof full, "%s has less left than it needs at least", node);
	else if (said->node >= 0)
		snprintf(full, sizeof full, "%s is full (%s)", node, grid_source_name(source));
	if (said->until.ms)
		words_hour(said->until, at);
	if (full[0] && at[0])
		snprintf(out, size, "its turn comes at %s: until then %s", at, full);
	else if (full[0])
		snprintf(out, size, "no room before it leaves: %s", full);
	else if (at[0])
		snprintf(out, size, "its turn comes at %s%s", at,
			source == GRID_SOURCE_PRICE ? ": energy is cheaper then" : " by the plan");
	else
		say(out, size, "the plan has no more for it");
}

static void plan_words(const struct control *k, const struct control_said *said, int32_t allowed_w,
	char *out, size_t size)
{
	char at[WORDS_TIME_SIZE], node[80];

	if (!said->row)
		say(out, size, "no plan yet");
	else if (said->row->need_wh == 0)
		say(out, size, "has what it needs");
	else if (said->slot < 0)
		say(out, size, allowed_w == 0 ? "its turn comes later in the plan" : "as planned");
	else if (allowed_w == 0)
		plan_waits(k, said, out, size);
	else if (said->node < 0)
		say(out, size, "as planned");
	else
		snprintf(out, size, "as planned: %s is full (%s)%s%s",
			name_limit(k, said, node, sizeof node),
			grid_source_name((enum grid_source)said->row->source[said->slot]),
			said->until.ms ? " until " : "",
			said->until.ms ? words_hour(said->until, at) : "");
}

/* The same words as long as the same slot of the same plan decides: this runs for every vehicle in
 * every cycle. */
static void explain_plan(struct control *k, int i, int32_t allowed_w, struct setpoint *want)
{
	struct control_said *said = &k->said[i];

	if (said->is_said && said->w == allowed_w)
		return;
	said->is_said = true;
	said->w = allowed_w;
	say(want->source, sizeof want->source, "plan");
	say(want->node, sizeof want->node,
		said->node >= 0 ? grid_tree_node(k->tree, said->node)->id : "");
	if (!said->row && k->order[i].is_kept)
		say(want->reason, sizeof want->reason, "as planned before the tree changed");
	else
		plan_words(k, said, allowed_w, want->reason, sizeof want->reason);
}

/* -- by the guard and others ------------------------------------------------------------------ */

static bool is_phase(const struct guard_evse_out *out)
{
	return out->node >= 0 && out->channel >= GRID_L1 && out->channel < GRID_CHANNELS;
}

/* The guard raises by steps: until it is there, the last step stands for the plan. */
static const char *guard_words(enum grid_source source)
{
	return source == GRID_SOURCE_PLAN || source == GRID_SOURCE_HOLD ? "rises by steps"
									: grid_source_name(source);
}

/* Somebody else's limit is what decides: says so in `want`. */
static bool is_external(const struct control *k, int i, int64_t w, struct setpoint *want)
{
	enum ocpp201_charging_limit_source source = OCPP201_CHARGING_LIMIT_SOURCE_OTHER;
	const struct evse *e = k->evse[i];
	int64_t planned = k->order[i].w;

	if ((!e->station->externals && !e->station->holdings) || w > planned ||
		external_cap_w(k->core, e, clock_wall(), &source) != w)
		return false;
	say(want->source, sizeof want->source, ocpp201_charging_limit_source_enum.values[source]);
	want->node[0] = '\0';
	if (w == planned) /* the plan knows it already */
		snprintf(want->reason, sizeof want->reason, "%.1f kW: limit of another (%s)",
			w / 1000.0, want->source);
	else
		snprintf(want->reason, sizeof want->reason,
			"%.1f of %.1f kW: limit of another (%s)", w / 1000.0, planned / 1000.0,
			want->source);
	return true;
}

static bool is_cable(const struct control *k, int i, int64_t w, struct setpoint *want)
{
	const struct evse *e = k->evse[i];

	if (evse_phases_cable_w(e, (int)k->core->depot->voltage_v) != w)
		return false;
	say(want->source, sizeof want->source, "cable");
	want->node[0] = '\0';
	snprintf(want->reason, sizeof want->reason, "%.1f kW: the cable bears %lld A", w / 1000.0,
		(long long)e->tx.cable_max_a);
	return true;
}

/* It gets what the plan wants, but for a rise that is too small to be made. */
static bool is_there(const struct guard_evse_in *in, const struct guard_evse_out *out)
{
	bool by_plan = out->source == GRID_SOURCE_PLAN || out->source == GRID_SOURCE_HOLD;

	return out->allowed_w >= in->wanted_w ||
	       (by_plan && out->allowed_w > 0 && in->wanted_w - out->allowed_w < NEAR_W);
}

/* It gives back by the storage plan. */
static bool explain_giving(const struct control *k, int i, struct setpoint *want)
{
	want->give_w = control_gives_w(k, i, clock_wall());
	if (want->give_w <= 0)
		return false;
	want->limit_w = 0;
	say(want->source, sizeof want->source, "storage");
	want->node[0] = '\0';
	snprintf(want->reason, sizeof want->reason,
		"gives back %.1f kW: energy is dear now, and cheaper before it leaves",
		(double)want->give_w / 1000);
	return true;
}

/* It takes no more, by what it says itself. */
static bool explain_full(const struct control *k, int i, int32_t allowed_w, struct setpoint *want)
{
	const struct control_plan_row *row = planner_row(k->planner, k->evse[i]);

	if (!row || row->by != CHARGE_BY_FULL || allowed_w > k->evse_in[i].min_w)
		return false;
	say(want->source, sizeof want->source, CHARGE_BY_FULL_SOURCE);
	want->node[0] = '\0';
	say(want->reason, sizeof want->reason,
		allowed_w > 0 ? "took no more: it is asked again" : "the vehicle takes no more");
	return true;
}

/* Stores and PV have less than it could take, whatever the plan says. */
static bool explain_island(const struct control *k, int i, int32_t allowed_w, struct setpoint *want)
{
	struct safety_island_view v = safety_island(k->safety);
	char till[40] = "is back", at[WORDS_TIME_SIZE], amount[40] = "waits";
	int32_t wants_w;

	if (v.node < 0 || !safety_island_holds(k->safety, i, &wants_w))
		return false;
	if (v.state == ISLAND_BACK)
		snprintf(till, sizeof till, "has stayed till %s",
			words_hour(wall_add_ms(clock_wall(), v.left_ms), at));
	if (allowed_w > 0)
		snprintf(amount, sizeof amount, "%.1f of %.1f kW", allowed_w / 1000.0,
			wants_w / 1000.0);
	say(want->source, sizeof want->source, grid_source_name(GRID_SOURCE_ISLAND));
	say(want->node, sizeof want->node, grid_tree_node(k->tree, v.node)->id);
	snprintf(want->reason, sizeof want->reason,
		"%s: the island supplies %.1f kW until the grid %s, %.1f kW of it for vehicles; "
		"who leaves first charges first",
		amount, (double)v.feed_w / 1000, till, (double)v.evse_w / 1000);
	return true;
}

/* Whatever it is told, its charger gives it nothing before somebody is let in. */
static bool explain_card(const struct control *k, int i, struct setpoint *want)
{
	if (!evse_wants_card(k->evse[i]))
		return false;
	say(want->source, sizeof want->source, "card");
	want->node[0] = '\0';
	say(want->reason, sizeof want->reason,
		"no card was accepted yet: its charger gives nothing");
	return true;
}

/* Its runs soon ended, and so it does not start again at once. */
static bool explain_rest(
	const struct guard_evse_in *in, const struct guard_evse_out *out, struct setpoint *want)
{
	char at[WORDS_TIME_SIZE];
	wall_t until;

	if (out->source != GRID_SOURCE_HOLD || out->rests_until_ms <= 0)
		return false;
	until = wall_add_ms(clock_wall(), out->rests_until_ms - clock_mono().us / 1000);
	say(want->source, sizeof want->source, "guard");
	want->node[0] = '\0';
	snprintf(want->reason, sizeof want->reason,
		"%.1f of %.1f kW: was switched off soon after it began: rests until %s",
		out->allowed_w / 1000.0, in->wanted_w / 1000.0, words_hour(until, at));
	return true;
}

/* What the EVSE is to be told, and why. Without a vehicle it holds its default profile. */
static void explain(
	struct control *k, int i, const struct guard_evse_out *out, struct setpoint *want)
{
	const struct guard_evse_in *in = &k->evse_in[i];
	int at = out->node >= 0 ? out->node
				: k->said[i].node; /* steps lead up to what the plan gives */
	const char *node = at >= 0 ? grid_tree_node(k->tree, at)->id : "";

	want->limit_w = out->allowed_w;
	want->give_w = 0;
	if (!in->connected || k->evse[i]->station->is_manual)
		return;
	if (explain_giving(k, i, want))
		return;
	if ((out->allowed_w >= in->wanted_w && (is_external(k, i, in->wanted_w, want) ||
						       is_cable(k, i, in->wanted_w, want))) ||
		explain_card(k, i, want)) {
		k->said[i].is_said = false;
		return;
	}
	if (is_there(in, out) && (explain_island(k, i, out->allowed_w, want) ||
					 explain_full(k, i, out->allowed_w, want) ||
					 control_explain_order(k, i, out->allowed_w, want))) {
		k->said[i].is_said = false;
		return;
	}
	if (is_there(in, out)) {
		explain_plan(k, i, out->allowed_w, want);
		return;
	}
	k->said[i].is_said = false;
	if (explain_rest(in, out, want))
		return;
	say(want->source, sizeof want->source, "guard");
	say(want->node, sizeof want->node, node);
	snprintf(want->reason, sizeof want->reason, "%.1f of %.1f kW: %s%s%s%s%s",
		out->allowed_w / 1000.0, in->wanted_w / 1000.0, guard_words(out->source),
		is_phase(out) ? " " : "", is_phase(out) ? grid_channel_name(out->channel) : "",
		!node[0]         ? ""
		: out->node >= 0 ? " of "
				 : ", to what the plan leaves it of ",
		node);
}

/* -- all of them ------------------------------------------------------------------------------ */

/* Of a limit; not what is left below it, or what somebody wants. */
static bool is_limit(enum grid_source s)
{
	switch (s) {
	case GRID_SOURCE_RATING:
	case GRID_SOURCE_RESERVE:
	case GRID_SOURCE_ENVELOPE:
	case GRID_SOURCE_ENVELOPE_FALLBACK:
	case GRID_SOURCE_OPERATOR:
	case GRID_SOURCE_DEMAND:
		return true;
	default:
		return false;
	}
}

/* The plan, or the island, keeps power from the vehicle for want of room there: the node binds, as by
 * the guard. */
static void hold(struct control *k, int i)
{
	const struct control_said *said = &k->said[i];
	unsigned channel;
	int island = k->evse_in[i].connected ? safety_island(k->safety).node : -1;
	struct control_full *full;
	int32_t wants_w;

	if (island >= 0 && safety_island_holds(k->safety, i, &wants_w)) {
		k->full[island].vehicles++;
		k->full[island].binds |= 1U << GRID_TOTAL;
		k->full[island].is_island = true;
		return;
	}
	if (said->node < 0)
		return;
	full = &k->full[said->node];
	full->vehicles++;
	channel = 1U << said->row->channel[said->slot];
	if (is_limit((enum grid_source)said->row->source[said->slot]) &&
		(full->source == GRID_SOURCE_NONE || channel < (full->binds & -full->binds)))
		full->source = (enum grid_source)said->row->source[said->slot];
	full->binds |= channel;
	if (said->until.ms && (!full->until.ms || said->until.ms < full->until.ms))
		full->until = said->until;
}

void control_explain(struct control *k, const struct guard_report *r, wall_t now)
{
	const struct control_plan *p = planner_plan(k->planner);

	memset(k->full, 0, (size_t)k->nodes * sizeof *k->full);
	for (int i = 0; i < k->evses; i++) {
		const struct control_plan_row *row =
			k->evse_in[i].connected ? planner_row(k->planner, k->evse[i]) : NULL;
		struct setpoint *want = &k->lanes[i].want;
		struct setpoint was = *want;

		look_up(k, i, p, row, now);
		if (k->order[i].by == CONTROL_BY_PLAN && !evse_wants_card(k->evse[i]))
			hold(k, i);
		explain(k, i, &r->evse[i], want);
		if (strcmp(was.reason, want->reason) != 0 || strcmp(was.node, want->node) != 0)
			k->evse[i]->station->revision = ++k->core->fleet.revision;
	}
}

void control_told(const struct control *k, const struct evse *e, struct setpoint *out)
{
	const struct setpoint *want = k && e->grid_evse >= 0 ? &k->lanes[e->grid_evse].want : NULL;

	*out = e->told;
	if (!want || !want->source[0] || want->limit_w != e->told.limit_w || !e->tx.is_open ||
		e->station->is_manual)
		return;
	say(out->source, sizeof out->source, want->source);
	say(out->node, sizeof out->node, want->node);
	say(out->reason, sizeof out->reason, want->reason);
}
