/* What if: past nights with other limits, vehicles or another tariff. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define MOST_W 10000000

static double unit_of(const char *s)
{
	return strcmp(s, "W") == 0    ? 1
	       : strcmp(s, "kW") == 0 ? 1000
	       : strcmp(s, "MW") == 0 ? 1e6
				      : 0;
}

/* "B=+20kW", "B=-500W": more, or less, than the node has. */
static int read_limit(struct ctl *c, const char *name, const char *s, struct api_what_if_limit *out)
{
	const char *eq = strrchr(s, '=');
	char *end;
	double v, unit;

	if (!eq || eq == s || (eq[1] != '+' && eq[1] != '-'))
		return ctl_complain(CTL_USAGE,
			"%s: \"%s\" does not say how much more or less: NODE=+20kW or NODE=-20kW",
			name, s);
	v = strtod(eq + 1, &end);
	unit = unit_of(end);
	if (end == eq + 1 || !isfinite(v) || unit == 0)
		return ctl_complain(CTL_USAGE, "%s: \"%s\" is no power: write W, kW or MW%s", name,
			eq + 1, *end == 'A' ? " (32 A on three phases of 230 V are 22 kW)" : "");
	if (fabs(v * unit) > MOST_W)
		return ctl_complain(CTL_USAGE, "%s: \"%s\" is more than 10 MW", name, eq + 1);
	out->node = arena_strndup(c->arena, s, (size_t)(eq - s));
	out->w = (int64_t)llround(v * unit);
	return CTL_OK;
}

static int read_limits(struct ctl *c, const char *name, struct api_what_if_post *p)
{
	const char *limit;
	int status = CTL_OK;

	while (status == CTL_OK && (limit = ctl_option(c, name)))
		status = read_limit(c, name, limit, &p->nodes.items[p->nodes.count++]);
	return status;
}

static int read_whole(
	struct ctl *c, const char *name, int64_t low, int64_t high, bool *has, int64_t *out)
{
	const char *s = ctl_option(c, name);
	char *end;
	long v;

	*has = s != NULL;
	if (s == NULL)
		return CTL_OK;
	v = strtol(s, &end, 10);
	if (end == s || *end || v < low || v > high)
		return ctl_complain(CTL_USAGE, "%s: \"%s\" is no whole number from %lld to %lld",
			name, s, (long long)low, (long long)high);
	*out = v;
	return CTL_OK;
}

static int read_question(struct ctl *c, struct api_what_if_post *p)
{
	int status;

	p->nodes.items = arena_alloc(c->arena, sizeof *p->nodes.items * CTL_ARGS);
	p->nights = 1;
	status = read_limits(c, "--feeder", p);
	if (status == CTL_OK)
		status = read_limits(c, "--node", p);
	if (status == CTL_OK)
		status = read_whole(c, "--vans", -1000, 1000, &p->has_vans, &p->vans);
	if (status == CTL_OK)
		status = read_whole(c, "--nights", 1, 366, &p->has_nights, &p->nights);
	if (p->nodes.count == 0)
		p->nodes.items = NULL;
	p->tariff = ctl_option(c, "--tariff");
	p->has_v2g = p->v2g = ctl_flag(c, "--v2g");
	return status;
}

static void put_side(
	struct ctl *c, struct table *t, const char *name, const struct api_what_if_side *s)
{
	table_row(t);
	table_cell(t, name);
	table_cellf(t, "%.2f", s->cost);
	table_cellf(t, "%.2f", s->demand_cost);
	table_cell(t, cell_energy(c->arena, true, (double)s->short_wh));
	table_cellf(t, "%lld", (long long)s->short_vans);
	table_cellf(t, "%.2f", s->gap);
}

static void put_v2g(const struct api_what_if_v2g *v)
{
	printf("\nIf all vehicles that are described could give back: ");
	if (v->batteries == 0)
		printf("none of them was there.\n");
	else if (v->given_wh == 0)
		printf("none of %lld batteries would have, it was not worth the wear.\n",
			(long long)v->batteries);
	else
		printf("%.0f kWh from %lld batteries, worth %.2f with their wear paid (right to %.2f).\n",
			(double)v->given_wh / 1000, (long long)v->batteries, v->worth, v->gap);
	if (v->peaks_with > 0 || v->peaks_without > 0)
		printf("The dearest peak would have cost %.2f instead of %.2f.\n", v->peaks_with,
			v->peaks_without);
}

static void put_worth(struct ctl *c, const struct api_what_if *w)
{
	struct table *t = table_create(c->arena,
		"LIMIT OF|>1 kW MORE WOULD HAVE SAVED UP TO|>IN A MONTH OF SUCH NIGHTS", c->colour);

	for (size_t i = 0; i < w->worth.count; i++) {
		table_row(t);
		table_cell(t, w->worth.items[i].node);
		table_cellf(t, "%.2f", w->worth.items[i].worth);
		table_cellf(t, "%.2f", w->worth.items[i].month);
	}
	printf("\n");
	ctl_print(t, w->limits_sentence ? w->limits_sentence : "");
	if (w->worth.count && w->limits_sentence)
		printf("%s\n", w->limits_sentence);
}

int ctl_whatif(struct ctl *c)
{
	struct table *sides = table_create(c->arena,
		"|>ENERGY COSTS|>PEAK COSTS|>MISSING|>VANS SHORT|>AT MOST BETTER BY", c->colour);
	struct api_what_if_post p = {0};
	const struct api_what_if *w;
	void *answer;
	int status = read_question(c, &p);

	if (status != CTL_OK)
		return status;
	status = ctl_ask_struct(
		c, "POST", "whatif", &api_what_if_post_type, &p, &api_what_if_type, &answer);
	w = answer;
	if (!w)
		return status;
	printf("%s\n\n", w->sentence);
	put_side(c, sides, "as it was", &w->without);
	put_side(c, sides, "what if", &w->with);
	ctl_print(sides, "");
	if (w->v2g)
		put_v2g(w->v2g);
	put_worth(c, w);
	return status;
}
