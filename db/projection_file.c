/* URLs made for stations, the files that came of them, firmware images and their campaigns. */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

#define TICKET_KEPT_MS (30ll * 86400 * 1000) /* after it expired: until then its URL is "gone" */

struct file {
	struct sql *sql;
	sqlite3_stmt *offer, *prune, *use, *receive, *remove;
	sqlite3_stmt *add, *sign, *drop, *status;
	sqlite3_stmt *campaign, *member, *move, *cancel;
};

static void *create(struct sql *s)
{
	struct file *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->offer, "INSERT OR REPLACE INTO file_tickets (depot, ticket, direction,"
			    " station, request_id, firmware, name, expires)"
			    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8)"},
		{&p->prune, "DELETE FROM file_tickets WHERE depot=?1 AND expires<?2"},
		{&p->use, "UPDATE file_tickets SET used_at=?3 WHERE depot=?1 AND ticket=?2"},
		{&p->receive,
			"INSERT OR REPLACE INTO files (depot, id, station, request_id, name,"
			" size, sha256, peer, received_at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
		{&p->remove, "UPDATE files SET removed_at=?3, removed_why=?4"
			     " WHERE depot=?1 AND id=?2"},
		{&p->add, "INSERT OR REPLACE INTO firmware (depot, id, vendor, model, version,"
			  " name, size, sha256, md5, added_at, actor)"
			  " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"},
		{&p->sign, "UPDATE firmware SET signature=?3, certificate=?4, algorithm=?5,"
			   " signer=?6 WHERE depot=?1 AND id=?2"},
		{&p->drop, "UPDATE firmware SET removed_at=?3 WHERE depot=?1 AND id=?2"},
		{&p->status, "INSERT OR REPLACE INTO transfers (depot, station, kind, status,"
			     " request_id, message, at) VALUES (?1,?2,?3,?4,?5,?6,?7)"},
		{&p->campaign, "INSERT OR REPLACE INTO campaigns (depot, id, firmware,"
			       " retrieve_at, install_at, at_once, allow_unsigned, started_at,"
			       " actor, why) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"},
		{&p->member, "INSERT OR REPLACE INTO campaign_stations (depot, campaign, station,"
			     " position) VALUES (?1,?2,?3,?4)"},
		{&p->move, "UPDATE campaign_stations SET command=?4, note=?5, at=?6"
			   " WHERE depot=?1 AND campaign=?2 AND station=?3"},
		{&p->cancel, "UPDATE campaigns SET cancelled_at=?3 WHERE depot=?1 AND id=?2"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

/* The key that all of these begin with: the depot and the subject of the stream. */
static void bind_subject(sqlite3_stmt *st, const struct journal_entry *e)
{
	projection_bind_key(st, e);
}

/* -- files ------------------------------------------------------------------------------------- */

static int on_offered(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	const struct event_file_offered *f = e->payload;
	sqlite3_stmt *st = p->offer;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, f->ticket);
	sql_bind_text(st, 3, event_file_direction_enum.values[f->direction]);
	sql_bind_text(st, 4, projection_subject(e));
	sql_bind_optional(st, 5, f->has_request_id, f->request_id);
	sql_bind_text(st, 6, f->firmware_id);
	sql_bind_text(st, 7, f->name);
	sqlite3_bind_int64(st, 8, f->expires.ms);
	if (sql_run(p->sql, st) < 0)
		return -1;
	sql_bind_text(p->prune, 1, e->depot);
	sqlite3_bind_int64(p->prune, 2, e->at.ms - TICKET_KEPT_MS);
	return sql_run(p->sql, p->prune);
}

static int on_received(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	const struct event_file_received *f = e->payload;
	sqlite3_stmt *st = p->receive;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, f->file_id);
	sql_bind_text(st, 3, projection_subject(e));
	sql_bind_optional(st, 4, f->has_request_id, f->request_id);
	sql_bind_text(st, 5, f->name);
	sqlite3_bind_int64(st, 6, f->size);
	sql_bind_text(st, 7, f->sha256);
	sql_bind_text(st, 8, f->peer);
	sqlite3_bind_int64(st, 9, e->at.ms);
	if (sql_run(p->sql, st) < 0)
		return -1;
	sql_bind_text(p->use, 1, e->depot);
	sql_bind_text(p->use, 2, f->ticket);
	sqlite3_bind_int64(p->use, 3, e->at.ms);
	return sql_run(p->sql, p->use);
}

static int on_removed(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	const struct event_file_removed *f = e->payload;
	bind_subject(p->remove, e);
	sqlite3_bind_int64(p->remove, 3, e->at.ms);
	sql_bind_text(p->remove, 4, f->why);
	return sql_run(p->sql, p->remove);
}

