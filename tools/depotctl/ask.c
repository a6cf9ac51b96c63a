/* Requests of the commands, and what is said when they fail. */
#include <stdlib.h>
#include <string.h>

#include "tools/depotctl/client.h"
#include "schemas/yaml.h"
#include "tools/depotctl/ctl.h"
#include "tools/depotctl/table.h"

#define FILE_MAX (8u << 20)

int ctl_refused(struct ctl *c, int status, const struct text *body)
{
	struct schema_error err;
	const struct api_problem *p =
		schema_decode(&api_problem_type, body->data, body->len, c->arena, &err);

	if (c->json) {
		printf("%s\n", body->data);
		return CTL_FAILED;
	}
	if (p == NULL)
		return ctl_complain(CTL_FAILED, "depotd answered %d", status);
	if (p->detail == NULL)
		return ctl_complain(CTL_FAILED, "%s (%d)", p->title, status);
	if (c->file != NULL && c->line > 0)
		return ctl_complain(CTL_FAILED, "%s:%d: %s", c->file, c->line, p->detail);
	if (c->file != NULL && p->path != NULL) {
		size_t n = strlen(p->path);
		bool repeats = strncmp(p->detail, p->path, n) == 0 && p->detail[n] == ':';
		char where[400];

		schema_yaml_complain(
			c->file, FILE_MAX, p->path, repeats ? p->detail + n + 2 : p->detail, where);
		return ctl_complain(CTL_FAILED, "%s: %s", p->title, where);
	}
	return ctl_complain(CTL_FAILED, "%s: %s", p->title, p->detail);
}

int ctl_ask(struct ctl *c, const char *method, const char *path, const char *json, char **body)
{
	struct text answer;
	char why[400];
	int status = client_ask(c->client, method, path, json, &answer, why);
	int result = CTL_OK;

	*body = NULL;
	cell_clock(client_zone(c->client), client_now(c->client));
	if (status < 0)
		result = ctl_complain(CTL_UNREACHABLE, "%s", why);
	else if (status >= 300)
		result = ctl_refused(c, status, &answer);
	else if ((*body = arena_strndup(c->arena, answer.data, answer.len)) == NULL)
		result = ctl_complain(CTL_FAILED, "out of memory");
	text_finish(&answer);
	return result;
}

int ctl_ask_struct(struct ctl *c, const char *method, const char *path,
	const struct schema_struct *in_type, const void *in, const struct schema_struct *out_type,
	void **out)
{
	struct schema_error err;
	struct text json;
	char *body = NULL;
	int status;

	*out = NULL;
	text_init(&json, 0);
	if (in != NULL && (schema_encode(in_type, in, &json) != 0 || !text_ok(&json))) {
		text_finish(&json);
		return ctl_complain(CTL_FAILED, "out of memory");
	}
	status = ctl_ask(c, method, path, in != NULL ? json.data : NULL, &body);
	text_finish(&json);
	if (status != CTL_OK || body == NULL)
		return status;
	*out = schema_decode(out_type, body, strlen(body), c->arena, &err);
	if (*out == NULL)
		return ctl_complain(CTL_FAILED,
			"the answer is not understood (%s %s): depotctl and depotd are of different "
			"versions",
			err.path, err.message);
	if (c->json) {
		printf("%s\n", body);
		*out = NULL;
	}
	return CTL_OK;
}

const char *ctl_escape(struct ctl *c, const char *s)
{
	struct text t;
	const char *out;

	text_init(&t, 0);
	client_escape(s, &t);
	out = arena_strdup(c->arena, t.data != NULL ? t.data : "");
	text_finish(&t);
	return out != NULL ? out : "";
}
