#include "csms/station/report.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/command.h"
#include "csms/station/device.h"
#include "csms/log.h"
#include "csms/station/flood.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "db/query_device.h"

#define PARTS_MAX   10000 /* of one report */
#define BYTES_MAX   (16u << 20) /* of one report */
#define REPORTS_MAX 16 /* of one station at a time */
#define DAY_MS      86400e3

/* What is here of a report; the words themselves are in the store. */
struct report {
	struct report *prev, *next;
	struct core *core;
	struct station *station;
	enum event_report_kind kind;
	int64_t request_id;
	int64_t count, last; /* last: number of the last part, -1 not there yet */
	size_t bytes;
	uint64_t first_digest; /* of part 0; 0: not here, or of before the start */
	bool is_dropped; /* too big: the rest of it is answered and not kept */
	struct timer timer;
	unsigned char seen[PARTS_MAX / 8];
};

/* The message of each kind, and what asks for all of it (-1: nothing does). */
static const struct {
	int action, asks_all;
	const char *name;
} kinds[] = {
	[EVENT_REPORT_KIND_INVENTORY] = {OCPP201_NOTIFY_REPORT, OCPP201_GET_BASE_REPORT,
		"inventory"},
	[EVENT_REPORT_KIND_MONITORING] = {OCPP201_NOTIFY_MONITORING_REPORT,
		OCPP201_GET_MONITORING_REPORT, "monitoring"},
	[EVENT_REPORT_KIND_PROFILES] = {OCPP201_REPORT_CHARGING_PROFILES,
		OCPP201_GET_CHARGING_PROFILES, "charging profile"},
	[EVENT_REPORT_KIND_DISPLAYS] = {OCPP201_NOTIFY_DISPLAY_MESSAGES,
		OCPP201_GET_DISPLAY_MESSAGES, "display"},
	[EVENT_REPORT_KIND_CUSTOMER] = {OCPP201_NOTIFY_CUSTOMER_INFORMATION, -1, "customer"},
};

static bool has_part(const struct report *r, int64_t seq_no)
{
	return r->seen[seq_no / 8] >> (seq_no % 8) & 1;
}

static void note_part(struct report *r, int64_t seq_no, size_t bytes, bool is_last)
{
	if (!has_part(r, seq_no))
		r->count++;
	r->seen[seq_no / 8] |= (unsigned char)(1 << seq_no % 8);
	r->bytes += bytes;
	if (is_last && seq_no > r->last)
		r->last = seq_no;
}

/* Nothing is missing between number `from` and the last one. */
static bool is_whole(const struct report *r, int64_t from)
{
	for (int64_t i = from; i <= r->last; i++)
		if (!has_part(r, i))
			return false;
	return r->last >= from;
}

/* Some stations count from 1, or send a whole report as number 2: what came is one row of numbers
 * up to the last. */
static bool is_unbroken(const struct report *r)
{
	int64_t from = r->last - r->count + 1;

	return from > 0 && is_whole(r, from);
}

/* -- life ------------------------------------------------------------------------------------- */

static struct report *find(const struct station *s, enum event_report_kind kind, int64_t request_id)
{
	struct report *r;

	DL_FOREACH (s->reports, r)
		if (r->kind == kind && r->request_id == request_id)
			return r;
	return NULL;
}

static struct report *open_report(
	struct core *c, struct station *s, enum event_report_kind kind, int64_t request_id)
{
	struct report *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->core = c;
	r->station = s;
	r->kind = kind;
	r->request_id = request_id;
	r->last = -1;
	DL_APPEND(s->reports, r);
	return r;
}

static void close_report(struct report *r)
{
	timer_stop(r->core->timers, &r->timer);
	DL_DELETE(r->station->reports, r);
	free(r);
}

void reports_forget(struct station *s)
{
	while (s->reports)
		close_report(s->reports);
}

static void sign(struct report *r, bool is_last)
{
	const struct command_sign s = {.kind = SIGN_REPORT,
		.action = kinds[r->kind].action,
		.request_id = r->request_id,
		.is_last = is_last};

	command_sign(r->core, r->station, &s);
}

