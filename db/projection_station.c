/* Stations as registered, booted and connected; their EVSEs; the status of their connectors. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct stations {
	struct sql *sql;
	sqlite3_stmt *registered, *connected, *disconnected, *booted, *status;
	sqlite3_stmt *drop_evses, *add_evse, *drop_wiring, *add_wiring, *modem, *drop_modem,
		*drop_station, *drop_connectors, *drop_setpoints;
};

static void *create(struct sql *s)
{
	struct stations *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->registered,
			"INSERT INTO stations (depot, id, registered, policy, security_profile,"
			" node,"
			" password_hash, name, source, registered_at, control)"
			" VALUES (?1,?2,1,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT (depot, id) DO"
			" UPDATE"
			" SET"
			" registered=1, policy=?3, security_profile=?4, node=?5,"
			" password_hash=?6, name=?7,"
			" source=?8, registered_at=?9, control=?10"},
		{&p->connected,
			"INSERT INTO stations (depot, id, connected, epoch, connected_at,"
			" used_profile,"
			" protocol, peer) VALUES (?1,?2,1,?3,?4,?5,?6,?7)"
			" ON CONFLICT (depot, id) DO UPDATE SET connected=1, epoch=?3,"
			" connected_at=?4,"
			" used_profile=?5, protocol=?6, peer=?7, close_code=NULL, close_why=NULL"},
		/* The end of an older connection says nothing about the present one. */
		{&p->disconnected,
			"UPDATE stations SET connected=0, disconnected_at=?4, close_code=?5,"
			" close_why=?6"
			" WHERE depot=?1 AND id=?2 AND epoch=?3"},
		{&p->booted,
			"INSERT INTO stations (depot, id, boot_status, boot_reason, boot_at,"
			" vendor, model,"
			" serial, firmware, interval_s) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"
			" ON CONFLICT (depot, id) DO UPDATE SET boot_status=?3, boot_reason=?4,"
			" boot_at=?5, vendor=?6, model=?7, serial=?8, firmware=?9, interval_s=?10"},
		/* A status that was queued while offline never replaces a newer one. */
		{&p->status,
			"INSERT INTO connectors (depot, station, evse, connector, status, at)"
			" VALUES (?1,?2,?3,?4,?5,?6) ON CONFLICT (depot, station, evse, connector)"
			" DO UPDATE SET status=?5, at=?6 WHERE excluded.at >= connectors.at"},
		{&p->drop_evses, "DELETE FROM evses WHERE depot=?1 AND station=?2"},
		{&p->add_evse,
			"INSERT OR REPLACE INTO evses (depot, station, id, kind, max_w, min_w,"
			" phases,"
			" tail_w, connectors) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
		{&p->drop_wiring, "DELETE FROM evse_wiring WHERE depot=?1 AND station=?2"},
		{&p->add_wiring,
			"INSERT OR REPLACE INTO evse_wiring (depot, station, id, rotation, max_ma)"
			" VALUES (?1,?2,?3,?4,?5)"},
		{&p->modem, "INSERT OR REPLACE INTO station_modems (depot, station, iccid, imsi)"
			    " VALUES (?1,?2,?3,?4)"},
		{&p->drop_modem, "DELETE FROM station_modems WHERE depot=?1 AND station=?2"},
		{&p->drop_station, "DELETE FROM stations WHERE depot=?1 AND id=?2"},
		{&p->drop_connectors, "DELETE FROM connectors WHERE depot=?1 AND station=?2"},
		{&p->drop_setpoints, "DELETE FROM setpoints WHERE depot=?1 AND station=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int run_key(struct stations *p, sqlite3_stmt *st, const struct journal_entry *e)
{
	projection_bind_key(st, e);
	return sql_run(p->sql, st);
}

static int add_evse(struct stations *p, const struct journal_entry *e, const struct event_evse *v)
{
	sqlite3_stmt *st = p->add_evse;
	projection_bind_key(st, e);
	sqlite3_bind_int64(st, 3, v->id);
	sql_bind_text(st, 4, v->kind);
	sqlite3_bind_int64(st, 5, v->max_w);
	sqlite3_bind_int64(st, 6, v->min_w);
	sqlite3_bind_int64(st, 7, v->phases);
	sqlite3_bind_int64(st, 8, v->tail_w);
	sqlite3_bind_int64(st, 9, v->connectors);
	return sql_run(p->sql, st);
}

/* On which phases it hangs, where somebody said so. */
static int add_wiring(struct stations *p, const struct journal_entry *e, const struct event_evse *v)
{
	sqlite3_stmt *st = p->add_wiring;

	if (!v->rotation && !v->has_max_a)
		return 0;
	projection_bind_key(st, e);
	sqlite3_bind_int64(st, 3, v->id);
	sql_bind_text(st, 4, v->rotation);
	if (v->has_max_a)
		sqlite3_bind_int64(st, 5, (int64_t)(v->max_a * 1000 + 0.5));
	return sql_run(p->sql, st);
}

static int on_registered(void *self, const struct journal_entry *e)
{
	struct stations *p = self;
	const struct event_station_registered *r = e->payload;
	sqlite3_stmt *st = p->registered;
	projection_bind_key(st, e);
	sql_bind_text(st, 3, event_registration_enum.values[r->policy]);
	sqlite3_bind_int64(st, 4, r->security_profile);
	sql_bind_text(st, 5, r->node);
	sql_bind_text(st, 6, r->password_hash);
	sql_bind_text(st, 7, r->name);
	sql_bind_text(st, 8, r->source);
	sqlite3_bind_int64(st, 9, e->at.ms);
	sql_bind_text(st, 10, event_control_enum.values[r->control]);
	if (sql_run(p->sql, st) < 0 || run_key(p, p->drop_evses, e) < 0 ||
		run_key(p, p->drop_wiring, e) < 0)
		return -1;
	for (size_t i = 0; i < r->evses.count; i++)
		if (add_evse(p, e, &r->evses.items[i]) < 0 ||
			add_wiring(p, e, &r->evses.items[i]) < 0)
			return -1;
	return 0;
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct stations *p = self;
	sqlite3_stmt *const all[] = {p->drop_modem, p->drop_evses, p->drop_wiring,
		p->drop_connectors, p->drop_setpoints, p->drop_station};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (run_key(p, all[i], e) < 0)
			return -1;
	return 0;
}

static int on_connected(void *self, const struct journal_entry *e)
{
	struct stations *p = self;
	const struct event_station_connected *c = e->payload;
	sqlite3_bind_int64(p->connected, 3, c->epoch);
	sqlite3_bind_int64(p->connected, 4, e->at.ms);
	sqlite3_bind_int64(p->connected, 5, c->security_profile);
	sql_bind_text(p->connected, 6, c->protocol);
	sql_bind_text(p->connected, 7, c->peer);
	return run_key(p, p->connected, e);
}

static int on_disconnected(void *self, const struct journal_entry *e)
{
	struct stations *p = self;
	const struct event_station_disconnected *d = e->payload;
	sqlite3_bind_int64(p->disconnected, 3, d->epoch);
	sqlite3_bind_int64(p->disconnected, 4, e->at.ms);
	sqlite3_bind_int64(p->disconnected, 5, d->code);
	sql_bind_text(p->disconnected, 6, d->why);
	return run_key(p, p->disconnected, e);
}

static int on_booted(void *self, const struct journal_entry *e)
{
	struct stations *p = self;
	const struct event_station_booted *b = e->payload;
	sqlite3_stmt *st = p->booted;
	sql_bind_text(st, 3, event_registration_enum.values[b->status]);
	sql_bind_text(st, 4, b->reason);
	sqlite3_bind_int64(st, 5, e->at.ms);
	sql_bind_text(st, 6, b->vendor);
	sql_bind_text(st, 7, b->model);
	sql_bind_text(st, 8, b->serial);
	sql_bind_text(st, 9, b->firmware);
	sqlite3_bind_int64(st, 10, b->interval_s);
	if (run_key(p, st, e) < 0)
		return -1;
	if (!b->iccid && !b->imsi)
		return run_key(p, p->drop_modem, e);
	sql_bind_text(p->modem, 3, b->iccid);
	sql_bind_text(p->modem, 4, b->imsi);
	return run_key(p, p->modem, e);
}

static int on_status(void *self, const struct journal_entry *e)
{
	struct stations *p = self;
	const struct event_connector_status_changed *c = e->payload;
	sqlite3_bind_int64(p->status, 3, c->evse_id);
	sqlite3_bind_int64(p->status, 4, c->connector_id);
	sql_bind_text(p->status, 5, c->status);
	sqlite3_bind_int64(p->status, 6, e->at.ms);
	return run_key(p, p->status, e);
}

const struct projection projection_station = {"station", create, free, NULL};

const struct projection_rule projection_station_rules[] = {
	{EVENT_STATION_REGISTERED, &projection_station, on_registered},
	{EVENT_STATION_REMOVED, &projection_station, on_removed},
	{EVENT_STATION_CONNECTED, &projection_station, on_connected},
	{EVENT_STATION_DISCONNECTED, &projection_station, on_disconnected},
	{EVENT_STATION_BOOTED, &projection_station, on_booted},
	{EVENT_CONNECTOR_STATUS_CHANGED, &projection_station, on_status},
	{.type = -1},
};
