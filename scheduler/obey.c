#include "scheduler/obey.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOISE_W       60 /* powers that differ by less are the same */
#define ENOUGH        5 /* samples from which on they are believed more than the default */
#define HITS          2 /* once may be chance */
#define OFFENCES_MOST 3 /* 8 times the time to be trusted again */
#define FOLLOW_PM     800 /* at least this part of its limit: the limit decides, not the vehicle */
#define HITS_MOST     30000
#define SLOW_MS       15000 /* worth a word */
#define SHORT_PM      30

struct obey_config obey_config_default(void)
{
	return (struct obey_config){
		.default_ms = 10000,
		.least_ms = 3000,
		.most_ms = 60000,
		.tolerance_w = 250,
		.tolerance_pm = 50,
		.trust_ms = 600000,
	};
}

void obey_init(struct obey *o)
{
	memset(o, 0, sizeof *o);
	o->commanded_w = o->anchor_w = o->measured_w = o->settled_told_w = OBEY_UNKNOWN;
}

static bool above(const struct obey_config *cfg, int32_t measured, int32_t told)
{
	int64_t slack = (int64_t)told * cfg->tolerance_pm / 1000;

	if (slack < cfg->tolerance_w)
		slack = cfg->tolerance_w;
	return measured > told + slack;
}

static void hit(int16_t *n)
{
	if (*n < HITS_MOST)
		++*n;
}

/* -- reaction -------------------------------------------------------------------------------- */

static int by_size(const void *x, const void *y)
{
	int32_t a = *(const int32_t *)x, b = *(const int32_t *)y;

	return (a > b) - (a < b);
}

static int kept_samples(const struct obey *o)
{
	return o->learned.samples < OBEY_SAMPLES ? o->learned.samples : OBEY_SAMPLES;
}

int64_t obey_percentile_ms(const struct obey *o, int percent)
{
	int32_t sorted[OBEY_SAMPLES];
	int n = kept_samples(o);

	if (n == 0)
		return 0;
	memcpy(sorted, o->learned.reaction_ms, (size_t)n * sizeof *sorted);
	qsort(sorted, (size_t)n, sizeof *sorted, by_size);
	return sorted[(n * percent + 99) / 100 - 1]; /* nearest rank */
}

/* Thousands are asked in every cycle: sorted once for each sample that is new. */
static void sort_samples(struct obey *o)
{
	if (o->sorted_for == o->learned.samples)
		return;
	o->sorted_ms[0] = (int32_t)obey_percentile_ms(o, 95);
	o->sorted_ms[1] = (int32_t)obey_percentile_ms(o, 100);
	o->sorted_for = o->learned.samples;
}

int64_t obey_reaction_ms(const struct obey_config *cfg, const struct obey *o)
{
	int n = kept_samples(o);
	bool is_sorted = o->sorted_for == o->learned.samples;
	int64_t ms =
		is_sorted ? o->sorted_ms[n < ENOUGH] : obey_percentile_ms(o, n < ENOUGH ? 100 : 95);

	if (n < ENOUGH && ms < cfg->default_ms)
		return cfg->default_ms;
	if (ms < cfg->least_ms)
		return cfg->least_ms;
	return ms > cfg->most_ms ? cfg->most_ms : ms;
}

/* From the command to the first measurement that keeps it: never less than it took. Longer than the
 * most that counts it did not react, it disobeyed. */
static void keep_sample(const struct obey_config *cfg, struct obey *o, int64_t ms)
{
	struct obey_learned *l = &o->learned;
	int at = l->samples % OBEY_SAMPLES;

	if (ms < 0 || ms > cfg->most_ms)
		return;
	l->reaction_ms[at] = (int32_t)ms;
	l->samples = (int16_t)(l->samples + 1 < 2 * OBEY_SAMPLES ? l->samples + 1 : OBEY_SAMPLES);
}

/* -- settled settings ------------------------------------------------------------------------ */

static void learn_ignored(struct obey_learned *l, int32_t told, int32_t w)
{
	if (told == 0) {
		hit(&l->pause_hits);
		return;
	}
	if (l->floor_hits > 0 && abs(l->floor_w - w) > w / 10)
		l->floor_hits = 0; /* not always the same: no floor, plain disobedience */
	hit(&l->floor_hits);
	l->floor_w = w;
}

