/*
 * Site server: what the depot draws and may draw, for the building's own control system, over Modbus
 * TCP. Reads only, without a password as the protocol has none: off unless config says otherwise,
 * and to be bound to the building's network. docs/meters.md has the registers. Loop thread only.
 */
#ifndef CSMS_SITE_SERVER_H
#define CSMS_SITE_SERVER_H

#include "csms/core.h"

#define SITE_NODES      200 /* nodes that are shown */
#define SITE_NODE_FIRST 100 /* address of the first node's registers */
#define SITE_NODE_WORDS 20
#define SITE_WORDS      (SITE_NODE_FIRST + SITE_NODES * SITE_NODE_WORDS)

struct site_server;

/* Listens as config says. NULL with one line for a person. */
struct site_server *site_server_create(
	struct core *c, const struct config_modbus_listener *l, char why[200]);

int site_server_port(const struct site_server *s);

/* Fills the image of all registers: those of this moment. */
void site_server_image(const struct core *c, uint16_t words[SITE_WORDS]);

/* NULL is fine. */
void site_server_destroy(struct site_server *s);

#endif
