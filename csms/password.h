/*
 * Password: a station that accepted a new BasicAuthPassword is known by it from then on (A01).
 */
#ifndef CSMS_PASSWORD_H
#define CSMS_PASSWORD_H

#include "csms/core.h"

/* Looks through a SetVariables that was answered; where the station accepted a password, its
 * registration is changed and the old one stops working (A01.FR.03). */
void password_take(struct core *c, struct station *s, const char *request,
	const struct ocpp201_set_variables_response *answer);

#endif
