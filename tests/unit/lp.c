#include "tests/unit/lp.h"
#include <check.h>
#include <coin/Clp_C_Interface.h>
#include <stdlib.h>

void lp_begin(struct lp *p, int columns, int rows)
{
	*p = (struct lp){.max_columns = columns, .max_rows = rows};
	p->a = calloc((size_t)columns * (size_t)rows, sizeof *p->a);
	p->price = calloc((size_t)columns, sizeof *p->price);
	p->least = calloc((size_t)columns, sizeof *p->least);
	p->most = calloc((size_t)columns, sizeof *p->most);
	p->low = calloc((size_t)rows, sizeof *p->low);
	p->high = calloc((size_t)rows, sizeof *p->high);
	ck_assert(p->a && p->price && p->least && p->most && p->low && p->high);
}

int lp_column(struct lp *p, double least, double most, double price)
{
	ck_assert_int_lt(p->columns, p->max_columns);
	p->least[p->columns] = least;
	p->most[p->columns] = most;
	p->price[p->columns] = price;
	return p->columns++;
}

int lp_row(struct lp *p, double low, double high)
{
	ck_assert_int_lt(p->rows, p->max_rows);
	p->low[p->rows] = low;
	p->high[p->rows] = high;
	return p->rows++;
}

void lp_put(struct lp *p, int at_row, int at_column, double value)
{
	p->a[(size_t)at_column * (size_t)p->max_rows + (size_t)at_row] += value;
}

double lp_solve(const struct lp *p, unsigned long long seed)
{
	size_t cells = (size_t)p->columns * (size_t)p->rows;
	CoinBigIndex *begin = calloc((size_t)p->columns + 1, sizeof *begin);
	int *index = calloc(cells + 1, sizeof *index), n = 0;
	double *value = calloc(cells + 1, sizeof *value), cost;
	Clp_Simplex *m = Clp_newModel();

	for (int c = 0; c < p->columns; c++) {
		for (int k = 0; k < p->rows; k++) {
			double a = p->a[(size_t)c * (size_t)p->max_rows + (size_t)k];

			if (a != 0) {
				index[n] = k;
				value[n++] = a;
			}
		}
		begin[c + 1] = n;
	}
	Clp_setLogLevel(m, 0);
	Clp_loadProblem(m, p->columns, p->rows, begin, index, value, p->least, p->most, p->price,
		p->low, p->high);
	Clp_initialSolve(m);
	ck_assert_msg(Clp_status(m) == 0, "seed %llu: CLP says %d", seed, Clp_status(m));
	cost = Clp_getObjValue(m);
	Clp_deleteModel(m);
	free(begin);
	free(index);
	free(value);
	return cost;
}

void lp_end(struct lp *p)
{
	double *all[] = {p->a, p->price, p->least, p->most, p->low, p->high};

	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		free(all[k]);
}
