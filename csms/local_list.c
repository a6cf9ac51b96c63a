#include "csms/local_list.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/command.h"
#include "csms/device.h"
#include "csms/list_content.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/session.h"
#include "csms/token_check.h"
#include "db/query_list.h"

#define BUSY_MAX      4 /* stations that are sent a list at the same time */
#define BUSY_RETRY_MS 500
#define RETRY_MS      30000
#define ATTEMPTS_MAX  3 /* repairs in a row; then the next change or connection tries again */
#define GONE_MAX      5000 /* removed tokens that are remembered */
#define ITEMS_USUAL   100 /* where the station did not say */
#define BYTES_USUAL   60000
#define ENTRIES_USUAL 100000
#define VERSION_MAX   INT32_MAX

enum step { STEP_IDLE, STEP_WAITS, STEP_ASKS, STEP_SENDS };

/* The list of one station. */
struct list {
	struct lists *all;
	char key[49], station[49];
	bool is_own_mode;
	enum event_list_mode own_mode, file_mode;
	enum event_list_state state;
	int64_t version, entries; /* that the station has, as far as we know */
	uint64_t digest; /* of its content; 0: not known */
	uint64_t revision; /* of the tokens that it has; 0: not known */
	uint64_t place; /* list_content_station() when it was sent; 0: not known */
	wall_t at;
	char note[201];

	enum step step;
	bool must_ask; /* its version, before anything is sent */
	bool must_full, again;
	bool is_disturbed; /* somebody else sent a list meanwhile */
	int attempts;
	int64_t seen; /* version that it told last, -1 none */
	struct timer timer;
	struct list_content content; /* on its way */
	size_t next, part;
	bool is_full;
	int64_t sent_version;
	uint64_t to_revision, to_digest, to_place;
	char job[37], command[37], actor[80];
	UT_hash_handle hh;
};

/* A token that was removed: stations that had it must be told. */
struct gone {
	char key[UTF8_SIZE(60)], type[21], value[UTF8_SIZE(36)];
	uint64_t revision;
	UT_hash_handle hh; /* in the order of their revisions */
};

struct lists {
	struct core *core;
	struct list *lists; /* uthash by key */
	struct gone *gone; /* uthash by key */
	uint64_t revision, gone_from; /* changes before gone_from are forgotten */
	uint64_t sum; /* of the hashes of all tokens */
	int64_t tokens;
	int busy;
};

static void begin(struct list *l);

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

static enum event_list_mode mode_of(const struct list *l)
{
	return l->is_own_mode ? l->own_mode : l->file_mode;
}

static struct station *station_of(const struct list *l)
{
	struct station *s = fleet_station(&l->all->core->fleet, l->station);

	return s && s->session && station_is_accepted(s) ? s : NULL;
}

static uint64_t wanted_digest(const struct list *l, const struct station *s)
{
	return (l->all->sum ^ list_content_station(l->all->core, s)) | 1;
}

/* -- the record ------------------------------------------------------------------------------- */

static void journal(struct list *l, const char *actor)
{
	struct core *c = l->all->core;
	struct arena *a = record_arena(c);
	struct event_local_list_changed *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	*p = (struct event_local_list_changed){
		.has_mode = l->is_own_mode,
		.mode = l->own_mode,
		.state = l->state,
		.version = l->version,
		.entries = l->entries,
		.digest = l->digest ? arena_printf(a, "%016" PRIx64, l->digest) : NULL,
		.note = l->note[0] ? arena_strdup(a, l->note) : NULL,
	};
	l->at = clock_wall();
	record_now(c, EVENT_LOCAL_LIST_CHANGED, "station", l->station, p, actor, NULL);
}

static void set_state(struct list *l, enum event_list_state state, const char *note)
{
	bool is_news = l->state != state || strcmp(l->note, note) != 0;

	l->state = state;
	snprintf(l->note, sizeof l->note, "%s", note);
	if (is_news && state == EVENT_LIST_STATE_FAILED)
		log_warn("station %s: local list: %s", l->station, note);
	journal(l, "depotd");
}

/* -- steps ------------------------------------------------------------------------------------ */

static void on_timer(void *arg)
{
	struct list *l = arg;

	l->step = STEP_IDLE;
	begin(l);
}

static void wait_for(struct list *l, int64_t ms)
{
	if (l->step == STEP_ASKS || l->step == STEP_SENDS) {
		l->again = true;
		return;
	}
	if (l->step == STEP_WAITS)
		return;
	l->step = STEP_WAITS;
	timer_start(l->all->core->timers, &l->timer, ms, on_timer, l);
}

static void settle(struct list *l)
{
	wait_for(l, token_policy(l->all->core->depot)->list_settle_s * 1000);
}

