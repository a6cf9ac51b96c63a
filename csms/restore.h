/*
 * Restore: the fleet as it was, from the store's projections, and then as the depot's file says.
 */
#ifndef CSMS_RESTORE_H
#define CSMS_RESTORE_H

#include "csms/config.h"
#include "csms/core.h"

/* Reads stations, connectors, tokens, open transactions and setpoints into the fleet. Blocks; for
 * start-up. -1 with one line for a person. */
int restore_fleet(struct core *c, char why[300]);

/* Makes the fleet agree with the depot's file: vehicles are taken as they stand there; stations and
 * tokens that differ are journalled and changed. Stations that only the API knows stay. */
int restore_depot_file(struct core *c, const struct config *cfg, char why[300]);

#endif
