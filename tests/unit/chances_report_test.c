/* Report of chances: each departure once in a bin, what nobody knows left out and counted, the rule
 * for "about", and the same after a rebuild. */
#include "csms/vehicles/chances_report.h"
#include "db/care.h"
#include "scheduler/readiness.h"
#include "tests/unit/db_fixture.h"

#define NIGHT INT64_C(86400000)

static struct db *db;
static struct arena *arena;

static void setup(void)
{
	fixture_folder();
	db = fixture_open();
	arena = arena_create(0);
}

static void teardown(void)
{
	arena_destroy(arena);
	db_close(db);
	fixture_remove();
}

static void add(struct db_batch *b, int type, const void *payload, int64_t at)
{
	fixture_add(b, "vehicle/V-1", type, payload, at, DB_ANY_VERSION, NULL);
}

static void put_told(int night, int chance_pm, enum event_chance_moment moment, int model)
{
	struct event_chance_told e = {.departs_at = {T0 + night * NIGHT},
		.chance_pm = chance_pm,
		.moment = moment,
		.samples = 400,
		.model = model,
		.plan = "p",
		.target_wh = 60000};
	struct db_batch *b = db_batch_create(db);

	add(b, EVENT_CHANCE_TOLD, &e, T0 + night * NIGHT - 1000);
	ck_assert_int_eq(fixture_write(db, b), 0);
}

static void put_met(int night, int ready)
{
	struct event_chance_met e = {.departs_at = {T0 + night * NIGHT},
		.has_ready = ready >= 0,
		.ready = ready > 0,
		.reason = "test"};
	struct db_batch *b = db_batch_create(db);

	add(b, EVENT_CHANCE_MET, &e, T0 + night * NIGHT);
	ck_assert_int_eq(fixture_write(db, b), 0);
}

static void read_all(struct db_reader *r, void *arg)
{
	ck_assert_int_eq(db_query_chances(r, (wall_t){T0 - NIGHT}, READINESS_MODEL, arena, arg), 0);
}

/* As it stands `nights` after T0. */
static struct chances_report report(int nights)
{
	struct chances_report p = {0};
	struct db_chance_list list;

	ck_assert_int_eq(db_read_now(db, read_all, &list), 0);
	chances_report_add(&p, &list, (wall_t){T0 + nights * NIGHT});
	return p;
}

static const char *said(
	void (*say)(struct text *t, const struct chances_report *p), const struct chances_report *p)
{
	static char out[200];
	struct text t;

	text_init(&t, 190);
	say(&t, p);
	ck_assert(text_ok(&t));
	snprintf(out, sizeof out, "%s", t.data);
	text_finish(&t);
	return out;
}

START_TEST(each_departure_counts_once_in_a_bin)
{
	struct chances_report p;
	char why[300];

	put_told(0, 970, EVENT_CHANCE_MOMENT_PLUGGED_IN, READINESS_MODEL);
	put_told(0, 980, EVENT_CHANCE_MOMENT_BEFORE, READINESS_MODEL); /* the same bin */
	put_met(0, 1);
	put_told(1, 970, EVENT_CHANCE_MOMENT_PLUGGED_IN, READINESS_MODEL);
	put_told(1, 400, EVENT_CHANCE_MOMENT_BEFORE, READINESS_MODEL); /* another */
	put_met(1, 0);
	put_told(2, 960, EVENT_CHANCE_MOMENT_PLUGGED_IN, READINESS_MODEL);
	put_met(2, -1); /* nobody knows */
	put_told(3, 960, EVENT_CHANCE_MOMENT_PLUGGED_IN, READINESS_MODEL);
	put_told(4, 960, EVENT_CHANCE_MOMENT_PLUGGED_IN, READINESS_MODEL + 1); /* another model */
	put_met(4, 1);
	p = report(3);
	ck_assert_int_eq(p.departures, 4);
	ck_assert_int_eq(p.waiting, 1);
	ck_assert_int_eq(p.unknown, 1);
	ck_assert_int_eq(p.bins[4].count, 2);
	ck_assert_int_eq(p.bins[4].ready, 1);
	ck_assert_int_eq(p.bins[4].unknown, 1);
	ck_assert_int_eq(p.bins[0].count, 1);
	ck_assert_int_eq(p.bins[0].ready, 0);
	/* A day later nobody will ever know. */
	p = report(4);
	ck_assert_int_eq(p.waiting, 0);
	ck_assert_int_eq(p.unknown, 2);
	ck_assert_str_eq(said(chances_say, &p), "Not enough nights yet: 2 of 100 departures.");
	db_close(db);
	db = NULL;
	ck_assert_msg(db_rebuild_check(fixture_dir, NULL, NULL, why) == 0, "%s", why);
}
END_TEST

START_TEST(what_was_told_first_stays)
{
	struct chances_report p;

	put_told(0, 300, EVENT_CHANCE_MOMENT_PLUGGED_IN, READINESS_MODEL);
	put_met(0, 0);
	put_told(0, 999, EVENT_CHANCE_MOMENT_PLUGGED_IN, READINESS_MODEL);
	put_met(0, 1);
	p = report(1);
	ck_assert_int_eq(p.bins[0].count, 1);
	ck_assert_int_eq(p.bins[0].ready, 0);
	ck_assert_int_eq(p.bins[5].count, 0);
}
END_TEST

/* 132 departures of one bin, of which `ready` were. */
static struct chances_report of(int ready)
{
	static struct db_chance rows[132];
	struct chances_report p = {0};

	for (int i = 0; i < 132; i++)
		rows[i] = (struct db_chance){.vehicle = "V-1",
			.departs = {T0 - i * NIGHT},
			.chance_pm = 970,
			.is_over = true,
			.has_ready = true,
			.ready = i < ready};
	chances_report_add(&p, &(struct db_chance_list){132, rows}, (wall_t){T0 + NIGHT});
	return p;
}

START_TEST(about_goes_when_a_chance_was_borne_out)
{
	struct chances_report p = of(128);

	ck_assert(chances_believed(&p, 0.97));
	ck_assert(chances_believed(&p, 0.95));
	ck_assert(!chances_believed(&p, 0.99)); /* nothing is known of that bin */
	ck_assert(!chances_believed(&p, 0.9));
	ck_assert_str_eq(said(chances_say, &p),
		"Of 132 departures told 95 to 99 %, 97 % were ready. The chance may be believed.");
	p = of(100);
	ck_assert(!chances_believed(&p, 0.97));
	ck_assert_str_eq(said(chances_say, &p),
		"Of 132 departures told 95 to 99 %, 76 % were ready. The chance says too much.");
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("chances");
	Suite *s = suite_create("chances");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, each_departure_counts_once_in_a_bin);
	tcase_add_test(c, what_was_told_first_stays);
	tcase_add_test(c, about_goes_when_a_chance_was_borne_out);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
