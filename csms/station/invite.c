#include "csms/station/invite.h"
#include <string.h>
#include "gen/ocpp201.h"

static void invite(struct session *x, int action, bool many)
{
	x->invited |= 1ull << action;
	if (many)
		x->invited_many |= 1ull << action;
}

/* The message that is asked for has the name of its action; all certificates are signed by one. */
static int triggered_action(enum ocpp201_message_trigger asked)
{
	const char *name = ocpp201_message_trigger_enum.values[asked];
	const struct schema_action *a =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, name);

	return a ? (int)(a - ocpp201_actions) : OCPP201_SIGN_CERTIFICATE;
}

/* Of all connectors or EVSEs, when none is named, there may be a message each. */
static bool asks_for_many(const struct ocpp201_trigger_message_request *r)
{
	switch (r->requested_message) {
	case OCPP201_MESSAGE_TRIGGER_STATUS_NOTIFICATION:
		return !r->evse || !r->evse->has_connector_id;
	case OCPP201_MESSAGE_TRIGGER_METER_VALUES:
	case OCPP201_MESSAGE_TRIGGER_TRANSACTION_EVENT:
		return !r->evse;
	default:
		return false;
	}
}

void invite_asked(struct session *x, const struct schema_action *asked, const char *payload)
{
	const struct ocpp201_trigger_message_request *r;
	struct schema_error err;
	struct arena *a;

	if (asked == &ocpp201_actions[OCPP201_GET_BASE_REPORT] ||
		asked == &ocpp201_actions[OCPP201_GET_REPORT])
		invite(x, OCPP201_NOTIFY_REPORT, true);
	if (asked != &ocpp201_actions[OCPP201_TRIGGER_MESSAGE] || !(a = arena_create(0)))
		return;
	r = schema_decode(asked->request, payload, strlen(payload), a, &err);
	if (r)
		invite(x, triggered_action(r->requested_message), asks_for_many(r));
	arena_destroy(a);
}

bool invite_holds(const struct session *x, int action)
{
	return x->invited >> action & 1;
}

void invite_took(struct session *x, int action)
{
	x->invited &= x->invited_many | ~(1ull << action);
}

void invite_clear(struct session *x)
{
	x->invited = x->invited_many = 0;
}
