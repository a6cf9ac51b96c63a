#include "csms/station/call_judge.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/core.h"
#include "csms/power/profile_check.h"
#include "csms/station/session.h"
#include "csms/station/v16_call.h"

/* What may be sent to a station that is not accepted: B02.FR.01, FR.06; B03.FR.03: nothing. */
static const int while_pending[] = {
	OCPP201_GET_VARIABLES,
	OCPP201_SET_VARIABLES,
	OCPP201_GET_BASE_REPORT,
	OCPP201_GET_REPORT,
	OCPP201_TRIGGER_MESSAGE,
	OCPP201_SET_NETWORK_PROFILE,
	OCPP201_CERTIFICATE_SIGNED,
	OCPP201_INSTALL_CERTIFICATE,
	OCPP201_GET_INSTALLED_CERTIFICATE_IDS,
	OCPP201_RESET,
};

int call_explain(struct schema_error *err, const char *words)
{
	memset(err, 0, sizeof *err);
	snprintf(err->message, sizeof err->message, "%s", words);
	return -1;
}

static bool may_ask(const struct station *s, const struct schema_action *action)
{
	if (station_is_accepted(s))
		return true;
	if (s->boot_status == EVENT_REGISTRATION_REJECTED ||
		s->policy == EVENT_REGISTRATION_REJECTED)
		return false;
	for (size_t i = 0; i < sizeof while_pending / sizeof *while_pending; i++)
		if (&ocpp201_actions[while_pending[i]] == action)
			return true;
	return false;
}

bool call_in_v16(const struct station *s)
{
	return s->session && s->session->version == OCPP_VERSION_1_6;
}

/* What 1.6 has no words for is refused before anything is sent. */
static bool can_be_said(struct station *s, const struct schema_action *a, const void *request,
	struct arena *scratch, struct schema_error *err)
{
	const char *why =
		call_in_v16(s) ? v16_call_refusal(s, (int)(a - ocpp201_actions), request, scratch)
			       : NULL;

	return !why || call_explain(err, why) == 0;
}

/* Part 2, primitive datatypes: a decimal on its way to a station has at most six places. Of the text
 * as it will go out; numbers in strings are none. */
#define PLACES_MOST 6

/* Places behind the point that the number at `p` needs; `end` gets its end. */
static long places(const char *p, const char **end)
{
	const char *point = NULL;
	long n = 0;

	for (; *p && strchr("+-.0123456789", *p); p++) {
		if (*p == '.')
			point = p;
		else if (point)
			n = p - point;
	}
	if (*p == 'e' || *p == 'E')
		n -= strtol(p + 1, (char **)&p, 10);
	*end = p;
	return n;
}

/* The first number with too many places, NULL: none. */
static const char *too_fine(const char *json)
{
	bool in_string = false;

	for (const char *p = json; *p;) {
		const char *from = p;

		if (*p == '"')
			in_string = !in_string;
		if (in_string && *p == '\\' && p[1])
			p++;
		if (in_string || !(*p == '-' || isdigit((unsigned char)*p)))
			p++;
		else if (places(p, &p) > PLACES_MOST)
			return from;
	}
	return NULL;
}

/* DataTransfer carries what a vendor wants. */
static bool is_exact(const struct schema_action *a, const char *payload, struct schema_error *err)
{
	const char *at = a == &ocpp201_actions[OCPP201_DATA_TRANSFER] ? NULL : too_fine(payload);
	char words[200];

	if (!at)
		return true;
	snprintf(words, sizeof words,
		"%.*s has too many places: a decimal that is sent to a station has %d at most "
		"(Part 2, primitive datatypes)",
		(int)strspn(at, "+-.0123456789eE") > 40 ? 40 : (int)strspn(at, "+-.0123456789eE"),
		at, PLACES_MOST);
	call_explain(err, words);
	return false;
}

const struct schema_action *call_judge(
	struct core *c, struct station *s, const struct call_request *req, struct schema_error *err)
{
	const struct schema_action *a =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, req->action);
	struct arena *scratch;
	const void *request;
	char why[300];
	bool is_kept, is_sayable;

	memset(err, 0, sizeof *err);
	if (!a || !(a->sender & SCHEMA_FROM_CSMS)) {
		err->fault = SCHEMA_BAD_ENUM;
		snprintf(err->path, sizeof err->path, "action");
		snprintf(err->message, sizeof err->message,
			a ? "only a station sends this action"
			  : "there is no such action in OCPP 2.0.1");
		return NULL;
	}
	scratch = arena_create(0);
	request = scratch ? schema_decode(
				    a->request, req->payload, strlen(req->payload), scratch, err)
			  : NULL;
	is_kept = request && !req->by_control &&
		  profile_admit(
			  s, (int)(a - ocpp201_actions), request, (int)c->depot->voltage_v, why);
	is_sayable = request && can_be_said(s, a, request, scratch, err);
	arena_destroy(scratch);
	if (!is_sayable)
		return NULL;
	if (!is_exact(a, req->payload, err))
		return NULL;
	if (is_kept) {
		call_explain(err, why);
		return NULL;
	}
	if (!s->session || !s->has_booted) {
		call_explain(err, s->session ? "the station has not sent its BootNotification yet"
					     : "the station is not connected");
		return NULL;
	}
	if (!may_ask(s, a)) {
		call_explain(err, "the station is not accepted: set its policy to accepted first");
		return NULL;
	}
	if (call_queue_length(s->calls) >= c->config->limits->call_queue) {
		call_explain(err, "too many calls wait for this station; try again later");
		return NULL;
	}
	return a;
}
