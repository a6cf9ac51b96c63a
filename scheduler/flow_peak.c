#include "scheduler/flow_peak.h"
#include <math.h>
#include <string.h>
#include "scheduler/flow_private.h"

/*
 * The lines are columns of a small linear program: which mixture of them is the best proof that no
 * peak is better. It has a row for the mixture (its weights sum up to 1) and one for each charge (the
 * mixture's slope and the charge's price cancel, or the peak is at an end of its range). Its prices
 * are the next peak to try. It is solved in floating point; what is said of the plan is then counted
 * in integers from its weights, so that no rounding can make it wrong.
 */

#define ROWS    (FLOW_CHARGES + 1)
#define COLUMNS (FLOW_PEAK_SOLVES + 2 * FLOW_CHARGES)
#define WEIGHT  ((int64_t)1 << 30)

/* The cost with the peaks at `at`; with others it is at least cost + slope * (peak - at). */
struct line {
	flow_value cost;
	int64_t at[FLOW_CHARGES], slope[FLOW_CHARGES];
};

struct peak_search {
	struct flow *f;
	struct flow_peak *p;
	int64_t low[FLOW_CHARGES], high[FLOW_CHARGES];
	struct line line[FLOW_PEAK_SOLVES];
	int lines;
	flow_value best;
	int64_t best_at[FLOW_CHARGES];

	double column[COLUMNS][ROWS],
		gain[COLUMNS]; /* the two ends of each charge, then the lines */
	int basis[ROWS];
	double weight[ROWS], price[ROWS]; /* of the basis; price[1 + k]: peak above low[k] */
};

/* -- one peak --------------------------------------------------------------------------------- */

static bool counts(const struct flow_peak *p, int k, int interval)
{
	return !p->charge[k].counts || p->charge[k].counts[interval];
}

static int64_t load_of(const struct flow_peak *p, int interval)
{
	return p->load ? p->load[interval] : 0;
}

/* The charge that limits the interval most, -1: none; *most is what the root may take. */
static int limit_of(const struct flow_peak *p, const int64_t *at, int interval, int64_t *most)
{
	int found = -1;

	*most = INT64_MAX;
	for (int k = 0; k < p->charges; k++)
		if (counts(p, k, interval) && at[k] - load_of(p, interval) < *most) {
			*most = at[k] - load_of(p, interval);
			found = k;
		}
	if (*most < 0)
		*most = 0;
	return found;
}

static int solve_at(struct flow *f, struct flow_peak *p, const int64_t *at)
{
	for (int q = 0; q < f->intervals; q++) {
		int64_t most;

		limit_of(p, at, q, &most);
		flow_set_peak(f, q, most);
	}
	p->solves++;
	return flow_solve(f);
}

/* What one W·slot more would save in an interval at its limit. */
static int64_t saving(
	const struct flow *f, const struct flow_proof *proof, int interval, int64_t most)
{
	const struct flow_part *part =
		f->price + (size_t)f->ours_interval[interval] * (size_t)f->parts;
	int64_t w = 0, saved;

	for (int k = 0; k < f->parts; k++) {
		w += flow_width(&part[k]);
		saved = (int64_t)proof->interval[interval] - part[k].price;
		if (w > most)
			return saved > 0 ? saved : 0;
	}
	return 0;
}

static int find_line(struct flow *f, struct flow_peak *p, const int64_t *at, struct line *out)
{
	struct flow_proof *proof;

	if (solve_at(f, p, at) != 0)
		return -1;
	proof = flow_certify(f);
	if (!proof)
		return -1;
	memset(out, 0, sizeof *out);
	out->cost = proof->bound;
	memcpy(out->at, at, sizeof out->at);
	for (int q = 0; q < f->intervals; q++) {
		int64_t most;
		int k = limit_of(p, at, q, &most);

		if (k >= 0)
			out->slope[k] -= saving(f, proof, q, most);
	}
	flow_proof_destroy(proof);
	return 0;
}

/* The highest interval of the plan that counts. */
static int64_t peak_of(const struct flow *f, const struct flow_peak *p, int k)
{
	int64_t peak = p->charge[k].paid;

	for (int q = 0; q < f->intervals; q++)
		if (counts(p, k, q) && load_of(p, q) + flow_interval_taken(f, q) > peak)
			peak = load_of(p, q) + flow_interval_taken(f, q);
	return peak;
}

