/* B07, N02, N09, O04: what stations report in parts. Each part is answered at once; csms/station/report.h
 * puts the report in force when it is complete. */
#include "csms/station/device.h"
#include "csms/handle/handlers.h"
#include "csms/mask.h"
#include "csms/station/report.h"

/* A password should be write-only (A01.FR.08); a station that tells it all the same must not make
 * us keep it. */
static bool hide_secrets(struct arena *a, const struct ocpp201_report_data_list *in,
	struct ocpp201_report_data_list *out)
{
	out->count = in->count;
	out->items = arena_alloc(a, in->count * sizeof *out->items + 1);
	for (size_t i = 0; out->items && i < in->count; i++) {
		struct ocpp201_report_data *d = &out->items[i];
		struct ocpp201_variable_attribute *copy;

		*d = in->items[i];
		if (!mask_is_secret(d->variable.name))
			continue;
		copy = arena_alloc(a, d->variable_attribute.count * sizeof *copy + 1);
		if (!copy)
			return false;
		for (size_t k = 0; k < d->variable_attribute.count; k++) {
			copy[k] = d->variable_attribute.items[k];
			copy[k].value = NULL;
		}
		d->variable_attribute.items = copy;
	}
	return out->items != NULL;
}

/* What the station says of its limits counts at once, part by part. */
static void learn(struct station *s, const struct ocpp201_report_data_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct ocpp201_report_data *d = &list->items[i];
		const struct ocpp201_variable_characteristics *c = d->variable_characteristics;

		device_learn(s, &d->component, &d->variable, NULL,
			c && c->has_max_limit ? &c->max_limit : NULL, c ? c->values_list : NULL);
		for (size_t k = 0; k < d->variable_attribute.count; k++)
			if (d->variable_attribute.items[k].type == OCPP201_ATTRIBUTE_ACTUAL)
				device_learn(s, &d->component, &d->variable,
					d->variable_attribute.items[k].value, NULL, NULL);
	}
}

void *handle_notify_report(struct exchange *x, const void *request)
{
	const struct ocpp201_notify_report_request *r = request;
	struct ocpp201_report_data_list list;
	const char *items;

	if (!hide_secrets(x->arena, &r->report_data, &list))
		return NULL;
	learn(x->station, &list);
	items = report_items(x->arena, &ocpp201_report_data_type, list.items, list.count);
	if (!items || !report_part(x, EVENT_REPORT_KIND_INVENTORY, r->request_id, r->seq_no,
			      !r->tbc, r->generated_at, items))
		return NULL;
	return arena_alloc(x->arena, sizeof(struct ocpp201_notify_report_response));
}

void *handle_notify_monitoring_report(struct exchange *x, const void *request)
{
	const struct ocpp201_notify_monitoring_report_request *r = request;
	const char *items = report_items(
		x->arena, &ocpp201_monitoring_data_type, r->monitor.items, r->monitor.count);

	if (!items || !report_part(x, EVENT_REPORT_KIND_MONITORING, r->request_id, r->seq_no,
			      !r->tbc, r->generated_at, items))
		return NULL;
	return arena_alloc(x->arena, sizeof(struct ocpp201_notify_monitoring_report_response));
}

/* O04: without numbers; parts count as they come. */
void *handle_notify_display_messages(struct exchange *x, const void *request)
{
	const struct ocpp201_notify_display_messages_request *r = request;
	const char *items = report_items(
		x->arena, &ocpp201_message_info_type, r->message_info.items, r->message_info.count);

	if (!items || !report_part(x, EVENT_REPORT_KIND_DISPLAYS, r->request_id, -1, !r->tbc,
			      (wall_t){0}, items))
		return NULL;
	return arena_alloc(x->arena, sizeof(struct ocpp201_notify_display_messages_response));
}

/* N09: one text that may be cut anywhere, even in the middle of a word. */
void *handle_notify_customer_information(struct exchange *x, const void *request)
{
	const struct ocpp201_notify_customer_information_request *r = request;
	struct text t;
	const char *items = NULL;

	text_init(&t, 0);
	text_putc(&t, '[');
	text_put_json(&t, r->data);
	text_putc(&t, ']');
	if (text_ok(&t))
		items = arena_strndup(x->arena, t.data, t.len);
	text_finish(&t);
	if (!items || !report_part(x, EVENT_REPORT_KIND_CUSTOMER, r->request_id, r->seq_no, !r->tbc,
			      r->generated_at, items))
		return NULL;
	return arena_alloc(x->arena, sizeof(struct ocpp201_notify_customer_information_response));
}
