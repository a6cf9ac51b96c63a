/* Alarms: looked at, taken, handed over, put aside. csms/alarms.h keeps them. */
#include <stdlib.h>
#include <string.h>

#include "csms/alarms.h"
#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/api/reach.h"
#include "csms/record.h"
#include "csms/view/view.h"
#include "db/query.h"
#include "db/query_alarm.h"

#define LIST_MAX 1000

/* -- looking --------------------------------------------------------------------------------- */

static int more_urgent(const void *x, const void *y)
{
	const struct api_alarm_view *a = x, *b = y;
	enum alarm_rank p = alarm_table[alarm_kind_find(a->kind)].rank;
	enum alarm_rank q = alarm_table[alarm_kind_find(b->kind)].rank;

	if (p != q)
		return p < q ? -1 : 1;
	return (b->since.ms > a->since.ms) - (b->since.ms < a->since.ms);
}

/* Open ones are in memory: the most urgent first, then the newest. */
static void reply_open(struct ask *k, const char *state, int64_t limit)
{
	struct api_alarm_list list = {.at = clock_wall()};
	size_t n = 0;

	view_alarms(k->api->core, k->arena, &list.alarms);
	reach_alarms_say(&(struct scope){k->api->core, &k->who}, &list, k->arena);
	for (size_t i = 0; i < list.alarms.count; i++) {
		const char *is = list.alarms.items[i].state;
		if (strcmp(state, "open") == 0 ? strcmp(is, "past") != 0 : strcmp(is, state) == 0)
			list.alarms.items[n++] = list.alarms.items[i];
	}
	qsort(list.alarms.items, n, sizeof(*list.alarms.items), more_urgent);
	list.alarms.count = n < (size_t)limit ? n : (size_t)limit;
	ask_reply(k, 200, &api_alarm_list_type, &list);
}

struct past {
	int limit;
	struct db_alarm_list found;
	const char *error;
};

static void past_work(struct db_reader *r, struct ask *k)
{
	struct past *p = k->state;

	if (db_query_alarms(r, false, NULL, p->limit, k->arena, &p->found) != 0)
		p->error = arena_strdup(k->arena, db_reader_error(r));
}

static void view_past(const struct db_alarm *r, struct api_alarm_view *out)
{
	int kind = alarm_kind_find(r->kind);

	*out = (struct api_alarm_view){
		.id = r->id,
		.kind = r->kind,
		.subject = r->subject,
		.rank = r->rank,
		.state = "past",
		.text = r->text,
		.step = kind >= 0 ? alarm_table[kind].step : "",
		.runbook = kind >= 0 ? alarm_table[kind].runbook : "",
		.since = r->raised_at,
		.last_at = r->last_at,
		.count = r->count,
		.has_cleared_at = true,
		.cleared_at = r->cleared_at,
		.owner = r->owner,
		.has_taken_at = r->taken_at.ms != 0,
		.taken_at = r->taken_at,
		.note = r->note,
	};
}

static void past_finish(struct ask *k)
{
	const struct past *p = k->state;
	struct api_alarm_list list = {.at = clock_wall()};

	list.alarms.items = arena_alloc(k->arena, sizeof(*list.alarms.items) * p->found.count + 1);
	if (p->error != NULL || list.alarms.items == NULL) {
		ask_problem(k, 503, NULL, "the store: %s", p->error ? p->error : "no memory");
		return;
	}
	list.alarms.count = p->found.count;
	for (size_t i = 0; i < p->found.count; i++)
		view_past(&p->found.items[i], &list.alarms.items[i]);
	ask_reply(k, 200, &api_alarm_list_type, &list);
}

void alarms_list(struct ask *k)
{
	const char *state = ask_query(k, "state");
	int64_t limit = 200;
	struct past *p;

	if (!ask_int(k, "limit", 1, LIST_MAX, &limit))
		return;
	if (state == NULL)
		state = "open";
	if (strcmp(state, "past") != 0) {
		if (strcmp(state, "open") != 0 && strcmp(state, "active") != 0 &&
			strcmp(state, "aside") != 0)
			ask_problem(k, 400, "state", "state: must be active, aside, open or past");
		else
			reply_open(k, state, limit);
		return;
	}
	p = arena_alloc(k->arena, sizeof(*p));
	if (p == NULL) {
		ask_problem(k, 503, NULL, "no memory for the query");
		return;
	}
	p->limit = (int)limit;
	k->state = p;
	ask_read(k, past_work, past_finish);
}

/* -- handling -------------------------------------------------------------------------------- */

static struct alarm *path_alarm(struct ask *k)
{
	struct alarm *a = alarm_find(k->api->core, k->match.param[0]);

	if (a == NULL)
		ask_problem(k, 404, NULL,
			"there is no open alarm of that id; GET /api/v1/alarms lists them");
	return a;
}

static void on_durable(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	if (status != 0)
		ask_problem(k, 503, NULL, "the change was not stored: %s", why ? why : "unknown");
	else
		ask_reply(k, 200, &api_alarm_view_type, k->state);
}

/* Answers with the alarm as it is now, once that is on disk. */
static void reply_when_durable(struct ask *k, const struct alarm *a)
{
	struct api_alarm_view *view = arena_alloc(k->arena, sizeof(*view));

	if (view == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	view_alarm(a, k->arena, view);
	k->state = view;
	ask_hold(k);
	record_then(k->api->core, on_durable, k);
}

void alarm_take_post(struct ask *k)
{
	const struct api_alarm_take_post *post = k->body;
	struct alarm *a = path_alarm(k);

	if (a == NULL || !replay_begin(k->api->replay, k))
		return;
	alarm_take(a, k->who.actor, post->note);
	reply_when_durable(k, a);
}

void alarm_hand_over_post(struct ask *k)
{
	const struct api_alarm_hand_over_post *post = k->body;
	struct alarm *a = path_alarm(k);

	if (a == NULL || !replay_begin(k->api->replay, k))
		return;
	alarm_hand_over(a, post->to, k->who.actor, post->note);
	reply_when_durable(k, a);
}

void alarm_put_aside_post(struct ask *k)
{
	const struct api_alarm_put_aside_post *post = k->body;
	struct alarm *a = path_alarm(k);

	if (a == NULL)
		return;
	if (post->until.ms <= clock_wall().ms) {
		ask_problem(k, 422, "until", "until: must be in the future");
		return;
	}
	if (!replay_begin(k->api->replay, k))
		return;
	alarm_put_aside(a, post->until, k->who.actor, post->note);
	reply_when_durable(k, a);
}
