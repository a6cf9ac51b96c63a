#include "csms/api/self.h"

#include <stdio.h>
#include <string.h>

#include "csms/api/handlers_people.h"
#include "csms/people/people.h"
#include "csms/record.h"
#include "csms/station/refusal.h"
#include "csms/secret.h"

/* Their password, and unless the config says otherwise their second factor, is somebody else's affair. */
static bool is_ours(struct ask *k, const struct person *p, bool has_say)
{
	if (p->provider[0] == '\0' || has_say)
		return true;
	ask_problem(k, 409, NULL, "%s signs in with %s: this is done there", p->name, p->provider);
	return false;
}

static void *payload_new(struct core *c, size_t size)
{
	struct arena *a = record_arena(c);

	return a != NULL ? arena_alloc(a, size) : NULL;
}

/* The user who asks, or NULL after a 409. */
static struct person *self(struct ask *k)
{
	struct person *p = k->who.is_user ? people_find(k->api->people, k->who.name) : NULL;

	if (p == NULL || k->who.by != AUTH_SESSION)
		ask_problem(k, 409, NULL,
			"this is for users who are signed in; an administrator adds users");
	return k->who.by == AUTH_SESSION ? p : NULL;
}

void self_end_sessions(struct ask *k, const char *name, const char *except, const char *why)
{
	int ended = auth_end_all(k->api->auth, name, except);
	struct event_sessions_ended *e = ended > 0 ? payload_new(k->api->core, sizeof(*e)) : NULL;

	if (e == NULL)
		return;
	*e = (struct event_sessions_ended){.sessions = ended, .why = why};
	record_now(k->api->core, EVENT_SESSIONS_ENDED, "user", name, e, k->who.actor, NULL);
}

void sign_out_everywhere_post(struct ask *k)
{
	self_end_sessions(k, k->who.name, NULL, "signed out everywhere");
	ask_done(k, NULL);
}

/* -- password -------------------------------------------------------------------------------- */

static void password_stored(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	struct person *p = k->api != NULL ? people_find(k->api->people, k->who.name) : NULL;

	if (status == 0 && p != NULL) {
		snprintf(p->hash, sizeof(p->hash), "%s", (const char *)k->state);
		self_end_sessions(k, p->name, k->who.digest, "a new password");
	}
	ask_changed(k, status, why);
}

