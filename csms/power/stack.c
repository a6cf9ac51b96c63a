#include "csms/power/stack.h"
#include <string.h>
#include <utlist.h>
#include "csms/power/external.h"

static const enum composite_purpose purposes[] = {
	[OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_EXTERNAL_CONSTRAINTS] =
		COMPOSITE_EXTERNAL,
	[OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_MAX_PROFILE] = COMPOSITE_STATION_MAX,
	[OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE] = COMPOSITE_TX_DEFAULT,
	[OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE] = COMPOSITE_TX,
};

/* Does the profile rule this EVSE (NULL: the station itself)? */
static bool concerns(const struct holding *h, const struct evse *e)
{
	const struct ocpp201_charging_profile *p = h->profile;

	switch (p->charging_profile_purpose) {
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE:
		return e && h->evse_id == e->id && p->transaction_id &&
		       strcmp(p->transaction_id, e->tx.id) == 0;
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE:
		return e && (h->evse_id == 0 || h->evse_id == e->id);
	default:
		return h->evse_id == 0 || (e && h->evse_id == e->id);
	}
}

static int32_t whole(double limit)
{
	return limit < COMPOSITE_NO_LIMIT ? (int32_t)limit : COMPOSITE_NO_LIMIT - 1;
}

static bool add(struct stack *k, struct arena *a, const struct ocpp201_charging_schedule *q,
	wall_t from, const char *source, struct composite_profile item, const struct holding *by)
{
	size_t n = q->charging_schedule_period.count;
	struct composite_period *periods = arena_alloc(a, (n + 1) * sizeof *periods);
	bool amperes = q->charging_rate_unit == OCPP201_CHARGING_RATE_UNIT_A;

	if (!periods)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct ocpp201_charging_schedule_period *p =
			&q->charging_schedule_period.items[i];

		periods[i] = (struct composite_period){
			.start_s = (int32_t)p->start_period,
			.limit = whole(amperes ? p->limit * 1000 : p->limit),
			.phases = p->has_number_phases ? (int)p->number_phases : 0,
		};
	}
	item.unit = amperes ? COMPOSITE_MILLIAMPERE : COMPOSITE_WATT;
	item.start_ms = q->has_start_schedule
				? q->start_schedule.ms
				: from.ms + station_clock_ahead_ms(&k->station->clock);
	item.duration_s = q->has_duration ? q->duration : 0;
	item.period = periods;
	item.count = (int)n;
	k->by[k->count] = by;
	k->source[k->count] = source;
	k->items[k->count++] = item;
	return true;
}

static enum composite_kind kind_of(const struct ocpp201_charging_profile *p)
{
	switch (p->charging_profile_kind) {
	case OCPP201_CHARGING_PROFILE_KIND_RELATIVE:
		return COMPOSITE_RELATIVE;
	case OCPP201_CHARGING_PROFILE_KIND_RECURRING:
		return p->recurrency_kind == OCPP201_RECURRENCY_KIND_WEEKLY ? COMPOSITE_WEEKLY
									    : COMPOSITE_DAILY;
	default:
		return COMPOSITE_ABSOLUTE;
	}
}

/* Of a profile with several schedules (ISO 15118) the vehicle picks one: the first is reckoned. */
static bool add_holding(struct stack *k, struct arena *a, const struct holding *h)
{
	const struct ocpp201_charging_profile *p = h->profile;

	return add(k, a, &p->charging_schedule.items[0], h->at,
		ocpp201_charging_limit_source_enum.values[h->source],
		(struct composite_profile){
			.purpose = purposes[p->charging_profile_purpose],
			.stack_level = (int)p->stack_level,
			.kind = kind_of(p),
			.valid_from_ms = p->has_valid_from ? p->valid_from.ms : 0,
			.valid_to_ms = p->has_valid_to ? p->valid_to.ms : 0,
		},
		h);
}

static bool add_external(struct stack *k, struct arena *a, const struct external *x)
{
	for (size_t i = 0; i < x->schedules.count; i++)
		if (!add(k, a, &x->schedules.items[i], x->at,
			    ocpp201_charging_limit_source_enum.values[x->source],
			    (struct composite_profile){.purpose = COMPOSITE_EXTERNAL}, NULL))
			return false;
	return true;
}

