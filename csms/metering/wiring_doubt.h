/*
 * Whose wiring needs a look: all that the wiring check (csms/metering/wiring.h) and a meter's own values
 * say against it, as one yes or no for each meter. Loop thread only.
 */
#ifndef CSMS_WIRING_DOUBT_H
#define CSMS_WIRING_DOUBT_H

#include "csms/metering/meters.h"
#include "csms/metering/wiring.h"

/* What a meter shows by itself. False: it does not tell all that this needs, or it is old. */
bool wiring_of_meter(const struct meter *m, struct wiring_self *out);

/* The verdict says that something is wrong, not only that it is not known. */
bool wiring_is_wrong(const struct wiring_verdict *v);

/* Something speaks against this one (index of the core's meters). */
bool wiring_is_doubted(const struct core *c, int meter);

#endif
