#include "db/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "db/migrate.h"
#include "db/names.h"
#include "db/sqlite.h"

#define TRIM_EVERY  200 /* commits between two looks … */
#define TRIM_POINTS 50 /* … each at so many points … */
#define TRIM_ROWS   5000 /* … or until so many rows have gone */
#define DAY_MS      86400000LL

/* How far the rollups of a point have come: the first minute and quarter not yet computed. */
struct progress {
	int64_t point;
	int64_t minute, quarter;
	int64_t newest_ms;
	UT_hash_handle hh;
};

/* One that waits for the commit. */
struct sample {
	struct progress *progress;
	int64_t at;
	double value;
	int quality;
	unsigned number; /* the later of two at one time wins */
};

struct series {
	struct sql sql;
	struct sample *waiting;
	size_t count, room;
	struct names *points;
	struct progress *progress;
	sqlite3_stmt *add, *start_minute, *start_quarter, *roll_minutes, *roll_quarters;
	sqlite3_stmt *next_point, *trim;
	int64_t max_age_ms;
	int64_t trim_point;
	int commits;
	bool open;
};

static int64_t floor_to(int64_t at, int64_t step)
{
	return at / step * step;
}

static int prepare(struct series *s)
{
	const struct sql_prepared list[] = {
		{&s->add, "INSERT OR REPLACE INTO samples (point, at, value, quality)"
			  " VALUES (?1,?2,?3,?4)"},
		/* After the newest rollup, or where the raw samples begin. */
		{&s->start_minute,
			"SELECT ifnull((SELECT max(at)+60000 FROM minutes WHERE point=?1),"
			" (SELECT min(at)/60000*60000 FROM samples WHERE point=?1)),"
			" (SELECT max(at) FROM samples WHERE point=?1)"},
		{&s->start_quarter,
			"SELECT ifnull((SELECT max(at)+900000 FROM quarters WHERE point=?1),"
			" (SELECT min(at)/900000*900000 FROM minutes WHERE point=?1))"},
		{&s->roll_minutes,
			"INSERT OR REPLACE INTO minutes (point, at, n, min, max, sum, last,"
			" quality)"
			" SELECT ?1, g.b, g.n, g.lo, g.hi, g.total, s.value, g.q FROM"
			" (SELECT at/60000*60000 AS b, count(*) AS n, min(value) AS lo,"
			" max(value) AS hi,"
			"  sum(value) AS total, max(quality) AS q, max(at) AS newest FROM samples"
			"  WHERE point=?1 AND at>=?2 AND at<?3 GROUP BY b) AS g"
			" JOIN samples AS s ON s.point=?1 AND s.at=g.newest"},
		{&s->roll_quarters,
			"INSERT OR REPLACE INTO quarters (point, at, n, min, max, sum, last,"
			" quality)"
			" SELECT ?1, g.b, g.n, g.lo, g.hi, g.total, m.last, g.q FROM"
			" (SELECT at/900000*900000 AS b, sum(n) AS n, min(min) AS lo, max(max) AS"
			" hi,"
			"  sum(sum) AS total, max(quality) AS q, max(at) AS newest FROM minutes"
			"  WHERE point=?1 AND at>=?2 AND at<?3 GROUP BY b) AS g"
			" JOIN minutes AS m ON m.point=?1 AND m.at=g.newest"},
		{&s->next_point, "SELECT id FROM points WHERE id>?1 ORDER BY id LIMIT 1"},
		{&s->trim, "DELETE FROM samples WHERE point=?1 AND at<=(SELECT max(at) FROM"
			   " (SELECT at FROM samples WHERE point=?1 AND at<"
			   "  (SELECT max(at) FROM samples WHERE point=?1) - ?2 ORDER BY at LIMIT"
			   " ?3))"},
	};
	return sql_prepare_all(&s->sql, list, sizeof list / sizeof *list);
}

struct series *series_open(const char *path, const char *depot, int max_days, char why[300])
{
	struct series *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->max_age_ms = max_days * DAY_MS;
	const struct sql_options o = {.cache_kb = 8192};
	if (sql_open(&s->sql, path, &o, why) < 0)
		goto fail;
	if (migrate_run(&s->sql, &migrate_series, why) < 0)
		goto fail;
	s->points = names_create(&s->sql, "points", depot);
	if (!s->points || prepare(s) < 0) {
		snprintf(why, 300, "%.299s", s->sql.error);
		goto fail;
	}
	return s;
fail:
	series_close(s);
	return NULL;
}

