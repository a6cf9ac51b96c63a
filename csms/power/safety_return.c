/* Returns of power over restarts and edits of the tree: each move of a ramp is journalled, and taken
 * up again. Without that a restart in the middle would give all vehicles back at once. */
#include <string.h>
#include <strings.h>
#include "csms/record.h"
#include "csms/power/safety_private.h"
#include "db/query_safety.h"

#define KEPT_MS 3600000 /* what returned before that is no news after a restart */

static int64_t mono_ms(void)
{
	return clock_mono().us / 1000;
}

/* -- journal ---------------------------------------------------------------------------------- */

/* EVSEs below the node that got their turn since the last move. */
static size_t take_released(struct safety *s, int i, struct arena *a, const char **names)
{
	const struct grid_node *n = grid_tree_node(s->tree, i);
	size_t count = 0;

	for (int e = n->evse_first; e < n->evse_end; e++) {
		if (s->let_go[e] || !ramp_is_released(s->ramp, e))
			continue;
		s->let_go[e] = true;
		names[count++] = arena_strdup(
			a, grid_tree_node(s->tree, grid_tree_evse_node(s->tree, e))->id);
	}
	return count;
}

static bool has_news(const struct safety *s, int i)
{
	const struct grid_node *n = grid_tree_node(s->tree, i);

	for (int e = n->evse_first; e < n->evse_end; e++)
		if (!s->let_go[e] && ramp_is_released(s->ramp, e))
			return true;
	return false;
}

static void journal(struct safety *s, int i, const char *move, const struct safety_return *r)
{
	const struct grid_node *n = grid_tree_node(s->tree, i);
	size_t evses = (size_t)(n->evse_end - n->evse_first);
	struct arena *a = record_arena(s->core);
	struct event_power_returned *e = a ? arena_alloc(a, sizeof *e) : NULL;
	const char **names = a ? arena_alloc(a, (evses + 1) * sizeof *names) : NULL;

	if (!e || !names)
		return;
	*e = (struct event_power_returned){
		.node = arena_strdup(a, n->id),
		.move = move,
		.sign = ramp_sign_name(r->sign),
		.at = wall_add_ms(clock_wall(), r->since_ms - mono_ms()),
		.tries = r->tries,
	};
	if (strcmp(move, "step") == 0) {
		e->released.count = take_released(s, i, a, names);
		e->released.items = names;
	}
	record_now(s->core, EVENT_POWER_RETURNED, "node", n->id, e, "guard", NULL);
}

static void follow(struct safety *s, int i)
{
	const struct grid_node *n = grid_tree_node(s->tree, i);
	struct safety_return *r = &s->node[i].returned;
	struct ramp_view v = ramp_look(s->ramp, i);

	if (v.sign != RAMP_SIGN_NONE && (r->sign == RAMP_SIGN_NONE || r->since_ms != v.since_ms)) {
		*r = (struct safety_return){v.sign, v.since_ms, v.tries};
		for (int e = n->evse_first; e < n->evse_end; e++)
			s->let_go[e] = false;
		journal(s, i, "begins", r);
	}
	if (v.sign != RAMP_SIGN_NONE && has_news(s, i))
		journal(s, i, "step", r);
	if (v.sign == RAMP_SIGN_NONE && r->sign != RAMP_SIGN_NONE) {
		journal(s, i, "ends", r);
		r->sign = RAMP_SIGN_NONE;
	}
}

void safety_return_after(struct safety *s)
{
	for (int i = 0; i < s->nodes; i++)
		follow(s, i);
}

/* -- taken up again --------------------------------------------------------------------------- */

void safety_return_keep(struct safety *s, const struct safety *old)
{
	ramp_keep(s->ramp, old->ramp);
	for (int i = 0; i < s->nodes; i++) {
		int was = grid_tree_find(old->tree, grid_tree_node(s->tree, i)->id);

		if (was < 0)
			continue;
		s->node[i].returned = old->node[was].returned;
		if (grid_tree_node(s->tree, i)->kind == GRID_EVSE &&
			grid_tree_node(old->tree, was)->kind == GRID_EVSE)
			s->let_go[grid_tree_node(s->tree, i)->evse_first] =
				old->let_go[grid_tree_node(old->tree, was)->evse_first];
	}
}

struct restore {
	struct safety *s;
	bool failed;
};

/* The rest of the settling, or of a step: it is not known how far that was. */
static void put_row(struct safety *s, int i, const struct db_power_return *row)
{
	int64_t age_ms = wall_diff_ms(clock_wall(), row->at), now_ms = mono_ms();
	int64_t settle_ms = s->core->config->control->return_settle_s * 1000;
	int64_t step_ms = s->core->config->control->return_step_s * 1000;
	struct ramp_view v = {.sign = row->is_open ? ramp_sign_find(row->sign) : RAMP_SIGN_NONE,
		.since_ms = now_ms - (age_ms > 0 ? age_ms : 0),
		.tries = row->tries > 0 && row->tries < 100 ? (int)row->tries : 1};

	v.next_ms = v.since_ms + settle_ms > now_ms + step_ms ? v.since_ms + settle_ms
							      : now_ms + step_ms;
	ramp_restore(s->ramp, i, &v);
	s->node[i].returned = (struct safety_return){v.sign, v.since_ms, v.tries};
}

static void put_evse(struct safety *s, const struct db_power_return_evse *row)
{
	int i = grid_tree_find(s->tree, row->evse);
	int e = i < 0 ? -1 : grid_tree_node(s->tree, i)->evse_first;

	if (i < 0 || grid_tree_node(s->tree, i)->kind != GRID_EVSE)
		return;
	ramp_release(s->ramp, e);
	s->let_go[e] = true;
}

static void read_rows(struct db_reader *db, void *arg)
{
	struct restore *x = arg;
	struct arena *a = arena_create(0);
	struct db_power_return_list list = {0};
	struct db_power_return_evse_list evses = {0};

	x->failed = !a ||
		    db_query_power_returns(db, a, wall_add_ms(clock_wall(), -KEPT_MS), &list) ||
		    db_query_power_return_evses(db, a, &evses);
	for (int n = 0; n < x->s->nodes; n++) /* outermost first */
		for (size_t i = 0; i < list.count; i++)
			if (strcasecmp(grid_tree_node(x->s->tree, n)->id, list.items[i].node) == 0)
				put_row(x->s, n, &list.items[i]);
	for (size_t i = 0; i < evses.count; i++)
		put_evse(x->s, &evses.items[i]);
	arena_destroy(a);
}

int safety_return_restore(struct safety *s)
{
	struct restore x = {.s = s};

	return db_read_now(s->core->db, read_rows, &x) || x.failed ? -1 : 0;
}