static flow_value cost_of(const struct flow *f, struct flow_peak *p)
{
	flow_value cost = flow_cost(f);

	for (int k = 0; k < p->charges; k++) {
		p->peak[k] = peak_of(f, p, k);
		cost += (flow_value)(p->peak[k] - p->charge[k].paid) * p->charge[k].price;
	}
	return cost;
}

/* Below this no plan is worth a thought: it is paid for, or drawn whatever is planned. */
static int64_t lowest_peak(const struct flow *f, const struct flow_peak *p, int k)
{
	int64_t low = p->charge[k].paid;

	for (int q = 0; q < f->intervals; q++) {
		int64_t must = load_of(p, q);
		int own = f->ours_interval[q];

		if (!counts(p, k, q))
			continue;
		for (int i = 0; f->least && i < f->n; i++)
			for (int t = f->interval_at[own]; t < f->interval_at[own + 1]; t++)
				must += f->least[flow_xi(f, i, t)];
		low = must > low ? must : low;
	}
	return low;
}

/* -- the best mixture of lines ---------------------------------------------------------------- */

/* Solves a * x = b (columns `a` of the basis; transposed: rows); false: it has no one answer. */
static bool solve_small(
	const struct peak_search *s, bool transposed, const double *b, double *x, int m)
{
	double a[ROWS][ROWS + 1];

	for (int i = 0; i < m; i++) {
		for (int j = 0; j < m; j++)
			a[i][j] =
				transposed ? s->column[s->basis[i]][j] : s->column[s->basis[j]][i];
		a[i][m] = b[i];
	}
	for (int c = 0; c < m; c++) {
		int top = c;

		for (int i = c + 1; i < m; i++)
			if (fabs(a[i][c]) > fabs(a[top][c]))
				top = i;
		if (fabs(a[top][c]) < 1e-12)
			return false;
		for (int j = 0; j <= m; j++) {
			double swap = a[c][j];

			a[c][j] = a[top][j];
			a[top][j] = swap;
		}
		for (int i = 0; i < m; i++) {
			double share = i == c ? 0 : a[i][c] / a[c][c];

			for (int j = c; j <= m; j++)
				a[i][j] -= share * a[c][j];
		}
	}
	for (int i = 0; i < m; i++)
		x[i] = a[i][m] / a[i][i];
	return true;
}

static void add_column(struct peak_search *s, const struct line *line)
{
	int c = 2 * s->p->charges + s->lines - 1;
	flow_value gain = line->cost - s->line[0].cost;

	s->column[c][0] = 1;
	for (int k = 0; k < s->p->charges; k++) {
		gain -= (flow_value)line->slope[k] * (line->at[k] - s->low[k]);
		s->column[c][1 + k] = -(double)line->slope[k];
	}
	s->gain[c] = (double)gain;
}

/* Each charge's peak may be at its low end (column 2k) or at its high end (2k + 1). */
static void begin_columns(struct peak_search *s)
{
	int charges = s->p->charges;

	memset(s->column, 0, sizeof s->column);
	for (int k = 0; k < charges; k++) {
		s->column[2 * k][1 + k] = 1;
		s->column[2 * k + 1][1 + k] = -1;
		s->gain[2 * k] = 0;
		s->gain[2 * k + 1] = -(double)(s->high[k] - s->low[k]);
		s->basis[1 + k] = 2 * k;
	}
	s->basis[0] = 2 * charges;
}

/* The column that would better the mixture most; -1: none. Gains differ in scale by kind. */
static int best_column(const struct peak_search *s, int m)
{
	int found = -1, ends = 2 * (m - 1);
	double most = 0;

	for (int c = 0; c < ends + s->lines; c++) {
		double gain = s->gain[c], slack = c < ends ? 1e-6 : 0.5;

		for (int i = 0; i < m; i++)
			gain -= s->price[i] * s->column[c][i];
		if (gain > slack && gain / slack > most) {
			most = gain / slack;
			found = c;
		}
	}
	return found;
}

