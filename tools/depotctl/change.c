/* Commands that change something, or ask a station to. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define STDIN_MAX 1048576

/* All of stdin, without a newline at its end. */
char *ctl_read_stdin(struct ctl *c)
{
	char *buf = arena_alloc(c->arena, STDIN_MAX + 1);
	size_t len = buf != NULL ? fread(buf, 1, STDIN_MAX, stdin) : 0;

	while (len > 0 && (buf[len - 1] == '\n' || buf[len - 1] == '\r'))
		buf[--len] = '\0';
	return buf;
}

int ctl_done(struct ctl *c, const char *method, const char *path, const struct schema_struct *type,
	const void *body, const char *words)
{
	void *answer;
	int status = ctl_ask_struct(c, method, path, type, body, &api_done_type, &answer);
	const struct api_done *d = answer;

	if (d != NULL)
		printf("%s\n", d->text != NULL ? d->text : words);
	return status;
}

/* A whole number of an option; false after a complaint. */
static bool number(const char *name, const char *text, int64_t min, int64_t max, int64_t *out)
{
	char *end;
	long long v = strtoll(text, &end, 10);

	if (end != text && *end == '\0' && v >= min && v <= max) {
		*out = v;
		return true;
	}
	ctl_complain(CTL_USAGE, "%s must be a whole number from %lld to %lld", name, (long long)min,
		(long long)max);
	return false;
}

/* -- calls ----------------------------------------------------------------------------------- */

static int show_reply(const struct api_call_reply *r)
{
	if (strcmp(r->outcome, "queued") == 0) {
		printf("Queued as %s.\n", r->call_id);
		return CTL_OK;
	}
	if (strcmp(r->outcome, "answered") == 0) {
		printf("%s\n", r->response != NULL ? r->response : "{}");
		return CTL_OK;
	}
	if (strcmp(r->outcome, "timeout") == 0)
		return ctl_complain(CTL_FAILED, "no answer in %.1f s; the station may have done it",
			(double)r->took_ms / 1000.0);
	return ctl_complain(CTL_FAILED, "%s: %s%s%s", r->outcome,
		r->error_code != NULL ? r->error_code : "no answer",
		r->error_text != NULL ? ": " : "", r->error_text != NULL ? r->error_text : "");
}

/* Looked at alone: of the whole request, depotd would count bytes that nobody wrote. */
bool ctl_payload_ok(struct ctl *c, const char *payload)
{
	struct schema_error err;

	if (payload == NULL) {
		ctl_complain(CTL_FAILED, "out of memory");
		return false;
	}
	if (schema_decode(&api_payload_type, payload, strlen(payload), c->arena, &err) != NULL)
		return true;
	bool is_json = strncmp(err.message, "must be", 7) == 0;
	ctl_complain(CTL_USAGE, "the payload %s%s", is_json ? "" : "is not JSON: ", err.message);
	return false;
}

int ctl_call(struct ctl *c)
{
	struct api_call_post post = {0};
	const char *timeout = ctl_option(c, "--timeout");
	bool is_async = ctl_flag(c, "--async");
	struct schema_error err;
	char *body = NULL;

	post.why = ctl_option(c, "--why");
	post.has_force = post.force = ctl_flag(c, "--force");
	if (timeout != NULL) {
		if (!number("--timeout", timeout, 1, 3600, &post.timeout_s))
			return CTL_USAGE;
		post.has_timeout_s = true;
	}
	post.action = c->argv[1];
	post.payload = c->argc < 3 ? "{}" : c->argv[2];
	if (strcmp(post.payload, "-") == 0)
		post.payload = ctl_read_stdin(c);
	if (!ctl_payload_ok(c, post.payload))
		return CTL_USAGE;
	const char *path = arena_printf(c->arena, "stations/%s/calls%s", ctl_escape(c, c->argv[0]),
		is_async ? "?async=1" : "");
	struct text json;
	text_init(&json, 0);
	schema_encode(&api_call_post_type, &post, &json);
	int status = text_ok(&json) ? ctl_ask(c, "POST", path, json.data, &body)
				    : ctl_complain(CTL_FAILED, "out of memory");
	text_finish(&json);
	if (status != CTL_OK || body == NULL)
		return status;
	const struct api_call_reply *r =
		schema_decode(&api_call_reply_type, body, strlen(body), c->arena, &err);
	if (r == NULL)
		return ctl_complain(CTL_FAILED, "the answer is not understood: %s", err.message);
	if (!c->json)
		return show_reply(r);
	printf("%s\n", body);
	return strcmp(r->outcome, "answered") == 0 || is_async ? CTL_OK : CTL_FAILED;
}

