#include <string.h>
#include "scheduler/storage_private.h"

/*
 * The root's end of the equations: what is drawn from the grid in parts of rising price, and demand
 * charges, whose rows tie all slots to one peak.
 */

#define IMMOVABLE 1e300

void storage_mirror(double *m, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			m[(size_t)j * (size_t)n + (size_t)i] = m[(size_t)i * (size_t)n + (size_t)j];
}

/* How much the room below a peak resists, and all of them in a slot. */
static double stiffness(const struct storage *s, const struct storage_peak *p, int t)
{
	double w = s->v.weight[p->room + t];

	return w > 0 ? 1 / w : 0;
}

static double all_stiffness(const struct storage *s, int t)
{
	double sum = 0;

	for (int k = 0; k < s->supply.peaks; k++)
		sum += stiffness(s, &s->supply.peak[k], t);
	return sum;
}

static double parts_weight(const struct storage *s, int t)
{
	const double *w = s->v.weight + s->supply.part + storage_at(t, s->supply.parts);
	double sum = 0;

	for (int k = 0; k < s->supply.parts; k++)
		sum += w[k];
	return sum;
}

/* The inverse of the peaks' matrix: each resists by its own, and two by being held by the same slot.
 * Elimination by adding only (Grassmann, Taksar and Heyman), since two peaks that one slot holds would
 * leave nothing of a difference. */
static void invert_peaks(struct storage_supply *p, double *own, double tie[][STORAGE_CHARGES])
{
	double pivot[STORAGE_CHARGES];
	int n = p->peaks;

	for (int k = 0; k < n; k++) {
		pivot[k] = own[k];
		for (int l = k + 1; l < n; l++)
			pivot[k] += tie[k][l];
		for (int l = k + 1; l < n && pivot[k] > 0; l++) {
			own[l] += tie[k][l] * (own[k] / pivot[k]);
			for (int m = k + 1; m < n; m++)
				tie[l][m] += m == l ? 0 : tie[k][l] * (tie[k][m] / pivot[k]);
		}
	}
	for (int unit = 0; unit < n; unit++) {
		double x[STORAGE_CHARGES] = {0};

		x[unit] = 1;
		for (int k = 0; k < n; k++)
			for (int l = k + 1; l < n && pivot[k] > 0; l++)
				x[l] += tie[k][l] / pivot[k] * x[k];
		for (int k = n - 1; k >= 0; k--) {
			for (int l = k + 1; l < n; l++)
				x[k] += tie[k][l] * x[l];
			x[k] = pivot[k] > 0 ? x[k] / pivot[k] : 0;
			p->corner[k][unit] = x[k];
		}
	}
}

static bool is_fixed(const struct storage *s, const struct storage_peak *p)
{
	return s->v.weight[p->peak] <= 0;
}

static void weigh_peaks(struct storage *s)
{
	struct storage_supply *p = &s->supply;
	double own[STORAGE_CHARGES], tie[STORAGE_CHARGES][STORAGE_CHARGES] = {{0}};

	for (int k = 0; k < p->peaks; k++)
		own[k] = is_fixed(s, &p->peak[k]) ? 0 : 1 / s->v.weight[p->peak[k].peak];
	for (int t = 0; t < s->slots; t++) {
		double give = parts_weight(s, t), all = 1 + give * all_stiffness(s, t);

		p->give[t] = give / all;
		for (int k = 0; k < p->peaks; k++) {
			double stiff = stiffness(s, &p->peak[k], t);

			p->peak[k].share[t] = p->give[t] * stiff;
			own[k] += stiff / all;
			for (int l = 0; l < p->peaks; l++)
				tie[k][l] +=
					l == k ? 0
					       : p->peak[k].share[t] * stiffness(s, &p->peak[l], t);
		}
	}
	for (int k = 0; k < p->peaks; k++)
		for (int l = 0; l < p->peaks; l++)
			if (l != k &&
				is_fixed(s,
					&p->peak[k])) { /* it holds the other as the ground does */
				own[l] += tie[l][k];
				tie[l][k] = tie[k][l] = 0;
			}
	for (int k = 0; k < p->peaks; k++)
		own[k] = is_fixed(s, &p->peak[k]) ? IMMOVABLE : own[k];
	invert_peaks(p, own, tie);
}

