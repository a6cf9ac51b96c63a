#include "csms/alarms.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>
#include "csms/log.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "db/query_alarm.h"

#define OPEN_MAX    2000 /* more are counted and logged, not kept */
#define CLEARED_MAX 200 /* cleared lately, shown beside the open ones */
#define SHOWN_MS    600000 /* … for so long */
#define TOLD_MS     60000 /* one that comes again is journalled no more often */
#define RESTORED_MS 600000 /* one from before a restart clears if nobody raises it in this time */

struct alarms {
	struct alarm *open; /* uthash by key */
	struct alarm *cleared; /* utlist, oldest first */
	int cleared_count;
	int64_t refused;
};

static void key_of(enum alarm_kind kind, const char *subject, char out[ALARM_SUBJECT_MAX + 8])
{
	snprintf(out, ALARM_SUBJECT_MAX + 8, "%d/%s", (int)kind, subject);
}

static struct alarm *find(const struct core *c, enum alarm_kind kind, const char *subject)
{
	char key[ALARM_SUBJECT_MAX + 8];
	struct alarm *a = NULL;

	key_of(kind, subject, key);
	if (c->alarms)
		HASH_FIND_STR(c->alarms->open, key, a);
	return a;
}

/* -- the record ------------------------------------------------------------------------------- */

static void journal_raised(struct alarm *a)
{
	struct arena *m = record_arena(a->core);
	struct event_alarm_raised *e = m ? arena_alloc(m, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_alarm_raised){
		.kind = alarm_table[a->kind].name,
		.subject = arena_strdup(m, a->subject),
		.rank = alarm_rank_name(alarm_table[a->kind].rank),
		.text = arena_strdup(m, a->text),
		.count = a->count,
	};
	a->told = clock_mono();
	record_now(a->core, EVENT_ALARM_RAISED, "alarm", a->id, e, "depotd", NULL);
}

static void journal_cleared(struct alarm *a)
{
	struct arena *m = record_arena(a->core);
	struct event_alarm_cleared *e = m ? arena_alloc(m, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_alarm_cleared){
		.kind = alarm_table[a->kind].name,
		.subject = arena_strdup(m, a->subject),
		.text = arena_strdup(m, a->text),
		.count = a->count,
		.last_at = a->last_at,
	};
	record_now(a->core, EVENT_ALARM_CLEARED, "alarm", a->id, e, "depotd", NULL);
}

static void journal_handled(struct alarm *a, enum event_alarm_act act, const char *who)
{
	struct arena *m = record_arena(a->core);
	struct event_alarm_handled *e = m ? arena_alloc(m, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_alarm_handled){
		.act = act,
		.owner = arena_strdup(m, a->owner),
		.has_until = a->aside_until.ms != 0,
		.until = a->aside_until,
		.note = a->note[0] ? arena_strdup(m, a->note) : NULL,
	};
	record_now(a->core, EVENT_ALARM_HANDLED, "alarm", a->id, e, who, NULL);
}

/* -- coming and going ------------------------------------------------------------------------- */

static struct alarm *add(struct core *c, enum alarm_kind kind, const char *subject)
{
	struct alarms *all = c->alarms;
	struct alarm *a = HASH_COUNT(all->open) < OPEN_MAX ? calloc(1, sizeof *a) : NULL;

	if (!a) {
		if (all->refused++ == 0)
			log_error("alarms: more than %d are open, others are not shown", OPEN_MAX);
		return NULL;
	}
	a->core = c;
	a->kind = kind;
	snprintf(a->subject, sizeof a->subject, "%s", subject);
	key_of(kind, subject, a->key);
	HASH_ADD_STR(all->open, key, a);
	return a;
}

static void forget_cleared(struct alarms *all, wall_t now)
{
	struct alarm *a;

	while ((a = all->cleared) &&
		(all->cleared_count > CLEARED_MAX || wall_diff_ms(now, a->cleared_at) > SHOWN_MS)) {
		DL_DELETE(all->cleared, a);
		all->cleared_count--;
		free(a);
	}
}

static void on_calm(void *arg)
{
	struct alarm *a = arg;
	struct alarms *all = a->core->alarms;

	a->cleared_at = clock_wall();
	a->aside_until = (wall_t){0};
	journal_cleared(a);
	log_info("alarm %s %s: cleared after %d", alarm_table[a->kind].name, a->subject, a->count);
	HASH_DEL(all->open, a);
	DL_APPEND(all->cleared, a);
	all->cleared_count++;
	forget_cleared(all, a->cleared_at);
}

static void begin(struct alarm *a)
{
	a->raised_at = a->last_at = clock_wall();
	a->count = 1;
	ocpp_message_ids_next(&a->core->ids, a->raised_at.ms, a->id);
	journal_raised(a);
	log_warn("alarm %s %s: %s", alarm_table[a->kind].name, a->subject, a->text);
}

static void come_again(struct alarm *a)
{
	timer_stop(a->core->timers, &a->calm);
	a->last_at = clock_wall();
	a->count++;
	if (mono_diff_ms(clock_mono(), a->told) >= TOLD_MS)
		journal_raised(a);
}

void alarm_raise(struct core *c, enum alarm_kind kind, const char *subject, const char *fmt, ...)
{
	struct alarm *a = find(c, kind, subject);
	bool is_new = !a;
	va_list ap;

	if (!c->alarms || (is_new && !(a = add(c, kind, subject))))
		return;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof a->text, fmt, ap);
	va_end(ap);
	if (is_new)
		begin(a);
	else if (timer_running(&a->calm))
		come_again(a);
}

