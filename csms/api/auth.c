#include "csms/api/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "csms/secret.h"

#define LINKS_MAX    100
#define SESSIONS_MAX 1000
#define PEERS_MAX    10000
#define MINUTE_MS    60000
#define DAY_MS       86400000

#define COOKIE_NAME "__Host-sid"

struct link {
	char digest[65];
	char name[61];
	enum role role;
	int64_t until_ms;
	struct auth_makers makers;
	UT_hash_handle hh;
};

struct session {
	char digest[65];
	char csrf[33];
	char name[61];
	enum role role;
	bool is_fresh;
	int64_t used_ms, until_ms;
	char id[17], peer[64], agent[201], method[21];
	wall_t since, used;
	struct auth_makers *makers; /* of its link; NULL: none, or by depotd's own socket */
	UT_hash_handle hh;
};

struct token {
	char digest[65];
	char id[41];
	char name[61];
	enum role role;
	wall_t expires, used;
	char peer[64];
	int node_count;
	char nodes[AUTH_NODES][61];
	struct auth_makers *makers; /* NULL: none */
	UT_hash_handle hh;
};

/* Failed attempts of one address in the minute that began at `since_ms`. */
struct peer {
	char address[64];
	int64_t since_ms;
	int failures, told;
	int64_t not_told;
	UT_hash_handle hh;
};

struct auth {
	int max_failures;
	int64_t failures;
	struct link *links;
	struct session *sessions;
	struct token *tokens;
	struct peer *peers;
};

/* Real milliseconds: a person at the console does not live faster when the clock runs faster. */
static int64_t real_ms(void)
{
	return (int64_t)((double)clock_mono().us / clock_speed() / 1000.0);
}

struct auth *auth_create(int max_failures)
{
	struct auth *t = calloc(1, sizeof(*t));

	if (t != NULL)
		t->max_failures = max_failures;
	return t;
}

/* -- links ----------------------------------------------------------------------------------- */

static void links_prune(struct auth *t, int64_t now)
{
	struct link *l, *next;

	HASH_ITER (hh, t->links, l, next) {
		if (l->until_ms > now)
			continue;
		HASH_DEL(t->links, l);
		free(l);
	}
}

int auth_link_make(struct auth *t, const char *name, enum role role,
	const struct auth_makers *makers, char code[AUTH_SECRET_SIZE])
{
	int64_t now = real_ms();
	struct link *l;

	links_prune(t, now);
	if (HASH_COUNT(t->links) >= LINKS_MAX || (l = calloc(1, sizeof(*l))) == NULL)
		return -1;
	secret_random(code, 40); /* 238 bits */
	secret_digest(code, strlen(code), l->digest);
	snprintf(l->name, sizeof(l->name), "%s", name);
	l->role = role;
	if (makers != NULL)
		l->makers = *makers;
	l->until_ms = now + AUTH_LINK_MINUTES * MINUTE_MS;
	HASH_ADD_STR(t->links, digest, l);
	return 0;
}

/* -- sessions -------------------------------------------------------------------------------- */

size_t auth_cookie(const char *cookie, const char *name, const char **value)
{
	const size_t name_len = strlen(name);

	for (const char *c = cookie; *c != '\0';) {
		c += strspn(c, " ;");
		size_t len = strcspn(c, ";");
		if (len > name_len && strncmp(c, name, name_len) == 0 && c[name_len] == '=') {
			*value = c + name_len + 1;
			return len - name_len - 1;
		}
		c += len;
	}
	return 0;
}

static struct session *session_find(struct auth *t, const char *cookie)
{
	struct session *s = NULL;
	const char *value;
	size_t len = auth_cookie(cookie, COOKIE_NAME, &value);
	char digest[65];

	if (len == 0 || len >= AUTH_SECRET_SIZE)
		return NULL;
	secret_digest(value, len, digest);
	HASH_FIND_STR(t->sessions, digest, s);
	return s;
}

