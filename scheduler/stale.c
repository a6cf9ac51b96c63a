#include "scheduler/stale.h"

static enum stale_tier by_age(const struct stale_config *cfg, int64_t age_ms)
{
	if (age_ms > cfg->tail_ms)
		return STALE_TAIL;
	if (age_ms > cfg->minimum_ms)
		return STALE_MINIMUM;
	return age_ms > cfg->hold_ms ? STALE_HOLD : STALE_FRESH;
}

/* What was never measured, or is not believed, has nothing to hold. */
static enum stale_tier judge(const struct stale_config *cfg, struct stale_point *p, int64_t now_ms,
	int64_t age_ms, bool is_broken)
{
	enum stale_tier t = age_ms < 0 ? STALE_MINIMUM : by_age(cfg, age_ms);
	int64_t bad_ms;

	if (age_ms >= 0 && !is_broken) {
		p->is_bad = false;
		return t;
	}
	if (!p->is_bad) {
		p->is_bad = true;
		p->bad_ms = now_ms;
	}
	bad_ms = now_ms - p->bad_ms;
	if (bad_ms > cfg->tail_ms)
		return STALE_TAIL;
	return t > STALE_MINIMUM ? t : STALE_MINIMUM;
}

bool stale_step(const struct stale_config *cfg, struct stale_point *p, int64_t now_ms,
	int64_t age_ms, bool is_broken)
{
	enum stale_tier t = judge(cfg, p, now_ms, age_ms, is_broken);
	bool changed = p->started ? t != p->tier : t != STALE_FRESH;

	if (changed || !p->started)
		p->since_ms = now_ms;
	p->started = true;
	p->tier = t;
	return changed;
}

const char *stale_tier_name(enum stale_tier t)
{
	static const char *const names[] = {
		[STALE_FRESH] = "fresh",
		[STALE_HOLD] = "hold",
		[STALE_MINIMUM] = "minimum",
		[STALE_TAIL] = "tail",
	};

	return names[t];
}
