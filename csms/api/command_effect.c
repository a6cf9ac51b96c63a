/*
 * What a command would do to vans, before it is sent: who has a transaction where it works, and what
 * becomes of that by OCPP's own rules. One row an action; the others touch no van.
 */
#include <stdio.h>
#include <string.h>

#include "csms/api/command_say.h"
#include "csms/command/before.h"
#include "csms/vehicles/trips.h"
#include "gen/ocpp201.h"

/* What is known of a case while its words are made. */
struct effect {
	const struct station *station;
	int64_t evse; /* that it works on, 0: all */
	enum api_command_effect does;
	const char *with_vans, *without; /* "%s" is the vans, or where */
};

#define REQUEST(name) const struct ocpp201_##name##_request *r = request

/* B11, B12: OnIdle waits for the end of transactions. */
static void of_reset(const void *request, struct effect *e)
{
	REQUEST(reset);

	e->evse = r->has_evse_id ? r->evse_id : 0;
	if (r->type == OCPP201_RESET_ON_IDLE) {
		e->does = API_COMMAND_EFFECT_LAST;
		e->with_vans =
			"It waits until %s ended, then it boots; nobody can begin meanwhile.";
	} else {
		e->does = API_COMMAND_EFFECT_STOPS;
		e->with_vans = "Stops %s until it is back, for a minute or two.";
	}
	e->without = "Nobody charges at %s. It is away until it has booted.";
}

/* G03, G04: a transaction that runs goes on, the change comes after it. */
static void of_availability(const void *request, struct effect *e)
{
	REQUEST(change_availability);

	e->evse = r->evse ? r->evse->id : 0;
	if (r->operational_status == OCPP201_OPERATIONAL_STATUS_OPERATIVE) {
		e->with_vans = "Nothing changes for %s.";
		e->without = "Vans can charge again at %s.";
		return;
	}
	e->does = API_COMMAND_EFFECT_LAST;
	e->with_vans = "%s charges on. After it nobody can charge there until it is put back.";
	e->without = "Nobody can charge at %s until it is put back.";
}

/* F05.FR.02: a station keeps the cable of an authorised transaction. */
static void of_unlock(const void *request, struct effect *e)
{
	REQUEST(unlock_connector);

	e->evse = r->evse_id;
	e->with_vans = "%s holds the cable. A station says no while it charges: stop it first.";
	e->without = "Nobody charges at %s. Its cable comes free.";
}

static void of_start(const void *request, struct effect *e)
{
	REQUEST(request_start_transaction);

	e->evse = r->has_evse_id ? r->evse_id : 0;
	e->with_vans = "%s has a transaction already. A station takes no second one there.";
	e->without = "A transaction begins at %s once a van is plugged in.";
}

static void of_stop(const void *request, struct effect *e)
{
	REQUEST(request_stop_transaction);

	e->evse = -1;
	for (int i = 0; i < e->station->evse_count; i++)
		if (strcmp(e->station->evses[i].tx.id, r->transaction_id) == 0)
			e->evse = e->station->evses[i].id;
	e->does = API_COMMAND_EFFECT_STOPS;
	e->with_vans = "Stops %s. It does not begin again by itself.";
	e->without = "No van that is known at %s has this transaction.";
}

/* L01: it boots to install, most stations once nobody charges. */
static void of_firmware(const void *request, struct effect *e)
{
	(void)request;
	e->does = API_COMMAND_EFFECT_MAY_STOP;
	e->with_vans = "It boots to install. That may stop %s for some minutes.";
	e->without = "It boots to install. Nobody charges at %s now.";
}

/* Profiles, variables, networks: what they change is the station's affair. */
static void of_setting(const void *request, struct effect *e)
{
	(void)request;
	e->with_vans = "%s charges on. What is set may change how.";
	e->without = "Nobody charges at %s now. What is set may change how vans do.";
}

