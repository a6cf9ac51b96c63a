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