static void password_hashed(void *arg, bool ok, const char *hash, bool is_over)
{
	struct ask *k = arg;
	struct core *c;
	struct event_user_password_set *e;

	if (is_over || k->api == NULL || !ok) {
		ask_problem(k, 503, NULL, "the password was not changed; try again");
		return;
	}
	if (!auth_alive(k->api->auth, &k->who)) {
		ask_problem(k, 401, NULL, "this session was ended; sign in anew");
		return;
	}
	c = k->api->core;
	e = payload_new(c, sizeof(*e));
	k->state = arena_strdup(k->arena, hash);
	if (e == NULL || k->state == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	*e = (struct event_user_password_set){.password_hash = arena_strdup(record_arena(c), hash),
		.peer = arena_strdup(record_arena(c), k->peer)};
	record_now(c, EVENT_USER_PASSWORD_SET, "user", k->who.name, e, k->who.actor, NULL);
	record_then(c, password_stored, k);
}

static void hash_new(struct ask *k)
{
	const struct api_password_post *post = k->body;

	if (people_hash(k->api->people, post->new, password_hashed, k) != 0)
		ask_problem(k, 503, NULL, "too many sign in at once; try again in a second");
}

static void old_checked(void *arg, bool ok, const char *hash, bool is_over)
{
	struct ask *k = arg;

	if (is_over || k->api == NULL) {
		ask_problem(k, 503, NULL, "depotd is stopping");
	} else if (!ok) {
		auth_failed(k->api->auth, k->peer);
		people_failed(k->api->people, k->who.name, k->peer);
		ask_problem(k, 403, "old", "old: this is not the password");
	} else {
		hash_new(k);
	}
}

void password_post(struct ask *k)
{
	const struct api_password_post *post = k->body;
	struct person *p = self(k);

	if (p == NULL || !is_ours(k, p, false))
		return;
	if (!k->who.is_fresh && post->old == NULL) {
		ask_problem(k, 400, "old", "old: send the password that you have now");
		return;
	}
	if (strstr(post->new, p->name) != NULL) {
		ask_problem(k, 400, "new", "new: must not hold your name");
		return;
	}
	if (!k->who.is_fresh && auth_blocked(k->api->auth, k->peer)) {
		refusal_limit(k->api->core, LIMIT_SIGN_IN, k->peer);
		ask_problem(k, 429, NULL, "too many attempts from this address; wait a minute");
		return;
	}
	ask_hold(k);
	if (k->who.is_fresh)
		hash_new(k);
	else if (people_check(k->api->people, p->name, post->old, old_checked, k) != 0)
		ask_problem(k, 503, NULL, "too many sign in at once; try again in a second");
}

/* -- second factor --------------------------------------------------------------------------- */

static bool recovery_fits(struct ask *k, struct person *p, const char *code)
{
	struct event_user_recovery_used *e = payload_new(k->api->core, sizeof(*e));
	char digest[65];

	secret_digest(code, strlen(code), digest);
	for (int i = 0; i < p->code_count && e != NULL; i++) {
		if (strcmp(p->codes[i], digest) != 0)
			continue;
		memcpy(p->codes[i], p->codes[--p->code_count], sizeof(p->codes[i]));
		e->digest = arena_strdup(record_arena(k->api->core), digest);
		record_now(
			k->api->core, EVENT_USER_RECOVERY_USED, "user", p->name, e, "depotd", NULL);
		return true;
	}
	return false;
}

const char *self_factor_fits(struct ask *k, struct person *p, const char *code)
{
	unsigned char secret[SEAL_BYTES_MAX];
	int len = seal_get(people_seal(k->api->people), p->name, p->factor, secret);

	if (len == TOTP_SECRET &&
		totp_matches(secret, code, clock_wall().ms / 1000, &p->factor_used))
		return "factor";
	return recovery_fits(k, p, code) ? "recovery" : NULL;
}

void factor_offer_post(struct ask *k)
{
	struct person *p = self(k);
	char text[TOTP_SECRET_TEXT];

	if (p == NULL || !is_ours(k, p, k->api->core->config->people->totp_for_oidc))
		return;
	if (p->factor[0] != '\0') {
		ask_problem(k, 409, NULL, "there is a second factor; remove it first");
		return;
	}
	totp_secret(p->offered, text);
	p->is_offered = true;
	ask_reply(k, 200, &api_factor_offer_type,
		&(struct api_factor_offer){.secret = text,
			.url = arena_printf(k->arena,
				"otpauth://totp/depotd:%s?secret=%s&issuer=depotd", p->name,
				text)});
}

/* A second factor between its first code and its being on disk. */
struct taking {
	int64_t step;
	char sealed[SEAL_TEXT];
	char codes[PERSON_CODES][17], digests[PERSON_CODES][65];
};

static void factor_stored(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct taking *t = k->state;
	struct person *p = k->api != NULL ? people_find(k->api->people, k->who.name) : NULL;
	const char *codes[PERSON_CODES];

	if (status != 0 || p == NULL) {
		ask_changed(k, status != 0 ? status : -1, why);
		return;
	}
	memcpy(p->factor, t->sealed, sizeof(p->factor));
	memcpy(p->codes, t->digests, sizeof(p->codes));
	p->code_count = PERSON_CODES;
	p->is_offered = false;
	self_end_sessions(k, p->name, k->who.digest, "a second factor");
	for (int i = 0; i < PERSON_CODES; i++)
		codes[i] = t->codes[i];
	ask_reply(k, 200, &api_factor_reply_type,
		&(struct api_factor_reply){.recovery = {PERSON_CODES, codes}});
}

static void journal_factor(struct ask *k, const struct taking *t)
{
	struct core *c = k->api->core;
	struct arena *a = record_arena(c);
	struct event_user_factor_set *e = payload_new(c, sizeof(*e));
	const char **digests = a != NULL ? arena_alloc(a, sizeof(*digests) * PERSON_CODES) : NULL;

	if (e == NULL || digests == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (int i = 0; i < PERSON_CODES; i++)
		digests[i] = arena_strdup(a, t->digests[i]);
	e->sealed = arena_strdup(a, t->sealed);
	e->has_step = true;
	e->step = t->step;
	e->recovery = (struct schema_strings){PERSON_CODES, digests};
	ask_hold(k);
	record_now(c, EVENT_USER_FACTOR_SET, "user", k->who.name, e, k->who.actor, NULL);
	record_then(c, factor_stored, k);
}

void factor_put(struct ask *k)
{
	const struct api_factor_post *post = k->body;
	struct person *p = self(k);
	struct taking *t = arena_alloc(k->arena, sizeof(*t));

	if (p == NULL)
		return;
	if (!p->is_offered || t == NULL ||
		!totp_matches(p->offered, post->code, clock_wall().ms / 1000, &p->factor_used)) {
		ask_problem(k, 422, "code",
			"code: it does not fit; ask for a secret first, and look at the clock");
		return;
	}
	for (int i = 0; i < PERSON_CODES; i++) {
		secret_random(t->codes[i], 16); /* 95 bits */
		secret_digest(t->codes[i], 16, t->digests[i]);
	}
	if (seal_put(people_seal(k->api->people), p->name, p->offered, TOTP_SECRET, t->sealed) !=
		0) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	t->step = p->factor_used;
	k->state = t;
	journal_factor(k, t);
}

static void factor_removed(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	struct person *p = k->api != NULL ? people_find(k->api->people, k->who.name) : NULL;

	if (status == 0 && p != NULL) {
		p->factor[0] = '\0';
		p->code_count = 0;
	}
	ask_changed(k, status, why);
}

void factor_remove_post(struct ask *k)
{
	const struct api_factor_post *post = k->body;
	struct core *c = k->api->core;
	struct person *p = self(k);
	struct event_user_factor_set *e = payload_new(c, sizeof(*e));

	if (p == NULL)
		return;
	if (p->factor[0] == '\0' || e == NULL) {
		ask_problem(k, 409, NULL, "there is no second factor");
		return;
	}
	if (auth_blocked(k->api->auth, k->peer) || self_factor_fits(k, p, post->code) == NULL) {
		auth_failed(k->api->auth, k->peer);
		ask_problem(k, 403, "code", "code: it does not fit");
		return;
	}
	ask_hold(k);
	record_now(c, EVENT_USER_FACTOR_SET, "user", p->name, e, k->who.actor, NULL);
	record_then(c, factor_removed, k);
}
