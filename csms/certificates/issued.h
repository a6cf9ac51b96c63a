/*
 * Issued: the certificates that stations were given, and which of them count. Of each it knows whose
 * it is, what for, its key, how long it lasts, and its state: pending until somebody was seen to use
 * it, then current; superseded once a newer one was seen; rejected by the station, revoked by a
 * person. A station whose old certificate still works is not locked out by a new one that it could
 * not keep: superseded ones are taken, revoked ones are not.
 *
 * All of it is in the journal; the index by fingerprint is read at the start, so that a handshake
 * needs no disk. Loop thread only.
 */
#ifndef CSMS_ISSUED_H
#define CSMS_ISSUED_H

#include "csms/core.h"

enum issued_use { ISSUED_STATION, ISSUED_V2G, ISSUED_BOTH };

/* "ChargingStationCertificate", "V2GCertificate", "combined" */
const char *issued_use_name(enum issued_use u);
int issued_use_find(const char *name); /* or -1 */

struct issued_certificate {
	char fingerprint[65]; /* SHA-256 of the DER, hex in lower case, as all hashes here */
	char key_hash[65]; /* SHA-256 of the public key */
	char station[49], serial[42];
	char *subject; /* owned */
	enum issued_use use;
	enum event_issued_state state;
	wall_t not_before, not_after, issued_at;
	struct issued_certificate *older; /* of the same station */
	struct issued_certificate *same_key; /* older, of the same key */
	UT_hash_handle hh;
};

/* After restore_fleet(). NULL with one line. */
struct issued *issued_create(struct core *c, char why[300]);
void issued_destroy(struct issued *all);

/* -- for the listeners of security profile 3 --------------------------------------------------- */

/* A login of the station with this certificate must be refused, and why: it was revoked, is another
 * station's, or is for ISO 15118 alone. One that depotd did not issue is none of its business: false. */
bool issued_refused(const struct core *c, const char *station,
	const char fingerprint_sha256_hex[65], char why[200]);
bool issued_is_revoked(const struct core *c, const char *fingerprint);
/* depotd issued it for ISO 15118 and for connections with us. */
bool issued_is_combined(const struct core *c, const char *fingerprint);

/* The station logged in with this certificate: it is the current one, those before it are
 * superseded. An older one than before means that the newer one did not stay: it is pending again. */
void issued_seen(struct core *c, struct station *s, const char fingerprint[65]);

/* -- for csms/certificates/signing.c and the API -------------------------------------------------------------- */

/* Journals a new certificate, pending. `p` lives in record_arena(). NULL: no memory. */
struct issued_certificate *issued_add(
	struct core *c, const char fingerprint[65], const struct event_certificate_issued *p);

/* By fingerprint; the newest of a key; the newest of a station (on: ->older). NULL: none. */
struct issued_certificate *issued_find(const struct core *c, const char *fingerprint);
struct issued_certificate *issued_of_key(const struct core *c, const char *key_hash);
struct issued_certificate *issued_of_station(const struct core *c, const char *station);

/* The one that the station uses for this (ISSUED_STATION: TLS with us); NULL: none is known. */
struct issued_certificate *issued_current(
	const struct core *c, const char *station, enum issued_use use);

/* A key that was of another station, or of a revoked certificate, must not come back: 0, or -1 with
 * one line. */
int issued_judge_key(
	const struct core *c, const char *station, const char *key_hash, char why[200]);

/* Journals another state, if it is another one. */
void issued_move(struct core *c, struct issued_certificate *i, enum event_issued_state state,
	const char *actor, const char *why);

/* The station is removed: all that it was given is revoked, superseded ones too. `why` may be NULL. */
void issued_withdraw(struct core *c, const char *station, const char *actor, const char *why);

/* The station took one that nobody sees in use (ISO 15118): it is current, and those of the same name
 * before it are superseded. */
void issued_taken(struct core *c, struct issued_certificate *i);

/* All of them, by ->hh.next. */
const struct issued_certificate *issued_all(const struct core *c);

#endif
