#include "scheduler/profile.h"

#include <stddef.h>
#include <string.h>

/* Appends a period, or drops it where it changes nothing. */
static void append(struct profile *p, int64_t start_s, int32_t limit_w)
{
	if (p->count > 0 && p->period[p->count - 1].limit_w == limit_w)
		return;
	p->period[p->count].start_s = (int32_t)start_s;
	p->period[p->count].limit_w = limit_w;
	p->count++;
}

static void merge_neighbours(struct profile *p)
{
	int n = 1;

	for (int i = 1; i < p->count; i++)
		if (p->period[i].limit_w != p->period[n - 1].limit_w)
			p->period[n++] = p->period[i];
	p->count = n;
}

/* Energy (W·s) lost if period i is joined with the next at the lower of both powers; the last
 * period, the tail, has no end and is never joined. */
static int64_t join_cost(const struct profile *p, int i)
{
	int64_t a = p->period[i].limit_w, b = p->period[i + 1].limit_w;
	int64_t len_a = p->period[i + 1].start_s - p->period[i].start_s;
	int64_t len_b = p->period[i + 2].start_s - p->period[i + 1].start_s;

	return a > b ? (a - b) * len_a : (b - a) * len_b;
}

static void join(struct profile *p, int i)
{
	if (p->period[i + 1].limit_w < p->period[i].limit_w)
		p->period[i].limit_w = p->period[i + 1].limit_w;
	memmove(&p->period[i + 1], &p->period[i + 2],
		(size_t)(p->count - i - 2) * sizeof(p->period[0]));
	p->count--;
}

static void join_cheapest(struct profile *p)
{
	int best = 0;

	for (int i = 1; i < p->count - 2; i++)
		if (join_cost(p, i) < join_cost(p, best))
			best = i;
	join(p, best);
	merge_neighbours(p);
}

/* Joins until max_periods are left; the newest period stands for the tail, which has no end. */
static void shrink_to(struct profile *p, int max_periods)
{
	while (p->count > max_periods && p->count > 2)
		join_cheapest(p);
	if (p->count > max_periods) { /* one period only */
		if (p->period[1].limit_w < p->period[0].limit_w)
			p->period[0].limit_w = p->period[1].limit_w;
		p->count = 1;
	}
}

static void append_shrinking(struct profile *p, int64_t start_s, int32_t limit_w)
{
	if (p->count == PROFILE_PERIODS_MAX)
		shrink_to(p, PROFILE_PERIODS_MAX - 1);
	append(p, start_s, limit_w);
}

int profile_from_plan(struct profile *out, const int32_t *row, int slots, int slot_s,
	int64_t plan_ms, int64_t now_ms, int max_periods, int32_t tail_w)
{
	/* Whole seconds after the plan's start, so that no boundary has to be rounded. */
	int64_t gone_s = now_ms > plan_ms ? (now_ms - plan_ms) / 1000 : 0, end_s;

	if (max_periods < 1 || slots < 1 || slot_s < 1 || (int64_t)slots * slot_s > INT32_MAX)
		return -1;
	if (max_periods > PROFILE_PERIODS_MAX)
		max_periods = PROFILE_PERIODS_MAX;
	end_s = (int64_t)slots * slot_s;
	if (gone_s > end_s)
		gone_s = end_s;
	out->count = 0;
	out->start_ms = plan_ms + gone_s * 1000;
	for (int64_t t = gone_s / slot_s; t < slots; t++)
		append_shrinking(out, t * slot_s > gone_s ? t * slot_s - gone_s : 0, row[t]);
	append_shrinking(out, end_s - gone_s, tail_w);
	shrink_to(out, max_periods);
	return 0;
}

void profile_from_power(
	struct profile *out, int32_t allowed_w, int64_t now_ms, int32_t lease_s, int32_t tail_w)
{
	out->start_ms = now_ms;
	out->count = 0;
	append(out, 0, allowed_w);
	append(out, lease_s < 1 ? 1 : lease_s, tail_w);
}

int profile_cap(struct profile *p, int32_t cap_w, int64_t until_ms)
{
	int64_t until_s = (until_ms - p->start_ms + 999) / 1000;
	struct profile old = *p;

	if (until_ms <= p->start_ms)
		return 0;
	p->count = 0;
	for (int i = 0; i < old.count; i++) {
		int64_t start = old.period[i].start_s;
		int64_t end = i + 1 < old.count ? old.period[i + 1].start_s : INT64_MAX;
		int32_t w = old.period[i].limit_w;

		if (p->count > PROFILE_PERIODS_MAX - 2) {
			*p = old;
			return -1;
		}
		if (start < until_s)
			append(p, start, w < cap_w ? w : cap_w);
		if (end > until_s && until_s <= INT32_MAX)
			append(p, start > until_s ? start : until_s, w);
	}
	return 0;
}

int32_t profile_limit_at(const struct profile *p, int64_t t_ms)
{
	int i = p->count - 1;

	if (t_ms < p->start_ms)
		return -1;
	while (i > 0 && (t_ms - p->start_ms) / 1000 < p->period[i].start_s)
		i--;
	return p->period[i].limit_w;
}

/* The first instant after t_ms at which the limit changes, or INT64_MAX. */
static int64_t next_change(const struct profile *p, int64_t t_ms)
{
	for (int i = 0; i < p->count; i++) {
		int64_t at = p->start_ms + (int64_t)p->period[i].start_s * 1000;

		if (at > t_ms)
			return at;
	}
	return INT64_MAX;
}

bool profile_same(const struct profile *a, const struct profile *b, int64_t from_ms)
{
	int64_t t = from_ms;

	while (t != INT64_MAX) {
		int64_t x = next_change(a, t), y = next_change(b, t);

		if (profile_limit_at(a, t) != profile_limit_at(b, t))
			return false;
		t = x < y ? x : y;
	}
	return true;
}
