/*
 * Invite: what a station that is pending may send because it was asked for it: a triggered message
 * once, or as often as there are connectors to tell of; the parts of a report (B02.FR.09, rule 18).
 * An invitation lives as long as the connection. Loop thread only.
 */
#ifndef CSMS_INVITE_H
#define CSMS_INVITE_H

#include "csms/station/session.h"

/* A call goes to the station: what it asks for may come. */
void invite_asked(struct session *x, const struct schema_action *asked, const char *payload);

bool invite_holds(const struct session *x, int action);

/* A message came: what was asked for once has come. */
void invite_took(struct session *x, int action);

/* The station booted: it begins anew. */
void invite_clear(struct session *x);

#endif
