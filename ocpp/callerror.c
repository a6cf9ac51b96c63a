#include "ocpp/callerror.h"

#include <string.h>

/*
 * Wire names. OCPP 1.6-J as printed says FormationViolation and OccurenceConstraintViolation; its
 * errata correct both, but the stations in the field were built from the printed table, so that
 * is what they are sent. Every spelling is understood.
 */
static const struct code_row {
	const char *name; /* OCPP 2.0.1 and 2.1 */
	const char *name16; /* OCPP 1.6 */
} codes[OCPP_CODE_COUNT] = {
	[OCPP_CODE_NONE] = {"GenericError", "GenericError"},
	[OCPP_CODE_NOT_IMPLEMENTED] = {"NotImplemented", "NotImplemented"},
	[OCPP_CODE_NOT_SUPPORTED] = {"NotSupported", "NotSupported"},
	[OCPP_CODE_INTERNAL_ERROR] = {"InternalError", "InternalError"},
	[OCPP_CODE_PROTOCOL_ERROR] = {"ProtocolError", "ProtocolError"},
	[OCPP_CODE_SECURITY_ERROR] = {"SecurityError", "SecurityError"},
	[OCPP_CODE_FORMAT_VIOLATION] = {"FormatViolation", "FormationViolation"},
	[OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION] = {"PropertyConstraintViolation",
		"PropertyConstraintViolation"},
	[OCPP_CODE_OCCURRENCE_CONSTRAINT_VIOLATION] = {"OccurrenceConstraintViolation",
		"OccurenceConstraintViolation"},
	[OCPP_CODE_TYPE_CONSTRAINT_VIOLATION] = {"TypeConstraintViolation",
		"TypeConstraintViolation"},
	[OCPP_CODE_GENERIC_ERROR] = {"GenericError", "GenericError"},
	[OCPP_CODE_MESSAGE_TYPE_NOT_SUPPORTED] = {"MessageTypeNotSupported", "GenericError"},
	[OCPP_CODE_RPC_FRAMEWORK_ERROR] = {"RpcFrameworkError", "GenericError"},
};

/* Which code answers which fault of the codec; OCPP 2.0.1 part 4, 4.3. */
static const enum ocpp_code fault_codes[] = {
	[SCHEMA_OK] = OCPP_CODE_NONE,
	[SCHEMA_BAD_SYNTAX] = OCPP_CODE_FORMAT_VIOLATION,
	[SCHEMA_BAD_TYPE] = OCPP_CODE_TYPE_CONSTRAINT_VIOLATION,
	[SCHEMA_MISSING] = OCPP_CODE_OCCURRENCE_CONSTRAINT_VIOLATION,
	[SCHEMA_UNKNOWN] = OCPP_CODE_FORMAT_VIOLATION,
	[SCHEMA_DUPLICATE] = OCPP_CODE_FORMAT_VIOLATION,
	[SCHEMA_BAD_LENGTH] = OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION,
	[SCHEMA_BAD_RANGE] = OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION,
	[SCHEMA_BAD_ENUM] = OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION,
	[SCHEMA_BAD_FORMAT] = OCPP_CODE_PROPERTY_CONSTRAINT_VIOLATION,
	[SCHEMA_BAD_ITEMS] = OCPP_CODE_OCCURRENCE_CONSTRAINT_VIOLATION,
	[SCHEMA_NO_MEMORY] = OCPP_CODE_INTERNAL_ERROR,
};

const char *ocpp_code_name(enum ocpp_code code, enum ocpp_version version)
{
	if ((unsigned)code >= OCPP_CODE_COUNT)
		code = OCPP_CODE_GENERIC_ERROR;
	return version == OCPP_VERSION_1_6 ? codes[code].name16 : codes[code].name;
}

enum ocpp_code ocpp_code_find(const char *name)
{
	for (int c = OCPP_CODE_NONE + 1; c < OCPP_CODE_COUNT; c++) {
		if (strcmp(codes[c].name, name) == 0 || strcmp(codes[c].name16, name) == 0)
			return (enum ocpp_code)c;
	}
	return OCPP_CODE_GENERIC_ERROR;
}

