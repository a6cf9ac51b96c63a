/*
 * Limits that are being broken: what each node carries, held against every limit that counts there,
 * and the alarms for as long as it lasts. A node without a fresh meter carries at least what its
 * EVSEs and the meters below it measure.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/alarms.h"
#include "csms/power/envelope_apply.h"
#include "csms/power/envelope_measure.h"
#include "csms/power/safety_private.h"

#define OVER_MS     15000 /* above a limit for longer than lowering takes, at least */
#define AFTER_MS    5000 /* … and than the slowest charger below needs, by so much */
#define DEMAND_MS   60000 /* what is left of a window changes each second */
#define MEASURED_MS 120000 /* an EVSE's older measurement says nothing of now */
#define SUM_PM      20 /* errors of measurement add up where EVSEs are added up */

/* -- what flows --------------------------------------------------------------------------------- */

static void add(struct safety_flow *sum, const struct safety_flow *f)
{
	for (int c = 0; c < GRID_CHANNELS; c++)
		sum->w[c] += f->w[c];
	sum->is_known &= f->is_known;
	sum->is_whole &= f->is_whole;
	sum->has_phases &= f->has_phases;
}

static struct safety_flow of_evse(const struct guard_evse_in *in, int64_t now_ms)
{
	struct safety_flow f = {.is_known = true};

	f.is_whole = in->measured_w != GUARD_UNKNOWN_W && now_ms - in->measured_ms <= MEASURED_MS;
	if (!f.is_whole)
		return f;
	f.w[GRID_TOTAL] = in->measured_w > 0 ? in->measured_w : 0;
	f.has_phases = in->has_phases || f.w[GRID_TOTAL] == 0;
	for (int p = 0; p < GRID_PHASES && in->has_phases; p++)
		f.w[GRID_L1 + p] = in->phase_w[p];
	return f;
}

static struct safety_flow of_meter(const struct guard_node_in *in)
{
	struct safety_flow f = {.is_known = true,
		.is_whole = true,
		.is_metered = true,
		.has_phases = in->has_phases,
		.w = {in->import_w}};

	for (int p = 0; p < GRID_PHASES && in->has_phases; p++)
		f.w[GRID_L1 + p] = in->phase_w[p];
	return f;
}

/* A node of which nobody measures anything but what is below it. */
static struct safety_flow of_rest(const struct grid_node *n)
{
	bool feeds = n->kind == GRID_PV || n->kind == GRID_STORAGE;
	struct safety_flow f = {
		.is_known = !feeds || n->electric.feed_w > 0,
		.is_whole = !feeds && n->kind != GRID_LOAD && n->load_w == 0,
		.has_phases = true,
	};

	for (int c = 0; c < GRID_CHANNELS; c++)
		f.w[c] = -(int64_t)n->electric.feed_w; /* on any one phase, at worst */
	return f;
}

static void find_flows(struct safety *s, int64_t now_ms)
{
	for (int i = 0; i < s->nodes; i++) {
		const struct grid_node *n = grid_tree_node(s->tree, i);

		s->flow[i] = n->kind == GRID_EVSE ? of_evse(&s->k->evse_in[n->evse_first], now_ms)
						  : of_rest(n);
	}
	for (int i = s->nodes - 1; i >= 0; i--) { /* children before their parents */
		int parent = grid_tree_node(s->tree, i)->parent;

		if (s->k->node_in[i].quality == GUARD_FRESH)
			s->flow[i] = of_meter(&s->k->node_in[i]);
		if (parent >= 0)
			add(&s->flow[parent], &s->flow[i]);
	}
}

/* -- what it is held against -------------------------------------------------------------------- */

enum { IMPORT, EXPORT, L1, L2, L3, APART, QUANTITIES };

/* W, or mA of a phase and between phases. */
static bool carried(const struct safety *s, int i, int q, int64_t *out)
{
	const struct safety_flow *f = &s->flow[i];
	int32_t volts = grid_tree_node(s->tree, i)->electric.volts;
	int64_t least, most;

	switch (q) {
	case IMPORT:
		*out = f->w[GRID_TOTAL];
		return f->is_known;
	case EXPORT:
		*out = -f->w[GRID_TOTAL];
		return f->is_known && f->is_whole;
	case APART:
		least = most = f->w[GRID_L1];
		for (int c = GRID_L2; c < GRID_CHANNELS; c++) {
			least = f->w[c] < least ? f->w[c] : least;
			most = f->w[c] > most ? f->w[c] : most;
		}
		*out = (most - least) * 1000 / volts;
		return f->is_known && f->is_whole && f->has_phases;
	default:
		*out = f->w[GRID_L1 + q - L1] * 1000 / volts;
		if (f->is_metered && *out < 0) /* the breaker bears it either way */
			*out = -*out;
		return f->is_known && (f->has_phases || !f->is_metered);
	}
}

/* Kinds of limits, each with its patience and its alarm. */
enum { STANDING, ENVELOPES, WINDOW };

