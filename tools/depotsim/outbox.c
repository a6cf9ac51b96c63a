#include <stdlib.h>
#include <string.h>
#include "ocpp/callerror.h"
#include "tools/depotsim/outbox.h"

void outbox_init(struct outbox *o, struct ocpp_message_ids *ids)
{
	memset(o, 0, sizeof *o);
	o->ids = ids;
}

void outbox_item_free(struct outbox_item *it)
{
	if (!it)
		return;
	free(it->payload);
	free(it);
}

struct outbox_item *outbox_push(
	struct outbox *o, enum outbox_kind kind, const char *action, char *payload, bool online)
{
	struct outbox_item *it = payload ? calloc(1, sizeof *it) : NULL;
	if (!it) {
		free(payload);
		return NULL;
	}
	it->kind = kind;
	it->action = action;
	it->payload = payload;
	it->offline = !online;
	if (o->last)
		o->last->next = it;
	else
		o->first = it;
	o->last = it;
	if (kind == OUTBOX_TRANSACTION)
		o->waiting++;
	return it;
}

static void push_front(struct outbox *o, struct outbox_item *it)
{
	it->next = o->first;
	o->first = it;
	if (!o->last)
		o->last = it;
}

static struct outbox_item *unlink_after(struct outbox *o, struct outbox_item *before)
{
	struct outbox_item *it = before ? before->next : o->first;
	if (before)
		before->next = it->next;
	else
		o->first = it->next;
	if (o->last == it)
		o->last = before;
	it->next = NULL;
	return it;
}

static bool may_go(const struct outbox_item *it, bool accepted)
{
	return accepted || it->kind == OUTBOX_BOOT || it->kind == OUTBOX_TRIGGERED;
}

/* In order, but transaction messages that wait for their repetition, or that are a backlog from
 * offline times, let all others pass (E12: the Heartbeat comes first). */
static struct outbox_item *pick(struct outbox *o, bool accepted, int64_t now_ms)
{
	struct outbox_item *before = NULL, *backlog_before = NULL;
	bool held = false, backlog = false;
	for (struct outbox_item *it = o->first; it; before = it, it = it->next) {
		if (!may_go(it, accepted))
			continue;
		if (it->kind != OUTBOX_TRANSACTION)
			return unlink_after(o, before);
		if (held || it->not_before_ms > now_ms) {
			held = true;
		} else if (!it->offline && !backlog) {
			return unlink_after(o, before);
		} else if (!backlog) {
			backlog = true;
			backlog_before = before;
		}
	}
	return backlog ? unlink_after(o, backlog_before) : NULL;
}

bool outbox_send_next(
	struct outbox *o, bool accepted, int64_t now_ms, int64_t timeout_ms, struct text *frame)
{
	if (o->sent)
		return false;
	struct outbox_item *it = pick(o, accepted, now_ms);
	if (!it)
		return false;
	/* A repetition keeps its id (errata 2024-09); after a reconnection it gets a new one. */
	if (!it->id[0])
		ocpp_message_ids_next(o->ids, now_ms, it->id);
	it->attempts++;
	if (it->kind == OUTBOX_TRANSACTION && it->offline) {
		struct text marked;
		text_init(&marked, 0);
		text_puts(&marked, "{\"offline\":true,");
		text_puts(&marked, it->payload + 1);
		ocpp_write_call(frame, it->id, it->action, text_ok(&marked) ? marked.data : NULL);
		text_finish(&marked);
	} else {
		ocpp_write_call(frame, it->id, it->action, it->payload);
	}
	o->sent = it;
	o->deadline_ms = now_ms + timeout_ms;
	return true;
}

static struct outbox_item *take_sent(struct outbox *o)
{
	struct outbox_item *it = o->sent;
	o->sent = NULL;
	if (it->kind == OUTBOX_TRANSACTION)
		o->waiting--;
	return it;
}

struct outbox_item *outbox_take_answered(struct outbox *o, const char *id)
{
	if (!o->sent || strcmp(o->sent->id, id) != 0)
		return NULL;
	return take_sent(o);
}

struct outbox_item *outbox_take_overdue(struct outbox *o, int64_t now_ms)
{
	if (!o->sent || now_ms < o->deadline_ms)
		return NULL;
	return take_sent(o);
}

void outbox_refused(struct outbox *o, struct outbox_item *it, int max_attempts, int64_t interval_ms,
	int64_t now_ms)
{
	if (it->kind == OUTBOX_TRANSACTION && it->attempts < max_attempts) {
		it->not_before_ms = now_ms + interval_ms * it->attempts; /* E13.FR.03 */
		push_front(o, it);
		o->waiting++;
		return;
	}
	if (it->kind == OUTBOX_TRANSACTION)
		o->discarded++;
	outbox_item_free(it);
}

void outbox_disconnected(struct outbox *o)
{
	if (o->sent) {
		push_front(o, o->sent);
		o->sent = NULL;
	}
	struct outbox_item *before = NULL;
	for (struct outbox_item *it = o->first; it;) {
		if (it->kind != OUTBOX_TRANSACTION) {
			outbox_item_free(unlink_after(o, before));
			it = before ? before->next : o->first;
			continue;
		}
		it->offline = true; /* E11.FR.07 */
		it->id[0] = '\0';
		it->attempts = 0;
		it->not_before_ms = 0;
		before = it;
		it = it->next;
	}
}

int outbox_waiting(const struct outbox *o, const char *transaction)
{
	if (!transaction)
		return o->waiting;
	int n = o->sent && strcmp(o->sent->transaction, transaction) == 0;
	for (const struct outbox_item *it = o->first; it; it = it->next)
		n += it->kind == OUTBOX_TRANSACTION && strcmp(it->transaction, transaction) == 0;
	return n;
}

void outbox_finish(struct outbox *o)
{
	outbox_item_free(o->sent);
	while (o->first)
		outbox_item_free(unlink_after(o, NULL));
	o->sent = NULL;
}
