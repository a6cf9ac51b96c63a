#include "scheduler/storage_dense.h"
#include <math.h>

/*
 * All work is in one kernel: two rows less eight others, each times a factor. The compiler makes
 * vectors of it; where it can, several for processors of different width, of which the loader takes
 * the widest that there is.
 */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) &&   \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2,fma", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif
#define INLINE static inline __attribute__((always_inline))

#define B STORAGE_LANES

/* Less than this is no pivot: nothing below moves in the slot, and the row is empty. */
#define PIVOT_MIN 1e-290

/* row[from, to) -= f * a[from, to) */
INLINE void subtract(double *restrict row, double f, const double *restrict a, int from, int to)
{
	for (int j = from; j < to; j++)
		row[j] -= f * a[j];
}

/* c0, c1 [from, to) -= sums over k of f0[k], f1[k] times the row k of a. */
INLINE void subtract_block(double *restrict c0, double *restrict c1, const double *f0,
	const double *f1, const double *restrict a, int n, int from, int to)
{
	const double *restrict a0 = a, *restrict a1 = a + n, *restrict a2 = a1 + n;
	const double *restrict a3 = a2 + n, *restrict a4 = a3 + n, *restrict a5 = a4 + n;
	const double *restrict a6 = a5 + n, *restrict a7 = a6 + n;

	for (int j = from; j < to; j++) {
		c0[j] = c0[j] - f0[0] * a0[j] - f0[1] * a1[j] - f0[2] * a2[j] - f0[3] * a3[j] -
			f0[4] * a4[j] - f0[5] * a5[j] - f0[6] * a6[j] - f0[7] * a7[j];
		c1[j] = c1[j] - f1[0] * a0[j] - f1[1] * a1[j] - f1[2] * a2[j] - f1[3] * a3[j] -
			f1[4] * a4[j] - f1[5] * a5[j] - f1[6] * a6[j] - f1[7] * a7[j];
	}
}

INLINE int whole(int i)
{
	return i / B * B;
}

/* The rows of one block: their own factor, and what it does to them. */
INLINE void factor_rows(double *m, double *x, int n, int block)
{
	for (int k = block; k < block + B; k++) {
		double *row = m + (size_t)k * (size_t)n, d = row[k];
		double inverse = d > PIVOT_MIN ? 1 / sqrt(d) : 1;

		for (int j = k; j < n; j++)
			row[j] *= inverse;
		row[k] = inverse;
		for (int j = 0; x && j < n; j++)
			x[(size_t)k * (size_t)n + (size_t)j] *= inverse;
		for (int i = k + 1; i < block + B; i++) {
			subtract(m + (size_t)i * (size_t)n, row[i], row, i, n);
			if (x)
				subtract(x + (size_t)i * (size_t)n, row[i],
					x + (size_t)k * (size_t)n, 0, n);
		}
	}
}

/* The rows below, less what the block does to them. */
INLINE void update_below(double *m, double *x, int n, int block)
{
	const double *rows = m + (size_t)block * (size_t)n;

	for (int i = block + B; i < n; i += 2) {
		double f0[B], f1[B], *at = m + (size_t)i * (size_t)n;

		for (int k = 0; k < B; k++) {
			f0[k] = rows[(size_t)k * (size_t)n + (size_t)i];
			f1[k] = rows[(size_t)k * (size_t)n + (size_t)i + 1];
		}
		subtract_block(at, at + n, f0, f1, rows, n, whole(i), n);
		if (!x)
			continue;
		at = x + (size_t)i * (size_t)n;
		subtract_block(at, at + n, f0, f1, x + (size_t)block * (size_t)n, n, 0, n);
	}
}

/* Back up: each row as far as the lower triangle goes. */
INLINE void solve_up(const double *m, double *x, int n)
{
	for (int block = n - B; block >= 0; block -= B) {
		double *rows = x + (size_t)block * (size_t)n;

		for (int k = block + B - 1; k >= block; k--) {
			double *row = x + (size_t)k * (size_t)n;

			for (int j = 0; j < block + B; j++)
				row[j] *= m[(size_t)k * (size_t)n + (size_t)k];
			for (int i = block; i < k; i++)
				subtract(x + (size_t)i * (size_t)n,
					m[(size_t)i * (size_t)n + (size_t)k], row, 0, block + B);
		}
		for (int i = 0; i < block; i += 2) {
			const double *f = m + (size_t)i * (size_t)n + block;
			double *at = x + (size_t)i * (size_t)n;

			subtract_block(at, at + n, f, f + n, rows, n, 0, whole(i) + B);
		}
	}
}

FOR_EACH_PROCESSOR
void storage_dense_factor(double *m, double *x, int n)
{
	for (int block = 0; block < n; block += B) {
		factor_rows(m, x, n, block);
		update_below(m, x, n, block);
	}
	if (x)
		solve_up(m, x, n);
}

INLINE double dot(const double *a, const double *b, int from, int n)
{
	double sum[B] = {0}, all = 0;
	int j = from;

	for (; j % B && j < n; j++)
		all += a[j] * b[j];
	for (; j < n; j += B)
		for (int k = 0; k < B; k++)
			sum[k] += a[j + k] * b[j + k];
	for (int k = 0; k < B; k++)
		all += sum[k];
	return all;
}

FOR_EACH_PROCESSOR
void storage_dense_solve(const double *m, double *b, int n)
{
	for (int i = 0; i < n; i++) {
		const double *row = m + (size_t)i * (size_t)n;

		b[i] *= row[i];
		subtract(b, b[i], row, i + 1, n);
	}
	for (int i = n - 1; i >= 0; i--) {
		const double *row = m + (size_t)i * (size_t)n;

		b[i] = (b[i] - dot(row, b, i + 1, n)) * row[i];
	}
}

FOR_EACH_PROCESSOR
void storage_dense_multiply(const double *m, const double *b, double sign, double *y, int n)
{
	for (int i = 0; i < n; i++)
		y[i] += sign * dot(m + (size_t)i * (size_t)n, b, 0, n);
}
