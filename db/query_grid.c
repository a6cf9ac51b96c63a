#include "db/query_grid.h"
#include "db/query_core.h"

int db_query_grid_edits(struct db_reader *r, struct arena *a, struct db_grid_edit_list *out)
{
	struct query q;
	struct db_grid_edit_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT kind, id, row, file, at FROM grid_edits WHERE depot=?1"
		" ORDER BY source_seq, kind, id");
	while (query_next(&q)) {
		struct db_grid_edit *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->kind = query_text(&q, 0);
		row->id = query_text(&q, 1);
		row->row = query_text(&q, 2);
		row->file = query_text(&q, 3);
		row->at = query_time(&q, 4);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
