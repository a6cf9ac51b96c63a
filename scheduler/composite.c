#include "scheduler/composite.h"

#include <stddef.h>

#define DAY_MS INT64_C(86400000)
#define PHASES 3 /* where a period does not say */

/* What one profile says at an instant, and until when it surely says the same. */
struct say {
	const struct composite_period *period; /* NULL: nothing */
	int64_t until_ms;
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static void change_at(struct say *s, int64_t t_ms, int64_t at_ms)
{
	if (at_ms > t_ms && at_ms < s->until_ms)
		s->until_ms = at_ms;
}

/* Start of the schedule that runs at t_ms (or of the next one, where none has begun), and when
 * it is replaced by its next recurrence. False: it never starts. */
static bool find_start(const struct composite_profile *p, const struct composite_context *ctx,
	int64_t t_ms, int64_t *start_ms, int64_t *next_ms)
{
	int64_t every = p->kind == COMPOSITE_WEEKLY ? 7 * DAY_MS : DAY_MS;

	*next_ms = COMPOSITE_FOREVER;
	switch (p->kind) {
	case COMPOSITE_RELATIVE:
		*start_ms = ctx->ready_ms;
		return ctx->in_transaction;
	case COMPOSITE_DAILY:
	case COMPOSITE_WEEKLY:
		*start_ms = p->start_ms;
		if (t_ms >= p->start_ms) {
			*start_ms += floor_div(t_ms - p->start_ms, every) * every;
			*next_ms = *start_ms + every;
		}
		return true;
	case COMPOSITE_ABSOLUTE:
		break;
	}
	*start_ms = p->start_ms;
	return true;
}

static bool valid_at(const struct composite_profile *p, int64_t t_ms)
{
	return (!p->valid_from_ms || t_ms >= p->valid_from_ms) &&
	       (!p->valid_to_ms || t_ms < p->valid_to_ms);
}

static struct say ask(
	const struct composite_profile *p, const struct composite_context *ctx, int64_t t_ms)
{
	struct say s = {NULL, COMPOSITE_FOREVER};
	int64_t start, next;

	if (p->purpose == COMPOSITE_TX && !ctx->in_transaction)
		return s;
	if (!find_start(p, ctx, t_ms, &start, &next))
		return s;
	if (p->valid_from_ms)
		change_at(&s, t_ms, p->valid_from_ms);
	if (p->valid_to_ms)
		change_at(&s, t_ms, p->valid_to_ms);
	change_at(&s, t_ms, start);
	change_at(&s, t_ms, next);
	if (t_ms < start || !valid_at(p, t_ms))
		return s;
	if (p->duration_s) {
		change_at(&s, t_ms, start + p->duration_s * 1000);
		if (t_ms >= start + p->duration_s * 1000)
			return s;
	}
	for (int i = 0; i < p->count; i++) {
		int64_t at = start + (int64_t)p->period[i].start_s * 1000;

		change_at(&s, t_ms, at);
		if (at <= t_ms)
			s.period = &p->period[i];
	}
	return s;
}

static int32_t watts(const struct composite_profile *p, const struct composite_period *period,
	const struct composite_context *ctx)
{
	int named = period->phases ? period->phases : PHASES;
	int used = ctx->phases && ctx->phases < named ? ctx->phases : named;
	int64_t w = period->limit;

	if (p->unit == COMPOSITE_MILLIAMPERE)
		w = w * ctx->voltage_v * used / 1000;
	else if (!ctx->is_dc)
		w = w * used / named; /* K01.FR.49, FR.50: shared by the phases that it names */
	return w >= COMPOSITE_NO_LIMIT ? COMPOSITE_NO_LIMIT - 1 : (int32_t)w;
}

/* The leading profile of one purpose; *until_ms is lowered to where anything in it may change. */
static int lead(const struct composite_profile *profiles, int n,
	const struct composite_context *ctx, enum composite_purpose purpose, int64_t t_ms,
	int32_t *w, int64_t *until_ms)
{
	int leader = -1;

	for (int i = 0; i < n; i++) {
		const struct composite_profile *p = &profiles[i];
		struct say s;

		if (p->purpose != purpose)
			continue;
		s = ask(p, ctx, t_ms);
		if (s.until_ms < *until_ms)
			*until_ms = s.until_ms;
		if (!s.period || (leader >= 0 && p->stack_level <= profiles[leader].stack_level))
			continue;
		leader = i;
		*w = watts(p, s.period, ctx);
	}
	return leader;
}

struct composite_limit composite_limit_at(const struct composite_profile *profiles, int n,
	const struct composite_context *ctx, int64_t t_ms)
{
	struct composite_limit m = {COMPOSITE_NO_LIMIT, -1, COMPOSITE_FOREVER};
	int32_t w[COMPOSITE_PURPOSES];
	int leader[COMPOSITE_PURPOSES];

	for (int p = 0; p < COMPOSITE_PURPOSES; p++)
		leader[p] =
			lead(profiles, n, ctx, (enum composite_purpose)p, t_ms, &w[p], &m.until_ms);
	if (leader[COMPOSITE_TX] >= 0)
		leader[COMPOSITE_TX_DEFAULT] = -1;
	for (int p = 0; p < COMPOSITE_PURPOSES; p++) {
		if (leader[p] < 0 || w[p] >= m.w)
			continue;
		m.w = w[p];
		m.profile = leader[p];
	}
	return m;
}
