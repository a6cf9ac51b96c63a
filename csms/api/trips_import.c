/* Yard lists: taken as a whole, or judged line by line. csms/vehicles/trips_csv.h, csms/vehicles/trips.h. */
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/vehicles/trips.h"
#include "csms/vehicles/trips_csv.h"

#define PAST_MS    INT64_C(86400000)
#define LINES_MAX  500 /* told of one list */
#define FAULTS_MAX 50 /* looked for: each takes another look at all */

static struct trips *trips_of(const struct ask *k)
{
	return k->api->core->trips;
}

static bool is_past(const struct depot_trip *t)
{
	return t->returns.ms < clock_wall().ms - PAST_MS;
}

/* -- line by line ------------------------------------------------------------------------------- */

struct preview {
	struct ask *k;
	const char *csv;
	struct trips_csv list;
	struct api_trip_import_reply *out;
	struct api_trip_line *lines; /* [LINES_MAX] */
	size_t room;
};

static void tell(struct preview *p, const struct api_trip_line *line)
{
	if (p->out->lines.count < p->room)
		p->lines[p->out->lines.count++] = *line;
	else
		p->out->more++;
}

static struct api_trip_line line_of(const struct depot_trip *t, int line, const char *what)
{
	return (struct api_trip_line){.line = line,
		.what = what,
		.id = t->id,
		.vehicle = t->vehicle,
		.has_departs = true,
		.departs = t->departs,
		.has_returns = true,
		.returns = t->returns,
		.has_distance_km = true,
		.distance_km = t->distance_km};
}

static void drop(struct trips_csv *list, size_t at)
{
	list->count--;
	memmove(&list->rows[at], &list->rows[at + 1], (list->count - at) * sizeof *list->rows);
	memmove(&list->lines[at], &list->lines[at + 1], (list->count - at) * sizeof *list->lines);
}

/* What cannot be read at all. */
static void tell_unreadable(struct preview *p)
{
	struct trips_csv_fault f[FAULTS_MAX] = {0};
	int n = trips_csv_try(p->csv, p->k->arena, &p->list, f, FAULTS_MAX);

	for (int i = 0; i < n; i++)
		tell(p, &(struct api_trip_line){.line = f[i].line,
				.what = "refused",
				.column = f[i].column,
				.fault = arena_strdup(p->k->arena, f[i].text)});
	p->out->rows = (int64_t)p->list.count + n;
	p->out->refused = n;
}

/* Trips that are long over are left out: a list is often read once more. */
static void leave_out_past(struct preview *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->list.count; i++) {
		if (is_past(&p->list.rows[i])) {
			p->out->past++;
			continue;
		}
		p->list.rows[n] = p->list.rows[i];
		p->list.lines[n++] = p->list.lines[i];
	}
	p->list.count = n;
}

/* What can be read, but not be done: one after the other is taken out. */
static void tell_impossible(struct preview *p)
{
	struct trips_fault f = {0};

	while (p->out->refused < FAULTS_MAX && p->list.count &&
		trips_check(trips_of(p->k), p->list.rows, p->list.count, &f)) {
		struct api_trip_line line =
			line_of(&p->list.rows[f.row], p->list.lines[f.row], "refused");

		line.column = trips_csv_column(p->csv, f.member, p->k->arena);
		line.fault = arena_strdup(p->k->arena, f.text);
		tell(p, &line);
		drop(&p->list, (size_t)f.row);
		p->out->refused++;
	}
}

static void tell_good(struct preview *p)
{
	for (size_t i = 0; i < p->list.count; i++) {
		const struct depot_trip *t = &p->list.rows[i];
		bool is_known = trips_find(trips_of(p->k), t->id) != NULL;
		bool is_changed = trips_count_changed(trips_of(p->k), t, 1) > 0;
		struct api_trip_line line = line_of(t, p->list.lines[i],
			!is_known    ? "new"
			: is_changed ? "changed"
				     : "unchanged");

		p->out->stored += is_changed;
		p->out->unchanged += !is_changed;
		tell(p, &line);
	}
}

static void preview(struct ask *k, const char *csv)
{
	struct preview p = {.k = k,
		.csv = csv,
		.out = arena_alloc(k->arena, sizeof *p.out),
		.lines = arena_alloc(k->arena, LINES_MAX * sizeof *p.lines),
		.room = LINES_MAX};

	if (!p.out || !p.lines) {
		ask_problem(k, 503, NULL, "no memory for the list");
		return;
	}
	p.out->has_refused = p.out->has_more = true;
	p.out->lines.items = p.lines;
	tell_unreadable(&p);
	leave_out_past(&p);
	tell_impossible(&p);
	tell_good(&p);
	ask_reply(k, 200, &api_trip_import_reply_type, p.out);
}

/* -- as a whole --------------------------------------------------------------------------------- */

static void complain(struct ask *k, int line, const char *column, const char *text)
{
	ask_problem(k, 422, "csv", "line %d%s%.60s: %s; nothing was stored", line,
		column ? ", column " : "", column ? column : "", text);
}

static void on_imported(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	if (status)
		ask_problem(k, 500, NULL, "%s", why);
	else
		ask_reply(k, 200, &api_trip_import_reply_type, k->state);
}

static void import(struct ask *k, const struct api_trip_import_post *post)
{
	struct preview p = {.k = k, .csv = post->csv, .out = arena_alloc(k->arena, sizeof *p.out)};
	struct trips_csv_fault csv;
	struct trips_fault f = {0};

	if (!p.out) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	if (trips_csv_read(post->csv, k->arena, &p.list, &csv)) {
		complain(k, csv.line, csv.column, csv.text);
		return;
	}
	p.out->rows = (int64_t)p.list.count;
	leave_out_past(&p);
	if (p.list.count && trips_check(trips_of(k), p.list.rows, p.list.count, &f)) {
		complain(k, p.list.lines[f.row], trips_csv_column(post->csv, f.member, k->arena),
			f.text);
		return;
	}
	k->state = p.out;
	p.out->stored = trips_count_changed(trips_of(k), p.list.rows, p.list.count);
	p.out->unchanged = (int64_t)p.list.count - p.out->stored;
	if (post->check) {
		ask_reply(k, 200, &api_trip_import_reply_type, p.out);
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (trips_put(trips_of(k), p.list.rows, p.list.count, "csv", k->who.actor, on_imported, k) <
		0)
		ask_problem(k, 503, NULL, "no memory for the trips");
}

void trips_import(struct ask *k)
{
	const struct api_trip_import_post *post = k->body;

	if (post->check && post->each)
		preview(k, post->csv);
	else
		import(k, post);
}
