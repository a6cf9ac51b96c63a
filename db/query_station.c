#include <string.h>

#include "db/query.h"
#include "db/query_core.h"

static void read_evse(struct query *q, struct db_evse *v)
{
	v->id = query_int(q, 1);
	v->kind = query_text(q, 2);
	v->max_w = query_int(q, 3);
	v->min_w = query_int(q, 4);
	v->phases = query_int(q, 5);
	v->tail_w = query_int(q, 6);
	v->connectors = query_int(q, 7);
	v->rotation = query_text(q, 8);
	v->max_ma = query_int(q, 9);
}

/* Both lists are ordered by station, so one walk through each deals the EVSEs out. */
static int add_evses(
	struct db_reader *r, const char *id, struct arena *a, struct db_station_list *l)
{
	struct query q;
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, id, kind, max_w, min_w, phases, tail_w, connectors, rotation,"
		" max_ma FROM evses LEFT JOIN evse_wiring USING (depot, station, id)"
		" WHERE depot=?1");
	query_and_text(&q, "station=?", id);
	query_add(&q, " ORDER BY station, id");
	size_t i = 0;
	while (query_next(&q)) {
		const char *station = (const char *)sqlite3_column_text(q.st, 0);
		while (i < l->count && strcmp(l->items[i].id, station) < 0)
			i++;
		if (i == l->count || strcmp(l->items[i].id, station) != 0)
			continue;
		struct db_station *s = &l->items[i];
		struct db_evse *v =
			query_item(&q, (void **)&s->evses, &s->evse_count, sizeof *s->evses);
		if (v)
			read_evse(&q, v);
	}
	return query_finish(&q);
}

static void read_station(struct query *q, struct db_station *s)
{
	int i = 0;
	s->id = query_text(q, i++);
	s->registered = query_int(q, i++);
	s->policy = query_text(q, i++);
	s->security_profile = query_int(q, i++);
	s->node = query_text(q, i++);
	s->password_hash = query_text(q, i++);
	s->name = query_text(q, i++);
	s->source = query_text(q, i++);
	s->registered_at = query_time(q, i++);
	s->connected = query_int(q, i++);
	s->epoch = query_int(q, i++);
	s->connected_at = query_time(q, i++);
	s->disconnected_at = query_time(q, i++);
	s->used_profile = query_int(q, i++);
	s->protocol = query_text(q, i++);
	s->peer = query_text(q, i++);
	s->close_code = query_int(q, i++);
	s->close_why = query_text(q, i++);
	s->boot_status = query_text(q, i++);
	s->boot_reason = query_text(q, i++);
	s->boot_at = query_time(q, i++);
	s->vendor = query_text(q, i++);
	s->model = query_text(q, i++);
	s->serial = query_text(q, i++);
	s->firmware = query_text(q, i++);
	s->interval_s = query_int(q, i++);
	s->control = query_text(q, i++);
	s->iccid = query_text(q, i++);
	s->imsi = query_text(q, i++);
}

int db_query_stations(
	struct db_reader *r, const char *id, struct arena *a, struct db_station_list *out)
{
	struct query q;
	struct db_station_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT id, registered, policy, security_profile, node, password_hash, name,"
		" source,"
		" registered_at, connected, epoch, connected_at, disconnected_at, used_profile,"
		" protocol, peer, close_code, close_why, boot_status, boot_reason, boot_at, vendor,"
		" model, serial, firmware, interval_s, control, (SELECT iccid FROM station_modems m"
		" WHERE m.depot=stations.depot AND m.station=stations.id), (SELECT imsi FROM"
		" station_modems m WHERE m.depot=stations.depot AND m.station=stations.id)"
		" FROM stations WHERE depot=?1");
	query_and_text(&q, "id=?", id);
	query_add(&q, " ORDER BY id");
	while (query_next(&q)) {
		struct db_station *s = QUERY_ITEM(&q, &list);
		if (s)
			read_station(&q, s);
	}
	if (query_finish(&q) < 0 || add_evses(r, id, a, &list) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_connectors(
	struct db_reader *r, const char *station, struct arena *a, struct db_connector_list *out)
{
	struct query q;
	struct db_connector_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, evse, connector, status, at FROM connectors WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	query_add(&q, " ORDER BY station, evse, connector");
	while (query_next(&q)) {
		struct db_connector *c = QUERY_ITEM(&q, &list);
		if (!c)
			break;
		c->station = query_text(&q, 0);
		c->evse = query_int(&q, 1);
		c->connector = query_int(&q, 2);
		c->status = query_text(&q, 3);
		c->at = query_time(&q, 4);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_setpoints(
	struct db_reader *r, const char *station, struct arena *a, struct db_setpoint_list *out)
{
	struct query q;
	struct db_setpoint_list list = {0};
	query_init(&q, r, &r->depot, a, true,
		"SELECT station, evse, limit_w, source, node, reason, profile_id, transaction_id,"
		" at"
		" FROM setpoints WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	query_add(&q, " ORDER BY station, evse");
	while (query_next(&q)) {
		struct db_setpoint *s = QUERY_ITEM(&q, &list);
		if (!s)
			break;
		s->station = query_text(&q, 0);
		s->evse = query_int(&q, 1);
		s->limit_w = query_int(&q, 2);
		s->source = query_text(&q, 3);
		s->node = query_text(&q, 4);
		s->reason = query_text(&q, 5);
		s->profile_id = query_int(&q, 6);
		s->transaction_id = query_text(&q, 7);
		s->at = query_time(&q, 8);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
