/* What the API says of commands before they are sent; the inside of csms/api. */
#ifndef CSMS_API_COMMAND_SAY_H
#define CSMS_API_COMMAND_SAY_H

#include "csms/api/ask.h"

/* The least that the action needs, whatever its payload. */
enum permission command_permission(const char *action);

/* Answers with what the command would do to vans (csms/api/command_effect.c). */
void command_effect(struct ask *k, struct station *s, const struct api_command_post *post);

#endif
