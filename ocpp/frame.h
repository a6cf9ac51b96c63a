/*
 * Frames of OCPP-J: the outer array of a message, sliced without building a tree.
 *
 * The scanner reads each byte once, holds a fixed amount of memory and checks the whole text for
 * JSON syntax, so that a payload that came through is JSON; what stands in it is the codec's
 * matter. Pure, safe from any thread. Slices point into the caller's text.
 *
 * What is refused, with the answer that OCPP 2.0.1 part 4 (4.2.3, 4.3, 4.4) wants:
 *   not an array, no readable id, id over 36            RpcFrameworkError, id "-1"
 *   type not a number                                   RpcFrameworkError
 *   wrong number of elements, action not a string       RpcFrameworkError
 *   type unknown to this version                        MessageTypeNotSupported (1.6: silence)
 *   payload not JSON, too deep, not UTF-8               FormatViolation
 *   payload neither object nor null                     ProtocolError
 *   action longer than any                              NotImplemented
 *   text larger than the limit                          GenericError
 * A broken CALLRESULT, CALLERROR, CALLRESULTERROR or SEND is never answered.
 */
#ifndef OCPP_FRAME_H
#define OCPP_FRAME_H

#include "ocpp/callerror.h"
#include "ocpp/message_id.h"
#include "ocpp/scan.h"
#include "ocpp/version.h"

#define OCPP_ACTION_SIZE      64 /* longest action known has 33 letters */
#define OCPP_DESCRIPTION_SIZE (OCPP_DESCRIPTION_POINTS * 4 + 1)
#define OCPP_DEPTH_MAX        64 /* cap of ocpp_limits.max_depth */

enum ocpp_frame_type {
	OCPP_FRAME_UNKNOWN = 0,
	OCPP_CALL = 2,
	OCPP_CALLRESULT = 3,
	OCPP_CALLERROR = 4,
	OCPP_CALLRESULTERROR = 5, /* from OCPP 2.1 */
	OCPP_SEND = 6, /* from OCPP 2.1 */
};

struct ocpp_limits {
	enum ocpp_version version; /* of this connection */
	size_t max_bytes; /* largest frame; 0: 512 KiB */
	int max_depth; /* nesting with the outer array; 0: 32 */
};

struct ocpp_frame {
	enum ocpp_frame_type type;
	struct ocpp_id id;
	char action[OCPP_ACTION_SIZE]; /* CALL and SEND; otherwise "" */
	struct ocpp_slice payload; /* CALL, CALLRESULT, SEND: an object; `null` becomes {} */
	/* CALLERROR and CALLRESULTERROR, read leniently: absent parts are empty. */
	enum ocpp_code code;
	char code_text[OCPP_ACTION_SIZE]; /* as sent, cut if longer */
	char description[OCPP_DESCRIPTION_SIZE];
	struct ocpp_slice details; /* an object */
};

struct ocpp_frame_error {
	bool may_answer; /* false: nothing may be sent */
	enum ocpp_frame_type type; /* as far as it was read; UNKNOWN if not */
	bool has_id; /* the peer's id was readable: a pending call can be failed */
	struct ocpp_id id; /* for the answer: the peer's, or "-1" */
	enum ocpp_code code;
	char description[160];
	size_t at; /* byte offset of the trouble */
};

/* Slices the `len` bytes at `text`. 0, or -1 with `err` filled and `out` undefined. */
int ocpp_frame_parse(const char *text, size_t len, const struct ocpp_limits *limits,
	struct ocpp_frame *out, struct ocpp_frame_error *err);

/* Appends the CALLERROR that `err` calls for. 0, or -1 when `out` failed. Only if may_answer. */
int ocpp_write_frame_error(
	struct text *out, enum ocpp_version version, const struct ocpp_frame_error *err);

/* "CALL", "CALLRESULT" …; "?" if unknown. */
const char *ocpp_frame_type_name(enum ocpp_frame_type type);

#endif