static void session_end(struct auth *t, struct session *s)
{
	HASH_DEL(t->sessions, s);
	free(s->makers);
	free(s);
}

static bool session_over(const struct session *s, int64_t now)
{
	return now >= s->until_ms || now - s->used_ms >= AUTH_IDLE_MINUTES * MINUTE_MS;
}

static void use(struct session *s, int64_t now)
{
	s->used_ms = now;
	s->used = clock_wall();
}

static void sessions_prune(struct auth *t, int64_t now)
{
	struct session *s, *next;

	HASH_ITER (hh, t->sessions, s, next)
		if (session_over(s, now))
			session_end(t, s);
	/* Sessions stand in order of age: a full house loses its oldest. */
	if (HASH_COUNT(t->sessions) >= SESSIONS_MAX)
		session_end(t, t->sessions);
}

static void session_who(const struct session *s, struct auth_who *who)
{
	*who = (struct auth_who){.role = s->role, .by = AUTH_SESSION};
	snprintf(who->digest, sizeof(who->digest), "%s", s->digest);
	snprintf(who->name, sizeof(who->name), "%s", s->name);
	snprintf(who->actor, sizeof(who->actor), "user:%s", s->name);
	snprintf(who->csrf, sizeof(who->csrf), "%s", s->csrf);
	who->is_fresh = s->is_fresh;
}

bool auth_begin(struct auth *t, const char *name, enum role role, bool is_fresh,
	const char *old_cookie, char session[AUTH_SECRET_SIZE], struct auth_who *who)
{
	int64_t now = real_ms();
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return false;
	auth_sign_out(t, old_cookie);
	sessions_prune(t, now);
	secret_random(session, 43); /* 256 bits */
	secret_digest(session, strlen(session), s->digest);
	secret_random(s->csrf, sizeof(s->csrf) - 1);
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->role = role;
	s->is_fresh = is_fresh;
	secret_random(s->id, sizeof(s->id) - 1);
	s->since = clock_wall();
	use(s, now);
	s->until_ms = now + AUTH_ABSOLUTE_MINUTES * MINUTE_MS;
	HASH_ADD_STR(t->sessions, digest, s);
	session_who(s, who);
	return true;
}

int auth_end_all(struct auth *t, const char *name, const char *except)
{
	struct session *s, *sn;
	struct link *l, *ln;
	int ended = 0;

	HASH_ITER (hh, t->sessions, s, sn) {
		if (strcmp(s->name, name) != 0 || (except != NULL && !strcmp(s->digest, except)))
			continue;
		session_end(t, s);
		ended++;
	}
	HASH_ITER (hh, t->links, l, ln) {
		if (strcmp(l->name, name) != 0)
			continue;
		HASH_DEL(t->links, l);
		free(l);
	}
	return ended;
}

int auth_sessions_of(const struct auth *t, const char *name)
{
	int n = 0;

	for (const struct session *s = t->sessions; s != NULL; s = s->hh.next)
		n += strcmp(s->name, name) == 0;
	return n;
}

void auth_describe(struct auth *t, const struct auth_who *who, const char *peer, const char *agent,
	const char *method)
{
	struct session *s = NULL;

	HASH_FIND_STR(t->sessions, who->digest, s);
	if (s == NULL)
		return;
	snprintf(s->peer, sizeof(s->peer), "%s", peer);
	snprintf(s->agent, sizeof(s->agent), "%s", agent);
	snprintf(s->method, sizeof(s->method), "%s", method);
}

void auth_sessions(const struct auth *t, const char *name,
	void (*see)(void *arg, const struct auth_open *v), void *arg)
{
	int64_t now = real_ms();

	for (const struct session *s = t->sessions; s != NULL; s = s->hh.next)
		if (strcmp(s->name, name) == 0 && !session_over(s, now))
			see(arg, &(struct auth_open){.id = s->id,
					 .digest = s->digest,
					 .peer = s->peer,
					 .agent = s->agent,
					 .method = s->method,
					 .since = s->since,
					 .used = s->used});
}

