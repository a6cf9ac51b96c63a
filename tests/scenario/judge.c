#include "tests/scenario/judge.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS 4 /* in all, L1 … L3 */
#define PLACES   8 /* of limits beside the ratings */
#define MEMORY_S 20 /* what was left in the last seconds, when somebody is cut off */
#define NO_LIMIT INT64_MAX
#define TEXT     240
#define DRAWS_MW 1000 /* less is no charging */
#define ERROR_PM 50 /* of what a charger was told: measured above that by less it obeys */

struct channel {
	int64_t left_mw[MEMORY_S]; /* for EVSEs, in the last seconds */
	int64_t promised_mw; /* most that was left when somebody was cut off */
	int run_s, may_s;
};

struct judged {
	struct channel channel[CHANNELS];
	int apart_run_s, apart_may_s;
};

struct judge {
	const struct plant *plant;
	struct judged *node;
	enum judge_station *was; /* [stations] */
	int64_t *since; /* [stations] second in which it became so */
	bool *is_newly_cut; /* [stations] could be told until this second */
	int64_t *tail_mw; /* [stations] */
	struct {
		int node;
		int64_t import_mw, phase_mw;
	} limit[PLACES];
	int64_t second;
	int worst_s; /* above what was allowed */
	char verdict[TEXT];
};

struct limit {
	int64_t mw;
	bool is_rating;
};

/* What flows below a node on a channel, by who is to answer for it. */
struct flow {
	int64_t obeys, cut_off, others;
	int64_t tails; /* the part of cut_off of those that draw no more than their tails */
	int asked_s; /* for so long at most one that obeys, and draws, could be told */
	bool has_disobedient;
	int64_t ignoring; /* the part of others of those that disobey and are now cut off besides */
	int64_t unseen; /* what disobeys by no more than meters err is not found out */
};

struct judge *judge_create(const struct plant *p, const int64_t *tails_w)
{
	struct judge *j = calloc(1, sizeof *j);

	ck_assert_ptr_nonnull(j);
	j->plant = p;
	j->node = calloc((size_t)plant_node_count(p), sizeof *j->node);
	j->was = calloc((size_t)plant_station_count(p), sizeof *j->was);
	j->since = calloc((size_t)plant_station_count(p), sizeof *j->since);
	j->is_newly_cut = calloc((size_t)plant_station_count(p), sizeof *j->is_newly_cut);
	j->tail_mw = calloc((size_t)plant_station_count(p), sizeof *j->tail_mw);
	ck_assert(j->node && j->was && j->since && j->is_newly_cut && j->tail_mw);
	for (int i = 0; i < plant_station_count(p); i++)
		j->tail_mw[i] = tails_w[i] * 1000;
	for (int i = 0; i < PLACES; i++)
		judge_limit(j, i, 0, -1, -1);
	return j;
}

void judge_destroy(struct judge *j)
{
	free(j->node);
	free(j->was);
	free(j->since);
	free(j->is_newly_cut);
	free(j->tail_mw);
	free(j);
}

void judge_limit(struct judge *j, int place, int node, int64_t import_w, int64_t phase_w)
{
	ck_assert_int_lt(place, PLACES);
	j->limit[place].node = node;
	j->limit[place].import_mw = import_w < 0 ? NO_LIMIT : import_w * 1000;
	j->limit[place].phase_mw = phase_w < 0 ? NO_LIMIT : phase_w * 1000;
}

/* -- one second ------------------------------------------------------------------------------- */

static int greater(int a, int b)
{
	return a > b ? a : b;
}

static struct limit limit_of(const struct judge *j, int node, const struct plant_node *n, int c)
{
	int64_t own = c ? n->phase_limit_mw : n->limit_mw;
	struct limit least = {own < 0 ? NO_LIMIT : own, true};

	for (int i = 0; i < PLACES; i++) {
		int64_t it = c ? j->limit[i].phase_mw : j->limit[i].import_mw;

		if (j->limit[i].node == node && it < least.mw)
			least = (struct limit){it, false};
	}
	return least;
}

bool judge_disobeys(enum judge_station s)
{
	return s == JUDGE_DISOBEYS || s == JUDGE_DISOBEYS_CUT_OFF;
}

