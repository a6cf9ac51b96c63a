#include "csms/station/password.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/log.h"
#include "csms/record.h"
#include "csms/secret.h"
#include "csms/mask.h"
#include "csms/station/session.h"

static bool is_password(const struct ocpp201_component *component, const struct ocpp201_variable *v)
{
	return strcasecmp(component->name, "SecurityCtrlr") == 0 &&
	       strcasecmp(v->name, "BasicAuthPassword") == 0;
}

/* -- journal ---------------------------------------------------------------------------------- */

static void journal_offer(
	struct core *c, const struct station *s, const char *id, const char *hash, bool waits)
{
	struct arena *a = record_arena(c);
	struct event_station_password_offered *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->offer_id = arena_strdup(a, id);
	p->password_hash = arena_strdup(a, hash);
	p->waits_for_reboot = waits;
	record_now(c, EVENT_STATION_PASSWORD_OFFERED, "station", s->id, p, NULL, id);
}

static void drop(struct station *s, int i)
{
	s->offer_count--;
	memmove(&s->offers[i], &s->offers[i + 1],
		(size_t)(s->offer_count - i) * sizeof s->offers[0]);
}

/* Forgets the offers that `goes` says yes to; with `hash` that one is in force from now on. Memory
 * first: should the disk fail, what is there lets both in. */
static void settle(struct core *c, struct station *s, const char *hash, const char *actor,
	bool (*goes)(const struct password_offer *o, const char *id), const char *id)
{
	struct arena *a = record_arena(c);
	struct event_station_password_settled *p = a ? arena_alloc(a, sizeof *p) : NULL;
	const char **ids = a ? arena_alloc(a, PASSWORD_OFFERS * sizeof *ids) : NULL;

	if (!p || !ids)
		return;
	p->password_hash = hash ? arena_strdup(a, hash) : NULL;
	p->forgotten.items = ids;
	for (int i = s->offer_count - 1; i >= 0; i--)
		if (goes(&s->offers[i], id)) {
			ids[p->forgotten.count++] = arena_strdup(a, s->offers[i].id);
			drop(s, i);
		}
	if (p->password_hash)
		snprintf(s->password_hash, sizeof s->password_hash, "%s", p->password_hash);
	if (p->password_hash || p->forgotten.count)
		record_now(c, EVENT_STATION_PASSWORD_SETTLED, "station", s->id, p, actor, NULL);
}

static bool any(const struct password_offer *o, const char *id)
{
	(void)o;
	(void)id;
	return true;
}

static bool that_one(const struct password_offer *o, const char *id)
{
	return strcmp(o->id, id) == 0;
}

/* The old one is still in use: what needs a reboot may yet come. */
static bool if_lost(const struct password_offer *o, const char *id)
{
	(void)id;
	return !o->waits;
}

/* -- offering --------------------------------------------------------------------------------- */

/* Takes the offer into the station's list, or finds it there. */
static int take_offer(struct core *c, struct station *s, const char *call_id, const char *password,
	struct password_call *out, char why[200])
{
	struct password_offer *o;
	int known = password_match(s, password, strlen(password));

	if (known > 0) {
		o = &s->offers[known - 1];
		memcpy(out->id, o->id, sizeof out->id);
		memcpy(out->hash, o->hash, sizeof out->hash);
		return 1;
	}
	if (s->offer_count == PASSWORD_OFFERS) {
		snprintf(why, 200,
			"%d new passwords were sent whose answers were lost: let the station "
			"reconnect first, or set its password here",
			PASSWORD_OFFERS);
		return -1;
	}
	out->is_new = true;
	snprintf(out->id, sizeof out->id, "%s", call_id);
	secret_hash(password, strlen(password), out->hash);
	o = &s->offers[s->offer_count++];
	memset(o, 0, sizeof *o);
	memcpy(o->id, out->id, sizeof o->id);
	memcpy(o->hash, out->hash, sizeof o->hash);
	journal_offer(c, s, o->id, o->hash, false);
	return 1;
}

int password_offer(struct core *c, struct station *s, const char *call_id, const char *request,
	struct password_call *out, char why[200])
{
	struct arena *a = arena_create(0);
	struct schema_error err;
	const struct ocpp201_set_variables_request *r =
		a ? schema_decode(
			    &ocpp201_set_variables_request_type, request, strlen(request), a, &err)
		  : NULL;
	const char *password = NULL;
	int rc = 0;

