/* What each charger is like: learned, told to the guard, journalled, taken up again. */
#include <stdio.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/power/safety_private.h"
#include "db/query_safety.h"

#define JOURNAL_MS      600000 /* new quirks are journalled at most this often */
#define JOURNAL_SAMPLES 8 /* … and without any after so many lowerings */
#define MISSED          3 /* readings, until it is taken for silent */
#define EVENT_MS        2000 /* readings this close come with events, not by the clock */
#define GAP_MOST_MS     900000

static int16_t short_of(int64_t n)
{
	return (int16_t)(n < 0 ? 0 : n > INT16_MAX ? INT16_MAX : n);
}

static int32_t watts_of(int64_t n)
{
	return (int32_t)(n < 0 ? 0 : n > INT32_MAX ? INT32_MAX : n);
}

/* -- journal ---------------------------------------------------------------------------------- */

static void journal(struct safety *s, int i, const char *words)
{
	const struct obey_learned *l = &s->evse[i].obey.learned;
	const struct evse *e = s->k->evse[i];
	struct arena *a = record_arena(s->core);
	struct event_charger_learned *p = a ? arena_alloc(a, sizeof *p) : NULL;
	size_t n = l->samples < OBEY_SAMPLES ? (size_t)l->samples : OBEY_SAMPLES;
	int64_t *ms = a ? arena_alloc(a, sizeof *ms * n + 1) : NULL;

	if (!p || !ms)
		return;
	for (size_t j = 0; j < n; j++)
		ms[j] = l->reaction_ms[j];
	*p = (struct event_charger_learned){
		.evse_id = e->id,
		.samples = l->samples,
		.reaction_ms = {n, ms},
		.floor_hits = l->floor_hits,
		.floor_kept = l->floor_kept,
		.floor_w = l->floor_w,
		.pause_hits = l->pause_hits,
		.starve_hits = l->starve_hits,
		.starve_w = l->starve_w,
		.least_w = l->least_w,
		.dead_w = l->dead_w,
		.step_w = l->step_w,
		.follows = l->follows,
		.short_pm = l->short_pm,
		.words = words[0] ? arena_strdup(a, words) : NULL,
	};
	record_now(s->core, EVENT_CHARGER_LEARNED, "station", e->station->id, p, "guard", NULL);
}

static void keep(struct safety *s, int i, int64_t now_ms)
{
	struct safety_evse *v = &s->evse[i];
	int16_t new_samples = (int16_t)(v->obey.learned.samples - v->journalled_samples);
	char words[sizeof v->words];

	if (v->journalled_ms && now_ms - v->journalled_ms < JOURNAL_MS)
		return;
	safety_quirks(s, s->k->evse[i], words, sizeof words);
	if (strcmp(words, v->words) == 0 && new_samples < JOURNAL_SAMPLES && new_samples >= 0)
		return;
	if (strcmp(words, v->words) != 0 && words[0])
		log_info("station %s: EVSE %d %s", s->k->evse[i]->station->id, s->k->evse[i]->id,
			words);
	memcpy(v->words, words, sizeof words);
	v->journalled_samples = v->obey.learned.samples;
	v->journalled_ms = now_ms;
	journal(s, i, words);
}

struct restore {
	struct safety *s;
	bool failed;
};

static void put_row(struct safety *s, const struct db_charger_learned *row)
{
	const struct event_charger_learned *e = row->learned;
	struct station *st = fleet_station(&s->core->fleet, row->station);
	const struct evse *evse = st ? station_evse(st, row->evse) : NULL;
	struct obey_learned *l;
	int16_t n = 0;

	if (!evse || evse->grid_evse < 0 || evse->grid_evse >= s->evses)
		return;
	l = &s->evse[evse->grid_evse].obey.learned;
	*l = (struct obey_learned){
		.samples = short_of(e->samples),
		.floor_hits = short_of(e->floor_hits),
		.floor_kept = short_of(e->floor_kept),
		.floor_w = watts_of(e->floor_w),
		.pause_hits = short_of(e->pause_hits),
		.starve_hits = short_of(e->starve_hits),
		.starve_w = watts_of(e->starve_w),
		.least_w = watts_of(e->least_w),
		.dead_w = watts_of(e->dead_w),
		.step_w = watts_of(e->step_w),
		.follows = short_of(e->follows),
		.short_pm = (int32_t)e->short_pm,
	};
	for (size_t j = 0; j < e->reaction_ms.count && n < OBEY_SAMPLES; j++)
		if (e->reaction_ms.items[j] <= s->obey.most_ms) /* else it disobeyed */
			l->reaction_ms[n++] = watts_of(e->reaction_ms.items[j]);
	if (l->samples > n && n < OBEY_SAMPLES)
		l->samples = n;
	s->evse[evse->grid_evse].journalled_samples = l->samples;
	snprintf(s->evse[evse->grid_evse].words, sizeof s->evse->words, "%s",
		e->words ? e->words : "");
}

static void read_rows(struct db_reader *db, void *arg)
{
	struct restore *x = arg;
	struct arena *a = arena_create(0);
	struct db_charger_learned_list list = {0};

	x->failed = !a || db_query_chargers_learned(db, a, &list) != 0;
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].learned)
			put_row(x->s, &list.items[i]);
	arena_destroy(a);
}

