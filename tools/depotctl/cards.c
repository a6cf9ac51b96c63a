/* Who may charge, and where: tokens, identities of vehicles, local lists, caches, reservations. */
#include <stdlib.h>
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

/* -- tokens ---------------------------------------------------------------------------------- */

/* The words of an option between separators; "" is an empty list, which clears. */
static struct schema_strings words(struct ctl *c, const char *text, char separator)
{
	struct schema_strings out = {0};
	const char stop[] = {separator, '\0'};

	if (text == NULL)
		return out;
	out.items = arena_alloc(c->arena, (strlen(text) + 1) * sizeof(*out.items));
	while (out.items != NULL && *text != '\0') {
		size_t n = strcspn(text, stop);
		out.items[out.count++] = arena_strndup(c->arena, text, n);
		text += n + (text[n] != '\0');
	}
	return out;
}

static void join(struct text *t, const char *before, const struct schema_strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		text_printf(t, "%s%s%s", t->len > 0 ? ", " : "", before, list->items[i]);
}

/* What limits a token, in one cell; NULL: nothing. */
static const char *rules_cell(struct ctl *c, const struct api_token_view *v)
{
	struct text t;
	const char *out;

	text_init(&t, 0);
	if (v->is_master_pass)
		text_puts(&t, "master pass");
	if (v->kind != NULL)
		text_printf(&t, "%s%s only", t.len > 0 ? ", " : "", v->kind);
	join(&t, "at ", &v->evses);
	join(&t, "below ", &v->nodes);
	join(&t, "", &v->windows);
	out = t.len > 0 ? arena_strndup(c->arena, t.data, t.len) : NULL;
	text_finish(&t);
	return out;
}

