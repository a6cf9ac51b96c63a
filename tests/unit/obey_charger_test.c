#include "scheduler/obey.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* A charger and its vehicle: moves in `step_w`, late by `late_s`, never below `floor_w`, 0 only if
 * it can pause, measured every `every_s`. */
struct charger {
	int late_s, every_s;
	int32_t floor_w, step_w, appetite_w;
	int short_pm;
	bool deaf, pauses_not;
	int32_t told[100], shown_w;
};

static struct obey_config cfg;
static struct obey o;
static struct charger c;
static int now_s;
static int32_t shown_ms;

static void setup(void)
{
	cfg = obey_config_default();
	obey_init(&o);
	now_s = 100;
	shown_ms = 0;
	c = (struct charger){.late_s = 2, .every_s = 1, .step_w = 1, .appetite_w = 22000};
}

static int32_t power_of(const struct charger *x, int32_t told)
{
	int32_t w = x->deaf ? x->appetite_w : told;

	if (told == 0 && !x->pauses_not && !x->deaf)
		return 0;
	w -= (int32_t)((int64_t)w * x->short_pm / 1000);
	w = w / x->step_w * x->step_w;
	if (w < x->floor_w)
		w = x->floor_w;
	return w < x->appetite_w ? w : x->appetite_w;
}

/* Seconds with this command in force; true if obedience changed meanwhile. */
static bool run(int seconds, int32_t told)
{
	bool changed = false;

	for (int i = 0; i < seconds; i++) {
		now_s++;
		memmove(c.told + 1, c.told, sizeof c.told - sizeof *c.told);
		c.told[0] = told;
		if (now_s % c.every_s == 0) {
			c.shown_w = power_of(&c, c.told[c.late_s]);
			shown_ms = now_s * 1000;
		}
		changed |= obey_step(&cfg, &o,
			&(struct obey_in){.now_ms = now_s * INT64_C(1000),
				.commanded_w = told,
				.measured_w = c.shown_w,
				.measured_ms = shown_ms,
				.connected = true});
	}
	return changed;
}

static void swing(int times, int32_t high, int32_t low, int seconds)
{
	for (int i = 0; i < times; i++) {
		run(seconds, high);
		run(seconds, low);
	}
}

static const char *words(void)
{
	static char text[400];

	obey_words(&cfg, &o, 3, 230, text, sizeof text);
	return text;
}

START_TEST(good_charger_is_learned_as_quick)
{
	ck_assert_int_eq(obey_reaction_ms(&cfg, &o), 10000);
	swing(3, 11000, 6000, 60);
	ck_assert_int_eq(obey_reaction_ms(&cfg, &o), 10000); /* too few to be believed */
	swing(7, 11000, 6000, 60);
	ck_assert_int_eq(obey_percentile_ms(&o, 95), 2000);
	ck_assert_int_eq(obey_reaction_ms(&cfg, &o), 3000); /* bounded */
	ck_assert_str_eq(words(), "");
	ck_assert_int_eq(obey_uncontrolled_w(&o), 0);
}
END_TEST

START_TEST(slow_charger_offends_until_it_is_known)
{
	c.late_s = 23;
	run(60, 11000);
	ck_assert(run(60, 6000));
	ck_assert(o.disobeys);
	ck_assert_int_eq(obey_uncontrolled_w(&o), 11000);
	ck_assert_int_eq(obey_reaction_ms(&cfg, &o), 23000);
	swing(6, 11000, 6000, 120);
	ck_assert(!o.disobeys); /* it was in time, and long enough ago */
	ck_assert_str_eq(words(), "needs 23 s");
	ck_assert(!run(60, 4000));
}
END_TEST

/* Ten minutes above its limit are disobedience; that it obeys then says nothing of how quick it is. */
START_TEST(disobedience_is_no_reaction)
{
	swing(1, 11000, 6000, 60);
	ck_assert_int_eq(o.learned.samples, 1);
	run(60, 11000);
	c.deaf = true;
	c.appetite_w = 11000;
	run(600, 6000);
	ck_assert(o.disobeys);
	c.deaf = false;
	run(60, 6000);
	ck_assert_int_eq(o.learned.samples, 1);
	ck_assert_int_eq(obey_percentile_ms(&o, 95), 2000);
	ck_assert_int_eq(obey_reaction_ms(&cfg, &o), 10000);
}
END_TEST

START_TEST(seldom_measured_counts_as_later_never_as_sooner)
{
	c.every_s = 15;
	swing(10, 11000, 6000, 67);
	ck_assert_int_ge(obey_percentile_ms(&o, 95), 2000);
	ck_assert_int_le(obey_percentile_ms(&o, 95), 17000);
}
END_TEST

START_TEST(deaf_charger_is_load_that_nobody_controls)
{
	run(60, 22000);
	c.deaf = true;
	ck_assert(!run(10, 8000));
	ck_assert(run(12, 8000)); /* within twice the reaction time */
	ck_assert_int_eq(obey_uncontrolled_w(&o), 22000);
	c.appetite_w = 15000;
	run(60, 8000);
	ck_assert_int_eq(obey_uncontrolled_w(&o), 22000); /* the greatest seen */
	c.deaf = false;
	ck_assert(!run(590, 8000));
	ck_assert(run(30, 8000));
	ck_assert_int_eq(obey_uncontrolled_w(&o), 0);
	/* a relapse: twice as long */
	c.deaf = true;
	run(60, 8000);
	c.deaf = false;
	ck_assert(!run(1190, 8000));
	ck_assert(run(30, 8000));
}
END_TEST

