/*
 * Auth: who is asking. One-time sign-in links, sessions of browsers, API tokens of programs, and
 * the limit of failed attempts per address. Secrets are kept as SHA-256 digests only and found by
 * digest, so that comparing them tells nothing about them.
 *
 * Links and sessions live in memory and end with the process; API tokens come from the journal.
 * Loop thread only. Lifetimes are real ones, whatever the speed of the clock.
 */
#ifndef CSMS_API_AUTH_H
#define CSMS_API_AUTH_H

#include "csms/api/route.h"
#include "csms/clock.h"

#define AUTH_LINK_MINUTES     10
#define AUTH_IDLE_MINUTES     30
#define AUTH_ABSOLUTE_MINUTES (12 * 60)
#define AUTH_NODES            8
#define AUTH_MAKERS           16
#define AUTH_SECRET_SIZE      48 /* longest secret we make and its NUL */

struct auth;

/* Who had a hand in a link or an API token, as actors of the journal: they could be who uses it. */
struct auth_makers {
	int count;
	char actor[AUTH_MAKERS][81];
};

/* Someone whom we know. */
struct auth_who {
	enum role role;
	char name[61];
	char actor[81]; /* for the journal: "user:anna", "apitoken:NAME", "local:1000" */
	char csrf[33]; /* of the session; "" when it is none */
	enum { AUTH_OWNER, AUTH_SESSION, AUTH_TOKEN } by;
	char digest[65]; /* of the session or API token */
	bool is_fresh; /* the session began with a link */
	bool is_user; /* somebody of csms/people/people.h */
	int node_count; /* only below these nodes; 0: the whole depot */
	char nodes[AUTH_NODES][61];
};

/* What an API token is for, and when and from where it was used last. */
struct auth_token {
	const char *id, *digest, *name;
	enum role role;
	wall_t expires; /* ms 0: never */
	int node_count;
	const char (*nodes)[61];
	const struct auth_makers
		*makers; /* for what it asks they are one person; NULL: not known */
	wall_t used; /* ms 0: never */
	const char *peer;
};

/* `max_failures` per address and minute. NULL: no memory. */
struct auth *auth_create(int max_failures);

/* Makes a link's code, good once. -1: too many links wait, or no memory. */
int auth_link_make(struct auth *t, const char *name, enum role role,
	const struct auth_makers *makers, char code[AUTH_SECRET_SIZE]);

/* Trades a link's code for a session. `old_cookie` is the request's cookie header: the session in
 * it ends. False: no such code, used, or too old. */
bool auth_sign_in(struct auth *t, const char *code, const char *old_cookie,
	char session[AUTH_SECRET_SIZE], struct auth_who *who);

/* Begins a session for somebody who has shown who they are; the one in `old_cookie` ends. False: no
 * memory. */
bool auth_begin(struct auth *t, const char *name, enum role role, bool is_fresh,
	const char *old_cookie, char session[AUTH_SECRET_SIZE], struct auth_who *who);

/* Ends all sessions of that name but the one of this digest (NULL: none is spared), and its links.
 * Returns the number of sessions. */
int auth_end_all(struct auth *t, const char *name, const char *except);
int auth_sessions_of(const struct auth *t, const char *name);

/* A session, for those who look at it: from where it began, by what, when it was used last. */
struct auth_open {
	const char *id; /* is no secret */
	const char *digest, *peer, *agent, *method;
	wall_t since, used;
};

/* Notes from where the session of `who` began; `agent` is what the browser calls itself. */
void auth_describe(struct auth *t, const struct auth_who *who, const char *peer, const char *agent,
	const char *method);

/* Calls `see` for each session of that name that is not over, in the order in which they began. */
void auth_sessions(const struct auth *t, const char *name,
	void (*see)(void *arg, const struct auth_open *v), void *arg);

/* Ends one session of that name. False: it has none of that id. */
bool auth_end_one(struct auth *t, const char *name, const char *id);

/* The value of a cookie in a cookie header; its length, 0 when it is not there. */
size_t auth_cookie(const char *cookie, const char *name, const char **value);

/* The session in a cookie header; using it keeps it from going idle. */
bool auth_session(struct auth *t, const char *cookie, struct auth_who *who);
void auth_sign_out(struct auth *t, const char *cookie);
int auth_session_count(const struct auth *t);

/* An API token, known by the digest of its text; all of it is copied. -1: no memory, or the digest is
 * there already. */
int auth_token_add(struct auth *t, const struct auth_token *token);
bool auth_token_remove(struct auth *t, const char *id);

/* The holder of an "Authorization: Bearer …" header that came from there. `first_today` gets the id of
 * a token that was not used yet on this day (UTC), else "". */
bool auth_bearer(struct auth *t, const char *authorization, const char *peer, struct auth_who *who,
	char first_today[41]);

/* Of the token, or of the link that the session began with, by which `who` came; NULL: nobody made
 * it, or it is over. Valid until it goes. */
const struct auth_makers *auth_makers_of(const struct auth *t, const struct auth_who *who);

/* False: more than are kept. One that is there already stays once. */
bool auth_makers_add(struct auth_makers *m, const char *actor);
struct auth_makers auth_makers_of_lines(const char *text); /* one a line; NULL: none */
bool auth_makers_has(const struct auth_makers *m, const char *actor);

/* Calls `see` for each API token, in the order in which they were added. */
void auth_tokens(
	const struct auth *t, void (*see)(void *arg, const struct auth_token *v), void *arg);

/* Are they still who they were? Keeps a session from going idle: for streams, each few seconds. */
bool auth_alive(struct auth *t, const struct auth_who *who);

/* Counts a failed attempt; true if the address has used up its minute. */
bool auth_failed(struct auth *t, const char *peer);
bool auth_blocked(struct auth *t, const char *peer);
/* May one more refusal of this address be journalled in this minute, of at most `max`? `missed` gets how
 * many were not since the last that was. */
bool auth_may_tell(struct auth *t, const char *peer, int max, int64_t *missed);
int64_t auth_failure_count(const struct auth *t);

/* May an unsafe method with this session go on? False unless the header x-csrf-token is the
 * session's own and the request came from a page of this host. `why` gets one line. */
bool auth_csrf_ok(const struct auth_who *who, const char *csrf, const char *origin,
	const char *host, const char *sec_fetch_site, char why[200]);

/* Does the origin name this very host? */
bool auth_same_origin(const char *origin, const char *host);

void auth_destroy(struct auth *t);

#endif
