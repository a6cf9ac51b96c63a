/* What the answers of stations say of their device model: B05, B06, N03 to N06, O01, O05. Results
 * are matched to what was asked by content, since their order is free (B05.FR.03, N04.FR.02). */
#include <string.h>
#include <strings.h>
#include "csms/station/device.h"
#include "csms/mask.h"
#include "csms/record.h"

bool device_name(struct arena *a, const struct ocpp201_component *c,
	const struct ocpp201_variable *v, struct event_device_name *out)
{
	*out = (struct event_device_name){
		.component = arena_strdup(a, c->name),
		.component_instance = c->instance ? arena_strdup(a, c->instance) : NULL,
		.has_evse = c->evse != NULL,
		.evse = c->evse ? c->evse->id : 0,
		.has_connector = c->evse && c->evse->has_connector_id,
		.connector = c->evse ? c->evse->connector_id : 0,
		.variable = arena_strdup(a, v->name),
		.variable_instance = v->instance ? arena_strdup(a, v->instance) : NULL,
	};
	return out->component && out->variable && (out->component_instance || !c->instance) &&
	       (out->variable_instance || !v->instance);
}

static int compare_text(const char *a, const char *b)
{
	return strcasecmp(a ? a : "", b ? b : "");
}

static int64_t evse_number(const struct ocpp201_evse *e)
{
	return e ? e->id : -1;
}

static int64_t connector_number(const struct ocpp201_evse *e)
{
	return e && e->has_connector_id ? e->connector_id : -1;
}

static int compare_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

int device_compare(const struct ocpp201_component *a, const struct ocpp201_variable *v,
	const struct ocpp201_component *b, const struct ocpp201_variable *w)
{
	int d = compare_text(v->name, w->name);

	d = d ? d : compare_text(a->name, b->name);
	d = d ? d : compare_text(v->instance, w->instance);
	d = d ? d : compare_text(a->instance, b->instance);
	d = d ? d : compare_number(evse_number(a->evse), evse_number(b->evse));
	return d ? d : compare_number(connector_number(a->evse), connector_number(b->evse));
}

static void journal(struct core *c, struct station *s, int type, const void *payload)
{
	record_now(c, type, "station", s->id, payload, NULL, NULL);
}

/* -- variables -------------------------------------------------------------------------------- */

static void variables_read(
	struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_get_variables_response *r = response;
	struct arena *a = record_arena(c);
	struct event_variables_read *e = a ? arena_alloc(a, sizeof *e) : NULL;

	(void)request;
	if (!e)
		return;
	e->values.items =
		arena_alloc(a, (r->get_variable_result.count + 1) * sizeof *e->values.items);
	for (size_t i = 0; e->values.items && i < r->get_variable_result.count; i++) {
		const struct ocpp201_get_variable_result *v = &r->get_variable_result.items[i];
		struct event_device_value *out = &e->values.items[e->values.count];
		bool is_secret = mask_is_secret(v->variable.name);

		if (!device_name(a, &v->component, &v->variable, &out->of))
			return;
		out->attribute = ocpp201_attribute_enum.values[v->attribute_type];
		out->status = ocpp201_get_variable_status_enum.values[v->attribute_status];
		if (v->attribute_value && !is_secret)
			out->value = arena_strdup(a, v->attribute_value);
		if (v->attribute_status == OCPP201_GET_VARIABLE_STATUS_ACCEPTED &&
			v->attribute_type == OCPP201_ATTRIBUTE_ACTUAL)
			device_learn(s, &v->component, &v->variable, out->value, NULL, NULL);
		e->values.count++;
	}
	if (e->values.items)
		journal(c, s, EVENT_VARIABLES_READ, e);
}

static const struct ocpp201_set_variable_data *asked_for(
	const struct ocpp201_set_variables_request *q, const struct ocpp201_set_variable_result *r)
{
	for (size_t i = 0; i < q->set_variable_data.count; i++) {
		const struct ocpp201_set_variable_data *d = &q->set_variable_data.items[i];

		if (d->attribute_type == r->attribute_type &&
			device_compare(&d->component, &d->variable, &r->component, &r->variable) ==
				0)
			return d;
	}
	return NULL;
}

