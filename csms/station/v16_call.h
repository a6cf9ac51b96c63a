/*
 * A call to a station that speaks OCPP 1.6: a request of 2.0.1 as one or a few of 1.6, one after
 * the other, and what they answered as one answer of 2.0.1. For csms/station/call.c only. Loop thread only.
 */
#ifndef CSMS_V16_CALL_H
#define CSMS_V16_CALL_H

#include "csms/station/call.h"
#include "csms/core.h"

struct v16_call;

/* NULL if 1.6 can say it, else one line why not (it lives in `a`). */
const char *v16_call_refusal(struct station *s, int action, const void *request, struct arena *a);

/* `payload`: of the 2.0.1 action. NULL with one line in `why`. */
struct v16_call *v16_call_create(struct station *s, int action, const char *payload, char why[200]);

/* The next request: its action and payload (JSON in the call's memory). `is_secret`: it is for no
 * log. False: there is none, or it cannot be written. */
bool v16_call_next(struct v16_call *k, const char **action, const char **payload, bool *is_secret);

/* It goes out for the first time: what must be matched later is noted. */
void v16_call_sent(struct core *c, struct station *s, struct v16_call *k);

/* The request that is out was answered (`payload`), or refused with `code` and `text`. */
void v16_call_answered(struct v16_call *k, const char *payload, size_t len);
void v16_call_refused(struct v16_call *k, const char *code, const char *text);

/* NULL, or what is wrong with an answer to the request that is out (in `why`). */
const char *v16_call_fault(
	const struct v16_call *k, const char *payload, size_t len, char why[400]);

/* When there is no next: outcome, response or error. Strings live as long as the call. */
void v16_call_result(struct v16_call *k, struct call_result *out);

/* After the caller was told: what follows from the answers. */
void v16_call_after(struct core *c, struct station *s, struct v16_call *k);

void v16_call_destroy(struct v16_call *k);

#endif
