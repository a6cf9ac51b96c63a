#include "csms/station/v16_book.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/log.h"
#include "csms/record.h"

#define YEAR_2024      1704067200000LL
#define CLOSED_KEPT    64 /* closed transactions a station: retries of their messages are known */
#define ENTRIES_MAX    400 /* with open ones */
#define LEFT_MOST_MS   60000
#define START_VALID_MS 900000 /* stations give up a remote start much sooner (ConnectionTimeOut) */

struct v16_book *v16_book(struct station *s)
{
	if (!s->v16)
		s->v16 = calloc(1, sizeof *s->v16);
	return s->v16;
}

/* Seconds, so that numbers stay unique even when an older copy of the store is put back: 31 bits
 * last until 2092. */
int64_t v16_number(struct core *c)
{
	int64_t by_clock = (clock_wall().ms - YEAR_2024) / 1000;

	c->v16_newest = by_clock > c->v16_newest ? by_clock : c->v16_newest + 1;
	return c->v16_newest;
}

/* -- entries ---------------------------------------------------------------------------------- */

static void trim(struct v16_book *b)
{
	struct v16_entry *e, *tmp;
	int closed = 0;

	DL_FOREACH (b->entries, e)
		closed += !e->is_open;
	DL_FOREACH_SAFE (b->entries, e, tmp) {
		if (closed <= CLOSED_KEPT && b->count <= ENTRIES_MAX)
			return;
		if (e->is_open && b->count <= ENTRIES_MAX)
			continue;
		closed -= !e->is_open;
		b->count--;
		DL_DELETE(b->entries, e);
		free(e);
	}
}

static struct v16_entry *add(struct v16_book *b, int64_t number, int64_t connector, wall_t started)
{
	struct v16_entry *e = calloc(1, sizeof *e);

	if (!e)
		return NULL;
	trim(b);
	e->number = number;
	snprintf(e->id, sizeof e->id, "%" PRId64, number);
	e->connector = connector;
	e->started = started;
	e->last_seq = -1;
	e->is_open = true;
	DL_APPEND(b->entries, e);
	b->count++;
	return e;
}

static struct v16_entry *by_number(const struct v16_book *b, int64_t number)
{
	struct v16_entry *e;

	for (e = b->entries ? b->entries->prev : NULL; e; e = e == b->entries ? NULL : e->prev)
		if (e->number == number)
			return e;
	return NULL;
}

static void journal_number(
	struct core *c, const struct station *s, const struct v16_entry *e, bool adopted)
{
	struct arena *a = record_arena(c);
	struct event_v16_transaction_numbered *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->number = e->number;
	p->adopted = adopted;
	p->connector_id = e->connector;
	p->id_tag = adopted ? NULL : arena_strdup(a, e->tag);
	p->has_meter_start = e->has_meter_start;
	p->meter_start = e->meter_start;
	p->started = e->started;
	p->has_remote_start_id = e->has_remote_start;
	p->remote_start_id = e->remote_start;
	record_now(c, EVENT_V16_TRANSACTION_NUMBERED, "station", s->id, p, NULL, NULL);
}

#define CLOCK_SET_MS INT64_C(946684800000) /* 2000: an earlier time is that of a clock nobody set */

/* A retry. By a clock that nobody set each transaction begins at the same time: one that has been
 * stopped is not begun again then. */
static bool is_same_start(
	const struct v16_entry *e, const struct ocpp16_start_transaction_request *r)
{
	if (!e->is_open && r->timestamp.ms < CLOCK_SET_MS)
		return false;
	return e->connector == r->connector_id && e->has_meter_start &&
	       e->meter_start == r->meter_start && e->started.ms == r->timestamp.ms &&
	       strcmp(e->tag, r->id_tag) == 0;
}

/* The remote start that this transaction answers; the oldest that fits. */
static struct v16_start *match_start(struct v16_book *b, const char *tag, int64_t connector)
{
	struct v16_start *best = NULL;
	wall_t now = clock_wall();

	for (int i = 0; i < V16_STARTS_MAX; i++) {
		struct v16_start *k = &b->starts[i];

		if (!k->request_id || strcasecmp(k->tag, tag) != 0 ||
			(k->connector && connector && k->connector != connector) ||
			wall_diff_ms(now, k->at) > START_VALID_MS)
			continue;
		if (!best || k->at.ms < best->at.ms)
			best = k;
	}
	return best;
}