/* -- stations -------------------------------------------------------------------------------- */

/* A last field of letters: "STR". False: it is none, `out` is as it was. */
static bool rotation_parse(const char *text, size_t *len, struct api_evse_put *out)
{
	const char *last = strrchr(text, ':');
	int rotation = last != NULL ? schema_enum_find(&api_rotation_enum, last + 1) : -1;

	*len = rotation < 0 ? strlen(text) : (size_t)(last - text);
	if (rotation < 0)
		return false;
	out->has_rotation = true;
	out->rotation = (enum api_rotation)rotation;
	return true;
}

/* "1:ac:22000:4140:3:2000:1:RST": id, kind, max W, min W, phases, tail W, connectors, rotation. */
static bool evse_parse(const char *given, struct api_evse_put *out)
{
	struct api_evse_put wired = {0};
	char kind[3] = "", text[200];
	size_t len;
	long long id = 0, max_w = 0, min_w = 1380, phases = 3, tail_w = 0, connectors = 1;
	int end = 0;

	rotation_parse(given, &len, &wired);
	snprintf(text, sizeof(text), "%.*s", (int)len, given);
	int n = sscanf(text, "%lld:%2[acd]:%lld%n:%lld%n:%lld%n:%lld%n:%lld%n", &id, kind, &max_w,
		&end, &min_w, &end, &phases, &end, &tail_w, &end, &connectors, &end);
	int current = schema_enum_find(&api_current_enum, kind);

	if (n < 3 || text[end] != '\0' || current < 0) {
		ctl_complain(CTL_USAGE,
			"--evse %s: must read "
			"ID:ac|dc:MAX_W[:MIN_W[:PHASES[:TAIL_W[:CONNECTORS]]]][:RST|RTS|SRT|STR|TRS|TSR|R|S|T]",
			given);
		return false;
	}
	*out = (struct api_evse_put){
		.id = id,
		.has_kind = true,
		.kind = (enum api_current)current,
		.max_w = max_w,
		.has_min_w = true,
		.min_w = min_w,
		.has_phases = true,
		.phases = phases,
		.has_tail_w = true,
		.tail_w = tail_w,
		.has_connectors = true,
		.connectors = connectors,
		.has_rotation = wired.has_rotation,
		.rotation = wired.rotation,
	};
	return true;
}

static bool evses_parse(struct ctl *c, struct api_evse_put_list *out)
{
	struct api_evse_put *items = arena_alloc(c->arena, sizeof(*items) * CTL_ARGS);
	const char *text;

	while (items != NULL && (text = ctl_option(c, "--evse")) != NULL) {
		if (!evse_parse(text, &items[out->count]))
			return false;
		out->count++;
	}
	out->items = out->count > 0 ? items : NULL;
	return items != NULL;
}

/* 32 characters, 160 bits. */
static char *password_make(struct ctl *c)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char random[32];
	char *out = arena_alloc(c->arena, sizeof(random) + 1);

	if (out == NULL || getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return NULL;
	for (size_t i = 0; i < sizeof(random); i++)
		out[i] = letters[random[i] % 32];
	return out;
}

static bool station_options(struct ctl *c, struct api_station_put *put)
{
	const char *profile = ctl_option(c, "--profile");
	const char *policy = ctl_option(c, "--policy");
	const char *control = ctl_option(c, "--control");

	put->node = ctl_option(c, "--node");
	put->name = ctl_option(c, "--name");
	put->password = ctl_option(c, "--password");
	put->serial = ctl_option(c, "--serial");
	put->why = ctl_option(c, "--why");
	if (profile != NULL) {
		put->has_security_profile = true;
		if (!number("--profile", profile, 0, 3, &put->security_profile))
			return false;
	}
	if (policy != NULL) {
		int value = schema_enum_find(&api_policy_enum, policy);
		put->has_policy = true;
		put->policy = (enum api_policy)value;
		if (value < 0) {
			ctl_complain(CTL_USAGE, "--policy must be accepted, pending or rejected");
			return false;
		}
	}
	if (control != NULL) {
		int value = schema_enum_find(&api_control_enum, control);
		put->has_control = true;
		put->control = (enum api_control)value;
		if (value < 0) {
			ctl_complain(CTL_USAGE, "--control must be automatic or manual");
			return false;
		}
	}
	return evses_parse(c, &put->evses);
}

