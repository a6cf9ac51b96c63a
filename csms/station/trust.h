/*
 * Trust: which certificates a station says it holds, in short, for what must be known before a
 * DeleteCertificate is sent: the hash algorithm that the station itself uses (M04.FR.07). And it
 * has the station list them anew after each change, so that what is shown is its own word.
 * The whole of them is in the store (db/query_file.h). Loop thread only.
 */
#ifndef CSMS_TRUST_H
#define CSMS_TRUST_H

#include "csms/core.h"
#include "schemas/codec.h"

/* What the event of this type (CertificatesListed, CertificateInstalled, CertificateDeleted) says;
 * after the last two the station is asked for its list soon. */
void trust_take(struct core *c, struct station *s, int type, const void *payload);

/* It has got a certificate of its own that we cannot know the hashes of (A02): asks for its list
 * soon. */
void trust_changed(struct core *c, struct station *s);

/* May this DeleteCertificate be sent? */
int trust_check_delete(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);

/* The station itself lists a certificate of this type (enum ocpp201_get_certificate_id_use) with this
 * serial number. */
bool trust_holds(const struct station *s, int type, const char *serial);

/* For restore_fleet(). -1 with one line. */
int trust_restore(struct core *c, char why[300]);

/* For csms/fleet.c. */
void trust_forget(struct station *s);

#endif
