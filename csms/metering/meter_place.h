/*
 * Meter place: where depotd may be sent to look for meters. Who names an address or a device makes
 * depotd connect to it and write to it, so scans and changes of the depot's meters go to private
 * networks and serial lines only, and to what whoever runs the machine has written into its files.
 */
#ifndef CSMS_METER_PLACE_H
#define CSMS_METER_PLACE_H

#include "csms/core.h"

/* Private addresses, hosts of the meters in force, and meter_hosts of the config. 0, or -1 with one
 * line for a person. */
int meter_place_host(const struct core *c, const char *host, char why[300]);

/* Serial lines and nothing else: opening a device writes to it. */
int meter_place_device(const char *device, char why[300]);

#endif
