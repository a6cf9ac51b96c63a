/*
 * Handlers of the work of vehicles and how far chargers go by plans. Each answers its ask.
 */
#ifndef CSMS_API_HANDLERS_WORK_H
#define CSMS_API_HANDLERS_WORK_H

struct ask;

/* plan_decide.c */
void node_mode_effect(struct ask *k);

#endif