void storage_site_factor(struct storage *s)
{
	struct storage_supply *p = &s->supply;
	int n = s->stride;

	weigh_peaks(s);
	for (int i = 0; i < s->slots; i++) {
		double *row = p->root + (size_t)i * (size_t)n;

		row[i] += p->give[i];
		for (int k = 0; k < p->peaks; k++)
			for (int l = 0; l < p->peaks; l++) {
				double f = p->corner[k][l] * p->peak[k].share[i];

				for (int j = 0; j <= i; j++)
					row[j] += f * p->peak[l].share[j];
			}
	}
	storage_mirror(p->root, n);
	storage_dense_factor(p->root, NULL, n);
}

/* A room's row counts only where the room can move: elsewhere nothing is counted. */
static bool is_counted(const struct storage *s, const struct storage_peak *p, int t)
{
	return s->v.high[p->room + t] > s->v.low[p->room + t];
}

static double drawn(const struct storage *s, int t)
{
	const double *z = s->v.z + s->supply.part + storage_at(t, s->supply.parts);
	double sum = 0;

	for (int k = 0; k < s->supply.parts; k++)
		sum += z[k];
	return sum;
}

void storage_site_miss(struct storage *s)
{
	struct storage_supply *p = &s->supply;

	for (int t = 0; t < s->slots; t++) {
		double y = drawn(s, t);

		p->miss[t] = s->v.z[s->node[0].flow + t] + p->load[t] - y;
		for (int k = 0; k < p->peaks; k++)
			p->peak[k].miss[t] =
				s->v.z[p->peak[k].peak] - y - s->v.z[p->peak[k].room + t];
	}
}

void storage_site_pull(struct storage *s)
{
	struct storage_supply *p = &s->supply;
	double *pull = s->v.pull;

	for (int t = 0; t < s->slots; t++) {
		double y = -p->price[t];

		for (int k = 0; k < p->peaks; k++) {
			if (!is_counted(s, &p->peak[k], t))
				continue;
			y += p->peak[k].price[t];
			pull[p->peak[k].room + t] += p->peak[k].price[t];
			pull[p->peak[k].peak] -= p->peak[k].price[t];
		}
		for (int k = 0; k < p->parts; k++)
			pull[p->part + (int)storage_at(t, p->parts) + k] += y;
	}
}

/* A slot's rows: what each room below a peak and the parts of the price ask for. */
struct asked {
	double give, all,
		own; /* of the parts: how they give way, 1 + that times the stiffness, what they ask */
	double stiff[STORAGE_CHARGES], push[STORAGE_CHARGES];
};

static void ask_slot(const struct storage *s, int t, struct asked *a)
{
	const struct storage_supply *p = &s->supply;
	int first = p->part + (int)storage_at(t, p->parts);

	*a = (struct asked){.give = parts_weight(s, t)};
	for (int k = 0; k < p->parts; k++)
		a->own += s->v.h[first + k] * s->v.weight[first + k];
	a->all = 1 + a->give * all_stiffness(s, t);
	for (int k = 0; k < p->peaks; k++) {
		const struct storage_peak *peak = &p->peak[k];

		if (!is_counted(s, peak, t))
			continue;
		a->stiff[k] = stiffness(s, peak, t);
		a->push[k] = a->stiff[k] * peak->miss[t] + s->v.h[peak->room + t];
	}
}

/* What peak k is asked for by the slot, without a difference of what is alike. */
static double peak_asked(const struct storage *s, const struct asked *a, int k)
{
	double others = 0, stiff = 0;

	for (int l = 0; l < s->supply.peaks; l++)
		if (l != k) {
			others += a->push[l];
			stiff += a->stiff[l];
		}
	return (a->stiff[k] * (a->give * others - a->own) - a->push[k] * (1 + a->give * stiff)) /
	       a->all;
}