int ctl_set_station(struct ctl *c)
{
	struct api_station_put put = {0};
	bool is_generated = ctl_flag(c, "--generate");

	if (!station_options(c, &put))
		return CTL_USAGE;
	if (is_generated && put.password != NULL)
		return ctl_complain(CTL_USAGE, "give --password or --generate, not both");
	if (put.password != NULL && strcmp(put.password, "-") == 0)
		put.password = ctl_read_stdin(c);
	if (is_generated && (put.password = password_make(c)) == NULL)
		return ctl_complain(CTL_FAILED, "the system gives no random numbers");
	const char *path = arena_printf(c->arena, "stations/%s", ctl_escape(c, c->argv[0]));
	int status = ctl_done(c, "PUT", path, &api_station_put_type, &put, "Stored.");
	if (status == CTL_OK && is_generated)
		fprintf(c->json ? stderr : stdout, "Password, shown this once: %s\n", put.password);
	return status;
}

/* Gives a station a new password and notes it as "identity:password". */
static int password_give(struct ctl *c, const char *id, FILE *out)
{
	struct api_station_put put = {.password = password_make(c)};
	const char *path = arena_printf(c->arena, "stations/%s", ctl_escape(c, id));
	void *answer;
	bool json = c->json;
	int status;

	if (put.password == NULL)
		return ctl_complain(CTL_FAILED, "the system gives no random numbers");
	/* Noted first: a password that was set and lost would lock the station out. */
	if (fprintf(out, "%s:%s\n", id, put.password) < 0 || fflush(out) != 0)
		return ctl_complain(CTL_FAILED, "cannot write the file: %s", strerror(errno));
	c->json = false;
	status = ctl_ask_struct(
		c, "PUT", path, &api_station_put_type, &put, &api_done_type, &answer);
	c->json = json;
	return status;
}

static int passwords_make(struct ctl *c, bool all, FILE *out, int *made)
{
	bool json = c->json;
	void *answer;

	c->json = false;
	int status =
		ctl_ask_struct(c, "GET", "stations", NULL, NULL, &api_station_list_type, &answer);
	c->json = json;
	const struct api_station_list *list = answer;
	for (size_t i = 0; list != NULL && status == CTL_OK && i < list->stations.count; i++) {
		const struct api_station_view *s = &list->stations.items[i];
		if (s->has_password && !all)
			continue;
		status = password_give(c, s->id, out);
		*made += status == CTL_OK;
	}
	return status;
}

int ctl_passwords(struct ctl *c)
{
	const char *path = ctl_option(c, "--out");
	bool all = ctl_flag(c, "--all"), is_meant = ctl_flag(c, "--generate");
	int made = 0;

	if (path == NULL || !is_meant)
		return ctl_complain(CTL_USAGE, "passwords needs --generate and --out FILE");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *out = fd >= 0 && fchmod(fd, 0600) == 0 ? fdopen(fd, "w") : NULL;
	if (out == NULL) {
		if (fd >= 0)
			close(fd);
		return ctl_complain(CTL_FAILED, "cannot write %s: %s", path, strerror(errno));
	}
	int status = passwords_make(c, all, out, &made);
	if (fclose(out) != 0 && status == CTL_OK)
		status = ctl_complain(CTL_FAILED, "cannot write %s: %s", path, strerror(errno));
	if (status == CTL_OK)
		printf("%d passwords made; they stand in %s.\n", made, path);
	return status;
}

int ctl_remove_station(struct ctl *c)
{
	static const char *const names[] = {"why", NULL};
	const char *path = arena_printf(c->arena, "stations/%s", ctl_escape(c, c->argv[0]));

	return ctl_done(c, "DELETE", ctl_query(c, path, names), NULL, NULL,
		"Removed; certificates that it was given are revoked.");
}

/* -- access ---------------------------------------------------------------------------------- */

int ctl_link(struct ctl *c)
{
	const char *role = ctl_option(c, "--role");
	struct api_link_post post = {
		.name = ctl_option(c, "--name"), .role = role != NULL ? role : "admin"};
	void *answer;
	int status = ctl_ask_struct(
		c, "POST", "links", &api_link_post_type, &post, &api_link_reply_type, &answer);
	const struct api_link_reply *r = answer;

	if (r != NULL)
		printf("%s\n", r->url);
	return status;
}

