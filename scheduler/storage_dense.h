/*
 * Dense linear algebra of a node: square matrices of slots, by rows, whose size and stride are a whole
 * number of STORAGE_LANES.
 */
#ifndef SCHEDULER_STORAGE_DENSE_H
#define SCHEDULER_STORAGE_DENSE_H

#include <stddef.h>

#define STORAGE_LANES 8

/* Factors the symmetric positive m = U'U in place: U stands in its upper triangle, with the inverse of
 * each diagonal element in place of that element. x becomes the lower triangle of m^-1 x, where that
 * (as m^-1 x times a diagonal) is symmetric; NULL: only the factor. */
void storage_dense_factor(double *m, double *x, int n);

/* b becomes m^-1 b, by the factor. */
void storage_dense_solve(const double *m, double *b, int n);

/* y += sign * m b, of a full matrix. */
void storage_dense_multiply(const double *m, const double *b, double sign, double *y, int n);

#endif
