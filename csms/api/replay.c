/*
 * Replays: a command with an Idempotency-Key is done once. The first answer is kept for an hour and
 * given again; while the first is under way the second gets 409. In memory: what must survive a
 * restart stands in the journal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "csms/api/ask.h"

#define REPLAYS_MAX  1000
#define REPLAY_BYTES 65536 /* longer answers are not kept */
#define REPLAY_MS    3600000

struct answer {
	char key[200]; /* actor and Idempotency-Key */
	const void *ask; /* under way; NULL: answered */
	char digest[65];
	int64_t at_ms;
	int status;
	char content_type[60];
	char *body;
	size_t len;
	UT_hash_handle hh;
};

struct replay {
	struct answer *answers;
};

struct replay *replay_create(void)
{
	return calloc(1, sizeof(struct replay));
}

static void answer_free(struct replay *r, struct answer *a)
{
	HASH_DEL(r->answers, a);
	free(a->body);
	free(a);
}

/* Answers stand in order of age: the old ones are in front. */
static void prune(struct replay *r, int64_t now)
{
	while (r->answers != NULL &&
		(HASH_COUNT(r->answers) >= REPLAYS_MAX || now - r->answers->at_ms > REPLAY_MS))
		answer_free(r, r->answers);
}

bool replay_begin(struct replay *r, struct ask *k)
{
	int64_t now = clock_mono().us / 1000;
	struct answer *a = NULL;
	char key[200];

	if (k->idem[0] == '\0')
		return true;
	prune(r, now);
	snprintf(key, sizeof(key), "%s\n%s", k->who.actor, k->idem);
	HASH_FIND_STR(r->answers, key, a);
	if (a == NULL) {
		if ((a = calloc(1, sizeof(*a))) == NULL)
			return true;
		snprintf(a->key, sizeof(a->key), "%s", key);
		snprintf(a->digest, sizeof(a->digest), "%s", k->digest);
		a->ask = k;
		a->at_ms = now;
		HASH_ADD_STR(r->answers, key, a);
		k->is_once = true;
		return true;
	}
	if (strcmp(a->digest, k->digest) != 0)
		ask_problem(k, 409, "idempotency-key",
			"this Idempotency-Key was used for another command; make a new one");
	else if (a->ask != NULL)
		ask_problem(k, 409, "idempotency-key",
			"the command with this Idempotency-Key is still under way");
	else
		ask_reply_text(k, a->status, a->content_type, a->body, a->len);
	return false;
}

void replay_end(struct replay *r, const struct ask *k, int status, const char *content_type,
	const char *body, size_t len)
{
	struct answer *a = NULL;
	char key[200];

	snprintf(key, sizeof(key), "%s\n%s", k->who.actor, k->idem);
	HASH_FIND_STR(r->answers, key, a);
	if (a == NULL || a->ask != k)
		return;
	if (status >= 300 || len > REPLAY_BYTES || (a->body = malloc(len + 1)) == NULL) {
		answer_free(r, a);
		return;
	}
	memcpy(a->body, body, len);
	a->len = len;
	a->status = status;
	a->ask = NULL;
	snprintf(a->content_type, sizeof(a->content_type), "%s", content_type);
}

void replay_destroy(struct replay *r)
{
	if (r == NULL)
		return;
	while (r->answers != NULL)
		answer_free(r, r->answers);
	free(r);
}
