/*
 * Words of who may do what and what was done: users, audit, wire log. Sentences as csms/words.h has them.
 * Pure.
 */
#ifndef CSMS_WORDS_PEOPLE_H
#define CSMS_WORDS_PEOPLE_H

#include "csms/words.h"

struct words_people {
	int may, disabled; /* users that may sign in, and those that may not */
	int bare; /* of those that may: a password and nothing else */
};
void words_people_sentence(struct text *t, const struct words_people *n);
void words_people_sub(struct text *t, const struct words_people *n);

struct words_audit {
	int lines, refused; /* of this page */
	bool is_newest; /* there are older ones than these */
	int64_t head; /* the journal's newest line, 0: it is empty */
	wall_t head_at;
};
void words_audit_sentence(struct text *t, const struct words_audit *n);
void words_audit_sub(struct text *t, const struct words_audit *n, wall_t now);

struct words_wire {
	int requests; /* of this page */
	int wrong; /* answered by an error, broken by its schema, or not answered in time */
	int waiting; /* not answered, and young */
	bool is_newest; /* there are older ones than these */
};
void words_wire_sentence(struct text *t, const struct words_wire *n);
void words_wire_sub(struct text *t, const struct words_wire *n);

#endif
