#include "tools/bench/histogram.h"

/* Below EXACT each microsecond has a row; above it each power of two has STEPS rows. */
enum { EXACT_BITS = 6, EXACT = 1 << EXACT_BITS, STEP_BITS = 5, STEPS = 1 << STEP_BITS };

static int row_of(int64_t us)
{
	int bits, row;

	if (us < EXACT)
		return us < 0 ? 0 : (int)us;
	bits = 63 - __builtin_clzll((unsigned long long)us);
	row = EXACT + (bits - EXACT_BITS) * STEPS + (int)(us >> (bits - STEP_BITS) & (STEPS - 1));
	return row < HISTOGRAM_ROWS ? row : HISTOGRAM_ROWS - 1;
}

/* Upper end of a row, so that no quantile is told too small. */
static int64_t top_of(int row)
{
	int bits;

	if (row < EXACT)
		return row;
	row -= EXACT;
	bits = row / STEPS + EXACT_BITS;
	return ((int64_t)(STEPS + row % STEPS) + 1) << (bits - STEP_BITS);
}

void histogram_add(struct histogram *h, int64_t us)
{
	h->rows[row_of(us)]++;
	h->total++;
}

double histogram_ms(const struct histogram *h, double share)
{
	int64_t wanted = (int64_t)((double)h->total * share + 0.999999), seen = 0;

	for (int i = 0; i < HISTOGRAM_ROWS && h->total; i++) {
		seen += h->rows[i];
		if (seen >= wanted)
			return (double)top_of(i) / 1000;
	}
	return 0;
}
