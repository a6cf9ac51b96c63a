#include "db/query_oscp.h"
#include "db/query_core.h"

static void read_peer(struct query *q, struct db_oscp_peer *p)
{
	p->id = query_text(q, 0);
	p->state = query_text(q, 1);
	p->url = query_text(q, 2);
	p->token_in = query_text(q, 3);
	p->token_out = query_text(q, 4);
	p->why = query_text(q, 5);
	p->changed_at = query_time(q, 6);
	p->handshake_id = query_text(q, 7);
	p->has_heartbeat_s = !query_is_null(q, 8);
	p->heartbeat_s = p->has_heartbeat_s ? sqlite3_column_double(q->st, 8) : 0;
	p->continuous = query_int(q, 9) != 0;
	p->intermittent = query_int(q, 10) != 0;
	p->handshake_at = query_time(q, 11);
	p->online = query_int(q, 12) != 0;
	p->online_at = query_time(q, 13);
	p->online_why = query_text(q, 14);
}

int db_query_oscp_peers(struct db_reader *r, struct arena *a, struct db_oscp_peer_list *out)
{
	struct query q;
	struct db_oscp_peer_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, state, url, token_in, token_out, why, changed_at, handshake_id,"
		" heartbeat_s, continuous, intermittent, handshake_at, online, online_at,"
		" online_why FROM oscp_peers WHERE depot=?1");
	query_add(&q, " ORDER BY id");
	while (query_next(&q)) {
		struct db_oscp_peer *p = QUERY_ITEM(&q, &list);
		if (!p)
			break;
		read_peer(&q, p);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_oscp_received(struct db_reader *r, const char *peer, int limit, struct arena *a,
	struct schema_strings *out)
{
	struct query q;
	struct schema_strings list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT j.idem FROM journal AS j JOIN streams AS s ON s.id=j.stream"
		" WHERE s.depot=?1");
	query_and_text(&q, "s.name='oscp/' || ?", peer);
	query_add(&q, " AND j.idem IS NOT NULL ORDER BY j.version DESC");
	query_limit(&q, limit);
	while (query_next(&q)) {
		const char **id = QUERY_ITEM(&q, &list);
		if (!id)
			break;
		*id = query_text(&q, 0);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