static bool is_told(enum judge_station s)
{
	return s == JUDGE_OBEYS || s == JUDGE_DISOBEYS;
}

static void add_up(const struct judge *j, int node, const struct plant_node *n,
	const enum judge_station *stations, struct flow out[CHANNELS])
{
	memset(out, 0, CHANNELS * sizeof *out);
	out[0].others = n->now_mw;
	for (int p = 0; p < 3; p++)
		out[p + 1].others = n->phase_mw[p];
	for (int i = 0; i < plant_station_count(j->plant); i++) {
		int64_t mw[CHANNELS] = {0};

		if (!plant_station_is_below(j->plant, i, node))
			continue;
		plant_station_phases(j->plant, i, &mw[1]);
		mw[0] = mw[1] + mw[2] + mw[3];
		if (judge_disobeys(stations[i])) {
			for (int c = 0; c < CHANNELS; c++) {
				out[c].has_disobedient = true;
				out[c].ignoring += j->is_newly_cut[i] ? mw[c] : 0;
				out[c].unseen +=
					n->meter ? 0 : mw[c] * ERROR_PM / (1000 + ERROR_PM);
			}
			continue;
		}
		for (int c = 0; c < CHANNELS; c++) {
			out[c].others -= mw[c];
			*(stations[i] == JUDGE_OBEYS ? &out[c].obeys : &out[c].cut_off) += mw[c];
			if (stations[i] == JUDGE_CUT_OFF && mw[0] <= j->tail_mw[i])
				out[c].tails += mw[c];
			if (stations[i] == JUDGE_OBEYS && mw[c] > 0)
				out[c].asked_s =
					greater(out[c].asked_s, (int)(j->second - j->since[i]) + 1);
		}
	}
}

static void find(struct judge *j, const char *id, int run_s, int may_s, const char *what)
{
	if (run_s - may_s <= j->worst_s)
		return;
	j->worst_s = run_s - may_s;
	snprintf(j->verdict, sizeof j->verdict,
		"%s: %s for %d s, %d are allowed, until second %lld", id, what, run_s, may_s,
		(long long)j->second);
}

static void tell(
	struct judge *j, const char *id, int c, int64_t all, int64_t most, int run_s, int may_s)
{
	static const char *const where[CHANNELS] = {"", " on L1", " on L2", " on L3"};
	char what[100];

	snprintf(what, sizeof what, "%lld W of %lld%s", (long long)all / 1000,
		(long long)most / 1000, where[c]);
	find(j, id, run_s, may_s, what);
}

/* What was left for EVSEs when somebody was cut off; of many such moments the most, for those of
 * the first may be all that draw. One that disobeys had what it draws: it draws that, as one that is
 * cut off, when it obeys again. */
static void promise(struct channel *v, const struct flow *f, bool is_cut, bool all_obey)
{
	if (all_obey)
		v->promised_mw = INT64_MIN;
	for (int i = 0; is_cut && i < MEMORY_S; i++) {
		int64_t left = v->left_mw[i] == NO_LIMIT ? NO_LIMIT : v->left_mw[i] + f->ignoring;

		if (left > v->promised_mw)
			v->promised_mw = left;
	}
}

/* Who cannot be told, and draws more than was left when he could be. */
static bool was_promised_too_much(const struct channel *v, const struct flow *f, bool is_rating)
{
	int64_t mw = is_rating && !f->has_disobedient ? f->cut_off : f->cut_off - f->tails;

	return mw > DRAWS_MW && mw > v->promised_mw;
}

static void judge_channel(struct judge *j, const char *id, struct channel *v, int c,
	const struct flow *f, const struct limit *limit, int may_s)
{
	int64_t all = f->obeys + f->cut_off + f->others;
	bool is_promised = was_promised_too_much(v, f, limit->is_rating);
	bool is_broken = may_s < JUDGE_NOT_ASKED && all - f->unseen > limit->mw &&
			 (f->obeys > DRAWS_MW || is_promised);
	int run_s;

	v->run_s = is_broken ? v->run_s + 1 : 0;
	v->may_s = is_broken ? greater(v->may_s, may_s) : 0;
	/* Stations come back one after the other: nobody is asked for the time before he did. */
	run_s = v->run_s > f->asked_s && !is_promised ? f->asked_s : v->run_s;
	if (is_broken)
		tell(j, id, c, all, limit->mw, run_s, v->may_s);
}