static void learn_followed(struct obey_learned *l, int32_t told, int32_t w)
{
	int32_t pm = (told - w) * 1000 / told;

	if (l->floor_w > 0 && told >= l->floor_w)
		hit(&l->floor_kept);
	hit(&l->follows);
	l->short_pm += (pm - l->short_pm) / (l->follows < 10 ? l->follows : 10);
}

static void learn_change(
	struct obey_learned *l, int32_t told_before, int32_t before, int32_t told, int32_t w)
{
	int32_t moved = abs(w - before), asked = abs(told - told_before);

	if (asked == 0)
		return;
	if (moved <= NOISE_W && asked > l->dead_w)
		l->dead_w = asked;
	else if (moved > NOISE_W && (l->step_w == 0 || moved < l->step_w))
		l->step_w = moved;
}

static bool follows(int32_t told, int32_t w)
{
	return told > 0 && (int64_t)w * 1000 >= (int64_t)told * FOLLOW_PM;
}

/* Two measurements alike, after the reaction time: what this command comes to. */
static void learn_settled(const struct obey_config *cfg, struct obey *o, int32_t w)
{
	struct obey_learned *l = &o->learned;
	int32_t told = o->anchor_w;
	bool limits = follows(told, w) && !above(cfg, w, told);

	if (w > NOISE_W && (l->least_w == 0 || w < l->least_w))
		l->least_w = w;
	if (above(cfg, w, told)) {
		learn_ignored(l, told, w);
	} else if (limits) {
		learn_followed(l, told, w);
		if (o->settled_told_w > 0)
			learn_change(l, o->settled_told_w, o->settled_w, told, w);
	} else if (told > 0 && w <= NOISE_W && o->settled_told_w > told && o->settled_w > NOISE_W) {
		hit(&l->starve_hits);
		if (told > l->starve_w)
			l->starve_w = told;
	}
	o->settled_told_w = limits ? told : w <= NOISE_W ? o->settled_told_w : OBEY_UNKNOWN;
	o->settled_w = w;
	o->is_settled = true;
}

/* -- obedience ------------------------------------------------------------------------------- */

/* The greatest command of the last reaction time, and up to as much again: what it may still be
 * doing. Commands change often by a little; that must not excuse anybody for ever. */
static void track_recent(const struct obey_config *cfg, struct obey *o, int64_t now_ms)
{
	if (now_ms - o->recent_ms >= obey_reaction_ms(cfg, o)) {
		o->recent_w[1] = o->recent_w[0];
		o->recent_w[0] = 0;
		o->recent_ms = now_ms;
	}
	if (o->commanded_w < 0)
		o->recent_w[0] = INT32_MAX; /* it may do as it likes */
	else if (o->recent_w[0] < o->commanded_w)
		o->recent_w[0] = o->commanded_w;
}

static int32_t excused_w(const struct obey *o)
{
	return o->recent_w[0] > o->recent_w[1] ? o->recent_w[0] : o->recent_w[1];
}

static void take_command(const struct obey_config *cfg, struct obey *o, const struct obey_in *in)
{
	bool was_known = o->started && o->commanded_w >= 0;

	track_recent(cfg, o, in->now_ms); /* the old one was in force till now */
	o->started = true;
	o->commanded_w = in->commanded_w;
	track_recent(cfg, o, in->now_ms);
	if (was_known && in->commanded_w >= 0 && o->anchor_w >= 0 &&
		abs(in->commanded_w - o->anchor_w) <= cfg->tolerance_w)
		return;
	o->awaits = was_known && in->commanded_w >= 0 && o->measured_w >= 0 && in->connected &&
		    above(cfg, o->measured_w, in->commanded_w);
	o->anchor_w = in->commanded_w;
	o->anchor_ms = in->now_ms;
	o->is_settled = false;
}

static bool offend(struct obey *o, const struct obey_in *in)
{
	bool begins = !o->disobeys;

	if (begins && o->offences < OFFENCES_MOST && o->offended_ms)
		o->offences++;
	o->disobeys = true;
	o->offended_ms = in->measured_ms;
	if (in->measured_w > o->seen_w)
		o->seen_w = in->measured_w;
	return begins;
}

