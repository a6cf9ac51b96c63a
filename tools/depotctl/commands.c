/* Commands to stations, followed to their true end. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define LOOK_EVERY_US 500000

static bool is_over(const struct api_command_view *v)
{
	return v->state != API_COMMAND_STATE_WAITING && v->state != API_COMMAND_STATE_RUNNING;
}

static const char *state_name(const struct api_command_view *v)
{
	return api_command_state_enum.values[v->state];
}

static enum colour colour_of(enum api_command_state state)
{
	switch (state) {
	case API_COMMAND_STATE_DONE:
		return COLOUR_GREEN;
	case API_COMMAND_STATE_WAITING:
	case API_COMMAND_STATE_RUNNING:
		return COLOUR_YELLOW;
	default:
		return COLOUR_RED;
	}
}

/* One line of progress, when it differs from the one before. */
static void tell(const struct api_command_view *v, char last[200])
{
	char line[200];

	snprintf(line, sizeof line, "%s%s%s%s%s", state_name(v), v->status ? ", " : "",
		v->status ? v->status : "", v->note ? ": " : "", v->note ? v->note : "");
	if (strcmp(line, last) == 0)
		return;
	fprintf(stderr, "%s\n", line);
	memcpy(last, line, sizeof line);
}

static int look(struct ctl *c, const char *id, char **body, const struct api_command_view **v)
{
	struct schema_error err;
	int status = ctl_ask(
		c, "GET", arena_printf(c->arena, "commands/%s", ctl_escape(c, id)), NULL, body);

	if (status != CTL_OK)
		return status;
	*v = schema_decode(&api_command_view_type, *body, strlen(*body), c->arena, &err);
	return *v ? CTL_OK
		  : ctl_complain(CTL_FAILED, "the answer is not understood: %s", err.message);
}

static int show_end(struct ctl *c, const struct api_command_view *v, const char *body)
{
	char last[200] = "";

	if (c->json) {
		printf("%s\n", body);
	} else {
		tell(v, last);
		if (v->response)
			printf("%s\n", v->response);
		if (!is_over(v))
			fprintf(stderr, "depotctl commands %s   shows how it goes on\n", v->id);
	}
	return !is_over(v) || v->state == API_COMMAND_STATE_DONE ? CTL_OK : CTL_FAILED;
}

static bool read_options(struct ctl *c, struct api_command_post *post, bool *to_end)
{
	const char *timeout = ctl_option(c, "--timeout");
	const char *wait = ctl_option(c, "--wait");
	int found = wait ? schema_enum_find(&api_command_wait_enum, wait) : -1;
	char *end = NULL;

	post->why = ctl_option(c, "--why");
	post->has_force = post->force = ctl_flag(c, "--force");
	post->has_timeout_s = timeout != NULL;
	post->timeout_s = timeout ? strtoll(timeout, &end, 10) : 0;
	if (timeout && (*end != '\0' || post->timeout_s < 1 || post->timeout_s > 3600)) {
		ctl_complain(CTL_USAGE, "--timeout is 1 to 3600 seconds");
		return false;
	}
	if (wait && found < 0) {
		ctl_complain(CTL_USAGE, "--wait is none, answer or end");
		return false;
	}
	*to_end = found == API_COMMAND_WAIT_END;
	post->has_wait = true;
	post->wait =
		found == API_COMMAND_WAIT_NONE ? API_COMMAND_WAIT_NONE : API_COMMAND_WAIT_ANSWER;
	return true;
}

int ctl_follow(struct ctl *c, char *body, bool to_end, const struct api_command_view **end)
{
	const struct api_command_view *v;
	struct schema_error err;
	char last[200] = "";

	v = schema_decode(&api_command_view_type, body, strlen(body), c->arena, &err);
	if (v == NULL)
		return ctl_complain(CTL_FAILED, "the answer is not understood: %s", err.message);
	while (to_end && !is_over(v)) {
		tell(v, last);
		usleep(LOOK_EVERY_US);
		int status = look(c, v->id, &body, &v);
		if (status != CTL_OK)
			return status;
	}
	if (end != NULL)
		*end = v;
	return show_end(c, v, body);
}

