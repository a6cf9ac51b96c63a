/*
 * Charging profiles: one schedule each in 1.6, limits in steps of 0.1, the unit that the station
 * takes. A limit is only ever rounded down.
 */
#include <math.h>
#include <string.h>
#include "ocpp/v16_down_private.h"

#define PHASES_DEFAULT 3 /* K01.FR.49 */

static double down_to_tenth(double x)
{
	return floor(x * 10 + 1e-6) / 10;
}

/* What to multiply a limit with to have it in the unit that the station takes. */
static double factor(const struct v16_facts *f, int64_t evse, enum ocpp201_charging_rate_unit unit,
	const struct ocpp201_charging_schedule_period *p)
{
	int phases = f->phases ? f->phases(f->arg, evse) : PHASES_DEFAULT;
	double v;

	if (phases <= 0)
		return 1; /* DC: amperes are on the other side of the converter */
	if (p && p->has_number_phases && p->number_phases > 0)
		phases = (int)p->number_phases;
	v = (double)f->volts * phases;
	if (unit == OCPP201_CHARGING_RATE_UNIT_W && f->only_amperes)
		return 1 / v;
	return unit == OCPP201_CHARGING_RATE_UNIT_A && f->only_watts ? v : 1;
}

static bool changes_unit(
	const struct v16_facts *f, int64_t evse, enum ocpp201_charging_rate_unit unit)
{
	return factor(f, evse, unit, NULL) != 1;
}

static int put_periods(struct v16_making *m, int64_t evse,
	const struct ocpp201_charging_schedule *in, struct ocpp16_charging_schedule *out)
{
	const struct ocpp201_charging_schedule_period_list *list = &in->charging_schedule_period;

	out->charging_schedule_period.items = arena_alloc(
		m->arena, (list->count + 1) * sizeof *out->charging_schedule_period.items);
	if (!out->charging_schedule_period.items)
		return v16_refuse(m, "out of memory");
	for (size_t i = 0; i < list->count; i++) {
		const struct ocpp201_charging_schedule_period *p = &list->items[i];

		double limit =
			down_to_tenth(p->limit * factor(m->facts, evse, in->charging_rate_unit, p));

		if (p->has_phase_to_use)
			return v16_refuse(m, "OCPP 1.6 has no phaseToUse");
		if (!isfinite(limit))
			return v16_refuse(m, "a limit of %g cannot be sent", p->limit);
		out->charging_schedule_period.items[out->charging_schedule_period.count++] =
			(struct ocpp16_charging_schedule_period){
				.start_period = p->start_period,
				.limit = limit,
				.has_number_phases = p->has_number_phases,
				.number_phases = p->number_phases,
			};
	}
	return 0;
}

static int put_schedule(struct v16_making *m, int64_t evse,
	const struct ocpp201_charging_schedule_list *list, struct ocpp16_charging_schedule *out)
{
	const struct ocpp201_charging_schedule *in = list->items;
	bool is_watts;

	if (list->count != 1)
		return v16_refuse(
			m, "OCPP 1.6 has one schedule in a profile, not %zu", list->count);
	if (in->sales_tariff)
		return v16_refuse(m, "OCPP 1.6 has no salesTariff");
	is_watts = in->charging_rate_unit == OCPP201_CHARGING_RATE_UNIT_W;
	if (changes_unit(m->facts, evse, in->charging_rate_unit))
		is_watts = !is_watts;
	out->has_duration = in->has_duration;
	out->duration = in->duration;
	out->has_start_schedule = in->has_start_schedule;
	out->start_schedule = in->start_schedule;
	out->charging_rate_unit =
		is_watts ? OCPP16_CHARGING_RATE_UNIT_W : OCPP16_CHARGING_RATE_UNIT_A;
	out->has_min_charging_rate = in->has_min_charging_rate;
	out->min_charging_rate =
		!in->has_min_charging_rate
			? 0
			: down_to_tenth(in->min_charging_rate *
					factor(m->facts, evse, in->charging_rate_unit, NULL));
	if (!isfinite(out->min_charging_rate))
		return v16_refuse(m, "a rate of %g cannot be sent", in->min_charging_rate);
	return put_periods(m, evse, in, out);
}

