/* Who may charge (tokens), sign in (one-time links) and call by script (API tokens). */
#include <stdlib.h>

#include "db/projection.h"
#include "gen/event.h"

struct access {
	struct sql *sql;
	sqlite3_stmt *token, *drop_token, *rules, *drop_rules, *link, *signed_in, *api_token,
		*api_limit, *api_use, *revoke;
};

static void *create(struct sql *s)
{
	struct access *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->sql = s;
	const struct sql_prepared list[] = {
		{&p->token, "INSERT OR REPLACE INTO tokens (depot, type, value, status, group_id,"
			    " vehicle,"
			    " expires, source, at) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
		{&p->drop_token, "DELETE FROM tokens WHERE depot=?1 AND type=?2 AND value=?3"},
		{&p->rules, "INSERT OR REPLACE INTO token_rules (depot, type, value, kind, evses,"
			    " nodes, windows, priority, language, language2, message)"
			    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"},
		{&p->drop_rules, "DELETE FROM token_rules WHERE depot=?1 AND type=?2 AND value=?3"},
		{&p->link,
			"INSERT INTO users (depot, name, link_made_at, link_expires) VALUES (?1,"
			"?2,?3,?4)"
			" ON CONFLICT (depot, name) DO UPDATE SET link_made_at=?3, link_expires=?4,"
			" link_used_at=NULL"},
		{&p->signed_in,
			"INSERT INTO users (depot, name, signed_in_at, method, peer, link_used_at)"
			" VALUES (?1,?2,?3,?4,?5, iif(?4='link', ?3, NULL))"
			" ON CONFLICT (depot, name) DO UPDATE SET signed_in_at=?3, method=?4,"
			" peer=?5,"
			" link_used_at=iif(?4='link', ifnull(link_used_at, ?3), link_used_at)"},
		{&p->api_token,
			"INSERT OR REPLACE INTO api_tokens (depot, id, digest, name, role, made_at,"
			" expires) VALUES (?1,?2,?3,?4,?5,?6,?7)"},
		{&p->api_limit, "INSERT OR REPLACE INTO api_token_limits (depot, id, nodes)"
				" VALUES (?1,?2,?3)"},
		{&p->api_use, "INSERT OR REPLACE INTO api_token_uses (depot, id, used_at, peer)"
			      " VALUES (?1,?2,?3,?4)"},
		{&p->revoke,
			"UPDATE api_tokens SET revoked_at=?3, revoked_why=?4 WHERE depot=?1 AND"
			" id=?2"
			" AND revoked_at IS NULL"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return p;
	free(p);
	return NULL;
}

static int run_token_key(struct access *p, sqlite3_stmt *st, const struct journal_entry *e,
	const char *type, const char *value)
{
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, type);
	sql_bind_text(st, 3, value);
	return sql_run(p->sql, st);
}

static void bind_word(sqlite3_stmt *st, int at, const char *word)
{
	sql_bind_text(st, at, word && word[0] ? word : NULL);
}

static int put_rules(
	struct access *p, const struct journal_entry *e, const struct event_token_changed *t)
{
	sqlite3_stmt *st = p->rules;
	bool any = t->evses.count || t->nodes.count || t->windows.count || t->has_priority;
	const char *const words[] = {t->kind, t->language, t->language2, t->message};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		any = any || (words[i] && words[i][0]);
	if (!any)
		return run_token_key(p, p->drop_rules, e, t->type, t->value);
	bind_word(st, 4, t->kind);
	projection_bind_lines(st, 5, &t->evses);
	projection_bind_lines(st, 6, &t->nodes);
	projection_bind_lines(st, 7, &t->windows);
	sql_bind_optional(st, 8, t->has_priority, t->priority);
	bind_word(st, 9, t->language);
	bind_word(st, 10, t->language2);
	bind_word(st, 11, t->message);
	return run_token_key(p, st, e, t->type, t->value);
}

static int on_token(void *self, const struct journal_entry *e)
{
	struct access *p = self;
	const struct event_token_changed *t = e->payload;
	sqlite3_stmt *st = p->token;
	sql_bind_text(st, 1, e->depot);
	sql_bind_text(st, 2, t->type);
	sql_bind_text(st, 3, t->value);
	sql_bind_text(st, 4, t->status);
	sql_bind_text(st, 5, t->group);
	sql_bind_text(st, 6, t->vehicle_id);
	sql_bind_optional(st, 7, t->has_expires, t->expires.ms);
	sql_bind_text(st, 8, t->source);
	sqlite3_bind_int64(st, 9, e->at.ms);
	return sql_run(p->sql, st) < 0 ? -1 : put_rules(p, e, t);
}

static int on_token_removed(void *self, const struct journal_entry *e)
{
	struct access *p = self;
	const struct event_token_removed *t = e->payload;
	if (run_token_key(p, p->drop_rules, e, t->type, t->value) < 0)
		return -1;
	return run_token_key(p, p->drop_token, e, t->type, t->value);
}

static void bind_subject(sqlite3_stmt *st, const struct journal_entry *e)
{
	projection_bind_key(st, e);
}

static int on_link(void *self, const struct journal_entry *e)
{
	struct access *p = self;
	const struct event_sign_in_link_made *l = e->payload;
	bind_subject(p->link, e);
	sqlite3_bind_int64(p->link, 3, e->at.ms);
	sqlite3_bind_int64(p->link, 4, l->expires.ms);
	return sql_run(p->sql, p->link);
}

static int on_signed_in(void *self, const struct journal_entry *e)
{
	struct access *p = self;
	const struct event_signed_in *s = e->payload;
	bind_subject(p->signed_in, e);
	sqlite3_bind_int64(p->signed_in, 3, e->at.ms);
	sql_bind_text(p->signed_in, 4, s->method);
	sql_bind_text(p->signed_in, 5, s->peer);
	return sql_run(p->sql, p->signed_in);
}

static int on_api_token(void *self, const struct journal_entry *e)
{
	struct access *p = self;
	const struct event_api_token_made *t = e->payload;
	sqlite3_stmt *st = p->api_token;
	bind_subject(st, e);
	sql_bind_text(st, 3, t->digest);
	sql_bind_text(st, 4, t->name);
	sql_bind_text(st, 5, t->role);
	sqlite3_bind_int64(st, 6, e->at.ms);
	sql_bind_optional(st, 7, t->has_expires, t->expires.ms);
	if (sql_run(p->sql, st) < 0)
		return -1;
	if (t->nodes.count == 0)
		return 0;
	bind_subject(p->api_limit, e);
	projection_bind_lines(p->api_limit, 3, &t->nodes);
	return sql_run(p->sql, p->api_limit);
}

static int on_api_use(void *self, const struct journal_entry *e)
{
	struct access *p = self;
	const struct event_api_token_used *u = e->payload;
	bind_subject(p->api_use, e);
	sqlite3_bind_int64(p->api_use, 3, e->at.ms);
	sql_bind_text(p->api_use, 4, u->peer);
	return sql_run(p->sql, p->api_use);
}

static int on_revoked(void *self, const struct journal_entry *e)
{
	struct access *p = self;
	const struct event_api_token_revoked *r = e->payload;
	bind_subject(p->revoke, e);
	sqlite3_bind_int64(p->revoke, 3, e->at.ms);
	sql_bind_text(p->revoke, 4, r->why);
	return sql_run(p->sql, p->revoke);
}

const struct projection projection_access = {"access", create, free, NULL};

const struct projection_rule projection_access_rules[] = {
	{EVENT_TOKEN_CHANGED, &projection_access, on_token},
	{EVENT_TOKEN_REMOVED, &projection_access, on_token_removed},
	{EVENT_SIGN_IN_LINK_MADE, &projection_access, on_link},
	{EVENT_SIGNED_IN, &projection_access, on_signed_in},
	{EVENT_API_TOKEN_MADE, &projection_access, on_api_token},
	{EVENT_API_TOKEN_USED, &projection_access, on_api_use},
	{EVENT_API_TOKEN_REVOKED, &projection_access, on_revoked},
	{.type = -1},
};
