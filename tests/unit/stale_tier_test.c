#include "scheduler/stale.h"

#include <check.h>

static const struct stale_config cfg = {10000, 30000, 600000};
static struct stale_point p;

static void setup(void)
{
	p = (struct stale_point){0};
}

START_TEST(each_tier_has_its_time)
{
	static const struct {
		int64_t from_s, to_s;
		enum stale_tier tier;
	} tiers[] = {
		{0, 10, STALE_FRESH},
		{11, 30, STALE_HOLD},
		{31, 600, STALE_MINIMUM},
		{601, 700, STALE_TAIL},
	};

	for (int i = 0; i < 4; i++)
		for (int64_t s = tiers[i].from_s; s <= tiers[i].to_s; s++) {
			bool changed = stale_step(&cfg, &p, s * 1000, s * 1000, false);

			ck_assert_int_eq(p.tier, tiers[i].tier);
			ck_assert_int_eq(changed, i > 0 && s == tiers[i].from_s);
			ck_assert_int_eq(p.since_ms, tiers[i].from_s * 1000);
		}
	ck_assert(stale_step(&cfg, &p, 701000, 500, false));
	ck_assert_int_eq(p.tier, STALE_FRESH);
}
END_TEST

START_TEST(never_measured_is_the_worst_case_at_once)
{
	ck_assert(stale_step(&cfg, &p, 5000, STALE_NEVER_MS, false));
	ck_assert_int_eq(p.tier, STALE_MINIMUM);
	ck_assert(!stale_step(&cfg, &p, 605000, STALE_NEVER_MS, false));
	ck_assert(stale_step(&cfg, &p, 605001, STALE_NEVER_MS, false));
	ck_assert_int_eq(p.tier, STALE_TAIL);
}
END_TEST

START_TEST(frozen_is_never_held)
{
	stale_step(&cfg, &p, 0, 0, false);
	ck_assert(stale_step(&cfg, &p, 1000, 0, true));
	ck_assert_int_eq(p.tier, STALE_MINIMUM);
	ck_assert(stale_step(&cfg, &p, 601001, 0, true));
	ck_assert_int_eq(p.tier, STALE_TAIL);
	ck_assert(stale_step(&cfg, &p, 602000, 0, false));
	ck_assert_int_eq(p.tier, STALE_FRESH);
	ck_assert(stale_step(&cfg, &p, 603000, 0, true)); /* its time begins anew */
	ck_assert_int_eq(p.tier, STALE_MINIMUM);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stale_tier");
	TCase *t = tcase_create("stale_tier");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, each_tier_has_its_time);
	tcase_add_test(t, never_measured_is_the_worst_case_at_once);
	tcase_add_test(t, frozen_is_never_held);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
