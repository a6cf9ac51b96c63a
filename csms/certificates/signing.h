/*
 * Signing: certificates that stations ask for (A02, A03), from the request to the login. A
 * SignCertificate is judged and answered now (A02.FR.11, FR.12); an authority signs (csms/pki/
 * authority.h), off the loop; the chain goes back as CertificateSigned, a command like any other. What
 * fails is tried again and said to a person: a station that was told Accepted waits, and gives up
 * after a while without a word (A02.FR.17 to FR.19).
 *
 * A station may have several open (rule 49); the same key asked for again is the same order, and an
 * answer that was lost is the same certificate once more. All of it is in the journal; what is open
 * when depotd ends is taken up at the next start. Loop thread only.
 */
#ifndef CSMS_SIGNING_H
#define CSMS_SIGNING_H

#include "csms/certificates/issued.h"

/* After commands_create(), issued_create() and alarms_create(). NULL with one line. */
struct signing *signing_create(struct core *c, char why[300]);
void signing_destroy(struct signing *g);

/* Who signs, for a person; "nobody". */
void signing_describe(const struct core *c, char out[300]);

/* -- for csms/handle/certificate.c --------------------------------------------------------------- */

struct signing_ask {
	const char *csr; /* PEM, as it came */
	enum issued_use use;
	/* For V2G, of ISO15118Ctrlr.SeccId; NULL ends. What it may call itself, empty: not known … */
	const char *const *names;
	const char *const *taken; /* … and what others are called: station, name, station, … */
};

/* May this be signed? 0 and the order's id: begun once the turn is on disk. -1 with one line: the
 * answer is Rejected. */
int signing_ask(
	struct core *c, struct station *s, const struct signing_ask *q, char id[37], char why[300]);

/* -- from outside -------------------------------------------------------------------------------- */

/* The station is connected and accepted: what waits for that goes on. */
void signing_station_ready(struct core *c, struct station *s);

/* The station is being removed. */
void signing_station_gone(struct core *c, const char *station);

/* Asks the station to make a new key and ask for a certificate of it (TriggerMessage), on EVSE `evse`
 * if not 0. `ended` as of a command. 0 and the command's id, or -1 with `err`. */
struct command;
struct signing_renewal {
	enum issued_use use;
	int64_t evse;
	const char *actor, *why;
	void (*ended)(void *arg, const struct command *k);
	void *arg;
};
int signing_renew(struct core *c, struct station *s, const struct signing_renewal *r, char id[37],
	struct schema_error *err);

/* Requests that are not over. */
int signing_count(const struct core *c);

/* An order of this station and use that is not over. */
bool signing_is_open(const struct core *c, const char *station, enum issued_use use);

#endif
