/*
 * Ask: one request to the API on its way to exactly one answer, now or later. The inside of
 * csms/api; handlers of the routes get one and end it with one of the ask_reply… calls.
 *
 * An ask owns an arena for all that it needs. If its client goes away meanwhile, the answer is
 * dropped but must still be given: that frees the ask.
 */
#ifndef CSMS_API_ASK_H
#define CSMS_API_ASK_H

#include "csms/api/api.h"
#include "csms/api/auth.h"
#include "csms/api/route.h"
#include "gen/api.h"
#include "schemas/text.h"

struct four_eyes;
struct console;
struct people;
struct providers;
struct half_way;
struct replay;
struct streams;
struct wire_export;

struct api {
	struct core *core;
	struct auth *auth;
	struct people *people;
	struct providers *providers; /* csms/people/providers.h */
	struct half_way *half_way; /* csms/api/vouched.h */
	struct four_eyes *four_eyes; /* csms/api/four_eyes.h */
	struct console *console; /* static files */
	struct streams *streams; /* open event streams */
	struct replay *replay; /* answers by idempotency key */
	struct ask *asks; /* that wait for their answer */
	struct ask *alone, *line; /* ask_read_alone(): at it, and those after it, by line_next */
	struct wire_export *exports; /* under way */
	char url[300];
	int64_t requests, refused, numbered;
};

struct ask {
	struct api *api; /* NULL: it ended meanwhile */
	struct http_exchange *x; /* NULL: the client went, or is answered */
	struct arena *arena;
	struct route_match match;
	struct auth_who who;
	const struct http_request *req; /* valid until the handler returns */
	const void *body; /* decoded by row->request, NULL if the row has none */
	const char *peer, *cookie, *idem;
	const char *agent; /* what the browser calls itself, in printable ASCII */
	const char *id; /* of the request: what it changes is journalled with it */
	const char *path; /* of the request, as far as the audit keeps it */
	const char *digest; /* of method, path and body, to tell one command from another */
	struct {
		const char *path, *query, *body; /* path NULL: not kept */
		size_t body_len;
	} raw; /* as it came, where it may have to wait for a second person */
	const char *approver; /* the second person, once there is one (csms/api/four_eyes.h) … */
	enum role approver_role; /* … and what they are */
	const char *refused; /* why, while it is being answered */
	bool is_told; /* the audit has a line of its own about this refusal */
	bool is_held;
	bool is_running, is_over; /* a handler is at it; it was answered meanwhile */
	bool is_once; /* its answer is kept for replays */
	void (*finish)(struct ask *k); /* of ask_read() */
	void (*work)(struct db_reader *r, struct ask *k);
	void *state; /* the handler's own */
	struct ask *prev, *next, *line_next;
};

#define ASK_ARENA_MAX (64u << 20)

static inline const char *ask_query(const struct ask *k, const char *name)
{
	return route_query(&k->match, name);
}

/* -- ends of an ask: nothing of it may be touched after the handler that ends it ---------------- */

/* Answers with the struct as JSON. */
void ask_reply(struct ask *k, int status, const struct schema_struct *type, const void *value);

/* Answers with text of a content type. */
void ask_reply_text(
	struct ask *k, int status, const char *content_type, const char *text, size_t len);

/* Answers 200 {"ok":true,"text":…}. */
void ask_done(struct ask *k, const char *text);

/* Answers application/problem+json; `path` names the field that is wrong, or NULL. `fmt` says what
 * to do. */