static int token_list(struct ctl *c)
{
	struct table *t =
		table_create(c->arena, "TYPE|VALUE|STATUS|VEHICLE|GROUP|EXPIRES|RULES", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", "tokens", NULL, NULL, &api_token_list_type, &answer);
	const struct api_token_list *list = answer;
	struct text out;

	if (list == NULL)
		return status;
	for (size_t i = 0; i < list->tokens.count; i++) {
		const struct api_token_view *v = &list->tokens.items[i];
		table_row(t);
		table_cell(t, v->type);
		table_cell(t, v->value);
		table_cell(t, v->status);
		table_cell(t, v->vehicle);
		table_cell(t, v->group);
		table_cell(t, cell_time(c->arena, v->has_expires, v->expires));
		table_cell(t, rules_cell(c, v));
	}
	text_init(&out, 0);
	table_print(t, &out);
	fputs(table_rows(t) > 0 ? out.data : "No tokens.\n", stdout);
	text_finish(&out);
	return status;
}

static int token_add(struct ctl *c, const char *path)
{
	const char *status = ctl_option(c, "--status");
	const char *expires = ctl_option(c, "--expires");
	const char *priority = ctl_option(c, "--priority");
	struct api_token_put put = {
		.status = status != NULL ? status : "Accepted",
		.group = ctl_option(c, "--group"),
		.vehicle = ctl_option(c, "--vehicle"),
		.has_expires = expires != NULL,
		.kind = ctl_option(c, "--kind"),
		.evses = words(c, ctl_option(c, "--at"), ','),
		.nodes = words(c, ctl_option(c, "--below"), ','),
		.windows = words(c, ctl_option(c, "--hours"), ';'),
		.has_priority = priority != NULL,
		.language = ctl_option(c, "--language"),
		.message = ctl_option(c, "--message"),
	};

	if (expires != NULL && !wall_parse(expires, strlen(expires), &put.expires))
		return ctl_complain(
			CTL_USAGE, "--expires must be a time such as 2026-12-31T23:59:59Z");
	if (priority != NULL)
		put.priority = atoll(priority);
	return ctl_done(c, "PUT", path, &api_token_put_type, &put, "Stored.");
}

int ctl_token(struct ctl *c)
{
	const char *verb = c->argv[0];

	if (strcmp(verb, "list") == 0)
		return token_list(c);
	if (c->argc < 3)
		return ctl_complain(CTL_USAGE, "token %s needs TYPE and VALUE", verb);
	const char *path = arena_printf(
		c->arena, "tokens/%s/%s", ctl_escape(c, c->argv[1]), ctl_escape(c, c->argv[2]));
	if (strcmp(verb, "add") == 0)
		return token_add(c, path);
	if (strcmp(verb, "remove") == 0)
		return ctl_done(c, "DELETE", path, NULL, NULL, "Removed.");
	return ctl_complain(CTL_USAGE, "token takes add, remove or list");
}

/* -- identities ------------------------------------------------------------------------------ */

static void row_identities(struct ctl *c, struct table *t, const struct api_vehicle_detail *v)
{
	struct text known, bays;

	text_init(&known, 0);
	text_init(&bays, 0);
	for (size_t i = 0; i < v->identities.count; i++)
		text_printf(&known, "%s%s:%s", i > 0 ? ", " : "", v->identities.items[i].type,
			v->identities.items[i].value);
	join(&bays, "", &v->bays);
	table_row(t);
	table_cell(t, v->vehicle.id);
	table_cell(t, known.len > 0 ? arena_strndup(c->arena, known.data, known.len) : NULL);
	table_cell(t, bays.len > 0 ? arena_strndup(c->arena, bays.data, bays.len) : NULL);
	table_cell(t, v->vehicle.station);
	table_cell(t, v->vehicle.vehicle_by);
	table_cell(t, v->vehicle.vehicle_conflict);
	text_finish(&known);
	text_finish(&bays);
}

static int show_identities(struct ctl *c)
{
	struct table *t = table_create(
		c->arena, "VEHICLE|KNOWN BY|PARKS AT|IS AT|RECOGNISED BY|BUT", c->colour);
	const char *one = c->argc > 0 ? ctl_escape(c, c->argv[0]) : NULL;
	void *answer;
	int status;

	if (one != NULL)
		status = ctl_ask_struct(c, "GET", arena_printf(c->arena, "vehicles/%s", one), NULL,
			NULL, &api_vehicle_detail_type, &answer);
	else
		status = ctl_ask_struct(
			c, "GET", "vehicles", NULL, NULL, &api_vehicle_list_type, &answer);
	if (answer == NULL)
		return status;
	if (one != NULL)
		row_identities(c, t, answer);
	else
		for (size_t i = 0; i < ((struct api_vehicle_list *)answer)->vehicles.count; i++)
			row_identities(
				c, t, &((struct api_vehicle_list *)answer)->vehicles.items[i]);
	ctl_print(t, "No vehicles.");
	return status;
}

int ctl_identities(struct ctl *c)
{
	bool none = ctl_flag(c, "--none");
	struct api_identities_put put = {0};

	if (c->argc < 2 && !(none && c->argc == 1))
		return show_identities(c);
	put.identities.items =
		arena_alloc(c->arena, sizeof(*put.identities.items) * (size_t)c->argc);
	for (int i = 1; put.identities.items != NULL && i < c->argc; i++) {
		const char *colon = strchr(c->argv[i], ':');
		if (colon == NULL)
			return ctl_complain(CTL_USAGE, "%s: an identity is TYPE:VALUE", c->argv[i]);
		put.identities.items[put.identities.count++] = (struct api_identity){
			.type = arena_strndup(c->arena, c->argv[i], (size_t)(colon - c->argv[i])),
			.value = colon + 1};
	}
	return ctl_done(c, "PUT",
		arena_printf(c->arena, "vehicles/%s/identities", ctl_escape(c, c->argv[0])),
		&api_identities_put_type, &put, "Stored.");
}

/* -- local lists and caches ------------------------------------------------------------------ */

static void row_list(struct ctl *c, struct table *t, const struct api_local_list_view *v)
{
	table_row(t);
	table_cell(t, v->station);
	table_cell(t, api_list_mode_enum.values[v->mode]);
	table_cell(t, v->state);
	table_cell(t, v->doing);
	table_cell(t, arena_printf(c->arena, "%lld", (long long)v->version));
	table_cell(t, arena_printf(c->arena, "%lld", (long long)v->entries));
	table_cell(t, cell_time(c->arena, v->has_at, v->at));
	table_cell(t, v->note);
}

static struct table *list_table(struct ctl *c)
{
	return table_create(
		c->arena, "STATION|MODE|STATE|DOING|>VERSION|>ENTRIES|SINCE|NOTE", c->colour);
}

static int show_lists(struct ctl *c)
{
	struct table *t = list_table(c);
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", "local-lists", NULL, NULL, &api_local_list_list_type, &answer);
	const struct api_local_list_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->lists.count; i++)
		row_list(c, t, &list->lists.items[i]);
	if (list != NULL)
		ctl_print(t, "No stations.");
	return status;
}

static int sync_list(struct ctl *c, const char *station)
{
	const char *path = arena_printf(c->arena, "stations/%s/local-list/sync", station);
	struct table *t = list_table(c);
	void *answer;
	int status =
		ctl_ask_struct(c, "POST", path, NULL, NULL, &api_local_list_view_type, &answer);

	if (answer == NULL)
		return status;
	row_list(c, t, answer);
	ctl_print(t, "");
	return status;
}