/* Leaves the work; what changed meanwhile is next. */
static void rest(struct list *l)
{
	if (l->step == STEP_ASKS || l->step == STEP_SENDS)
		l->all->busy--;
	l->step = STEP_IDLE;
	l->command[0] = '\0';
	list_content_finish(&l->content);
	if (!l->again)
		return;
	l->again = false;
	settle(l);
}

static void fail(struct list *l, const char *why)
{
	l->attempts = 0;
	set_state(l, EVENT_LIST_STATE_FAILED, why);
	rest(l);
}

/* What the station has is not known any more: all is sent again, a few times by itself. */
static void lose(struct list *l, const char *why)
{
	l->digest = l->revision = 0;
	l->must_ask = true;
	if (++l->attempts > ATTEMPTS_MAX) {
		fail(l, why);
		return;
	}
	set_state(l, EVENT_LIST_STATE_BEHIND, why);
	rest(l);
	if (station_of(l))
		wait_for(l, RETRY_MS);
}

/* -- sending ---------------------------------------------------------------------------------- */

static void start(struct list *l, struct station *s, const char *action, const char *payload,
	void (*ended)(void *arg, const struct command *k))
{
	struct command_request req = {
		.action = action,
		.payload = payload,
		.actor = l->actor,
		.why = "local authorisation list",
		.parent = l->job,
		.ended = ended,
		.arg = l,
	};
	struct schema_error err;

	if (command_start(l->all->core, s, &req, l->command, &err) != 0)
		lose(l, err.message);
}

/* D01.FR.18: greater than 0 and than any that the station had. */
static int64_t next_version(const struct list *l)
{
	int64_t most = l->seen > l->version ? l->seen : l->version;

	return most >= VERSION_MAX ? VERSION_MAX : most + 1;
}

static void write_part(struct list *l, struct text *t)
{
	text_printf(t, "{\"versionNumber\":%lld,\"updateType\":\"%s\"", (long long)l->sent_version,
		l->is_full && !l->next ? "Full" : "Differential");
	for (size_t i = 0; i < l->part; i++) {
		const struct list_entry *e = &l->content.items[l->next + i];

		text_puts(t, i ? "," : ",\"localAuthorizationList\":[");
		text_put(t, e->json, e->len);
	}
	text_puts(t, l->part ? "]}" : "}"); /* D01.FR.04: an empty list is left out */
}

/* It knows no such message. */
static bool is_not_offered(const struct command_view *v)
{
	return v->outcome == EVENT_CALL_OUTCOME_ERROR && v->error_code &&
	       (strcmp(v->error_code, "NotSupported") == 0 ||
		       strcmp(v->error_code, "NotImplemented") == 0);
}

static void on_sent(void *arg, const struct command *k);

static void send_part(struct list *l)
{
	struct station *s = station_of(l);
	struct text t;

	if (!s) {
		lose(l, "the connection was lost");
		return;
	}
	if (mode_of(l) == EVENT_LIST_MODE_OFF) {
		l->digest = l->revision = 0; /* half of it is there */
		rest(l);
		return;
	}
	l->part = list_content_part(l->content.items, l->content.count, l->next,
		device_fact(s, DEVICE_ITEMS_LOCAL_LIST, ITEMS_USUAL),
		device_fact(s, DEVICE_BYTES_LOCAL_LIST, BYTES_USUAL));
	if (!l->part && l->next < l->content.count) {
		fail(l, "one entry alone is longer than the station takes in a message");
		return;
	}
	l->sent_version = next_version(l);
	text_init(&t, 0);
	write_part(l, &t);
	if (text_ok(&t))
		start(l, s, "SendLocalList", t.data, on_sent);
	else
		lose(l, "out of memory");
	text_finish(&t);
}

static void arrive(struct list *l)
{
	char note[100] = "";

	if (l->is_disturbed) {
		l->is_disturbed = false;
		lose(l, "an operator sent a list of his own meanwhile");
		return;
	}
	l->revision = l->to_revision;
	l->digest = l->to_digest;
	l->place = l->to_place;
	l->attempts = 0;
	l->must_full = false;
	l->entries = l->is_full ? (int64_t)l->content.count : l->all->tokens;
	if (l->content.left_out)
		snprintf(note, sizeof note, "%zu tokens are left out: the station has no room",
			l->content.left_out);
	log_info("station %s: local list: version %lld, %lld entries", l->station,
		(long long)l->version, (long long)l->entries);
	set_state(l, EVENT_LIST_STATE_SYNCED, note);
	rest(l);
}

