/* Handlers of sign-in by others. */
#ifndef CSMS_API_HANDLERS_PEOPLE_H
#define CSMS_API_HANDLERS_PEOPLE_H

struct ask;

/* vouched.c */
void vouched_list(struct ask *k);
void vouched_begin_post(struct ask *k);
void vouched_back_get(struct ask *k);

#endif