static int purpose_of(struct v16_making *m, enum ocpp201_charging_profile_purpose in,
	enum ocpp16_charging_profile_purpose *out)
{
	switch (in) {
	case OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_MAX_PROFILE:
		*out = OCPP16_CHARGING_PROFILE_PURPOSE_CHARGE_POINT_MAX_PROFILE;
		return 0;
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE:
		*out = OCPP16_CHARGING_PROFILE_PURPOSE_TX_DEFAULT_PROFILE;
		return 0;
	case OCPP201_CHARGING_PROFILE_PURPOSE_TX_PROFILE:
		*out = OCPP16_CHARGING_PROFILE_PURPOSE_TX_PROFILE;
		return 0;
	case OCPP201_CHARGING_PROFILE_PURPOSE_CHARGING_STATION_EXTERNAL_CONSTRAINTS:
		break;
	}
	return v16_refuse(m, "OCPP 1.6 has no ChargingStationExternalConstraints");
}

static int put_profile(struct v16_making *m, int64_t evse,
	const struct ocpp201_charging_profile *in, struct ocpp16_charging_profile *out)
{
	if (purpose_of(m, in->charging_profile_purpose, &out->charging_profile_purpose))
		return -1;
	out->charging_profile_id = in->id;
	out->stack_level = in->stack_level;
	out->charging_profile_kind = (enum ocpp16_charging_profile_kind)v16_same(
		&ocpp201_charging_profile_kind_enum, in->charging_profile_kind,
		&ocpp16_charging_profile_kind_enum, OCPP16_CHARGING_PROFILE_KIND_ABSOLUTE);
	out->has_recurrency_kind = in->has_recurrency_kind;
	out->recurrency_kind = in->recurrency_kind == OCPP201_RECURRENCY_KIND_WEEKLY
				       ? OCPP16_RECURRENCY_KIND_WEEKLY
				       : OCPP16_RECURRENCY_KIND_DAILY;
	out->has_valid_from = in->has_valid_from;
	out->valid_from = in->valid_from;
	out->has_valid_to = in->has_valid_to;
	out->valid_to = in->valid_to;
	out->has_transaction_id = in->transaction_id != NULL;
	if (in->transaction_id && v16_transaction_number(in->transaction_id, &out->transaction_id))
		return v16_refuse(m, "OCPP 1.6 numbers its transactions: this is none of them");
	return put_schedule(m, evse, &in->charging_schedule, &out->charging_schedule);
}

int v16_make_set_profile(struct v16_making *m, const void *request)
{
	const struct ocpp201_set_charging_profile_request *in = request;
	struct ocpp16_set_charging_profile_request *out = v16_add(m, OCPP16_SET_CHARGING_PROFILE);

	if (!out)
		return -1;
	out->connector_id = in->evse_id;
	return put_profile(m, in->evse_id, &in->charging_profile, &out->cs_charging_profiles);
}

int v16_make_clear_profile(struct v16_making *m, const void *request)
{
	const struct ocpp201_clear_charging_profile_request *in = request;
	const struct ocpp201_clear_charging_profile *k = in->charging_profile_criteria;
	struct ocpp16_clear_charging_profile_request *out =
		v16_add(m, OCPP16_CLEAR_CHARGING_PROFILE);

	if (!out)
		return -1;
	out->has_id = in->has_charging_profile_id;
	out->id = in->charging_profile_id;
	if (!k)
		return 0;
	out->has_connector_id = k->has_evse_id;
	out->connector_id = k->evse_id;
	out->has_stack_level = k->has_stack_level;
	out->stack_level = k->stack_level;
	out->has_charging_profile_purpose = k->has_charging_profile_purpose;
	return k->has_charging_profile_purpose
		       ? purpose_of(m, k->charging_profile_purpose, &out->charging_profile_purpose)
		       : 0;
}

