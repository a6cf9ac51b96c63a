/* What is said of the site's power, of all meters and of all alarms (csms/view/words_power.h). */
#include "csms/view/view.h"

#include <string.h>

#include "csms/metering/meters.h"
#include "csms/metering/wiring_doubt.h"
#include "csms/power/control.h"
#include "csms/power/envelope.h"
#include "csms/power/safety.h"
#include "csms/view/words_power.h"

#define SENTENCE_MAX   190
#define SUB_MAX        290
#define NAME_MAX_BYTES 60 /* a longer name would be the whole sentence: the id stands for it */

static const char *arena_text(struct arena *a, struct text *t)
{
	const char *s = text_ok(t) && t->data != NULL ? arena_strndup(a, t->data, t->len) : "";

	text_finish(t);
	return s;
}

static const char *short_name(const char *name, const char *id)
{
	return name != NULL && name[0] != '\0' && strlen(name) <= NAME_MAX_BYTES ? name : id;
}

/* -- energy ---------------------------------------------------------------------------------------- */

/* How many vehicles each node of a tree holds back, and the one it holds back most. */
struct holder {
	int vans;
	const struct evse *most;
	int64_t most_w, less_w; /* what that one is told, and how much more it could draw */
};

static int node_of(const struct api_node_view_list *nodes, const char *id)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (strcmp(nodes->items[i].id, id) == 0)
			return (int)i;
	return -1;
}

/* What EVSE and vehicle could do together. */
static int64_t could_draw(const struct evse *e)
{
	const struct vehicle *v = e->tx.vehicle;
	int64_t most = v == NULL ? 0 : e->is_dc ? v->max_dc_w : v->max_ac_w;

	return most > 0 && most < e->max_w ? most : e->max_w;
}

/* A node's limit keeps it under what it could give. */
static bool is_held(const struct evse *e, const struct setpoint *told)
{
	const char *state = evse_state(e);

	return told->node[0] != '\0' && told->limit_w < e->max_w &&
	       (strcmp(state, "charging") == 0 || strcmp(state, "paused") == 0 ||
		       strcmp(state, "plugged") == 0);
}

static void count_held(const struct core *c, const struct evse *e,
	const struct api_node_view_list *nodes, struct holder *holders)
{
	struct setpoint told;
	int n;

	if (e->told.limit_w < 0 || c->control == NULL)
		return;
	control_told(c->control, e, &told);
	if (!is_held(e, &told) || (n = node_of(nodes, told.node)) < 0)
		return;
	holders[n].vans++;
	if (could_draw(e) - told.limit_w > holders[n].less_w) {
		holders[n].most = e;
		holders[n].most_w = told.limit_w;
		holders[n].less_w = could_draw(e) - told.limit_w;
	}
}

static struct holder *find_holders(const struct core *c, const struct view_part *part,
	const struct api_node_view_list *nodes, struct arena *a)
{
	struct holder *holders = arena_alloc(a, sizeof(*holders) * (nodes->count + 1));

	if (holders == NULL)
		return NULL;
	memset(holders, 0, sizeof(*holders) * (nodes->count + 1));
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next)
		for (int i = 0; i < s->evse_count; i++)
			if (part == NULL || part->has(part->arg, s))
				count_held(c, &s->evses[i], nodes, holders);
	return holders;
}

/* Only others than its power in all are full: the first of these. */
static const char *channel_of(const struct api_node_view *n)
{
	for (size_t i = 0; i < n->binds.count; i++)
		if (strcmp(n->binds.items[i], "total") == 0)
			return NULL;
	return n->binds.count > 0 ? n->binds.items[0] : NULL;
}

static void put_holder(const struct api_node_view *n, const struct holder *h, struct arena *a,
	struct words_held *out)
{
	const struct evse *e = h->most;

	*out = (struct words_held){
		.node = short_name(n->name, n->id), .channel = channel_of(n), .vans = h->vans};
	if (e == NULL)
		return;
	out->van = e->tx.vehicle != NULL
			   ? short_name(e->tx.vehicle->name, e->tx.vehicle->id)
			   : arena_printf(a, "%s EVSE %d",
				     short_name(e->station->name, e->station->id), e->id);
	out->gets_w = h->most_w;
	out->could_w = could_draw(e);
}

static void find_holder(const struct api_node_view_list *nodes, const struct holder *holders,
	struct arena *a, struct words_held *out)
{
	int most = -1;

	for (size_t i = 0; i < nodes->count; i++) {
		if (holders[i].vans == 0 && nodes->items[i].binds.count == 0)
			continue;
		if (most < 0 || holders[i].vans > holders[most].vans)
			most = (int)i;
	}
	if (most >= 0)
		put_holder(&nodes->items[most], &holders[most], a, out);
}

static void look_at_tree(const struct api_node_view_list *nodes, const struct holder *holders,
	struct words_energy *n)
{
	const struct api_node_view *root = &nodes->items[0];

