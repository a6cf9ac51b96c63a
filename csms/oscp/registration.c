/*
 * Registration, begun by either side. One makes TOKEN_A and hands it over with its address, by
 * letter as it were. The other sends Register with TOKEN_A and, inside, TOKEN_B: what it wants to be
 * shown itself. The first sends Register back with TOKEN_B and, inside, TOKEN_C: what counts from
 * then on in place of TOKEN_A.
 *
 *   we hand over TOKEN_A:     offered → Register comes → answering → ours is taken → registered
 *   we were given TOKEN_A:    asking → ours is taken → asked → Register comes → registered
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/files/files.h"
#include "csms/log.h"
#include "csms/oscp/private.h"
#include "csms/record.h"

#define TOKEN_LENGTH   64 /* 381 bits */
#define REGISTER_TRIES 8 /* four minutes in all */

/* -- the journal -------------------------------------------------------------------------------- */

static void record_change(struct oscp_peer *p, const char *why, const char *actor)
{
	struct core *c = p->oscp->core;
	struct arena *a = record_arena(c);
	struct event_oscp_peer_changed *e = a ? arena_alloc(a, sizeof *e) : NULL;

	p->changed_at = clock_wall();
	if (!e)
		return;
	*e = (struct event_oscp_peer_changed){
		.state = p->state,
		.url = oscp_text(c, p->url),
		.token_in = oscp_text(c, p->token_in),
		.token_out = oscp_text(c, p->token_file),
		.why = oscp_text(c, why),
	};
	oscp_record(p, EVENT_OSCP_PEER_CHANGED, e, actor);
}

static void move(struct oscp_peer *p, enum event_oscp_state to, const char *why, const char *actor)
{
	log_info("oscp %s: %s -> %s (%s)", p->row->id, event_oscp_state_enum.values[p->state],
		event_oscp_state_enum.values[to], why);
	p->state = to;
	if (to == EVENT_OSCP_STATE_REGISTERED)
		p->error[0] = '\0';
	record_change(p, why, actor);
}

static void registered(struct oscp_peer *p, const char *why)
{
	move(p, EVENT_OSCP_STATE_REGISTERED, why, NULL);
	oscp_presence_begin(p, true);
}

/* -- Register of ours --------------------------------------------------------------------------- */

/* TOKEN_C may be in use before the answer to our Register is here. From now TOKEN_A is dead. */
void oscp_token_arrived(struct oscp_peer *p)
{
	memcpy(p->token_in, p->token_next, sizeof p->token_in);
	p->token_next[0] = '\0';
	if (p->state == EVENT_OSCP_STATE_ANSWERING)
		registered(p, "both have the other's token");
	else
		record_change(p, "the token that was on its way is in use", NULL);
}

static void on_answered(
	struct oscp_peer *p, void *arg, const char *id, const struct http_outcome *o)
{
	if (o->status == 204 && p->token_next[0])
		oscp_token_arrived(p);
}

static void on_asked(struct oscp_peer *p, void *arg, const char *id, const struct http_outcome *o)
{
	if (p->state != EVENT_OSCP_STATE_ASKING)
		return; /* its own Register was faster than its answer */
	if (o->status == 204)
		move(p, EVENT_OSCP_STATE_ASKED, "it took our Register", NULL);
	else if (o->status == 501)
		oscp_failed(p, "it knows no version of OSCP that depotd speaks (" OSCP_VERSION ")");
}

static int send_register(struct oscp_peer *p, const char *token, const char *correlation,
	void (*done)(struct oscp_peer *, void *, const char *, const struct http_outcome *))
{
	struct oscp20_version_url version = {OSCP_VERSION, p->oscp->url};
	struct oscp20_register shown = {"(hidden)", {1, &version}}, body = shown;

	body.token = token;
	return oscp_send(p,
		&(struct oscp_out){.action = "register",
			.type = &oscp20_register_type,
			.value = &body,
			.shown = &shown,
			.correlation = correlation,
			.tries = REGISTER_TRIES,
			.done = done},
		NULL);
}

/* Our Register in answer to its own: TOKEN_C. */
static void answer(struct oscp_peer *p, const char *correlation)
{
	char token[TOKEN_LENGTH + 1];

	secret_random(token, TOKEN_LENGTH);
	secret_hash(token, TOKEN_LENGTH, p->token_next);
	if (send_register(p, token, correlation, on_answered))
		oscp_failed(p, "register: it could not be sent to %.200s", p->url);
}

/* Our Register to begin with: TOKEN_B. */
static void ask(struct oscp_peer *p)
{
	char token[TOKEN_LENGTH + 1];

	secret_random(token, TOKEN_LENGTH);
	secret_hash(token, TOKEN_LENGTH, p->token_in);
	record_change(p, "a token for it was made", NULL);
	if (send_register(p, token, NULL, on_asked))
		oscp_failed(p, "register: it could not be sent to %.200s", p->url);
}