static void journal_end(struct report *r, enum event_report_outcome outcome)
{
	struct arena *a = record_arena(r->core);
	struct event_report_ended *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->kind = r->kind;
	p->request_id = r->request_id;
	p->outcome = outcome;
	record_now(r->core, EVENT_REPORT_ENDED, "station", r->station->id, p, NULL, NULL);
	log_info("station %s: %s report %lld %s after %lld parts", r->station->id,
		kinds[r->kind].name, (long long)r->request_id,
		event_report_outcome_enum.values[outcome], (long long)r->count);
}

static void on_late(void *arg)
{
	struct report *r = arg;
	bool settles = is_unbroken(r) && !r->is_dropped;

	if (!r->is_dropped)
		journal_end(
			r, settles ? EVENT_REPORT_OUTCOME_SETTLED : EVENT_REPORT_OUTCOME_EXPIRED);
	if (settles)
		sign(r, true);
	close_report(r);
}

/* Each part gives the next one its time anew. */
static void wait_on(struct report *r)
{
	const struct config_device *cfg = r->core->config->device;
	int64_t s = is_unbroken(r) ? cfg->report_settle_s : cfg->report_expire_s;

	timer_start(r->core->timers, &r->timer, s * 1000, on_late, r);
}

static void drop(struct report *r)
{
	log_warn("station %s: %s report %lld is more than is kept (%d parts, %u bytes): dropped",
		r->station->id, kinds[r->kind].name, (long long)r->request_id, PARTS_MAX,
		BYTES_MAX);
	journal_end(r, EVENT_REPORT_OUTCOME_DROPPED);
	r->is_dropped = true;
}

/* Makes room: of too many at a time the oldest goes. */
static struct report *begin(
	struct core *c, struct station *s, enum event_report_kind kind, int64_t request_id)
{
	struct report *r;
	int count;

	DL_COUNT(s->reports, r, count);
	if (count >= REPORTS_MAX) {
		if (!s->reports->is_dropped)
			journal_end(s->reports, EVENT_REPORT_OUTCOME_EXPIRED);
		close_report(s->reports);
	}
	return open_report(c, s, kind, request_id);
}

/* -- parts ------------------------------------------------------------------------------------ */

static uint64_t digest(const char *s)
{
	uint64_t h = 1469598103934665603ull; /* FNV-1a */

	while (*s)
		h = (h ^ (unsigned char)*s++) * 1099511628211ull;
	return h;
}

/* Number 0 again with other words: a new report under an old number. */
static void begin_anew(struct report *r, int64_t seq_no, const char *items)
{
	uint64_t d = digest(items);

	if (seq_no != 0)
		return;
	if (r->first_digest && d != r->first_digest) {
		memset(r->seen, 0, sizeof r->seen);
		r->count = 0;
		r->bytes = 0;
		r->last = -1;
		r->is_dropped = false;
	}
	r->first_digest = d;
}

/* All of the kind was asked for under this number, by depotd or a person. */
static bool replaces(struct exchange *x, enum event_report_kind kind, int64_t request_id)
{
	int asks = kinds[kind].asks_all;
	const struct command *k;
	struct command_view v;
	struct schema_error err;
	const void *request;

	k = asks < 0 ? NULL : command_by_request(x->core, x->station, asks, request_id);
	if (!k)
		return false;
	command_look(k, &v);
	request = schema_decode(
		ocpp201_actions[asks].request, v.payload, strlen(v.payload), x->arena, &err);
	return request && device_asks_all(asks, request);
}

static bool journal(struct exchange *x, enum event_report_kind kind, int64_t request_id,
	int64_t seq_no, bool is_last, wall_t at, const char *items)
{
	struct event_report_part *p = arena_alloc(x->arena, sizeof *p);
	struct db_event e = {
		.stream = arena_printf(x->arena, "station/%s", x->station->id),
		.expect_version = DB_ANY_VERSION,
		.type = EVENT_REPORT_PART,
		.payload = p,
		.at = at.ms && at.ms < x->received.ms ? at : x->received,
		.received = x->received,
		.cause = arena_strdup(x->arena, x->message_id),
		.actor = arena_printf(x->arena, "station:%s", x->station->id),
	};

	if (!p || !e.stream || !e.cause || !e.actor)
		return false;
	p->kind = kind;
	p->request_id = request_id;
	p->has_seq_no = seq_no >= 0;
	p->seq_no = seq_no;
	p->is_last = is_last;
	p->replaces = replaces(x, kind, request_id);
	p->items = items;
	record_event(x->core, &e);
	return true;
}