enum ocpp_code ocpp_code_of_fault(enum schema_fault fault)
{
	if ((size_t)fault >= sizeof(fault_codes) / sizeof(fault_codes[0]))
		return OCPP_CODE_INTERNAL_ERROR;
	return fault_codes[fault];
}

static void put_id(struct text *out, const struct ocpp_id *id)
{
	if (id->is_number)
		text_puts(out, id->text);
	else
		text_put_json(out, id->text);
}

static int finish(struct text *out, const char *payload)
{
	text_putc(out, ',');
	text_puts(out, payload ? payload : "{}");
	text_putc(out, ']');
	return text_ok(out) ? 0 : -1;
}

/* CALL and SEND differ in their number only. */
static int write_request(
	struct text *out, char type, const char *id, const char *action, const char *payload)
{
	text_putc(out, '[');
	text_putc(out, type);
	text_putc(out, ',');
	text_put_json(out, id);
	text_putc(out, ',');
	text_put_json(out, action);
	return finish(out, payload);
}

int ocpp_write_call(struct text *out, const char *id, const char *action, const char *payload)
{
	return write_request(out, '2', id, action, payload);
}

int ocpp_write_send(struct text *out, const char *id, const char *action, const char *payload)
{
	return write_request(out, '6', id, action, payload);
}

int ocpp_write_result(struct text *out, const struct ocpp_id *id, const char *payload)
{
	text_puts(out, "[3,");
	put_id(out, id);
	return finish(out, payload);
}

/* Bytes of `s` that hold its first 255 code points: never half a character. */
static size_t description_bytes(const char *s)
{
	size_t points = 0, i = 0;
	for (; s[i]; i++) {
		bool is_start = ((unsigned char)s[i] & 0xc0) != 0x80;
		if (is_start && points++ == OCPP_DESCRIPTION_POINTS)
			break;
	}
	return i;
}

static void put_description(struct text *out, const char *description)
{
	char cut[OCPP_DESCRIPTION_POINTS * 4 + 1];
	size_t len = description ? description_bytes(description) : 0;
	if (len >= sizeof(cut))
		len = sizeof(cut) - 1;
	if (len > 0)
		memcpy(cut, description, len);
	cut[len] = '\0';
	text_put_json(out, cut);
}

static void put_details(struct text *out, const char *path, const char *rule)
{
	text_putc(out, '{');
	if (path) {
		text_puts(out, "\"path\":");
		text_put_json(out, path);
	}
	if (rule) {
		text_puts(out, path ? ",\"rule\":" : "\"rule\":");
		text_put_json(out, rule);
	}
	text_puts(out, "}]");
}

static int write_complaint(struct text *out, char type, const struct ocpp_id *id, const char *code,
	const char *description, const char *path, const char *rule)
{
	text_putc(out, '[');
	text_putc(out, type);
	text_putc(out, ',');
	put_id(out, id);
	text_putc(out, ',');
	text_put_json(out, code);
	text_putc(out, ',');
	put_description(out, description);
	text_putc(out, ',');
	put_details(out, path, rule);
	return text_ok(out) ? 0 : -1;
}

int ocpp_write_error(struct text *out, const struct ocpp_id *id, enum ocpp_version version,
	enum ocpp_code code, const char *description, const char *path, const char *rule)
{
	const char *name = ocpp_code_name(code, version);
	return write_complaint(out, '4', id, name, description, path, rule);
}

int ocpp_write_result_error(struct text *out, const struct ocpp_id *id, enum ocpp_code code,
	const char *description, const char *path, const char *rule)
{
	const char *name = ocpp_code_name(code, OCPP_VERSION_2_1);
	return write_complaint(out, '5', id, name, description, path, rule);
}

int ocpp_write_schema_error(struct text *out, const struct ocpp_id *id, enum ocpp_version version,
	const struct schema_error *why)
{
	return ocpp_write_error(out, id, version, ocpp_code_of_fault(why->fault), why->message,
		why->path, schema_fault_name(why->fault));
}
