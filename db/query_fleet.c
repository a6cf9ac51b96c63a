#include "db/query_fleet.h"

#include <string.h>

#include "db/query_core.h"

int db_query_vehicles(struct db_reader *r, struct arena *a, struct db_vehicle_list *out)
{
	struct query q;
	struct db_vehicle_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT id, row, source, actor, at FROM vehicles WHERE depot=?1 ORDER BY id");
	while (query_next(&q)) {
		struct db_vehicle *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->id = query_text(&q, 0);
		row->row = query_text(&q, 1);
		row->source = query_text(&q, 2);
		row->actor = query_text(&q, 3);
		row->at = query_time(&q, 4);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

/* VEHICLE/QUANTITY/SOURCE: none of them has a slash. */
static void split_point(struct arena *a, const char *name, struct db_reading *out)
{
	const char *first = name ? strchr(name, '/') : NULL;
	const char *second = first ? strchr(first + 1, '/') : NULL;

	if (!second)
		return;
	out->vehicle = arena_strndup(a, name, (size_t)(first - name));
	out->quantity = arena_strndup(a, first + 1, (size_t)(second - first - 1));
	out->source = second + 1;
}

static int read_readings(struct query *q, struct arena *a, struct db_reading_list *out)
{
	struct db_reading_list list = {0};

	while (query_next(q)) {
		struct db_reading *row = QUERY_ITEM(q, &list);

		if (!row)
			break;
		split_point(a, query_text(q, 0), row);
		row->at = query_time(q, 1);
		row->value = sqlite3_column_double(q->st, 2);
		row->received = query_time(q, 3);
		row->confidence = (int)query_int(q, 4);
	}
	if (query_finish(q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_newest_readings(struct db_reader *r, struct arena *a, struct db_reading_list *out)
{
	struct query q;

	query_init(&q, r, &r->depot, a, true,
		"SELECT p.name, s.at, s.value, s.received_at, s.confidence FROM reading_points AS p"
		" JOIN readings AS s ON s.point=p.id"
		" AND s.at=(SELECT max(at) FROM readings WHERE point=p.id) WHERE p.depot=?1");
	return read_readings(&q, a, out);
}

int db_query_readings(struct db_reader *r, const struct db_reading_filter *f, struct arena *a,
	struct db_reading_list *out)
{
	const char *first = arena_printf(a, "%s/%s", f->vehicle, f->quantity ? f->quantity : "");
	const char *last = arena_printf(
		a, f->quantity ? "%s/%s0" : "%s0", f->vehicle, f->quantity ? f->quantity : "");
	struct query q;

	/* '0' comes after '/': the range holds all names that go on with a slash. */
	query_init(&q, r, &r->depot, a, true,
		"SELECT p.name, s.at, s.value, s.received_at, s.confidence FROM reading_points AS p"
		" JOIN readings AS s ON s.point=p.id WHERE p.depot=?1");
	query_and_text(&q, "p.name>=?", first);
	query_and_text(&q, "p.name<?", last);
	query_and_text(&q, "p.name LIKE '%/' || ?", f->source);
	query_and_int(&q, "s.at>=?", f->from.ms != 0, f->from.ms);
	query_and_int(&q, "s.at<?", f->to.ms != 0, f->to.ms);
	query_add(&q, " ORDER BY s.at DESC, p.name");
	query_limit(&q, f->limit);
	return read_readings(&q, a, out);
}

int db_query_aside(struct db_reader *r, struct arena *a, struct db_aside_list *out)
{
	struct query q;
	struct db_aside_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT id, source, fault, ref, field, quantity, value, at, received_at, topic, raw,"
		" vehicle, new_quantity, new_value, new_at, corrected_by FROM telematics_aside"
		" WHERE depot=?1 ORDER BY id");
	while (query_next(&q)) {
		struct db_aside *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->id = query_text(&q, 0);
		row->source = query_text(&q, 1);
		row->fault = query_text(&q, 2);
		row->ref = query_text(&q, 3);
		row->field = query_text(&q, 4);
		row->quantity = query_text(&q, 5);
		row->has_value = !query_is_null(&q, 6);
		row->value = sqlite3_column_double(q.st, 6);
		row->at = query_time(&q, 7);
		row->received = query_time(&q, 8);
		row->topic = query_text(&q, 9);
		row->raw = query_text(&q, 10);
		row->vehicle = query_text(&q, 11);
		row->new_quantity = query_text(&q, 12);
		row->has_new_value = !query_is_null(&q, 13);
		row->new_value = sqlite3_column_double(q.st, 13);
		row->new_at = query_time(&q, 14);
		row->corrected_by = query_text(&q, 15);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_telematics_tokens(
	struct db_reader *r, struct arena *a, struct db_telematics_token_list *out)
{
	struct query q;
	struct db_telematics_token_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT source, digest, actor, made_at FROM telematics_tokens WHERE depot=?1");
	while (query_next(&q)) {
		struct db_telematics_token *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->source = query_text(&q, 0);
		row->digest = query_text(&q, 1);
		row->actor = query_text(&q, 2);
		row->made_at = query_time(&q, 3);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