void oscp_registration_resume(struct oscp_peer *p)
{
	if (p->state == EVENT_OSCP_STATE_ANSWERING)
		answer(p, NULL);
	else if (p->state == EVENT_OSCP_STATE_ASKING)
		ask(p);
}

/* -- Register of the other ---------------------------------------------------------------------- */

static bool token_is_sound(const char *t)
{
	size_t n = strlen(t);

	for (size_t i = 0; i < n; i++)
		if (t[i] <= ' ' || t[i] > '~')
			return false;
	return n >= 8 && n <= OSCP_TOKEN_MAX;
}

static const char *url_of(const struct oscp20_register *r)
{
	for (size_t i = 0; i < r->version_url.count; i++)
		if (strcmp(r->version_url.items[i].version, OSCP_VERSION) == 0)
			return r->version_url.items[i].base_url;
	return NULL;
}

/* Why messages cannot go to that address; NULL: they can. */
static const char *url_fault(const struct oscp_peer *p, const char *url)
{
	if (strlen(url) >= sizeof p->url || !http_client_takes(url))
		return "must be an address such as https://grid.example/oscp/cp/2.0";
	if (strncmp(url, "https://", 8) != 0 && !p->row->plain)
		return "must begin with https://: tokens go there (`plain: true` in the depot's file "
		       "lifts that for trials)";
	return NULL;
}

int register_check(struct oscp_in *in)
{
	const struct oscp20_register *r = in->body;
	const char *url = url_of(r), *fault = url ? url_fault(in->peer, url) : NULL;

	if (!url)
		oscp_refuse(in, 501, "no common version: depotd speaks OSCP " OSCP_VERSION);
	else if (fault)
		oscp_refuse(in, 400, "version_url: base_url %s", fault);
	else if (!token_is_sound(r->token))
		oscp_refuse(in, 400, "token: must be 8 to 512 printable characters without blanks");
	else
		return 0;
	return -1;
}

static void write_token(void *arg)
{
	struct oscp_in *in = arg;
	const struct oscp20_register *r = in->body;

	if (oscp_token_write(in->peer->oscp->dir, r->token, in->token_file))
		in->token_file[0] = '\0';
}

static void set_url(struct oscp_peer *p, const char *url)
{
	size_t n;

	snprintf(p->url, sizeof p->url, "%s", url);
	for (n = strlen(p->url); n && p->url[n - 1] == '/'; n--)
		p->url[n - 1] = '\0';
}

static void set_token(struct oscp_peer *p, const char *token, const char file[65])
{
	if (strcmp(p->token_file, file) != 0)
		oscp_token_remove(p->oscp, p->token_file);
	snprintf(p->token_out, sizeof p->token_out, "%s", token);
	memcpy(p->token_file, file, sizeof p->token_file);
}

/* The token is in its file: what it said comes into force, in the turn that journals it. */
static void token_written(void *arg)
{
	struct oscp_in *in = arg;
	const struct oscp20_register *r = in->body;
	struct oscp_peer *p = in->peer;

	if (!in->token_file[0]) {
		oscp_refuse(in, 503, "the token cannot be stored");
		return;
	}
	if (in->epoch != p->epoch || p->oscp->is_stopping) {
		oscp_refuse(in, 403, "the registration has ended meanwhile");
		return;
	}
	set_token(p, r->token, in->token_file);
	set_url(p, url_of(r));
	if (in->is_update)
		record_change(p, "it changed its token or address", NULL);
	else if (p->state == EVENT_OSCP_STATE_ASKING || p->state == EVENT_OSCP_STATE_ASKED)
		registered(p, "it answered our Register");
	else
		move(p, EVENT_OSCP_STATE_ANSWERING, "it registered", NULL);
	oscp_accept(in);
}

void register_prepare(struct oscp_in *in)
{
	if (in->x)
		http_hold(in->x, oscp_in_gone, in);
	worker_do(files_worker(in->peer->oscp->core->files), &in->job, write_token, token_written,
		in);
}

void register_work(struct oscp_in *in)
{
	struct oscp_peer *p = in->peer;

	if (in->epoch == p->epoch && p->state == EVENT_OSCP_STATE_ANSWERING)
		answer(p, in->id);
	oscp_in_free(in);
}

/* -- the end ------------------------------------------------------------------------------------ */

static void forget(struct oscp_peer *p, const char *why, const char *actor)
{
	oscp_presence_end(p);
	oscp_limit_end(p);
	oscp_segments_finish(&p->segments);
	oscp_token_remove(p->oscp, p->token_file);
	p->epoch++;
	p->url[0] = p->token_in[0] = p->token_next[0] = p->token_out[0] = '\0';
	p->token_file[0] = p->handshake_id[0] = p->error[0] = '\0';
	move(p, EVENT_OSCP_STATE_ENDED, why, actor);
}

