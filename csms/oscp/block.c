#include "csms/oscp/block.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS     INT64_C(86400000)
#define AHEAD_DAYS 400 /* a block that ends later is an error of the sender's clock or unit */
#define AT_ONCE    8 /* blocks over one time: each phase, all of them, in two units */

/* -- one block -------------------------------------------------------------------------------- */

/* Rounded down; at most the tree's greatest number, which limits nothing in practice. */
static int32_t bounded(double v)
{
	return v >= (double)(OSCP_NO_LIMIT - 1) ? OSCP_NO_LIMIT - 1 : (int32_t)floor(v);
}

static bool is_one_phase(enum oscp20_phase_indicator p)
{
	return p == OSCP20_PHASE_INDICATOR_ONE || p == OSCP20_PHASE_INDICATOR_TWO ||
	       p == OSCP20_PHASE_INDICATOR_THREE;
}

/* Watts of a block in any unit of power or energy. */
static double power_of(const struct oscp20_forecasted_block *b)
{
	double hours = (double)wall_diff_ms(b->end_time, b->start_time) / 3600000.0;

	switch (b->unit) {
	case OSCP20_FORECASTED_BLOCK_UNIT_KW:
		return b->capacity * 1000.0;
	case OSCP20_FORECASTED_BLOCK_UNIT_WH:
		return b->capacity / hours;
	case OSCP20_FORECASTED_BLOCK_UNIT_KWH:
		return b->capacity * 1000.0 / hours;
	default:
		return b->capacity;
	}
}

static struct oscp_block convert(
	const struct oscp20_forecasted_block *b, bool is_export, int voltage_v)
{
	struct oscp_block out = {b->start_time, b->end_time, OSCP_NO_LIMIT, OSCP_NO_LIMIT};
	bool is_current = b->unit == OSCP20_FORECASTED_BLOCK_UNIT_A;
	double amperes = is_current ? b->capacity : power_of(b) / voltage_v;

	if (!is_current && !is_one_phase(b->phase))
		out.w = bounded(power_of(b));
	else if (is_export)
		out.w = bounded(amperes * voltage_v * 3);
	else
		out.phase_ma = bounded(amperes * 1000.0);
	return out;
}

static int check(const struct oscp20_forecasted_block *b, size_t row, wall_t now, char why[200])
{
	const char *fault = NULL;

	if (!isfinite(b->capacity) || b->capacity < 0)
		fault = "capacity must be 0 or more, whichever way the energy flows";
	else if (b->end_time.ms <= b->start_time.ms)
		fault = "end_time must be after start_time";
	else if (b->end_time.ms > now.ms + AHEAD_DAYS * DAY_MS ||
		 b->start_time.ms < now.ms - AHEAD_DAYS * DAY_MS)
		fault = "the times are more than 400 days from now";
	if (!fault)
		return 0;
	snprintf(why, 200, "forecasted_blocks[%zu]: %s", row, fault);
	return -1;
}

/* -- many blocks ------------------------------------------------------------------------------ */

static int by_start(const void *a, const void *b)
{
	const struct oscp_block *x = a, *y = b;

	return (x->from.ms > y->from.ms) - (x->from.ms < y->from.ms);
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_continued(const struct oscp_block *a, const struct oscp_block *b)
{
	return a->to.ms == b->from.ms && a->w == b->w && a->phase_ma == b->phase_ma;
}

static void append(struct oscp_blocks *out, const struct oscp_block *b)
{
	if (out->count && is_continued(&out->items[out->count - 1], b))
		out->items[out->count - 1].to = b->to;
	else
		out->items[out->count++] = *b;
}

/* Sweeps blocks sorted by their start over the edges: between two edges the tightest counts. False
 * when too many are open at once. */
static bool sweep(const struct oscp_block *in, size_t n, const int64_t *edges, size_t edge_count,
	struct oscp_blocks *out)
{
	size_t next = 0, open_count = 0, open[AT_ONCE];

	for (size_t e = 0; e + 1 < edge_count; e++) {
		struct oscp_block b = {{edges[e]}, {edges[e + 1]}, OSCP_NO_LIMIT, OSCP_NO_LIMIT};
		size_t kept = 0;

		for (size_t i = 0; i < open_count; i++)
			if (in[open[i]].to.ms > edges[e])
				open[kept++] = open[i];
		while (next < n && in[next].from.ms <= edges[e]) {
			if (kept == AT_ONCE)
				return false;
			open[kept++] = next++;
		}
		open_count = kept;
		for (size_t i = 0; i < kept; i++) {
			const struct oscp_block *o = &in[open[i]];

			b.w = o->w < b.w ? o->w : b.w;
			b.phase_ma = o->phase_ma < b.phase_ma ? o->phase_ma : b.phase_ma;
		}
		if (kept && b.from.ms < b.to.ms)
			append(out, &b);
	}
	return true;
}

/* Makes sorted blocks without overlap of any. NULL, or what is wrong. */
static const char *flatten(struct oscp_block *in, size_t n, struct oscp_blocks *out)
{
	int64_t *edges = malloc((2 * n + 1) * sizeof *edges);
	struct oscp_blocks flat = {.items = malloc((2 * n + 1) * sizeof *flat.items)};
	const char *fault = "no memory for the blocks";

	if (edges && flat.items) {
		for (size_t i = 0; i < n; i++) {
			edges[2 * i] = in[i].from.ms;
			edges[2 * i + 1] = in[i].to.ms;
		}
		qsort(in, n, sizeof *in, by_start);
		qsort(edges, 2 * n, sizeof *edges, by_number);
		fault = sweep(in, n, edges, 2 * n, &flat)
				? NULL
				: "forecasted_blocks: more than 8 of them speak of the same time";
	}
	free(edges);
	if (fault)
		free(flat.items);
	else
		*out = flat;
	return fault;
}

int oscp_blocks_read(const struct oscp20_forecasted_block *items, size_t count, bool is_export,
	int voltage_v, wall_t now, struct oscp_blocks *out, char why[200])
{
	struct oscp_block *in;
	const char *fault;

	for (size_t i = 0; i < count; i++)
		if (check(&items[i], i, now, why))
			return -1;
	if (count > OSCP_BLOCKS_MAX || !(in = malloc((count + 1) * sizeof *in))) {
		snprintf(why, 200, "more than %d blocks in one forecast", OSCP_BLOCKS_MAX);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		in[i] = convert(&items[i], is_export, voltage_v);
	fault = flatten(in, count, out);
	free(in);
	if (fault)
		snprintf(why, 200, "%s", fault);
	return fault ? -1 : 0;
}

void oscp_blocks_free(struct oscp_blocks *b)
{
	free(b->items);
	*b = (struct oscp_blocks){0};
}
