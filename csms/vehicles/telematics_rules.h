/*
 * Telematics rules: looks at what vehicles report over windows of time (etc/telematics/rules.yaml) and
 * raises alarms that show the readings. Windows go by the readings' own times. Loop thread only.
 */
#ifndef CSMS_TELEMATICS_RULES_H
#define CSMS_TELEMATICS_RULES_H

#include "csms/vehicles/telematics.h"

struct telematics_rules *telematics_rules_create(
	struct telematics *t, const char *path, struct arena *a, char why[400]);

/* A reading that is the newest of its quantity. */
void telematics_rules_look(
	struct telematics_rules *r, struct vehicle *v, enum telematics_quantity quantity);

/* The vehicle is gone: its windows and alarms too. */
void telematics_rules_forget(struct telematics_rules *r, const struct vehicle *v);
void telematics_rules_destroy(struct telematics_rules *r);

#endif
