/*
 * Identity: which certificate is whose (security profile 3). A certificate names the serial number of
 * a station, never its OCPP identity, so a station needs a known serial number: from the depot's file,
 * from an operator, or from its own BootNotification on security profile 2.
 *
 * A certificate that is over, or a maker's, is good only for a station that an operator marked, and
 * only to get a better one: the station stays pending (A00.FR.429, 804 to 807). The marks go when it
 * comes with a better one. Loop thread only.
 */
#ifndef CSMS_IDENTITY_H
#define CSMS_IDENTITY_H

#include "csms/core.h"

struct peer_facts; /* csms/pki/peer_check.h */

/* Does `word` stand in `text`, with no letter or digit right before or behind it? */
bool identity_has_word(const char *text, const char *word);

/* May this station come with this certificate? NULL: yes; else why not, for a person. */
const char *identity_refusal(
	const struct core *c, const struct station *s, const struct peer_facts *cert);

/* Is there a station of this name that may come with a certificate that is over? */
bool identity_may_be_expired(const struct core *c, const char *common_name);

/* The station logs in, with this certificate or (NULL) on a lower profile: before its session. */
void identity_login(struct core *c, struct station *s, const struct peer_facts *cert);

/* B01.FR.11: is the serial number of a BootNotification that of the certificate? NULL: it said none. */
bool identity_boot_fits(const struct station *s, const char *serial);

/* It was accepted on security profile 2: its word about its serial number counts from now on, unless
 * somebody else has spoken or another station has that number. */
void identity_booted(struct core *c, struct station *s);

/* The other station that has this serial number, or NULL. */
const struct station *identity_holder(
	const struct core *c, const struct station *s, const char *serial);

struct identity_change {
	const char *serial; /* NULL: as before; "": none */
	const char *source; /* api, boot */
	bool expired_allowed, factory_allowed;
	const char *actor, *why; /* why may be NULL */
};

/* Journals and puts in force. -1 with one line. */
int identity_change(
	struct core *c, struct station *s, const struct identity_change *to, char why[300]);

/* For restore_fleet(). -1 with one line. */
int identity_restore(struct core *c, char why[300]);

#endif
