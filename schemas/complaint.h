/*
 * Complaints: what is wrong with a message, at which place, in words that are safe to show. For the
 * codec only.
 */
#ifndef SCHEMAS_COMPLAINT_H
#define SCHEMAS_COMPLAINT_H

#include "schemas/codec.h"

/* Where the decoder is; lives on its stack. */
struct schema_place {
	const struct schema_place *up;
	const char *key;
	size_t index; /* of the item, where `item` */
	bool item;
};

/* Fills `err`; always false. What it quotes of foreign text is cut and printable. */
__attribute__((format(printf, 4, 5))) bool schema_complain(struct schema_error *err,
	const struct schema_place *at, enum schema_fault fault, const char *fmt, ...);

/* Bytes of `s` that fit in `max` without cutting a UTF-8 sequence. */
size_t schema_fitting(const char *s, size_t len, size_t max);

#endif