/* What it would do, by the answer to …/try; nothing was sent. */
static int show_try(struct ctl *c, const char *body)
{
	struct schema_error err;
	const struct api_command_try *r =
		schema_decode(&api_command_try_type, body, strlen(body), c->arena, &err);

	if (r == NULL)
		return ctl_complain(CTL_FAILED, "the answer is not understood: %s", err.message);
	if (c->json)
		printf("%s\n", body);
	else
		printf("%s\ndepotd waits for %s.\n", r->sentence,
			r->waits_for ? r->waits_for : "the answer");
	return CTL_OK;
}

int ctl_command(struct ctl *c)
{
	struct api_command_post post = {0};
	struct text json;
	char *body = NULL;
	bool to_end, is_try = ctl_flag(c, "--try");
	int status;

	if (!read_options(c, &post, &to_end))
		return CTL_USAGE;
	post.action = c->argv[1];
	post.payload = c->argc < 3 ? "{}" : c->argv[2];
	if (strcmp(post.payload, "-") == 0)
		post.payload = ctl_read_stdin(c);
	if (!ctl_payload_ok(c, post.payload))
		return CTL_USAGE;
	text_init(&json, 0);
	schema_encode(&api_command_post_type, &post, &json);
	status = ctl_ask(c, "POST",
		arena_printf(c->arena, "stations/%s/commands%s", ctl_escape(c, c->argv[0]),
			is_try ? "/try" : ""),
		json.data, &body);
	text_finish(&json);
	if (status != CTL_OK)
		return status;
	return is_try ? show_try(c, body) : ctl_follow(c, body, to_end, NULL);
}

static void row(struct ctl *c, struct table *t, const struct api_command_view *v)
{
	table_row(t);
	table_cell(t, v->id);
	table_cell(t, cell_time(c->arena, true, v->started_at));
	table_cell(t, v->station);
	table_cell(t, v->action);
	table_cell(t, v->actor);
	table_cell_colour(t, colour_of(v->state), state_name(v));
	table_cell(t, v->status);
	table_cell(t, v->note ? v->note : v->why);
}

static int list(struct ctl *c, const char *station)
{
	static const char *const names[] = {"state", "action", "limit", NULL};
	const char *path = ctl_query(c, "commands", names);
	struct table *t = table_create(
		c->arena, "ID|TIME|STATION|ACTION|BY|STATE|STATUS|NOTE / WHY", c->colour);
	void *answer;
	int status;

	if (station)
		path = arena_printf(c->arena, "%s%cstation=%s", path,
			strchr(path, '?') != NULL ? '&' : '?', ctl_escape(c, station));
	status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_command_list_type, &answer);
	const struct api_command_list *l = answer;
	for (size_t i = 0; l != NULL && i < l->commands.count; i++)
		row(c, t, &l->commands.items[i]);
	if (l != NULL)
		ctl_print(t, "No commands.");
	return status;
}

/* An id has 26 characters of the ULID alphabet; no sane station is called so. */
static bool is_command_id(const char *s)
{
	return strlen(s) == 26 && strspn(s, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 26;
}

int ctl_commands_list(struct ctl *c)
{
	const struct api_command_view *v;
	char *body;
	int status;

	if (c->argc == 0 || !is_command_id(c->argv[0]))
		return list(c, c->argc > 0 ? c->argv[0] : NULL);
	status = look(c, c->argv[0], &body, &v);
	if (status != CTL_OK)
		return status;
	show_end(c, v, body);
	return CTL_OK;
}

int ctl_forget(struct ctl *c)
{
	void *answer;

	return ctl_ask_struct(c, "DELETE",
		arena_printf(c->arena, "commands/%s", ctl_escape(c, c->argv[0])), NULL, NULL,
		&api_done_type, &answer);
}
