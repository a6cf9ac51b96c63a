/*
 * Sampling: sees to it that stations send what depotd needs during transactions (J02,
 * SampledDataCtrlr): how often, and which measurands. Looks on each connection, so that stations
 * that depotd has known for years are asked too; sets only what is missing and takes nothing away.
 * A station that refuses the list as a whole is offered what is missing one by one, and what it
 * refused is left alone until depotd restarts or its firmware changes. Loop thread only.
 */
#ifndef CSMS_SAMPLING_H
#define CSMS_SAMPLING_H

#include "csms/core.h"

/* The station is connected and accepted. */
void sampling_station_ready(struct core *c, struct station *s);

/* For csms/fleet.c. */
void sampling_forget(struct station *s);

#endif
