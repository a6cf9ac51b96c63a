#include "db/query_reservation.h"
#include "db/query_core.h"

static void read_reservation(struct query *q, struct db_reservation *r)
{
	r->station = query_text(q, 0);
	r->id = query_int(q, 1);
	r->state = query_text(q, 2);
	r->evse = query_int(q, 3);
	r->connector_type = query_text(q, 4);
	r->token = query_text(q, 5);
	r->token_type = query_text(q, 6);
	r->group = query_text(q, 7);
	r->expires = query_time(q, 8);
	r->transaction_id = query_text(q, 9);
	r->note = query_text(q, 10);
	r->made_at = query_time(q, 11);
	r->changed_at = query_time(q, 12);
}

int db_query_reservations(struct db_reader *r, const struct db_reservation_filter *f,
	struct arena *a, struct db_reservation_list *out)
{
	struct query q;
	struct db_reservation_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, id, state, evse, connector_type, token, token_type, group_id,"
		" expires, transaction_id, note, made_at, changed_at FROM reservations"
		" WHERE depot=?1");
	query_and_text(&q, "station=?", f->station);
	query_and_text(&q, "state=?", f->state);
	query_and_int(&q, "id=?", f->id != 0, f->id);
	if (f->open)
		query_add(&q, " AND state IN ('asked','active','unknown')");
	query_add(&q, " ORDER BY made_at DESC, id DESC");
	query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_reservation *row = QUERY_ITEM(&q, &list);
		if (!row)
			break;
		read_reservation(&q, row);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