/* -- rollups ---------------------------------------------------------------------------------- */

static int roll(struct series *s, sqlite3_stmt *st, int64_t point, int64_t from, int64_t to)
{
	sqlite3_bind_int64(st, 1, point);
	sqlite3_bind_int64(st, 2, from);
	sqlite3_bind_int64(st, 3, to);
	return sql_run(&s->sql, st);
}

static int read_start(struct series *s, struct progress *p, int64_t at)
{
	sqlite3_bind_int64(s->start_minute, 1, p->point);
	if (sql_step(&s->sql, s->start_minute) < 0)
		return -1;
	bool known = sqlite3_column_type(s->start_minute, 0) != SQLITE_NULL;
	p->minute =
		known ? sqlite3_column_int64(s->start_minute, 0) : floor_to(at, SERIES_MINUTE_MS);
	p->newest_ms = sqlite3_column_int64(s->start_minute, 1);
	sqlite3_reset(s->start_minute);
	sqlite3_bind_int64(s->start_quarter, 1, p->point);
	if (sql_step(&s->sql, s->start_quarter) < 0)
		return -1;
	known = sqlite3_column_type(s->start_quarter, 0) != SQLITE_NULL;
	p->quarter = known ? sqlite3_column_int64(s->start_quarter, 0)
			   : floor_to(p->minute, SERIES_QUARTER_MS);
	sqlite3_reset(s->start_quarter);
	return 0;
}

static struct progress *progress_get(struct series *s, int64_t point, int64_t at)
{
	struct progress *p;
	HASH_FIND(hh, s->progress, &point, sizeof point, p);
	if (p)
		return p;
	p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->point = point;
	if (read_start(s, p, at) < 0) {
		free(p);
		return NULL;
	}
	HASH_ADD(hh, s->progress, point, sizeof p->point, p);
	return p;
}

/* Brings one step of rollups up to a sample at `at`: all that ended before it, or, if it is late,
 * the one that it belongs to. `next` is the first that was not computed yet. */
static int roll_step(
	struct series *s, sqlite3_stmt *st, int64_t point, int64_t *next, int64_t at, int64_t step)
{
	int64_t start = floor_to(at, step);
	if (start < *next)
		return roll(s, st, point, start, start + step);
	if (start > *next && roll(s, st, point, *next, start) < 0)
		return -1;
	*next = start;
	return 0;
}

/* After the samples list[0 … count), which are all of one point and in order of time: a minute, and
 * a quarter, is computed once, however many of its samples came. */
static int roll_up(struct series *s, struct progress *p, const struct sample *list, size_t count)
{
	int64_t minute = -1, quarter = -1;
	for (size_t i = 0; i < count; i++) {
		if (floor_to(list[i].at, SERIES_MINUTE_MS) == minute)
			continue;
		minute = floor_to(list[i].at, SERIES_MINUTE_MS);
		if (roll_step(s, s->roll_minutes, p->point, &p->minute, minute, SERIES_MINUTE_MS) <
			0)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (floor_to(list[i].at, SERIES_QUARTER_MS) == quarter)
			continue;
		quarter = floor_to(list[i].at, SERIES_QUARTER_MS);
		if (roll_step(s, s->roll_quarters, p->point, &p->quarter, quarter,
			    SERIES_QUARTER_MS) < 0)
			return -1;
	}
	return 0;
}

/* -- writing ---------------------------------------------------------------------------------- */

static int begin(struct series *s)
{
	if (s->open)
		return 0;
	if (sql_exec(&s->sql, "BEGIN IMMEDIATE") < 0)
		return -1;
	s->open = true;
	return 0;
}

static int grow(struct series *s)
{
	size_t room = s->room ? s->room * 2 : 1024;
	struct sample *bigger = realloc(s->waiting, room * sizeof *bigger);
	if (!bigger)
		return -1;
	s->waiting = bigger;
	s->room = room;
	return 0;
}