static bool is_envelope(enum grid_source source)
{
	return source == GRID_SOURCE_ENVELOPE || source == GRID_SOURCE_ENVELOPE_FALLBACK ||
	       source == GRID_SOURCE_OPERATOR;
}

static int kind_of(enum grid_source source)
{
	if (is_envelope(source))
		return ENVELOPES;
	return source == GRID_SOURCE_DEMAND ? WINDOW : STANDING;
}

static int32_t said(const struct grid_bound *b, int q)
{
	if (q == APART)
		return GRID_NO_LIMIT;
	return q == IMPORT ? b->import_w : q == EXPORT ? b->export_w : b->phase_ma;
}

/* What the tree itself says; while a short-time rating is used, that one. */
static int32_t rating(const struct grid_node *n, int q, bool bears)
{
	const struct grid_electric *e = &n->electric;
	int32_t ma = bears && e->short_ma ? e->short_ma : e->phase_ma;

	switch (q) {
	case IMPORT:
		if (!n->rated || n->kind == GRID_PV)
			return GRID_NO_LIMIT;
		return bears && e->short_w ? e->short_w : n->rating_w;
	case EXPORT:
		return e->export_limited ? e->export_w : GRID_NO_LIMIT;
	case APART:
		return e->imbalance_ma ? e->imbalance_ma : GRID_NO_LIMIT;
	default:
		return ma ? ma : GRID_NO_LIMIT;
	}
}

struct found {
	int32_t limit;
	const char *of; /* source, or owner of the envelope */
};

static struct found tightest(const struct safety *s, int i, int q, int kind, bool bears)
{
	struct found f = {GRID_NO_LIMIT, "rating"};

	if (kind == STANDING)
		f.limit = rating(grid_tree_node(s->tree, i), q, bears);
	for (int source = 0; source < GRID_SOURCE_COUNT; source++) {
		struct grid_bound b;

		if (kind_of((enum grid_source)source) != kind)
			continue;
		b = grid_limits_get(s->k->limits, i, (enum grid_source)source);
		if (said(&b, q) < f.limit)
			f = (struct found){said(&b, q), grid_source_name((enum grid_source)source)};
	}
	return f;
}

/* Envelopes are gone by before they begin: what counts now is asked of them. */
static void ask_envelopes(const struct safety *s, int i, int q, struct found *f)
{
	enum envelope_quantity what = q == IMPORT   ? ENVELOPE_IMPORT
				      : q == EXPORT ? ENVELOPE_EXPORT
						    : ENVELOPE_PHASE;
	const struct held_envelope *h = envelopes_winner(
		s->core, grid_tree_node(s->tree, i)->id, what, clock_wall(), &f->limit);

	f->of = h ? h->owner : f->of;
}

/* -- for how long, and the words ---------------------------------------------------------------- */

int64_t safety_slowest_ms(const struct safety *s, int node)
{
	const struct grid_node *n = grid_tree_node(s->tree, node);
	int64_t most = 0;

	for (int e = n->evse_first; e < n->evse_end; e++) {
		int64_t ms = obey_reaction_ms(&s->obey, &s->evse[e].obey);

		most = ms > most ? ms : most;
	}
	return most;
}

static int64_t patience_ms(const struct safety *s, int i, int kind)
{
	int64_t slowest;

	if (kind == ENVELOPES) /* its record says the same */
		return ENVELOPE_REACTION_S * 1000;
	if (kind == WINDOW)
		return DEMAND_MS;
	slowest = safety_slowest_ms(s, i) + AFTER_MS;
	return slowest > OVER_MS ? slowest : OVER_MS;
}

struct words {
	char text[160];
	size_t len;
};

static void say(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->text + w->len, sizeof w->text - w->len, fmt, ap);
	va_end(ap);
	w->len = strlen(w->text);
}

static void say_broken(struct words *w, int q, int64_t is, const struct found *f, bool at_least)
{
	const char *and = w->len ? "; " : "", *least = at_least ? "at least " : "";

	switch (q) {
	case IMPORT:
	case EXPORT:
		say(w, "%s%s %s%.1f of %.1f kW (%s)", and, q == IMPORT ? "carries" : "feeds in",
			least, (double)is / 1000, f->limit / 1000.0, f->of);
		return;
	case APART:
		say(w, "%s%.1f of %.1f A between phases (%s)", and, (double)is / 1000,
			f->limit / 1000.0, f->of);
		return;
	default:
		say(w, "%sL%d %s%.1f of %.1f A (%s)", and, q - L1 + 1, least, (double)is / 1000,
			f->limit / 1000.0, f->of);
	}
}

/* -- each cycle --------------------------------------------------------------------------------- */

static int64_t slack(const struct safety *s, int i, int64_t is)
{
	return s->flow[i].is_metered ? 0 : llabs(is) * SUM_PM / 1000;
}

