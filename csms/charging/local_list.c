#include "csms/charging/local_list.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/command.h"
#include "csms/charging/local_list_private.h"
#include "csms/station/session.h"
#include "csms/charging/token_check.h"
#include "csms/stored.h"
#include "db/query_list.h"

#define GONE_MAX 5000 /* removed tokens that are remembered */

/* -- one station's ---------------------------------------------------------------------------- */

static void lower(const char *s, char out[49])
{
	snprintf(out, 49, "%s", s);
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

static struct list *find(const struct core *c, const char *station)
{
	struct list *l = NULL;
	char key[49];

	lower(station, key);
	if (c->lists)
		HASH_FIND_STR(c->lists->lists, key, l);
	return l;
}

static enum event_list_mode usual_mode(const struct core *c)
{
	return (enum event_list_mode)token_policy(c->depot)->local_list;
}

static struct list *list_of(struct core *c, const char *station)
{
	struct list *l = find(c, station);

	if (l || !c->lists || !(l = calloc(1, sizeof *l)))
		return l;
	l->all = c->lists;
	lower(station, l->key);
	snprintf(l->station, sizeof l->station, "%s", station);
	l->seen = -1;
	l->file_mode = usual_mode(c);
	HASH_ADD_STR(c->lists->lists, key, l);
	return l;
}

/* -- told by others --------------------------------------------------------------------------- */

static void settle_all(struct lists *all)
{
	struct list *l, *tmp;

	HASH_ITER (hh, all->lists, l, tmp)
		if (list_mode(l) == EVENT_LIST_MODE_SYNC && list_station(l))
			list_settle(l);
}

static void drop_gone(struct lists *all, const char *key)
{
	struct gone *g;

	HASH_FIND_STR(all->gone, key, g);
	if (!g)
		return;
	HASH_DEL(all->gone, g);
	free(g);
}

void local_list_token(struct core *c, struct token *t)
{
	struct lists *all = c->lists;
	uint64_t hash = all ? list_content_hash(t) : 0;

	if (!all || hash == t->list_hash)
		return;
	all->sum += hash - t->list_hash;
	all->tokens += (hash != 0) - (t->list_hash != 0);
	t->list_hash = hash;
	t->list_revision = ++all->revision;
	drop_gone(all, t->key);
	settle_all(all);
}

static void forget_oldest(struct lists *all)
{
	struct gone *g = all->gone;

	if (HASH_COUNT(all->gone) < GONE_MAX)
		return;
	all->gone_from = g->revision;
	HASH_DEL(all->gone, g);
	free(g);
}

void local_list_token_gone(struct core *c, struct token *t)
{
	struct lists *all = c->lists;
	struct gone *g;

	if (!all || !t->list_hash)
		return;
	all->sum -= t->list_hash;
	all->tokens--;
	all->revision++;
	drop_gone(all, t->key);
	forget_oldest(all);
	g = calloc(1, sizeof *g);
	if (!g) {
		all->gone_from = all->revision;
	} else {
		snprintf(g->key, sizeof g->key, "%s", t->key);
		snprintf(g->type, sizeof g->type, "%s", t->type);
		snprintf(g->value, sizeof g->value, "%s", t->value);
		g->revision = all->revision;
		HASH_ADD_STR(all->gone, key, g);
	}
	settle_all(all);
}

void local_list_station(struct core *c, struct station *s)
{
	struct list *l = s->is_guest ? NULL : list_of(c, s->id);

	if (!l)
		return;
	l->must_ask = true;
	l->attempts = 0;
	if (list_mode(l) == EVENT_LIST_MODE_SYNC && list_station(l))
		list_settle(l);
}

void local_list_station_gone(struct core *c, const char *id)
{
	struct list *l = find(c, id);
	struct command *k = l && l->command[0] ? command_find(c, l->command) : NULL;

	if (!l)
		return;
	if (k)
		command_forget(k, l);
	l->again = false;
	list_rest(l);
	timer_stop(c->timers, &l->timer);
	HASH_DEL(c->lists->lists, l);
	free(l);
}

void local_list_forget_token(struct core *c, struct station *s, const char *type, const char *value)
{
	struct list *l = list_of(c, s->id);

	if (!l || list_mode(l) == EVENT_LIST_MODE_OFF || !list_station(l))
		return;
	if (list_take_off(l, s, type, value) != 0) {
		l->must_full = true; /* comes anyway */
		list_settle(l);
	}
}

static void forget_customer(struct core *c, struct station *s,
	const struct ocpp201_customer_information_request *req,
	const struct ocpp201_customer_information_response *res)
{
	if (req->clear && req->id_token &&
		res->status == OCPP201_CUSTOMER_INFORMATION_STATUS_ACCEPTED)
		local_list_forget_token(c, s, ocpp201_id_token_enum.values[req->id_token->type],
			req->id_token->id_token);
}

/* Nobody keeps this list; the station says that it has another than we knew of. */
static void take_version(struct list *l)
{
	char actor[60];

	l->version = l->seen;
	l->digest = l->revision = 0;
	l->must_full = true;
	l->entries = 0;
	snprintf(l->note, sizeof l->note, "%s",
		l->seen ? "the station says so; what stands on it is not known"
			: "the station has none");
	l->state = EVENT_LIST_STATE_OFF;
	snprintf(actor, sizeof actor, "station:%s", l->station);
	list_journal(l, actor);
}

void local_list_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response)
{
	struct list *l = list_of(c, s->id);

	if (!l)
		return;
	if (action == OCPP201_CUSTOMER_INFORMATION) {
		forget_customer(c, s, request, response);
	} else if (action == OCPP201_GET_LOCAL_LIST_VERSION) {
		const struct ocpp201_get_local_list_version_response *res = response;

		l->seen = res->version_number;
		if (list_mode(l) == EVENT_LIST_MODE_OFF && l->seen >= 0 && l->seen != l->version)
			take_version(l);
	} else {
		const struct ocpp201_send_local_list_request *req = request;
		const struct ocpp201_send_local_list_response *res = response;

		if (res->status != OCPP201_SEND_LOCAL_LIST_STATUS_ACCEPTED)
			return;
		l->seen = req->version_number;
		if (l->step == STEP_SENDS && req->version_number == l->sent_version)
			return; /* our own: on_sent() follows */
		/* Somebody else's: what the station has now is his. */
		l->is_disturbed = l->step == STEP_SENDS;
		l->version = req->version_number;
		l->digest = l->revision = 0;
		l->must_full = true;
		snprintf(l->note, sizeof l->note, "an operator sent a list of his own");
		l->state = list_mode(l) == EVENT_LIST_MODE_SYNC ? EVENT_LIST_STATE_BEHIND
								: EVENT_LIST_STATE_OFF;
		l->entries = (int64_t)req->local_authorization_list.count;
		list_journal(l, "depotd");
		if (l->state == EVENT_LIST_STATE_BEHIND)
			list_settle(l);
	}
}

