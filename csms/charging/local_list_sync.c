#include "csms/charging/local_list_private.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "csms/command.h"
#include "csms/station/device.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/station/session.h"
#include "csms/charging/token_check.h"

#define BUSY_RETRY_MS 500
#define RETRY_MS      30000
#define ATTEMPTS_MAX  3 /* repairs in a row; then the next change or connection tries again */
#define ITEMS_USUAL   100 /* where the station did not say */
#define BYTES_USUAL   60000
#define ENTRIES_USUAL 100000
#define VERSION_MAX   INT32_MAX

static void begin(struct list *l);

/* -- one station's ---------------------------------------------------------------------------- */

enum event_list_mode list_mode(const struct list *l)
{
	return l->is_own_mode ? l->own_mode : l->file_mode;
}

struct station *list_station(const struct list *l)
{
	struct station *s = fleet_station(&l->all->core->fleet, l->station);

	return s && s->session && station_is_accepted(s) ? s : NULL;
}

static uint64_t wanted_digest(const struct list *l, const struct station *s)
{
	return (l->all->sum ^ list_content_station(l->all->core, s)) | 1;
}

/* -- the record ------------------------------------------------------------------------------- */

void list_journal(struct list *l, const char *actor)
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
	list_journal(l, "depotd");
}

/* -- steps ------------------------------------------------------------------------------------ */

static void on_timer(void *arg)
{
	struct list *l = arg;

	l->step = STEP_IDLE;
	begin(l);
}

void list_wait(struct list *l, int64_t ms)
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

void list_settle(struct list *l)
{
	list_wait(l, token_policy(l->all->core->depot)->list_settle_s * 1000);
}

/* Leaves the work; what changed meanwhile is next. */
void list_rest(struct list *l)
{
	if (l->step == STEP_ASKS || l->step == STEP_SENDS)
		l->all->busy--;
	l->step = STEP_IDLE;
	l->command[0] = '\0';
	list_content_finish(&l->content);
	if (!l->again)
		return;
	l->again = false;
	list_settle(l);
}

static void fail(struct list *l, const char *why)
{
	l->attempts = 0;
	set_state(l, EVENT_LIST_STATE_FAILED, why);
	list_rest(l);
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
	list_rest(l);
	if (list_station(l))
		list_wait(l, RETRY_MS);
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
	struct station *s = list_station(l);
	struct text t;

	if (!s) {
		lose(l, "the connection was lost");
		return;
	}
	if (list_mode(l) == EVENT_LIST_MODE_OFF) {
		l->digest = l->revision = 0; /* half of it is there */
		list_rest(l);
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
	list_rest(l);
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

bool list_is_in_sync(const struct list *l, const struct station *s)
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
	if (!list_is_in_sync(l, s)) {
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
	list_rest(l);
}

/* D02 */
static void on_version(void *arg, const struct command *k)
{
	struct list *l = arg;
	struct station *s = list_station(l);
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
	struct station *s = list_station(l);

	if (!s || list_mode(l) == EVENT_LIST_MODE_OFF)
		return;
	if (l->all->busy >= LIST_BUSY_MAX) {
		list_wait(l, BUSY_RETRY_MS);
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

/* N10.FR.02 */
int list_take_off(struct list *l, struct station *s, const char *type, const char *value)
{
	struct core *c = l->all->core;

	if (l->step == STEP_ASKS || l->step == STEP_SENDS || l->all->busy >= LIST_BUSY_MAX ||
		!l->revision || l->seen < 0)
		return -1;
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
	return 0;
}
