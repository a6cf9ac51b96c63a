/*
 * Forecasts: what a provider allows a group, whole or in segments, on its way to the envelopes of a
 * node; what we ask of it (AdjustGroupCapacityForecast), and what we tell it that cannot be kept
 * (GroupCapacityComplianceError).
 *
 *   CONSUMPTION, GENERATION       import, export limit of the node
 *   FALLBACK_…                    the same, for the time in which the provider is offline
 *   OPTIMUM                       a Capacity Optimizer's advice: journalled, limits nothing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/alarms.h"
#include "csms/log.h"
#include "csms/oscp/private.h"
#include "db/query_log.h"

#define SOON_MS 3600000 /* what is not ours to lower now will not be in this time either */

static const char *type_name(enum oscp20_capacity_forecast_type t)
{
	return oscp20_capacity_forecast_type_enum.values[t];
}

/* -- compliance errors --------------------------------------------------------------------------- */

void oscp_tell_fault(struct oscp_peer *p, const char *correlation, const char *message,
	const struct oscp20_forecasted_block *blocks, size_t count)
{
	struct oscp20_group_capacity_compliance_error e = {.message = message};

	e.forecasted_blocks.count = count;
	e.forecasted_blocks.items = count ? (struct oscp20_forecasted_block *)blocks : NULL;
	log_warn("oscp %s: told it that its limits cannot be kept: %s", p->row->id, message);
	oscp_send(p,
		&(struct oscp_out){.action = "group_capacity_compliance_error",
			.type = &oscp20_group_capacity_compliance_error_type,
			.value = &e,
			.correlation = correlation,
			.tries = 4},
		NULL);
}

/* Tells the provider at once which of its blocks are below what others than chargers take. */
static void check_floor(struct oscp_peer *p, const char *node, const char *correlation,
	const struct oscp20_forecasted_block *blocks, size_t count)
{
	wall_t now = clock_wall();
	int64_t floor_w = oscp_floor_w(p->oscp->core, node);
	struct oscp20_forecasted_block *bad = calloc(count + 1, sizeof *bad);
	size_t n = 0;
	char words[200];

	for (size_t i = 0; bad && i < count; i++) {
		struct oscp_blocks one;

		if (blocks[i].start_time.ms > now.ms + SOON_MS || blocks[i].end_time.ms <= now.ms ||
			oscp_blocks_read(&blocks[i], 1, false, (int)p->oscp->core->depot->voltage_v,
				now, &one, words))
			continue;
		if (floor_w > one.items[0].w) {
			oscp_comply_told(p, correlation, one.items[0].from, one.items[0].to);
			bad[n++] = blocks[i];
		}
		oscp_blocks_free(&one);
	}
	if (n) {
		snprintf(words, sizeof words,
			"loads of the site that cannot be controlled take %lld W at present",
			(long long)floor_w);
		oscp_tell_fault(p, correlation, words, bad, n);
	}
	free(bad);
}

/* -- what holds ---------------------------------------------------------------------------------- */

static bool is_export(enum oscp20_capacity_forecast_type t)
{
	return t == OSCP20_CAPACITY_FORECAST_TYPE_GENERATION ||
	       t == OSCP20_CAPACITY_FORECAST_TYPE_FALLBACK_GENERATION;
}

static int read_blocks(const struct oscp_peer *p, const struct oscp20_group_capacity_forecast *f,
	struct oscp_blocks *out, char why[200])
{
	return oscp_blocks_read(f->forecasted_blocks.items, f->forecasted_blocks.count,
		is_export(f->type), (int)p->oscp->core->depot->voltage_v, clock_wall(), out, why);
}

/* Its limits count on nothing: a person is told, and the provider. */
static void fail(struct oscp_peer *p, const struct oscp20_group_capacity_forecast *f,
	const char *request_id, const char *why)
{
	int index = oscp_group_index(p, f->group_id);
	const struct depot_oscp_group *row = &p->row->groups.items[index];

	oscp_failed(p, "%s of group %s does not hold: %s", type_name(f->type), f->group_id, why);
	p->error_of = OSCP_FORECAST;
	p->groups[index].refused |= 1U << f->type;
	alarm_raise(p->oscp->core, ALARM_ENVELOPE_REFUSED, row->node,
		"%s of %s for group %s does not hold: %s. What it said before stands.",
		type_name(f->type), p->row->id, f->group_id, why);
	oscp_tell_fault(p, request_id, why, NULL, 0);
}

static void succeed(struct oscp_peer *p, const struct oscp20_group_capacity_forecast *f)
{
	int index = oscp_group_index(p, f->group_id);
	unsigned before = p->groups[index].refused;

	oscp_went_well(p, OSCP_FORECAST);
	p->groups[index].refused &= ~(1U << f->type);
	if (before && !p->groups[index].refused)
		alarm_clear(
			p->oscp->core, ALARM_ENVELOPE_REFUSED, p->row->groups.items[index].node);
}

