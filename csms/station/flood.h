/*
 * Flood: a station that is let in leaves more behind than one may. It gets its answers as ever; what is
 * above a limit (csms/net/limit.h) is not kept, which is counted, and is an alarm until it has stopped
 * for a while. Loop thread only.
 */
#ifndef CSMS_FLOOD_H
#define CSMS_FLOOD_H

#include "csms/core.h"

/* It has reached `which` once more; `fmt` says for a person what it does, and what is done about it. */
void flood_reached(struct core *c, const struct station *s, enum limit which, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
