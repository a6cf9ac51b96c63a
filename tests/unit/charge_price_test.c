/* What a charge costs: whole numbers inside, hundredths at the edge. */
#include <check.h>
#include "csms/charging/charge_price.h"

START_TEST(costs)
{
	static const struct {
		struct depot_charge_price row;
		int64_t wh, ms, micro;
		double amount;
	} rows[] = {
		{{.energy_price_kwh = 0.25}, 20000, 0, 5000000, 5.00},
		{{.energy_price_kwh = 0.25}, 0, 0, 0, 0.00},
		{{.energy_price_kwh = 0.25}, -500, -5, 0, 0.00},
		{{.energy_price_kwh = 0.333333}, 1, 0, 333, 0.00},
		{{.energy_price_kwh = 0.1}, 50, 0, 5000, 0.01}, /* half a hundredth goes up */
		{{.energy_price_kwh = 0.1}, 49, 0, 4900, 0.00},
		{{.time_price_h = 1.5}, 7000, 5400000, 2250000, 2.25},
		{{.time_price_h = 1.5}, 0, 999, 0, 0.00}, /* whole seconds */
		{{.start_fee = 0.5, .energy_price_kwh = 0.31, .time_price_h = 0.6}, 12345, 3600000,
			500000 + 3826950 + 600000, 4.93},
		{{0}, 12345, 3600000, 0, 0.00},
		/* the dearest energy, for ever: bounded, not wrapped */
		{{.energy_price_kwh = 1000}, INT64_MAX, 0, INT64_C(1000000000000000), 1e9},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct charge_price t = charge_price_read(&rows[i].row);
		int64_t micro = charge_price_cost(&t, rows[i].wh, rows[i].ms);

		ck_assert_msg(micro == rows[i].micro, "row %zu: %lld", i, (long long)micro);
		ck_assert_double_eq_tol(charge_price_amount(micro), rows[i].amount, 1e-9);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("charge_price");
	TCase *t = tcase_create("core");
	SRunner *r;
	int failed;

	tcase_add_test(t, costs);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