struct v16_entry *v16_book_start(
	struct core *c, struct station *s, const struct ocpp16_start_transaction_request *r)
{
	struct v16_book *b = v16_book(s);
	struct v16_entry *e;
	struct v16_start *asked;
	int64_t number;

	if (!b)
		return NULL;
	DL_FOREACH (b->entries, e)
		if (is_same_start(e, r))
			return e;
	do
		number = v16_number(c);
	while (by_number(b, number));
	e = add(b, number, r->connector_id, r->timestamp);
	if (!e)
		return NULL;
	snprintf(e->tag, sizeof e->tag, "%s", r->id_tag);
	e->has_meter_start = true;
	e->meter_start = r->meter_start;
	e->has_kind = true;
	e->kind = v16_kind_of(c, s, r->id_tag);
	asked = match_start(b, r->id_tag, r->connector_id);
	if (asked) {
		e->has_remote_start = true;
		e->remote_start = asked->request_id;
		asked->request_id = 0;
	}
	journal_number(c, s, e, false);
	return e;
}

/* The newest that had begun by then; an open one before a closed one. */
static struct v16_entry *by_time(const struct v16_book *b, int64_t connector, wall_t at)
{
	struct v16_entry *e, *best = NULL;

	DL_FOREACH (b->entries, e) {
		if (e->started.ms > at.ms || (connector && e->connector != connector))
			continue;
		if (!best || e->is_open > best->is_open ||
			(e->is_open == best->is_open && e->started.ms >= best->started.ms))
			best = e;
	}
	return best;
}

struct v16_entry *v16_book_find(
	struct core *c, struct station *s, int64_t number, int64_t connector, wall_t at)
{
	struct v16_book *b = v16_book(s);
	struct v16_entry *e = b ? by_number(b, number) : NULL;

	if (!b || e)
		return e;
	if (number <= 0)
		return by_time(b, connector, at);
	e = add(b, number, connector, at);
	if (!e)
		return NULL;
	e->last_seq = 0; /* its start is somebody else's: a gap that shows */
	log_info("station %s: transaction %" PRId64 " began before we knew it", s->id, number);
	journal_number(c, s, e, true);
	return e;
}

struct v16_entry *v16_book_open(const struct station *s, int64_t connector)
{
	struct v16_entry *e, *found = NULL;

	if (s->v16)
		DL_FOREACH (s->v16->entries, e)
			if (e->is_open && e->connector == connector)
				found = e;
	return found;
}

int64_t v16_entry_start_seq(struct v16_entry *e)
{
	if (e->last_seq < 0)
		e->last_seq = 0;
	return 0;
}

int64_t v16_entry_seq(struct v16_entry *e, uint64_t digest)
{
	if (e->last_seq < 0 || (e->is_open && digest != e->last_digest)) {
		e->last_seq++;
		e->last_digest = digest;
	}
	return e->last_seq;
}

enum ocpp201_id_token_enum v16_kind_of(
	const struct core *c, const struct station *s, const char *tag)
{
	static const enum ocpp201_id_token_enum kinds[] = {
		OCPP201_ID_TOKEN_ISO14443,
		OCPP201_ID_TOKEN_ISO15693,
		OCPP201_ID_TOKEN_CENTRAL,
		OCPP201_ID_TOKEN_LOCAL,
		OCPP201_ID_TOKEN_E_MAID,
		OCPP201_ID_TOKEN_KEY_CODE,
		OCPP201_ID_TOKEN_MAC_ADDRESS,
	};
	const struct v16_start *asked = s->v16 ? match_start(s->v16, tag, 0) : NULL;

	if (asked)
		return asked->kind;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (fleet_token(&c->fleet, ocpp201_id_token_enum.values[kinds[i]], tag))
			return kinds[i];
	return OCPP201_ID_TOKEN_ISO14443;
}

/* -- what was asked --------------------------------------------------------------------------- */

static void journal_asked(struct core *c, const struct station *s, const char *kind,
	int64_t request_id, const struct v16_start *start)
{
	struct arena *a = record_arena(c);
	struct event_v16_asked *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->kind = kind;
	p->request_id = request_id;
	if (start) {
		p->id_tag = arena_strdup(a, start->tag);
		p->token_type = ocpp201_id_token_enum.values[start->kind];
		p->has_connector_id = true;
		p->connector_id = start->connector;
	}
	record_now(c, EVENT_V16_ASKED, "station", s->id, p, NULL, NULL);
}

/* A free place, or that of the oldest. */
static struct v16_start *place(struct v16_book *b)
{
	struct v16_start *oldest = &b->starts[0];