static void variables_set(
	struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_set_variables_request *q = request;
	const struct ocpp201_set_variables_response *r = response;
	struct arena *a = record_arena(c);
	struct event_variables_set *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	e->values.items =
		arena_alloc(a, (r->set_variable_result.count + 1) * sizeof *e->values.items);
	for (size_t i = 0; e->values.items && i < r->set_variable_result.count; i++) {
		const struct ocpp201_set_variable_result *v = &r->set_variable_result.items[i];
		const struct ocpp201_set_variable_data *d = asked_for(q, v);
		struct event_device_value *out = &e->values.items[e->values.count];

		if (!d)
			continue; /* an answer to what nobody asked */
		if (!device_name(a, &v->component, &v->variable, &out->of))
			return;
		out->attribute = ocpp201_attribute_enum.values[v->attribute_type];
		out->status = ocpp201_set_variable_status_enum.values[v->attribute_status];
		if (!mask_is_secret(v->variable.name))
			out->value = arena_strdup(a, d->attribute_value);
		if (v->attribute_status == OCPP201_SET_VARIABLE_STATUS_ACCEPTED &&
			v->attribute_type == OCPP201_ATTRIBUTE_ACTUAL)
			device_learn(s, &v->component, &v->variable, out->value, NULL, NULL);
		e->values.count++;
	}
	if (e->values.items)
		journal(c, s, EVENT_VARIABLES_SET, e);
}

/* -- monitors --------------------------------------------------------------------------------- */

static const struct ocpp201_set_monitoring_data *monitor_asked_for(
	const struct ocpp201_set_variable_monitoring_request *q,
	const struct ocpp201_set_monitoring_result *r)
{
	for (size_t i = 0; i < q->set_monitoring_data.count; i++) {
		const struct ocpp201_set_monitoring_data *d = &q->set_monitoring_data.items[i];

		if (d->type == r->type && d->severity == r->severity &&
			device_compare(&d->component, &d->variable, &r->component, &r->variable) ==
				0)
			return d;
	}
	return NULL;
}

static void monitors_set(
	struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_set_variable_monitoring_request *q = request;
	const struct ocpp201_set_variable_monitoring_response *r = response;
	struct arena *a = record_arena(c);
	struct event_monitors_set *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	e->monitors.items =
		arena_alloc(a, (r->set_monitoring_result.count + 1) * sizeof *e->monitors.items);
	for (size_t i = 0; e->monitors.items && i < r->set_monitoring_result.count; i++) {
		const struct ocpp201_set_monitoring_result *v = &r->set_monitoring_result.items[i];
		const struct ocpp201_set_monitoring_data *d = monitor_asked_for(q, v);
		struct event_device_monitor *out = &e->monitors.items[e->monitors.count];

		if (!d)
			continue;
		if (!device_name(a, &v->component, &v->variable, &out->of))
			return;
		out->has_id = v->has_id || d->has_id;
		out->id = v->has_id ? v->id : d->id;
		out->type = ocpp201_monitor_enum.values[d->type];
		out->severity = d->severity;
		out->value = d->value;
		out->in_transaction = d->transaction;
		out->status = ocpp201_set_monitoring_status_enum.values[v->status];
		e->monitors.count++;
	}
	if (e->monitors.items)
		journal(c, s, EVENT_MONITORS_SET, e);
}

/* NotFound: it is not there, which is what was wanted. */
static void monitors_cleared(
	struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_clear_variable_monitoring_response *r = response;
	struct arena *a = record_arena(c);
	struct event_monitors_cleared *e = a ? arena_alloc(a, sizeof *e) : NULL;

	(void)request;
	if (!e)
		return;
	e->ids.items =
		arena_alloc(a, (r->clear_monitoring_result.count + 1) * sizeof *e->ids.items);
	for (size_t i = 0; e->ids.items && i < r->clear_monitoring_result.count; i++)
		if (r->clear_monitoring_result.items[i].status !=
			OCPP201_CLEAR_MONITORING_STATUS_REJECTED)
			e->ids.items[e->ids.count++] = r->clear_monitoring_result.items[i].id;
	if (e->ids.count)
		journal(c, s, EVENT_MONITORS_CLEARED, e);
}

static void base_set(struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_set_monitoring_base_request *q = request;
	const struct ocpp201_set_monitoring_base_response *r = response;
	struct arena *a = record_arena(c);
	struct event_monitoring_base_set *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e || r->status != OCPP201_GENERIC_DEVICE_MODEL_STATUS_ACCEPTED)
		return;
	e->base = ocpp201_monitoring_base_enum.values[q->monitoring_base];
	journal(c, s, EVENT_MONITORING_BASE_SET, e);
}

static void level_set(struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_set_monitoring_level_request *q = request;
	const struct ocpp201_set_monitoring_level_response *r = response;
	struct arena *a = record_arena(c);
	struct event_monitoring_level_set *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e || r->status != OCPP201_GENERIC_STATUS_ACCEPTED)
		return;
	e->severity = q->severity;
	journal(c, s, EVENT_MONITORING_LEVEL_SET, e);
}

/* -- displays --------------------------------------------------------------------------------- */