bool auth_end_one(struct auth *t, const char *name, const char *id)
{
	struct session *s, *next;

	HASH_ITER (hh, t->sessions, s, next) {
		if (strcmp(s->name, name) != 0 || strcmp(s->id, id) != 0)
			continue;
		session_end(t, s);
		return true;
	}
	return false;
}

/* … who could be that person as well. False: no memory. */
static bool keep_makers(
	struct auth *t, const struct auth_who *who, const struct auth_makers *makers)
{
	struct session *s = NULL;

	HASH_FIND_STR(t->sessions, who->digest, s);
	if (s == NULL || makers->count == 0)
		return s != NULL;
	s->makers = malloc(sizeof(*s->makers));
	if (s->makers != NULL)
		*s->makers = *makers;
	return s->makers != NULL;
}

bool auth_sign_in(struct auth *t, const char *code, const char *old_cookie,
	char session[AUTH_SECRET_SIZE], struct auth_who *who)
{
	struct link *l = NULL;
	char digest[65];

	links_prune(t, real_ms());
	secret_digest(code, strlen(code), digest);
	HASH_FIND_STR(t->links, digest, l);
	if (l == NULL || !auth_begin(t, l->name, l->role, true, old_cookie, session, who))
		return false;
	if (!keep_makers(t, who, &l->makers)) {
		auth_end_all(t, l->name, NULL);
		return false;
	}
	HASH_DEL(t->links, l);
	free(l);
	return true;
}

bool auth_session(struct auth *t, const char *cookie, struct auth_who *who)
{
	struct session *s = session_find(t, cookie);
	int64_t now = real_ms();

	if (s == NULL)
		return false;
	if (session_over(s, now)) {
		session_end(t, s);
		return false;
	}
	use(s, now);
	session_who(s, who);
	return true;
}

void auth_sign_out(struct auth *t, const char *cookie)
{
	struct session *s = session_find(t, cookie);

	if (s != NULL)
		session_end(t, s);
}

int auth_session_count(const struct auth *t)
{
	return (int)HASH_COUNT(t->sessions);
}

/* -- API tokens ------------------------------------------------------------------------------ */

int auth_token_add(struct auth *t, const struct auth_token *token)
{
	struct token *k = NULL;

	HASH_FIND_STR(t->tokens, token->digest, k);
	if (k != NULL || token->node_count > AUTH_NODES || (k = calloc(1, sizeof(*k))) == NULL)
		return -1;
	if (token->makers != NULL && token->makers->count > 0) {
		k->makers = malloc(sizeof(*k->makers));
		if (k->makers == NULL) {
			free(k);
			return -1;
		}
		*k->makers = *token->makers;
	}
	snprintf(k->digest, sizeof(k->digest), "%s", token->digest);
	snprintf(k->id, sizeof(k->id), "%s", token->id);
	snprintf(k->name, sizeof(k->name), "%s", token->name);
	snprintf(k->peer, sizeof(k->peer), "%s", token->peer != NULL ? token->peer : "");
	k->role = token->role;
	k->expires = token->expires;
	k->used = token->used;
	k->node_count = token->node_count;
	for (int i = 0; i < k->node_count; i++)
		snprintf(k->nodes[i], sizeof(k->nodes[i]), "%s", token->nodes[i]);
	HASH_ADD_STR(t->tokens, digest, k);
	return 0;
}

static void token_end(struct auth *t, struct token *k)
{
	HASH_DEL(t->tokens, k);
	free(k->makers);
	free(k);
}

bool auth_token_remove(struct auth *t, const char *id)
{
	struct token *k, *next;

	HASH_ITER (hh, t->tokens, k, next) {
		if (strcmp(k->id, id) != 0)
			continue;
		token_end(t, k);
		return true;
	}
	return false;
}

