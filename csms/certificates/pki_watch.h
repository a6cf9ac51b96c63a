/*
 * PKI watch: looks every trust.look_s, on a thread of its own, at what lies in DATA/pki. Files that were
 * changed are read again by the listeners, without a signal and without a connection that drops; our
 * server certificates are renewed ahead of their end; what ends soon with nobody renewing it, and lists
 * that are overdue, are alarms. Fetched lists are csms/certificates/revocation.h's, which this owns. Loop thread only.
 */
#ifndef CSMS_PKI_WATCH_H
#define CSMS_PKI_WATCH_H

#include "csms/core.h"

struct revocations; /* csms/certificates/revocation.h */

/* After the listeners have read their files; `reload` makes them read again. NULL with one line. */
struct pki_watch *pki_watch_create(
	struct core *c, void (*reload)(void *arg), void *arg, char why[300]);
void pki_watch_destroy(struct pki_watch *w);

/* Looks now, and fetches lists now (SIGHUP). */
void pki_watch_look(struct pki_watch *w);

const struct revocations *pki_watch_revocations(const struct pki_watch *w);

#endif
