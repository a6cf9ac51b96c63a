#include "db/query_identity.h"
#include "db/query_core.h"

int db_query_identities(
	struct db_reader *r, const char *station, struct arena *a, struct db_identity_list *out)
{
	struct query q;
	struct db_identity_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, serial, source, why, expired_allowed, factory_allowed, changed_at,"
		" fingerprint, certificate_serial, common_name, issuer, not_after, expired, factory,"
		" seen_at FROM station_identities WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	while (query_next(&q)) {
		struct db_identity *i = QUERY_ITEM(&q, &list);
		if (!i)
			break;
		i->station = query_text(&q, 0);
		i->serial = query_text(&q, 1);
		i->source = query_text(&q, 2);
		i->why = query_text(&q, 3);
		i->expired_allowed = query_int(&q, 4);
		i->factory_allowed = query_int(&q, 5);
		i->changed_at = query_time(&q, 6);
		i->fingerprint = query_text(&q, 7);
		i->certificate_serial = query_text(&q, 8);
		i->common_name = query_text(&q, 9);
		i->issuer = query_text(&q, 10);
		i->not_after = query_time(&q, 11);
		i->expired = query_int(&q, 12);
		i->factory = query_int(&q, 13);
		i->seen_at = query_time(&q, 14);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
