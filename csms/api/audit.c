/* Audit: one line of the journal for each change that was asked for, and for each refusal. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/record.h"

/* Refusals of one address in a minute: the journal keeps all that it is given for ever. */
#define STRANGER_MAX 30
#define KNOWN_MAX    600

static bool is_change(const struct ask *k)
{
	return strcmp(k->match.row->method, "GET") != 0;
}

static bool is_refusal(int status)
{
	return status == 401 || status == 403 || status == 429;
}

/* Text of strangers, as ASCII: what is cut must not end within a letter. */
static const char *plain(struct arena *a, const char *s, size_t max)
{
	char *out = arena_strndup(a, s, strnlen(s, max));

	for (char *at = out; at != NULL && *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return out;
}

/* Changes that were made are told always, refusals only so often. */
void audit_request(struct ask *k, int status)
{
	const char *why = k->refused;
	struct core *c = k->api->core;
	struct arena *a;
	struct event_request_made *e;

	if (k->match.row == NULL || k->is_told || (!is_change(k) && !is_refusal(status)))
		return;
	bool is_known = k->who.role != ROLE_NOBODY;
	int64_t missed = 0;

	if ((is_refusal(status) || !is_known) &&
		!auth_may_tell(k->api->auth, k->peer, is_known ? KNOWN_MAX : STRANGER_MAX, &missed))
		return;
	a = record_arena(c);
	e = a != NULL ? arena_alloc(a, sizeof(*e)) : NULL;
	if (e == NULL)
		return;
	*e = (struct event_request_made){
		.method = k->match.row->method,
		.path = plain(a, k->path, 200),
		.peer = plain(a, k->peer, 60),
		.status = status,
		.approved_by = k->approver != NULL ? plain(a, k->approver, 80) : NULL,
		.why = why != NULL ? plain(a, why, 300) : NULL,
		.has_not_told = missed > 0,
		.not_told = missed,
	};
	const char *outer = c->request;
	c->request = k->id;
	if (e->path != NULL && e->peer != NULL)
		record_now(c, EVENT_REQUEST_MADE, "access", "requests", e,
			k->who.actor[0] != '\0' ? k->who.actor : "nobody", NULL);
	c->request = outer;
}

void audit_sign_in(struct ask *k, const char *method, const char *name, const char *why)
{
	struct arena *a = record_arena(k->api->core);
	int64_t missed = 0;
	struct event_sign_in_refused *e =
		a != NULL && auth_may_tell(k->api->auth, k->peer, STRANGER_MAX, &missed)
			? arena_alloc(a, sizeof(*e))
			: NULL;

	if (e == NULL)
		return;
	*e = (struct event_sign_in_refused){
		.method = method,
		.name = name != NULL ? plain(a, name, 60) : NULL,
		.peer = plain(a, k->peer, 60),
		.why = why,
		.has_not_told = missed > 0,
		.not_told = missed,
	};
	k->is_told = e->peer != NULL;
	if (k->is_told)
		record_now(k->api->core, EVENT_SIGN_IN_REFUSED, "access", "sign-in", e, "nobody",
			NULL);
}