int v16_make_request_start(struct v16_making *m, const void *request)
{
	const struct ocpp201_request_start_transaction_request *in = request;
	struct ocpp16_remote_start_transaction_request *out =
		v16_add(m, OCPP16_REMOTE_START_TRANSACTION);

	if (!out || !(out->id_tag = v16_tag_of(m, &in->id_token)))
		return -1;
	out->has_connector_id = in->has_evse_id;
	out->connector_id = in->evse_id;
	if (!in->charging_profile)
		return 0;
	out->charging_profile = arena_alloc(m->arena, sizeof *out->charging_profile);
	return out->charging_profile
		       ? put_profile(m, in->evse_id, in->charging_profile, out->charging_profile)
		       : -1;
}

int v16_make_composite(struct v16_making *m, const void *request)
{
	const struct ocpp201_get_composite_schedule_request *in = request;
	struct ocpp16_get_composite_schedule_request *out =
		v16_add(m, OCPP16_GET_COMPOSITE_SCHEDULE);

	if (!out)
		return -1;
	out->connector_id = in->evse_id;
	out->duration = in->duration;
	out->has_charging_rate_unit = in->has_charging_rate_unit;
	out->charging_rate_unit = in->charging_rate_unit == OCPP201_CHARGING_RATE_UNIT_W
					  ? OCPP16_CHARGING_RATE_UNIT_W
					  : OCPP16_CHARGING_RATE_UNIT_A;
	return 0;
}

static struct ocpp201_composite_schedule *composite(struct arena *a,
	const struct ocpp201_get_composite_schedule_request *asked,
	const struct ocpp16_get_composite_schedule_response *in)
{
	const struct ocpp16_charging_schedule *s = in->charging_schedule;
	struct ocpp201_composite_schedule *out = arena_alloc(a, sizeof *out);
	size_t n = s->charging_schedule_period.count;

	if (!out)
		return NULL;
	out->evse_id = asked->evse_id;
	out->duration = s->has_duration ? s->duration : asked->duration;
	out->schedule_start = in->has_schedule_start ? in->schedule_start : s->start_schedule;
	out->charging_rate_unit = s->charging_rate_unit == OCPP16_CHARGING_RATE_UNIT_W
					  ? OCPP201_CHARGING_RATE_UNIT_W
					  : OCPP201_CHARGING_RATE_UNIT_A;
	out->charging_schedule_period.items =
		arena_alloc(a, n * sizeof *out->charging_schedule_period.items);
	if (!out->charging_schedule_period.items)
		return NULL;
	out->charging_schedule_period.count = n;
	for (size_t i = 0; i < n; i++) {
		const struct ocpp16_charging_schedule_period *p =
			&s->charging_schedule_period.items[i];

		out->charging_schedule_period.items[i] = (struct ocpp201_charging_schedule_period){
			.start_period = p->start_period,
			.limit = p->limit,
			.has_number_phases = p->has_number_phases,
			.number_phases = p->number_phases,
		};
	}
	return out;
}

const void *v16_conclude_composite(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why)
{
	const struct ocpp16_get_composite_schedule_response *in = v16_last(p, replies, NULL);
	struct ocpp201_get_composite_schedule_response *out = arena_alloc(a, sizeof *out);
	bool has_when = in->has_schedule_start ||
			(in->charging_schedule && in->charging_schedule->has_start_schedule);

	(void)why;
	if (!out)
		return NULL;
	out->status = in->status == OCPP16_GET_COMPOSITE_SCHEDULE_STATUS_ACCEPTED
			      ? OCPP201_GENERIC_STATUS_ACCEPTED
			      : OCPP201_GENERIC_STATUS_REJECTED;
	if (in->charging_schedule && has_when &&
		in->charging_schedule->charging_schedule_period.count &&
		!(out->schedule = composite(a, p->request, in)))
		return NULL;
	return out;
}
