/* Users, and the audit: what people asked, and what they were refused. */
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static const char *user_path(struct ctl *c, const char *name, const char *more)
{
	return arena_printf(c->arena, "users/%s%s", ctl_escape(c, name), more);
}

const char *ctl_joined(struct ctl *c, const struct schema_strings *list, const char *none)
{
	const char *all = none;

	for (size_t i = 0; i < list->count; i++)
		all = i == 0 ? list->items[0]
			     : arena_printf(c->arena, "%s,%s", all, list->items[i]);
	return all;
}

static int user_all(struct ctl *c, void **answer)
{
	return ctl_ask_struct(c, "GET", "users", NULL, NULL, &api_user_list_type, answer);
}

static int user_list(struct ctl *c)
{
	struct table *t = table_create(
		c->arena, "NAME|ROLE|WHERE|STATE|2ND FACTOR|SESSIONS|SIGNED IN", c->colour);
	void *answer;
	int status = user_all(c, &answer);
	const struct api_user_list *list = answer;

	if (status != CTL_OK || list == NULL)
		return status;
	for (size_t i = 0; i < list->users.count; i++) {
		const struct api_user_view *u = &list->users.items[i];
		table_row(t);
		table_cell(t, u->name);
		table_cell(t, u->role);
		table_cell(t, ctl_joined(c, &u->nodes, "everywhere"));
		table_cell(t, u->disabled ? "disabled" : u->password ? "" : "no password");
		table_cell(t, u->factor ? "yes" : "");
		table_cell(t, arena_printf(c->arena, "%d", (int)u->sessions));
		table_cell(t, cell_time(c->arena, u->has_signed_in, u->signed_in));
	}
	printf("%s\n%s\n\n", list->sentence, list->sub);
	ctl_print(t, "No users yet: depotctl user add NAME --role ROLE");
	return CTL_OK;
}

struct schema_strings ctl_split(struct ctl *c, const char *text)
{
	struct schema_strings list = {0, arena_alloc(c->arena, sizeof(*list.items) * CTL_ARGS)};

	for (const char *at = text; *at != '\0' && list.count < CTL_ARGS; at += strspn(at, ",")) {
		size_t len = strcspn(at, ",");
		list.items[list.count++] = arena_strndup(c->arena, at, len);
		at += len;
	}
	return list;
}

static int user_put(struct ctl *c, const struct api_user_put *put, const char *said)
{
	return ctl_done(c, "PUT", user_path(c, c->argv[1], ""), &api_user_put_type, put, said);
}

static int user_reset(struct ctl *c)
{
	void *answer;
	int status = ctl_ask_struct(c, "POST", user_path(c, c->argv[1], "/reset"), NULL, NULL,
		&api_link_reply_type, &answer);
	const struct api_link_reply *r = answer;

	if (r != NULL)
		printf("%s\n", r->url);
	return status;
}

/* What the user is now, with what the options change of it. */
static int user_change(struct ctl *c, const char *role, int disabled)
{
	const char *nodes = ctl_option(c, "--nodes"), *why = ctl_option(c, "--why");
	struct api_user_put put = {.why = why};
	bool json = c->json;
	void *answer;
	int status;

	c->json = false; /* the list is for us */
	status = user_all(c, &answer);
	c->json = json;
	const struct api_user_list *list = answer;
	if (status != CTL_OK || list == NULL)
		return status;
	for (size_t i = 0; i < list->users.count; i++) {
		const struct api_user_view *u = &list->users.items[i];
		if (strcmp(u->name, c->argv[1]) != 0)
			continue;
		put.role = role != NULL ? role : u->role;
		put.nodes = nodes != NULL ? ctl_split(c, nodes) : u->nodes;
		put.has_disabled = true;
		put.disabled = disabled < 0 ? u->disabled : disabled != 0;
		return user_put(c, &put, "Changed; all sessions of the user have ended.");
	}
	return ctl_complain(CTL_FAILED, "there is no user %s; depotctl user list", c->argv[1]);
}

static int user_add(struct ctl *c)
{
	const char *role = ctl_option(c, "--role"), *nodes = ctl_option(c, "--nodes");
	struct api_user_put put = {.role = role != NULL ? role : "viewer",
		.nodes = nodes != NULL ? ctl_split(c, nodes) : (struct schema_strings){0},
		.why = ctl_option(c, "--why")};
	char *body;
	struct text text;
	int status;

	text_init(&text, 0);
	if (schema_encode(&api_user_put_type, &put, &text) != 0)
		return ctl_complain(CTL_USAGE, "the user cannot be described");
	status = ctl_ask(c, "PUT", user_path(c, c->argv[1], ""), text.data, &body);
	text_finish(&text);
	return status == CTL_OK ? user_reset(c) : status;
}

