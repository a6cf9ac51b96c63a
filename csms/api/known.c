/* Commands that name a transaction: is there such a one? What the live view does not show may be in
 * the store. After a loss of data a station may know more than depotd: then `force` goes past. */
#include <stddef.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/station/call.h"
#include "db/query.h"
#include "gen/ocpp201.h"

struct known {
	const char *station, *id;
	void (*then)(struct ask *k);
	struct db_transaction_list found;
	const char *error;
};

static const struct {
	int action;
	size_t at; /* of the transactionId in the request */
} named[] = {
	{OCPP201_COST_UPDATED, offsetof(struct ocpp201_cost_updated_request, transaction_id)},
	{OCPP201_GET_TRANSACTION_STATUS,
		offsetof(struct ocpp201_get_transaction_status_request, transaction_id)},
	{OCPP201_REQUEST_STOP_TRANSACTION,
		offsetof(struct ocpp201_request_stop_transaction_request, transaction_id)},
	{OCPP201_SET_DISPLAY_MESSAGE,
		offsetof(struct ocpp201_set_display_message_request, message.transaction_id)},
};

/* The transaction that the payload names; NULL: none, or the payload is wrong in itself. */
static const char *id_in(struct arena *a, const char *action, const char *payload)
{
	struct schema_error err;

	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
		const struct schema_action *x = &ocpp201_actions[named[i].action];
		const char *r;

		if (strcmp(x->name, action) != 0)
			continue;
		r = schema_decode(x->request, payload, strlen(payload), a, &err);
		return r ? *(const char *const *)(const void *)(r + named[i].at) : NULL;
	}
	return NULL;
}

static bool is_live(const struct station *s, const char *id)
{
	for (int i = 0; i < s->evse_count; i++)
		if (strcmp(s->evses[i].tx.id, id) == 0)
			return true;
	return false;
}

static void work(struct db_reader *r, struct ask *k)
{
	struct known *q = k->state;
	const struct db_transaction_filter f = {.station = q->station, .id = q->id, .limit = 1};

	if (db_query_transactions(r, &f, k->arena, &q->found) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void finish(struct ask *k)
{
	const struct known *q = k->state;

	if (q->error != NULL)
		ask_problem(k, 503, NULL, "the store: %s", q->error);
	else if (q->found.count == 0)
		ask_problem(k, 409, "payload.transactionId",
			"depotd knows no transaction \"%.40s\" of %.48s; GET /api/v1/transactions lists "
			"those that it knows. If the station has it all the same, ask with \"force\": "
			"true (depotctl: --force)",
			q->id, q->station);
	else
		q->then(k);
}

void ask_known_transaction(struct ask *k, struct station *s, const char *action,
	const char *payload, void (*then)(struct ask *k))
{
	const char *id = id_in(k->arena, action, payload);
	struct call_request call = {.action = action, .payload = payload};
	struct schema_error err;
	struct known *q;

	/* What is wrong with the request itself is told first. */
	if (id == NULL || is_live(s, id) || call_check(k->api->core, s, &call, &err) != 0) {
		then(k);
		return;
	}
	q = arena_alloc(k->arena, sizeof(*q));
	if (q == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	*q = (struct known){.station = arena_strdup(k->arena, s->id), .id = id, .then = then};
	k->state = q;
	ask_read(k, work, finish);
}
