/*
 * The scheduler's arithmetic on 10,000 EVSEs, measured alone on one core.
 */
#ifndef BENCH_CYCLE_H
#define BENCH_CYCLE_H

/* ms of processor time that grid_tree_eval() takes, at best of some; -1: no memory. */
double cycle_eval_10k_ms(void);

/* The same of guard_cycle(): the median of cycles in which all goes on, and the slowest of those that
 * meet a breach. 0 or -1. */
int cycle_guard_10k_ms(double *calm_ms, double *breach_ms);

#endif