/* The guard moves its limits every few seconds: that excuses nobody. */
START_TEST(deaf_charger_is_found_while_its_limit_dances)
{
	run(60, 22000);
	c.deaf = true;
	for (int i = 0; i < 15; i++)
		run(2, 8000 + i % 3 * 400);
	ck_assert(o.disobeys);
	setup();
	for (int i = 0; i < 300; i++) /* and a good one is not blamed for it */
		ck_assert(!run(2, 8000 + i % 5 * 900));
}
END_TEST

START_TEST(floor_is_named_in_amperes)
{
	c.floor_w = 5520;
	swing(4, 11000, 4140, 60);
	ck_assert_ptr_nonnull(strstr(words(), "ignores limits below 8 A (5520 W)"));
	ck_assert(o.disobeys);
}
END_TEST

START_TEST(one_that_does_not_pause_is_named)
{
	c.pauses_not = true;
	c.floor_w = 4140;
	swing(4, 11000, 0, 60);
	ck_assert_ptr_nonnull(strstr(words(), "does not pause when told 0"));
}
END_TEST

START_TEST(undershoot_and_dead_band_are_named)
{
	c.short_pm = 80;
	for (int32_t w = 8000; w < 16000; w += 1000)
		run(60, w);
	ck_assert_ptr_nonnull(strstr(words(), "stays 8 % below its limit"));
	setup();
	c.step_w = 690;
	for (int i = 0; i < 20; i++)
		run(40, 6900 + i * 300);
	ck_assert_int_ge(o.learned.dead_w, 300);
	ck_assert_int_lt(o.learned.dead_w, 690);
	ck_assert_int_eq(o.learned.step_w, 690);
	ck_assert_ptr_nonnull(strstr(words(), "of its limit may change nothing"));
}
END_TEST

/* A vehicle that is nearly full takes less: that says nothing about the charger. */
START_TEST(full_vehicle_is_no_quirk)
{
	for (int i = 0; i < 20; i++) {
		c.appetite_w = 10000 - i * 500;
		run(60, i % 2 ? 11000 : 10500);
	}
	ck_assert_str_eq(words(), "");
	ck_assert_int_eq(o.learned.starve_hits, 0);
}
END_TEST

START_TEST(unplugged_tells_nothing)
{
	run(60, 11000);
	for (int i = 0; i < 60; i++)
		ck_assert(!obey_step(&cfg, &o,
			&(struct obey_in){.now_ms = (now_s + i) * INT64_C(1000),
				.commanded_w = 0,
				.measured_w = 11000,
				.measured_ms = (now_s + i) * INT64_C(1000)}));
	ck_assert(!o.disobeys);
	ck_assert_int_eq(o.learned.samples, 0);
}
END_TEST

/* Percentiles against a naive reference. */
/* Its lease ran out while nothing was heard of it: when it is heard again, that is no reaction. */
START_TEST(a_gap_in_what_is_heard_is_no_slow_charger)
{
	run(60, 7000);
	for (int i = 0; i < 90; i++)
		obey_step(&cfg, &o,
			&(struct obey_in){.now_ms = ++now_s * INT64_C(1000),
				.commanded_w = 0,
				.measured_w = OBEY_UNKNOWN,
				.connected = true,
				.is_lost = i > 0});
	run(60, 0);
	ck_assert_int_eq(o.learned.samples, 0);
	ck_assert_int_eq(obey_reaction_ms(&cfg, &o), 10000);
}
END_TEST

START_TEST(percentile_is_nearest_rank)
{
	srand(5);
	for (int round = 0; round < 200; round++) {
		int n = 1 + rand() % OBEY_SAMPLES, least = 0;

		o.learned.samples = (int16_t)n;
		for (int i = 0; i < n; i++)
			o.learned.reaction_ms[i] = rand() % 50;
		for (int v = 0; v < 50; v++) { /* the least value with 95 % at or below it */
			int below = 0;

			for (int i = 0; i < n; i++)
				below += o.learned.reaction_ms[i] <= v;
			least = v;
			if (below * 100 >= n * 95)
				break;
		}
		ck_assert_int_eq(obey_percentile_ms(&o, 95), least);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("obey_charger");
	TCase *t = tcase_create("obey_charger");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, good_charger_is_learned_as_quick);
	tcase_add_test(t, slow_charger_offends_until_it_is_known);
	tcase_add_test(t, disobedience_is_no_reaction);
	tcase_add_test(t, seldom_measured_counts_as_later_never_as_sooner);
	tcase_add_test(t, deaf_charger_is_load_that_nobody_controls);
	tcase_add_test(t, deaf_charger_is_found_while_its_limit_dances);
	tcase_add_test(t, floor_is_named_in_amperes);
	tcase_add_test(t, one_that_does_not_pause_is_named);
	tcase_add_test(t, undershoot_and_dead_band_are_named);
	tcase_add_test(t, full_vehicle_is_no_quirk);
	tcase_add_test(t, unplugged_tells_nothing);
	tcase_add_test(t, a_gap_in_what_is_heard_is_no_slow_charger);
	tcase_add_test(t, percentile_is_nearest_rank);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
