/*
 * List content: what a local authorisation list says of our tokens, entry by entry as JSON, and how
 * many entries go into one message. Pure but for the fleet that it reads.
 */
#ifndef CSMS_LIST_CONTENT_H
#define CSMS_LIST_CONTENT_H

#include "csms/core.h"

/* A hash of all that lists say of the token, at whatever station; 0: it belongs into none. Tokens
 * with hours do not: a station that is alone cannot be told about them. */
uint64_t list_content_hash(const struct token *t);

/* What else decides on a station's list: its place in the tree and its EVSEs. */
uint64_t list_content_station(const struct core *c, const struct station *s);

struct list_entry {
	const char *json;
	size_t len;
};

/* Entries on their way. Zero-initialised; the arena is its own. */
struct list_content {
	struct arena *arena;
	struct list_entry *items;
	size_t count, room;
	size_t left_out; /* more than the station takes */
};

/* The whole list of the station, at most `limit` entries, tokens that may charge first. -1: memory */
int list_content_full(
	const struct core *c, const struct station *s, int64_t limit, struct list_content *out);

/* Adds an entry: what the list says of the token, or, with `t` NULL, that it goes. */
int list_content_add(const struct core *c, const struct station *s, const struct token *t,
	const char *type, const char *value, struct list_content *out);

/* How many entries from `from` on fit into one SendLocalList of at most `items` entries and `bytes`
 * bytes (D01.FR.11). 0: the first one alone is too long. */
size_t list_content_part(
	const struct list_entry *e, size_t count, size_t from, int64_t items, int64_t bytes);

void list_content_finish(struct list_content *l);

#endif
