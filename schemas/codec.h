/*
 * The codec: the one interpreter that turns JSON text into typed structs and back, by the rows
 * that tools/genschema makes from schemas/NAME.schema (docs/schemas.md is the language).
 *
 * Decoding parses and validates in one pass into an arena. Nothing else in the house sees a JSON
 * tree. Safe from any thread: no state of its own.
 *
 * How a field looks in C (generated, see build/gen/NAME.h):
 *   string, ident   const char *x          optional: NULL when absent
 *   any             const char *x          compact JSON text of the value; NULL when absent
 *   datetime        wall_t x               optional: with `bool has_x` before it
 *   int             int64_t x              optional: with `bool has_x`
 *   number          double x               optional: with `bool has_x`
 *   bool            bool x                 optional: with `bool has_x`
 *   enum            enum NAME_foo x        optional: with `bool has_x`
 *   struct          struct NAME_foo x      optional: struct NAME_foo *x, NULL when absent
 *   array           struct { size_t count; T *items; } by a named list type; absent: items NULL
 * A default (`=value` in the schema) fills an absent scalar; `has_x` stays false.
 */
#ifndef SCHEMAS_CODEC_H
#define SCHEMAS_CODEC_H

#include "schemas/arena.h"
#include "schemas/text.h"
#include "schemas/wall.h"

enum schema_kind {
	SCHEMA_STRING,
	SCHEMA_IDENT, /* OCPP identifierString: letters, digits and * - _ = : + | @ . */
	SCHEMA_ANY,
	SCHEMA_DATETIME,
	SCHEMA_INT,
	SCHEMA_NUMBER,
	SCHEMA_BOOL,
	SCHEMA_ENUM,
	SCHEMA_STRUCT,
};

struct schema_enum {
	const char *name;
	const char *const *values; /* wire spelling, in the order of the C enum */
	int count;
};

struct schema_field; /* one row; laid out in schemas/rows.h, made by the generator only */

struct schema_struct {
	const char *name;
	size_t size; /* sizeof the C struct */
	int field_count;
	bool open; /* unknown keys are accepted and dropped */
	const struct schema_field *fields;
};

enum schema_sender { SCHEMA_FROM_STATION = 1, SCHEMA_FROM_CSMS = 2, SCHEMA_FROM_BOTH = 3 };

struct schema_action {
	const char *name; /* wire name, "BootNotification" */
	enum schema_sender sender;
	const struct schema_struct *request;
	const struct schema_struct *response;
	const char *use; /* use case of the specification, "B01" */
};

/* A kind of journal event: `event StationBooted 1 station` in event.schema. */
struct schema_event {
	const char *name; /* "StationBooted" */
	int version; /* of the payload; older ones are upcast on read */
	const char *stream; /* first segment of the streams it may stand in, "station" */
	const struct schema_struct *type;
};

struct schema_strings {
	size_t count;
	const char **items;
};
struct schema_ints {
	size_t count;
	int64_t *items;
};
struct schema_numbers {
	size_t count;
	double *items;
};

/* Why a value was refused. OCPP-J 4.2.3 maps each to one CALLERROR code (ocpp/callerror.c). */
enum schema_fault {
	SCHEMA_OK = 0,
	SCHEMA_BAD_SYNTAX, /* not JSON, trailing text, NUL inside, bad UTF-8, too deep */
	SCHEMA_BAD_TYPE, /* wrong JSON type */
	SCHEMA_MISSING, /* a required key is absent */
	SCHEMA_UNKNOWN, /* a key that the struct does not have */
	SCHEMA_DUPLICATE, /* the same key twice */
	SCHEMA_BAD_LENGTH, /* string too long or too short, in code points */
	SCHEMA_BAD_RANGE, /* number out of its bounds, or an int that is none */
	SCHEMA_BAD_ENUM, /* not one of the values */
	SCHEMA_BAD_FORMAT, /* not a date-time, not an identifierString */
	SCHEMA_BAD_ITEMS, /* too few or too many array items */
	SCHEMA_NO_MEMORY, /* the arena's cap was reached */
};

struct schema_error {
	enum schema_fault fault;
	char path[160]; /* "meterValue[2].sampledValue[0].measurand"; "" for the whole */
	char message[200]; /* "must be one of Actual, Target, … but is \"actual\"" */
};

/* Decodes `len` bytes of JSON text into a new struct of type `type` in `a`. Returns it, or NULL
 * with `err` filled. Strings and lists of the result live in `a`. */
void *schema_decode(const struct schema_struct *type, const char *json, size_t len, struct arena *a,
	struct schema_error *err);

/* What schema_decode_lenient left out: all are counted, the first are told. */
#define SCHEMA_NOTES_MAX 4
struct schema_notes {
	size_t count;
	struct schema_error items[SCHEMA_NOTES_MAX];
};

/* The same, but of the parts that the schema marks with `~` those that cannot be read are left out
 * and noted: an item of its list, an optional value as if it had not been sent, any other by its
 * default. Unknown and repeated keys are faults all the same. */
void *schema_decode_lenient(const struct schema_struct *type, const char *json, size_t len,
	struct arena *a, struct schema_notes *notes, struct schema_error *err);

/* Appends the struct at `value` as compact JSON, fields in row order. 0; -1 when `out` failed or the
 * struct is none that the schema allows (a required text is NULL, an enum or number is impossible). */
int schema_encode(const struct schema_struct *type, const void *value, struct text *out);

/* One member of it, `"name":value`, of the field with that number (0 … field_count - 1). False: it is not
 * there, and nothing was appended. */
bool schema_encode_field(
	const struct schema_struct *type, int field, const void *value, struct text *out);
const char *schema_field_name(const struct schema_struct *type, int field);
/* A number, a time or a boolean, or a list of such: no words. */
bool schema_field_is_plain(const struct schema_struct *type, int field);

/* The same as text in `a`. NULL: no memory, or none that the schema allows. */
char *schema_text(struct arena *a, const struct schema_struct *type, const void *value);

/* Index of the wire spelling in the enum, or -1. */
int schema_enum_find(const struct schema_enum *e, const char *value);

/* The action of that wire name (case matters) in a table of `count`, or NULL. */
const struct schema_action *schema_action_find(
	const struct schema_action *table, int count, const char *name);

/* "BadType" and so on: stable words for logs and API answers. */
const char *schema_fault_name(enum schema_fault fault);

/* True if `s` is well-formed UTF-8 without NUL; counts code points into `*points` if not NULL. */
bool schema_utf8_check(const char *s, size_t len, size_t *points);

#endif