static int on_status(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	const struct event_transfer_status_changed *t = e->payload;
	sqlite3_stmt *st = p->status;
	bind_subject(st, e);
	sql_bind_text(st, 3, event_transfer_kind_enum.values[t->kind]);
	sql_bind_text(st, 4, t->status);
	sql_bind_optional(st, 5, t->has_request_id, t->request_id);
	sql_bind_text(st, 6, t->message);
	sqlite3_bind_int64(st, 7, e->at.ms);
	return sql_run(p->sql, st);
}

/* -- firmware ---------------------------------------------------------------------------------- */

static int on_added(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	const struct event_firmware_added *f = e->payload;
	sqlite3_stmt *st = p->add;
	bind_subject(st, e);
	sql_bind_text(st, 3, f->vendor);
	sql_bind_text(st, 4, f->model);
	sql_bind_text(st, 5, f->version);
	sql_bind_text(st, 6, f->name);
	sqlite3_bind_int64(st, 7, f->size);
	sql_bind_text(st, 8, f->sha256);
	sql_bind_text(st, 9, f->md5);
	sqlite3_bind_int64(st, 10, e->at.ms);
	sql_bind_text(st, 11, e->actor);
	return sql_run(p->sql, st);
}

static int on_signed(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	const struct event_firmware_signed *f = e->payload;
	bind_subject(p->sign, e);
	sql_bind_text(p->sign, 3, f->signature);
	sql_bind_text(p->sign, 4, f->certificate);
	sql_bind_text(p->sign, 5, f->algorithm);
	sql_bind_text(p->sign, 6, f->signer);
	return sql_run(p->sql, p->sign);
}

static int on_dropped(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	bind_subject(p->drop, e);
	sqlite3_bind_int64(p->drop, 3, e->at.ms);
	return sql_run(p->sql, p->drop);
}

/* -- campaigns --------------------------------------------------------------------------------- */

static int add_members(
	struct file *p, const struct journal_entry *e, const struct event_campaign_started *c)
{
	for (size_t i = 0; i < c->stations.count; i++) {
		bind_subject(p->member, e);
		sql_bind_text(p->member, 3, c->stations.items[i]);
		sqlite3_bind_int64(p->member, 4, (int64_t)i);
		if (sql_run(p->sql, p->member) < 0)
			return -1;
	}
	return 0;
}

static int on_campaign(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	const struct event_campaign_started *c = e->payload;
	sqlite3_stmt *st = p->campaign;
	bind_subject(st, e);
	sql_bind_text(st, 3, c->firmware_id);
	sql_bind_optional(st, 4, c->has_retrieve_at, c->retrieve_at.ms);
	sql_bind_optional(st, 5, c->has_install_at, c->install_at.ms);
	sqlite3_bind_int64(st, 6, c->at_once);
	sqlite3_bind_int64(st, 7, c->allow_unsigned);
	sqlite3_bind_int64(st, 8, e->at.ms);
	sql_bind_text(st, 9, e->actor);
	sql_bind_text(st, 10, c->why);
	return sql_run(p->sql, st) < 0 ? -1 : add_members(p, e, c);
}

static int on_moved(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	const struct event_campaign_moved *c = e->payload;
	bind_subject(p->move, e);
	sql_bind_text(p->move, 3, c->station);
	sql_bind_text(p->move, 4, c->command_id);
	sql_bind_text(p->move, 5, c->note);
	sqlite3_bind_int64(p->move, 6, e->at.ms);
	return sql_run(p->sql, p->move);
}

static int on_cancelled(void *self, const struct journal_entry *e)
{
	struct file *p = self;
	bind_subject(p->cancel, e);
	sqlite3_bind_int64(p->cancel, 3, e->at.ms);
	return sql_run(p->sql, p->cancel);
}

const struct projection projection_file = {"file", create, free, NULL};

const struct projection_rule projection_file_rules[] = {
	{EVENT_FILE_OFFERED, &projection_file, on_offered},
	{EVENT_FILE_RECEIVED, &projection_file, on_received},
	{EVENT_FILE_REMOVED, &projection_file, on_removed},
	{EVENT_TRANSFER_STATUS_CHANGED, &projection_file, on_status},
	{EVENT_FIRMWARE_ADDED, &projection_file, on_added},
	{EVENT_FIRMWARE_SIGNED, &projection_file, on_signed},
	{EVENT_FIRMWARE_REMOVED, &projection_file, on_dropped},
	{EVENT_CAMPAIGN_STARTED, &projection_file, on_campaign},
	{EVENT_CAMPAIGN_MOVED, &projection_file, on_moved},
	{EVENT_CAMPAIGN_CANCELLED, &projection_file, on_cancelled},
	{.type = -1},
};
