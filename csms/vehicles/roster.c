#include "csms/vehicles/roster.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "csms/log.h"
#include "csms/record.h"
#include "csms/vehicles/trips.h"
#include "db/query_log.h"
#include "scheduler/calendar.h"

#define EVERY_MS     3600000
#define SOON_MS      1000
#define ROSTERS_MAX  5000
#define HOLIDAYS_MAX 40
#define ID_SIZE      80
#define PAGE         500
#define SOURCE       "roster"

/* A trip that was made once: not again, whatever became of it. */
struct made {
	char id[ID_SIZE];
	UT_hash_handle hh;
};

struct rosters {
	struct core *core;
	struct roster *all;
	struct made *made;
	struct calendar_holiday holidays[HOLIDAYS_MAX];
	int holiday_count;
	struct timer timer;
};

struct change {
	struct rosters *rosters;
	struct roster *next; /* NULL: removed */
	char id[61];
	roster_done done;
	void *arg;
};

/* -- days ------------------------------------------------------------------------------------- */

/* "2026-11-23" as days since 1970; -1: it is none. */
static int64_t day_read(const char *s)
{
	int y, m, d, end = 0;

	if (sscanf(s, "%4d-%2d-%2d%n", &y, &m, &d, &end) != 3 || s[end] || m < 1 || m > 12 ||
		d < 1 || d > calendar_month_days(y, m))
		return -1;
	return calendar_number(y, m, d);
}

static void day_write(int64_t day, char out[16])
{
	struct calendar_day d;

	calendar_of_number(day, &d);
	snprintf(out, 16, "%04d-%02d-%02d", d.year % 10000, d.month, d.day);
}

/* "06:15" as minutes, -1: it is none. */
static int minute_read(const char *s)
{
	int h, m, end = 0;

	if (sscanf(s, "%2d:%2d%n", &h, &m, &end) != 2 || s[end] || h < 0 || h > 23 || m < 0 ||
		m > 59)
		return -1;
	return h * 60 + m;
}

