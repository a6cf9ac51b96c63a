#include "csms/charging/charge_price.h"
#include <math.h>

#define MICRO         1000000
#define ENERGY_MAX_WH INT64_C(1000000000) /* bounds that keep every product below 2^63 */
#define TIME_MAX_MS   (INT64_C(1000) * 86400 * 366)
#define MS_AN_HOUR    INT64_C(3600000)

static int64_t micro_of(double price)
{
	return llround(price * MICRO);
}

struct charge_price charge_price_read(const struct depot_charge_price *row)
{
	return (struct charge_price){
		.energy_micro = micro_of(row->energy_price_kwh),
		.time_micro = micro_of(row->time_price_h),
		.start_micro = micro_of(row->start_fee),
	};
}

static int64_t bounded(int64_t v, int64_t max)
{
	return v < 0 ? 0 : v > max ? max : v;
}

/* Half of the divisor is added: rounded, not cut. */
static int64_t share(int64_t price, int64_t amount, int64_t unit)
{
	return (price * amount + unit / 2) / unit;
}

int64_t charge_price_cost(const struct charge_price *t, int64_t energy_wh, int64_t time_ms)
{
	int64_t wh = bounded(energy_wh, ENERGY_MAX_WH);
	int64_t s = bounded(time_ms, TIME_MAX_MS) / 1000;

	return t->start_micro + share(t->energy_micro, wh, 1000) +
	       share(t->time_micro, s, MS_AN_HOUR / 1000);
}

double charge_price_amount(int64_t micro)
{
	return (double)((micro + MICRO / 200) / (MICRO / 100)) / 100.0;
}
