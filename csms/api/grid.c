/* The tree's description: read, changed while it is in force, or only judged. csms/power/grid_edit.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/power/grid_edit.h"
#include "schemas/yaml.h"

#define WHY_MAX   500
#define TEXT_NAME "line" /* complaints begin with it: "line:17: nodes[3]…" */

/* What a change came to, while the ask waits for the store. */
struct outcome {
	int edits;
	const char *warning; /* NULL: none */
};

/* Which row of which list is changed; list NULL: all of it. */
struct target {
	const char *list;
	const char *id;
	size_t row; /* where it stands in the wish */
	const char *text; /* the YAML that the wish was read from; NULL: none */
};

void grid_get(struct ask *k)
{
	ask_reply(k, 200, &depot_grid_type, grid_edits_grid(k->api->core->grid_edits));
}

static void answer(struct ask *k, const struct outcome *o, bool only_check)
{
	struct api_grid_result out = {
		.revision = grid_edits_grid(k->api->core->grid_edits)->revision,
		.changed = o->edits,
		.in_force = !only_check,
		.warning = o->warning,
		.text = !o->edits    ? "nothing differs from what is in force"
			: only_check ? "good: nothing was changed yet"
				     : "in force",
	};

	ask_reply(k, 200, &api_grid_result_type, &out);
}

static void on_stored(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct outcome *o = k->state;

	if (status == 0)
		answer(k, o, false);
	else
		ask_changed(k, status, why);
}

/* A fault in the row that was given is told by its field, as the client wrote it. */
static void complain(
	struct ask *k, int status, const struct target *t, const struct depot_fault *fault)
{
	const char *path = fault->path;
	char prefix[40], where[400];
	int n = t->list ? snprintf(prefix, sizeof prefix, "%s[%zu]", t->list, t->row) : 0;

	if (n > 0 && strncmp(path, prefix, (size_t)n) == 0)
		path += n + (path[n] == '.');
	if (t->text != NULL) {
		schema_yaml_complain_text(
			TEXT_NAME, t->text, strlen(t->text), path, fault->text, where);
		ask_problem(k, status, path[0] ? path : NULL, "%s", where);
	} else if (path[0])
		ask_problem(k, status, path, "%s: %s", path, fault->text);
	else
		ask_problem(k, status, NULL, "%s", fault->text);
}

/* `why` NULL: that of the query. */
static void put(
	struct ask *k, const struct depot_grid *grid, const struct target *t, const char *why)
{
	const char *check = ask_query(k, "check"), *force = ask_query(k, "force");
	struct outcome *o = arena_alloc(k->arena, sizeof(*o));
	struct grid_wish wish = {
		.grid = grid,
		.is_forced = force != NULL && strcmp(force, "0") != 0,
		.only_check = check != NULL && strcmp(check, "0") != 0,
		.actor = k->who.actor,
		.why = why != NULL ? why : ask_query(k, "why"),
		.done = on_stored,
		.arg = k,
	};
	struct depot_fault fault = {0};
	int status;

	if (o == NULL) {
		ask_problem(k, 503, NULL, "no memory for the change");
		return;
	}
	if (wish.why != NULL && strlen(wish.why) > WHY_MAX) {
		ask_problem(k, 400, "why", "why: must be at most %d characters long", WHY_MAX);
		return;
	}
	if (!wish.only_check && !replay_begin(k->api->replay, k))
		return;
	k->state = o;
	ask_hold(k);
	status = grid_edits_put(k->api->core->grid_edits, &wish, &o->edits, &fault);
	if (status == 0 && fault.text[0])
		o->warning = arena_strdup(k->arena, fault.text);
	if (status != 0)
		complain(k, status, t, &fault);
	else if (wish.only_check || o->edits == 0)
		answer(k, o, wish.only_check);
}

void grid_put(struct ask *k)
{
	put(k, k->body, &(struct target){0}, NULL);
}

void grid_text_post(struct ask *k)
{
	const struct api_grid_text_post *post = k->body;
	struct target t = {.text = post->text};
	const struct depot_grid *grid;
	char where[400];

	grid = schema_yaml_decode(
		&depot_grid_type, TEXT_NAME, post->text, strlen(post->text), k->arena, where);
	if (grid == NULL)
		ask_problem(k, 400, NULL, "%s", where);
	else
		put(k, grid, &t, NULL);
}

/* -- one row --------------------------------------------------------------------------------- */

/* The list with `row` in place of the one of that id, at its end if there is none, or (row NULL)
 * without it. NULL: no memory; *at: where the row stands, `count` if it is not there. */
static void *change_list(struct ask *k, const void *items, size_t *count, size_t size,
	const char *(*id_of)(const void *), const char *id, const void *row, size_t *at)
{
	char *out = arena_alloc(k->arena, (*count + 1) * size);
	size_t i = 0;

	if (out == NULL)
		return NULL;
	if (*count)
		memcpy(out, items, *count * size);
	while (i < *count && strcasecmp(id_of(out + i * size), id) != 0)
		i++;
	*at = i;
	if (row != NULL) {
		memcpy(out + i * size, row, size);
		*count += i == *count;
	} else if (i < *count) {
		memmove(out + i * size, out + (i + 1) * size, (*count - i - 1) * size);
		(*count)--;
	}
	return out;
}

static const char *node_id(const void *row)
{
	return ((const struct depot_node *)row)->id;
}

static const char *meter_id(const void *row)
{
	return ((const struct depot_meter *)row)->id;
}

