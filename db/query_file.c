#include "db/query_file.h"

#include "db/query_core.h"

int db_query_tickets(struct db_reader *r, struct arena *a, struct db_ticket_list *out)
{
	struct query q;
	struct db_ticket_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT ticket, station, firmware, name, direction='out', request_id, expires,"
		" used_at FROM file_tickets WHERE depot=?1");
	while (query_next(&q)) {
		struct db_ticket *t = QUERY_ITEM(&q, &list);
		if (!t)
			break;
		t->ticket = query_text(&q, 0);
		t->station = query_text(&q, 1);
		t->firmware = query_text(&q, 2);
		t->name = query_text(&q, 3);
		t->is_out = query_int(&q, 4) != 0;
		t->request_id = query_int(&q, 5);
		t->expires = query_time(&q, 6);
		t->used_at = query_time(&q, 7);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_files(struct db_reader *r, const struct db_file_filter *f, struct arena *a,
	struct db_file_list *out)
{
	struct query q;
	struct db_file_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, station, name, sha256, peer, removed_why, request_id, size,"
		" received_at, removed_at FROM files WHERE depot=?1");
	query_and_text(&q, "station=?", f->station);
	query_and_text(&q, "id=?", f->id);
	if (!f->with_removed)
		query_add(&q, " AND removed_at IS NULL");
	query_add(&q, " ORDER BY received_at DESC, id DESC");
	if (f->limit >= 0)
		query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_file *x = QUERY_ITEM(&q, &list);
		if (!x)
			break;
		x->id = query_text(&q, 0);
		x->station = query_text(&q, 1);
		x->name = query_text(&q, 2);
		x->sha256 = query_text(&q, 3);
		x->peer = query_text(&q, 4);
		x->removed_why = query_text(&q, 5);
		x->request_id = query_int(&q, 6);
		x->size = query_int(&q, 7);
		x->received_at = query_time(&q, 8);
		x->removed_at = query_time(&q, 9);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_firmware(struct db_reader *r, struct arena *a, struct db_firmware_list *out)
{
	struct query q;
	struct db_firmware_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, vendor, model, version, name, sha256, md5, actor, signature,"
		" certificate, algorithm, signer, size, added_at FROM firmware"
		" WHERE depot=?1 AND removed_at IS NULL ORDER BY added_at DESC, id DESC");
	while (query_next(&q)) {
		struct db_firmware *f = QUERY_ITEM(&q, &list);
		if (!f)
			break;
		const char **const texts[] = {&f->id, &f->vendor, &f->model, &f->version, &f->name,
			&f->sha256, &f->md5, &f->actor, &f->signature, &f->certificate,
			&f->algorithm, &f->signer};
		for (int i = 0; i < 12; i++)
			*texts[i] = query_text(&q, i);
		f->size = query_int(&q, 12);
		f->added_at = query_time(&q, 13);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_transfers(struct db_reader *r, struct arena *a, struct db_transfer_list *out)
{
	struct query q;
	struct db_transfer_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, kind, status, message, request_id, at FROM transfers"
		" WHERE depot=?1");
	while (query_next(&q)) {
		struct db_transfer *t = QUERY_ITEM(&q, &list);
		if (!t)
			break;
		t->station = query_text(&q, 0);
		t->kind = query_text(&q, 1);
		t->status = query_text(&q, 2);
		t->message = query_text(&q, 3);
		t->request_id = query_int(&q, 4);
		t->at = query_time(&q, 5);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

/* -- campaigns --------------------------------------------------------------------------------- */

struct members {
	size_t count;
	struct db_campaign_station *items;
};

static int read_members(
	struct db_reader *r, const char *campaign, struct arena *a, struct members *out)
{
	struct query q;
	struct members list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT m.station, m.command, m.note, c.state, c.status, c.note,"
		" max(ifnull(m.at,0), ifnull(c.moved_at,0))"
		" FROM campaign_stations m LEFT JOIN commands c"
		"  ON c.depot=m.depot AND c.id=m.command WHERE m.depot=?1");
	query_and_text(&q, "m.campaign=?", campaign);
	query_add(&q, " ORDER BY m.position");
	while (query_next(&q)) {
		struct db_campaign_station *s = QUERY_ITEM(&q, &list);
		if (!s)
			break;
		s->station = query_text(&q, 0);
		s->command = query_text(&q, 1);
		s->note = query_text(&q, 2);
		s->state = query_text(&q, 3);
		s->status = query_text(&q, 4);
		s->command_note = query_text(&q, 5);
		s->at = query_time(&q, 6);
	}
	*out = list;
	return query_finish(&q);
}

int db_query_campaigns(struct db_reader *r, const char *id, int limit, struct arena *a,
	struct db_campaign_list *out)
{
	struct query q;
	struct db_campaign_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, firmware, actor, why, at_once, retrieve_at, install_at, started_at,"
		" cancelled_at, allow_unsigned FROM campaigns WHERE depot=?1");
	query_and_text(&q, "id=?", id);
	query_add(&q, " ORDER BY started_at DESC, id DESC");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_campaign *c = QUERY_ITEM(&q, &list);
		if (!c)
			break;
		c->id = query_text(&q, 0);
		c->firmware = query_text(&q, 1);
		c->actor = query_text(&q, 2);
		c->why = query_text(&q, 3);
		c->at_once = query_int(&q, 4);
		c->retrieve_at = query_time(&q, 5);
		c->install_at = query_time(&q, 6);
		c->started_at = query_time(&q, 7);
		c->cancelled_at = query_time(&q, 8);
		c->allow_unsigned = query_int(&q, 9) != 0;
	}
	if (query_finish(&q) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		struct members m;
		if (read_members(r, list.items[i].id, a, &m) < 0)
			return -1;
		list.items[i].station_count = m.count;
		list.items[i].stations = m.items;
	}
	*out = list;
	return 0;
}

/* -- security ---------------------------------------------------------------------------------- */

int db_query_security_events(struct db_reader *r, const char *station, int limit, struct arena *a,
	struct db_security_event_list *out)
{
	struct query q;
	struct db_security_event_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT seq, type, tech_info, at, received FROM security_events WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	query_add(&q, " ORDER BY seq DESC");
	query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_security_event *e = QUERY_ITEM(&q, &list);
		if (!e)
			break;
		e->seq = query_int(&q, 0);
		e->type = query_text(&q, 1);
		e->tech_info = query_text(&q, 2);
		e->at = query_time(&q, 3);
		e->received = query_time(&q, 4);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_certificates(
	struct db_reader *r, const char *station, struct arena *a, struct db_certificate_list *out)
{
	struct query q;
	struct db_certificate_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT type, hash_algorithm, issuer_name_hash, issuer_key_hash, serial, parent,"
		" subject, listed, not_after, at, station FROM station_certificates WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	query_add(&q, " ORDER BY type, parent, number");
	while (query_next(&q)) {
		struct db_certificate *c = QUERY_ITEM(&q, &list);
		if (!c)
			break;
		c->type = query_text(&q, 0);
		c->hash_algorithm = query_text(&q, 1);
		c->issuer_name_hash = query_text(&q, 2);
		c->issuer_key_hash = query_text(&q, 3);
		c->serial = query_text(&q, 4);
		c->parent = query_text(&q, 5);
		c->subject = query_text(&q, 6);
		c->is_listed = query_int(&q, 7) != 0;
		c->not_after = query_time(&q, 8);
		c->at = query_time(&q, 9);
		c->station = query_text(&q, 10);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
