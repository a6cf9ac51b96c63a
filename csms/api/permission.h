/*
 * Permission: what there is to be allowed, and which role is allowed what. One table, in
 * permission.c: the routes name its rows, the console asks for them (GET /session), docs/api.md is
 * made from it. What the table does not give is refused. Pure.
 */
#ifndef CSMS_API_PERMISSION_H
#define CSMS_API_PERMISSION_H

#include <stdbool.h>

enum role {
	ROLE_NOBODY, /* not signed in */
	ROLE_VIEWER,
	ROLE_OPERATOR,
	ROLE_DISPATCHER,
	ROLE_ELECTRICIAN,
	ROLE_ENERGY_MANAGER,
	ROLE_ADMIN,
	ROLE_COUNT
};

enum permission {
	MAY_KNOCK, /* without being signed in */
	MAY_SELF,
	MAY_READ,
	MAY_FOLLOW,
	MAY_INSPECT,
	MAY_OPERATE,
	MAY_MAINTAIN,
	MAY_SET_UP,
	MAY_DISPATCH,
	MAY_APPROVE,
	MAY_STEER,
	MAY_ADMIT,
	MAY_LIMIT,
	MAY_OVERRULE,
	MAY_PRICE,
	MAY_ATTEND,
	MAY_TRUST,
	MAY_GOVERN,
	MAY_AUDIT,
	MAY_KEEP,
	PERMISSION_COUNT
};

struct permission_row {
	enum permission permission;
	const char *name; /* "set-up" */
	unsigned roles; /* ROLE_BIT() of those that have it */
	const char *help;
};
#define ROLE_BIT(r) (1u << (r))

/* In the order of the enum. */
extern const struct permission_row permissions[PERMISSION_COUNT];

bool role_may(enum role r, enum permission p);

/* "viewer" … "admin"; -1 when it is none of them. "nobody" is no role to give. */
int role_parse(const char *name);
const char *role_name(enum role r);

/* "viewer, operator or admin": those who have the permission, for a person. */
void permission_roles_text(enum permission p, char out[120]);

#endif
