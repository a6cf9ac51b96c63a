#include "csms/api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "csms/api/four_eyes.h"
#include "csms/api/ask.h"
#include "csms/api/reach.h"
#include "csms/api/telematics_post.h"
#include "csms/api/vouched.h"
#include "csms/log.h"
#include "csms/oscp/oscp.h"
#include "csms/people/people.h"
#include "csms/people/providers.h"
#include "csms/station/refusal.h"
#include "csms/secret.h"
#include "csms/files/transfer.h"

struct api *api_create(struct core *c, const struct api_config *cfg, char why[300])
{
	struct api *api = calloc(1, sizeof(*api));

	if (api == NULL)
		goto no_memory;
	api->core = c;
	api->auth = auth_create(cfg->auth_failures_per_min);
	api->console = console_create(cfg->console_dir);
	api->streams = streams_create(api, cfg->max_streams);
	api->replay = replay_create();
	api->four_eyes = four_eyes_create(api);
	if (four_eyes_check(c, why) != 0) {
		api_destroy(api);
		return NULL;
	}
	if (api->four_eyes == NULL || api->auth == NULL || api->console == NULL ||
		api->streams == NULL || api->replay == NULL)
		goto no_memory;
	if (access_load(api, why) != 0 || (api->people = people_create(c, why)) == NULL ||
		(api->providers = providers_create(c, why)) == NULL) {
		api_destroy(api);
		return NULL;
	}
	return api;
no_memory:
	snprintf(why, 300, "no memory for the API");
	api_destroy(api);
	return NULL;
}

void api_set_url(struct api *api, const char *url)
{
	snprintf(api->url, sizeof(api->url), "%s", url);
}

/* -- who asks -------------------------------------------------------------------------------- */

