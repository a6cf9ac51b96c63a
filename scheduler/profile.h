/*
 * Profile: a limit over time for one EVSE, as stations take it: periods that each hold until the
 * next one starts. Every profile made here ends in the safe tail, so that silence is safe.
 *
 * Plain values, nothing to free. Limits in W, period starts in seconds after start_ms (UTC ms).
 */
#ifndef SCHEDULER_PROFILE_H
#define SCHEDULER_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#define PROFILE_PERIODS_MAX 128

struct profile_period {
	int32_t start_s;
	int32_t limit_w;
};

struct profile {
	int64_t start_ms;
	int count; /* at least 1; period[0].start_s is 0, the rest ascend */
	struct profile_period period[PROFILE_PERIODS_MAX];
};

/* From a plan's row of `slots` powers, slot 0 at plan_ms, what lies after now_ms; then tail_w.
 * Starts at now_ms or up to a second before. At most max_periods (capped at
 * PROFILE_PERIODS_MAX): neighbours are joined where it costs least energy, at the lower power,
 * so it is never above the plan at any instant. With one period only it is the lowest of all. 0,
 * or -1: max_periods, slots or slot_s below 1 or the plan longer than 68 years. */
int profile_from_plan(struct profile *out, const int32_t *row, int slots, int slot_s,
	int64_t plan_ms, int64_t now_ms, int max_periods, int32_t tail_w);

/* `allowed_w` from now_ms for lease_s seconds (at least 1), then tail_w. */
void profile_from_power(
	struct profile *out, int32_t allowed_w, int64_t now_ms, int32_t lease_s, int32_t tail_w);

/* Lowers every instant before `until_ms` to at most `cap_w`; the guard's word on a plan's profile.
 * 0, or -1 and unchanged: it would take about PROFILE_PERIODS_MAX periods or more. */
int profile_cap(struct profile *p, int32_t cap_w, int64_t until_ms);

/* The limit in force at an instant, or -1 before it starts. */
int32_t profile_limit_at(const struct profile *p, int64_t t_ms);

/* True if both give the same limits at every instant from `from_ms` on. */
bool profile_same(const struct profile *a, const struct profile *b, int64_t from_ms);

#endif
