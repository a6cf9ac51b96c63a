/*
 * OCSP: the status of certificates, asked of the responders that they name. Answers are kept until
 * their nextUpdate, a day at most; what several want to know is asked once. Only hosts of
 * trust.ocsp_hosts are asked (csms/certificates/ocsp_hosts.h); answers are bounded, redirects are not followed,
 * signatures are checked on the worker. Loop thread only.
 */
#ifndef CSMS_OCSP_H
#define CSMS_OCSP_H

#include "csms/certificates/contracts.h"
#include "csms/pki/ocsp_message.h"

#define OCSP_KEPT_MAX      1000 /* answers; the oldest goes first */
#define OCSP_FLIGHTS_MAX   64 /* questions on their way … */
#define OCSP_RESPONDER_MAX 16 /* … and to one responder: one that hangs does not stop the others */

struct ocsp;

struct ocsp_outcome {
	bool is_answered; /* else `why` */
	struct ocsp_answer answer;
	const unsigned char *der; /* as it came */
	size_t len;
	char why[300];
};

/* One who waits for an answer, in its owner. */
struct ocsp_waiter {
	struct ocsp_waiter *prev, *next;
	struct ocsp_flight *flight; /* NULL: waits for nothing */
	void (*done)(void *arg, const struct ocsp_outcome *o);
	void *arg;
};

struct ocsp *ocsp_create(struct contracts *c);

/* Asks about `id` at `responder`. `done` is told once: before this returns if the answer is at hand
 * or there can be none. */
void ocsp_ask(struct ocsp *o, const struct cert_id *id, const char *responder,
	struct ocsp_waiter *w, void (*done)(void *arg, const struct ocsp_outcome *o), void *arg);

/* Not told any more; the answer is still kept when it comes. */
void ocsp_waiter_cancel(struct ocsp_waiter *w);

/* Forgets all answers: other authorities are believed now. */
void ocsp_forget(struct ocsp *o);
int ocsp_kept(const struct ocsp *o);

#endif
