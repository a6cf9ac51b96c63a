/* A dense linear program solved by CLP: what planners are compared with. */
#ifndef TESTS_LP_H
#define TESTS_LP_H

/* Rows are `low` <= sum <= `high`. */
struct lp {
	int columns, rows, max_columns, max_rows;
	double *a; /* [columns][rows] */
	double *price, *least, *most, *low, *high;
};

/* Room for so many at most. */
void lp_begin(struct lp *p, int columns, int rows);
int lp_column(struct lp *p, double least, double most, double price);
int lp_row(struct lp *p, double low, double high);
void lp_put(struct lp *p, int at_row, int at_column, double value);
/* The least cost; a test that fails says the seed. */
double lp_solve(const struct lp *p, unsigned long long seed);
void lp_end(struct lp *p);

#endif
