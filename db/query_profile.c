#include "db/query_profile.h"

#include "db/query.h"
#include "db/query_core.h"

int db_query_profiles(struct db_reader *r, struct arena *a, struct db_profile_list *out)
{
	struct query q;
	struct db_profile_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, id, evse, source, owner, profile, at FROM charging_profiles"
		" WHERE depot=?1 ORDER BY station, id");
	while (query_next(&q)) {
		struct db_profile *p = QUERY_ITEM(&q, &list);
		if (!p)
			break;
		p->station = query_text(&q, 0);
		p->id = query_int(&q, 1);
		p->evse = query_int(&q, 2);
		p->source = query_text(&q, 3);
		p->owner = query_text(&q, 4);
		p->profile = query_text(&q, 5);
		p->at = query_time(&q, 6);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_external_limits(
	struct db_reader *r, struct arena *a, struct db_external_limit_list *out)
{
	struct query q;
	struct db_external_limit_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, evse, source, critical, schedules, at FROM external_limits"
		" WHERE depot=?1 ORDER BY station, evse, source");
	while (query_next(&q)) {
		struct db_external_limit *l = QUERY_ITEM(&q, &list);
		if (!l)
			break;
		l->station = query_text(&q, 0);
		l->evse = query_int(&q, 1);
		l->source = query_text(&q, 2);
		l->critical = query_int(&q, 3);
		l->schedules = query_text(&q, 4);
		l->at = query_time(&q, 5);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

static int64_t int_or_none(struct query *q, int column)
{
	return query_is_null(q, column) ? -1 : query_int(q, column);
}

int db_query_needs(struct db_reader *r, struct arena *a, struct db_needs_list *out)
{
	struct query q;
	struct db_needs_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, evse, transaction_id, status, max_tuples, departs_at, energy_wh,"
		" max_w, soc_pct, at FROM charging_needs WHERE depot=?1 ORDER BY station, evse");
	while (query_next(&q)) {
		struct db_needs *n = QUERY_ITEM(&q, &list);
		if (!n)
			break;
		n->station = query_text(&q, 0);
		n->evse = query_int(&q, 1);
		n->transaction_id = query_text(&q, 2);
		n->status = query_text(&q, 3);
		n->max_tuples = int_or_none(&q, 4);
		n->departs_at = query_time(&q, 5);
		n->energy_wh = int_or_none(&q, 6);
		n->max_w = int_or_none(&q, 7);
		n->soc_pct = int_or_none(&q, 8);
		n->at = query_time(&q, 9);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