static const struct {
	int action;
	void (*fill)(const void *request, struct effect *e);
} rows[] = {
	{OCPP201_RESET, of_reset},
	{OCPP201_CHANGE_AVAILABILITY, of_availability},
	{OCPP201_UNLOCK_CONNECTOR, of_unlock},
	{OCPP201_REQUEST_START_TRANSACTION, of_start},
	{OCPP201_REQUEST_STOP_TRANSACTION, of_stop},
	{OCPP201_UPDATE_FIRMWARE, of_firmware},
	{OCPP201_SET_VARIABLES, of_setting},
	{OCPP201_SET_CHARGING_PROFILE, of_setting},
	{OCPP201_CLEAR_CHARGING_PROFILE, of_setting},
	{OCPP201_SET_NETWORK_PROFILE, of_setting},
};

static void find_effect(
	struct ask *k, const struct schema_action *a, const char *payload, struct effect *e)
{
	struct schema_error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (&ocpp201_actions[rows[i].action] != a)
			continue;
		/* Firmware is asked for by drafts that are no request yet; its row reads none. */
		const void *r = schema_decode(a->request, payload, strlen(payload), k->arena, &err);
		if (r != NULL || rows[i].action == OCPP201_UPDATE_FIRMWARE)
			rows[i].fill(r, e);
		return;
	}
}

static bool is_in(const struct effect *e, const struct evse *x)
{
	return e->evse == 0 || e->evse == x->id;
}

static void view_van(
	struct ask *k, const struct evse *x, const struct effect *e, struct api_command_van *out)
{
	const struct vehicle *v = x->tx.vehicle;
	wall_t leaves = v ? trips_departure(k->api->core, v, clock_wall()) : (wall_t){0};

	*out = (struct api_command_van){
		.evse = x->id,
		.vehicle = v ? arena_strdup(k->arena, v->id) : NULL,
		.name = v && v->name[0] ? arena_strdup(k->arena, v->name) : NULL,
		.state = evse_state(x),
		.has_power_w = x->power_w.at.ms != 0,
		.power_w = x->power_w.value,
		.has_departs_at = leaves.ms != 0,
		.departs_at = leaves,
		.effect = e->does,
	};
}

/* "VAN 15", "VAN 15 and VAN 16", "VAN 15 and 2 more". */
static const char *name_vans(struct ask *k, const struct api_command_try *t)
{
	const struct api_command_van *v = t->vans.items;
	const char *first = v->name ? v->name
			    : v->vehicle
				    ? v->vehicle
				    : arena_printf(k->arena, "the van at EVSE %d", (int)v->evse);

	return t->vans.count == 1
		       ? first
		       : arena_printf(k->arena, "%s and %zu more", first, t->vans.count - 1);
}

static const char *name_place(struct ask *k, const struct effect *e)
{
	return e->evse > 0 ? arena_printf(k->arena, "%s EVSE %d", e->station->id, (int)e->evse)
			   : e->station->id;
}

/* The words around the one "%s" of a row. */
static const char *put_in(struct ask *k, const char *words, const char *what)
{
	const char *at = strstr(words, "%s");

	return at == NULL
		       ? words
		       : arena_printf(k->arena, "%.*s%s%s", (int)(at - words), words, what, at + 2);
}

void command_effect(struct ask *k, struct station *s, const struct api_command_post *post)
{
	struct command_kind kind;
	struct effect e = {.station = s, .without = "It touches no van."};
	struct api_command_try out = {.station = s->id};

	if (!command_kind(post->action, &kind)) {
		ask_problem(k, 400, "action", "action: stations are not asked for \"%.50s\"",
			post->action);
		return;
	}
	out.action = kind.action->name;
	out.waits_for = kind.waits_for;
	find_effect(k, kind.action, post->payload, &e);
	out.vans.items = arena_alloc(k->arena, sizeof(*out.vans.items) * (size_t)s->evse_count + 1);
	for (int i = 0; e.with_vans && out.vans.items != NULL && i < s->evse_count; i++)
		if (s->evses[i].tx.is_open && is_in(&e, &s->evses[i]))
			view_van(k, &s->evses[i], &e, &out.vans.items[out.vans.count++]);
	out.sentence = out.vans.count > 0 ? put_in(k, e.with_vans, name_vans(k, &out))
					  : put_in(k, e.without, name_place(k, &e));
	ask_reply(k, 200, &api_command_try_type, &out);
}
