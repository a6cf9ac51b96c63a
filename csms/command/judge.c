/* How the answer to a command is read, by its rule. */
#include "csms/command/private.h"

struct verdict command_judge(
	const struct command_rule *rule, const struct answer *ans, struct arena *a)
{
	struct verdict v = {.state = EVENT_COMMAND_STATE_DONE, .status = ans->status};

	if (rule->judge)
		return rule->judge(ans, a);
	if (rule->yes && ans->status && !command_word_in(rule->yes, ans->status)) {
		v.state = EVENT_COMMAND_STATE_REFUSED;
		v.note = "the station said no";
	} else if (rule->signs && !command_word_in(rule->over, ans->status)) {
		v.state = EVENT_COMMAND_STATE_RUNNING;
	}
	return v;
}

/* -- lists whose items are judged one by one: B05, B06, N04, N06 ---------------------------------- */

/* rule 38: results count by themselves, wherever they stand. */
static struct verdict judge_items(size_t good, size_t count, const char *bad, struct arena *a)
{
	if (good == count)
		return (struct verdict){EVENT_COMMAND_STATE_DONE, "Accepted", NULL};
	if (count == 1)
		return (struct verdict){EVENT_COMMAND_STATE_REFUSED, bad, "the station said no"};
	return (struct verdict){good ? EVENT_COMMAND_STATE_FAILED : EVENT_COMMAND_STATE_REFUSED,
		arena_printf(a, "%zu of %zu Accepted", good, count),
		arena_printf(a, "the first that was not: %s", bad)};
}

#define JUDGE_LIST(name, type, list, member, names, yes)                                           \
	struct verdict name(const struct answer *ans, struct arena *a)                             \
	{                                                                                          \
		const struct type *r = ans->response;                                              \
		const char *bad = "";                                                              \
		size_t good = 0;                                                                   \
                                                                                                   \
		for (size_t i = r->list.count; i-- > 0;)                                           \
			if (r->list.items[i].member == (yes))                                      \
				good++;                                                            \
			else                                                                       \
				bad = names.values[r->list.items[i].member];                       \
		return judge_items(good, r->list.count, bad, a);                                   \
	}

JUDGE_LIST(judge_get_variables, ocpp201_get_variables_response, get_variable_result,
	attribute_status, ocpp201_get_variable_status_enum, OCPP201_GET_VARIABLE_STATUS_ACCEPTED)
JUDGE_LIST(judge_set_monitoring, ocpp201_set_variable_monitoring_response, set_monitoring_result,
	status, ocpp201_set_monitoring_status_enum, OCPP201_SET_MONITORING_STATUS_ACCEPTED)
JUDGE_LIST(judge_clear_monitoring, ocpp201_clear_variable_monitoring_response,
	clear_monitoring_result, status, ocpp201_clear_monitoring_status_enum,
	OCPP201_CLEAR_MONITORING_STATUS_ACCEPTED)

/* B05: RebootRequired is a yes too, but to what the station does only after its next boot. */
struct verdict judge_set_variables(const struct answer *ans, struct arena *a)
{
	const struct ocpp201_set_variables_response *r = ans->response;
	size_t good = 0, later = 0, count = r->set_variable_result.count;
	const char *bad = "";
	struct verdict v;

	for (size_t i = count; i-- > 0;) {
		int status = (int)r->set_variable_result.items[i].attribute_status;

		if (status == OCPP201_SET_VARIABLE_STATUS_REBOOT_REQUIRED)
			later++;
		else if (status == OCPP201_SET_VARIABLE_STATUS_ACCEPTED)
			good++;
		else
			bad = ocpp201_set_variable_status_enum.values[status];
	}
	v = judge_items(good + later, count, bad, a);
	if (later && v.state == EVENT_COMMAND_STATE_DONE)
		v.status = "RebootRequired";
	if (later)
		v.note = arena_printf(a, "%s%s%zu of %zu in force after a reboot: send a Reset",
			v.note ? v.note : "", v.note ? "; " : "", later, count);
	return v;
}
