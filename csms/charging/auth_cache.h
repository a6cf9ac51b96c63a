/*
 * Authorisation caches: what stations keep of our answers, cleared on demand or when a token is
 * refused anew and the depot's file says so (C11). Loop thread only.
 */
#ifndef CSMS_AUTH_CACHE_H
#define CSMS_AUTH_CACHE_H

#include "csms/command.h"
#include "csms/core.h"

/* Sends ClearCache as a command of its own. `answered` may be NULL. As command_start(). */
int auth_cache_clear(struct core *c, struct station *s, const char *actor, const char *why,
	const char *parent, void (*answered)(void *arg, const struct command *k), void *arg,
	struct schema_error *err);

/* The token's status was `before` (NULL: it is new): clears the caches of all connected stations
 * if it may no longer charge and the depot wants that. */
void auth_cache_token(struct core *c, const struct token *t, const char *before);

#endif
