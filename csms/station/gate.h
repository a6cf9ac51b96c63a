/*
 * Gate: may this connection be that station's? Who it is by password (security profiles 1 and 2) or
 * certificate (3), and whether the profile is not below what the station has come on before (rules 1
 * to 3, 6, 7). Loop thread only.
 */
#ifndef CSMS_GATE_H
#define CSMS_GATE_H

#include "csms/core.h"
#include "csms/net/ws_server.h"

/* Decides on an upgrade: 101 with the station in `ans->user`, or the status. */
void gate_decide(void *core, const struct ws_gate_request *req, struct ws_gate_answer *ans);

/* May the station come on this security profile (A00.FR.002, A05.FR.07)? */
bool gate_profile_fits(const struct station *s, int profile);

#endif
