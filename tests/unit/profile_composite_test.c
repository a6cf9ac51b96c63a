#include <check.h>

#include "scheduler/composite.h"
#include "tests/unit/grid_random.h"

#define DAY_S 86400

static const struct composite_context idle = {.voltage_v = 230};

START_TEST(default_gives_way_to_the_transaction_and_the_least_rules)
{
	const struct composite_period p7 = {0, 7000, 0}, p9 = {0, 9000, 0}, a16 = {0, 16000, 0};
	struct composite_profile stack[] = {
		{.purpose = COMPOSITE_TX_DEFAULT, .period = &p7, .count = 1},
		{.purpose = COMPOSITE_TX, .period = &p9, .count = 1},
		{.purpose = COMPOSITE_STATION_MAX,
			.unit = COMPOSITE_MILLIAMPERE,
			.period = &a16,
			.count = 1},
	};
	struct composite_context tx = {.voltage_v = 230, .in_transaction = true};
	struct composite_limit m = composite_limit_at(stack, 3, &idle, 1000);

	ck_assert_int_eq(m.w, 7000);
	ck_assert_int_eq(m.profile, 0);
	ck_assert(m.until_ms == COMPOSITE_FOREVER);
	m = composite_limit_at(stack, 3, &tx, 1000);
	ck_assert_int_eq(m.w, 9000);
	m = composite_limit_at(stack + 2, 1, &tx, 1000);
	ck_assert_int_eq(m.w, 11040); /* 16 A on three phases */
	m = composite_limit_at(stack, 0, &tx, 1000);
	ck_assert_int_eq(m.w, COMPOSITE_NO_LIMIT);
	ck_assert_int_eq(m.profile, -1);
}
END_TEST

START_TEST(a_higher_level_that_ended_falls_through)
{
	const struct composite_period low = {0, 3000, 0}, high[] = {{0, 9000, 0}, {30, 8000, 0}};
	struct composite_profile stack[] = {
		{.purpose = COMPOSITE_TX_DEFAULT, .period = &low, .count = 1, .valid_to_ms = 90000},
		{.purpose = COMPOSITE_TX_DEFAULT,
			.stack_level = 1,
			.period = high,
			.count = 2,
			.start_ms = 10000,
			.duration_s = 60},
	};
	static const struct {
		int64_t t_ms, until_ms;
		int32_t w;
	} want[] = {
		{0, 10000, 3000},
		{10000, 40000, 9000},
		{40000, 70000, 8000},
		{69999, 70000, 8000},
		{70000, 90000, 3000},
		{90000, COMPOSITE_FOREVER, COMPOSITE_NO_LIMIT},
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct composite_limit m = composite_limit_at(stack, 2, &idle, want[i].t_ms);

		ck_assert_int_eq(m.w, want[i].w);
		ck_assert(m.until_ms == want[i].until_ms);
	}
}
END_TEST

/* -- rule 42: against a plain evaluation, second by second -------------------------------------------- */

/* Phase by phase: what each that the EVSE has may draw. */
static int64_t plain_watts(const struct composite_profile *p, const struct composite_period *q,
	const struct composite_context *ctx)
{
	int named = q->phases ? q->phases : 3, used = 0;

	for (int phase = 1; phase <= named; phase++)
		used += !ctx->phases || phase <= ctx->phases;
	if (p->unit == COMPOSITE_MILLIAMPERE)
		return (int64_t)q->limit * ctx->voltage_v * used / 1000;
	return ctx->is_dc ? q->limit : (int64_t)q->limit * used / named;
}

/* The limit of one profile at a second, or -1: straight from the definition, scanning back for the
 * schedule's start a second at a time would be the plainest; recurrences are counted up instead. */
static int64_t plain_say(
	const struct composite_profile *p, const struct composite_context *ctx, int64_t s)
{
	int64_t start = p->start_ms / 1000, limit = -1;

	if (p->valid_from_ms && s < p->valid_from_ms / 1000)
		return -1;
	if (p->valid_to_ms && s >= p->valid_to_ms / 1000)
		return -1;
	if (p->purpose == COMPOSITE_TX && !ctx->in_transaction)
		return -1;
	if (p->kind == COMPOSITE_RELATIVE) {
		if (!ctx->in_transaction)
			return -1;
		start = ctx->ready_ms / 1000;
	}
	if (p->kind == COMPOSITE_DAILY)
		while (start + DAY_S <= s)
			start += DAY_S;
	if (p->kind == COMPOSITE_WEEKLY)
		while (start + 7 * DAY_S <= s)
			start += 7 * DAY_S;
	if (s < start || (p->duration_s && s - start >= p->duration_s))
		return -1;
	for (int i = 0; i < p->count; i++) {
		if (s - start < p->period[i].start_s)
			break;
		limit = plain_watts(p, &p->period[i], ctx);
	}
	return limit;
}

