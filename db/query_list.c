#include "db/query_list.h"
#include "db/query_core.h"

int db_query_local_lists(struct db_reader *r, struct arena *a, struct db_local_list_list *out)
{
	struct query q;
	struct db_local_list_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, mode, state, version, entries, digest, note, at FROM local_lists"
		" WHERE depot=?1");
	while (query_next(&q)) {
		struct db_local_list *l = QUERY_ITEM(&q, &list);
		if (!l)
			break;
		l->station = query_text(&q, 0);
		l->mode = query_text(&q, 1);
		l->state = query_text(&q, 2);
		l->version = query_int(&q, 3);
		l->entries = query_int(&q, 4);
		l->digest = query_text(&q, 5);
		l->note = query_text(&q, 6);
		l->at = query_time(&q, 7);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