	for (size_t i = 0; r && i < r->set_variable_data.count; i++) {
		const struct ocpp201_set_variable_data *d = &r->set_variable_data.items[i];

		if (is_password(&d->component, &d->variable))
			password = d->attribute_value;
	}
	memset(out, 0, sizeof *out);
	if (password)
		mask_learn(password);
	if (password)
		rc = take_offer(c, s, call_id, password, out, why);
	arena_destroy(a);
	return rc;
}

/* -- settling --------------------------------------------------------------------------------- */

static int status_of(const struct ocpp201_set_variables_response *answer)
{
	for (size_t i = 0; answer && i < answer->set_variable_result.count; i++) {
		const struct ocpp201_set_variable_result *r = &answer->set_variable_result.items[i];

		if (is_password(&r->component, &r->variable))
			return (int)r->attribute_status;
	}
	return -1;
}

struct ending {
	struct core *core;
	char station[49];
	int64_t epoch;
};

/* The connection was opened with the old password: the station is to come back with the new. */
static void end_connection(void *arg, int status, const char *why)
{
	struct ending *e = arg;
	struct station *s = fleet_station(&e->core->fleet, e->station);

	(void)why;
	if (status == 0 && s && s->session && s->epoch == e->epoch)
		session_close(s->session, WS_CLOSE_POLICY, "registration changed");
	free(e);
}

static void accepted(struct core *c, struct station *s, const struct password_call *p)
{
	struct ending *e = calloc(1, sizeof *e);

	settle(c, s, p->hash, NULL, any, NULL);
	log_info("station %s: it accepted a new password", s->id);
	if (!e)
		return;
	e->core = c;
	e->epoch = s->epoch;
	snprintf(e->station, sizeof e->station, "%s", s->id);
	record_then(c, end_connection, e);
}

static void wait_for_reboot(struct core *c, struct station *s, const struct password_call *p)
{
	for (int i = 0; i < s->offer_count; i++)
		if (strcmp(s->offers[i].id, p->id) == 0)
			s->offers[i].waits = true;
	journal_offer(c, s, p->id, p->hash, true);
	log_info("station %s: its new password works after a reboot; until then both do", s->id);
}

void password_ended(struct core *c, struct station *s, const struct password_call *p,
	const struct call_result *r)
{
	bool is_unknown = r->outcome == EVENT_CALL_OUTCOME_TIMEOUT ||
			  r->outcome == EVENT_CALL_OUTCOME_LOST ||
			  (r->outcome == EVENT_CALL_OUTCOME_ERROR && r->error_code &&
				  strcmp(r->error_code, "InvalidAnswer") == 0);
	int status;

	if (!p->hash[0])
		return;
	status = r->outcome == EVENT_CALL_OUTCOME_ANSWERED ? status_of(r->response_struct) : -1;
	if (status == OCPP201_SET_VARIABLE_STATUS_ACCEPTED)
		accepted(c, s, p);
	else if (status == OCPP201_SET_VARIABLE_STATUS_REBOOT_REQUIRED)
		wait_for_reboot(c, s, p);
	else if (is_unknown)
		log_warn("station %s: whether it took its new password is unknown; both work until "
			 "one is used",
			s->id);
	else if (p->is_new)
		settle(c, s, NULL, NULL, that_one, p->id);
}

int password_match(const struct station *s, const void *password, size_t len)
{
	int found =
		secret_matches(password, len, s && s->password_hash[0] ? s->password_hash : NULL)
			? 0
			: -1;

	for (int i = 0; s && i < s->offer_count; i++)
		if (found < 0 && secret_matches(password, len, s->offers[i].hash))
			found = i + 1;
	return found;
}

void password_used(struct core *c, struct station *s, int match)
{
	char hash[sizeof s->password_hash];

	if (match == 0 && s->offer_count) {
		settle(c, s, NULL, NULL, if_lost, NULL);
	} else if (match > 0) {
		snprintf(hash, sizeof hash, "%s", s->offers[match - 1].hash);
		settle(c, s, hash, NULL, any, NULL);
		log_info("station %s: it uses its new password; the old one works no more", s->id);
	}
}

void password_forget_offers(struct core *c, struct station *s, const char *actor)
{
	if (s->offer_count)
		settle(c, s, NULL, actor, any, NULL);
}