static bool is_above(const struct safety *s, int i, int q, int kind, int64_t is, struct found *f)
{

	if (f->limit == GRID_NO_LIMIT || is - slack(s, i, is) <= f->limit)
		return false;
	if (kind == ENVELOPES)
		ask_envelopes(s, i, q, f);
	return f->limit != GRID_NO_LIMIT && is - slack(s, i, is) > f->limit;
}

/* Its meter went silent: nobody has seen that what was broken is kept again. */
static bool is_blind(const struct safety *s, int i)
{
	return s->k->meter[i] >= 0 && s->k->node_in[i].quality != GUARD_FRESH;
}

/* Is a limit of the kind broken for longer than its patience? Says which. */
static bool is_broken(
	struct safety *s, int i, int kind, bool bears, int64_t now_ms, struct words *w)
{
	struct safety_node *v = &s->node[i];
	bool broken = false;

	for (int q = 0; q < QUANTITIES; q++) {
		int64_t *since = &v->above_ms[kind][q], is;
		struct found f = tightest(s, i, q, kind, bears);

		if (f.limit == GRID_NO_LIMIT || !carried(s, i, q, &is) ||
			!is_above(s, i, q, kind, is, &f)) {
			*since = is_blind(s, i) ? *since : 0;
			continue;
		}
		if (!*since)
			*since = now_ms;
		if (now_ms - *since < patience_ms(s, i, kind))
			continue;
		broken = true;
		say_broken(w, q, is, &f, !s->flow[i].is_whole);
	}
	return broken;
}

static void tell(struct safety *s, int i, enum alarm_kind kind, bool broken, bool *says,
	const struct words *w)
{
	const struct grid_node *n = grid_tree_node(s->tree, i);
	int64_t evse_w = 0;

	if (!broken && (!*says || is_blind(s, i)))
		return;
	*says = broken;
	for (int e = n->evse_first; e < n->evse_end; e++)
		if (s->k->evse_in[e].measured_w > 0)
			evse_w += s->k->evse_in[e].measured_w;
	alarm_set(s->core, kind, n->id, broken, "%s: %s. EVSEs below it draw %.1f kW.", n->id,
		w->text, (double)evse_w / 1000);
}

/* The window that is lost already has an alarm of its own. */
static bool is_window_lost(const struct safety_node *v)
{
	return v->demand && v->demand->out.in_danger;
}

void safety_limits_after(struct safety *s, const struct guard_report *r, int64_t now_ms)
{
	find_flows(s, now_ms);
	for (int i = 0; i < s->nodes; i++) {
		struct safety_node *v = &s->node[i];
		struct words limits = {0}, envelopes = {0};
		bool broken;

		if (grid_tree_node(s->tree, i)->kind == GRID_EVSE) /* see charger-disobeys */
			continue;
		broken = is_broken(s, i, STANDING, r->node[i].bears, now_ms, &limits);
		if (v->demand && is_broken(s, i, WINDOW, false, now_ms, &limits))
			broken = broken || !is_window_lost(v);
		tell(s, i, ALARM_LIMIT_BROKEN, broken, &v->says_over, &limits);
		broken = is_broken(s, i, ENVELOPES, false, now_ms, &envelopes);
		tell(s, i, ALARM_ENVELOPE_BROKEN, broken, &v->says_envelope, &envelopes);
	}
}

void safety_limits_keep(struct safety *s, const struct safety *old)
{
	for (int was = 0; was < old->nodes; was++) {
		const struct safety_node *from = &old->node[was];
		const char *id = grid_tree_node(old->tree, was)->id;
		int i = grid_tree_find(s->tree, id);

		if (i >= 0) {
			memcpy(s->node[i].above_ms, from->above_ms, sizeof from->above_ms);
			s->node[i].says_over = from->says_over;
			s->node[i].says_envelope = from->says_envelope;
			continue;
		}
		if (from->says_over)
			alarm_clear(s->core, ALARM_LIMIT_BROKEN, id);
		if (from->says_envelope)
			alarm_clear(s->core, ALARM_ENVELOPE_BROKEN, id);
	}
}

bool safety_phase(const struct safety *s, int node, int phase, int64_t *ma)
{
	if (!carried(s, node, L1 + phase, ma))
		return false;
	*ma -= slack(s, node, *ma);
	return true;
}

bool safety_sums_phase(const struct safety *s, int node, int phase, int64_t *ma)
{
	const struct safety_flow *f = &s->flow[node];

	return f->has_phases && f->is_whole && carried(s, node, L1 + phase, ma);
}

bool safety_carries(const struct safety *s, int node, enum envelope_quantity q, int64_t *amount)
{
	int first = q == ENVELOPE_PHASE ? L1 : q == ENVELOPE_IMPORT ? IMPORT : EXPORT;
	int last = q == ENVELOPE_PHASE ? L3 : first;
	bool is_known = false;
	int64_t is;

	*amount = INT64_MIN;
	for (int i = first; i <= last; i++) {
		if (!carried(s, node, i, &is))
			continue;
		is_known = true;
		is -= slack(s, node, is);
		*amount = is > *amount ? is : *amount;
	}
	return is_known;
}
