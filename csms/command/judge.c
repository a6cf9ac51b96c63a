/* How the answer to a command is read, by its rule. */
#include <string.h>
#include "csms/command/private.h"
#include "csms/charging/doubt.h"

#define MORE_MAX 200 /* bytes of additionalInfo that are shown */

const char *command_said_no(const char *reason, const char *more, struct arena *a)
{
	const char *words = reason && reason[0] ? reason : "";
	size_t n = more ? strnlen(more, MORE_MAX) : 0;

	while (n == MORE_MAX && n > 0 && ((unsigned char)more[n] & 0xc0) == 0x80)
		n--; /* not within a character */
	if (!words[0] && !n)
		return "the station said no";
	words = arena_printf(a, "the station said no: %s%s%.*s", words, words[0] && n ? ", " : "",
		(int)n, more ? more : "");
	return words ? words : "the station said no";
}

struct verdict command_judge(
	const struct command_rule *rule, const struct answer *ans, struct arena *a)
{
	struct verdict v = {.state = EVENT_COMMAND_STATE_DONE, .status = ans->status};

	if (rule->judge)
		return rule->judge(ans, a);
	if (rule->yes && ans->status && !command_word_in(rule->yes, ans->status)) {
		v.state = EVENT_COMMAND_STATE_REFUSED;
		v.note = command_said_no(ans->reason, ans->more, a);
	} else if (rule->signs && !command_word_in(rule->over, ans->status)) {
		v.state = EVENT_COMMAND_STATE_RUNNING;
	}
	return v;
}

/* E14: what it means, in words. What has to end ends in doubt_answered(). */
struct verdict judge_transaction_status(const struct answer *ans, struct arena *a)
{
	const struct ocpp201_get_transaction_status_request *q = ans->request;
	const struct ocpp201_get_transaction_status_response *r = ans->response;
	struct verdict v = {.state = EVENT_COMMAND_STATE_DONE};

	(void)a;
	if (!q->transaction_id)
		v.note = r->messages_in_queue ? "messages about transactions are queued there"
					      : "no message about a transaction is queued there";
	else if (doubt_is_lost(r))
		v.note = "over, or not known there, and nothing more of it will come: if it was "
			 "still open, it is ended as lost";
	else if (r->has_ongoing_indicator && r->ongoing_indicator)
		v.note = r->messages_in_queue ? "it goes on; messages of it are queued there"
					      : "it goes on";
	else
		v.note = r->messages_in_queue ? "messages of it are still to come"
					      : "the station did not say whether it goes on";
	return v;
}

/* -- lists whose items are judged one by one: B05, B06, N04, N06 ---------------------------------- */

/* rule 38: results count by themselves, wherever they stand. */
static struct verdict judge_items(size_t good, size_t count, const char *bad,
	const struct ocpp201_status_info *info, struct arena *a)
{
	const char *no = info ? command_said_no(info->reason_code, info->additional_info, a) : NULL;

	if (good == count)
		return (struct verdict){EVENT_COMMAND_STATE_DONE, "Accepted", NULL};
	if (count == 1)
		return (struct verdict){
			EVENT_COMMAND_STATE_REFUSED, bad, no ? no : "the station said no"};
	return (struct verdict){good ? EVENT_COMMAND_STATE_FAILED : EVENT_COMMAND_STATE_REFUSED,
		arena_printf(a, "%zu of %zu Accepted", good, count),
		arena_printf(
			a, "the first that was not: %s%s%s", bad, no ? "; " : "", no ? no : "")};
}

#define JUDGE_LIST(name, type, list, member, info, names, yes)                                     \
	struct verdict name(const struct answer *ans, struct arena *a)                             \
	{                                                                                          \
		const struct type *r = ans->response;                                              \
		const struct ocpp201_status_info *why = NULL;                                      \
		const char *bad = "";                                                              \
		size_t good = 0;                                                                   \
                                                                                                   \
		for (size_t i = r->list.count; i-- > 0;)                                           \
			if (r->list.items[i].member == (yes)) {                                    \
				good++;                                                            \
			} else {                                                                   \
				bad = names.values[r->list.items[i].member];                       \
				why = r->list.items[i].info;                                       \
			}                                                                          \
		return judge_items(good, r->list.count, bad, why, a);                              \
	}

JUDGE_LIST(judge_get_variables, ocpp201_get_variables_response, get_variable_result,
	attribute_status, attribute_status_info, ocpp201_get_variable_status_enum,
	OCPP201_GET_VARIABLE_STATUS_ACCEPTED)
JUDGE_LIST(judge_set_monitoring, ocpp201_set_variable_monitoring_response, set_monitoring_result,
	status, status_info, ocpp201_set_monitoring_status_enum,
	OCPP201_SET_MONITORING_STATUS_ACCEPTED)
JUDGE_LIST(judge_clear_monitoring, ocpp201_clear_variable_monitoring_response,
	clear_monitoring_result, status, status_info, ocpp201_clear_monitoring_status_enum,
	OCPP201_CLEAR_MONITORING_STATUS_ACCEPTED)

/* B05: RebootRequired is a yes too, but to what the station does only after its next boot. */
struct verdict judge_set_variables(const struct answer *ans, struct arena *a)
{
	const struct ocpp201_set_variables_response *r = ans->response;
	size_t good = 0, later = 0, count = r->set_variable_result.count;
	const struct ocpp201_status_info *why = NULL;
	const char *bad = "";
	struct verdict v;

	for (size_t i = count; i-- > 0;) {
		int status = (int)r->set_variable_result.items[i].attribute_status;

		if (status == OCPP201_SET_VARIABLE_STATUS_REBOOT_REQUIRED)
			later++;
		else if (status == OCPP201_SET_VARIABLE_STATUS_ACCEPTED)
			good++;
		else {
			bad = ocpp201_set_variable_status_enum.values[status];
			why = r->set_variable_result.items[i].attribute_status_info;
		}
	}
	v = judge_items(good + later, count, bad, why, a);
	if (later && v.state == EVENT_COMMAND_STATE_DONE)
		v.status = "RebootRequired";
	if (later)
		v.note = arena_printf(a, "%s%s%zu of %zu in force after a reboot: send a Reset",
			v.note ? v.note : "", v.note ? "; " : "", later, count);
	return v;
}