void alarm_tell(struct core *c, enum alarm_kind kind, const char *subject)
{
	struct alarm *a = find(c, kind, subject);

	if (a)
		journal_raised(a);
}

/* While it stays for its calm time nobody shall read that it goes on. */
static void tell_over(struct alarm *a)
{
	time_t t = (time_t)(clock_wall().ms / 1000);
	size_t len = strlen(a->text);
	struct tm tm = {0};

	localtime_r(&t, &tm);
	if (!strftime(a->text + len, sizeof a->text - len, " Ended at %H:%M:%S.", &tm))
		a->text[len] = '\0';
}

void alarm_clear(struct core *c, enum alarm_kind kind, const char *subject)
{
	struct alarm *a = find(c, kind, subject);

	if (!a || timer_running(&a->calm))
		return;
	tell_over(a);
	timer_start(c->timers, &a->calm, alarm_table[kind].calm_s * INT64_C(1000), on_calm, a);
}

void alarm_end(struct core *c, enum alarm_kind kind, const char *subject)
{
	struct alarm *a = find(c, kind, subject);

	if (!a)
		return;
	if (timer_running(&a->calm))
		timer_stop(c->timers, &a->calm);
	else
		tell_over(a);
	on_calm(a);
}

/* -- what a person does ----------------------------------------------------------------------- */

static void put_note(struct alarm *a, const char *note)
{
	snprintf(a->note, sizeof a->note, "%s", note ? note : "");
}

static void give_to(struct alarm *a, const char *owner)
{
	snprintf(a->owner, sizeof a->owner, "%s", owner);
	a->taken_at = clock_wall();
}

void alarm_take(struct alarm *a, const char *who, const char *note)
{
	give_to(a, who);
	a->aside_until = (wall_t){0};
	put_note(a, note);
	journal_handled(a, EVENT_ALARM_ACT_TAKEN, who);
}

void alarm_hand_over(struct alarm *a, const char *to, const char *who, const char *note)
{
	give_to(a, to);
	a->aside_until = (wall_t){0};
	put_note(a, note);
	journal_handled(a, EVENT_ALARM_ACT_HANDED_OVER, who);
}

void alarm_put_aside(struct alarm *a, wall_t until, const char *who, const char *note)
{
	give_to(a, who);
	a->aside_until = until;
	put_note(a, note);
	journal_handled(a, EVENT_ALARM_ACT_PUT_ASIDE, who);
}

/* -- looking ---------------------------------------------------------------------------------- */

const struct alarm *alarms_open(const struct core *c)
{
	return c->alarms ? c->alarms->open : NULL;
}

const struct alarm *alarms_cleared(const struct core *c)
{
	if (!c->alarms)
		return NULL;
	forget_cleared(c->alarms, clock_wall());
	return c->alarms->cleared;
}

struct alarm *alarm_find(const struct core *c, const char *id)
{
	struct alarm *a = c->alarms ? c->alarms->open : NULL;

	for (; a; a = a->hh.next)
		if (strcmp(a->id, id) == 0)
			return a;
	return NULL;
}

bool alarm_is_aside(const struct alarm *a)
{
	return a->aside_until.ms > clock_wall().ms;
}

/* -- life ------------------------------------------------------------------------------------- */

static void put_row(struct core *c, const struct db_alarm *row)
{
	int kind = alarm_kind_find(row->kind);
	struct alarm *a = kind >= 0 ? add(c, (enum alarm_kind)kind, row->subject) : NULL;

	if (!a)
		return;
	snprintf(a->id, sizeof a->id, "%s", row->id);
	snprintf(a->text, sizeof a->text, "%s", row->text);
	snprintf(a->owner, sizeof a->owner, "%s", row->owner ? row->owner : "");
	snprintf(a->note, sizeof a->note, "%s", row->note ? row->note : "");
	a->raised_at = row->raised_at;
	a->last_at = row->last_at;
	a->taken_at = row->taken_at;
	a->aside_until = row->aside_until;
	a->count = (int)row->count;
	timer_start(c->timers, &a->calm, RESTORED_MS, on_calm, a);
}

static void read_open(struct db_reader *db, void *arg)
{
	struct stored *x = arg;
	struct db_alarm_list list = {0};

	x->failed = db_query_alarms(db, true, NULL, OPEN_MAX, x->arena, &list) != 0;
	for (size_t i = 0; i < list.count; i++)
		put_row(x->core, &list.items[i]);
}

struct alarms *alarms_create(struct core *c, char why[300])
{
	c->alarms = calloc(1, sizeof *c->alarms);
	if (!c->alarms)
		snprintf(why, 300, "out of memory");
	else if (stored_read(c, read_open, NULL, "alarms", why) == 0)
		return c->alarms;
	alarms_destroy(c->alarms);
	c->alarms = NULL;
	return NULL;
}

void alarms_destroy(struct alarms *all)
{
	struct alarm *a, *tmp;

	if (!all)
		return;
	HASH_ITER (hh, all->open, a, tmp) {
		timer_stop(a->core->timers, &a->calm);
		HASH_DEL(all->open, a);
		free(a);
	}
	DL_FOREACH_SAFE (all->cleared, a, tmp) {
		DL_DELETE(all->cleared, a);
		free(a);
	}
	free(all);
}
