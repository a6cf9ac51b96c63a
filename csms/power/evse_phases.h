/*
 * EVSE phases: what an EVSE's registration, its vehicle and the currents of its own meter say about
 * the phases of the grid that it loads. Loop thread.
 */
#ifndef CSMS_EVSE_PHASES_H
#define CSMS_EVSE_PHASES_H

#include "csms/core.h"
#include "csms/metering/samples.h"
#include "scheduler/guard.h"

/* Currents came from its meter: kept, and learnt from while a transaction is open. A meter that
 * leaves out phases that the EVSE has says nothing of them, so it is not used. */
void evse_phases_take(struct evse *e, const struct samples *s);

/* The pattern to reckon with now; begins anew with each transaction. */
void evse_phases_find(struct evse *e);

/* Phases that its commands are spread over, 1..3. */
int evse_phases_count(const struct evse *e);

/* A power of all phases of the EVSE as one of those that are reckoned with. */
int64_t evse_phases_part(const struct evse *e, int64_t w);

/* What the plugged cable bears, as the station said (cableMaxCurrent); INT64_MAX: nothing that can
 * be believed. The charger keeps to it by itself (IEC 61851-1); nobody else should wait for more. */
int64_t evse_phases_cable_w(const struct evse *e, int volts);

/* Pattern, and what is measured on the phases of the grid for certain. */
void evse_phases_fill(const struct evse *e, int volts, struct guard_evse_in *in);

#endif
