#include "csms/station/retry.h"
#include <stdlib.h>
#include <string.h>

#define REMEMBERED 8 /* messages of one station */
#define AGE_MS     120000 /* a retry on a new connection comes within this, or is none */

struct message {
	char id[OCPP_ID_SIZE]; /* "" none */
	uint64_t digest;
	int64_t at_ms, epoch; /* connection that asked last */
	char *reply; /* NULL: not answered yet; owned */
	size_t len;
	bool is_out;
};

struct retries {
	struct message items[REMEMBERED];
	int next; /* the oldest: the next to be overwritten */
};

struct retries *retries_create(void)
{
	return calloc(1, sizeof(struct retries));
}

static uint64_t digest(uint64_t h, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 1099511628211ull; /* FNV-1a */
	return h;
}

static void forget(struct message *m)
{
	free(m->reply);
	memset(m, 0, sizeof *m);
}

static struct message *find(struct retries *all, const char *id)
{
	for (int i = 0; i < REMEMBERED; i++)
		if (all->items[i].id[0] && strcmp(all->items[i].id, id) == 0)
			return &all->items[i];
	return NULL;
}

static enum retry_kind remember(
	struct retries *all, const char *id, uint64_t d, int64_t epoch, int64_t now_ms)
{
	struct message *m = find(all, id);

	if (!m) {
		m = &all->items[all->next];
		all->next = (all->next + 1) % REMEMBERED;
	}
	forget(m);
	strncpy(m->id, id, sizeof m->id - 1);
	m->digest = d;
	m->epoch = epoch;
	m->at_ms = now_ms;
	return RETRY_NEW;
}

enum retry_kind retry_take(struct retries *all, const char *id, const char *action,
	const char *payload, size_t len, bool renews, int64_t epoch, int64_t now_ms,
	struct retry_answer *out)
{
	uint64_t d =
		digest(digest(1469598103934665603ull, action, strlen(action) + 1), payload, len);
	struct message *m = find(all, id);

	if (!m || m->digest != d)
		return remember(all, id, d, epoch, now_ms);
	if (m->epoch != epoch && (renews || now_ms - m->at_ms > AGE_MS))
		return remember(all, id, d, epoch, now_ms);
	m->epoch = epoch;
	if (!m->reply || !m->is_out)
		return RETRY_WAITS;
	*out = (struct retry_answer){m->reply, m->len};
	return RETRY_ANSWERED;
}

bool retry_knows(struct retries *all, const char *id, const char *action, const char *payload,
	size_t len, int64_t epoch)
{
	struct message *m = find(all, id);

	return m && m->epoch == epoch &&
	       m->digest == digest(digest(1469598103934665603ull, action, strlen(action) + 1),
				    payload, len);
}

void retry_answered(struct retries *all, const char *id, const char *text, size_t len, bool is_out)
{
	struct message *m = find(all, id);

	if (!m)
		return;
	free(m->reply);
	m->reply = malloc(len + 1);
	if (!m->reply) {
		forget(m);
		return;
	}
	memcpy(m->reply, text, len);
	m->len = len;
	m->is_out = is_out;
}

bool retry_released(
	struct retries *all, const char *text, size_t len, bool is_durable, int64_t epoch)
{
	for (int i = 0; i < REMEMBERED; i++) {
		struct message *m = &all->items[i];

		if (!m->reply || m->is_out || m->len != len || memcmp(m->reply, text, len) != 0)
			continue;
		if (!is_durable) {
			forget(m);
			return false;
		}
		m->is_out = true;
		return m->epoch == epoch;
	}
	return false;
}

void retries_destroy(struct retries *all)
{
	if (!all)
		return;
	for (int i = 0; i < REMEMBERED; i++)
		free(all->items[i].reply);
	free(all);
}
