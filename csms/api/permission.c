#include "csms/api/permission.h"

#include <stdio.h>
#include <string.h>

/* Columns of the roles. */
#define V ROLE_BIT(ROLE_VIEWER)
#define O ROLE_BIT(ROLE_OPERATOR)
#define D ROLE_BIT(ROLE_DISPATCHER)
#define E ROLE_BIT(ROLE_ELECTRICIAN)
#define M ROLE_BIT(ROLE_ENERGY_MANAGER)
#define A ROLE_BIT(ROLE_ADMIN)

/* clang-format off */
/* permission, name, who has it, help */
const struct permission_row permissions[PERMISSION_COUNT] = {
	{MAY_KNOCK, "knock", ROLE_BIT(ROLE_NOBODY) | V | O | D | E | M | A,
		"sign in; ask whether depotd lives"},
	{MAY_SELF, "self", V | O | D | E | M | A,
		"own session, password and second factor; the list of paths"},
	{MAY_READ, "read", V | O | D | E | M | A,
		"see how things stand and stood"},
	{MAY_FOLLOW, "follow", O | D | E | M | A,
		"see commands, calls, jobs and campaigns with their payloads"},
	{MAY_INSPECT, "inspect", O | E | A,
		"read the wire log, files of stations and security events"},
	{MAY_OPERATE, "operate", O | E | A,
		"command stations: start, stop, reset, unlock, availability, variables"},
	{MAY_MAINTAIN, "maintain", O | E | A,
		"firmware updates, logs, meters: ask, walk, wiring"},
	{MAY_SET_UP, "set-up", E | A,
		"stations, the tree, meters and scans, firmware images, network profiles"},
	{MAY_DISPATCH, "dispatch", O | D | M | A,
		"vehicles with what they are known by, their work, reservations, reports set aside"},
	{MAY_APPROVE, "approve", O | D | M | A,
		"approve or reject plans that wait for it"},
	{MAY_STEER, "steer", O | M | A,
		"how far chargers go by plans: shadow, assisted, automatic"},
	{MAY_ADMIT, "admit", O | D | M | A,
		"cards and other tokens, local lists, authorisation caches"},
	{MAY_LIMIT, "limit", O | M | A,
		"put limits over time on nodes, answer those of others"},
	{MAY_OVERRULE, "overrule", A,
		"withdraw limits that others have put on the depot"},
	{MAY_PRICE, "price", O | M | A,
		"tariffs and series of prices"},
	{MAY_ATTEND, "attend", O | D | E | M | A,
		"take alarms, hand them over, put them aside"},
	{MAY_TRUST, "trust", A,
		"certificates, roots, identities of stations, tokens of others"},
	{MAY_GOVERN, "govern", A,
		"users, roles, sign-in links, API tokens"},
	{MAY_AUDIT, "audit", A,
		"the audit, and what stations told of customers"},
	{MAY_KEEP, "keep", A,
		"back up"},
};
/* clang-format on */

static const char *const names[ROLE_COUNT] = {
	"nobody", "viewer", "operator", "dispatcher", "electrician", "energy_manager", "admin"};

bool role_may(enum role r, enum permission p)
{
	return (unsigned)p < PERMISSION_COUNT && (unsigned)r < ROLE_COUNT &&
	       (permissions[p].roles & ROLE_BIT(r)) != 0;
}

int role_parse(const char *name)
{
	for (int i = ROLE_VIEWER; i < ROLE_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

const char *role_name(enum role r)
{
	return names[r];
}

void permission_roles_text(enum permission p, char out[120])
{
	int left = 0;
	size_t used = 0;

	for (int r = ROLE_VIEWER; r < ROLE_COUNT; r++)
		left += role_may(r, p);
	out[0] = '\0';
	for (int r = ROLE_VIEWER; r < ROLE_COUNT && used < 100; r++) {
		if (!role_may(r, p))
			continue;
		left--;
		used += (size_t)snprintf(out + used, 120 - used, "%s%s", names[r],
			left > 1    ? ", "
			: left == 1 ? " or "
				    : "");
	}
}
