/*
 * OCSP hosts: where depotd may ask for the status of certificates. The address comes from a station or
 * stands in a certificate, so it is somebody else's word: only hosts that the config names
 * (trust.ocsp_hosts) are asked, spelt as it names them, and a name that leads to a private address
 * leads nowhere unless that address stands there too. Pure; loop thread or tests.
 */
#ifndef CSMS_OCSP_HOSTS_H
#define CSMS_OCSP_HOSTS_H

#include <stdbool.h>
#include "schemas/codec.h"

struct sockaddr;

/* May this URL be asked? http or https; host and port as one of `hosts` (without a port there: 80 or
 * 443, by the scheme). False with one line. */
bool ocsp_hosts_allow(const struct schema_strings *hosts, const char *url, char why[200]);

/* May this address be connected to? `hosts` is a struct schema_strings; for http_call_spec. */
bool ocsp_hosts_reach(const void *hosts, const struct sockaddr *address);

#endif