/* Simplex steps; the mixture stays a right one wherever they end. */
static void mix(struct peak_search *s)
{
	int m = 1 + s->p->charges;
	double want[ROWS] = {1}, gains[ROWS], step[ROWS];

	for (int k = 0; k < m - 1; k++)
		want[1 + k] = (double)s->p->charge[k].price;
	for (int turn = 0; turn < 4 * COLUMNS; turn++) {
		double least = INFINITY;
		int enters, leaves = -1;

		for (int i = 0; i < m; i++)
			gains[i] = s->gain[s->basis[i]];
		if (!solve_small(s, false, want, s->weight, m) ||
			!solve_small(s, true, gains, s->price, m))
			return;
		enters = best_column(s, m);
		if (enters < 0 || !solve_small(s, false, s->column[enters], step, m))
			return;
		for (int i = 0; i < m; i++)
			if (step[i] > 1e-9 && s->weight[i] / step[i] < least) {
				least = s->weight[i] / step[i];
				leaves = i;
			}
		if (leaves < 0)
			return;
		s->basis[leaves] = enters;
	}
}

/* What the mixture proves, in integers: no plan costs less. */
static flow_value proved(const struct peak_search *s)
{
	int m = 1 + s->p->charges, ends = 2 * (m - 1), top = 0;
	int64_t weight[ROWS] = {0}, left = WEIGHT;
	flow_value sum = 0;

	for (int i = 0; i < m; i++) {
		double w = s->basis[i] >= ends ? s->weight[i] : 0;

		weight[i] = w > 0 ? (int64_t)((w < 1 ? w : 1) * (double)WEIGHT) : 0;
		left -= weight[i];
		if (s->basis[i] >= ends && (s->basis[top] < ends || weight[i] > weight[top]))
			top = i;
	}
	weight[top] += left; /* at least one line is in it: the weights sum up to 1 */
	for (int k = 0; k < m - 1; k++) {
		const struct flow_charge *c = &s->p->charge[k];
		flow_value slope = (flow_value)c->price * WEIGHT;

		for (int i = 0; i < m; i++)
			if (weight[i])
				slope += (flow_value)s->line[s->basis[i] - ends].slope[k] *
					 weight[i];
		sum += (flow_value)c->price * (s->low[k] - c->paid) * WEIGHT;
		if (slope < 0)
			sum += slope * (s->high[k] - s->low[k]);
	}
	for (int i = 0; i < m; i++) {
		const struct line *line = weight[i] ? &s->line[s->basis[i] - ends] : NULL;

		for (int k = 0; line && k < m - 1; k++)
			sum -= (flow_value)line->slope[k] * (line->at[k] - s->low[k]) * weight[i];
		sum += line ? line->cost * weight[i] : 0;
	}
	/* Plans cost whole units: up to the next one, also below 0. */
	return sum > 0 ? (sum + WEIGHT - 1) / WEIGHT : sum / WEIGHT;
}

/* -- the search ------------------------------------------------------------------------------- */

static int try_at(struct peak_search *s, const int64_t *at)
{
	struct line *line = &s->line[s->lines];
	flow_value cost;

	if (find_line(s->f, s->p, at, line) != 0)
		return -1;
	s->lines++;
	cost = cost_of(s->f, s->p);
	if (s->lines == 1 || cost < s->best) {
		s->best = cost;
		for (int k = 0; k < s->p->charges; k++)
			s->best_at[k] = s->p->peak[k] > s->low[k] ? s->p->peak[k] : s->low[k];
	}
	return 0;
}

static bool is_tried(const struct peak_search *s, const int64_t *at)
{
	for (int i = 0; i < s->lines; i++)
		if (!memcmp(s->line[i].at, at, (size_t)s->p->charges * sizeof *at))
			return true;
	return false;
}

/* One charge: the lowest cost lies between two peaks, both tried. True: they are neighbours. */
static bool is_between(struct peak_search *s, int64_t *left, int64_t *right)
{
	*left = s->low[0] - 1;
	*right = s->high[0];
	for (int i = 0; i < s->lines; i++) {
		const struct line *l = &s->line[i];

		if (l->slope[0] + s->p->charge[0].price <= 0 && l->at[0] > *left)
			*left = l->at[0];
		if (l->slope[0] + s->p->charge[0].price >= 0 && l->at[0] < *right)
			*right = l->at[0];
	}
	return *right - *left <= 1;
}