int ctl_local_list(struct ctl *c)
{
	const char *verb = c->argc > 0 ? c->argv[0] : "list";
	const char *station = c->argc > 1 ? ctl_escape(c, c->argv[1]) : NULL;
	struct api_local_list_put put = {
		.mode = strcmp(verb, "on") == 0 ? API_LIST_MODE_SYNC : API_LIST_MODE_OFF};

	if (strcmp(verb, "list") == 0)
		return show_lists(c);
	if (station == NULL)
		return ctl_complain(CTL_USAGE, "local-list takes on, off or sync with a STATION");
	if (strcmp(verb, "sync") == 0)
		return sync_list(c, station);
	if (strcmp(verb, "on") != 0 && strcmp(verb, "off") != 0)
		return ctl_complain(CTL_USAGE, "local-list takes list, on, off or sync");
	return ctl_done(c, "PUT", arena_printf(c->arena, "stations/%s/local-list", station),
		&api_local_list_put_type, &put, "Stored.");
}

int ctl_clear_cache(struct ctl *c)
{
	struct api_cache_clear_post post = {.why = ctl_option(c, "--why")};
	struct table *t = table_create(c->arena, "STATION|STATE|NOTE", c->colour);
	void *answer;
	int status;

	post.stations.items = c->argc > 0 ? c->argv : NULL;
	post.stations.count = (size_t)c->argc;
	status = ctl_ask_struct(c, "POST", "authorization-cache/clear", &api_cache_clear_post_type,
		&post, &api_cache_clear_reply_type, &answer);
	const struct api_cache_clear_reply *r = answer;
	for (size_t i = 0; r != NULL && i < r->results.count; i++) {
		table_row(t);
		table_cell(t, r->results.items[i].station);
		table_cell(t, r->results.items[i].state);
		table_cell(t, r->results.items[i].note);
	}
	if (r != NULL)
		ctl_print(t, "No station is connected.");
	return status;
}

/* -- reservations ---------------------------------------------------------------------------- */

static void row_reservation(struct ctl *c, struct table *t, const struct api_reservation_view *v)
{
	table_row(t);
	table_cell(t, arena_printf(c->arena, "%lld", (long long)v->id));
	table_cell(t, v->station);
	table_cell(t, v->has_evse ? arena_printf(c->arena, "%lld", (long long)v->evse)
				  : v->connector_type);
	table_cell(t, v->token);
	table_cell(t, cell_time(c->arena, true, v->expires));
	table_cell(t, v->state);
	table_cell(t, v->transaction != NULL ? v->transaction : v->note);
}

static struct table *reservation_table(struct ctl *c)
{
	return table_create(
		c->arena, "ID|STATION|EVSE|TOKEN|UNTIL|STATE|TRANSACTION / NOTE", c->colour);
}

static int show_reservation(
	struct ctl *c, const char *method, const char *path, const void *body, bool wants_active)
{
	struct table *t = reservation_table(c);
	void *answer;
	int status =
		ctl_ask_struct(c, method, path, body != NULL ? &api_reservation_post_type : NULL,
			body, &api_reservation_view_type, &answer);
	const struct api_reservation_view *v = answer;

	if (v == NULL)
		return status;
	row_reservation(c, t, v);
	ctl_print(t, "");
	return wants_active && strcmp(v->state, "active") != 0 ? CTL_FAILED : status;
}

int ctl_reserve(struct ctl *c)
{
	const char *until = ctl_option(c, "--until");
	const char *evse = ctl_option(c, "--evse");
	const char *type = ctl_option(c, "--type");
	struct api_reservation_post post = {
		.connector_type = ctl_option(c, "--connector"),
		.token_type = type != NULL ? type : "ISO14443",
		.group = ctl_option(c, "--group"),
		.why = ctl_option(c, "--why"),
		.has_evse = evse != NULL,
		.evse = evse != NULL ? atoll(evse) : 0,
	};

	if (until == NULL || !wall_parse(until, strlen(until), &post.expires))
		return ctl_complain(
			CTL_USAGE, "--until must be a time such as 2026-12-31T23:59:59Z");
	post.station = c->argv[0];
	post.token = c->argv[1];
	return show_reservation(c, "POST", "reservations", &post, true);
}

static int list_reservations(struct ctl *c)
{
	static const char *const names[] = {"station", "state", "limit", NULL};
	const char *path = ctl_query(c, "reservations", names);
	struct table *t = reservation_table(c);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", path, NULL, NULL, &api_reservation_list_type, &answer);
	const struct api_reservation_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->reservations.count; i++)
		row_reservation(c, t, &list->reservations.items[i]);
	if (list != NULL)
		ctl_print(t, "No reservations.");
	return status;
}

int ctl_reservations(struct ctl *c)
{
	if (c->argc == 3 && strcmp(c->argv[0], "cancel") == 0)
		return show_reservation(c, "DELETE",
			arena_printf(c->arena, "reservations/%s/%s", ctl_escape(c, c->argv[1]),
				ctl_escape(c, c->argv[2])),
			NULL, false);
	if (c->argc > 0 && strcmp(c->argv[0], "cancel") == 0)
		return ctl_complain(CTL_USAGE, "reservations cancel needs STATION and ID");
	return list_reservations(c);
}
