#include "scheduler/envelope.h"

#include <stdlib.h>
#include <string.h>

/* -- life ------------------------------------------------------------------------------------- */

#define NO    0 /* cannot happen; states are stored one higher */
#define TO(s) (ENVELOPE_##s + 1)

/* clang-format off */
static const unsigned char moves[ENVELOPE_STATE_COUNT][ENVELOPE_EVENT_COUNT] = {
	/*                       ACCEPT       KEEP          BEGIN       REST         SILENCE          VOICE         END          WITHDRAW       REFUSE */
	[ENVELOPE_RECEIVED]    = {TO(PENDING), TO(ELIGIBLE), NO,         NO,          NO,              NO,           TO(EXPIRED), TO(WITHDRAWN), TO(REFUSED)},
	[ENVELOPE_PENDING]     = {NO,          NO,           TO(ACTIVE), NO,          NO,              NO,           TO(EXPIRED), TO(WITHDRAWN), TO(REFUSED)},
	[ENVELOPE_ACTIVE]      = {NO,          NO,           NO,         TO(PENDING), NO,              NO,           TO(EXPIRED), TO(WITHDRAWN), TO(REFUSED)},
	[ENVELOPE_ELIGIBLE]    = {NO,          NO,           NO,         NO,          TO(IN_FALLBACK), NO,           TO(EXPIRED), TO(WITHDRAWN), NO},
	[ENVELOPE_IN_FALLBACK] = {NO,          NO,           NO,         NO,          NO,              TO(ELIGIBLE), TO(EXPIRED), TO(WITHDRAWN), NO},
	[ENVELOPE_EXPIRED]     = {NO,          NO,           NO,         NO,          NO,              NO,           NO,          NO,            NO},
	[ENVELOPE_WITHDRAWN]   = {NO,          NO,           NO,         NO,          NO,              NO,           NO,          NO,            NO},
	[ENVELOPE_REFUSED]     = {NO,          NO,           NO,         NO,          NO,              NO,           NO,          NO,            NO},
};
/* clang-format on */

static const char *const kind_names[] = {
	[ENVELOPE_LIMIT] = "limit",
	[ENVELOPE_FALLBACK] = "fallback",
};

static const char *const state_names[] = {
	[ENVELOPE_RECEIVED] = "received",
	[ENVELOPE_PENDING] = "pending",
	[ENVELOPE_ACTIVE] = "active",
	[ENVELOPE_ELIGIBLE] = "fallback-eligible",
	[ENVELOPE_IN_FALLBACK] = "fallback",
	[ENVELOPE_EXPIRED] = "expired",
	[ENVELOPE_WITHDRAWN] = "withdrawn",
	[ENVELOPE_REFUSED] = "refused",
};

static const char *const event_names[] = {
	[ENVELOPE_ACCEPT] = "accept",
	[ENVELOPE_KEEP] = "keep",
	[ENVELOPE_BEGIN] = "begin",
	[ENVELOPE_REST] = "rest",
	[ENVELOPE_SILENCE] = "silence",
	[ENVELOPE_VOICE] = "voice",
	[ENVELOPE_END] = "end",
	[ENVELOPE_WITHDRAW] = "withdraw",
	[ENVELOPE_REFUSE] = "refuse",
};

const char *envelope_kind_name(enum envelope_kind k)
{
	return kind_names[k];
}

const char *envelope_state_name(enum envelope_state s)
{
	return state_names[s];
}

const char *envelope_event_name(enum envelope_event e)
{
	return event_names[e];
}

int envelope_next(enum envelope_state s, enum envelope_event e)
{
	return (int)moves[s][e] - 1;
}

bool envelope_is_over(enum envelope_state s)
{
	return s == ENVELOPE_EXPIRED || s == ENVELOPE_WITHDRAWN || s == ENVELOPE_REFUSED;
}

/* -- blocks ----------------------------------------------------------------------------------- */

static int by_start(const void *x, const void *y)
{
	const struct envelope_block *a = x, *b = y;

	return (a->start_ms > b->start_ms) - (a->start_ms < b->start_ms);
}

static bool is_sound(const struct envelope_block *b)
{
	const struct grid_bound *l = &b->bound;

	return b->end_ms > b->start_ms && l->import_w >= 0 && l->export_w >= 0 &&
	       l->phase_ma >= 0 &&
	       (l->import_w != GRID_NO_LIMIT || l->export_w != GRID_NO_LIMIT ||
		       l->phase_ma != GRID_NO_LIMIT);
}

int envelope_blocks_order(struct envelope_block *b, int count, int *bad)
{
	*bad = 0;
	if (count < 1 || count > ENVELOPE_BLOCKS_MAX)
		return -1;
	for (int i = 0; i < count; i++)
		if (!is_sound(&b[i])) {
			*bad = i;
			return -1;
		}
	qsort(b, (size_t)count, sizeof *b, by_start);
	for (int i = 1; i < count; i++)
		if (b[i].start_ms < b[i - 1].end_ms) {
			*bad = i;
			return -1;
		}
	return 0;
}

/* Makes two of the block that `at` lies within. */
static int split(struct envelope_block *b, int count, int64_t at)
{
	for (int i = 0; i < count; i++) {
		if (b[i].start_ms >= at || b[i].end_ms <= at)
			continue;
		memmove(&b[i + 1], &b[i], (size_t)(count - i) * sizeof *b);
		b[i].end_ms = b[i + 1].start_ms = at;
		return count + 1;
	}
	return count;
}

