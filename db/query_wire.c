#include <stdio.h>
#include <string.h>

#include "db/query_core.h"
#include "db/query_log.h"
#include "db/wire.h"

_Static_assert(WIRE_SPELL_SHIFT == 33 && WIRE_ID_SHIFT == 20, "as the statements below have it");

#define TEXT_OF(x)    #x
#define NUMBER(x)     TEXT_OF(x)
#define SCAN          NUMBER(DB_WIRE_SCAN)
#define FRAME_COLUMNS "SELECT f.id, s.name, f.direction, f.pair, f.action, f.verdict, f.text"
#define ALL_FRAMES    " FROM frames AS f CROSS JOIN stations AS s ON s.id=f.station"
/* Each spell of the station is a range of rows. */
#define STATION_FRAMES                                                                             \
	" FROM stations AS s CROSS JOIN spells AS p ON p.station=s.id"                             \
	" CROSS JOIN frames AS f ON f.id>=p.spell<<33 AND f.id<(p.spell+1)<<33"                    \
	" AND f.station=s.id"

/* The answer of f: 120000 ms later at most. */
#define PAIR_COLUMNS ", r.id, s.name, r.direction, r.pair, r.action, r.verdict, r.text"
#define PAIR_REPLY                                                                                 \
	" LEFT JOIN frames AS r ON r.id=(SELECT x.id FROM frames AS x"                             \
	" WHERE x.id>f.id AND x.id<f.id+(120000<<20) AND x.station=f.station"                      \
	" AND x.direction<>f.direction AND x.pair=ifnull(f.pair,'-1') AND x.action IS NULL"        \
	" ORDER BY x.id LIMIT 1)"
/* The type of the message that stands in x.text, "2" to "4": stations may write blanks before it. */
#define TYPE(x) "substr(ltrim(" x ".text,' ['||char(9,10,13)),1,1)"
/* What is no answer: a CALL, or what came in and could not be read. */
#define IS_REQUEST                                                                                 \
	" AND (f.action IS NOT NULL OR (f.direction=0 AND f.verdict IS NOT NULL AND " TYPE(        \
		"f") " NOT IN ('3','4')))"

/* First id of a time: ids are times. */
static int64_t id_of(wall_t t)
{
	return t.ms << WIRE_ID_SHIFT;
}

/* The columns of one frame, from `at` on. */
static void read_frame(struct query *q, int at, struct db_wire_frame *f)
{
	f->id = query_int(q, at);
	f->at = (wall_t){f->id >> WIRE_ID_SHIFT};
	f->station = query_text(q, at + 1);
	f->direction = query_int(q, at + 2) ? DB_FRAME_OUT : DB_FRAME_IN;
	f->pair = query_text(q, at + 3);
	f->action = query_text(q, at + 4);
	f->verdict = query_text(q, at + 5);
	f->text = query_text(q, at + 6);
	f->len = (size_t)sqlite3_column_bytes(q->st, at + 6);
}

static void select_direction(struct query *q, const struct db_wire_filter *f)
{
	if (f->direction)
		query_and_int(q, "f.direction=?", true, strcmp(f->direction, "out") == 0);
}

static void select_filtered(struct query *q, const struct db_wire_filter *f)
{
	select_direction(q, f);
	query_and_text(q, "f.action=?", f->action);
	query_and_text(q, "f.pair=?", f->pair);
	query_and_text(q, "instr(f.text, ?)>0", f->contains);
	query_and_text(q,
		"instr(ifnull(f.verdict,'')||' '||iif(" TYPE("f") "='4', f.text, ''), ?)>0",
		f->error);
	if (f->faulty)
		query_add(q, " AND (f.verdict IS NOT NULL OR " TYPE("f") "='4')");
}

static void select_pairs_filtered(struct query *q, const struct db_wire_filter *f)
{
	select_direction(q, f);
	query_and_int(q, "ifnull((r.id>>20)-(f.id>>20)>=?, 1)", f->slower_ms > 0, f->slower_ms);
	query_and_text(q, "f.action=?", f->action);
	query_and_text(q, "f.pair=?", f->pair);
	query_and_text(q, "instr(f.text||' '||ifnull(r.text,''), ?)>0", f->contains);
	query_and_text(q,
		"instr(ifnull(f.verdict,'')||' '||ifnull(r.verdict,'')||"
		"iif(" TYPE("r") "='4', r.text, ''), ?)>0",
		f->error);
	if (f->faulty)
		query_add(q, " AND (f.verdict IS NOT NULL OR r.verdict IS NOT NULL"
			     " OR " TYPE("r") "='4')");
	query_add(q, IS_REQUEST);
}

/* Conditions on the time of f, and the order. The plus keeps other bounds from taking the place of
 * the ends of a spell's range. */
