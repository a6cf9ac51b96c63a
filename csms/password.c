#include "csms/password.h"
#include <string.h>
#include "csms/log.h"

static bool is_password(const struct ocpp201_component *component, const struct ocpp201_variable *v)
{
	return strcasecmp(component->name, "SecurityCtrlr") == 0 &&
	       strcasecmp(v->name, "BasicAuthPassword") == 0;
}

static bool was_accepted(const struct ocpp201_set_variables_response *answer)
{
	for (size_t i = 0; i < answer->set_variable_result.count; i++) {
		const struct ocpp201_set_variable_result *r = &answer->set_variable_result.items[i];

		if (is_password(&r->component, &r->variable))
			return r->attribute_status == OCPP201_SET_VARIABLE_STATUS_ACCEPTED ||
			       r->attribute_status == OCPP201_SET_VARIABLE_STATUS_REBOOT_REQUIRED;
	}
	return false;
}

static void put(struct core *c, struct station *s, const char *password)
{
	struct event_evse evses[EVSES_MAX];
	struct event_station_registered reg;
	char why[300];

	station_registration(s, evses, &reg);
	if (core_put_station(c, s->id, &reg, password, "station's own word", NULL, NULL, why))
		log_error("station %s: its new password could not be kept: %s", s->id, why);
	else
		log_info("station %s: it accepted a new password", s->id);
}

void password_take(struct core *c, struct station *s, const char *request,
	const struct ocpp201_set_variables_response *answer)
{
	struct arena *a;
	struct schema_error err;
	const struct ocpp201_set_variables_request *r;

	if (!was_accepted(answer) || !(a = arena_create(0)))
		return;
	r = schema_decode(&ocpp201_set_variables_request_type, request, strlen(request), a, &err);
	for (size_t i = 0; r && i < r->set_variable_data.count; i++) {
		const struct ocpp201_set_variable_data *d = &r->set_variable_data.items[i];

		if (is_password(&d->component, &d->variable))
			put(c, s, d->attribute_value);
	}
	arena_destroy(a);
}
