#include "db/query_fleet.h"
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