/* D01.FR.03: what the station could not apply is repaired by all of it. */
static void on_sent(void *arg, const struct command *k)
{
	struct list *l = arg;
	struct command_view v;
	char why[200];

	command_look(k, &v);
	snprintf(why, sizeof why, "SendLocalList: %s",
		v.is_answered && v.status && v.status[0] ? v.status
		: v.error_text && v.error_text[0]        ? v.error_text
							 : "no answer");
	if (v.state == EVENT_COMMAND_STATE_DONE) {
		l->version = l->sent_version;
		l->next += l->part;
		if (l->next < l->content.count)
			send_part(l);
		else
			arrive(l);
	} else if (is_not_offered(&v)) {
		fail(l, "the station does not offer local lists");
	} else if (v.state == EVENT_COMMAND_STATE_REFUSED && l->attempts < ATTEMPTS_MAX) {
		l->attempts++;
		l->digest = l->revision = 0;
		l->must_ask = true;
		list_content_finish(&l->content);
		set_state(l, EVENT_LIST_STATE_BEHIND, why);
		l->all->busy--;
		l->step = STEP_IDLE;
		begin(l);
	} else {
		lose(l, why);
	}
}

/* -- what to send ----------------------------------------------------------------------------- */

static int add_changes(struct list *l, const struct station *s)
{
	const struct core *c = l->all->core;

	for (const struct token *t = c->fleet.tokens; t; t = t->hh.next)
		if (t->list_revision > l->revision &&
			list_content_add(
				c, s, t->list_hash ? t : NULL, t->type, t->value, &l->content))
			return -1;
	for (const struct gone *g = l->all->gone; g; g = g->hh.next)
		if (g->revision > l->revision &&
			list_content_add(c, s, NULL, g->type, g->value, &l->content))
			return -1;
	return 0;
}

static void send_what_lacks(struct list *l, struct station *s)
{
	struct lists *all = l->all;
	int64_t limit = device_fact(s, DEVICE_LOCAL_LIST_LIMIT, ENTRIES_USUAL);

	list_content_finish(&l->content);
	l->next = 0;
	l->to_revision = all->revision;
	l->to_digest = wanted_digest(l, s);
	l->to_place = list_content_station(all->core, s);
	l->is_full = l->must_full || !l->revision || l->revision < all->gone_from ||
		     all->tokens > limit || l->digest == 0;
	if (l->is_full ? list_content_full(all->core, s, limit, &l->content) : add_changes(l, s)) {
		lose(l, "out of memory");
		return;
	}
	l->step = STEP_SENDS;
	if (!l->is_full && !l->content.count)
		arrive(l); /* what changed did so twice */
	else
		send_part(l);
}

static bool is_in_sync(const struct list *l, const struct station *s)
{
	return l->digest == wanted_digest(l, s) && l->version > 0 && !l->must_full;
}

static void compare(struct list *l, struct station *s)
{
	if (l->seen >= 0 && l->seen != l->version) {
		if (l->version)
			log_info("station %s: local list: has version %lld instead of %lld",
				l->station, (long long)l->seen, (long long)l->version);
		l->digest = l->revision = 0;
	}
	if (!is_in_sync(l, s)) {
		/* Only tokens changed, or what is said of them here too? */
		if (!l->revision || l->revision == l->all->revision ||
			l->place != list_content_station(l->all->core, s))
			l->must_full = true;
		send_what_lacks(l, s);
		return;
	}
	l->revision = l->all->revision;
	l->place = list_content_station(l->all->core, s);
	if (l->state != EVENT_LIST_STATE_SYNCED)
		set_state(l, EVENT_LIST_STATE_SYNCED, "");
	rest(l);
}

/* D02 */
static void on_version(void *arg, const struct command *k)
{
	struct list *l = arg;
	struct station *s = station_of(l);
	struct command_view v;

	command_look(k, &v);
	if (v.state != EVENT_COMMAND_STATE_DONE || !s) {
		if (is_not_offered(&v))
			fail(l, "the station does not offer local lists");
		else
			lose(l, "GetLocalListVersion was not answered");
		return;
	}
	l->must_ask = false;
	compare(l, s);
}

static void begin(struct list *l)
{
	struct core *c = l->all->core;
	struct station *s = station_of(l);

	if (!s || mode_of(l) == EVENT_LIST_MODE_OFF)
		return;
	if (l->all->busy >= BUSY_MAX) {
		wait_for(l, BUSY_RETRY_MS);
		return;
	}
	if (!device_fact(s, DEVICE_LOCAL_LIST_ENABLED, 1)) {
		fail(l, "the station has its local list switched off (LocalAuthListCtrlr.Enabled)");
		return;
	}
	l->all->busy++;
	l->step = STEP_ASKS;
	ocpp_message_ids_next(&c->ids, clock_wall().ms, l->job);
	if (!l->actor[0])
		snprintf(l->actor, sizeof l->actor, "depotd");
	if (l->must_ask || l->seen < 0)
		start(l, s, "GetLocalListVersion", "{}", on_version);
	else
		compare(l, s);
}