void ask_problem(struct ask *k, int status, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void ask_schema_problem(struct ask *k, const struct schema_error *e, const char *prefix);

/* Ends the ask without an answer: its exchange goes to the caller, for an event stream. */
struct http_exchange *ask_take(struct ask *k);

/* Starts the command and answers with its view, when `wait` says; `draft` without callbacks. */
struct command_request;
void ask_command(struct ask *k, struct station *s, const struct command_request *draft,
	enum api_command_wait wait);

/* Calls `then`, unless the payload names a transaction that depotd does not know of the station: then
 * the ask is answered. */
void ask_known_transaction(struct ask *k, struct station *s, const char *action,
	const char *payload, void (*then)(struct ask *k));

/* -- on the way ------------------------------------------------------------------------------ */

/* Runs a handler. An ask that it answers lives until it returns: whoever reads it a line too late
 * finds it as it was. */
void ask_run(struct ask *k, void (*step)(struct ask *k));

/* The answer comes later: the client may go meanwhile. */
void ask_hold(struct ask *k);

/* Runs `work` on a reader thread, then `finish` on the loop, which answers. */
void ask_read(struct ask *k, void (*work)(struct db_reader *r, struct ask *k),
	void (*finish)(struct ask *k));

/* The same for what keeps a reader busy for long: one at a time, so that the other readers are free for
 * all else. */
void ask_read_alone(struct ask *k, void (*work)(struct db_reader *r, struct ask *k),
	void (*finish)(struct ask *k));

/* The server goes: those that wait for it are freed. */
void ask_line_end(struct api *api);

/* For core_put_station() and its kind: `done` that answers 200 or 500. `arg` is the ask. */
void ask_changed(void *arg, int status, const char *why);

/* Values of the query, each answered with 400 and false when it is wrong. Absent: untouched. */
bool ask_int(struct ask *k, const char *name, int64_t min, int64_t max, int64_t *out);
bool ask_time(struct ask *k, const char *name, wall_t *out);

/* Ends the text: its words in the arena of the ask, "" without memory. */
const char *ask_words(struct ask *k, struct text *t);

/* The identity as it was first written: what the store knows the station by. NULL stays NULL. */
const char *ask_station(struct ask *k, const char *id);

/* The station of the path's first parameter; NULL after a 404. */
struct station *ask_path_station(struct ask *k);

/* -- rooms of the API ------------------------------------------------------------------------ */

extern const struct route api_routes[];
extern const size_t api_route_count;

/* Static files: answers GET of anything that is not the API's. */
struct console *console_create(const char *dir);
void console_serve(const struct console *c, struct http_exchange *x, const struct http_request *r);
void console_destroy(struct console *c);

/* Event streams. */
struct streams *streams_create(struct api *api, int max);
void streams_open(struct streams *s, struct ask *k);
int streams_count(const struct streams *s);
void streams_destroy(struct streams *s);

/* Answers of commands by their Idempotency-Key: asked twice, done once. True if the command is new
 * (or has no key) and should be done; else the ask was answered: with the first answer, or 409. */
struct replay *replay_create(void);
bool replay_begin(struct replay *r, struct ask *k);
/* Keeps the answer of an ask that began; failures are forgotten: they can be tried again. */
void replay_end(struct replay *r, const struct ask *k, int status, const char *content_type,
	const char *body, size_t len);
void replay_destroy(struct replay *r);

/* The server goes: exports under way end where they are. */
void wire_exports_end(struct api *api);

/* Reads the API tokens of the store into `auth`. -1 with one line for a person. */
int access_load(struct api *api, char why[300]);

/* One line of the audit: what was asked, from where, and the answer's status. */
void audit_request(struct ask *k, int status);

/* One line of the audit for a sign-in that failed. `name` NULL: by link. */
void audit_sign_in(struct ask *k, const char *method, const char *name, const char *why);

/* A link to the console for `name`: journalled, and answered with. */
void access_make_link(struct ask *k, const char *name, enum role role);

/* Are these nodes of the tree? Else the ask was answered. */
bool access_nodes_known(struct ask *k, const struct schema_strings *nodes);
struct schema_strings access_nodes_copy(struct arena *a, const struct schema_strings *from);

/* The first use of an API token on a day stands in the journal. */
void access_token_used(struct ask *k, const char *id);

/* Prometheus text of everything that is counted. */
void metrics_write(struct api *api, struct text *out);

/* May who asks send this command? Else it was answered (csms/api/command_may.c). */
bool ask_may_send(struct ask *k, const char *action, const char *payload);

#endif