static void select_times(struct query *q, const struct db_wire_filter *f)
{
	const char *plus = f->station ? "+" : "";
	char words[4][20];
	static const char *const conditions[] = {"f.id>=?", "f.id<?", "f.id<?", "f.id>?"};

	for (int i = 0; i < 4; i++)
		snprintf(words[i], sizeof words[i], "%s%s", plus, conditions[i]);
	if (f->station) {
		query_and_int(q, "p.spell>=?>>33", f->from.ms > 0, id_of(f->from));
		query_and_int(q, "p.spell<=?>>33", f->to.ms > 0, id_of(f->to));
		query_and_int(q, "p.spell<=?>>33", f->before > 0, f->before);
		query_and_int(q, "p.spell>=?>>33", f->after > 0, f->after);
	}
	query_and_int(q, words[0], f->from.ms > 0, id_of(f->from));
	query_and_int(q, words[1], f->to.ms > 0, id_of(f->to));
	query_and_int(q, words[2], f->before > 0, f->before);
	query_and_int(q, words[3], f->after > 0, f->after);
}

static void select_order(struct query *q, const struct db_wire_filter *f)
{
	const char *way = f->oldest_first ? "ASC" : "DESC";
	char words[60];

	if (f->station)
		snprintf(words, sizeof words, " ORDER BY p.spell %s, f.id %s", way, way);
	else
		snprintf(words, sizeof words, " ORDER BY f.id %s", way);
	query_add(q, words);
}

static void begin(struct query *q, struct db_reader *r, struct arena *a,
	const struct db_wire_filter *f, const char *of_station, const char *of_all)
{
	query_init(q, r, &r->wire, a, true, f->station ? of_station : of_all);
	query_and_text(q, "s.name=?", f->station);
	query_and_text(q, "s.name IN (SELECT value FROM json_each(?))", f->within);
	select_times(q, f);
}

int db_query_wire(struct db_reader *r, const struct db_wire_filter *f, struct arena *a,
	struct db_wire_page *out)
{
	struct query q;
	struct db_wire_page page = {0};
	size_t bytes = 0;
	begin(&q, r, a, f, FRAME_COLUMNS STATION_FRAMES " WHERE s.depot=?1",
		FRAME_COLUMNS ALL_FRAMES " WHERE s.depot=?1");
	select_filtered(&q, f);
	select_order(&q, f);
	size_t limit = (size_t)query_limit(&q, f->limit);
	while ((!f->max_bytes || bytes < f->max_bytes) && query_next(&q)) {
		struct db_wire_frame *frame = QUERY_ITEM(&q, &page);
		if (!frame)
			break;
		read_frame(&q, 0, frame);
		bytes += frame->len;
	}
	if (query_finish(&q) < 0)
		return -1;
	if (page.count == limit || (f->max_bytes && bytes >= f->max_bytes))
		page.next = page.items[page.count - 1].id;
	*out = page;
	return 0;
}

/* The frame at which one search ends, 0: there are not so many. */
static int64_t horizon(struct db_reader *r, const struct db_wire_filter *f, struct arena *a)
{
	struct query q;
	int64_t id = 0;

	query_init(&q, r, &r->wire, a, true, "SELECT f.id FROM frames AS f WHERE ?1=?1");
	query_and_int(&q, "f.id<?", f->to.ms > 0, id_of(f->to));
	query_and_int(&q, "f.id<?", f->before > 0, f->before);
	query_and_int(&q, "f.id>=?", f->from.ms > 0, id_of(f->from));
	query_add(&q, " ORDER BY f.id DESC LIMIT 1 OFFSET " SCAN);
	if (query_next(&q))
		id = query_int(&q, 0);
	return query_finish(&q) < 0 ? -1 : id;
}

int db_query_wire_pairs(struct db_reader *r, const struct db_wire_filter *asked, struct arena *a,
	struct db_wire_pair_page *out)
{
	struct query q;
	struct db_wire_pair_page page = {0};
	struct db_wire_filter limited = *asked, *f = &limited;
	int64_t end = asked->station ? 0 : horizon(r, asked, a);

	if (end < 0)
		return -1;
	if (end > f->after)
		f->after = end;
	begin(&q, r, a, f, FRAME_COLUMNS PAIR_COLUMNS STATION_FRAMES PAIR_REPLY " WHERE s.depot=?1",
		FRAME_COLUMNS PAIR_COLUMNS ALL_FRAMES PAIR_REPLY " WHERE s.depot=?1");
	select_pairs_filtered(&q, f);
	select_order(&q, f);
	size_t limit = (size_t)query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_wire_pair *pair = QUERY_ITEM(&q, &page);
		if (!pair)
			break;
		read_frame(&q, 0, &pair->request);
		read_frame(&q, 7, &pair->reply);
	}
	if (query_finish(&q) < 0)
		return -1;
	if (page.items && page.count == limit) {
		page.next = page.items[limit - 1].request.id;
	} else if (end > 0) {
		page.next = end + 1;
		page.searched_to = (wall_t){end >> WIRE_ID_SHIFT};
	}
	*out = page;
	return 0;
}
