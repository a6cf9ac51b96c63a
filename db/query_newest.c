#include "db/query_newest.h"

#include "db/query_core.h"

int db_query_newest(
	struct db_reader *r, const char *pattern, struct arena *a, struct db_sample_list *out)
{
	struct query q;
	struct db_sample_list list = {0};
	query_init(&q, r, &r->series, a, true,
		"SELECT p.name, s.at, s.value, s.quality FROM points AS p"
		" JOIN samples AS s ON s.point=p.id"
		" AND s.at=(SELECT max(x.at) FROM samples AS x WHERE x.point=p.id)"
		" WHERE p.depot=?1");
	query_and_text(&q, "p.name GLOB ?", pattern);
	while (query_next(&q)) {
		struct db_sample *s = QUERY_ITEM(&q, &list);
		if (!s)
			break;
		s->point = query_text(&q, 0);
		s->at = query_time(&q, 1);
		s->value = sqlite3_column_double(q.st, 2);
		s->quality = (int)query_int(&q, 3);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