	n->is_known = root->has_load_w;
	n->site_w = root->load_w;
	n->has_limit = root->has_limit_w;
	n->limit_w = root->limit_w;
	n->limit_source = root->limit_source;
	for (size_t i = 0; i < nodes->count; i++) {
		const struct api_node_view *v = &nodes->items[i];

		if (v->limit_source == NULL || strcmp(v->limit_source, "island") != 0)
			continue;
		n->island = short_name(v->name, v->id);
		n->island_w = v->limit_w;
		n->island_vans = holders[i].vans;
		return;
	}
}

/* What safety says of the grid that is back, and of power that has returned. */
static void look_at_return(
	const struct core *c, const struct api_node_view_list *nodes, struct words_energy *n)
{
	const struct safety *s = control_safety(c->control);
	const struct grid_tree *tree = control_grid(c->control);
	struct safety_island_view island = safety_island(s);

	if (n->island != NULL) /* its limit is less, by a margin */
		n->island_w = island.feed_w;
	/* At least a second is left to be said. */
	if (island.state == ISLAND_BACK)
		n->back_ms = island.left_ms > 1000 ? island.left_ms : 1000;
	for (size_t i = 0; i < nodes->count; i++) {
		int v = grid_tree_find(tree, nodes->items[i].id);
		int waiting = v >= 0 ? safety_node(s, v).ramp.waiting : 0;

		if (waiting > n->stepping) /* one below the other counts the same */
			n->stepping = waiting;
	}
}

/* Limits of others on these nodes that wait for an answer. */
static int count_waiting(const struct core *c, const struct api_node_view_list *nodes)
{
	int count = 0;

	for (const struct held_envelope *h = c->control != NULL ? envelopes_first(c) : NULL;
		h != NULL; h = h->next) {
		if (h->e.state != ENVELOPE_RECEIVED || h->e.node < 0)
			continue;
		const char *id = grid_tree_node(control_grid(c->control), h->e.node)->id;
		count += node_of(nodes, id) >= 0;
	}
	return count;
}

void view_energy_say(const struct core *c, const struct view_part *part,
	const struct api_node_view_list *nodes, struct arena *a, const char **sentence,
	const char **sub)
{
	struct holder *holders = find_holders(c, part, nodes, a);
	struct words_energy n = {0};
	struct text t;

	n.waiting = count_waiting(c, nodes);
	if (nodes->count > 0 && holders != NULL) {
		look_at_tree(nodes, holders, &n);
		find_holder(nodes, holders, a, &n.held);
		if (c->control != NULL)
			look_at_return(c, nodes, &n);
	}
	text_init(&t, SENTENCE_MAX);
	words_energy_sentence(&t, &n);
	*sentence = arena_text(a, &t);
	text_init(&t, SUB_MAX);
	words_energy_sub(&t, &n);
	*sub = arena_text(a, &t);
}

/* -- meters ---------------------------------------------------------------------------------------- */

static enum words_meter kind_of(const struct core *c, const char *belief, int meter)
{
	return words_meter_kind(belief, wiring_is_doubted(c, meter));
}

const char *view_meter_say(const struct core *c, int meter, const char *belief, struct arena *a)
{
	const struct meter *m = meters_at(c->meters, meter);
	struct text t;

	text_init(&t, SENTENCE_MAX);
	words_meter_sentence(&t, short_name(m->row->name, m->row->id), kind_of(c, belief, meter));
	return arena_text(a, &t);
}

void view_meters_say(const struct core *c, const struct api_meter_view_list *list, struct arena *a,
	const char **sentence, const char **sub)
{
	struct words_meters n = {.meters = (int)list->count};
	enum words_meter worst = WORDS_METER_GOOD;
	struct text t;

	for (size_t i = 0; i < list->count; i++) {
		const struct api_meter_view *m = &list->items[i];
		int index = meters_find(c->meters, m->id);
		enum words_meter kind =
			index < 0 ? WORDS_METER_UNREAD : kind_of(c, m->belief, index);

		if (n.count[kind]++ == 0)
			n.name[kind] = short_name(m->name, m->id);
		if (kind < worst) {
			worst = kind;
			n.next = m->next;
		}
	}
	text_init(&t, SENTENCE_MAX);
	words_meters_sentence(&t, &n);
	*sentence = arena_text(a, &t);
	text_init(&t, SUB_MAX);
	words_meters_sub(&t, &n);
	*sub = arena_text(a, &t);
}

/* -- alarms ---------------------------------------------------------------------------------------- */

void view_alarms_say(const struct api_alarm_view_list *list, struct arena *a, const char **sentence,
	const char **sub)
{
	struct words_alarms n = {0};
	struct text t;

	for (size_t i = 0; i < list->count; i++) {
		const struct api_alarm_view *v = &list->items[i];

		n.aside += strcmp(v->state, "aside") == 0;
		if (strcmp(v->state, "active") != 0)
			continue;
		n.active++;
		n.urgent += strcmp(v->rank, "urgent") == 0;
		n.taken += v->owner != NULL;
	}
	text_init(&t, SENTENCE_MAX);
	words_alarms_sentence(&t, &n);
	*sentence = arena_text(a, &t);
	text_init(&t, SUB_MAX);
	words_alarms_sub(&t, &n);
	*sub = arena_text(a, &t);
}
