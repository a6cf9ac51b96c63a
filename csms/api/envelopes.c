/* Envelopes: limits over time, put on nodes, tried and answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/power/control.h"
#include "csms/power/envelope.h"
#include "csms/plan/planner.h"
#include "csms/record.h"
#include "csms/view/view.h"
#include "db/query.h"
#include "db/query_envelope.h"

#define LIST_MAX 1000

/* -- what is offered ------------------------------------------------------------------------- */

static int32_t watts(bool has, int64_t v)
{
	return has ? (int32_t)v : GRID_NO_LIMIT;
}

/* Operators speak for themselves; programs may speak for a peer of theirs, but for none of depotd's
 * own adapters. */
static bool read_owner(struct ask *k, const struct api_envelope_post *p, struct envelope_offer *o)
{
	if (p->owner == NULL) {
		o->owner = arena_printf(k->arena, "operator/%s", k->who.name);
		if (p->grid)
			ask_problem(k, 400, "grid",
				"grid: name the grid operator as owner, \"openadr/vtn-1\"");
		return !p->grid;
	}
	o->owner = p->owner;
	if (strchr(p->owner, '/') != NULL && strncmp(p->owner, "operator/", 9) != 0 &&
		strncmp(p->owner, "oscp/", 5) != 0)
		return true;
	ask_problem(k, 400, "owner",
		"owner: must be ADAPTER/PEER, and neither operator/ nor oscp/, which speak for "
		"themselves");
	return false;
}

static bool read_offer(struct ask *k, struct envelope_offer *o)
{
	const struct api_envelope_post *p = k->body;
	struct envelope_block *b = arena_alloc(k->arena, sizeof(*b) * (p->blocks.count + 1));

	if (b == NULL) {
		ask_problem(k, 503, NULL, "no memory for the blocks");
		return false;
	}
	for (size_t i = 0; i < p->blocks.count; i++) {
		const struct api_envelope_block_post *x = &p->blocks.items[i];

		b[i] = (struct envelope_block){x->start.ms, x->end.ms,
			{watts(x->has_import_w, x->import_w), watts(x->has_export_w, x->export_w),
				watts(x->has_phase_ma, x->phase_ma)}};
	}
	*o = (struct envelope_offer){
		.node = p->node,
		.type = p->type,
		.reference = p->reference,
		.kind = p->kind == API_ENVELOPE_KIND_FALLBACK ? ENVELOPE_FALLBACK : ENVELOPE_LIMIT,
		.priority = (int)p->priority,
		.is_grid = p->grid,
		.blocks = b,
		.count = (int)p->blocks.count,
		.actor = k->who.actor,
		.why = p->why,
	};
	return read_owner(k, p, o);
}

/* "blocks[2]: …": the field is what stands before the colon. */
static void refuse(struct ask *k, int status, const char *why)
{
	size_t n = strcspn(why, ":");
	char *path = why[n] == ':' ? arena_strndup(k->arena, why, n) : NULL;

	ask_problem(k, status, path, "%s", why);
}

static void on_durable(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	if (status != 0)
		ask_problem(k, 503, NULL, "the change was not stored: %s", why ? why : "unknown");
	else
		ask_reply(k, 200, &api_envelope_view_type, k->state);
}