static int room_for(const struct station *s)
{
	const struct external *x;
	int room = holdings_count(s) + 1;

	DL_FOREACH (s->externals, x)
		room += (int)x->schedules.count;
	return room;
}

static int fill(struct stack *k, struct arena *a)
{
	const struct holding *h;
	const struct external *x;

	size_t room = (size_t)room_for(k->station);

	k->items = arena_alloc(a, room * sizeof *k->items);
	k->by = arena_alloc(a, room * sizeof *k->by);
	k->source = arena_alloc(a, room * sizeof *k->source);
	if (!k->items || !k->by || !k->source)
		return -1;
	DL_FOREACH (k->station->holdings, h)
		if (concerns(h, k->evse) && !add_holding(k, a, h))
			return -1;
	k->alone = k->count;
	DL_FOREACH (k->station->externals, x)
		if ((x->evse_id == 0 || (k->evse && x->evse_id == k->evse->id)) &&
			!add_external(k, a, x))
			return -1;
	return 0;
}

int stack_init(struct stack *k, const struct core *c, const struct station *s, const struct evse *e,
	struct arena *a)
{
	*k = (struct stack){
		.station = s,
		.evse = e,
		.max_w = e ? e->max_w : 0,
		.ctx = {.voltage_v = (int)c->depot->voltage_v,
			.in_transaction = e && e->tx.is_open,
			.ready_ms = e ? e->tx.started.ms : 0,
			.phases = e ? e->phases : 3,
			.is_dc = e && e->is_dc},
	};
	if (fill(k, a))
		return -1;
	if (e)
		return 0;
	k->parts = arena_alloc(a, (size_t)(s->evse_count + 1) * sizeof *k->parts);
	for (int i = 0; k->parts && i < s->evse_count; i++)
		if (stack_init(&k->parts[i], c, s, &s->evses[i], a))
			return -1;
	return k->parts ? 0 : -1;
}

static int64_t limit_at(const struct stack *k, wall_t t, wall_t *until, int *index)
{
	struct composite_limit l = composite_limit_at(k->items, k->alone, &k->ctx, t.ms);
	int64_t w, sum = k->max_w;

	*index = l.profile;
	for (int i = k->alone; i < k->count; i++) {
		struct composite_limit x = composite_limit_at(&k->items[i], 1, &k->ctx, t.ms);

		if (x.until_ms < l.until_ms)
			l.until_ms = x.until_ms;
		if (x.w < l.w) {
			l.w = x.w;
			*index = i;
		}
	}
	w = l.w == COMPOSITE_NO_LIMIT ? INT64_MAX : l.w;
	until->ms = l.until_ms;
	if (k->parts) {
		sum = 0;
		for (int i = 0; i < k->station->evse_count; i++) {
			wall_t next;
			int unused;

			sum += limit_at(&k->parts[i], t, &next, &unused);
			if (next.ms < until->ms)
				*until = next;
		}
	}
	if (sum < w) {
		*index = -1;
		w = sum;
	}
	return w;
}

int64_t stack_w(const struct stack *k, wall_t t, wall_t *until)
{
	wall_t next;
	int index;
	int64_t w = limit_at(k, t, &next, &index);

	if (until)
		*until = next;
	return w;
}

int stack_schedule(const struct stack *k, wall_t from, int64_t duration_s, struct stack_period *out)
{
	wall_t end = wall_add_ms(from, duration_s * 1000), next;
	int n = 0, index;

	for (wall_t t = from; t.ms < end.ms && n < STACK_PERIODS_MAX; t = next) {
		int64_t w = limit_at(k, t, &next, &index);
		const struct holding *by = index >= 0 ? k->by[index] : NULL;

		if (n && out[n - 1].w == w && out[n - 1].by == by)
			continue;
		out[n++] = (struct stack_period){
			.start_s = (t.ms - from.ms + 999) / 1000,
			.w = w,
			.by = by,
			.source = index >= 0 ? k->source[index] : "rating",
		};
	}
	return n;
}