static void token_used(struct token *k, const char *peer, char first_today[41])
{
	wall_t now = clock_wall();

	if (now.ms / DAY_MS != k->used.ms / DAY_MS)
		snprintf(first_today, 41, "%s", k->id);
	k->used = now;
	snprintf(k->peer, sizeof(k->peer), "%s", peer);
}

bool auth_bearer(struct auth *t, const char *authorization, const char *peer, struct auth_who *who,
	char first_today[41])
{
	struct token *k = NULL;
	char digest[65];

	first_today[0] = '\0';
	if (strncasecmp(authorization, "Bearer ", 7) != 0)
		return false;
	const char *text = authorization + 7 + strspn(authorization + 7, " ");
	secret_digest(text, strlen(text), digest);
	HASH_FIND_STR(t->tokens, digest, k);
	if (k == NULL || (k->expires.ms != 0 && clock_wall().ms >= k->expires.ms))
		return false;
	*who = (struct auth_who){.role = k->role, .by = AUTH_TOKEN};
	snprintf(who->digest, sizeof(who->digest), "%s", digest);
	snprintf(who->name, sizeof(who->name), "%s", k->name);
	snprintf(who->actor, sizeof(who->actor), "apitoken:%s", k->name);
	who->node_count = k->node_count;
	memcpy(who->nodes, k->nodes, sizeof(k->nodes));
	token_used(k, peer, first_today);
	return true;
}

const struct auth_makers *auth_makers_of(const struct auth *t, const struct auth_who *who)
{
	struct token *k = NULL;
	struct session *s = NULL;

	if (who->by == AUTH_TOKEN)
		HASH_FIND_STR(t->tokens, who->digest, k);
	if (who->by == AUTH_SESSION)
		HASH_FIND_STR(t->sessions, who->digest, s);
	return k != NULL ? k->makers : s != NULL ? s->makers : NULL;
}

bool auth_makers_has(const struct auth_makers *m, const char *actor)
{
	for (int i = 0; m != NULL && i < m->count; i++)
		if (strcmp(m->actor[i], actor) == 0)
			return true;
	return false;
}

struct auth_makers auth_makers_of_lines(const char *text)
{
	struct auth_makers m = {0};

	for (const char *at = text != NULL ? text : ""; *at != '\0' && m.count < AUTH_MAKERS;
		m.count++) {
		size_t len = strcspn(at, "\n");
		snprintf(m.actor[m.count], sizeof(m.actor[0]), "%.*s", (int)len, at);
		at += len + (at[len] == '\n');
	}
	return m;
}

bool auth_makers_add(struct auth_makers *m, const char *actor)
{
	if (auth_makers_has(m, actor))
		return true;
	if (m->count == AUTH_MAKERS)
		return false;
	snprintf(m->actor[m->count++], sizeof(m->actor[0]), "%s", actor);
	return true;
}

void auth_tokens(
	const struct auth *t, void (*see)(void *arg, const struct auth_token *v), void *arg)
{
	for (const struct token *k = t->tokens; k != NULL; k = k->hh.next)
		see(arg, &(struct auth_token){.id = k->id,
				 .digest = k->digest,
				 .name = k->name,
				 .role = k->role,
				 .expires = k->expires,
				 .node_count = k->node_count,
				 .nodes = k->nodes,
				 .used = k->used,
				 .peer = k->peer});
}

bool auth_alive(struct auth *t, const struct auth_who *who)
{
	struct session *s = NULL;
	struct token *k = NULL;
	int64_t now = real_ms();

	if (who->by == AUTH_OWNER)
		return true;
	if (who->by == AUTH_TOKEN) {
		HASH_FIND_STR(t->tokens, who->digest, k);
		return k != NULL && (k->expires.ms == 0 || clock_wall().ms < k->expires.ms);
	}
	HASH_FIND_STR(t->sessions, who->digest, s);
	if (s == NULL || session_over(s, now))
		return false;
	use(s, now);
	return true;
}

