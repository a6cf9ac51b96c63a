#include <check.h>

#include "scheduler/profile.h"
#include "tests/unit/grid_random.h"

#define PLAN_MS INT64_C(1790000000250)

START_TEST(equal_neighbours_are_one_period_and_the_tail_ends_it)
{
	const int32_t row[] = {11000, 11000, 0, 0, 7000, 7000};
	struct profile p;

	ck_assert_int_eq(profile_from_plan(&p, row, 6, 900, PLAN_MS, PLAN_MS, 24, 1400), 0);
	ck_assert_int_eq(p.count, 4);
	ck_assert_int_eq(p.period[1].start_s, 1800);
	ck_assert_int_eq(p.period[3].start_s, 5400);
	ck_assert_int_eq(p.period[3].limit_w, 1400);
	ck_assert_int_eq(profile_limit_at(&p, PLAN_MS - 1), -1);
	ck_assert_int_eq(profile_limit_at(&p, PLAN_MS + 1799999), 11000);
	ck_assert_int_eq(profile_limit_at(&p, PLAN_MS + 1800000), 0);
	ck_assert_int_eq(profile_limit_at(&p, INT64_MAX / 2), 1400);

	/* An hour later the past is gone; after its end only the tail is left. */
	ck_assert_int_eq(
		profile_from_plan(&p, row, 6, 900, PLAN_MS, PLAN_MS + 3600500, 24, 1400), 0);
	ck_assert_int_eq(p.count, 2);
	ck_assert_int_eq(p.start_ms, PLAN_MS + 3600000);
	ck_assert_int_eq(p.period[1].start_s, 1800);
	ck_assert_int_eq(
		profile_from_plan(&p, row, 6, 900, PLAN_MS, PLAN_MS + 99999999, 24, 1400), 0);
	ck_assert_int_eq(p.count, 1);
	ck_assert_int_eq(p.period[0].limit_w, 1400);
	ck_assert_int_eq(profile_from_plan(&p, row, 6, 900, PLAN_MS, PLAN_MS, 0, 1400), -1);
	ck_assert_int_eq(profile_from_plan(&p, row, 0, 900, PLAN_MS, PLAN_MS, 9, 1400), -1);
}
END_TEST

START_TEST(joining_costs_the_least_energy)
{
	const int32_t row[] = {10000, 9900, 0, 5000};
	struct profile p;

	ck_assert_int_eq(profile_from_plan(&p, row, 4, 60, PLAN_MS, PLAN_MS, 4, 7), 0);
	ck_assert_int_eq(p.count, 4);
	ck_assert_int_eq(p.period[0].limit_w, 9900);
	ck_assert_int_eq(p.period[1].start_s, 120);
	ck_assert_int_eq(profile_from_plan(&p, row, 4, 60, PLAN_MS, PLAN_MS, 1, 7), 0);
	ck_assert_int_eq(p.count, 1);
	ck_assert_int_eq(p.period[0].limit_w, 0);
}
END_TEST

START_TEST(power_for_a_lease)
{
	struct profile p;

	profile_from_power(&p, 6000, PLAN_MS, 900, 0);
	ck_assert_int_eq(p.count, 2);
	ck_assert_int_eq(profile_limit_at(&p, PLAN_MS + 899999), 6000);
	ck_assert_int_eq(profile_limit_at(&p, PLAN_MS + 900000), 0);
	profile_from_power(&p, 0, PLAN_MS, 900, 0);
	ck_assert_int_eq(p.count, 1);
}
END_TEST

static void check_shape(const struct profile *p, int max)
{
	ck_assert(p->count >= 1 && p->count <= max);
	ck_assert_int_eq(p->period[0].start_s, 0);
	for (int i = 1; i < p->count; i++) {
		ck_assert_int_gt(p->period[i].start_s, p->period[i - 1].start_s);
		ck_assert_int_ne(p->period[i].limit_w, p->period[i - 1].limit_w);
	}
}

