#include "db/query_core.h"
#include "db/query_log.h"
#include "db/wire.h"

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

int db_query_wire(struct db_reader *r, const struct db_wire_filter *f, struct arena *a,
	struct db_wire_page *out)
{
	struct query q;
	struct db_wire_page page = {0};
	query_init(&q, r, &r->wire, a, true,
		f->station ? "SELECT f.id, s.name, f.direction, f.pair, f.action, f.verdict, f.text"
			     " FROM stations AS s CROSS JOIN frames AS f INDEXED BY frames_station"
			     " ON f.station=s.id WHERE s.depot=?1"
			   : "SELECT f.id, s.name, f.direction, f.pair, f.action, f.verdict, f.text"
			     " FROM frames AS f CROSS JOIN stations AS s ON s.id=f.station"
			     " WHERE s.depot=?1");
	query_and_text(&q, "s.name=?", f->station);
	query_and_int(&q, "f.id>=?", f->from.ms > 0, id_of(f->from));
	query_and_int(&q, "f.id<?", f->to.ms > 0, id_of(f->to));
	query_and_int(&q, "f.id<?", f->before > 0, f->before);
	query_and_text(&q, "f.action=?", f->action);
	query_and_text(&q, "f.pair=?", f->pair);
	query_and_text(&q, "instr(f.text, ?)>0", f->contains);
	if (f->faulty)
		query_add(&q, " AND f.verdict IS NOT NULL");
	query_add(&q, " ORDER BY f.id DESC");
	size_t limit = (size_t)query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_wire_frame *frame = QUERY_ITEM(&q, &page);
		if (!frame)
			break;
		read_frame(&q, frame);
	}
	if (query_finish(&q) < 0)
		return -1;
	if (page.count == limit)
		page.next = page.items[limit - 1].id;
	*out = page;
	return 0;
}