/* -- failed attempts ------------------------------------------------------------------------- */

static struct peer *peer_find(struct auth *t, const char *address)
{
	struct peer *p = NULL;

	HASH_FIND_STR(t->peers, address, p);
	if (p != NULL && real_ms() - p->since_ms >= MINUTE_MS) {
		HASH_DEL(t->peers, p);
		if (p->not_told == 0) {
			free(p);
			return NULL;
		}
		p->since_ms = real_ms();
		p->failures = p->told = 0;
		HASH_ADD_STR(t->peers, address, p); /* they stand in order of age */
	}
	return p;
}

static struct peer *peer_add(struct auth *t, const char *address)
{
	struct peer *p = t->peers;

	if (HASH_COUNT(t->peers) >= PEERS_MAX) /* full: the oldest makes room */
		HASH_DEL(t->peers, p);
	else if ((p = malloc(sizeof(*p))) == NULL)
		return NULL;
	memset(p, 0, sizeof(*p));
	snprintf(p->address, sizeof(p->address), "%s", address);
	p->since_ms = real_ms();
	HASH_ADD_STR(t->peers, address, p);
	return p;
}

bool auth_failed(struct auth *t, const char *address)
{
	struct peer *p = peer_find(t, address);

	t->failures++;
	if (p == NULL && (p = peer_add(t, address)) == NULL)
		return true;
	return ++p->failures > t->max_failures;
}

bool auth_blocked(struct auth *t, const char *address)
{
	const struct peer *p = peer_find(t, address);

	return p != NULL && p->failures >= t->max_failures;
}

bool auth_may_tell(struct auth *t, const char *address, int max, int64_t *missed)
{
	struct peer *p = peer_find(t, address);

	*missed = 0;
	if (p == NULL && (p = peer_add(t, address)) == NULL)
		return false;
	if (p->told >= max) {
		p->not_told++;
		return false;
	}
	p->told++;
	*missed = p->not_told;
	p->not_told = 0;
	return true;
}

int64_t auth_failure_count(const struct auth *t)
{
	return t->failures;
}

/* -- forged requests ------------------------------------------------------------------------- */

bool auth_same_origin(const char *origin, const char *host)
{
	const char *name = strstr(origin, "://");

	return name != NULL && host[0] != '\0' && strcasecmp(name + 3, host) == 0;
}

bool auth_csrf_ok(const struct auth_who *who, const char *csrf, const char *origin,
	const char *host, const char *sec_fetch_site, char why[200])
{
	char sent[65], own[65];

	if (origin[0] != '\0' ? !auth_same_origin(origin, host)
			      : strcmp(sec_fetch_site, "same-origin") != 0) {
		snprintf(why, 200, "the request does not come from a page of this console");
		return false;
	}
	secret_digest(csrf, strlen(csrf), sent);
	secret_digest(who->csrf, strlen(who->csrf), own);
	if (who->csrf[0] != '\0' && strcmp(sent, own) == 0)
		return true;
	snprintf(why, 200,
		"send the session's token in the header x-csrf-token; GET "
		"/api/v1/session tells it");
	return false;
}

void auth_destroy(struct auth *t)
{
	struct link *l, *ln;
	struct session *s, *sn;
	struct token *k, *kn;
	struct peer *p, *pn;

	if (t == NULL)
		return;
	HASH_ITER (hh, t->links, l, ln) {
		HASH_DEL(t->links, l);
		free(l);
	}
	HASH_ITER (hh, t->sessions, s, sn)
		session_end(t, s);
	HASH_ITER (hh, t->tokens, k, kn)
		token_end(t, k);
	HASH_ITER (hh, t->peers, p, pn) {
		HASH_DEL(t->peers, p);
		free(p);
	}
	free(t);
}
