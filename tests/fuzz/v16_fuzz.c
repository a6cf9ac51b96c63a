/*
 * Fuzzes the translation between OCPP 1.6 and 2.0.1: whatever the rows of one version take becomes
 * what the rows of the other take, both ways, and nothing else; so does what is left of a message of
 * which parts cannot be read.
 *
 * Input: a line "up ACTION" or "down ACTION", with a digit before it that says what is known of the
 * station; a line with the payload; and further lines with answers (what is none of the schema is a
 * CALLERROR). tests/fuzz/v16.seeds has a few.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ocpp/v16_down.h"

#define REPLIES_MAX 64

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

/* What the translation made must be what the rows allow. */
static void check_rows(struct arena *a, const struct schema_struct *type, const void *value)
{
	struct schema_error err;
	struct text t;

	check(value != NULL);
	text_init(&t, 0);
	check(schema_encode(type, value, &t) == 0);
	check(schema_decode(type, t.data, t.len, a, &err) != NULL);
	text_finish(&t);
}

static int phases(void *arg, int64_t evse)
{
	(void)arg;
	return (int)(evse & 3);
}

/* One line of the input; NULL: there is none. */
static const char *line(struct arena *a, const uint8_t **data, const uint8_t *end)
{
	const uint8_t *nl = memchr(*data, '\n', (size_t)(end - *data));
	const char *out;

	if (*data >= end)
		return NULL;
	if (!nl)
		nl = end;
	out = arena_strndup(a, (const char *)*data, (size_t)(nl - *data));
	*data = nl < end ? nl + 1 : end;
	return out;
}

static void up_kept(struct arena *a, const struct v16_hints *h, int action, const void *in)
{
	const struct schema_struct *event = &ocpp201_transaction_event_request_type;
	struct v16_tx tx = {.id = "12", .connector = 1, .has_remote_start = true};
	struct ocpp201_meter_values_request *values;
	bool nothing;

	switch (action) {
	case OCPP16_START_TRANSACTION:
		check_rows(a, event, v16_started(h, in, &tx));
		break;
	case OCPP16_STOP_TRANSACTION:
		check_rows(a, event, v16_ended(h, in, &tx));
		break;
	case OCPP16_METER_VALUES:
		check_rows(a, event, v16_metered(h, in, &tx));
		values = v16_measured(h, in, &nothing);
		if (!nothing)
			check_rows(a, &ocpp201_meter_values_request_type, values);
		break;
	case OCPP16_STATUS_NOTIFICATION:
		check_rows(a, &ocpp201_status_notification_request_type, v16_status(h, in));
		check_rows(a, &ocpp201_notify_event_request_type, v16_problem(h, in, 3));
		break;
	default:
		check(!(ocpp16_actions[action].sender & SCHEMA_FROM_STATION));
	}
}

static void up(struct arena *a, int action, const uint8_t *data, const uint8_t *end)
{
	const struct v16_hints h = {.arena = a, .now = {1763694000000}, .log_request = 4};
	const struct v16_up *row = v16_up_find(action);
	const char *text = line(a, &data, end), *answer = line(a, &data, end);
	struct schema_error err;
	struct schema_notes notes;
	const void *in = text ? schema_decode_lenient(ocpp16_actions[action].request, text,
					strlen(text), a, &notes, &err)
			      : NULL;

	if (in && !row)
		up_kept(a, &h, action, in);
	if (in && row)
		check_rows(a, ocpp201_actions[row->to].request, row->request(&h, in));
	in = row && answer ? schema_decode(ocpp201_actions[row->to].response, answer,
				     strlen(answer), a, &err)
			   : NULL;
	if (in)
		check_rows(a, ocpp16_actions[action].response, row->answer(a, in));
}

/* True if any reply holds a response. */
static bool read_replies(struct arena *a, const struct v16_plan *p, const uint8_t *data,
	const uint8_t *end, struct v16_reply *replies)
{
	bool any = false;

	for (size_t i = 0; i < p->count && i < REPLIES_MAX; i++) {
		const char *text = line(a, &data, end);
		struct schema_error err;

		if (!text)
			break;
		replies[i].was_asked = true;
		replies[i].response = schema_decode(
			ocpp16_actions[p->asks[i].action].response, text, strlen(text), a, &err);
		any |= replies[i].response != NULL;
	}
	return any;
}

static void down(struct arena *a, const struct v16_facts *f, int action, const uint8_t *data,
	const uint8_t *end)
{
	struct v16_reply *replies;
	struct v16_plan p;
	struct schema_error err;
	const char *why = NULL, *text = line(a, &data, end);
	const void *in =
		text ? schema_decode(ocpp201_actions[action].request, text, strlen(text), a, &err)
		     : NULL;
	const void *out;

	if (!in)
		return;
	if (v16_plan_make(a, f, action, in, &p, &why)) {
		check(why && *why);
		return;
	}
	check(p.count > 0);
	for (size_t i = 0; i < p.count; i++)
		check_rows(a, ocpp16_actions[p.asks[i].action].request, p.asks[i].request);
	replies = arena_alloc(a, p.count * sizeof *replies);
	check(replies != NULL);
	if (!read_replies(a, &p, data, end, replies))
		return;
	out = v16_plan_conclude(a, &p, replies, &why);
	if (out)
		check_rows(a, ocpp201_actions[action].response, out);
	else
		check(why && *why);
	if (action == OCPP201_GET_BASE_REPORT)
		for (int i = 0;
			(out = v16_report(a, &p, replies, (wall_t){1763694000000}, i)) != NULL; i++)
			check_rows(a, &ocpp201_notify_report_request_type, out);
}

static int action_of(const struct schema_action *table, int count, const char *name)
{
	const struct schema_action *found = schema_action_find(table, count, name);

	return found ? (int)(found - table) : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(64u << 20);
	const uint8_t *end = data + size;
	const char *head = line(a, &data, end);
	struct v16_facts f = {.phases = phases, .volts = 230};
	int action;

	check(a != NULL);
	if (head && *head) {
		f.no_security = *head & 1;
		f.only_amperes = (*head & 6) == 2;
		f.only_watts = (*head & 6) == 4;
		head++;
		if (strncmp(head, "up ", 3) == 0 &&
			(action = action_of(ocpp16_actions, OCPP16_ACTION_COUNT, head + 3)) >= 0)
			up(a, action, data, end);
		if (strncmp(head, "down ", 5) == 0 &&
			(action = action_of(ocpp201_actions, OCPP201_ACTION_COUNT, head + 5)) >= 0)
			down(a, &f, action, data, end);
	}
	arena_destroy(a);
	return 0;
}
