/* Handlers of the page of one charging session (session_course.c). */
#ifndef CSMS_API_HANDLERS_SESSION_H
#define CSMS_API_HANDLERS_SESSION_H

struct ask;

void session_course_get(struct ask *k);

#endif
