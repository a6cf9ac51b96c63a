#include "db/query_grid.h"
#include <string.h>
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

/* What was said of the depot itself: a few events for each start. */
#define OF_DEPOT                                                                                   \
	" FROM journal AS j JOIN streams AS s ON s.id=j.stream"                                    \
	" WHERE s.depot=?1 AND s.name>='depot/' AND s.name<'depot0'"

int db_query_file_since(struct db_reader *r, const char *digest, struct arena *a, wall_t *out)
{
	struct query q;
	wall_t since = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT j.at, json_extract(j.payload, '$.digest')" OF_DEPOT
		" AND j.type='DepotLoaded' ORDER BY j.seq");
	while (query_next(&q)) {
		const char *of = query_text(&q, 1);

		if (!of || strcmp(of, digest) != 0)
			since = (wall_t){0};
		else if (!since.ms)
			since = query_time(&q, 0);
	}
	*out = since;
	return query_finish(&q);
}

int db_query_grid_words(struct db_reader *r, const char *digest, wall_t from, struct arena *a,
	struct db_grid_word_list *out)
{
	struct query q;
	struct db_grid_word_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT json_extract(e.value, '$.id'), json_extract(e.value, '$.before'),"
		" json_extract(e.value, '$.after'), at FROM (SELECT j.seq, j.at, j.payload" OF_DEPOT
		" AND j.type='GridChanged' ORDER BY j.seq) AS g,"
		" json_each(g.payload, '$.edits') AS e WHERE json_extract(e.value, '$.kind')='node'");
	query_and_text(&q, "json_extract(g.payload, '$.file')=?", digest);
	query_and_int(&q, "g.at>=?", from.ms != 0, from.ms);
	query_add(&q, " ORDER BY g.seq");
	while (query_next(&q)) {
		struct db_grid_word *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		row->id = query_text(&q, 0);
		row->before = query_text(&q, 1);
		row->after = query_text(&q, 2);
		row->at = query_time(&q, 3);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
