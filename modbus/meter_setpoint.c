#include "modbus/meter_setpoint.h"

#include <stdio.h>
#include <string.h>

#define RETRY_US 1000000 /* a device that refuses or is silent is written to no more often */

/* ---- the lease ---- */

void meter_lease_init(struct meter_lease *l, const struct meter_map *map, int unit, double speed)
{
	*l = (struct meter_lease){.how = map->setpoint,
		.order = map->order,
		.unit = unit,
		.period_us = (int64_t)((double)map->setpoint->repeat_ms * 1000 / speed),
		.lets_go_us = (int64_t)((double)map->setpoint->lets_go_s * 1e6 / speed)};
}

static enum meter_result put(struct meter_lease *l, struct meter_link *link, int64_t address,
	double value, enum meter_type type, enum meter_order order)
{
	uint16_t words[4];
	int count = meter_words(value, type, order, words);

	return meter_link_write(link, l->unit, (int)address, count, words);
}

static enum meter_result put_all(
	struct meter_lease *l, struct meter_link *link, const struct meter_write_list *list)
{
	enum meter_result result = METER_OK;

	for (size_t i = 0; i < list->count && result == METER_OK; i++) {
		const struct meter_write *w = &list->items[i];

		result = put(
			l, link, w->address, w->value, w->type, w->has_order ? w->order : l->order);
	}
	return result;
}

static enum meter_result put_setpoint(struct meter_lease *l, struct meter_link *link, int32_t w)
{
	const struct meter_setpoint *s = l->how;
	double raw = (s->sign == METER_SIGN_CHARGES ? w : -(double)w) / s->scale;
	enum meter_result result = METER_OK;

	/* A device that was away may have forgotten who commands it. */
	if (!l->told.is_on || l->begun_at != meter_link_stats(link)->connects)
		result = put_all(l, link, &s->begin);
	if (result == METER_OK && s->has_heartbeat)
		result = put(l, link, s->heartbeat, ++l->beats, METER_TYPE_UINT16, l->order);
	if (result == METER_OK)
		result = put(l, link, s->address, raw, s->type, s->has_order ? s->order : l->order);
	return result;
}

static void note(struct meter_lease *l, struct meter_link *link, enum meter_result result)
{
	if (result == METER_OK) {
		l->told.failures = 0;
		l->told.error[0] = '\0';
		return;
	}
	l->told.failures++;
	snprintf(l->told.error, sizeof l->told.error, "%s", meter_link_error(link));
}

static void write_order(
	struct meter_lease *l, struct meter_link *link, int32_t w, int64_t now_us, int64_t wall_ms)
{
	enum meter_result result = put_setpoint(l, link, w);

	note(l, link, result);
	if (result == METER_OK) {
		l->told.is_on = true;
		l->told.w = w;
		l->told.at_ms = wall_ms;
		l->written_us = now_us;
		l->begun_at = meter_link_stats(link)->connects;
	}
	l->due_us =
		now_us + (result == METER_OK || l->period_us > RETRY_US ? l->period_us : RETRY_US);
}

static void release(struct meter_lease *l, struct meter_link *link, int64_t now_us)
{
	enum meter_result result = put_all(l, link, &l->how->release);

	note(l, link, result);
	/* What could not be said it does by itself. */
	if (result == METER_OK || now_us - l->written_us >= l->lets_go_us)
		l->told.is_on = false;
	l->due_us = now_us + RETRY_US;
}

static bool holds(const struct meter_command *c, int64_t now_us)
{
	return c->is_on && now_us < c->until_us;
}

int64_t meter_lease_due_us(
	const struct meter_lease *l, const struct meter_command *c, int64_t now_us)
{
	if (holds(c, now_us))
		return l->due_us < c->until_us ? l->due_us : c->until_us;
	return l->told.is_on ? l->due_us : INT64_MAX;
}

void meter_lease_run(struct meter_lease *l, const struct meter_command *c, struct meter_link *link,
	int64_t now_us, int64_t wall_ms)
{
	if (meter_lease_due_us(l, c, now_us) > now_us)
		return;
	if (holds(c, now_us))
		write_order(l, link, c->w, now_us, wall_ms);
	else
		release(l, link, now_us);
}

void meter_lease_end(struct meter_lease *l, struct meter_link *link)
{
	if (l->told.is_on)
		put_all(l, link, &l->how->release);
	l->told.is_on = false;
}