static void judge_node(struct judge *j, int node, const enum judge_station *stations, bool is_cut,
	bool all_obey, int may_s)
{
	struct plant_node n = plant_node_at(j->plant, node);
	struct flow flow[CHANNELS];

	add_up(j, node, &n, stations, flow);
	for (int c = 0; c < CHANNELS; c++) {
		struct channel *v = &j->node[node].channel[c];
		struct limit most = limit_of(j, node, &n, c);

		promise(v, &flow[c], is_cut, all_obey);
		v->left_mw[j->second % MEMORY_S] =
			most.mw == NO_LIMIT ? NO_LIMIT : most.mw - flow[c].others;
		judge_channel(j, n.id, v, c, &flow[c], &most, may_s);
	}
}

static void judge_balance(struct judge *j, int node, bool is_asked, int may_s)
{
	struct plant_node n = plant_node_at(j->plant, node);
	struct judged *v = &j->node[node];
	char what[80];

	if (!is_asked || may_s >= JUDGE_NOT_ASKED || !judge_is_apart(&n, what)) {
		v->apart_run_s = v->apart_may_s = 0;
		return;
	}
	v->apart_run_s++;
	v->apart_may_s = greater(v->apart_may_s, may_s);
	find(j, n.id, v->apart_run_s, v->apart_may_s, what);
}

void judge_second(
	struct judge *j, const enum judge_station *stations, const int *may_s, const int *apart_s)
{
	bool is_cut = false, all_obey = true;

	for (int i = 0; i < plant_station_count(j->plant); i++) {
		j->is_newly_cut[i] = is_told(j->was[i]) && !is_told(stations[i]);
		is_cut = is_cut || j->is_newly_cut[i];
		all_obey = all_obey && stations[i] == JUDGE_OBEYS;
		if (stations[i] != j->was[i])
			j->since[i] = j->second + 1;
		j->was[i] = stations[i];
	}
	j->second++;
	for (int i = 0; i < plant_node_count(j->plant); i++) {
		judge_node(j, i, stations, is_cut, all_obey, may_s[i]);
		/* A van that stops pulls phases apart, and only others can make that good. */
		judge_balance(j, i, all_obey, apart_s[i]);
	}
}

void judge_settled(struct judge *j)
{
	j->second++;
	for (int i = 0; i < plant_node_count(j->plant); i++) {
		struct plant_node n = plant_node_at(j->plant, i);

		for (int c = 0; c < CHANNELS; c++) {
			int64_t all = c ? n.phase_mw[c - 1] : n.now_mw,
				most = limit_of(j, i, &n, c).mw;
			int64_t own = c ? n.evse_phase_mw[c - 1] : plant_node_evse_mw(j->plant, i);

			if (all > most && all - own <= most)
				tell(j, n.id, c, all, most, 1, 0);
		}
	}
}

const char *judge_verdict(const struct judge *j)
{
	return j->worst_s > 0 ? j->verdict : NULL;
}

/* -- balance ---------------------------------------------------------------------------------- */

/* EVSEs add to the difference: it is smaller without them. */
static bool makes_apart(const struct plant_node *n, int a, int b)
{
	return n->evse_phase_mw[a] > n->evse_phase_mw[b] &&
	       n->phase_mw[a] - n->evse_phase_mw[a] - n->phase_mw[b] + n->evse_phase_mw[b] <=
		       n->imbalance_mw;
}

bool judge_is_apart(const struct plant_node *n, char what[80])
{
	for (int i = 0; i < 9 && n->imbalance_mw >= 0; i++) {
		int a = i / 3, b = i % 3;

		if (n->phase_mw[a] - n->phase_mw[b] <= n->imbalance_mw || !makes_apart(n, a, b))
			continue;
		snprintf(what, 80, "%lld W of %lld between L%d and L%d",
			(long long)(n->phase_mw[a] - n->phase_mw[b]) / 1000,
			(long long)n->imbalance_mw / 1000, a + 1, b + 1);
		return true;
	}
	return false;
}