static int64_t plain_limit(
	const struct composite_profile *p, int n, const struct composite_context *ctx, int64_t s)
{
	int64_t best[4] = {-1, -1, -1, -1}, least = COMPOSITE_NO_LIMIT;
	int level[4] = {-1, -1, -1, -1};

	for (int i = 0; i < n; i++) {
		int64_t w = plain_say(&p[i], ctx, s);

		if (w < 0 || p[i].stack_level <= level[p[i].purpose])
			continue;
		level[p[i].purpose] = p[i].stack_level;
		best[p[i].purpose] = w;
	}
	if (best[COMPOSITE_TX] >= 0)
		best[COMPOSITE_TX_DEFAULT] = -1;
	for (int i = 0; i < 4; i++)
		if (best[i] >= 0 && best[i] < least)
			least = best[i];
	return least;
}

static void random_stack(struct composite_profile *p, struct composite_period (*period)[4], int n,
	int64_t base_s, uint64_t *s)
{
	for (int i = 0; i < n; i++) {
		p[i] = (struct composite_profile){
			.purpose = (enum composite_purpose)random_in(s, 0, 3),
			.stack_level = (int)random_in(s, 0, 4),
			.kind = (enum composite_kind)random_in(s, 0, 3),
			.unit = (enum composite_unit)random_in(s, 0, 1),
			.start_ms =
				(base_s + random_in(s, -100, 200) - random_in(s, 0, 3) * DAY_S) *
				1000,
			.duration_s = random_chance(s, 50) ? random_in(s, 1, 150) : 0,
			.period = period[i],
			.count = (int)random_in(s, 1, 4),
		};
		if (random_chance(s, 5))
			p[i].duration_s = 2 * DAY_S; /* longer than the recurrence */
		if (random_chance(s, 40))
			p[i].valid_from_ms = (base_s + random_in(s, -50, 200)) * 1000;
		if (random_chance(s, 40))
			p[i].valid_to_ms = (base_s + random_in(s, 0, 400)) * 1000;
		for (int k = 0; k < p[i].count; k++)
			period[i][k] = (struct composite_period){
				.start_s =
					k ? period[i][k - 1].start_s + (int32_t)random_in(s, 1, 80)
					  : 0,
				.limit = (int32_t)random_in(s, 0, 40000),
				.phases = (int)random_in(s, 0, 3),
			};
	}
}

START_TEST(rule_42_composite_equals_a_plain_evaluation_at_every_second)
{
	uint64_t s = 41;
	int64_t limited = 0, calls = 0, seconds = 0;

	for (int run = 0; run < 3000; run++) {
		struct composite_profile p[8];
		struct composite_period period[8][4];
		int64_t base_s = 1790000000 + random_in(&s, 0, 10 * DAY_S), t = base_s - 50;
		struct composite_context ctx = {230, random_chance(&s, 60),
			(base_s + random_in(&s, -100, 200)) * 1000, (int)random_in(&s, 0, 3),
			random_chance(&s, 30)};
		int n = (int)random_in(&s, 0, 8);

		random_stack(p, period, n, base_s, &s);
		while (t < base_s + 400) {
			struct composite_limit m = composite_limit_at(p, n, &ctx, t * 1000);

			ck_assert(m.until_ms > t * 1000);
			ck_assert(m.profile < n && (m.profile >= 0) == (m.w != COMPOSITE_NO_LIMIT));
			calls++;
			for (; t < base_s + 400 && t * 1000 < m.until_ms; t++) {
				ck_assert_int_eq(m.w, plain_limit(p, n, &ctx, t));
				limited += m.w != COMPOSITE_NO_LIMIT;
				seconds++;
			}
		}
	}
	ck_assert_int_gt(limited, seconds / 2);
	ck_assert_int_lt(calls * 10, seconds); /* it does jump from event to event */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *c = tcase_create("composite");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, default_gives_way_to_the_transaction_and_the_least_rules);
	tcase_add_test(c, a_higher_level_that_ended_falls_through);
	tcase_add_test(c, rule_42_composite_equals_a_plain_evaluation_at_every_second);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