static void display_set(
	struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_set_display_message_request *q = request;
	const struct ocpp201_set_display_message_response *r = response;
	struct arena *a = record_arena(c);
	struct event_display_changed *e = a ? arena_alloc(a, sizeof *e) : NULL;
	struct text t;

	if (!e || r->status != OCPP201_DISPLAY_MESSAGE_STATUS_ACCEPTED)
		return;
	text_init(&t, 0);
	e->id = q->message.id;
	if (schema_encode(&ocpp201_message_info_type, &q->message, &t) == 0)
		e->message = arena_strndup(a, t.data, t.len);
	text_finish(&t);
	if (e->message)
		journal(c, s, EVENT_DISPLAY_CHANGED, e);
}

/* Unknown: it is not there, which is what was wanted. */
static void display_cleared(
	struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_clear_display_message_request *q = request;
	struct arena *a = record_arena(c);
	struct event_display_changed *e = a ? arena_alloc(a, sizeof *e) : NULL;

	(void)response;
	if (!e)
		return;
	e->id = q->id;
	journal(c, s, EVENT_DISPLAY_CHANGED, e);
}

/* -- nothing to report ------------------------------------------------------------------------ */

bool device_asks_all(int action, const void *request)
{
	const struct ocpp201_get_base_report_request *base = request;
	const struct ocpp201_get_monitoring_report_request *monitors = request;
	const struct ocpp201_get_display_messages_request *displays = request;
	const struct ocpp201_get_charging_profiles_request *profiles = request;

	switch (action) {
	case OCPP201_GET_BASE_REPORT:
		return base->report_base == OCPP201_REPORT_BASE_FULL_INVENTORY;
	case OCPP201_GET_MONITORING_REPORT:
		return !monitors->component_variable.count && !monitors->monitoring_criteria.count;
	case OCPP201_GET_DISPLAY_MESSAGES:
		return !displays->id.count && !displays->has_priority && !displays->has_state;
	case OCPP201_GET_CHARGING_PROFILES:
		return !profiles->has_evse_id &&
		       !profiles->charging_profile.has_charging_profile_purpose &&
		       !profiles->charging_profile.has_stack_level &&
		       !profiles->charging_profile.charging_profile_id.count &&
		       !profiles->charging_profile.charging_limit_source.count;
	default:
		return false;
	}
}

/* All was asked for and there is nothing: no report will come to say so. */
static void empty(
	struct core *c, struct station *s, enum event_report_kind kind, int64_t request_id)
{
	struct arena *a = record_arena(c);
	struct event_report_part *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_report_part){.kind = kind,
		.request_id = request_id,
		.has_seq_no = true,
		.is_last = true,
		.replaces = true,
		.items = "[]"};
	journal(c, s, EVENT_REPORT_PART, e);
}

static void no_monitors(
	struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_get_monitoring_report_request *q = request;
	const struct ocpp201_get_monitoring_report_response *r = response;

	if (r->status == OCPP201_GENERIC_DEVICE_MODEL_STATUS_EMPTY_RESULT_SET &&
		device_asks_all(OCPP201_GET_MONITORING_REPORT, q))
		empty(c, s, EVENT_REPORT_KIND_MONITORING, q->request_id);
}

static void no_displays(
	struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_get_display_messages_request *q = request;
	const struct ocpp201_get_display_messages_response *r = response;

	if (r->status == OCPP201_GET_DISPLAY_MESSAGES_STATUS_UNKNOWN &&
		device_asks_all(OCPP201_GET_DISPLAY_MESSAGES, q))
		empty(c, s, EVENT_REPORT_KIND_DISPLAYS, q->request_id);
}

static void no_profiles(
	struct core *c, struct station *s, const void *request, const void *response)
{
	const struct ocpp201_get_charging_profiles_request *q = request;
	const struct ocpp201_get_charging_profiles_response *r = response;

	if (r->status == OCPP201_GET_CHARGING_PROFILE_STATUS_NO_PROFILES &&
		device_asks_all(OCPP201_GET_CHARGING_PROFILES, q))
		empty(c, s, EVENT_REPORT_KIND_PROFILES, q->request_id);
}

static const struct {
	int action;
	void (*take)(struct core *c, struct station *s, const void *request, const void *response);
} answers[] = {
	{OCPP201_GET_VARIABLES, variables_read},
	{OCPP201_SET_VARIABLES, variables_set},
	{OCPP201_SET_VARIABLE_MONITORING, monitors_set},
	{OCPP201_CLEAR_VARIABLE_MONITORING, monitors_cleared},
	{OCPP201_SET_MONITORING_BASE, base_set},
	{OCPP201_SET_MONITORING_LEVEL, level_set},
	{OCPP201_SET_DISPLAY_MESSAGE, display_set},
	{OCPP201_CLEAR_DISPLAY_MESSAGE, display_cleared},
	{OCPP201_GET_MONITORING_REPORT, no_monitors},
	{OCPP201_GET_DISPLAY_MESSAGES, no_displays},
	{OCPP201_GET_CHARGING_PROFILES, no_profiles},
};

void device_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (answers[i].action == action)
			answers[i].take(c, s, request, response);
}
