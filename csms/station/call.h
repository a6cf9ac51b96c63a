/*
 * Calls from us to a station: one outstanding at a time, the others wait in order; each has a
 * deadline, is journalled when queued and when it ended, and its caller is told exactly once.
 *
 * A lost answer is an outcome of its own (timeout, lost), never success. Loop thread only.
 */
#ifndef CSMS_CALL_H
#define CSMS_CALL_H

#include "csms/fleet.h"
#include "schemas/codec.h"

struct core;

struct call_result {
	const char *call_id;
	const char *action;
	enum event_call_outcome outcome;
	const char *response; /* JSON text of the answer's payload, NULL unless answered */
	const void *response_struct; /* decoded, NULL unless answered and valid */
	const char *error_code; /* CALLERROR code, or our own word; NULL when answered */
	const char *error_text;
	int64_t took_ms;
};

typedef void (*call_done_fn)(void *arg, const struct call_result *r);

struct call_request {
	const char *action; /* "Reset" */
	const char *payload; /* JSON text; validated by the action's request rows */
	int timeout_s; /* 0: limits.call_timeout_s */
	const char *actor; /* "user:anna", "guard" … for the journal */
	const char *why; /* may be NULL */
	const char *command_id; /* that it is a part of, or NULL */
	bool urgent; /* goes before the waiting ones (guard) */
	bool by_control; /* depotd's own charging profiles: nobody else may send those */
	call_done_fn done; /* may be NULL */
	void *arg;
};

/* Queues a call. Returns 0 and the call's id (36 characters and NUL) in `call_id`; else -1 with
 * `err` (schema fault, unknown action, wrong direction) or, with err->fault SCHEMA_OK, one line why
 * in err->message: not connected, queue full, not accepted (rules 18 and 19 of the gate). */
int call_queue_add(struct core *c, struct station *s, const struct call_request *req,
	char call_id[37], struct schema_error *err);

/* What waited for something beside the queue may go. */
void call_resume(struct core *c, struct station *s);

/* What call_queue_add() would say, but nothing is queued. */
int call_check(struct core *c, struct station *s, const struct call_request *req,
	struct schema_error *err);

/* Forgets the caller (its client went away); the call itself goes on. */
void call_forget(struct core *c, struct station *s, const char *call_id);

struct call_queue *call_queue_create(void);

/* False, with what is wrong in `why`: it is the answer to the outstanding call, and breaks the
 * schema. For the wire log, which has the frame before anything comes of it. */
bool call_is_sound(const struct station *s, const char *message_id, const char *payload, size_t len,
	char why[400]);

/* A CALLRESULT (`payload`) or CALLERROR (`code`) with that message id came in. False: nobody waits
 * for it (late or invented), drop it. */
bool call_answered(
	struct core *c, struct station *s, const char *message_id, const char *payload, size_t len);
bool call_refused(struct core *c, struct station *s, const char *message_id, const char *code,
	const char *text);

/* The connection went: the outstanding call is lost, the waiting ones too. */
void call_connection_lost(struct core *c, struct station *s);

/* Is that call on the wire, and not answered yet? */
bool call_is_out(const struct station *s, const char *call_id);

/* Calls waiting or outstanding. */
int call_queue_length(const struct call_queue *q);

void call_queue_destroy(struct call_queue *q);

#endif
