#include "scheduler/calibration.h"
#include <math.h>

#define Z        1.959963984540054 /* of the normal distribution, 95 % between -Z and Z */
#define ROUNDING 1e-9

const int calibration_from_pm[CALIBRATION_BINS + 1] = {
	0, 500, 800, 900, 950, 990, CALIBRATION_WHOLE};

int calibration_bin_of(int chance_pm)
{
	int bin = CALIBRATION_BINS - 1;

	while (bin > 0 && chance_pm < calibration_from_pm[bin])
		bin--;
	return bin;
}

void calibration_interval(int ready, int count, double *low, double *high)
{
	double n = count, p = ready / n, z2 = Z * Z;
	double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
	double half = Z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));

	*low = middle - half > 0 ? middle - half : 0;
	*high = middle + half < 1 ? middle + half : 1;
}

enum calibration_verdict calibration_judge(const struct calibration_bin *b)
{
	double low, high, told;

	if (b->count < CALIBRATION_LEAST)
		return CALIBRATION_FEW;
	told = (double)b->told_pm / b->count / CALIBRATION_WHOLE;
	calibration_interval(b->ready, b->count, &low, &high);
	return told > high + ROUNDING  ? CALIBRATION_BOLD
	       : told < low - ROUNDING ? CALIBRATION_SHY
				       : CALIBRATION_TRUE;
}