static int64_t today(wall_t now)
{
	time_t t = (time_t)(now.ms / 1000);
	struct tm tm = {0};

	localtime_r(&t, &tm);
	return calendar_number(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* A local time of a day; the zone is the process's. */
static wall_t at_local(int64_t day, int minute)
{
	struct calendar_day d;
	struct tm tm = {.tm_isdst = -1};

	calendar_of_number(day, &d);
	tm.tm_year = d.year - 1900;
	tm.tm_mon = d.month - 1;
	tm.tm_mday = d.day;
	tm.tm_hour = minute / 60;
	tm.tm_min = minute % 60;
	return (wall_t){(int64_t)mktime(&tm) * 1000};
}

static bool is_driven(const struct rosters *r, const struct depot_roster *row, int64_t day)
{
	struct calendar_day d;
	bool is_day = false;

	calendar_of_number(day, &d);
	for (size_t i = 0; i < row->days.count; i++)
		is_day |= (int)row->days.items[i] == d.weekday;
	for (size_t i = 0; i < row->except.count && is_day; i++)
		is_day = day_read(row->except.items[i]) != day;
	if (!is_day || (row->from && day < day_read(row->from)) ||
		(row->until && day > day_read(row->until)))
		return false;
	return row->holidays || !calendar_is_holiday(r->holidays, r->holiday_count, &d);
}

int roster_check(
	const struct core *c, const struct depot_roster *row, const char **member, char why[200])
{
	*member = NULL;
	snprintf(why, 200, "must be a day like 2026-11-23");
	for (size_t i = 0; i < row->except.count; i++)
		if (day_read(row->except.items[i]) < 0)
			*member = "except";
	if (row->from && day_read(row->from) < 0)
		*member = "from";
	if (row->until && day_read(row->until) < 0)
		*member = "until";
	if (*member)
		return -1;
	snprintf(why, 200, "must be a time like 06:15");
	if (minute_read(row->departs) < 0)
		*member = "departs";
	if (minute_read(row->returns) < 0)
		*member = "returns";
	if (*member)
		return -1;
	if (!fleet_vehicle(&c->fleet, row->vehicle)) {
		*member = "vehicle";
		snprintf(why, 200, "there is no vehicle \"%.60s\"", row->vehicle);
		return -1;
	}
	return 0;
}

/* -- trips ------------------------------------------------------------------------------------ */

static void write_id(const char *roster, int64_t day, char out[ID_SIZE])
{
	char date[16];

	day_write(day, date);
	snprintf(out, ID_SIZE, "%.60s-%s", roster, date);
}

static struct made *made_find(const struct rosters *r, const char *id)
{
	struct made *m = NULL;

	HASH_FIND_STR(r->made, id, m);
	return m;
}

static void made_add(struct rosters *r, const char *id)
{
	struct made *m = made_find(r, id) ? NULL : calloc(1, sizeof *m);

	if (!m)
		return;
	snprintf(m->id, sizeof m->id, "%s", id);
	HASH_ADD_STR(r->made, id, m);
}

static void made_drop(struct rosters *r, const char *id)
{
	struct made *m = made_find(r, id);

	if (m)
		HASH_DEL(r->made, m);
	free(m);
}

static void ignore(void *arg, int status, const char *why)
{
	(void)arg;
	if (status)
		log_warn("rosters: a trip was not stored: %s", why ? why : "the store failed");
}

/* A trip of somebody else's, or one that somebody changed, is let alone. */
static const struct trip *untouched(const struct rosters *r, const char *id)
{
	const struct trip *t = trips_find(r->core->trips, id);

	return t && strcmp(t->source, SOURCE) == 0 ? t : NULL;
}

static void make_trip(struct rosters *r, struct roster *x, int64_t day, const char *id)
{
	const struct depot_roster *row = x->row;
	int departs = minute_read(row->departs), returns = minute_read(row->returns);
	struct depot_trip t = {.id = id,
		.vehicle = row->vehicle,
		.shift = row->shift,
		.departs = at_local(day, departs),
		.returns = at_local(returns > departs ? day : day + 1, returns),
		.distance_km = row->distance_km,
		.payload_kg = row->payload_kg,
		.heated = row->heated,
		.has_need_kwh = row->has_need_kwh,
		.need_kwh = row->need_kwh,
		.note = row->note};
	struct trips_fault f;

	if (t.departs.ms <= clock_wall().ms)
		return;
	if (trips_check(r->core->trips, &t, 1, &f)) {
		snprintf(x->fault, sizeof x->fault, "%.70s: %.200s", id, f.text);
		return;
	}
	if (trips_put(r->core->trips, &t, 1, SOURCE, SOURCE, ignore, NULL) == 0)
		made_add(r, id);
}

static void expand(struct rosters *r, struct roster *x)
{
	int64_t first = today(clock_wall());

	x->fault[0] = '\0';
	for (int64_t day = first; day <= first + r->core->config->trips->roster_days; day++) {
		char id[ID_SIZE];

		write_id(x->id, day, id);
		if (is_driven(r, x->row, day) && !made_find(r, id) &&
			!trips_find(r->core->trips, id))
			make_trip(r, x, day, id);
	}
}

/* Takes back the trips to come that nobody touched. Those that were removed by somebody stay so. */
static void take_back(struct rosters *r, const char *roster)
{
	int64_t first = today(clock_wall());

	for (int64_t day = first; day <= first + r->core->config->trips->roster_days; day++) {
		char id[ID_SIZE];
		const struct trip *t;

		write_id(roster, day, id);
		t = untouched(r, id);
		if (!t || t->departs.ms <= clock_wall().ms)
			continue;
		made_drop(r, id);
		trips_remove(r->core->trips, id, SOURCE, ignore, NULL);
	}
}

int roster_trips(const struct rosters *r, const struct roster *x)
{
	int64_t first = today(clock_wall());
	int n = 0;

	for (int64_t day = first; day <= first + r->core->config->trips->roster_days; day++) {
		char id[ID_SIZE];

		write_id(x->id, day, id);
		n += untouched(r, id) != NULL;
	}
	return n;
}

static void on_timer(void *arg)
{
	struct rosters *r = arg;

	for (struct roster *x = r->all; x; x = x->hh.next)
		expand(r, x);
	timer_start(r->core->timers, &r->timer, EVERY_MS, on_timer, r);
}

/* -- changes ---------------------------------------------------------------------------------- */

static void roster_free(struct roster *x)
{
	if (!x)
		return;
	arena_destroy(x->arena);
	free(x);
}

static const struct depot_roster *of_file(const struct core *c, const char *id)
{
	for (size_t i = 0; i < c->depot->rosters.count; i++)
		if (strcmp(c->depot->rosters.items[i].id, id) == 0)
			return &c->depot->rosters.items[i];
	return NULL;
}

static struct roster *roster_create(const struct depot_roster *row)
{
	struct roster *x = calloc(1, sizeof *x);

	if (x) {
		snprintf(x->id, sizeof x->id, "%s", row->id);
		x->row = row;
	}
	return x;
}

/* From JSON; NULL: no memory, or none that this depotd knows. */
static struct roster *roster_of_text(const char *text, size_t len)
{
	struct arena *a = arena_create(0);
	struct schema_error err;
	const struct depot_roster *row =
		a ? schema_decode(&depot_roster_type, text, len, a, &err) : NULL;
	struct roster *x = row ? roster_create(row) : NULL;

	if (!x) {
		arena_destroy(a);
		return NULL;
	}
	x->arena = a;
	x->is_changed = true;
	return x;
}

static void put(struct rosters *r, struct roster *x)
{
	struct roster *old = NULL;

	HASH_FIND_STR(r->all, x->id, old);
	if (old)
		HASH_DEL(r->all, old);
	roster_free(old);
	HASH_ADD_STR(r->all, id, x);
}

/* The file's row counts again, if it has one. */
static void drop(struct rosters *r, const char *id)
{
	const struct depot_roster *row = of_file(r->core, id);
	struct roster *old = NULL, *x = row ? roster_create(row) : NULL;

	HASH_FIND_STR(r->all, id, old);
	if (old)
		HASH_DEL(r->all, old);
	roster_free(old);
	if (x)
		HASH_ADD_STR(r->all, id, x);
}

static void in_force(void *arg, int status, const char *why)
{
	struct change *k = arg;
	struct rosters *r = k->rosters;

	if (status == 0) {
		take_back(r, k->id);
		if (k->next)
			put(r, k->next);
		else
			drop(r, k->id);
		timer_start(r->core->timers, &r->timer, SOON_MS, on_timer, r);
	} else {
		roster_free(k->next);
	}
	k->done(k->arg, status, why);
	free(k);
}

static struct change *change_create(struct rosters *r, const char *id, roster_done done, void *arg)
{
	struct change *k = calloc(1, sizeof *k);

	if (k) {
		*k = (struct change){.rosters = r, .done = done, .arg = arg};
		snprintf(k->id, sizeof k->id, "%s", id);
	}
	return k;
}

int roster_put_row(struct rosters *r, const struct depot_roster *row, const char *actor,
	roster_done done, void *arg)
{
	const struct roster *old = roster_find(r, row->id);
	struct arena *a = record_arena(r->core);
	struct event_roster_changed *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct change *k = e ? change_create(r, row->id, done, arg) : NULL;

	if (k) {
		e->row = schema_text(a, &depot_roster_type, row);
		e->before = old ? schema_text(a, &depot_roster_type, old->row) : NULL;
		k->next = e->row ? roster_of_text(e->row, strlen(e->row)) : NULL;
	}
	if (!k || !k->next || (!old && HASH_COUNT(r->all) >= ROSTERS_MAX)) {
		if (k)
			roster_free(k->next);
		free(k);
		return -1;
	}
	record_now(r->core, EVENT_ROSTER_CHANGED, "roster", row->id, e, actor, NULL);
	record_then(r->core, in_force, k);
	return 0;
}

int roster_remove(struct rosters *r, const char *id, const char *actor, roster_done done, void *arg)
{
	struct arena *a = record_arena(r->core);
	struct event_roster_removed *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct change *k = e ? change_create(r, id, done, arg) : NULL;

	if (!k)
		return -1;
	record_now(r->core, EVENT_ROSTER_REMOVED, "roster", k->id, e, actor, NULL);
	record_then(r->core, in_force, k);
	return 0;
}

void rosters_vehicle_gone(struct rosters *r, const char *vehicle, const char *actor)
{
	for (const struct roster *x = r->all; x; x = x->hh.next)
		if (strcmp(x->row->vehicle, vehicle) == 0 && x->is_changed)
			roster_remove(r, x->id, actor, ignore, NULL);
}

/* -- life ------------------------------------------------------------------------------------- */

struct restoring {
	struct rosters *rosters;
	bool failed;
};

static void take_event(struct rosters *r, const struct db_journal_event *e, struct arena *a)
{
	const char *id = e->stream + strlen("roster/");
	struct schema_error err;
	const struct event_roster_changed *p;
	struct roster *x;
	int type;

	if (strcmp(e->type, "RosterRemoved") == 0) {
		drop(r, id);
		return;
	}
	p = db_event_decode(e, a, &type, &err);
	x = p && type == EVENT_ROSTER_CHANGED ? roster_of_text(p->row, strlen(p->row)) : NULL;
	if (x)
		put(r, x);
	else
		log_warn("rosters: %s in the journal cannot be read", e->stream);
}

/* What people changed, in the order in which they did. */
static void read_changes(struct db_reader *db, void *arg)
{
	struct restoring *x = arg;
	struct db_journal_filter f = {.stream = "roster/", .limit = PAGE};
	struct db_journal_page page;

	do {
		struct arena *a = arena_create(0);

		page = (struct db_journal_page){0};
		x->failed = !a || db_query_journal(db, &f, a, &page) != 0;
		for (size_t i = 0; i < page.count && !x->failed; i++)
			take_event(x->rosters, &page.items[i], a);
		f.from = page.next;
		arena_destroy(a);
	} while (!x->failed && page.next);
}

/* By the roster itself, which changed: it may be made again. */
static bool is_taken_back(const struct db_journal_event *e)
{
	return strcmp(e->type, "TripRemoved") == 0 && e->actor && strcmp(e->actor, SOURCE) == 0;
}

/* A trip that the journal knows was made already, whatever became of it. */
static void read_made(struct db_reader *db, void *arg)
{
	struct restoring *x = arg;
	struct rosters *r = x->rosters;
	int64_t first = today(clock_wall());

	for (const struct roster *o = r->all; o; o = o->hh.next)
		for (int64_t day = first; day <= first + r->core->config->trips->roster_days;
			day++) {
			struct arena *a = arena_create(0);
			struct db_journal_filter f = {.newest_first = true, .limit = 1};
			struct db_journal_page page = {0};
			char id[ID_SIZE];

			write_id(o->id, day, id);
			f.stream = a ? arena_printf(a, "trip/%s", id) : NULL;
			if (f.stream && db_query_journal(db, &f, a, &page) == 0 && page.count &&
				!is_taken_back(&page.items[0]))
				made_add(r, id);
			arena_destroy(a);
		}
}

static int read_file(struct rosters *r, char why[400])
{
	const struct depot_file *d = r->core->depot;
	const char *member;
	char text[200];

	for (size_t i = 0; i < d->holidays.count && i < HOLIDAYS_MAX; i++)
		if (calendar_read_holiday(d->holidays.items[i], &r->holidays[r->holiday_count++]) <
			0) {
			snprintf(why, 400,
				"holidays[%zu]: must be like 12-25, 2027-01-02, easter+1, 4th thu 11 or "
				"last mon 05",
				i);
			return -1;
		}
	for (size_t i = 0; i < d->rosters.count; i++) {
		struct roster *x;

		if (roster_check(r->core, &d->rosters.items[i], &member, text)) {
			snprintf(why, 400, "rosters[%zu].%s: %s", i, member, text);
			return -1;
		}
		x = roster_create(&d->rosters.items[i]);
		if (x)
			put(r, x);
	}
	return 0;
}

struct rosters *rosters_create(struct core *c, char why[400])
{
	struct rosters *r = calloc(1, sizeof *r);
	struct restoring x = {.rosters = r};

	snprintf(why, 400, "out of memory");
	if (!r)
		return NULL;
	r->core = c;
	if (read_file(r, why)) {
		rosters_destroy(r);
		return NULL;
	}
	if (db_read_now(c->db, read_changes, &x) || x.failed || db_read_now(c->db, read_made, &x)) {
		snprintf(why, 400,
			"the journal's rosters cannot be read; try `depotctl rebuild "
			"--check --data DIR`");
		rosters_destroy(r);
		return NULL;
	}
	timer_start(c->timers, &r->timer, SOON_MS, on_timer, r);
	c->rosters = r;
	return r;
}

const struct roster *rosters_all(const struct rosters *r)
{
	return r ? r->all : NULL;
}

const struct roster *roster_find(const struct rosters *r, const char *id)
{
	struct roster *x = NULL;

	if (r)
		HASH_FIND_STR(r->all, id, x);
	return x;
}

void rosters_destroy(struct rosters *r)
{
	struct roster *x, *next;
	struct made *m, *after;

	if (!r)
		return;
	timer_stop(r->core->timers, &r->timer);
	HASH_ITER (hh, r->all, x, next) {
		HASH_DEL(r->all, x);
		roster_free(x);
	}
	HASH_ITER (hh, r->made, m, after) {
		HASH_DEL(r->made, m);
		free(m);
	}
	free(r);
}