/* The next peaks to try: those of the mixture, in whole W·slots. False: all are tried. */
static bool next_peaks(struct peak_search *s, int64_t *at)
{
	int charges = s->p->charges;

	for (int corner = 0; corner < 1 << charges; corner++) {
		for (int k = 0; k < charges; k++) {
			double above = s->price[1 + k] + (corner >> k & 1 ? 1 : 0);
			double most = (double)(s->high[k] - s->low[k]);

			at[k] = s->low[k] + (int64_t)(above < 0      ? 0
						      : above > most ? most
								     : floor(above));
		}
		if (!is_tried(s, at))
			return true;
	}
	return false;
}

static int search(struct peak_search *s)
{
	int64_t at[FLOW_CHARGES] = {0}, left = 0, right = 0;

	while (s->lines < FLOW_PEAK_SOLVES) {
		add_column(s, &s->line[s->lines - 1]);
		mix(s);
		s->p->bound = proved(s);
		if (s->p->charges == 1 && is_between(s, &left, &right)) {
			s->p->bound = s->best;
			return 0;
		}
		if (s->p->bound >= s->best)
			return 0;
		if (!next_peaks(s, at) && s->p->charges > 1)
			return 0;
		if (s->p->charges == 1 && (at[0] <= left || at[0] >= right))
			at[0] = left + (right - left) / 2;
		if (try_at(s, at) != 0)
			return -1;
	}
	return 0;
}

int flow_peak_solve(struct flow *f, struct flow_peak *p)
{
	struct peak_search s = {.f = f, .p = p};
	const int64_t endless[FLOW_CHARGES] = {FLOW_ENDLESS, FLOW_ENDLESS, FLOW_ENDLESS};

	p->solves = 0;
	for (int k = 0; k < p->charges; k++)
		s.low[k] = lowest_peak(f, p, k);
	/* No peak above that of the cheapest plan without charges is worth anything. */
	if (try_at(&s, endless) != 0)
		return -1;
	p->cost = p->bound = s.best;
	if (!p->charges)
		return 0;
	memcpy(s.high, s.best_at, sizeof s.high);
	memcpy(s.line[0].at, s.high, sizeof s.high);
	begin_columns(&s);
	if (search(&s) != 0 || solve_at(f, p, s.best_at) != 0)
		return -1;
	p->cost = cost_of(f, p);
	if (p->bound > p->cost)
		p->bound = p->cost;
	return 0;
}

int flow_peak_hold(struct flow *f, struct flow_peak *p)
{
	int64_t at[FLOW_CHARGES] = {0};

	memcpy(at, p->peak, sizeof at);
	return solve_at(f, p, at);
}

int flow_peak_lower(struct flow *f, struct flow_peak *p, int k)
{
	int64_t at[FLOW_CHARGES] = {0}, was;
	flow_value cost = flow_cost(f);
	struct line line;

	for (int j = 0; j < p->charges; j++) {
		int64_t low = lowest_peak(f, p, j);

		at[j] = peak_of(f, p, j) > low ? peak_of(f, p, j) : low;
	}
	was = at[k];
	/* Up from the lowest along the lines: they cross the cost before the true curve does. */
	at[k] = lowest_peak(f, p, k);
	for (int turn = 0; turn < FLOW_PEAK_SOLVES && at[k] < was; turn++) {
		flow_value over, step;

		if (find_line(f, p, at, &line) != 0)
			return -1;
		over = line.cost - cost;
		if (over <= 0)
			break;
		if (!line.slope[k])
			at[k] = was;
		else {
			step = (over - line.slope[k] - 1) / -line.slope[k];
			at[k] = step < was - at[k] ? at[k] + (int64_t)step : was;
		}
		if (turn == FLOW_PEAK_SOLVES - 1)
			at[k] = was;
	}
	if (at[k] == was && solve_at(f, p, at) != 0)
		return -1;
	p->cost = cost_of(f, p);
	return 0;
}
