#include "csms/api/why.h"

#include <string.h>

bool ask_why(struct ask *k, const char **out)
{
	*out = ask_query(k, "why");
	if (*out == NULL || strlen(*out) <= WHY_MAX)
		return true;
	ask_problem(k, 400, "why", "why: must be at most %d characters long", WHY_MAX);
	return false;
}
