/*
 * Renewal: certificates that depotd issued are renewed ahead of their end. A station is asked for a new
 * key (TriggerMessage) trust.renew_days before; a few first, and more only once one of those was taken
 * and used, so that what is wrong with all of them is found with a few. What failed says at which step,
 * and is tried again a day later. Loop thread only.
 */
#ifndef CSMS_RENEWAL_H
#define CSMS_RENEWAL_H

#include "csms/certificates/issued.h"

/* After signing_create(). NULL with one line. */
struct renewals *renewals_create(struct core *c, char why[300]);
void renewals_destroy(struct renewals *all);

/* What is being done, or was done last, for this station and use; false: nothing. */
struct renewal_view {
	const char *step; /* trigger, request, sign, take, login, done */
	const char *note; /* why it failed, "" while it runs */
	wall_t at, again; /* again.ms 0: not planned */
	bool is_over;
};
bool renewal_look(
	const struct core *c, const char *station, enum issued_use use, struct renewal_view *out);

/* Looks now whether somebody is due; else once an hour. */
void renewals_look_now(struct core *c);

#endif