static bool forgive(const struct obey_config *cfg, struct obey *o, int64_t measured_ms)
{
	if (!o->disobeys || measured_ms - o->offended_ms < cfg->trust_ms << o->offences)
		return false;
	o->disobeys = false;
	o->seen_w = 0;
	return true;
}

/* A new measurement of a vehicle that is there, with a command that is known. */
static bool judge(const struct obey_config *cfg, struct obey *o, const struct obey_in *in)
{
	int64_t took_ms = in->measured_ms - o->anchor_ms;

	if (took_ms < 0)
		return false; /* measured before the command */
	if (took_ms > obey_reaction_ms(cfg, o) && !o->is_settled &&
		o->measured_ms >= o->anchor_ms && abs(in->measured_w - o->measured_w) <= NOISE_W)
		learn_settled(cfg, o, in->measured_w);
	if (above(cfg, in->measured_w, excused_w(o)))
		return offend(o, in);
	if (o->awaits && !above(cfg, in->measured_w, o->anchor_w)) {
		keep_sample(cfg, o, took_ms);
		o->awaits = false;
	}
	return forgive(cfg, o, in->measured_ms);
}

bool obey_step(const struct obey_config *cfg, struct obey *o, const struct obey_in *in)
{
	bool changed = false;

	sort_samples(o);
	take_command(cfg, o, in);
	o->awaits = o->awaits && in->connected && !in->is_lost;
	if (!in->connected)
		o->settled_told_w = OBEY_UNKNOWN;
	if (in->measured_w < 0 || in->measured_ms <= o->measured_ms)
		return false;
	if (in->connected && o->commanded_w >= 0)
		changed = judge(cfg, o, in);
	o->measured_w = in->measured_w;
	o->measured_ms = in->measured_ms;
	return changed;
}

int32_t obey_uncontrolled_w(const struct obey *o)
{
	return o->disobeys ? o->seen_w : 0;
}

/* -- words ----------------------------------------------------------------------------------- */

struct words {
	char *text;
	size_t size, len;
	int count, phases, volts;
};

static void say(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (w->count++ > 0 && w->len + 2 < w->size)
		w->len += (size_t)snprintf(w->text + w->len, w->size - w->len, "; ");
	va_start(ap, fmt);
	n = vsnprintf(w->text + w->len, w->size - w->len, fmt, ap);
	va_end(ap);
	w->len += n < 0 ? 0 : (size_t)n;
	if (w->len >= w->size)
		w->len = w->size - 1;
}

/* "8 A (5520 W)", or watts alone. */
static const char *power(const struct words *w, int32_t watts, char out[40])
{
	int32_t volts = w->volts * (w->phases > 0 ? w->phases : 1);

	if (volts > 0)
		snprintf(out, 40, "%d A (%d W)", (int)((watts + volts / 2) / volts), (int)watts);
	else
		snprintf(out, 40, "%d W", (int)watts);
	return out;
}

int obey_words(const struct obey_config *cfg, const struct obey *o, int phases, int volts,
	char *text, size_t size)
{
	const struct obey_learned *l = &o->learned;
	struct words w = {.text = text, .size = size, .phases = phases, .volts = volts};
	char p[40];

	text[0] = '\0';
	if (o->disobeys)
		say(&w, "draws more than it is told: counted as load of %d W that nobody controls",
			(int)o->seen_w);
	if (l->floor_hits >= HITS && l->floor_kept >= HITS)
		say(&w, "ignores limits below %s", power(&w, l->floor_w, p));
	if (l->pause_hits >= HITS)
		say(&w, "does not pause when told 0");
	if (kept_samples(o) >= ENOUGH && obey_reaction_ms(cfg, o) > SLOW_MS)
		say(&w, "needs %d s", (int)((obey_reaction_ms(cfg, o) + 999) / 1000));
	if (l->starve_hits >= HITS)
		say(&w, "takes nothing at %s or less", power(&w, l->starve_w, p));
	if (l->follows >= ENOUGH && l->short_pm >= SHORT_PM)
		say(&w, "stays %d %% below its limit", (int)(l->short_pm / 10));
	if (l->follows >= ENOUGH && l->dead_w > cfg->tolerance_w)
		say(&w, "changes of up to %d W of its limit may change nothing", (int)l->dead_w);
	return w.count;
}
