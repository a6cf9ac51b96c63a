#include "db/query_storage.h"
#include "db/query_core.h"

int db_query_discharge_stop(struct db_reader *r, struct arena *a, struct db_discharge_stop *out)
{
	struct query q;

	*out = (struct db_discharge_stop){0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT stopped, at, actor, why FROM discharge_stops WHERE depot=?1");
	if (query_next(&q)) {
		out->is_stopped = query_int(&q, 0) != 0;
		out->at = query_time(&q, 1);
		out->actor = query_text(&q, 2);
		out->why = query_text(&q, 3);
	}
	return query_finish(&q) < 0 ? -1 : 0;
}