/* A whole forecast goes to the envelopes of its node. */
static void apply(struct oscp_peer *p, const struct oscp20_group_capacity_forecast *f,
	const char *request_id, const char *correlation)
{
	const struct depot_oscp_group *row =
		&p->row->groups.items[oscp_group_index(p, f->group_id)];
	struct oscp_blocks blocks;
	char why[200];
	int rc = read_blocks(p, f, &blocks, why);

	if (rc == 0) {
		rc = oscp_limit_offer(p, row, f->type, &blocks, request_id, why);
		oscp_blocks_free(&blocks);
	}
	if (rc) {
		fail(p, f, request_id, why);
		return;
	}
	succeed(p, f);
	if (correlation[0] && strcmp(correlation, p->adjust_id) == 0)
		p->adjust_granted_at = clock_wall();
	log_info("oscp %s: %s of group %s: %zu blocks", p->row->id, type_name(f->type), f->group_id,
		f->forecasted_blocks.count);
	if (f->type == OSCP20_CAPACITY_FORECAST_TYPE_CONSUMPTION)
		check_floor(p, row->node, request_id, f->forecasted_blocks.items,
			f->forecasted_blocks.count);
}

/* -- what comes ---------------------------------------------------------------------------------- */

static void fill_segment(const struct oscp_in *in, struct oscp_segment *out)
{
	const struct oscp20_group_capacity_forecast *f = in->body;

	*out = (struct oscp_segment){.index = in->segment,
		.count = in->segments,
		.at = clock_wall(),
		.item = (void *)in};
	memcpy(out->id, in->id, sizeof out->id);
	memcpy(out->correlation, in->correlation, sizeof out->correlation);
	snprintf(out->key, sizeof out->key, "%s/%.120s", type_name(f->type), f->group_id);
}

int forecast_check(struct oscp_in *in)
{
	const struct oscp20_group_capacity_forecast *f = in->body;
	struct oscp_peer *p = in->peer;
	struct oscp_blocks blocks;
	struct oscp_segment g;
	const char *fault;
	char why[200];

	if (oscp_group_index(p, f->group_id) < 0) {
		oscp_refuse(in, 403, "group_id: there is no group \"%.60s\" of yours here",
			f->group_id);
		return -1;
	}
	if (read_blocks(p, f, &blocks, why)) {
		oscp_refuse(in, 400, "%s", why);
		return -1;
	}
	oscp_blocks_free(&blocks);
	fill_segment(in, &g);
	fault = in->segments ? oscp_segment_fault(&p->segments, &g) : NULL;
	if (fault) {
		oscp_refuse(in, 400, "%s", fault);
		return -1;
	}
	if (f->type == OSCP20_CAPACITY_FORECAST_TYPE_OPTIMUM)
		in->note = "an optimum is advice: it limits nothing";
	return 0;
}

/* The parts as one forecast. */
static void apply_parts(struct oscp_peer *p, void **parts, int count, const char *first)
{
	const struct oscp_in *in = parts[0];
	struct oscp20_group_capacity_forecast whole =
		*(const struct oscp20_group_capacity_forecast *)in->body;
	struct oscp20_forecasted_block *all;
	size_t n = 0;

	for (int i = 0; i < count; i++)
		n += ((const struct oscp20_group_capacity_forecast *)((struct oscp_in *)parts[i])
				->body)
			     ->forecasted_blocks.count;
	all = malloc((n + 1) * sizeof *all);
	if (!all) {
		fail(p, &whole, first, "no memory for all of its blocks");
		return;
	}
	n = 0;
	for (int i = 0; i < count; i++) {
		const struct oscp20_group_capacity_forecast *f = ((struct oscp_in *)parts[i])->body;

		memcpy(all + n, f->forecasted_blocks.items,
			f->forecasted_blocks.count * sizeof *all);
		n += f->forecasted_blocks.count;
	}
	whole.forecasted_blocks.count = n;
	whole.forecasted_blocks.items = all;
	apply(p, &whole, first, in->correlation);
	free(all);
}

static void take_segment(struct oscp_in *in)
{
	struct oscp_peer *p = in->peer;
	void *parts[OSCP_SEGMENTS_MAX];
	char first[OSCP_ID_SIZE];
	struct oscp_segment g;
	const char *why;
	int count = in->segments;

	fill_segment(in, &g);
	in->holders++;
	switch (oscp_segments_add(&p->segments, &g, parts, first, &why)) {
	case OSCP_SEGMENT_WAITS:
		return;
	case OSCP_SEGMENT_REFUSED:
		oscp_failed(p, "a segment was dropped: %s", why);
		oscp_in_free(in);
		return;
	case OSCP_SEGMENT_WHOLE:
		apply_parts(p, parts, count, first);
		for (int i = 0; i < count; i++)
			oscp_in_free(parts[i]);
	}
}

