/* What the times of messages tell of the station's clock. */
#include <stdlib.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/handle/handlers.h"
#include "csms/log.h"

/* For the next life of depotd: it has nothing else to go by until messages have come. */
static void keep(struct exchange *x)
{
	struct station_clock *c = &x->station->clock;
	int64_t ahead = station_clock_ahead_ms(c);
	struct event_station_clock_found *p;

	if (!c->is_known || llabs(ahead - c->kept_ms) < STATION_CLOCK_APART_MS)
		return;
	p = arena_alloc(x->arena, sizeof *p);
	if (!p)
		return;
	c->kept_ms = p->ahead_ms = ahead;
	handle_journal(x, EVENT_STATION_CLOCK_FOUND, p, x->received);
}

void handle_time(struct exchange *x, wall_t said)
{
	struct station *s = x->station;
	bool is_news;

	x->is_by_our_clock = station_clock_is_ours_now(&s->clock, said, x->received);
	/* Where OCPP 1.6 says no time ours stands in its place (ocpp/v16.h). */
	if (said.ms == x->received.ms)
		return;
	is_news = station_clock_hear(&s->clock, said);
	keep(x);
	if (!is_news)
		return;
	log_warn("station %s: its clock is %lld s ahead of ours", s->id,
		(long long)station_clock_ahead_ms(&s->clock) / 1000);
	control_clock_changed(x->core->control, s);
}

wall_t handle_when(const struct exchange *x, wall_t said)
{
	if (x->is_by_our_clock)
		return said.ms > x->received.ms ? x->received : said;
	return station_clock_ours(&x->station->clock, said, x->received);
}

const struct ocpp201_meter_value_list *handle_values(
	const struct exchange *x, const struct ocpp201_meter_value_list *values)
{
	struct ocpp201_meter_value_list *out;

	if (!values->count)
		return values;
	out = arena_alloc(x->arena, sizeof *out);
	if (!out || !(out->items = arena_alloc(x->arena, values->count * sizeof *out->items)))
		return NULL;
	out->count = values->count;
	memcpy(out->items, values->items, values->count * sizeof *out->items);
	for (size_t i = 0; i < out->count; i++)
		out->items[i].timestamp = handle_when(x, out->items[i].timestamp);
	return out;
}
