#include "db/query_device.h"

#include "db/query.h"
#include "db/query_core.h"

int db_query_report_parts(struct db_reader *r, struct arena *a, struct db_report_part_list *out)
{
	struct query q;
	struct db_report_part_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, kind, request_id, seq_no, is_last, length(items)"
		" FROM report_parts WHERE depot=?1 ORDER BY station, kind, request_id, seq_no");
	while (query_next(&q)) {
		struct db_report_part *p = QUERY_ITEM(&q, &list);
		if (!p)
			break;
		p->station = query_text(&q, 0);
		p->kind = query_text(&q, 1);
		p->request_id = query_int(&q, 2);
		p->seq_no = query_int(&q, 3);
		p->is_last = query_int(&q, 4);
		p->bytes = query_int(&q, 5);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