START_TEST(never_above_the_plan_at_any_instant)
{
	static int32_t row[400];
	struct profile p;
	uint64_t s = 31;

	for (int run = 0; run < 2000; run++) {
		int slots = (int)random_in(&s, 1, random_chance(&s, 10) ? 400 : 40);
		int slot_s = (int)random_in(&s, 1, 20), max = (int)random_in(&s, 1, 150);
		int64_t now = PLAN_MS + random_in(&s, -5000, (int64_t)slots * slot_s * 1100);
		int32_t tail = (int32_t)random_in(&s, 0, 3);
		int64_t end = PLAN_MS + (int64_t)slots * slot_s * 1000;

		for (int t = 0; t < slots; t++)
			row[t] = (int32_t)random_in(&s, 0, 5);
		ck_assert_int_eq(
			profile_from_plan(&p, row, slots, slot_s, PLAN_MS, now, max, tail), 0);
		check_shape(&p, max < PROFILE_PERIODS_MAX ? max : PROFILE_PERIODS_MAX);
		if (max > 1)
			ck_assert_int_eq(p.period[p.count - 1].limit_w, tail);
		for (int64_t t = now < PLAN_MS ? PLAN_MS : now;
			t<end + 3000; t += slots> 40 ? 1000 : 250) {
			int32_t want = t < end ? row[(t - PLAN_MS) / 1000 / slot_s] : tail;

			ck_assert_int_le(profile_limit_at(&p, t), want);
			if (max > slots && slots < 100)
				ck_assert_int_eq(profile_limit_at(&p, t), want);
		}
	}
}
END_TEST

static struct profile random_profile(uint64_t *s, int max)
{
	struct profile p = {.start_ms = PLAN_MS + random_in(s, 0, 5) * 500};

	p.count = (int)random_in(s, 1, max);
	for (int i = 0; i < p.count; i++) {
		p.period[i].start_s = i ? p.period[i - 1].start_s + (int32_t)random_in(s, 1, 4) : 0;
		p.period[i].limit_w =
			i ? p.period[i - 1].limit_w + 1 + (int32_t)random_in(s, 0, 2) : 2;
		if (i && random_chance(s, 50))
			p.period[i].limit_w = p.period[i - 1].limit_w - 1;
	}
	return p;
}

START_TEST(a_cap_lowers_and_nothing_else)
{
	uint64_t s = 32;

	for (int run = 0; run < 5000; run++) {
		struct profile p = random_profile(&s, 12), q = p;
		int64_t until = p.start_ms + random_in(&s, -2000, 40000);
		int32_t cap = (int32_t)random_in(&s, 0, 8);
		int64_t until_up = p.start_ms + (until - p.start_ms + 999) / 1000 * 1000;

		ck_assert_int_eq(profile_cap(&q, cap, until), 0);
		check_shape(&q, PROFILE_PERIODS_MAX);
		for (int64_t t = p.start_ms; t < p.start_ms + 60000; t += 250) {
			int32_t w = profile_limit_at(&p, t);

			if (until > p.start_ms && t < until_up && w > cap)
				w = cap;
			ck_assert_int_eq(profile_limit_at(&q, t), w);
		}
	}
}
END_TEST

START_TEST(a_cap_that_does_not_fit_changes_nothing)
{
	struct profile p = {.start_ms = 0, .count = PROFILE_PERIODS_MAX}, q;

	for (int i = 0; i < p.count; i++)
		p.period[i] = (struct profile_period){i, 10 + i % 2};
	q = p;
	ck_assert_int_eq(profile_cap(&q, 10, 500), -1);
	ck_assert_mem_eq(&p, &q, sizeof(p));
	ck_assert_int_eq(profile_cap(&q, 5, INT64_MAX / 2), 0);
	ck_assert_int_eq(q.count, 1);
}
END_TEST

START_TEST(same_is_the_same_at_every_instant)
{
	uint64_t s = 33;
	int same = 0;

	for (int run = 0; run < 20000; run++) {
		struct profile a = random_profile(&s, 3), b = random_profile(&s, 3);
		int64_t from = PLAN_MS + random_in(&s, 0, 40) * 250;
		bool equal = true;

		for (int64_t t = from; t < PLAN_MS + 30000; t += 250)
			equal = equal && profile_limit_at(&a, t) == profile_limit_at(&b, t);
		ck_assert_int_eq(profile_same(&a, &b, from), equal);
		same += equal;
	}
	ck_assert_int_gt(same, 500);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *c = tcase_create("periods");
	SRunner *runner;
	int failed;

	tcase_add_test(c, equal_neighbours_are_one_period_and_the_tail_ends_it);
	tcase_add_test(c, joining_costs_the_least_energy);
	tcase_add_test(c, power_for_a_lease);
	tcase_add_test(c, never_above_the_plan_at_any_instant);
	tcase_add_test(c, a_cap_lowers_and_nothing_else);
	tcase_add_test(c, a_cap_that_does_not_fit_changes_nothing);
	tcase_add_test(c, same_is_the_same_at_every_instant);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