/* -- asked by operators ----------------------------------------------------------------------- */

void local_list_set_mode(
	struct core *c, struct station *s, enum event_list_mode mode, const char *actor)
{
	struct list *l = list_of(c, s->id);

	if (!l)
		return;
	l->is_own_mode = true;
	l->own_mode = mode;
	l->note[0] = '\0';
	l->state = mode == EVENT_LIST_MODE_OFF ? EVENT_LIST_STATE_OFF : EVENT_LIST_STATE_BEHIND;
	list_journal(l, actor);
	if (mode == EVENT_LIST_MODE_SYNC)
		local_list_station(c, s);
}

int local_list_sync(struct core *c, struct station *s, const char *actor, char why[300])
{
	struct list *l = list_of(c, s->id);

	if (!l || list_mode(l) == EVENT_LIST_MODE_OFF) {
		snprintf(why, 300,
			"the local list of %s is switched off; PUT /api/v1/stations/%s/local-list "
			"{\"mode\":\"sync\"} switches it on",
			s->id, s->id);
		return -1;
	}
	if (!list_station(l)) {
		snprintf(why, 300, "station %s is not connected, or not accepted", s->id);
		return -1;
	}
	l->must_ask = l->must_full = true;
	l->attempts = 0;
	snprintf(l->actor, sizeof l->actor, "%s", actor);
	timer_stop(c->timers, &l->timer);
	if (l->step == STEP_WAITS)
		l->step = STEP_IDLE;
	list_wait(l, 0);
	return 0;
}