int series_add(struct series *s, const struct batch_sample *m)
{
	if (!isfinite(m->value) || m->at.ms < 0 || !m->point)
		return 0;
	if (begin(s) < 0)
		return -1;
	int64_t point = names_get(s->points, m->point);
	struct progress *p = point < 0 ? NULL : progress_get(s, point, m->at.ms);
	if (!p)
		return -1;
	/* Its raw neighbours may be gone: a rollup computed again would be wrong. */
	if (floor_to(m->at.ms, SERIES_MINUTE_MS) < p->newest_ms - s->max_age_ms)
		return 0;
	if (s->count == s->room && grow(s) < 0)
		return -1;
	s->waiting[s->count] =
		(struct sample){p, m->at.ms, m->value, m->quality, (unsigned)s->count};
	s->count++;
	if (m->at.ms > p->newest_ms)
		p->newest_ms = m->at.ms;
	return 0;
}

static int by_point_and_time(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	if (x->progress != y->progress)
		return x->progress->point < y->progress->point ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static int write_sample(struct series *s, const struct sample *m)
{
	sqlite3_bind_int64(s->add, 1, m->progress->point);
	sqlite3_bind_int64(s->add, 2, m->at);
	sqlite3_bind_double(s->add, 3, m->value);
	sqlite3_bind_int(s->add, 4, m->quality);
	return sql_run(&s->sql, s->add);
}

/* Writes what waits, point by point, so that a page is visited once and a rollup computed once. */
static int write_waiting(struct series *s)
{
	size_t count = s->count;
	if (count)
		qsort(s->waiting, count, sizeof *s->waiting, by_point_and_time);
	for (size_t first = 0, i = 0; i < count; i++) {
		const struct sample *m = &s->waiting[i];
		bool last_of_point = i + 1 == count || m[1].progress != m->progress;
		bool last_of_time = last_of_point || m[1].at != m->at;
		if (last_of_time && write_sample(s, m) < 0)
			return -1;
		if (!last_of_point)
			continue;
		if (roll_up(s, m->progress, &s->waiting[first], i + 1 - first) < 0)
			return -1;
		first = i + 1;
	}
	s->count = 0;
	return 0;
}

/* Of the next point; the rows that went, -1: failed. */
static int trim_point(struct series *s)
{
	sqlite3_bind_int64(s->next_point, 1, s->trim_point);
	int rc = sql_step(&s->sql, s->next_point);
	if (rc < 0)
		return -1;
	s->trim_point = rc ? sqlite3_column_int64(s->next_point, 0) : 0;
	if (rc == 0)
		return 0;
	sqlite3_reset(s->next_point);
	sqlite3_bind_int64(s->trim, 1, s->trim_point);
	sqlite3_bind_int64(s->trim, 2, s->max_age_ms);
	sqlite3_bind_int(s->trim, 3, TRIM_ROWS);
	return sql_run(&s->sql, s->trim) < 0 ? -1 : sqlite3_changes(s->sql.handle);
}

/* A depot has thousands of points: one at a look would leave old rows for weeks. */
static int trim(struct series *s)
{
	int rows = 0;

	for (int i = 0; i < TRIM_POINTS && rows < TRIM_ROWS; i++) {
		int gone = trim_point(s);

		if (gone < 0)
			return -1;
		rows += gone;
		if (!s->trim_point)
			break; /* all of them: from the first again at the next look */
	}
	return 0;
}

int series_commit(struct series *s)
{
	if (!s->open)
		return 0;
	if (write_waiting(s) < 0)
		return -1;
	if (++s->commits >= TRIM_EVERY) {
		s->commits = 0;
		if (trim(s) < 0)
			return -1;
	}
	if (sql_exec(&s->sql, "COMMIT") < 0)
		return -1;
	s->open = false;
	sql_checkpoint(&s->sql);
	return 0;
}

static void progress_forget(struct series *s)
{
	struct progress *p, *next;
	HASH_ITER (hh, s->progress, p, next) {
		HASH_DEL(s->progress, p);
		free(p);
	}
}

void series_rollback(struct series *s)
{
	sql_rollback(&s->sql);
	names_forget(s->points);
	progress_forget(s);
	s->count = 0;
	s->open = false;
}

const char *series_error(const struct series *s)
{
	return s->sql.error;
}

void series_close(struct series *s)
{
	if (!s)
		return;
	progress_forget(s);
	names_destroy(s->points);
	sql_close(&s->sql);
	free(s->waiting);
	free(s);
}
