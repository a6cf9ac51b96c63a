#include "db/readings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/names.h"

#define TRIM_EVERY  500 /* commits between two looks … */
#define TRIM_POINTS 50 /* … each at so many points … */
#define TRIM_ROWS   2000 /* … of which so many rows go at most */
#define DAY_MS      86400000LL

struct readings {
	struct sql *sql;
	struct names *points;
	sqlite3_stmt *add, *next_point, *trim;
	int64_t max_age_ms, place_age_ms, newest_ms, trim_point;
	int commits;
};

static int prepare(struct readings *r)
{
	const struct sql_prepared list[] = {
		{&r->add, "INSERT OR IGNORE INTO readings (point, at, value, received_at,"
			  " confidence) VALUES (?1,?2,?3,?4,?5)"},
		/* Where somebody was is kept for a shorter time. */
		{&r->next_point, "SELECT id, name LIKE '%/latitude/%' OR name LIKE '%/longitude/%'"
				 " OR name LIKE '%/speed_km_h/%' FROM reading_points WHERE id>?1"
				 " ORDER BY id LIMIT 1"},
		{&r->trim, "DELETE FROM readings WHERE point=?1 AND at<=(SELECT max(at) FROM"
			   " (SELECT at FROM readings WHERE point=?1 AND at<?2 ORDER BY at LIMIT"
			   "  ?3))"},
	};
	return sql_prepare_all(r->sql, list, sizeof list / sizeof *list);
}

struct readings *readings_create(
	struct sql *s, const char *depot, int max_days, int place_days, char why[300])
{
	struct readings *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->sql = s;
	r->max_age_ms = max_days * DAY_MS;
	r->place_age_ms = place_days * DAY_MS;
	r->points = names_create(s, "reading_points", depot);
	if (r->points && prepare(r) == 0)
		return r;
	snprintf(why, 300, "%.299s", s->error);
	readings_destroy(r);
	return NULL;
}

int readings_add(struct readings *r, const struct batch_reading *m)
{
	int64_t point = m->point && isfinite(m->value) ? names_get(r->points, m->point) : -1;

	if (point < 0)
		return -1;
	if (m->received.ms > r->newest_ms)
		r->newest_ms = m->received.ms;
	sqlite3_bind_int64(r->add, 1, point);
	sqlite3_bind_int64(r->add, 2, m->at.ms);
	sqlite3_bind_double(r->add, 3, m->value);
	sqlite3_bind_int64(r->add, 4, m->received.ms);
	sqlite3_bind_int(r->add, 5, m->confidence);
	if (sql_run(r->sql, r->add) < 0)
		return -1;
	return sqlite3_changes(r->sql->handle) > 0;
}

/* Of the next point. 1: done, 0: that was the last, -1: failed. */
static int trim_point(struct readings *r)
{
	bool is_place;
	int rc;

	sqlite3_bind_int64(r->next_point, 1, r->trim_point);
	rc = sql_step(r->sql, r->next_point);
	if (rc < 0)
		return -1;
	r->trim_point = rc ? sqlite3_column_int64(r->next_point, 0) : 0;
	if (rc == 0)
		return 0;
	is_place = sqlite3_column_int(r->next_point, 1);
	sqlite3_reset(r->next_point);
	sqlite3_bind_int64(r->trim, 1, r->trim_point);
	sqlite3_bind_int64(r->trim, 2, r->newest_ms - (is_place ? r->place_age_ms : r->max_age_ms));
	sqlite3_bind_int(r->trim, 3, TRIM_ROWS);
	return sql_run(r->sql, r->trim) < 0 ? -1 : 1;
}

int readings_trim(struct readings *r)
{
	if (++r->commits < TRIM_EVERY || !r->newest_ms)
		return 0;
	r->commits = 0;
	for (int i = 0; i < TRIM_POINTS; i++) {
		int rc = trim_point(r);

		if (rc <= 0)
			return rc;
	}
	return 0;
}

void readings_forget(struct readings *r)
{
	names_forget(r->points);
}

void readings_destroy(struct readings *r)
{
	if (!r)
		return;
	names_destroy(r->points);
	free(r);
}