/* What `by` limits, `b` does no more. False: nothing is left of it. */
static bool give_way(struct grid_bound *b, const struct grid_bound *by)
{
	if (by->import_w != GRID_NO_LIMIT)
		b->import_w = GRID_NO_LIMIT;
	if (by->export_w != GRID_NO_LIMIT)
		b->export_w = GRID_NO_LIMIT;
	if (by->phase_ma != GRID_NO_LIMIT)
		b->phase_ma = GRID_NO_LIMIT;
	return b->import_w != GRID_NO_LIMIT || b->export_w != GRID_NO_LIMIT ||
	       b->phase_ma != GRID_NO_LIMIT;
}

/* Do both say something of the same: import, export, the current of the phases? */
static bool share(const struct grid_bound *a, const struct grid_bound *b)
{
	return (a->import_w != GRID_NO_LIMIT && b->import_w != GRID_NO_LIMIT) ||
	       (a->export_w != GRID_NO_LIMIT && b->export_w != GRID_NO_LIMIT) ||
	       (a->phase_ma != GRID_NO_LIMIT && b->phase_ma != GRID_NO_LIMIT);
}

static bool takes_something(
	const struct envelope_block *b, int count, const struct envelope_block *by)
{
	for (int i = 0; i < count; i++)
		if (b[i].start_ms < by->end_ms && b[i].end_ms > by->start_ms &&
			share(&b[i].bound, &by->bound))
			return true;
	return false;
}

int envelope_blocks_replace(struct envelope_block *b, int count, const struct envelope_block *by)
{
	int n = 0;

	if (by->start_ms >= by->end_ms || !takes_something(b, count, by))
		return count;
	count = split(b, count, by->start_ms);
	count = split(b, count, by->end_ms);
	for (int i = 0; i < count; i++) {
		bool is_within = b[i].start_ms >= by->start_ms && b[i].end_ms <= by->end_ms;

		if (!is_within || give_way(&b[i].bound, &by->bound))
			b[n++] = b[i];
	}
	return n;
}

/* The block that runs at `at` or, if none does, NULL. */
static const struct envelope_block *running(const struct envelope *e, int64_t at)
{
	int low = 0, high = e->count;

	while (low < high) {
		int mid = low + (high - low) / 2;

		if (e->blocks[mid].end_ms <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low < e->count && e->blocks[low].start_ms <= at ? &e->blocks[low] : NULL;
}

int envelope_due(const struct envelope *e, int64_t now)
{
	bool runs = running(e, now) != NULL;
	int event = -1;

	if (e->count == 0 || e->blocks[e->count - 1].end_ms <= now)
		event = ENVELOPE_END;
	else if (e->state == ENVELOPE_PENDING && runs)
		event = ENVELOPE_BEGIN;
	else if (e->state == ENVELOPE_ACTIVE && !runs)
		event = ENVELOPE_REST;
	else if (e->state == ENVELOPE_ELIGIBLE && runs && e->is_silent)
		event = ENVELOPE_SILENCE;
	else if (e->state == ENVELOPE_IN_FALLBACK && !(runs && e->is_silent))
		event = ENVELOPE_VOICE;
	return event >= 0 && envelope_next(e->state, (enum envelope_event)event) >= 0 ? event : -1;
}

int64_t envelope_next_edge(const struct envelope *e, int64_t now)
{
	for (int i = 0; i < e->count; i++) {
		if (e->blocks[i].start_ms > now)
			return e->blocks[i].start_ms;
		if (e->blocks[i].end_ms > now)
			return e->blocks[i].end_ms;
	}
	return INT64_MAX;
}

/* -- what counts ------------------------------------------------------------------------------ */

static bool counts(const struct envelope *e)
{
	switch (e->state) {
	case ENVELOPE_PENDING:
	case ENVELOPE_ACTIVE:
		return true;
	case ENVELOPE_ELIGIBLE:
	case ENVELOPE_IN_FALLBACK:
		return e->is_silent;
	default:
		return false;
	}
}

const struct envelope_block *envelope_block_at(const struct envelope *e, int64_t at)
{
	return e->node >= 0 && counts(e) ? running(e, at) : NULL;
}

int32_t envelope_value(const struct grid_bound *b, enum envelope_quantity q)
{
	return q == ENVELOPE_IMPORT   ? b->import_w
	       : q == ENVELOPE_EXPORT ? b->export_w
				      : b->phase_ma;
}

static int32_t own_word(const struct envelope *e, enum envelope_quantity q, int64_t at)
{
	const struct envelope_block *b = envelope_block_at(e, at);

	return b ? envelope_value(&b->bound, q) : GRID_NO_LIMIT;
}

int32_t envelope_says(const struct envelope *const *list, int n, int i, enum envelope_quantity q,
	int64_t at, int *by)
{
	const struct envelope *e = list[i];
	int32_t w = own_word(e, q, at);

	if (by)
		*by = -1;
	for (int j = 0; w != GRID_NO_LIMIT && j < n; j++) {
		const struct envelope *o = list[j];

		if (o->node != e->node || o->owner != e->owner || o->kind != e->kind ||
			o->priority <= e->priority || own_word(o, q, at) == GRID_NO_LIMIT)
			continue;
		if (by)
			*by = j;
		return GRID_NO_LIMIT;
	}
	return w;
}

int envelope_winner(const struct envelope *const *list, int n, int node, enum envelope_quantity q,
	int64_t at, int32_t *value)
{
	int best = -1;

	*value = GRID_NO_LIMIT;
	for (int i = 0; i < n; i++) {
		int32_t w = list[i]->node == node ? envelope_says(list, n, i, q, at, NULL)
						  : GRID_NO_LIMIT;

		if (w == GRID_NO_LIMIT || w > *value ||
			(best >= 0 && w == *value &&
				list[i]->received_ms >= list[best]->received_ms))
			continue;
		best = i;
		*value = w;
	}
	return best;
}
