/*
 * Files of real sessions, times of day, and the depot that is made of them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "gen/depot.h"
#include "gen/scenario.h"
#include "schemas/yaml.h"
#include "tools/depotsim/csv.h"
#include "tools/depotsim/daytime.h"
#include "tools/depotsim/make_depot.h"

#define HEADER                                                                                     \
	"session_id,station_id,arrival_idx,departure_idx,estimated_departure_idx,requested_kwh,"   \
	"batt_capacity_kwh,batt_init_kwh,batt_max_kw\n"

static int read_text(const char *text, struct csv_sessions *out, char why[200])
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	int rc = csv_read(f, out, why);
	fclose(f);
	return rc;
}

START_TEST(reads_sessions)
{
	struct csv_sessions s;
	char why[200];
	ck_assert_int_eq(read_text("# a comment, with commas\n" HEADER
				   "2_39_1,CA-315,76,92,92,4.216,4.216,0,6.6\r\n"
				   "\n"
				   "2_39_2,CA-321,91,201,201,17.366,17.366,0,6.6\n",
				 &s, why),
		0);
	ck_assert_int_eq(s.count, 2);
	ck_assert_str_eq(s.items[0].id, "2_39_1");
	ck_assert_str_eq(s.items[1].station, "CA-321");
	ck_assert_int_eq(s.items[0].arrival, 76);
	ck_assert_int_eq(s.items[1].departure, 201);
	ck_assert_int_eq(s.items[0].requested_wh, 4216);
	ck_assert_int_eq(s.items[1].requested_wh, 17366);
	ck_assert_int_eq(s.items[1].max_w, 6600);
	csv_finish(&s);
}
END_TEST

START_TEST(complains_with_the_line)
{
	const struct {
		const char *text, *why;
	} rows[] = {
		{"", "no header"},
		{"session_id,station_id\n", "line 1: there is no column arrival_idx"},
		{HEADER "a,b,1,2,2,x,1,0,6.6\n", "line 2"},
		{HEADER "a,b,1,2,2,1,1,0,6.6\na,b,9,2,2,1,1,0,6.6\n", "line 3"},
		{HEADER "a,b,1,2\n", "line 2"},
		{HEADER "a,b,-1,2,2,1,1,0,6.6\n", "line 2"},
		{HEADER "a,b,1,2,2,nan,1,0,6.6\n", "line 2"},
		{HEADER "a,,1,2,2,1,1,0,6.6\n", "line 2"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct csv_sessions s;
		char why[200] = "";
		const char *text = rows[i].text[0] ? rows[i].text : "\n";
		ck_assert_int_eq(read_text(text, &s, why), -1);
		ck_assert_msg(strstr(why, rows[i].why) != NULL, "row %zu: %s", i, why);
	}
}
END_TEST

START_TEST(times_of_day)
{
	wall_t noon = {INT64_C(1773226800000)}; /* 2026-03-11T11:00:00Z, 12:00 in Amsterdam */
	char text[8];
	ck_assert_int_eq(daytime_set_zone("No/Such"), -1);
	ck_assert_int_eq(daytime_set_zone("../../etc/passwd"), -1);
	ck_assert_int_eq(daytime_set_zone("Europe/Amsterdam"), 0);
	ck_assert_int_eq(daytime_parse("05:30"), 330);
	ck_assert_int_eq(daytime_parse("23:59"), 1439);
	ck_assert_int_eq(daytime_parse("24:00"), -1);
	ck_assert_int_eq(daytime_parse("5:30"), -1);
	ck_assert_int_eq(daytime_parse("05:300"), -1);
	ck_assert_int_eq(daytime_seconds(noon), 12 * 3600);
	ck_assert_str_eq(daytime_format(noon, text), "12:00");
	ck_assert_int_eq(daytime_next(noon, 720).ms, noon.ms);
	ck_assert_int_eq(daytime_next(noon, 719).ms, noon.ms + INT64_C(86340000));
	ck_assert_int_eq(daytime_last(noon, 721).ms, noon.ms - INT64_C(86340000));
	/* Over the night of 29 March, which lacks an hour, 06:00 stays 06:00. */
	wall_t before = {INT64_C(1774735200000)}; /* 2026-03-28T22:00:00Z, 23:00 */
	ck_assert_int_eq(daytime_next(before, 360).ms, before.ms + 6 * 3600000);
}
END_TEST

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

START_TEST(makes_a_depot_of_a_day)
{
	char folder[] = "/tmp/sim-csv-XXXXXX", csv[64], path[64], why[300], where[400];
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(csv, sizeof csv, "%s/sessions.csv", folder);
	write_file(csv, HEADER "a,CA-1,76,92,92,4.216,4.216,0,6.6\n"
			       "b,CA-2,100,140,140,0.786,0.786,0,6.6\n"
			       "c,CA-1,92,201,201,17.366,17.366,0,6.6\n"
			       "d,CA-1,300,310,310,5,5,0,6.6\n");
	struct make_depot_options o = {
		.csv = csv, .out = folder, .day = 0, .site_w = 20000, .meter_port = 1502};
	int n = make_depot(&o, why);
	ck_assert_msg(n == 3, "%d %s", n, why);
	struct arena *a = arena_create(0);
	snprintf(path, sizeof path, "%s/depot.yaml", folder);
	struct depot_file *depot = schema_yaml_load(&depot_file_type, path, 1 << 20, a, where);
	ck_assert_msg(depot != NULL, "%s", where);
	ck_assert_int_eq(depot->stations.count, 2);
	ck_assert_int_eq(depot->vehicles.count, 3);
	ck_assert_int_eq(depot->vehicles.items[1].battery_wh, 1000);
	ck_assert_int_eq(depot->vehicles.items[1].need_wh, 786);
	ck_assert_int_eq(depot->stations.items[0].evses.items[0].tail_w, 1248);
	unlink(path);
	snprintf(path, sizeof path, "%s/scenario.yaml", folder);
	struct scenario_file *scenario =
		schema_yaml_load(&scenario_file_type, path, 1 << 20, a, where);
	ck_assert_msg(scenario != NULL, "%s", where);
	ck_assert_int_eq(scenario->visits.count, 3);
	ck_assert_int_eq(scenario->start.ms, CSV_EPOCH_MS);
	ck_assert_int_eq(scenario->visits.items[2].arrives_at.ms, CSV_EPOCH_MS + 92 * 300000);
	ck_assert_int_eq(scenario->visits.items[2].need_wh, 17366);
	unlink(path);
	o.day = 5;
	ck_assert_int_eq(make_depot(&o, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "no session"));
	unlink(csv);
	ck_assert_int_eq(make_depot(&o, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "cannot read"));
	rmdir(folder);
	arena_destroy(a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim_csv");
	TCase *t = tcase_create("csv");
	tcase_add_test(t, reads_sessions);
	tcase_add_test(t, complains_with_the_line);
	tcase_add_test(t, times_of_day);
	tcase_add_test(t, makes_a_depot_of_a_day);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
