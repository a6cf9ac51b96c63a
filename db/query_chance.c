#include "db/query_chance.h"

#include "db/query_core.h"

#define TEXT_OF(x)   #x
#define DIGITS_OF(x) TEXT_OF(x)

int db_query_chances(
	struct db_reader *r, wall_t since, int model, struct arena *a, struct db_chance_list *out)
{
	struct query q;
	struct db_chance_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT c.vehicle, c.moment, c.departs_at, c.chance_pm, c.target_wh,"
		" m.vehicle IS NOT NULL, m.ready FROM chances AS c"
		" LEFT JOIN chances_met AS m ON m.depot=c.depot AND m.departs_at=c.departs_at"
		" AND m.vehicle=c.vehicle WHERE c.depot=?1");
	query_and_int(&q, "c.departs_at>=?", true, since.ms);
	query_and_int(&q, "c.model=?", true, model);
	query_add(&q, " ORDER BY c.departs_at DESC, c.vehicle DESC, c.moment DESC"
		      " LIMIT " DIGITS_OF(DB_CHANCES_MOST));
	while (query_next(&q)) {
		struct db_chance *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->vehicle = query_text(&q, 0);
		row->moment = query_text(&q, 1);
		row->departs = query_time(&q, 2);
		row->chance_pm = query_int(&q, 3);
		row->target_wh = query_int(&q, 4);
		row->is_over = query_int(&q, 5);
		row->has_ready = !query_is_null(&q, 6);
		row->ready = query_int(&q, 6);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