int safety_charger_restore(struct safety *s)
{
	struct restore x = {.s = s};

	return db_read_now(s->core->db, read_rows, &x) || x.failed ? -1 : 0;
}

/* -- each cycle ------------------------------------------------------------------------------- */

static void tell(struct safety *s, int i, bool is_news)
{
	const struct evse *e = s->k->evse[i];
	const struct obey *o = &s->evse[i].obey;
	int32_t now_w = s->k->evse_in[i].measured_w;
	char place[60];

	snprintf(place, sizeof place, "%.48s/%d", e->station->id, e->id);
	alarm_set(s->core, ALARM_CHARGER_DISOBEYS, place, o->disobeys,
		"%s drew %.1f kW against its limit. It draws %.1f kW now and may draw %.1f kW: it "
		"counts as load that nobody controls, and the others pay for it.",
		place, o->seen_w / 1000.0, now_w > 0 ? now_w / 1000.0 : 0, o->commanded_w / 1000.0);
	if (is_news)
		log_info("station %s: EVSE %d %s", e->station->id, e->id,
			o->disobeys ? "does not do what it is told" : "obeys again");
}

/* A reading that tells of now. Those kept by a station while it could not send tell of long ago; a
 * clock that is wrong is so by the same at each. */
static bool is_of_now(struct safety_evse *v, int64_t age_ms, int64_t most_ms)
{
	int64_t drift = age_ms - v->age_ms;

	v->age_ms = age_ms;
	return age_ms <= most_ms || (drift >= -EVENT_MS && drift <= EVENT_MS);
}

static int64_t missed_ms(const struct safety *s, const struct safety_evse *v)
{
	int64_t least = s->core->config->control->sample_s * 1000;

	return MISSED * (v->gap_ms > least ? v->gap_ms : least);
}

/* Readings that were expected and do not come: what it draws is no longer known. One that has never
 * sent any is not silent, that is how it is. A gap may double: a reading that was lost is not how
 * often they come. */
static bool is_silent(struct safety *s, int i, bool is_new, int64_t now_ms)
{
	const struct guard_evse_in *in = &s->k->evse_in[i];
	struct safety_evse *v = &s->evse[i];
	int64_t gap = now_ms - v->heard_ms;

	if (!in->connected) {
		v->heard_ms = now_ms;
		v->gap_ms = v->age_ms = 0;
		v->measures = v->is_heard = false;
		return false;
	}
	if (is_new && (!v->is_heard || gap >= EVENT_MS)) {
		if (v->is_heard)
			v->gap_ms = v->gap_ms && gap > 2 * v->gap_ms ? 2 * v->gap_ms : gap;
		v->gap_ms = v->gap_ms > GAP_MOST_MS ? GAP_MOST_MS : v->gap_ms;
		v->heard_ms = now_ms;
		v->is_heard = true;
	}
	return v->measures && now_ms - v->heard_ms > missed_ms(s, v);
}

int64_t safety_heard_ms(const struct safety *s, int evse)
{
	return s->evse[evse].is_heard ? s->evse[evse].heard_ms : INT64_MIN;
}

/* A measurement is dated when it came: the clocks of stations differ, and too late is safe. */
static void watch(struct safety *s, int i, int64_t now_ms)
{
	const struct evse *e = s->k->evse[i];
	struct guard_evse_in *in = &s->k->evse_in[i];
	struct safety_evse *v = &s->evse[i];
	bool is_new = e->power_w.at.ms && e->power_w.at.ms != v->measured_at.ms;
	bool is_news;

	if (e->station->is_manual)
		return;
	v->measured_at = e->power_w.at;
	v->measures = v->measures || is_new;
	is_new = is_new && is_of_now(v, now_ms - in->measured_ms, missed_ms(s, v));
	in->silent = is_silent(s, i, is_new, now_ms);
	is_news = obey_step(&s->obey, &v->obey,
		&(struct obey_in){
			.now_ms = now_ms,
			.commanded_w = in->commanded_w,
			.measured_w = is_new ? in->measured_w : OBEY_UNKNOWN,
			.measured_ms = now_ms,
			.connected = in->connected,
			.is_lost = in->silent || !in->reachable,
		});
	if (is_news || v->obey.disobeys)
		tell(s, i, is_news);
	in->reaction_ms = obey_reaction_ms(&s->obey, &v->obey);
	in->uncontrolled_w = in->connected ? obey_uncontrolled_w(&v->obey) : 0;
	if (in->silent) {
		in->measured_w = GUARD_UNKNOWN_W;
		in->has_phases = false;
	}
	/* Nor does one rise that may not have got the last word. */
	in->silent = in->silent || s->k->lanes[i].unsure;
	if (is_new)
		keep(s, i, now_ms);
}

static bool has_disobedient(const struct safety *s, const struct station *st)
{
	for (int i = 0; i < st->evse_count; i++) {
		int at = st->evses[i].grid_evse;

		if (at >= 0 && at < s->evses && s->evse[at].obey.disobeys)
			return true;
	}
	return false;
}

void safety_charger_before(struct safety *s, int64_t now_ms)
{
	for (int i = 0; i < s->evses; i++)
		if (s->k->evse[i])
			watch(s, i, now_ms);
	for (int i = 0; i < s->evses; i++)
		s->k->evse_in[i].in_doubt =
			s->k->evse[i] && has_disobedient(s, s->k->evse[i]->station);
}