/* Is there room for so much more of this station? A day's measure at once, and again over a day: what
 * it leaves behind is bounded, whether somebody asked for it or not. */
static bool has_room(struct core *c, struct station *s, size_t bytes)
{
	double most = (double)(c->config->limits->report_mb_per_day << 20), left = most;
	mono_t now = clock_mono();

	if (s->report_room.filled.us)
		left = fmin(most,
			s->report_room.left +
				most * (double)mono_diff_ms(now, s->report_room.filled) / DAY_MS);
	s->report_room.filled = now;
	s->report_room.left = left;
	if ((double)bytes > left)
		return false;
	s->report_room.left -= (double)bytes;
	return true;
}

/* No line for each, as such a station may begin as many as it likes. */
static void refuse(struct core *c, struct station *s, struct report *r)
{
	if (r->count)
		drop(r);
	r->is_dropped = true;
	flood_reached(c, s, LIMIT_REPORT_BYTES,
		"It reported more of itself than %lld MB a day: what is above is answered, and not kept.",
		(long long)c->config->limits->report_mb_per_day);
}

bool report_part(struct exchange *x, enum event_report_kind kind, int64_t request_id,
	int64_t seq_no, bool is_last, wall_t generated_at, const char *items)
{
	struct report *r = find(x->station, kind, request_id);
	int64_t number;

	if (!items)
		items = "[]";
	if (!r)
		r = begin(x->core, x->station, kind, request_id);
	if (!r)
		return false;
	begin_anew(r, seq_no, items);
	number = seq_no < 0 ? r->count : seq_no;
	if (!r->is_dropped && (number >= PARTS_MAX || r->bytes + strlen(items) > BYTES_MAX))
		drop(r);
	if (!r->is_dropped && !has_room(x->core, x->station, strlen(items)))
		refuse(x->core, x->station, r);
	if (!r->is_dropped) {
		if (!journal(x, kind, request_id, seq_no, is_last, generated_at, items))
			return false;
		note_part(r, number, strlen(items), is_last);
	}
	if (r->is_dropped || !is_whole(r, 0)) {
		wait_on(r);
		sign(r, false);
		return true;
	}
	sign(r, true);
	close_report(r);
	return true;
}

const char *report_items(
	struct arena *a, const struct schema_struct *type, const void *items, size_t count)
{
	struct text t;
	const char *out = NULL;

	text_init(&t, 0);
	text_putc(&t, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			text_putc(&t, ',');
		if (schema_encode(type, (const char *)items + i * type->size, &t) < 0)
			break;
	}
	text_putc(&t, ']');
	if (text_ok(&t))
		out = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	return out;
}

/* -- start ------------------------------------------------------------------------------------ */

static void put_part(struct core *c, const struct db_report_part *row)
{
	struct station *s = fleet_station(&c->fleet, row->station);
	int kind = schema_enum_find(&event_report_kind_enum, row->kind);
	struct report *r;

	if (!s || kind < 0 || row->seq_no < 0 || row->seq_no >= PARTS_MAX)
		return;
	r = find(s, kind, row->request_id);
	if (!r)
		r = begin(c, s, kind, row->request_id);
	if (!r)
		return;
	note_part(r, row->seq_no, (size_t)row->bytes, row->is_last);
	wait_on(r);
}

static void read_parts(struct db_reader *db, void *arg)
{
	struct stored *w = arg;
	struct db_report_part_list list = {0};

	if (db_query_report_parts(db, w->arena, &list))
		w->failed = true;
	for (size_t i = 0; i < list.count; i++)
		put_part(w->core, &list.items[i]);
}

int reports_restore(struct core *c, char why[300])
{
	return stored_read(c, read_parts, NULL, "reports", why);
}