void local_list_look(const struct core *c, const struct station *s, struct local_list_view *out)
{
	static const char *const doing[] = {"idle", "waits", "asks", "sends"};
	const struct list *l = find(c, s->id);

	*out = (struct local_list_view){.mode = usual_mode(c), .doing = "idle"};
	if (l) {
		out->mode = list_mode(l);
		out->is_own_mode = l->is_own_mode;
		out->state = l->state;
		out->doing = doing[l->step];
		out->version = l->version;
		out->entries = l->entries;
		out->at = l->at;
		out->note = l->note[0] ? l->note : NULL;
	}
	if (out->mode == EVENT_LIST_MODE_OFF)
		out->state = EVENT_LIST_STATE_OFF;
	else if (out->state == EVENT_LIST_STATE_OFF ||
		 (out->state == EVENT_LIST_STATE_SYNCED && l && !list_is_in_sync(l, s)))
		out->state = EVENT_LIST_STATE_BEHIND;
}

int64_t local_list_tokens(const struct core *c)
{
	return c->lists ? c->lists->tokens : 0;
}

/* -- life ------------------------------------------------------------------------------------- */

static void put_row(struct core *c, const struct db_local_list *row)
{
	struct list *l = list_of(c, row->station);
	int state = schema_enum_find(&event_list_state_enum, row->state);

	if (!l)
		return;
	l->is_own_mode = row->mode != NULL;
	l->own_mode = row->mode && strcmp(row->mode, "sync") == 0 ? EVENT_LIST_MODE_SYNC
								  : EVENT_LIST_MODE_OFF;
	l->state = state < 0 ? EVENT_LIST_STATE_OFF : (enum event_list_state)state;
	l->version = row->version;
	l->entries = row->entries;
	l->digest = row->digest ? strtoull(row->digest, NULL, 16) : 0;
	l->at = row->at;
	snprintf(l->note, sizeof l->note, "%s", row->note ? row->note : "");
}

static void read_lists(struct db_reader *db, void *arg)
{
	struct stored *x = arg;
	struct db_local_list_list list = {0};

	x->failed = db_query_local_lists(db, x->arena, &list) != 0;
	for (size_t i = 0; i < list.count; i++)
		put_row(x->core, &list.items[i]);
}

static void take_file_modes(struct core *c)
{
	for (size_t i = 0; i < c->depot->stations.count; i++) {
		const struct depot_station *row = &c->depot->stations.items[i];
		struct list *l = row->has_local_list ? list_of(c, row->id) : NULL;

		if (l)
			l->file_mode = (enum event_list_mode)row->local_list;
	}
}

struct lists *lists_create(struct core *c, char why[300])
{
	c->lists = calloc(1, sizeof *c->lists);
	if (c->lists) {
		c->lists->core = c;
		c->lists->revision = c->lists->gone_from = 1;
		for (struct token *t = c->fleet.tokens; t; t = t->hh.next)
			local_list_token(c, t);
		take_file_modes(c);
	}
	if (!c->lists)
		snprintf(why, 300, "out of memory");
	else if (stored_read(c, read_lists, NULL, "local lists", why) == 0)
		return c->lists;
	lists_destroy(c->lists);
	c->lists = NULL;
	return NULL;
}

void lists_destroy(struct lists *all)
{
	struct list *l, *tmp;
	struct gone *g, *gtmp;

	if (!all)
		return;
	HASH_ITER (hh, all->lists, l, tmp) {
		timer_stop(all->core->timers, &l->timer);
		list_content_finish(&l->content);
		HASH_DEL(all->lists, l);
		free(l);
	}
	HASH_ITER (hh, all->gone, g, gtmp) {
		HASH_DEL(all->gone, g);
		free(g);
	}
	free(all);
}