static int api_token_list(struct ctl *c)
{
	struct table *t =
		table_create(c->arena, "ID|NAME|ROLE|WHERE|LAST USED|FROM|EXPIRES", c->colour);
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", "api-tokens", NULL, NULL, &api_api_token_list_type, &answer);
	const struct api_api_token_list *list = answer;
	struct text out;

	if (list == NULL)
		return status;
	for (size_t i = 0; i < list->tokens.count; i++) {
		const struct api_api_token_view *v = &list->tokens.items[i];
		table_row(t);
		table_cell(t, v->id);
		table_cell(t, v->name);
		table_cell(t, v->role);
		table_cell(t, ctl_joined(c, &v->nodes, "everywhere"));
		table_cell(t, cell_time(c->arena, v->has_used_at, v->used_at));
		table_cell(t, v->used_from != NULL ? v->used_from : "");
		table_cell(t, cell_time(c->arena, v->has_expires, v->expires));
	}
	text_init(&out, 0);
	table_print(t, &out);
	fputs(table_rows(t) > 0 ? out.data : "No API tokens.\n", stdout);
	text_finish(&out);
	return status;
}

static int api_token_add(struct ctl *c, const char *role, const char *days)
{
	const char *nodes = ctl_option(c, "--nodes");
	struct api_api_token_post post = {
		.name = c->argv[1], .role = role != NULL ? role : "operator", .days = 365};
	void *answer;

	if (nodes != NULL)
		post.nodes = ctl_split(c, nodes);
	post.has_days = true;
	if (days != NULL && !number("--days", days, 1, 3650, &post.days))
		return CTL_USAGE;
	int status = ctl_ask_struct(c, "POST", "api-tokens", &api_api_token_post_type, &post,
		&api_api_token_reply_type, &answer);
	const struct api_api_token_reply *r = answer;
	if (r != NULL)
		printf("%s\n", r->token);
	return status;
}

int ctl_api_token(struct ctl *c)
{
	const char *role = ctl_option(c, "--role");
	const char *days = ctl_option(c, "--days");

	if (strcmp(c->argv[0], "list") == 0)
		return api_token_list(c);
	if (c->argc < 2)
		return ctl_complain(CTL_USAGE, "api-token takes add NAME, list or revoke ID");
	if (strcmp(c->argv[0], "add") == 0)
		return api_token_add(c, role, days);
	if (strcmp(c->argv[0], "revoke") == 0)
		return ctl_done(c, "DELETE",
			arena_printf(c->arena, "api-tokens/%s", ctl_escape(c, c->argv[1])), NULL,
			NULL, "Revoked.");
	return ctl_complain(CTL_USAGE, "api-token takes add NAME, list or revoke ID");
}

/* -- service --------------------------------------------------------------------------------- */

int ctl_metrics(struct ctl *c)
{
	char *body;
	int status = ctl_ask(c, "GET", "/metrics", NULL, &body);

	if (status == CTL_OK)
		fputs(body, stdout);
	return status;
}

int ctl_backup(struct ctl *c)
{
	const char *file = ctl_option(c, "--passphrase-file");
	struct api_backup_post post = {.dir = c->argv[0]};

	if (file != NULL && (post.passphrase = ctl_passphrase(c, file)) == NULL)
		return CTL_FAILED;
	if (post.dir[0] != '/') {
		char *here = realpath(".", NULL);
		post.dir = arena_printf(c->arena, "%s/%s", here != NULL ? here : "", c->argv[0]);
		free(here);
	}
	return ctl_done(c, "POST", "backup", &api_backup_post_type, &post, "Copied.");
}

int ctl_routes(struct ctl *c)
{
	struct table *t = table_create(c->arena, "METHOD|PATH|NEEDS|WHAT", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", "/api/v1", NULL, NULL, &api_route_list_type, &answer);
	const struct api_route_list *list = answer;
	struct text out;

	if (list == NULL)
		return status;
	for (size_t i = 0; i < list->routes.count; i++) {
		const struct api_route *r = &list->routes.items[i];
		table_row(t);
		table_cell(t, r->method);
		table_cell(t, r->path);
		table_cell(t, r->permission);
		table_cell(t, r->help);
	}
	text_init(&out, 0);
	table_print(t, &out);
	fputs(out.data != NULL ? out.data : "", stdout);
	text_finish(&out);
	return status;
}
