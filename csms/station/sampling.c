#include "csms/station/sampling.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/command.h"
#include "csms/log.h"
#include "gen/ocpp201.h"
#include "schemas/arena.h"

#define LIST_MAX   1000 /* of a member list; a longer one is left as it is */
#define COMPONENT  "\"component\":{\"name\":\"SampledDataCtrlr\"}"
#define MEASURANDS "TxUpdatedMeasurands"
#define INTERVAL   "TxUpdatedInterval"

/* What control, bills and people want to see of a vehicle; the most important first. */
static const char *const wanted[] = {
	"Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "SoC", "Voltage"};
#define WANTED (sizeof wanted / sizeof *wanted)

struct sampling {
	struct core *core;
	struct station *station;
	struct timer timer;
	char command[37]; /* under way, "" none */
	char list[LIST_MAX + 1]; /* what it samples, as it said or took */
	char firmware[UTF8_SIZE(50)]; /* that `refused` is of */
	unsigned missing, refused, offered; /* bits: rows of `wanted`; offered: in the command */
	bool one_by_one;
};

/* -- the list ---------------------------------------------------------------------------------- */

static bool has(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ",");

		if (n == len && strncasecmp(p, name, n) == 0)
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

static unsigned missing_in(const char *list)
{
	unsigned bits = 0;

	for (size_t i = 0; i < WANTED; i++)
		if (!has(list, wanted[i]))
			bits |= 1u << i;
	return bits;
}

/* The list with these behind it; false: it gets too long. */
static bool join(const char *list, unsigned bits, char out[LIST_MAX + 1])
{
	size_t len = (size_t)snprintf(out, LIST_MAX + 1, "%s", list);

	for (size_t i = 0; i < WANTED && len <= LIST_MAX; i++)
		if (bits >> i & 1)
			len += (size_t)snprintf(
				out + len, LIST_MAX + 1 - len, "%s%s", len ? "," : "", wanted[i]);
	return len <= LIST_MAX;
}

/* -- asking ------------------------------------------------------------------------------------ */

static void go_on(struct sampling *m);

static bool start(struct sampling *m, const char *action, const char *payload,
	void (*ended)(void *arg, const struct command *k))
{
	const struct command_request req = {
		.action = action,
		.payload = payload,
		.actor = "depotd",
		.why = "readings that control and bills need",
		.ended = ended,
		.arg = m,
	};
	struct schema_error err;

	return command_start(m->core, m->station, &req, m->command, &err) == 0;
}

/* "Accepted", "RebootRequired", "Rejected" … of the one variable that was set. */
static void set_status(const struct command *k, char out[40])
{
	struct arena *a = arena_create(0);
	struct command_view v;
	struct schema_error err;
	const struct ocpp201_set_variables_response *r = NULL;

	command_look(k, &v);
	if (a && v.response)
		r = schema_decode(&ocpp201_set_variables_response_type, v.response,
			strlen(v.response), a, &err);
	snprintf(out, 40, "%s",
		r && r->set_variable_result.count
			? ocpp201_set_variable_status_enum
				  .values[r->set_variable_result.items[0].attribute_status]
			: "");
	arena_destroy(a);
}

static void on_interval(void *arg, const struct command *k)
{
	struct sampling *m = arg;
	char status[40];

	set_status(k, status);
	m->command[0] = '\0';
	if (!status[0])
		m->missing = 0; /* lost, or the station goes: the next connection asks again */
	else if (strcmp(status, "Accepted") != 0)
		log_info("station %s: sends readings in its own time: " INTERVAL " %s",
			m->station->id, status);
	go_on(m);
}

static void on_measurands(void *arg, const struct command *k)
{
	struct sampling *m = arg;
	char status[40], list[LIST_MAX + 1];

	set_status(k, status);
	m->command[0] = '\0';
	if (strcmp(status, "Accepted") == 0 || strcmp(status, "RebootRequired") == 0) {
		if (join(m->list, m->offered, list))
			memcpy(m->list, list, sizeof list);
		m->missing &= ~m->offered;
	} else if (!status[0]) {
		m->missing = 0; /* as above */
	} else if (m->one_by_one || (m->offered & (m->offered - 1)) == 0) {
		m->refused |= m->offered;
	} else {
		m->one_by_one = true;
	}
	go_on(m);
}

static bool set(struct sampling *m, const char *variable, const char *value,
	void (*ended)(void *arg, const struct command *k))
{
	char payload[LIST_MAX + 300];

	snprintf(payload, sizeof payload,
		"{\"setVariableData\":[{" COMPONENT ",\"variable\":{\"name\":\"%s\"},"
		"\"attributeValue\":\"%s\"}]}",
		variable, value);
	return start(m, "SetVariables", payload, ended);
}

/* The next offer: all that is missing, then each by itself. */
static void go_on(struct sampling *m)
{
	unsigned open = m->missing & ~m->refused;
	char list[LIST_MAX + 1];

	if (!open) {
		if (m->missing)
			log_info("station %s: samples %s and no more", m->station->id, m->list);
		return;
	}
	m->offered = m->one_by_one ? open & ~(open - 1) : open;
	if (join(m->list, m->offered, list))
		set(m, MEASURANDS, list, on_measurands);
}

/* Text of ours goes into JSON as it is: a list of anything else than names is left alone. */
static bool is_plain(const char *s)
{
	return strlen(s) <= LIST_MAX &&
	       s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,-_")] ==
		       '\0';
}

static void take(struct sampling *m, const struct ocpp201_get_variables_response *r)
{
	int64_t every_s = m->core->config->control->sample_s;
	bool sets_interval = false;
	char text[24];

	m->missing = 0;
	for (size_t i = 0; i < r->get_variable_result.count; i++) {
		const struct ocpp201_get_variable_result *v = &r->get_variable_result.items[i];

		if (v->attribute_status != OCPP201_GET_VARIABLE_STATUS_ACCEPTED ||
			!v->attribute_value)
			continue;
		if (strcasecmp(v->variable.name, MEASURANDS) == 0 && is_plain(v->attribute_value)) {
			snprintf(m->list, sizeof m->list, "%s", v->attribute_value);
			m->missing = missing_in(m->list);
		} else if (strcasecmp(v->variable.name, INTERVAL) == 0) {
			sets_interval = strtoll(v->attribute_value, NULL, 10) != every_s;
		}
	}
	snprintf(text, sizeof text, "%lld", (long long)every_s);
	if (!sets_interval || !set(m, INTERVAL, text, on_interval))
		go_on(m);
}

static void on_values(void *arg, const struct command *k)
{
	struct sampling *m = arg;
	struct arena *a = arena_create(0);
	struct command_view v;
	struct schema_error err;
	const struct ocpp201_get_variables_response *r = NULL;

	m->command[0] = '\0';
	command_look(k, &v);
	if (a && v.response)
		r = schema_decode(&ocpp201_get_variables_response_type, v.response,
			strlen(v.response), a, &err);
	if (r)
		take(m, r);
	arena_destroy(a);
}

static void on_time(void *arg)
{
	static const char payload[] =
		"{\"getVariableData\":[{" COMPONENT ",\"variable\":{\"name\":\"" INTERVAL
		"\"}},{" COMPONENT ",\"variable\":{\"name\":\"" MEASURANDS "\"}}]}";
	struct sampling *m = arg;

	if (!m->station->session || !station_is_accepted(m->station) || m->command[0])
		return;
	if (strcmp(m->firmware, m->station->firmware) != 0) {
		snprintf(m->firmware, sizeof m->firmware, "%s", m->station->firmware);
		m->refused = 0;
		m->one_by_one = false;
	}
	start(m, "GetVariables", payload, on_values);
}

void sampling_station_ready(struct core *c, struct station *s)
{
	struct sampling *m = s->sampling;

	if (c->config->device->inventory != CONFIG_INVENTORY_AUTO)
		return;
	if (!m) {
		m = s->sampling = calloc(1, sizeof *m);
		if (!m)
			return;
		m->core = c;
		m->station = s;
	}
	if (!m->command[0] && !timer_running(&m->timer))
		timer_start(c->timers, &m->timer, c->config->device->inventory_delay_s * 1000,
			on_time, m);
}

void sampling_forget(struct station *s)
{
	struct sampling *m = s->sampling;

	if (!m)
		return;
	timer_stop(m->core->timers, &m->timer);
	free(m);
	s->sampling = NULL;
}