	for (int i = 0; i < V16_STARTS_MAX; i++) {
		if (!b->starts[i].request_id)
			return &b->starts[i];
		if (b->starts[i].at.ms < oldest->at.ms)
			oldest = &b->starts[i];
	}
	return oldest;
}

void v16_book_asked_start(struct core *c, struct station *s, int64_t request_id,
	const struct ocpp201_id_token *token, int64_t connector)
{
	struct v16_book *b = v16_book(s);
	struct v16_start *k = b ? place(b) : NULL;

	if (!k)
		return;
	*k = (struct v16_start){
		.request_id = request_id,
		.kind = token->type,
		.connector = connector,
		.at = clock_wall(),
	};
	snprintf(k->tag, sizeof k->tag, "%s", token->id_token);
	journal_asked(c, s, "start", request_id, k);
}

void v16_book_asked_log(struct core *c, struct station *s, int64_t request_id)
{
	struct v16_book *b = v16_book(s);

	if (!b)
		return;
	b->log_request = request_id;
	journal_asked(c, s, "log", request_id, NULL);
}

void v16_book_asked_firmware(struct core *c, struct station *s, int64_t request_id)
{
	struct v16_book *b = v16_book(s);

	if (!b)
		return;
	b->firmware_request = request_id;
	journal_asked(c, s, "firmware", request_id, NULL);
}

void v16_book_drop_start(struct station *s, int64_t request_id)
{
	for (int i = 0; s->v16 && i < V16_STARTS_MAX; i++)
		if (s->v16->starts[i].request_id == request_id)
			s->v16->starts[i].request_id = 0;
}

/* -- at start and end ------------------------------------------------------------------------- */

void v16_book_restore(struct station *s, const struct db_v16_transaction *row, int64_t last_seq)
{
	struct v16_book *b = v16_book(s);
	struct v16_entry *e = b ? add(b, row->number, row->connector, row->started_at) : NULL;

	if (!e)
		return;
	snprintf(e->tag, sizeof e->tag, "%s", row->id_tag ? row->id_tag : "");
	e->has_meter_start = row->has_meter_start;
	e->meter_start = row->meter_start;
	e->is_open = row->open;
	e->last_seq = row->adopted && last_seq < 0 ? 0 : last_seq;
	e->has_remote_start = row->has_remote_start_id;
	e->remote_start = row->remote_start_id;
}

void v16_book_restore_freed(struct station *s, int64_t wait_ms)
{
	mono_t now = clock_mono();
	int64_t left_ms = wait_ms / 4 < LEFT_MOST_MS ? wait_ms / 4 : LEFT_MOST_MS;
	struct v16_entry *e;

	for (e = s->v16 ? s->v16->entries : NULL; e; e = e->next) {
		const struct evse *evse = station_evse(s, e->connector);
		const struct connector *k = evse ? &evse->connectors[0] : NULL;

		if (!e->is_open || !k || strcmp(k->status, "Available") != 0 ||
			(k->at.ms < e->started.ms && e->started.ms <= clock_wall().ms))
			continue; /* of before it; a clock that is ahead says nothing */
		e->freed = reading_of(0, k->at).mono;
		if (mono_diff_ms(now, e->freed) > wait_ms - left_ms)
			e->freed = mono_add_ms(now, left_ms - wait_ms);
	}
}

void v16_book_restore_asked(struct station *s, const struct db_v16_asked *row)
{
	struct v16_book *b = v16_book(s);
	int kind = row->token_type ? schema_enum_find(&ocpp201_id_token_enum, row->token_type) : -1;
	struct v16_start *k;

	if (!b)
		return;
	if (strcmp(row->kind, "log") == 0) {
		b->log_request = row->request_id;
	} else if (strcmp(row->kind, "firmware") == 0) {
		b->firmware_request = row->request_id;
	} else {
		k = place(b);
		*k = (struct v16_start){.request_id = row->request_id,
			.kind = kind < 0 ? OCPP201_ID_TOKEN_ISO14443
					 : (enum ocpp201_id_token_enum)kind,
			.connector = row->connector,
			.at = row->at};
		snprintf(k->tag, sizeof k->tag, "%s", row->id_tag ? row->id_tag : "");
	}
}

void v16_book_destroy(struct v16_book *b)
{
	struct v16_entry *e, *tmp;

	if (!b)
		return;
	DL_FOREACH_SAFE (b->entries, e, tmp)
		free(e);
	free(b);
}
