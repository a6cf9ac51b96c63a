/*
 * Telematics over MQTT: one link a source, each with a thread of its own that does all that blocks
 * (names, connecting, TLS). The only owner of <mosquitto.h>.
 *
 * libmosquitto queues the acknowledgement of a message (PUBACK) before it shows us the message. So
 * the thread reads what is there, hands it to the loop, and writes nothing until the loop says that
 * it is on disk: what is acknowledged is durable. If it cannot be written the connection is dropped,
 * and the broker sends it again.
 */
#ifndef CSMS_TELEMATICS_MQTT_H
#define CSMS_TELEMATICS_MQTT_H

#include "csms/vehicles/telematics.h"

struct telematics_link;

/* Starts to connect, again and again. NULL with one line. */
struct telematics_link *telematics_link_create(struct telematics_source *s, char why[400]);

/* "connected to mqtts://broker:8883", or why not; valid until the next call. */
const char *telematics_link_state(struct telematics_link *l, bool *is_connected);

/* Ends the thread. Its memory stays: the store may still call back. NULL is fine. */
void telematics_link_stop(struct telematics_link *l);

#endif