static bool is_safe_method(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* Somebody with the rights of this very process: its own user, or root, on the Unix socket. */
static bool is_owner(const struct http_request *req)
{
	return req->local && req->uid >= 0 && (req->uid == 0 || (uid_t)req->uid == geteuid());
}

/* What a user is now counts, not what they were when they signed in. */
static bool person_counts(struct ask *k)
{
	const struct person *p = people_find(k->api->people, k->who.name);

	if (p == NULL)
		return true;
	if (p->is_disabled) {
		auth_sign_out(k->api->auth, k->cookie);
		k->who = (struct auth_who){0};
		return false;
	}
	k->who.is_user = true;
	k->who.role = p->role;
	k->who.node_count = p->node_count;
	memcpy(k->who.nodes, p->nodes, sizeof(p->nodes));
	return true;
}

/* Fills k->who. 0, or the status of a refusal with why. */
static int identify(struct ask *k, const struct http_request *req, char why[200])
{
	struct auth *auth = k->api->auth;
	char first_today[41];

	if (req->authorization[0] != '\0') {
		if (auth_bearer(auth, req->authorization, req->peer, &k->who, first_today)) {
			if (first_today[0] != '\0')
				access_token_used(k, first_today);
			return 0;
		}
		snprintf(why, 200, "the API token is unknown, revoked or expired");
		if (!auth_failed(auth, req->peer))
			return 401;
		refusal_limit(k->api->core, LIMIT_SIGN_IN, req->peer);
		return 429;
	}
	if (is_owner(req)) {
		k->who.role = ROLE_ADMIN;
		snprintf(k->who.name, sizeof(k->who.name), "local");
		snprintf(k->who.actor, sizeof(k->who.actor), "local:%d", req->uid);
		return 0;
	}
	bool is_known = auth_session(auth, req->cookie, &k->who);
	is_known = is_known && person_counts(k);
	if (is_safe_method(req->method))
		return 0;
	if (!is_known || k->match.row->needs == MAY_KNOCK) {
		if (req->origin[0] == '\0' || auth_same_origin(req->origin, req->host))
			return 0;
		snprintf(why, 200, "the request does not come from a page of this console");
		return 403;
	}
	return auth_csrf_ok(&k->who, req->csrf_token != NULL ? req->csrf_token : "", req->origin,
		       req->host, req->sec_fetch_site, why)
		       ? 0
		       : 403;
}

static bool may(struct ask *k, const struct http_request *req)
{
	char why[200] = "";
	int status = identify(k, req, why);

	if (status != 0) {
		if (status == 401)
			http_header(k->x, "www-authenticate", "Bearer");
		ask_problem(k, status, NULL, "%s", why);
		return false;
	}
	if (role_may(k->who.role, k->match.row->needs))
		return true;
	if (k->who.role == ROLE_NOBODY) {
		http_header(k->x, "www-authenticate", "Bearer");
		ask_problem(k, 401, NULL,
			"sign in with a link (depotctl link), or send an API token as "
			"Authorization: Bearer dt_…");
	} else {
		char roles[120];
		permission_roles_text(k->match.row->needs, roles);
		ask_problem(k, 403, NULL, "this needs the role %s; %s has the role %s", roles,
			k->who.name, role_name(k->who.role));
	}
	return false;
}

/* -- the request ----------------------------------------------------------------------------- */

static bool decode_body(struct ask *k, const struct http_request *req)
{
	const struct schema_struct *type = k->match.row->request;
	struct schema_error err;

	if (type == NULL)
		return true;
	/* Browsers send other types across sites without asking; programs need not care. */
	bool is_browser = k->who.by == AUTH_SESSION || k->who.role == ROLE_NOBODY;
	if (is_browser && strncmp(req->content_type, "application/json", 16) != 0) {
		ask_problem(k, 415, NULL, "send the body as application/json");
		return false;
	}
	const char *body = req->body_len > 0 ? req->body : "{}";
	k->body = schema_decode(type, body, req->body_len > 0 ? req->body_len : 2, k->arena, &err);
	if (k->body != NULL)
		return true;
	ask_schema_problem(k, &err, "");
	return false;
}

/* Tells one command from another under the same Idempotency-Key. */
static const char *request_digest(struct arena *a, const struct http_request *req)
{
	char *digest = arena_alloc(a, 65);
	struct text t;

	text_init(&t, 0);
	text_printf(&t, "%s %s?%s\n", req->method, req->path, req->query);
	text_put(&t, req->body, req->body_len);
	if (digest != NULL && text_ok(&t))
		secret_digest(t.data, t.len, digest);
	text_finish(&t);
	return digest;
}

/* For people to read: what a header may hold besides is nobody's name. */
static const char *agent_of(struct arena *a, struct http_exchange *x)
{
	const char *text = http_request_header(x, "user-agent");
	char *out = arena_strndup(a, text != NULL ? text : "", 200);

	for (char *c = out; c != NULL && *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return out;
}

static struct ask *ask_create(
	struct api *api, struct http_exchange *x, const struct http_request *req)
{
	struct arena *a = arena_create(ASK_ARENA_MAX);
	struct ask *k = a != NULL ? arena_alloc(a, sizeof(*k)) : NULL;

	if (k == NULL) {
		arena_destroy(a);
		return NULL;
	}
	k->api = api;
	k->x = x;
	k->arena = a;
	k->peer = arena_strdup(a, req->peer);
	k->cookie = arena_strdup(a, req->cookie);
	k->agent = agent_of(a, x);
	k->id = arena_printf(a, "request-%llx-%llx", (unsigned long long)api->core->started.ms,
		(unsigned long long)++api->numbered);
	k->path = arena_strndup(a, req->path, strnlen(req->path, 200));
	k->idem = arena_strndup(a, req->idempotency_key, strnlen(req->idempotency_key, 100));
	k->digest = k->idem != NULL && k->idem[0] != '\0' ? request_digest(a, req) : "";
	if (k->peer != NULL && k->cookie != NULL && k->agent != NULL && k->idem != NULL &&
		k->digest != NULL && k->path != NULL && k->id != NULL)
		return k;
	arena_destroy(a);
	return NULL;
}

/* Rows whose body is a file: it is not collected, the handler takes it as it comes. */
static bool is_streamed(const struct route *row)
{
	return row->request == &api_file_body_type;
}

/* Only where somebody may have to look at it first: bodies may be long. */
static bool keep_raw(struct ask *k, const struct http_request *req)
{
	if (k->api->core->config->people->four_eyes.count == 0 || is_safe_method(req->method))
		return true;
	k->raw.path = arena_strdup(k->arena, req->path);
	k->raw.query = arena_strdup(k->arena, req->query);
	k->raw.body = arena_strndup(k->arena, req->body, req->body_len);
	k->raw.body_len = req->body_len;
	if (k->raw.path != NULL && k->raw.query != NULL && k->raw.body != NULL)
		return true;
	ask_problem(k, 503, NULL, "no memory");
	return false;
}

static void handle_row(struct ask *k, const struct http_request *req, bool at_head)
{
	if (!may(k, req) || !reach_allows_path(k))
		return;
	if (is_streamed(k->match.row) && !at_head)
		ask_problem(k, 400, NULL, "send the file as the body of the request");
	else if ((is_streamed(k->match.row) || (keep_raw(k, req) && decode_body(k, req))) &&
		 reach_allows(k) && !four_eyes_hold(k, k->match.row->needs))
		ask_run(k, k->match.row->handle);
}

static void handle_route(
	struct api *api, struct http_exchange *x, const struct http_request *req, bool at_head)
{
	struct ask *k = ask_create(api, x, req);
	char why[200];

	if (k == NULL) {
		http_reply(x, 503, "text/plain", "no memory\n", 10);
		return;
	}
	k->req = req;
	int status = route_find(api_routes, api_route_count, req->method, req->path, req->query,
		k->arena, &k->match, why);
	if (status == 405) {
		http_header(x, "allow", why);
		ask_problem(k, 405, NULL, "this path takes %s", why);
	} else if (status != 200) {
		ask_problem(k, status, NULL, "%s", why);
	} else {
		handle_row(k, req, at_head);
	}
}

static bool is_api_path(const char *path)
{
	static const char *const top[] = {"/metrics", "/livez", "/readyz", "/api"};

	for (size_t i = 0; i < sizeof(top) / sizeof(top[0]); i++)
		if (strcmp(path, top[i]) == 0)
			return true;
	return strncmp(path, "/api/", 5) == 0;
}

void api_handle(void *ctx, struct http_exchange *x, const struct http_request *req)
{
	struct api *api = ctx;

	api->requests++;
	if (is_api_path(req->path))
		handle_route(api, x, req, false);
	else if (transfer_is_path(req->path))
		transfer_handle(api->core, x, req);
	else if (telematics_is_path(req->path))
		telematics_handle(api, x, req);
	else if (oscp_is_path(req->path))
		oscp_handle(api->core->oscp, x, req);
	else
		console_serve(api->console, x, req);
}

static bool goes_to_streamed_row(const struct http_request *req)
{
	struct arena *a = arena_create(ASK_ARENA_MAX);
	struct route_match match;
	char why[200];
	bool found = a != NULL && is_api_path(req->path) &&
		     route_find(api_routes, api_route_count, req->method, req->path, req->query, a,
			     &match, why) == 200 &&
		     is_streamed(match.row);

	arena_destroy(a);
	return found;
}

void api_on_head(void *ctx, struct http_exchange *x, const struct http_request *req)
{
	struct api *api = ctx;

	if (transfer_is_path(req->path))
		transfer_on_head(api->core, x, req);
	else if (goes_to_streamed_row(req))
		handle_route(api, x, req, true);
}

/* Asks that still wait are answered now; those that the store or a station still holds free
 * themselves when they come back. */
static void asks_end(struct api *api)
{
	static const char stopping[] = "{\"type\":\"about:blank\",\"title\":\"Not available now\","
				       "\"status\":503,\"detail\":\"depotd is stopping\"}";
	struct ask *k, *next;

	DL_FOREACH_SAFE (api->asks, k, next) {
		DL_DELETE(api->asks, k);
		k->api = NULL;
		if (k->x != NULL && is_streamed(k->match.row))
			http_abort(k->x, "shutting down"); /* its upload ends the ask */
		else if (k->x != NULL)
			http_reply(k->x, 503, "application/problem+json", stopping,
				sizeof(stopping) - 1);
		k->x = NULL;
	}
}

void api_destroy(struct api *api)
{
	if (api == NULL)
		return;
	asks_end(api);
	ask_line_end(api);
	wire_exports_end(api);
	streams_destroy(api->streams);
	replay_destroy(api->replay);
	console_destroy(api->console);
	four_eyes_destroy(api->four_eyes);
	providers_destroy(api->providers);
	people_destroy(api->people);
	half_way_destroy(api->half_way);
	auth_destroy(api->auth);
	free(api);
}