static int user_sessions(struct ctl *c)
{
	struct table *t = table_create(c->arena, "ID|SINCE|LAST SEEN|FROM|BY|BROWSER", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", user_path(c, c->argv[1], "/sessions"), NULL, NULL,
		&api_open_session_list_type, &answer);
	const struct api_open_session_list *list = answer;

	if (status != CTL_OK || list == NULL)
		return status;
	for (size_t i = 0; i < list->sessions.count; i++) {
		const struct api_open_session *s = &list->sessions.items[i];
		table_row(t);
		table_cell(t, s->id);
		table_cell(t, cell_time(c->arena, true, s->since));
		table_cell(t, cell_time(c->arena, true, s->seen));
		table_cell(t, s->peer);
		table_cell(t, s->method);
		table_cell(t, s->browser);
	}
	ctl_print(t, "No session of that user is open.");
	return CTL_OK;
}

static int user_sign_out(struct ctl *c)
{
	if (c->argc < 3)
		return ctl_done(c, "POST", user_path(c, c->argv[1], "/sign-out"), NULL, NULL,
			"All sessions of the user have ended.");
	return ctl_done(c, "DELETE",
		user_path(c, c->argv[1],
			arena_printf(c->arena, "/sessions/%s", ctl_escape(c, c->argv[2]))),
		NULL, NULL, "The session has ended.");
}

int ctl_user(struct ctl *c)
{
	const char *what = c->argv[0];

	if (strcmp(what, "list") == 0)
		return user_list(c);
	if (c->argc < 2)
		return ctl_complain(CTL_USAGE, "user %s takes a NAME", what);
	if (strcmp(what, "add") == 0)
		return user_add(c);
	if (strcmp(what, "role") == 0 && c->argc == 3)
		return user_change(c, c->argv[2], -1);
	if (strcmp(what, "disable") == 0 || strcmp(what, "enable") == 0)
		return user_change(c, NULL, what[0] == 'd');
	if (strcmp(what, "reset") == 0)
		return user_reset(c);
	if (strcmp(what, "reset-factor") == 0)
		return ctl_done(c, "POST", user_path(c, c->argv[1], "/second-factor/remove"), NULL,
			NULL, "The second factor is gone; all sessions of the user have ended.");
	if (strcmp(what, "sessions") == 0)
		return user_sessions(c);
	if (strcmp(what, "sign-out") == 0)
		return user_sign_out(c);
	return ctl_complain(CTL_USAGE,
		"user takes list, add NAME, role NAME ROLE, disable NAME, enable NAME, reset NAME, "
		"reset-factor NAME, sessions NAME or sign-out NAME [SESSION]");
}

/* -- four eyes ------------------------------------------------------------------------------- */

static int approval_list(struct ctl *c)
{
	struct table *t = table_create(c->arena, "ID|ASKED|BY|FROM|NEEDS|WHAT|UNTIL", c->colour);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", "approvals", NULL, NULL, &api_approval_list_type, &answer);
	const struct api_approval_list *list = answer;

	if (list == NULL)
		return status;
	for (size_t i = 0; i < list->approvals.count; i++) {
		const struct api_approval_view *v = &list->approvals.items[i];
		table_row(t);
		table_cell(t, v->id);
		table_cell(t, cell_time(c->arena, true, v->at));
		table_cell(t, v->asked_by);
		table_cell(t, v->peer);
		table_cell(t, v->needs);
		table_cellf(
			t, "%s %s %s", v->method, v->path, v->body != NULL ? v->body : "(long)");
		table_cell(t, cell_time(c->arena, true, v->expires));
	}
	ctl_print(t, "Nothing waits for a second person.");
	return CTL_OK;
}

int ctl_approval(struct ctl *c)
{
	struct api_approval_refuse refuse = {.why = ctl_option(c, "--why")};
	const char *verb = c->argc > 0 ? c->argv[0] : "list";
	char *body;

	if (strcmp(verb, "list") == 0 && c->argc < 2)
		return approval_list(c);
	if (c->argc == 2 && strcmp(verb, "refuse") == 0)
		return ctl_done(c, "POST",
			arena_printf(c->arena, "approvals/%s/refuse", ctl_escape(c, c->argv[1])),
			&api_approval_refuse_type, &refuse, "It will not be done.");
	if (c->argc != 2 || strcmp(verb, "approve") != 0)
		return ctl_complain(
			CTL_USAGE, "approval: list, approve ID or refuse ID [--why TEXT]");
	int status = ctl_ask(c, "POST",
		arena_printf(c->arena, "approvals/%s/approve", ctl_escape(c, c->argv[1])), NULL,
		&body);
	if (status == CTL_OK)
		printf("%s\n", c->json && body != NULL ? body : "It was done.");
	return status;
}
