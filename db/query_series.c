#include <inttypes.h>
#include <stdio.h>

#include "db/query_core.h"
#include "db/query_log.h"
#include "db/series.h"

#define ITEMS_MAX 10000

/* Rows of one grain (quarters, minutes, samples) in [from, to) folded into steps. */
struct fold {
	struct db_reader *reader;
	struct arena *arena;
	int64_t point, step_ms;
	struct db_series_list list;
};

static int add_row(struct fold *f, struct query *q)
{
	int64_t at = query_int(q, 0), n = query_int(q, 1);
	double lo = sqlite3_column_double(q->st, 2), hi = sqlite3_column_double(q->st, 3);
	double sum = sqlite3_column_double(q->st, 4), last = sqlite3_column_double(q->st, 5);
	int quality = (int)query_int(q, 6);
	int64_t step = f->step_ms ? at / f->step_ms * f->step_ms : at;
	struct db_series_point *p = f->list.count ? &f->list.items[f->list.count - 1] : NULL;
	if (!p || p->at.ms != step || !f->step_ms) {
		if (f->list.count == ITEMS_MAX) {
			query_fail(q, "too many points: take a longer step or a shorter range");
			return -1;
		}
		p = QUERY_ITEM(q, &f->list);
		if (!p)
			return -1;
		*p = (struct db_series_point){.at = {step}, .min = lo, .max = hi};
	}
	/* `mean` holds the sum until the end. */
	p->mean += sum;
	p->n += n;
	p->min = lo < p->min ? lo : p->min;
	p->max = hi > p->max ? hi : p->max;
	p->last = last;
	p->quality = quality > p->quality ? quality : p->quality;
	return 0;
}

/* The sources, coarse to fine; each reaches from the beginning to where its rows end. */
static const struct grain {
	int64_t ms;
	const char *rows, *end;
} grains[] = {
	{SERIES_QUARTER_MS, "SELECT at, n, min, max, sum, last, quality FROM quarters WHERE 1",
		"SELECT max(at) FROM quarters WHERE 1"},
	{SERIES_MINUTE_MS, "SELECT at, n, min, max, sum, last, quality FROM minutes WHERE 1",
		"SELECT max(at) FROM minutes WHERE 1"},
	{0, "SELECT at, 1, value, value, value, value, quality FROM samples WHERE 1", NULL},
};

static int find_point(struct fold *f, const char *name)
{
	struct query q;
	query_init(&q, f->reader, &f->reader->series, f->arena, true,
		"SELECT id FROM points WHERE depot=?1");
	query_and_text(&q, "name=?", name);
	f->point = query_next(&q) ? query_int(&q, 0) : 0;
	return query_finish(&q);
}

/* Where the rows of a grain end; `from` if it has none. */
static int grain_end(struct fold *f, const struct grain *g, int64_t from, int64_t *end)
{
	struct query q;
	*end = from;
	query_init(&q, f->reader, &f->reader->series, f->arena, false, g->end);
	query_and_int(&q, "point=?", true, f->point);
	if (query_next(&q) && !query_is_null(&q, 0) && query_int(&q, 0) + g->ms > from)
		*end = query_int(&q, 0) + g->ms;
	return query_finish(&q);
}

static int add_grain(struct fold *f, const struct grain *g, int64_t from, int64_t to)
{
	struct query q;
	query_init(&q, f->reader, &f->reader->series, f->arena, false, g->rows);
	query_and_int(&q, "point=?", true, f->point);
	query_and_int(&q, "at>=?", true, from);
	query_and_int(&q, "at<?", true, to);
	query_add(&q, " ORDER BY at");
	while (query_next(&q) && add_row(f, &q) == 0)
		continue;
	return query_finish(&q);
}

/* Each grain serves what the coarser one before it has not, if a step is a whole number of its
 * rows; `from` is the start of a step and so of a row. */
static int fold_range(struct fold *f, int64_t from, int64_t to)
{
	for (size_t i = 0; i < sizeof grains / sizeof *grains && from < to; i++) {
		const struct grain *g = &grains[i];
		if (!g->ms)
			return add_grain(f, g, from, to);
		if (!f->step_ms || f->step_ms % g->ms)
			continue;
		int64_t end;
		if (grain_end(f, g, from, &end) < 0)
			return -1;
		/* A row that ends after `to` would bring in what lies beyond. */
		if (end > to)
			end = to / g->ms * g->ms;
		if (end <= from)
			continue;
		if (add_grain(f, g, from, end) < 0)
			return -1;
		from = end;
	}
	return 0;
}

int db_query_series(struct db_reader *r, const char *point, wall_t from, wall_t to, int64_t step_ms,
	struct arena *a, struct db_series_list *out)
{
	struct fold f = {.reader = r, .arena = a, .step_ms = step_ms > 0 ? step_ms : 0};
	if (find_point(&f, point) < 0)
		return -1;
	int64_t begin = from.ms < 0 ? 0 : from.ms;
	if (f.step_ms)
		begin -= begin % f.step_ms;
	if (f.point && fold_range(&f, begin, to.ms) < 0)
		return -1;
	for (size_t i = 0; i < f.list.count; i++)
		f.list.items[i].mean /= (double)f.list.items[i].n;
	*out = f.list;
	return 0;
}

int db_query_points(
	struct db_reader *r, const char *prefix, struct arena *a, struct schema_strings *out)
{
	struct query q;
	struct schema_strings list = {0};
	query_init(&q, r, &r->series, a, true, "SELECT name FROM points WHERE depot=?1");
	query_and_text(&q, "instr(name, ?)=1", prefix);
	query_add(&q, " ORDER BY name");
	while (query_next(&q)) {
		const char **name = QUERY_ITEM(&q, &list);
		if (!name)
			break;
		*name = query_text(&q, 0);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_samples(struct db_reader *r, const char *folder, wall_t from, wall_t to,
	wall_t after_at, const char *after, int limit, struct arena *a, struct db_sample_list *out)
{
	struct query q;
	struct db_sample_list list = {0};
	char behind[80];
	query_init(&q, r, &r->series, a, true,
		"SELECT s.at, p.name, s.value, s.quality FROM points AS p"
		" CROSS JOIN samples AS s ON s.point=p.id WHERE p.depot=?1");
	/* '0' comes after '/': a range of the index on names. */
	query_and_text(&q, "p.name>?", arena_printf(a, "%s/", folder));
	query_and_text(&q, "p.name<?", arena_printf(a, "%s0", folder));
	query_and_int(&q, "s.at>=?", true, after && after_at.ms > from.ms ? after_at.ms : from.ms);
	query_and_int(&q, "s.at<=?", true, to.ms);
	snprintf(behind, sizeof behind, "(s.at, p.name)>(%" PRId64 ",?)", after_at.ms);
	query_and_text(&q, behind, after);
	query_add(&q, " ORDER BY s.at, p.name");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_sample *s = QUERY_ITEM(&q, &list);
		if (!s)
			break;
		s->at = query_time(&q, 0);
		s->point = query_text(&q, 1);
		s->value = sqlite3_column_double(q.st, 2);
		s->quality = (int)query_int(&q, 3);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
