#include "db/query_core.h"
#include "db/query_log.h"
#include "db/wire.h"

_Static_assert(WIRE_SPELL_SHIFT == 33, "as the statements below have it");

/* First id of a time: ids are times. */
static int64_t id_of(wall_t t)
{
	return t.ms << WIRE_ID_SHIFT;
}

static void read_frame(struct query *q, struct db_wire_frame *f)
{
	f->id = query_int(q, 0);
	f->at = (wall_t){f->id >> WIRE_ID_SHIFT};
	f->station = query_text(q, 1);
	f->direction = query_int(q, 2) ? DB_FRAME_OUT : DB_FRAME_IN;
	f->pair = query_text(q, 3);
	f->action = query_text(q, 4);
	f->verdict = query_text(q, 5);
	f->text = query_text(q, 6);
	f->len = (size_t)sqlite3_column_bytes(q->st, 6);
}

static void select_filtered(struct query *q, const struct db_wire_filter *f)
{
	query_and_text(q, "f.action=?", f->action);
	query_and_text(q, "f.pair=?", f->pair);
	query_and_text(q, "instr(f.text, ?)>0", f->contains);
	if (f->faulty)
		query_add(q, " AND f.verdict IS NOT NULL");
}

static void select_of_all(
	struct query *q, struct db_reader *r, struct arena *a, const struct db_wire_filter *f)
{
	query_init(q, r, &r->wire, a, true,
		"SELECT f.id, s.name, f.direction, f.pair, f.action, f.verdict, f.text"
		" FROM frames AS f CROSS JOIN stations AS s ON s.id=f.station WHERE s.depot=?1");
	query_and_int(q, "f.id>=?", f->from.ms > 0, id_of(f->from));
	query_and_int(q, "f.id<?", f->to.ms > 0, id_of(f->to));
	query_and_int(q, "f.id<?", f->before > 0, f->before);
	select_filtered(q, f);
	query_add(q, " ORDER BY f.id DESC");
}

/* Each spell of the station is a range of rows. The plus keeps other bounds from taking the place
 * of the ends of that range. */
static void select_of_station(
	struct query *q, struct db_reader *r, struct arena *a, const struct db_wire_filter *f)
{
	query_init(q, r, &r->wire, a, true,
		"SELECT f.id, s.name, f.direction, f.pair, f.action, f.verdict, f.text"
		" FROM stations AS s CROSS JOIN spells AS p ON p.station=s.id"
		" CROSS JOIN frames AS f ON f.id>=p.spell<<33 AND f.id<(p.spell+1)<<33"
		" AND f.station=s.id WHERE s.depot=?1");
	query_and_text(q, "s.name=?", f->station);
	query_and_int(q, "p.spell>=?>>33", f->from.ms > 0, id_of(f->from));
	query_and_int(q, "p.spell<=?>>33", f->to.ms > 0, id_of(f->to));
	query_and_int(q, "p.spell<=?>>33", f->before > 0, f->before);
	query_and_int(q, "+f.id>=?", f->from.ms > 0, id_of(f->from));
	query_and_int(q, "+f.id<?", f->to.ms > 0, id_of(f->to));
	query_and_int(q, "+f.id<?", f->before > 0, f->before);
	select_filtered(q, f);
	query_add(q, " ORDER BY p.spell DESC, f.id DESC");
}

int db_query_wire(struct db_reader *r, const struct db_wire_filter *f, struct arena *a,
	struct db_wire_page *out)
{
	struct query q;
	struct db_wire_page page = {0};
	if (f->station)
		select_of_station(&q, r, a, f);
	else
		select_of_all(&q, r, a, f);
	size_t limit = (size_t)query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_wire_frame *frame = QUERY_ITEM(&q, &page);
		if (!frame)
			break;
		read_frame(&q, frame);
	}
	if (query_finish(&q) < 0)
		return -1;
	if (page.items && page.count == limit)
		page.next = page.items[limit - 1].id;
	*out = page;
	return 0;
}