/* What it says goes into the turn that journals it: once it is answered, both are on disk. */
void forecast_prepare(struct oscp_in *in)
{
	const struct oscp20_group_capacity_forecast *f = in->body;

	if (f->type != OSCP20_CAPACITY_FORECAST_TYPE_OPTIMUM && in->segments)
		take_segment(in);
	else if (f->type != OSCP20_CAPACITY_FORECAST_TYPE_OPTIMUM)
		apply(in->peer, f, in->id, in->correlation);
	oscp_accept(in);
}

void forecast_work(struct oscp_in *in)
{
	oscp_in_free(in);
}

/* -- after a restart ----------------------------------------------------------------------------- */

/* A part out of the journal, as if it had just come; NULL: it is none. */
static struct oscp_in *part_of(struct oscp_peer *p, const struct event_oscp_received *e)
{
	struct arena *a = arena_create(0);
	struct oscp_in *in = a ? arena_alloc(a, sizeof *in) : NULL;
	struct schema_error bad;

	if (in)
		in->body = schema_decode(&oscp20_group_capacity_forecast_type, e->payload,
			strlen(e->payload), a, &bad);
	if (!in || !in->body) {
		arena_destroy(a);
		return NULL;
	}
	in->arena = a;
	in->holders = 1;
	in->peer = p;
	in->segment = (int)e->segment;
	in->segments = (int)e->segments;
	snprintf(in->id, sizeof in->id, "%s", e->request_id);
	snprintf(in->correlation, sizeof in->correlation, "%s",
		e->correlation_id ? e->correlation_id : "");
	return in;
}

static void take_again(struct oscp_peer *p, const struct event_oscp_received *e, wall_t at)
{
	struct oscp_in *in = part_of(p, e);
	void *parts[OSCP_SEGMENTS_MAX];
	char first[OSCP_ID_SIZE];
	struct oscp_segment g;
	const char *why;

	if (!in)
		return;
	fill_segment(in, &g);
	g.at = at;
	switch (oscp_segments_add(&p->segments, &g, parts, first, &why)) {
	case OSCP_SEGMENT_WAITS:
		return;
	case OSCP_SEGMENT_REFUSED:
		oscp_in_free(in);
		return;
	case OSCP_SEGMENT_WHOLE: /* what it said is with the envelopes already */
		for (int i = 0; i < g.count; i++)
			oscp_in_free(parts[i]);
	}
}

void oscp_forecast_restore(struct oscp_peer *p, struct db_reader *r, struct arena *a)
{
	struct db_journal_filter f = {.stream = arena_printf(a, "oscp/%s", p->row->id),
		.type = "OscpReceived",
		.newest_first = true,
		.limit = 2 * OSCP_SEGMENTS_KEPT};
	struct db_journal_page page = {0};
	wall_t since = wall_add_ms(clock_wall(), -OSCP_SEGMENT_AGE_MS);
	struct schema_error bad;
	int type;

	if (!f.stream || db_query_journal(r, &f, a, &page))
		return;
	for (size_t i = page.count; i-- > 0;) {
		const struct event_oscp_received *e =
			page.items[i].at.ms < since.ms
				? NULL
				: db_event_decode(&page.items[i], a, &type, &bad);

		if (e && e->has_segments)
			take_again(p, e, page.items[i].at);
	}
}

/* -- what we ask for ----------------------------------------------------------------------------- */

struct adjusting {
	oscp_done done;
	void *arg;
};

static void on_asked(struct oscp_peer *p, void *arg, const char *id, const struct http_outcome *o)
{
	struct adjusting *a = arg;
	char why[300] = "";

	if (oscp_taken(o, why))
		a->done(a->arg, 0, id);
	else
		a->done(a->arg, -1, why);
	free(a);
}

int oscp_adjust(struct oscp_peer *p, const struct oscp20_group_capacity_forecast *f,
	const char *actor, oscp_done done, void *arg, char why[300])
{
	struct adjusting *a = NULL;

	if (!oscp_is_registered(p))
		snprintf(why, 300, "%.40s is not registered", p->row->id);
	else if (oscp_group_index(p, f->group_id) < 0)
		snprintf(why, 300, "%.40s has no group \"%.100s\" in the depot's file", p->row->id,
			f->group_id);
	else if ((a = calloc(1, sizeof *a)) == NULL)
		snprintf(why, 300, "no memory");
	if (!a)
		return -1;
	a->done = done;
	a->arg = arg;
	if (oscp_send(p,
		    &(struct oscp_out){.action = "adjust_group_capacity_forecast",
			    .type = &oscp20_group_capacity_forecast_type,
			    .value = f,
			    .actor = actor,
			    .tries = 2,
			    .done = on_asked,
			    .arg = a},
		    p->adjust_id) == 0) {
		p->adjust_at = clock_wall();
		p->adjust_granted_at = (wall_t){0};
		return 0;
	}
	free(a);
	snprintf(why, 300, "the message cannot be sent now");
	return -1;
}
