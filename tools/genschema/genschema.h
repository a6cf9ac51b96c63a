/*
 * genschema: turns schemas/NAME.schema (language: docs/schemas.md) into C data and declarations.
 *
 * read.c builds this model and refuses what it does not understand, write.c prints it, name.c knows
 * how wire names become C names. All of a model lives in one arena.
 */
#ifndef TOOLS_GENSCHEMA_GENSCHEMA_H
#define TOOLS_GENSCHEMA_GENSCHEMA_H

#include <stdio.h>

#include "schemas/codec.h"

struct gen_value {
	const char *wire;
	const char *constant; /* OCPP201_ATTRIBUTE_ACTUAL */
	struct gen_value *next;
};

struct gen_enum {
	const char *wire;
	const char *base; /* ocpp201_attribute: stem of constants and names array */
	const char *tag; /* the same, or with _enum where a struct has that tag */
	struct gen_value *values;
	int count;
	int line;
	const char *list; /* tag of its list type, where some field is an array of it */
	struct gen_enum *next;
};

struct gen_field {
	const char *wire;
	const char *name; /* C member */
	enum schema_kind kind;
	bool optional;
	bool array;
	bool soft;
	bool wide; /* int64 */
	int64_t min, max;
	int64_t items_min, items_max;
	const char *type_name; /* as written, where the kind is a name */
	struct gen_struct *type;
	struct gen_enum *values;
	const char *fallback; /* as written after '=', or NULL */
	int fallback_index; /* ENUM: its place */
	const char *help;
	int line;
	struct gen_field *next;
};

struct gen_struct {
	const char *wire;
	const char *tag; /* ocpp201_evse */
	bool open;
	const char *list; /* as in gen_enum */
	struct gen_field *fields;
	int count;
	int line;
	int mark; /* write.c: 0 not yet written, 1 being written, 2 written */
	struct gen_struct *next;
};

struct gen_action {
	const char *wire;
	const char *constant;
	enum schema_sender sender;
	const char *use;
	struct gen_struct *request;
	struct gen_struct *response;
	int line;
	struct gen_action *next;
};

struct gen_event {
	const char *wire;
	const char *constant;
	int version;
	const char *stream;
	struct gen_struct *type;
	struct gen_event *next;
};

struct gen_model {
	struct arena *arena;
	const char *file; /* for complaints */
	const char *prefix; /* "ocpp201" */
	const char *upper; /* "OCPP201" */
	struct gen_enum *enums;
	struct gen_struct *structs;
	struct gen_action *actions;
	struct gen_event *events;
	int action_count;
	int event_count;
	char error[300]; /* "FILE:LINE: what is wrong" */
};

/* Reads the whole text of a schema into `m`, whose arena and file are set. False: see m->error. */
bool gen_read(struct gen_model *m, const char *text);

/* Looks up every name a field uses and checks bounds and defaults against it. */
bool gen_resolve(struct gen_model *m);

/* Puts the structs in an order in which C can declare them. */
bool gen_order(struct gen_model *m);

/* Print the header and the source; false when writing failed. */
bool gen_write_header(const struct gen_model *m, FILE *out);
bool gen_write_source(const struct gen_model *m, FILE *out);

/* Keeps the first complaint in m->error; always false, so that callers can return it. */
bool gen_fail(struct gen_model *m, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* snake_case of a wire name; gen_upper turns that into CONSTANT_CASE. */
const char *gen_snake(struct arena *a, const char *wire);
const char *gen_upper(struct arena *a, const char *snake);

/* The name without its trailing EnumType or Type. */
const char *gen_stem(struct arena *a, const char *wire);

bool gen_is_keyword(const char *name);

#endif
