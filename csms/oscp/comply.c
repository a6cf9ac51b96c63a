/*
 * What cannot be kept, or is not kept, of the limits that we took: found out at any time and told
 * the provider once for each block (GroupCapacityComplianceError).
 *
 *   blocks of the next hour    load that nobody can lower is above them
 *   the block that runs        the node carries more, for longer than lowering takes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/power/control.h"
#include "csms/power/envelope.h"
#include "csms/oscp/private.h"
#include "csms/power/safety.h"

#define LOOK_MS  5000
#define SOON_MS  3600000 /* what is not ours to lower now will not be in this time either */
#define LASTS_MS 10000 /* chargers need so long to follow (docs/control.md) */
#define BAD_MAX  20 /* blocks that one message names */

/* -- what is known of a block ------------------------------------------------------------------- */

static struct oscp_fault *fault_of(struct oscp_peer *p, const char *reference, int64_t start_ms)
{
	for (int i = 0; i < OSCP_FAULTS; i++)
		if (p->faults[i].end_ms && p->faults[i].start_ms == start_ms &&
			strcmp(p->faults[i].reference, reference) == 0)
			return &p->faults[i];
	return NULL;
}

/* A new one, in the place of one whose block is over. NULL: there is no room. */
static struct oscp_fault *fault_begin(
	struct oscp_peer *p, const char *reference, int64_t start_ms, int64_t end_ms)
{
	int64_t now = clock_wall().ms;

	for (int i = 0; i < OSCP_FAULTS; i++) {
		struct oscp_fault *f = &p->faults[i];

		if (f->end_ms > now)
			continue;
		*f = (struct oscp_fault){
			.start_ms = start_ms, .end_ms = end_ms, .since = clock_mono()};
		snprintf(f->reference, sizeof f->reference, "%s", reference);
		return f;
	}
	return NULL;
}

void oscp_comply_told(struct oscp_peer *p, const char *reference, wall_t start, wall_t end)
{
	struct oscp_fault *f = fault_of(p, reference, start.ms);

	f = f ? f : fault_begin(p, reference, start.ms, end.ms);
	if (f)
		f->is_told = true;
}

/* -- what is wrong with a block ----------------------------------------------------------------- */

int64_t oscp_floor_w(const struct core *c, const char *node)
{
	const struct grid_tree *t = control_grid(c->control);
	int at = grid_tree_find(t, node);
	const struct control_node *n = at < 0 ? NULL : control_node(c->control, at);

	/* What is assumed for caution is no measurement, and nobody outside is told of it. */
	if (!n || (strcmp(n->load_source, "meter") != 0 && strcmp(n->load_source, "held") != 0))
		return -1;
	return n->load_w < n->evse_w ? -1 : n->load_w - n->evse_w;
}

/* What the block allows is taken by others already. */
static bool is_below_floor(
	const struct core *c, const char *node, const struct envelope_block *b, char why[200])
{
	const struct grid_tree *t = control_grid(c->control);
	int at = grid_tree_find(t, node);
	int64_t floor_w = oscp_floor_w(c, node);

	if (at < 0 || b->bound.import_w == GRID_NO_LIMIT || floor_w <= b->bound.import_w)
		return false;
	snprintf(why, 200, "loads of the site that cannot be controlled take %lld W at present",
		(long long)floor_w);
	return true;
}

static bool is_broken(
	const struct core *c, const char *node, const struct envelope_block *b, char why[200])
{
	static const char *const words[][2] = {
		[ENVELOPE_IMPORT] = {"takes", "W"},
		[ENVELOPE_EXPORT] = {"feeds in", "W"},
		[ENVELOPE_PHASE] = {"carries on a phase", "mA"},
	};
	int at = grid_tree_find(control_grid(c->control), node);

	for (int q = 0; q < ENVELOPE_QUANTITIES && at >= 0; q++) {
		int32_t most = envelope_value(&b->bound, (enum envelope_quantity)q);
		int64_t is;

		if (most == GRID_NO_LIMIT ||
			!safety_carries(
				control_safety(c->control), at, (enum envelope_quantity)q, &is) ||
			is <= most)
			continue;
		snprintf(why, 200, "%.60s %s %lld %s, the block allows %lld", node, words[q][0],
			(long long)is, words[q][1], (long long)most);
		return true;
	}
	return false;
}

/* -- looking ------------------------------------------------------------------------------------ */

static struct oscp20_forecasted_block as_sent(const struct envelope_block *b)
{
	bool is_current = b->bound.import_w == GRID_NO_LIMIT && b->bound.export_w == GRID_NO_LIMIT;

	return (struct oscp20_forecasted_block){
		.capacity = is_current                           ? b->bound.phase_ma / 1000.0
			    : b->bound.import_w != GRID_NO_LIMIT ? b->bound.import_w
								 : b->bound.export_w,
		.phase = OSCP20_PHASE_INDICATOR_ALL,
		.unit = is_current ? OSCP20_FORECASTED_BLOCK_UNIT_A
				   : OSCP20_FORECASTED_BLOCK_UNIT_W,
		.start_time = {b->start_ms},
		.end_time = {b->end_ms},
	};
}

/* Is it wrong for long enough, and not told yet? */
static bool is_news(struct oscp_peer *p, const struct held_envelope *h,
	const struct envelope_block *b, char why[200])
{
	bool runs = b->start_ms <= clock_wall().ms;
	bool is_bad = is_below_floor(p->oscp->core, h->node, b, why) ||
		      (runs && is_broken(p->oscp->core, h->node, b, why));
	struct oscp_fault *f = fault_of(p, h->reference, b->start_ms);

	if (!is_bad) {
		if (f && !f->is_told)
			f->end_ms = 0;
		return false;
	}
	f = f ? f : fault_begin(p, h->reference, b->start_ms, b->end_ms);
	if (!f || f->is_told || mono_diff_ms(clock_mono(), f->since) < LASTS_MS)
		return false;
	f->is_told = true;
	return true;
}

static void look_at(struct oscp_peer *p, const struct held_envelope *h)
{
	struct oscp20_forecasted_block bad[BAD_MAX];
	int64_t now = clock_wall().ms;
	char why[200], last[200] = "";
	size_t n = 0;

	for (int i = 0; i < h->e.count && n < BAD_MAX; i++) {
		const struct envelope_block *b = &h->e.blocks[i];

		if (b->start_ms > now + SOON_MS)
			break;
		if (b->end_ms <= now || !is_news(p, h, b, why))
			continue;
		bad[n++] = as_sent(b);
		memcpy(last, why, sizeof last);
	}
	if (n)
		oscp_tell_fault(p, h->reference, last, bad, n);
}

static void look(struct oscp_peer *p)
{
	const struct held_envelope *h = envelopes_first(p->oscp->core);

	for (; h; h = h->next)
		if (strncmp(h->owner, "oscp/", 5) == 0 && strcmp(h->owner + 5, p->row->id) == 0 &&
			h->reference[0] &&
			(h->e.state == ENVELOPE_PENDING || h->e.state == ENVELOPE_ACTIVE ||
				h->e.state == ENVELOPE_IN_FALLBACK))
			look_at(p, h);
}

static void on_time(void *arg)
{
	struct oscp *o = arg;

	timer_start(o->core->timers, &o->comply, LOOK_MS, on_time, o);
	for (int i = 0; i < o->count; i++)
		if (oscp_is_registered(&o->peers[i]))
			look(&o->peers[i]);
}

void oscp_comply_begin(struct oscp *o)
{
	if (o->count)
		timer_start(o->core->timers, &o->comply, LOOK_MS, on_time, o);
}
