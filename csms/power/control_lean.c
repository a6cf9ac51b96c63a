/*
 * Nodes that lean on stores. What a battery feeds in by depotd's command makes room that the meters
 * show, and vans use it. If depotd dies, the battery lets go within seconds and the vans only when
 * their leases end. So where a node would be above a limit without what such batteries feed in, the
 * EVSEs below it are told for short leases, and the site settles within about one of them.
 * docs/control.md tells what that costs.
 */
#include "csms/log.h"
#include "csms/power/control_private.h"

#define STAYS_MS  300000 /* a battery that feeds and pauses by turns makes no messages by turns */
#define SETTLE_MS 60000 /* beside a lease: what a short-time rating has to bear, all in all */

/* What stores below each node feed in; false: none feeds. */
static bool find_feeds(struct control *k)
{
	bool is_any = false;

	for (int v = 0; v < k->nodes; v++)
		k->lean[v].feed = (struct grid_load){{0}};
	for (int v = 0; v < k->nodes; v++) {
		struct grid_load feed;

		if (grid_tree_node(k->tree, v)->kind != GRID_STORAGE ||
			!control_store_feeds(k, v, &feed))
			continue;
		is_any = true;
		for (int n = v; n >= 0; n = grid_tree_node(k->tree, n)->parent)
			for (int c = 0; c < GRID_CHANNELS; c++)
				k->lean[n].feed.s[c] += feed.s[c];
	}
	return is_any;
}

/* Most that flows there but for the EVSEs once the stores have let go, in W. What the guard counts is
 * never below 0; what the meter shows besides, vans and all, is not less than the truth either. */
static int64_t without_stores_w(
	const struct control *k, int node, enum grid_channel c, int64_t uncontrolled_w)
{
	const struct guard_node_in *in = &k->node_in[node];
	int64_t feed_w = k->lean[node].feed.s[c] / 6, w = uncontrolled_w + feed_w;
	int64_t shown_w = feed_w + (c == GRID_TOTAL ? in->import_w : in->phase_w[c - GRID_L1]);

	if (in->quality == GUARD_FRESH && (c == GRID_TOTAL || in->has_phases) && shown_w < w)
		w = shown_w > 0 ? shown_w : 0;
	return w;
}

/* A rating for longer than a lease bears what stands until they are over. */
static bool is_borne(const struct control *k, int node, enum grid_channel c, int64_t w, bool bears)
{
	const struct grid_node *n = grid_tree_node(k->tree, node);
	int64_t needs_ms = k->core->config->control->lease_s * 1000 + SETTLE_MS;

	return !bears && (int64_t)n->electric.short_s * 1000 >= needs_ms &&
	       w <= grid_short_limit(k->tree, k->limits, node, c).usable_w;
}

static bool leans(const struct control *k, int node, const struct guard_node_out *out)
{
	/* Without a meter, or with one that is not believed, what feeds in makes no room. */
	if (k->lean[node].feed.s[GRID_TOTAL] <= 0 || out->quality == GUARD_NO_METER ||
		out->quality == GUARD_WORST_CASE)
		return false;
	for (int c = GRID_TOTAL; c < GRID_CHANNELS; c++) {
		const struct guard_channel_out *p =
			c == GRID_TOTAL ? NULL : &out->phase[c - GRID_L1];
		int32_t limit_w = p ? p->limit_w : out->limit_w;
		int64_t w = (p ? p->counted_w : out->counted_w) +
			    without_stores_w(k, node, (enum grid_channel)c,
				    p ? p->uncontrolled_w : out->uncontrolled_w);

		if (limit_w != GRID_NO_LIMIT && w > limit_w &&
			!is_borne(k, node, (enum grid_channel)c, w, out->bears))
			return true;
	}
	return false;
}

static void note(struct control *k, int node, bool is_now, mono_t mono)
{
	struct control_lean *l = &k->lean[node];
	bool was = l->leans;

	if (is_now)
		l->until = mono_add_ms(mono, STAYS_MS);
	l->leans = is_now || mono.us < l->until.us;
	if (l->leans == was)
		return;
	log_info("node %s: %s", grid_tree_node(k->tree, node)->id,
		l->leans ? "leans on what batteries feed in by command: short leases below it"
			 : "leans on no battery any more: leases as usual below it");
}

void control_find_leaning(struct control *k, const struct guard_report *r, mono_t mono)
{
	bool feeds = find_feeds(k);

	if (!feeds && !k->any_leans)
		return;
	k->any_leans = false;
	for (int v = 0; v < k->nodes; v++) {
		note(k, v, feeds && leans(k, v, &r->node[v]), mono);
		k->any_leans = k->any_leans || k->lean[v].leans;
	}
	for (int e = 0; e < k->evses; e++) {
		int v = grid_tree_evse_node(k->tree, e);

		while (v >= 0 && !k->lean[v].leans)
			v = grid_tree_node(k->tree, v)->parent;
		k->lanes[e].leans = v >= 0;
	}
}
