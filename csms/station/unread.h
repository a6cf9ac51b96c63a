/*
 * Unread: parts of a station's message that could not be read and were left out, so that the message
 * could be answered (rule 26). The wire log has the message with the fault beside it, the metrics
 * count, log and journal say it once per connection for each kind of fault.
 */
#ifndef CSMS_UNREAD_H
#define CSMS_UNREAD_H

#include "csms/station/dispatch.h"

/* Tells of what was left out of the message that is being handled; nothing if that is nothing. */
void unread_tell(struct exchange *x, const struct schema_notes *notes);

/* A token was said, but none that can be read. */
bool unread_token(const struct exchange *x);

/* Readings of measurands that OCPP does not have, of a message of either version as it came: points
 * and series under the maker's own name. */
void unread_measurands(struct exchange *x, const char *text, size_t len, int64_t evse);

#endif