/* -- told by others --------------------------------------------------------------------------- */

static void settle_all(struct lists *all)
{
	struct list *l, *tmp;

	HASH_ITER (hh, all->lists, l, tmp)
		if (mode_of(l) == EVENT_LIST_MODE_SYNC && station_of(l))
			settle(l);
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
	if (mode_of(l) == EVENT_LIST_MODE_SYNC && station_of(l))
		settle(l);
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
	rest(l);
	timer_stop(c->timers, &l->timer);
	HASH_DEL(c->lists->lists, l);
	free(l);
}

void local_list_forget_token(struct core *c, struct station *s, const char *type, const char *value)
{
	struct list *l = list_of(c, s->id);

	if (!l || mode_of(l) == EVENT_LIST_MODE_OFF || !station_of(l))
		return;
	if (l->step == STEP_ASKS || l->step == STEP_SENDS || l->all->busy >= BUSY_MAX ||
		!l->revision || l->seen < 0) {
		l->must_full = true; /* comes anyway */
		settle(l);
		return;
	}
	timer_stop(c->timers, &l->timer);
	l->all->busy++;
	l->step = STEP_SENDS;
	l->is_full = false;
	l->next = 0;
	l->to_revision = l->revision;
	l->to_digest = l->digest;
	l->to_place = l->place;
	ocpp_message_ids_next(&c->ids, clock_wall().ms, l->job);
	if (list_content_add(c, s, NULL, type, value, &l->content))
		lose(l, "out of memory");
	else
		send_part(l);
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
		l->state = mode_of(l) == EVENT_LIST_MODE_SYNC ? EVENT_LIST_STATE_BEHIND
							      : EVENT_LIST_STATE_OFF;
		l->entries = (int64_t)req->local_authorization_list.count;
		journal(l, "depotd");
		if (l->state == EVENT_LIST_STATE_BEHIND)
			settle(l);
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
	journal(l, actor);
	if (mode == EVENT_LIST_MODE_SYNC)
		local_list_station(c, s);
}

int local_list_sync(struct core *c, struct station *s, const char *actor, char why[300])
{
	struct list *l = list_of(c, s->id);

	if (!l || mode_of(l) == EVENT_LIST_MODE_OFF) {
		snprintf(why, 300,
			"the local list of %s is switched off; PUT /api/v1/stations/%s/local-list "
			"{\"mode\":\"sync\"} switches it on",
			s->id, s->id);
		return -1;
	}
	if (!station_of(l)) {
		snprintf(why, 300, "station %s is not connected, or not accepted", s->id);
		return -1;
	}
	l->must_ask = l->must_full = true;
	l->attempts = 0;
	snprintf(l->actor, sizeof l->actor, "%s", actor);
	timer_stop(c->timers, &l->timer);
	if (l->step == STEP_WAITS)
		l->step = STEP_IDLE;
	wait_for(l, 0);
	return 0;
}

void local_list_look(const struct core *c, const struct station *s, struct local_list_view *out)
{
	static const char *const doing[] = {"idle", "waits", "asks", "sends"};
	const struct list *l = find(c, s->id);

	*out = (struct local_list_view){.mode = usual_mode(c), .doing = "idle"};
	if (l) {
		out->mode = mode_of(l);
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
		 (out->state == EVENT_LIST_STATE_SYNCED && l && !is_in_sync(l, s)))
		out->state = EVENT_LIST_STATE_BEHIND;
}

int64_t local_list_tokens(const struct core *c)
{
	return c->lists ? c->lists->tokens : 0;
}

/* -- life ------------------------------------------------------------------------------------- */

struct restore {
	struct core *core;
	struct arena *arena;
	bool failed;
};

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
	struct restore *x = arg;
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
	struct restore x = {.core = c, .arena = arena_create(0)};

	c->lists = calloc(1, sizeof *c->lists);
	if (c->lists) {
		c->lists->core = c;
		c->lists->revision = c->lists->gone_from = 1;
		for (struct token *t = c->fleet.tokens; t; t = t->hh.next)
			local_list_token(c, t);
		take_file_modes(c);
	}
	x.failed = !c->lists || !x.arena || db_read_now(c->db, read_lists, &x) || x.failed;
	arena_destroy(x.arena);
	if (!x.failed)
		return c->lists;
	snprintf(why, 300,
		"the store's local lists cannot be read; try `depotctl rebuild --check --data DIR`");
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
