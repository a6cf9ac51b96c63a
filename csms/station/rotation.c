#include "csms/station/rotation.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/command.h"
#include "csms/station/device.h"
#include "csms/record.h"
#include "csms/secret.h"

/* Fewer than csms/mask.c remembers: what a station says in its answer is hidden in any case. */
#define AT_ONCE 12

#define CHARACTERS 40 /* what each station takes (errata: its maxLimit is 40 to 64); 238 bits */
#define LEAST      16 /* A01; 95 bits, where a station says that it takes no more */

struct rotation {
	struct core *core;
	char id[37], actor[UTF8_SIZE(80)], why[UTF8_SIZE(200)];
	size_t count, next;
	int running;
	char stations[][49];
};

/* -- one station -------------------------------------------------------------------------------- */

/* OCPP 1.6 writes the bytes of its key as hexadecimal digits, 20 bytes at most. */
static void make_password(const struct station *s, char out[CHARACTERS + 1])
{
	int64_t most = device_fact(s, DEVICE_PASSWORD_LIMIT, CHARACTERS);
	char digits[65];

	secret_random(out, CHARACTERS);
	if (most < CHARACTERS)
		out[most < LEAST ? LEAST : most] = '\0';
	if (strcmp(s->protocol, "ocpp1.6") != 0)
		return;
	secret_digest(out, CHARACTERS, digits);
	memcpy(out, digits, CHARACTERS);
	explicit_bzero(digits, sizeof digits);
}

static void refuse(struct rotation *r, const char *station, const char *why)
{
	struct arena *a = record_arena(r->core);
	struct event_job_refused *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->station = arena_strdup(a, station);
	p->why = arena_printf(a, "%.290s", why);
	record_now(r->core, EVENT_JOB_REFUSED, "job", r->id, p, r->actor, NULL);
}

static void go_on(struct rotation *r);

static void on_ended(void *arg, const struct command *k)
{
	struct rotation *r = arg;

	(void)k;
	r->running--;
	go_on(r);
}

static void start_at(struct rotation *r, const char *name)
{
	struct station *s = fleet_station(&r->core->fleet, name);
	char password[CHARACTERS + 1], payload[300];
	const struct command_request req = {
		.action = "SetVariables",
		.payload = payload,
		.actor = r->actor,
		.why = r->why[0] ? r->why : "a new password",
		.parent = r->id,
		.ended = on_ended,
		.arg = r,
	};
	struct schema_error err;

	if (!s || !s->session) {
		refuse(r, name,
			s ? "it is not connected: it keeps its password"
			  : "there is no such station");
		return;
	}
	make_password(s, password);
	snprintf(payload, sizeof payload,
		"{\"setVariableData\":[{\"attributeValue\":\"%s\",\"component\":{\"name\":"
		"\"SecurityCtrlr\"},\"variable\":{\"name\":\"BasicAuthPassword\"}}]}",
		password);
	if (command_start(r->core, s, &req, NULL, &err))
		refuse(r, s->id, err.message);
	else
		r->running++;
	explicit_bzero(password, sizeof password);
	explicit_bzero(payload, sizeof payload);
}

/* -- all of them -------------------------------------------------------------------------------- */

static void go_on(struct rotation *r)
{
	while (r->next < r->count && r->running < AT_ONCE)
		start_at(r, r->stations[r->next++]);
	if (r->next < r->count || r->running)
		return;
	r->core->rotation = NULL;
	free(r);
}

static void journal(struct rotation *r)
{
	struct arena *a = record_arena(r->core);
	struct event_job_started *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	*p = (struct event_job_started){
		.action = "SetVariables",
		.payload =
			"{\"setVariableData\":[{\"attributeValue\":\"***\",\"component\":{\"name\":"
			"\"SecurityCtrlr\"},\"variable\":{\"name\":\"BasicAuthPassword\"}}]}",
		.why = r->why[0] ? arena_strdup(a, r->why) : NULL,
		.stations = (int64_t)r->count,
	};
	record_now(r->core, EVENT_JOB_STARTED, "job", r->id, p, r->actor, NULL);
}

int rotation_start(struct core *c, const struct rotation_order *order, char id[37], char why[200])
{
	struct rotation *r;

	if (c->rotation) {
		snprintf(why, 200, "passwords are being changed already: job %s", c->rotation->id);
		return -1;
	}
	r = calloc(1, sizeof *r + order->count * sizeof r->stations[0]);
	if (!r) {
		snprintf(why, 200, "out of memory");
		return -1;
	}
	r->core = c;
	r->count = order->count;
	for (size_t i = 0; i < order->count; i++)
		snprintf(r->stations[i], sizeof r->stations[i], "%s", order->stations[i]);
	snprintf(r->actor, sizeof r->actor, "%s", order->actor);
	snprintf(r->why, sizeof r->why, "%s", order->why ? order->why : "");
	ocpp_message_ids_next(&c->ids, clock_wall().ms, r->id);
	snprintf(id, 37, "%s", r->id);
	c->rotation = r;
	journal(r);
	go_on(r);
	return 0;
}
