/* Documents of prices: XML, CSV and JSON by the first byte. What is read must lie in its bounds. */
#include <stdlib.h>

#include "csms/money/price_read.h"

static struct price_points points;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct depot_price_fetch fetch = {.time_column = 1,
		.value_column = 2,
		.separator = ",",
		.times = "/t",
		.values = "/v"};
	struct depot_price_series row = {.id = "x", .unit = DEPOT_PRICE_UNIT_M_WH, .fetch = &fetch};
	char why[300] = "";

	if (!size)
		return 0;
	fetch.format = (enum depot_price_format)(data[0] % 3);
	fetch.separator = data[0] & 4 ? ";" : ",";
	fetch.items = data[0] & 8 ? "/i" : NULL;
	if (price_read(&row, (const char *)data + 1, size - 1, &points, why) < 0) {
		if (!why[0])
			abort();
		return 0;
	}
	if (points.count < 1 || points.count > PRICE_POINTS_MAX)
		abort();
	for (int i = 0; i < points.count; i++)
		if (points.items[i].end_ms <= points.items[i].start_ms ||
			(i && points.items[i].start_ms < points.items[i - 1].end_ms))
			abort();
	return 0;
}
