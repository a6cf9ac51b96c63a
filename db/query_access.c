#include "db/query_access.h"
#include "db/query_core.h"

static void read_token(struct query *q, struct db_token *t)
{
	t->type = query_text(q, 0);
	t->value = query_text(q, 1);
	t->status = query_text(q, 2);
	t->group = query_text(q, 3);
	t->vehicle = query_text(q, 4);
	t->expires = query_time(q, 5);
	t->source = query_text(q, 6);
	t->at = query_time(q, 7);
	t->kind = query_text(q, 8);
	t->evses = query_text(q, 9);
	t->nodes = query_text(q, 10);
	t->windows = query_text(q, 11);
	t->has_priority = !query_is_null(q, 12);
	t->priority = query_int(q, 12);
	t->language = query_text(q, 13);
	t->language2 = query_text(q, 14);
	t->message = query_text(q, 15);
}

int db_query_tokens(struct db_reader *r, const char *type, const char *value, struct arena *a,
	struct db_token_list *out)
{
	struct query q;
	struct db_token_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT type, value, status, group_id, vehicle, expires, source, at, kind, evses,"
		" nodes, windows, priority, language, language2, message"
		" FROM tokens LEFT JOIN token_rules USING (depot, type, value) WHERE depot=?1");
	query_and_text(&q, "type=?", type);
	query_and_text(&q, "value=?", value);
	query_add(&q, " ORDER BY type, value");
	while (query_next(&q)) {
		struct db_token *t = QUERY_ITEM(&q, &list);
		if (!t)
			break;
		read_token(&q, t);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_password_offers(
	struct db_reader *r, struct arena *a, struct db_password_offer_list *out)
{
	struct query q;
	struct db_password_offer_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, id, hash, waits FROM password_offers WHERE depot=?1"
		" ORDER BY station, at, id");
	while (query_next(&q)) {
		struct db_password_offer *o = QUERY_ITEM(&q, &list);
		if (!o)
			break;
		o->station = query_text(&q, 0);
		o->id = query_text(&q, 1);
		o->hash = query_text(&q, 2);
		o->waits = query_int(&q, 3) != 0;
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_users(struct db_reader *r, const char *name, struct arena *a, struct db_user_list *out)
{
	struct query q;
	struct db_user_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT name, link_made_at, link_expires, link_used_at, signed_in_at, method, peer"
		" FROM users WHERE depot=?1");
	query_and_text(&q, "name=?", name);
	query_add(&q, " ORDER BY name");
	while (query_next(&q)) {
		struct db_user *u = QUERY_ITEM(&q, &list);
		if (!u)
			break;
		u->name = query_text(&q, 0);
		u->link_made_at = query_time(&q, 1);
		u->link_expires = query_time(&q, 2);
		u->link_used_at = query_time(&q, 3);
		u->signed_in_at = query_time(&q, 4);
		u->method = query_text(&q, 5);
		u->peer = query_text(&q, 6);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_api_tokens(
	struct db_reader *r, const char *digest, struct arena *a, struct db_api_token_list *out)
{
	struct query q;
	struct db_api_token_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, digest, name, role, made_at, expires, revoked_at, revoked_why, nodes,"
		" used_at, peer, (SELECT ifnull((SELECT group_concat(value, char(10))"
		"  FROM json_each(j.payload, '$.makers')), j.actor)"
		"  FROM streams AS s JOIN journal AS j ON j.stream=s.id AND j.version=1"
		"  WHERE s.depot=?1 AND s.name='apitoken/' || api_tokens.id)"
		" FROM api_tokens LEFT JOIN api_token_limits USING (depot, id)"
		" LEFT JOIN api_token_uses USING (depot, id) WHERE depot=?1");
	query_and_text(&q, "digest=?", digest);
	query_add(&q, " ORDER BY id");
	while (query_next(&q)) {
		struct db_api_token *t = QUERY_ITEM(&q, &list);
		if (!t)
			break;
		t->id = query_text(&q, 0);
		t->digest = query_text(&q, 1);
		t->name = query_text(&q, 2);
		t->role = query_text(&q, 3);
		t->made_at = query_time(&q, 4);
		t->expires = query_time(&q, 5);
		t->revoked_at = query_time(&q, 6);
		t->revoked_why = query_text(&q, 7);
		t->nodes = query_text(&q, 8);
		t->used_at = query_time(&q, 9);
		t->peer = query_text(&q, 10);
		t->makers = query_text(&q, 11);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_plans(struct db_reader *r, int limit, struct arena *a, struct db_plan_list *out)
{
	struct query q;
	struct db_plan_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT number, seq, id, at, trigger, vehicles, slots, slot_ms, start, solve_us,"
		" short_wh, night FROM plans WHERE depot=?1 ORDER BY number DESC");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_plan *p = QUERY_ITEM(&q, &list);
		if (!p)
			break;
		p->number = query_int(&q, 0);
		p->seq = query_int(&q, 1);
		p->id = query_text(&q, 2);
		p->at = query_time(&q, 3);
		p->trigger = query_text(&q, 4);
		p->vehicles = query_int(&q, 5);
		p->slots = query_int(&q, 6);
		p->slot_ms = query_int(&q, 7);
		p->start = query_time(&q, 8);
		p->solve_us = query_int(&q, 9);
		p->short_wh = query_int(&q, 10);
		p->has_night = sqlite3_column_type(q.st, 11) != SQLITE_NULL;
		p->night = query_int(&q, 11);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_guard_acts(
	struct db_reader *r, int limit, struct arena *a, struct db_guard_act_list *out)
{
	struct query q;
	struct db_guard_act_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT number, seq, at, node, measured_w, limit_w, quality, reason, lowered"
		" FROM guard_acts WHERE depot=?1 ORDER BY number DESC");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_guard_act *g = QUERY_ITEM(&q, &list);
		if (!g)
			break;
		g->number = query_int(&q, 0);
		g->seq = query_int(&q, 1);
		g->at = query_time(&q, 2);
		g->node = query_text(&q, 3);
		g->measured_w = query_int(&q, 4);
		g->limit_w = query_int(&q, 5);
		g->quality = query_text(&q, 6);
		g->reason = query_text(&q, 7);
		g->lowered = query_int(&q, 8);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_depot(struct db_reader *r, struct arena *a, struct db_depot **out)
{
	struct query q;
	struct {
		size_t count;
		struct db_depot *items;
	} list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT at, source, digest, nodes, stations, vehicles FROM depots WHERE depot=?1");
	if (query_next(&q)) {
		struct db_depot *d = QUERY_ITEM(&q, &list);
		if (d) {
			d->at = query_time(&q, 0);
			d->source = query_text(&q, 1);
			d->digest = query_text(&q, 2);
			d->nodes = query_int(&q, 3);
			d->stations = query_int(&q, 4);
			d->vehicles = query_int(&q, 5);
		}
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list.count ? list.items : NULL;
	return 0;
}
