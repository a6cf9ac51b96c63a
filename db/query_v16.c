#include "db/query_v16.h"

#include "db/query_core.h"

int db_query_v16_transactions(
	struct db_reader *r, wall_t since, struct arena *a, struct db_v16_transaction_list *out)
{
	struct query q;
	struct db_v16_transaction_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT v.station, v.number, v.adopted, v.connector, v.id_tag, v.meter_start,"
		" v.started_at, v.remote_start_id, ifnull(t.open, 0), t.seqs"
		" FROM v16_transactions AS v"
		" LEFT JOIN streams AS s ON s.depot=v.depot"
		"  AND s.name='transaction/' || v.station || '/' || v.number"
		" LEFT JOIN transactions AS t ON t.id=s.id WHERE v.depot=?1");
	query_and_int(&q, "(t.open OR v.started_at>=?)", true, since.ms);
	query_add(&q, " ORDER BY v.started_at, v.number");
	while (query_next(&q)) {
		struct db_v16_transaction *t = QUERY_ITEM(&q, &list);
		if (!t)
			break;
		t->station = query_text(&q, 0);
		t->number = query_int(&q, 1);
		t->adopted = query_int(&q, 2);
		t->connector = query_int(&q, 3);
		t->id_tag = query_text(&q, 4);
		t->has_meter_start = !query_is_null(&q, 5);
		t->meter_start = query_int(&q, 5);
		t->started_at = query_time(&q, 6);
		t->has_remote_start_id = !query_is_null(&q, 7);
		t->remote_start_id = query_int(&q, 7);
		t->open = query_int(&q, 8);
		t->seqs = query_text(&q, 9);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_v16_asked(struct db_reader *r, struct arena *a, struct db_v16_asked_list *out)
{
	struct query q;
	struct db_v16_asked_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, kind, request_id, id_tag, token_type, connector, at"
		" FROM v16_asked WHERE depot=?1 ORDER BY at, request_id");
	while (query_next(&q)) {
		struct db_v16_asked *k = QUERY_ITEM(&q, &list);
		if (!k)
			break;
		k->station = query_text(&q, 0);
		k->kind = query_text(&q, 1);
		k->request_id = query_int(&q, 2);
		k->id_tag = query_text(&q, 3);
		k->token_type = query_text(&q, 4);
		k->connector = query_int(&q, 5);
		k->at = query_time(&q, 6);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_v16_newest(struct db_reader *r, struct arena *a, int64_t *out)
{
	struct query q;
	int64_t newest = 0;
	query_init(&q, r, &r->depot, a, true,
		"SELECT ifnull(max(number), 0) FROM v16_transactions WHERE depot=?1"
		" AND adopted=0");
	if (query_next(&q))
		newest = query_int(&q, 0);
	if (query_finish(&q) < 0)
		return -1;
	*out = newest;
	return 0;
}