void unregister_work(struct oscp_in *in)
{
	if (in->epoch == in->peer->epoch)
		forget(in->peer, "the other ended it", NULL);
	oscp_in_free(in);
}

/* -- asked by people ---------------------------------------------------------------------------- */

/* A registration that a person begins, between their request and the disk. */
struct beginning {
	struct oscp_peer *peer;
	struct worker_job job;
	char url[401], token[OSCP_TOKEN_MAX + 1], file[65], actor[81];
	oscp_done done;
	void *arg;
};

static void begun(void *arg, int status, const char *why)
{
	struct beginning *b = arg;
	struct oscp_peer *p = b->peer;

	b->done(b->arg, status ? -1 : 0, why);
	if (status == 0 && !p->oscp->is_stopping && p->state == EVENT_OSCP_STATE_ASKING)
		ask(p);
	free(b);
}

static void write_given(void *arg)
{
	struct beginning *b = arg;

	if (oscp_token_write(b->peer->oscp->dir, b->token, b->file))
		b->file[0] = '\0';
}

static void given_written(void *arg)
{
	struct beginning *b = arg;
	struct oscp_peer *p = b->peer;

	if (!b->file[0] || p->oscp->is_stopping || oscp_is_registered(p)) {
		b->done(b->arg, -1,
			b->file[0] ? "something else happened to the registration meanwhile"
				   : "the token cannot be written to oscp/ in the data folder");
		free(b);
		return;
	}
	p->epoch++;
	p->token_in[0] = p->token_next[0] = '\0';
	set_token(p, b->token, b->file);
	set_url(p, b->url);
	move(p, EVENT_OSCP_STATE_ASKING, "its token and address were given to us", b->actor);
	record_then(p->oscp->core, begun, b);
}

/* We make TOKEN_A. */
static void offer(struct beginning *b, char token_a[OSCP_TOKEN_SIZE])
{
	struct oscp_peer *p = b->peer;

	secret_random(token_a, TOKEN_LENGTH);
	oscp_token_remove(p->oscp, p->token_file);
	p->epoch++;
	p->url[0] = p->token_next[0] = p->token_out[0] = p->token_file[0] = '\0';
	secret_hash(token_a, TOKEN_LENGTH, p->token_in);
	move(p, EVENT_OSCP_STATE_OFFERED, "a first token was made", b->actor);
	record_then(p->oscp->core, begun, b);
}

static const char *begin_fault(const struct oscp_peer *p, const char *url, const char *token)
{
	if (oscp_is_registered(p))
		return "it is registered already; remove it first to begin anew";
	if (!p->oscp->url[0])
		return "listen.console is off in depotd's file: the other could not reach us";
	if (!url != !token)
		return "give both, the other's address and the token that it made, or neither";
	if (url && url_fault(p, url))
		return url_fault(p, url);
	return token && !token_is_sound(token)
		       ? "the token must be 8 to 512 printable characters without blanks"
		       : NULL;
}

int oscp_register(struct oscp_peer *p, const char *url, const char *token, const char *actor,
	char token_a[OSCP_TOKEN_SIZE], oscp_done done, void *arg, char why[300])
{
	const char *fault = begin_fault(p, url, token);
	struct beginning *b = fault ? NULL : calloc(1, sizeof *b);

	if (!b) {
		snprintf(why, 300, "%s", fault ? fault : "no memory");
		return -1;
	}
	b->peer = p;
	b->done = done;
	b->arg = arg;
	snprintf(b->actor, sizeof b->actor, "%s", actor);
	token_a[0] = '\0';
	if (!token) {
		offer(b, token_a);
		return 0;
	}
	snprintf(b->url, sizeof b->url, "%s", url);
	snprintf(b->token, sizeof b->token, "%s", token);
	worker_do(files_worker(p->oscp->core->files), &b->job, write_given, given_written, b);
	return 0;
}

int oscp_end(struct oscp_peer *p, const char *actor, oscp_done done, void *arg, char why[300])
{
	if (p->state == EVENT_OSCP_STATE_ENDED) {
		snprintf(why, 300, "there is no registration with %.40s", p->row->id);
		return -1;
	}
	/* Best effort: it may know no DELETE, and be gone for good. */
	if (oscp_is_registered(p))
		oscp_send(p,
			&(struct oscp_out){.action = "register",
				.method = "DELETE",
				.actor = actor,
				.tries = 2},
			NULL);
	forget(p, "a person ended it", actor);
	record_then(p->oscp->core, done, arg);
	return 0;
}