#define USERS_SHOWN 3

/* "AC-01, AC-02, AC-03 and 4 more" */
struct users {
	char text[200];
	int count;
};

static void add_user(struct users *u, const char *id)
{
	size_t len = strlen(u->text);

	if (u->count++ < USERS_SHOWN)
		snprintf(u->text + len, sizeof u->text - len, "%s%.48s", len ? ", " : "", id);
}

static const char *say_users(struct ask *k, const struct users *u)
{
	if (u->count <= USERS_SHOWN)
		return u->text;
	return arena_printf(k->arena, "%s and %d more", u->text, u->count - USERS_SHOWN);
}

/* By the depot's file, whose row counts as long as it is there, or as they were registered. */
static void find_stations(
	const struct core *c, const char *node, struct users *file, struct users *own)
{
	const struct depot_station_list *list = &c->depot->stations;

	for (size_t i = 0; i < list->count; i++)
		if (strcasecmp(list->items[i].node, node) == 0)
			add_user(file, list->items[i].id);
	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		bool is_listed = false;

		for (size_t i = 0; i < list->count && !is_listed; i++)
			is_listed = strcmp(list->items[i].id, s->id) == 0 &&
				    strcasecmp(list->items[i].node, node) == 0;
		if (!is_listed && strcasecmp(s->node, node) == 0)
			add_user(own, s->id);
	}
}

/* True, and answered: somebody stands on the node, or hangs below it. */
static bool is_in_use(struct ask *k, const struct depot_grid *grid, const char *id)
{
	struct users file = {0}, own = {0}, nodes = {0};

	find_stations(k->api->core, id, &file, &own);
	for (size_t i = 0; i < grid->nodes.count; i++)
		if (grid->nodes.items[i].parent && strcasecmp(grid->nodes.items[i].parent, id) == 0)
			add_user(&nodes, grid->nodes.items[i].id);
	if (file.count)
		ask_problem(k, 409, NULL,
			"node %s stays: %s stand%s on it, by the depot's file; give another `node` there, "
			"and start depotd again",
			id, say_users(k, &file), file.count == 1 ? "s" : "");
	else if (own.count)
		ask_problem(k, 409, NULL,
			"node %s stays: %s stand%s on it; put them elsewhere first, as by depotctl "
			"set-station STATION --node NODE",
			id, say_users(k, &own), own.count == 1 ? "s" : "");
	else if (nodes.count)
		ask_problem(k, 409, NULL,
			"node %s stays: %s hang%s below it; remove them first, or give them another "
			"`parent`",
			id, say_users(k, &nodes), nodes.count == 1 ? "s" : "");
	return file.count + own.count + nodes.count > 0;
}

/* `row` NULL: remove it. */
static void change_row(struct ask *k, bool is_meter, const void *row, const char *why)
{
	struct depot_grid grid = *grid_edits_grid(k->api->core->grid_edits);
	struct target t = {is_meter ? "meters" : "nodes", k->match.param[0], 0, NULL};
	size_t *count = is_meter ? &grid.meters.count : &grid.nodes.count, before = *count;
	void *items;

	if (row && strcasecmp(is_meter ? meter_id(row) : node_id(row), t.id) != 0) {
		ask_problem(
			k, 400, "id", "id: must be \"%s\" as in the path, or left as it is", t.id);
		return;
	}
	items = is_meter ? change_list(k, grid.meters.items, count, sizeof(*grid.meters.items),
				   meter_id, t.id, row, &t.row)
			 : change_list(k, grid.nodes.items, count, sizeof(*grid.nodes.items),
				   node_id, t.id, row, &t.row);
	if (items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the change");
		return;
	}
	if (row == NULL && *count == before) {
		ask_problem(k, 404, NULL, "there is no %s \"%s\"; GET /api/v1/grid lists them",
			is_meter ? "meter" : "node", t.id);
		return;
	}
	if (row == NULL && !is_meter && is_in_use(k, &grid, t.id))
		return;
	if (is_meter)
		grid.meters.items = items;
	else
		grid.nodes.items = items;
	put(k, &grid, &t, why);
}

/* A change of one column of its row, journalled as such; who may do this need not be allowed more. */
void node_mode_put(struct ask *k)
{
	const struct api_plan_mode_put *post = k->body;
	const struct depot_grid *now = grid_edits_grid(k->api->core->grid_edits);
	int mode = schema_enum_find(&depot_plan_mode_enum, post->mode);
	struct depot_node row;
	size_t i = 0;

	if (mode < 0) {
		ask_problem(k, 400, "mode", "mode: shadow, assisted or automatic");
		return;
	}
	while (i < now->nodes.count && strcasecmp(now->nodes.items[i].id, k->match.param[0]) != 0)
		i++;
	if (i == now->nodes.count) {
		ask_problem(k, 404, NULL, "there is no node \"%s\"; GET /api/v1/grid lists them",
			k->match.param[0]);
		return;
	}
	row = now->nodes.items[i];
	row.has_mode = true;
	row.mode = (enum depot_plan_mode)mode;
	change_row(k, false, &row, post->why);
}

void grid_node_put(struct ask *k)
{
	change_row(k, false, k->body, NULL);
}

void grid_node_delete(struct ask *k)
{
	change_row(k, false, NULL, NULL);
}

void grid_meter_put(struct ask *k)
{
	change_row(k, true, k->body, NULL);
}

void grid_meter_delete(struct ask *k)
{
	change_row(k, true, NULL, NULL);
}
