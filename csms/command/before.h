/*
 * Before a command is sent: what is known of its action, and what would be refused. For those who ask a
 * person first. Loop thread only.
 */
#ifndef CSMS_COMMAND_BEFORE_H
#define CSMS_COMMAND_BEFORE_H

#include "csms/command.h"

/* What command_start() would refuse, but nothing is started. What depotd fills in when it is asked in
 * earnest (an address of its own) is not checked before. */
int command_check(struct core *c, struct station *s, const struct command_request *req,
	struct schema_error *err);

/* What is known of an action before anybody asks for it. False: a CSMS does not send it. */
struct command_kind {
	const struct schema_action *action;
	const char *waits_for; /* "the station to come back"; NULL: its answer ends it */
	const char *number; /* field that depotd fills in, NULL: none */
};
bool command_kind(const char *action, struct command_kind *out);

#endif
