#include <check.h>

#include "csms/view/words_setup.h"
#include "tests/unit/words_fixture.h"

START_TEST(tariffs)
{
	struct words_tariffs n = {.in_force = "Night 2026",
		.next = "Night 2027",
		.next_day = "2027-01-01",
		.series = 1,
		.first = {.name = "EPEX", .until = {now.ms + 3600000}, .now = now}};

	words_tariffs_sentence(&t, &n);
	SAYS("Night 2026 is in force.");
	words_tariffs_sub(&t, &n);
	SAYS("Night 2027 follows on 2027-01-01. Prices from outside are known until 23:40.");
	n.failing = "EPEX";
	n.next = NULL;
	words_tariffs_sub(&t, &n);
	SAYS("EPEX cannot be fetched now; its prices are known for long enough.");
	words_tariffs_sub(&t, &(struct words_tariffs){.in_force = "A", .has_unseen_peak = true});
	SAYS("It needs no prices from outside. Nobody measures the peak that it charges for: give the grid connection a meter and demand in the depot's file.");
}
END_TEST

/* The alarm says the same of a series. */
START_TEST(prices_that_are_missing)
{
	struct words_tariffs n = {.in_force = "Night 2026",
		.series = 2,
		.missing = 1,
		.first = {.name = "EPEX",
			.until = {now.ms + 3600000},
			.now = now,
			.after = "yesterday's prices"}};

	words_tariffs_sentence(&t, &n);
	SAYS("Night 2026 is in force. Prices of EPEX are known until 23:40 only, after that plans reckon with yesterday's prices.");
	words_tariffs_sub(&t, &n);
	ck_assert_uint_eq(t.len, 0);
	n.first.until.ms = 0;
	words_tariffs_sentence(&t, &n);
	SAYS("Night 2026 is in force. Prices of EPEX are not known now, plans reckon with yesterday's prices.");
	n.missing = 2;
	words_tariffs_sentence(&t, &n);
	SAYS("Night 2026 is in force. 2 series of prices are missing or end soon.");
	words_tariffs_sub(&t, &n);
	SAYS("Prices of EPEX are not known now, plans reckon with yesterday's prices.");
}
END_TEST

START_TEST(prices_of_slots)
{
	struct words_slots n = {.has_tariff = true, .slots = 24, .told = 24};

	words_slots_sentence(&t, &n);
	SAYS("The tariff alone says these prices.");
	n.needs_series = true;
	words_slots_sentence(&t, &n);
	SAYS("All these prices are told.");
	n.told = 2;
	n.unknown = 22;
	n.from.ms = now.ms + 7200000;
	n.now = now;
	n.by = "0 for what the market adds";
	words_slots_sentence(&t, &n);
	SAYS("From 00:40 on they are not told, plans reckon with 0 for what the market adds. Of 22 of 24 nothing is known.");
	n.told = 0;
	n.unknown = 24;
	words_slots_sentence(&t, &n);
	SAYS("Nothing is known of these prices, plans reckon with 0 for what the market adds.");
	words_slots_sentence(&t, &(struct words_slots){.slots = 24, .unknown = 24});
	SAYS("No tariff is in force: plans reckon without prices.");
}
END_TEST

START_TEST(certificates)
{
	struct words_certificates n = {.all = 5, .first = "CP-1", .first_days = 41};

	words_certificates_sentence(&t, &n);
	SAYS("All certificates hold.");
	words_certificates_sub(&t, &n);
	SAYS("CP-1 ends first, in 41 days. No new root is on its way.");
	n.due = 2;
	words_certificates_sentence(&t, &n);
	SAYS("2 certificates are due for renewal.");
	n.failed = 1;
	n.worst = "CP-1";
	words_certificates_sentence(&t, &n);
	SAYS("The renewal for CP-1 came to nothing so far.");
	n.over = 1;
	words_certificates_sentence(&t, &n);
	SAYS("The certificate of CP-1 is over.");
	n = (struct words_certificates){.is_rollover = true, .ready = 3, .needed = 5};
	words_certificates_sentence(&t, &n);
	SAYS("No certificate is known yet.");
	words_certificates_sub(&t, &n);
	SAYS("A new root is on its way: 3 of 5 stations are ready.");
}
END_TEST

START_TEST(grid_operators)
{
	struct words_peers n = {.peers = 2, .registered = 1, .open_name = "Stedin"};

	words_peers_sentence(&t, &n);
	SAYS("Stedin is not registered yet.");
	n.silent = 1;
	n.silent_name = "Liander";
	words_peers_sentence(&t, &n);
	SAYS("Liander is silent: its fallback limits hold.");
	n = (struct words_peers){.peers = 1, .registered = 1, .forecasts = 2, .waiting = 1};
	words_peers_sentence(&t, &n);
	SAYS("The grid operator is registered and heard.");
	words_peers_sub(&t, &n);
	SAYS("2 limits of theirs hold or are to come. 1 waits for an answer.");
	words_peers_sentence(&t, &(struct words_peers){0});
	SAYS("No grid operator is set up.");
}
END_TEST

START_TEST(settings)
{
	words_settings_sentence(&t, 0);
	SAYS("The depot is as its file says.");
	words_settings_sentence(&t, 2);
	SAYS("2 rows differ from the depot's file.");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("words_setup");
	TCase *c = tcase_create("sentences");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, tariffs);
	tcase_add_test(c, prices_that_are_missing);
	tcase_add_test(c, prices_of_slots);
	tcase_add_test(c, certificates);
	tcase_add_test(c, grid_operators);
	tcase_add_test(c, settings);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