/* The site draws what it must: prices there, and how the peaks move. */
static void step_site(struct storage *s, const double *at_site)
{
	struct storage_supply *p = &s->supply;
	double linear[STORAGE_CHARGES], rest[STORAGE_CHARGES] = {0};

	for (int k = 0; k < p->peaks; k++)
		linear[k] = -s->v.h[p->peak[k].peak];
	memset(p->rhs, 0, (size_t)s->stride * sizeof *p->rhs);
	for (int t = 0; t < s->slots; t++) {
		struct asked a;

		ask_slot(s, t, &a);
		p->rest[t] = -a.own / a.all;
		for (int k = 0; k < p->peaks; k++) {
			p->rest[t] += p->give[t] * a.push[k];
			linear[k] += peak_asked(s, &a, k);
		}
	}
	for (int k = 0; k < p->peaks; k++)
		for (int l = 0; l < p->peaks; l++)
			rest[k] += p->corner[k][l] * linear[l];
	for (int t = 0; t < s->slots; t++) {
		p->rhs[t] = at_site[t] + p->miss[t] - p->rest[t];
		for (int k = 0; k < p->peaks; k++)
			p->rhs[t] -= p->peak[k].share[t] * rest[k];
	}
	storage_dense_solve(p->root, p->rhs, s->stride);
	memcpy(p->step, p->rhs, (size_t)s->stride * sizeof *p->step);
	for (int k = 0; k < p->peaks; k++) {
		double to = rest[k];

		for (int l = 0; l < p->peaks; l++)
			for (int t = 0; t < s->slots; t++)
				to += p->corner[k][l] * p->peak[l].share[t] * p->step[t];
		s->v.dz[p->peak[k].peak] = to;
	}
}

/* The room below a peak moves as the peak does, less what is drawn. */
static double room_step(const struct storage *s, const struct asked *a, int t, int k)
{
	const struct storage_supply *p = &s->supply;
	double peak = s->v.dz[p->peak[k].peak] + p->peak[k].miss[t];
	double to = peak - a->give * p->step[t] + a->own;

	for (int l = 0; l < p->peaks; l++) {
		double other = s->v.dz[p->peak[l].peak] + p->peak[l].miss[t];

		if (!is_counted(s, &p->peak[l], t))
			continue;
		to -= a->give * s->v.h[p->peak[l].room + t];
		if (l != k)
			to += a->give * a->stiff[l] * (peak - other);
	}
	return to / a->all;
}

static void step_slot(struct storage *s, int t)
{
	struct storage_supply *p = &s->supply;
	int first = p->part + (int)storage_at(t, p->parts);
	double price = -p->step[t];
	struct asked a;

	ask_slot(s, t, &a);
	for (int k = 0; k < p->peaks; k++) {
		struct storage_peak *peak = &p->peak[k];
		int room = peak->room + t;

		peak->step[t] = s->v.dz[room] = 0;
		if (!is_counted(s, peak, t))
			continue;
		s->v.dz[room] = room_step(s, &a, t, k);
		peak->step[t] = -(a.stiff[k] * s->v.dz[room] + s->v.h[room]);
		price += peak->step[t];
	}
	for (int k = 0; k < p->parts; k++)
		s->v.dz[first + k] = -(s->v.h[first + k] + price) * s->v.weight[first + k];
}

/* Two peaks that one slot holds at once: the sum of their prices there is exact, how they share it is
 * lost in the stiffness of both. But each one's own equation says it. */
static void share_prices(struct storage *s, struct storage_peak *p)
{
	double open = s->v.h[p->peak], most = 0;
	int at = -1;

	if (is_fixed(s, p))
		return;
	open += s->v.dz[p->peak] / s->v.weight[p->peak];
	for (int t = 0; t < s->slots; t++) {
		double stiff = is_counted(s, p, t) ? stiffness(s, p, t) : 0;

		open -= p->step[t];
		if (stiff > most) {
			most = stiff;
			at = t;
		}
	}
	if (at >= 0)
		p->step[at] += open;
}

void storage_site_step(struct storage *s, const double *at_site)
{
	step_site(s, at_site);
	for (int t = 0; t < s->slots; t++)
		step_slot(s, t);
	for (int k = 0; k < s->supply.peaks && s->supply.peaks > 1; k++)
		share_prices(s, &s->supply.peak[k]);
}