/* Answers with the envelope as it is now, once that is on disk. */
static void reply_when_durable(struct ask *k, const struct held_envelope *h)
{
	struct api_envelope_view *view = arena_alloc(k->arena, sizeof(*view));

	if (view == NULL || h == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	view_envelope(k->api->core, h, k->arena, view);
	k->state = view;
	ask_hold(k);
	record_then(k->api->core, on_durable, k);
}

void envelope_post(struct ask *k)
{
	struct core *c = k->api->core;
	struct envelope_offer o;
	char id[ENVELOPE_ID_SIZE], why[200];

	if (!read_offer(k, &o) || !replay_begin(k->api->replay, k))
		return;
	if (envelope_receive(c, &o, id, why) != 0)
		refuse(k, 422, why);
	else
		reply_when_durable(k, envelope_find(c, id));
}

/* -- tried ----------------------------------------------------------------------------------- */

/* Ready in another slot: each plan begins at an instant of its own, a little after the other. */
static bool is_changed(const struct ask *k, const struct planner_trial_row *r)
{
	int64_t half_ms = k->api->core->config->control->slot_s * 500;

	if (llabs(r->with.short_wh - r->without.short_wh) >= PLANNER_SHOWN_WH ||
		(r->with.ready_at.ms == 0) != (r->without.ready_at.ms == 0))
		return true;
	return llabs(wall_diff_ms(r->with.ready_at, r->without.ready_at)) > half_ms;
}

static void view_vehicle_of(
	struct ask *k, const struct planner_trial_row *r, struct api_envelope_vehicle *out)
{
	*out = (struct api_envelope_vehicle){
		.station = arena_strdup(k->arena, r->row->evse->station->id),
		.evse = r->row->evse->id,
		.vehicle = r->row->vehicle ? arena_strdup(k->arena, r->row->vehicle->id) : NULL,
		.has_departs_at = r->row->departs_at.ms != 0,
		.departs_at = r->row->departs_at,
		.need_wh = r->row->need_wh,
		.short_without_wh = r->without.short_wh,
		.short_with_wh = r->with.short_wh,
		.has_ready_without = r->without.ready_at.ms != 0,
		.ready_without = r->without.ready_at,
		.has_ready_with = r->with.ready_at.ms != 0,
		.ready_with = r->with.ready_at,
	};
}

/* Those that it changes anything for: how many, and of how many nobody tells what is in the battery. */
struct changes {
	size_t count, guessed;
};

static const char *guesses_of(struct ask *k, const struct changes *x)
{
	if (x->guessed == 0)
		return "";
	return arena_printf(k->arena,
		" Of %zu of these %zu no state of charge is told: what they need is a guess.",
		x->guessed, x->count);
}

static const char *sentence_of(
	struct ask *k, const struct envelope_effect *e, const struct changes *x)
{
	if (e->late > 0)
		return arena_printf(k->arena,
			"%d vehicle%s would leave %.1f kWh short; up to %.1f kW are given up.%s",
			e->late, e->late == 1 ? "" : "s", (double)e->shed_wh / 1000,
			(double)e->shed_w / 1000, guesses_of(k, x));
	if (x->count > 0)
		return arena_printf(k->arena,
			"All vehicles leave with what they need; %zu of them have it at another "
			"time.%s",
			x->count, guesses_of(k, x));
	return "Nothing changes for any vehicle that is here.";
}

static void on_tried(void *arg, const struct planner_trial *t)
{
	struct ask *k = arg;
	struct api_envelope_try out = {.at = clock_wall()};
	struct envelope_effect effect;
	struct changes changes = {0};

	if (t == NULL || k->api == NULL) {
		ask_problem(k, 503, NULL, "the tree changed meanwhile, or depotd ends; try again");
		return;
	}
	out.vehicles.items =
		arena_alloc(k->arena, sizeof(*out.vehicles.items) * ((size_t)t->count + 1));
	if (out.vehicles.items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the answer");
		return;
	}
	for (int i = 0; i < t->count; i++) {
		if (!is_changed(k, &t->rows[i]))
			continue;
		view_vehicle_of(k, &t->rows[i], &out.vehicles.items[out.vehicles.count++]);
		changes.guessed += t->rows[i].row->by == CHARGE_BY_GUESS;
	}
	changes.count = out.vehicles.count;
	envelope_effect_of(t, &effect);
	out.late = effect.late;
	out.shed_wh = effect.shed_wh;
	out.shed_w = effect.shed_w;
	out.sentence = sentence_of(k, &effect, &changes);
	ask_reply(k, 200, &api_envelope_try_type, &out);
}

void envelope_try_post(struct ask *k)
{
	struct core *c = k->api->core;
	struct held_envelope *draft, accepted;
	struct envelope_offer o;
	char why[200];

	if (!read_offer(k, &o))
		return;
	draft = envelope_draft(c, &o, why);
	if (draft == NULL) {
		refuse(k, 422, why);
		return;
	}
	accepted = envelope_as_accepted(draft);
	ask_hold(k);
	if (control_try(c->control, &accepted, on_tried, k) != 0)
		ask_problem(k, 503, NULL, "too many trials at once; try again soon");
	envelope_draft_free(draft);
}

/* -- seen ------------------------------------------------------------------------------------ */

static void view_stored(const struct db_envelope *r, struct ask *k, struct api_envelope_view *out)
{
	*out = (struct api_envelope_view){
		.id = r->id,
		.node = r->node,
		.owner = r->owner,
		.type = r->type,
		.kind = strcmp(r->kind, "fallback") == 0 ? API_ENVELOPE_KIND_FALLBACK
							 : API_ENVELOPE_KIND_LIMIT,
		.priority = r->priority,
		.grid = r->grid,
		.reference = r->reference,
		.state = r->state,
		.urgent = r->urgent,
		.why = r->reason ? r->reason : r->why,
		.received_at = r->received_at,
		.moved_at = r->moved_at,
		.decided_by = r->decided_by,
		.has_decided_at = r->decided_at.ms != 0,
		.decided_at = r->decided_at,
		.replaced_by = r->replaced_by,
	};
	if (r->judged != NULL && (out->effect = arena_alloc(k->arena, sizeof(*out->effect))))
		*out->effect = (struct api_envelope_effect){.judged_at = r->received_at,
			.late = r->judged->late,
			.shed_wh = r->judged->shed_wh,
			.shed_w = r->judged->shed_w};
	const struct event_envelope_block_list *b = r->left ? &r->left->blocks : &r->said->blocks;
	out->blocks.items = arena_alloc(k->arena, sizeof(*out->blocks.items) * (b->count + 1));
	for (size_t i = 0; out->blocks.items != NULL && i < b->count; i++)
		out->blocks.items[out->blocks.count++] = (struct api_envelope_block_post){
			.start = b->items[i].start,
			.end = b->items[i].end,
			.has_import_w = b->items[i].has_import_w,
			.import_w = b->items[i].import_w,
			.has_export_w = b->items[i].has_export_w,
			.export_w = b->items[i].export_w,
			.has_phase_ma = b->items[i].has_phase_ma,
			.phase_ma = b->items[i].phase_ma,
		};
}

struct past {
	struct db_envelope_filter filter;
	struct db_envelope_list found;
	const char *error;
	bool is_one;
};

static void past_work(struct db_reader *r, struct ask *k)
{
	struct past *p = k->state;

	if (db_query_envelopes(r, &p->filter, k->arena, &p->found) != 0)
		p->error = arena_strdup(k->arena, db_reader_error(r));
}

static void past_finish(struct ask *k)
{
	const struct past *p = k->state;
	struct api_envelope_list list = {.at = clock_wall()};

	list.envelopes.items =
		arena_alloc(k->arena, sizeof(*list.envelopes.items) * (p->found.count + 1));
	if (p->error != NULL || list.envelopes.items == NULL) {
		ask_problem(k, 503, NULL, "the store: %s", p->error ? p->error : "no memory");
		return;
	}
	/* What is held knows besides whether it counts, and who is tighter. */
	for (size_t i = 0; i < p->found.count; i++) {
		struct api_envelope_view *v = &list.envelopes.items[list.envelopes.count++];
		const struct held_envelope *h = envelope_find(k->api->core, p->found.items[i].id);

		if (h != NULL)
			view_envelope(k->api->core, h, k->arena, v);
		else
			view_stored(&p->found.items[i], k, v);
	}
	if (!p->is_one)
		ask_reply(k, 200, &api_envelope_list_type, &list);
	else if (list.envelopes.count)
		ask_reply(k, 200, &api_envelope_view_type, &list.envelopes.items[0]);
	else
		ask_problem(k, 404, NULL,
			"there is no envelope of that id; GET /api/v1/envelopes?state=all lists "
			"them");
}

static struct past *past_of(struct ask *k)
{
	struct past *p = arena_alloc(k->arena, sizeof(*p));

	if (p == NULL)
		ask_problem(k, 503, NULL, "no memory for the query");
	else
		*p = (struct past){.filter = {.limit = 1}};
	k->state = p;
	return p;
}

/* Those that are not over are in memory. */
static void reply_open(struct ask *k, const char *node, const char *owner)
{
	struct api_envelope_list list = {.at = clock_wall()};
	size_t n = 0;

	view_envelopes(k->api->core, ENVELOPE_BLOCKS_MAX, k->arena, &list.envelopes);
	for (size_t i = 0; i < list.envelopes.count; i++) {
		const struct api_envelope_view *v = &list.envelopes.items[i];
		const struct held_envelope *h = envelope_find(k->api->core, v->id);

		if ((node == NULL || strcmp(node, v->node) == 0) &&
			(owner == NULL || strcmp(owner, v->owner) == 0) && h != NULL &&
			!envelope_is_over(h->e.state))
			list.envelopes.items[n++] = *v;
	}
	list.envelopes.count = n;
	ask_reply(k, 200, &api_envelope_list_type, &list);
}

void envelopes_list(struct ask *k)
{
	const char *state = ask_query(k, "state"), *node = ask_query(k, "node");
	const char *owner = ask_query(k, "owner");
	int64_t limit = 200;
	struct past *p;

	if (!ask_int(k, "limit", 1, LIST_MAX, &limit))
		return;
	if (state == NULL || strcmp(state, "open") == 0) {
		reply_open(k, node, owner);
		return;
	}
	if (strcmp(state, "over") != 0 && strcmp(state, "all") != 0) {
		ask_problem(k, 400, "state", "state: must be open, over or all");
		return;
	}
	if ((p = past_of(k)) == NULL)
		return;
	p->filter = (struct db_envelope_filter){.node = node,
		.owner = owner,
		.which = strcmp(state, "over") == 0 ? DB_ENVELOPES_OVER : DB_ENVELOPES_ALL,
		.limit = (int)limit};
	ask_read(k, past_work, past_finish);
}

void envelope_get(struct ask *k)
{
	const struct held_envelope *h = envelope_find(k->api->core, k->match.param[0]);
	struct api_envelope_view view;
	struct past *p;

	if (h != NULL) {
		view_envelope(k->api->core, h, k->arena, &view);
		ask_reply(k, 200, &api_envelope_view_type, &view);
	} else if ((p = past_of(k)) != NULL) {
		p->is_one = true;
		p->filter.id = k->match.param[0];
		ask_read(k, past_work, past_finish);
	}
}

/* -- answered -------------------------------------------------------------------------------- */

static const struct held_envelope *path_envelope(struct ask *k)
{
	const struct held_envelope *h = envelope_find(k->api->core, k->match.param[0]);

	if (h == NULL)
		ask_problem(k, 404, NULL,
			"there is no open envelope of that id; GET /api/v1/envelopes lists them");
	return h;
}

void envelope_accept_post(struct ask *k)
{
	const struct api_envelope_decision *d = k->body;
	const struct held_envelope *h = path_envelope(k);
	char why[200];

	if (h == NULL || !replay_begin(k->api->replay, k))
		return;
	if (envelope_accept(k->api->core, h->id, k->who.actor, d->why, why) != 0)
		ask_problem(k, 409, NULL, "%s", why);
	else
		reply_when_durable(k, h);
}

void envelope_refuse_post(struct ask *k)
{
	const struct api_envelope_decision *d = k->body;
	const struct held_envelope *h = path_envelope(k);
	char why[200];

	if (h == NULL || !replay_begin(k->api->replay, k))
		return;
	if (envelope_refuse(k->api->core, h->id, k->who.actor, d->why, why) != 0)
		ask_problem(k, 409, NULL, "%s", why);
	else
		reply_when_durable(k, h);
}

/* What others have put on the depot is not an operator's to lift; an administrator may, with a
 * reason, when the other is broken. */
void envelope_delete(struct ask *k)
{
	const struct held_envelope *h = path_envelope(k);
	const char *why = ask_query(k, "why");
	bool is_own = h != NULL && strncmp(h->owner, "operator/", 9) == 0;

	if (h == NULL)
		return;
	if (envelope_is_over(h->e.state)) {
		ask_problem(k, 409, NULL, "it is %s already", envelope_state_name(h->e.state));
		return;
	}
	if (!is_own && (!role_may(k->who.role, MAY_OVERRULE) || why == NULL || strlen(why) > 200)) {
		ask_problem(k, role_may(k->who.role, MAY_OVERRULE) ? 400 : 403, "why",
			"this limit is %.80s's: only an administrator withdraws it, with a reason "
			"(why, up to 200 characters)",
			h->owner);
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	envelope_withdraw(k->api->core, h->id, k->who.actor, why);
	reply_when_durable(k, h);
}

/* -- all limits of a node -------------------------------------------------------------------- */

void node_limits_get(struct ask *k)
{
	const struct core *c = k->api->core;
	int node = grid_tree_find(control_grid(c->control), k->match.param[0]);
	struct api_node_limits out = {.at = clock_wall()};

	if (node < 0) {
		ask_problem(k, 404, NULL, "there is no node \"%.60s\"; GET /api/v1/tree lists them",
			k->match.param[0]);
		return;
	}
	out.node = grid_tree_node(control_grid(c->control), node)->id;
	view_node_limits(c, node, k->arena, &out.limits);
	ask_reply(k, 200, &api_node_limits_type, &out);
}
