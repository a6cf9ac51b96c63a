/* What the API says of commands before they are sent; the inside of csms/api. */
#ifndef CSMS_API_COMMAND_SAY_H
#define CSMS_API_COMMAND_SAY_H

#include "csms/api/ask.h"

/* The least that the action needs, whatever its payload. */
enum permission command_permission(const char *action);

/* What somebody wants of the path's station. `then` starts it; it is called unless the ask was answered.
 * Texts live in the ask. */
struct command_wish {
	const char *action, *payload; /* payload NULL: none */
	bool force; /* past what depotd knows of transactions */
	void (*then)(struct ask *k);
};
void ask_judged(struct ask *k, const struct command_wish *w);

/* Answers with what the command would do to vans (csms/api/command_effect.c). */
void command_effect(struct ask *k, struct station *s, const struct api_command_post *post);

#endif
