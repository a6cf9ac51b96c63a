#include "db/query_people.h"
#include "db/query_core.h"

int db_query_people(struct db_reader *r, struct arena *a, struct db_person_list *out)
{
	struct query q;
	struct db_person_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT p.name, p.role, p.nodes, p.disabled, p.hash, p.factor, p.recovery,"
		" p.changed_at, u.signed_in_at, u.peer, l.provider, l.issuer, l.subject,"
		" (SELECT ifnull((SELECT group_concat(value, char(10))"
		"  FROM json_each(j.payload, '$.makers')), j.actor) FROM journal AS j"
		"  WHERE j.stream=s.id AND j.type='SignInLinkMade' ORDER BY j.version DESC LIMIT 1),"
		" (SELECT max(json_extract(payload, '$.step')) FROM (SELECT payload FROM journal"
		"  WHERE stream=s.id AND type IN ('SignedIn','UserFactorSet')"
		"  ORDER BY version DESC LIMIT 20))"
		" FROM people AS p"
		" LEFT JOIN streams AS s ON s.depot=p.depot AND s.name='user/' || p.name"
		" LEFT JOIN people_links AS l ON l.depot=p.depot AND l.name=p.name"
		" LEFT JOIN users AS u ON u.depot=p.depot AND u.name=p.name WHERE p.depot=?1");
	query_add(&q, " ORDER BY p.name");
	while (query_next(&q)) {
		struct db_person *p = QUERY_ITEM(&q, &list);
		if (!p)
			break;
		p->name = query_text(&q, 0);
		p->role = query_text(&q, 1);
		p->nodes = query_text(&q, 2);
		p->is_disabled = query_int(&q, 3) != 0;
		p->hash = query_text(&q, 4);
		p->factor = query_text(&q, 5);
		p->recovery = query_text(&q, 6);
		p->changed = query_time(&q, 7);
		p->signed_in = query_time(&q, 8);
		p->peer = query_text(&q, 9);
		p->provider = query_text(&q, 10);
		p->issuer = query_text(&q, 11);
		p->subject = query_text(&q, 12);
		p->makers = query_text(&q, 13);
		p->factor_step = query_int(&q, 14);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
