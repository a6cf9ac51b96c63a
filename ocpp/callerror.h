/*
 * The error codes of OCPP-J, and the writers of every kind of frame.
 *
 * Codes are one enum for all versions; the wire name depends on the version (OCPP 2.0.1 part 4,
 * 4.3; OCPP 1.6-J 4.2.3 has other spellings and fewer codes). Pure functions, safe from any
 * thread. The writers append one whole frame to `out` and return 0, or -1 when `out` failed.
 * Payloads are JSON objects in NUL-terminated text; NULL stands for `{}`.
 */
#ifndef OCPP_CALLERROR_H
#define OCPP_CALLERROR_H

#include "ocpp/message_id.h"
#include "ocpp/version.h"
#include "schemas/codec.h"
#include "schemas/text.h"

#define OCPP_DESCRIPTION_POINTS 255 /* longest errorDescription, in code points */

enum ocpp_code {
	OCPP_CODE_NONE = 0, /* no error */
	OCPP_CODE_NOT_IMPLEMENTED,
	OCPP_CODE_NOT_SUPPORTED,
	OCPP_CODE_INTERNAL_ERROR,
	OCPP_CODE_PROTOCOL_ERROR,
	OCPP_CODE_SECURITY_ERROR,
	OCPP_CODE_FORMAT_VIOLATION,
	OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION,
	OCPP_CODE_OCCURRENCE_CONSTRAINT_VIOLATION,
	OCPP_CODE_TYPE_CONSTRAINT_VIOLATION,
	OCPP_CODE_GENERIC_ERROR,
	OCPP_CODE_MESSAGE_TYPE_NOT_SUPPORTED,
	OCPP_CODE_RPC_FRAMEWORK_ERROR,
	OCPP_CODE_COUNT,
};

/* The wire name in that version: "FormatViolation", on 1.6 "FormationViolation"; a code that the
 * version does not have is sent as "GenericError". */
const char *ocpp_code_name(enum ocpp_code code, enum ocpp_version version);

/* The code of a wire name in any spelling of any version; OCPP_CODE_GENERIC_ERROR if unknown. */
enum ocpp_code ocpp_code_find(const char *name);

/* The code that answers a payload which the codec refused; NONE for SCHEMA_OK. */
enum ocpp_code ocpp_code_of_fault(enum schema_fault fault);

/* [2,"id","action",payload] */
int ocpp_write_call(struct text *out, const char *id, const char *action, const char *payload);

/* [3,id,payload] */
int ocpp_write_result(struct text *out, const struct ocpp_id *id, const char *payload);

/* [4,id,"code","description",{"path":…,"rule":…}]. The description (valid UTF-8, or NULL) is cut
 * at 255 code points; `path` and `rule` are left out when NULL, so the details are at least {}. */
int ocpp_write_error(struct text *out, const struct ocpp_id *id, enum ocpp_version version,
	enum ocpp_code code, const char *description, const char *path, const char *rule);

/* The CALLERROR for a payload that the codec refused, with where and why. */
int ocpp_write_schema_error(struct text *out, const struct ocpp_id *id, enum ocpp_version version,
	const struct schema_error *why);

/* OCPP 2.1: [5,id,"code","description",{…}], the complaint about a CALLRESULT. */
int ocpp_write_result_error(struct text *out, const struct ocpp_id *id, enum ocpp_code code,
	const char *description, const char *path, const char *rule);

/* OCPP 2.1: [6,"id","action",payload], which nobody answers. */
int ocpp_write_send(struct text *out, const char *id, const char *action, const char *payload);

#endif
