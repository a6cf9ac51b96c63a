/*
 * A Modbus meter to test against: libmodbus' own server in a thread, on loopback TCP or on a
 * serial device, with the faults of real ones at hand. For tests only.
 */
#ifndef TESTS_METER_SERVER_H
#define TESTS_METER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

enum server_mood {
	SERVER_WELL,
	SERVER_SILENT, /* takes requests and says nothing */
	SERVER_DRIBBLE, /* sends an answer without end, a byte now and then */
	SERVER_GARBLED, /* answers some other request */
	SERVER_HANG_UP, /* closes the connection at each request */
};

struct meter_server;

/* A server on a free port of 127.0.0.1 (`device` NULL; `port` 0 or a certain one), or on a serial
 * device. It answers for every unit and holds 200 input and 200 holding registers from 0. */
struct meter_server *meter_server_start(const char *device, int port);
int meter_server_port(const struct meter_server *s);

void meter_server_set_mood(struct meter_server *s, enum server_mood mood);
void meter_server_set_exception(struct meter_server *s, int code); /* 0: none */
void meter_server_set_delay(struct meter_server *s, int ms);
void meter_server_set_dead_unit(struct meter_server *s, int unit); /* -1: none */
void meter_server_set_hole(struct meter_server *s, int address); /* exception 2; -1: none */
void meter_server_set(struct meter_server *s, int address, uint16_t value);
uint16_t meter_server_get(struct meter_server *s, int address); /* holding */
void meter_server_set_float(struct meter_server *s, int address, float value);

int meter_server_requests(const struct meter_server *s);
int meter_server_connections(const struct meter_server *s);

void meter_server_stop(struct meter_server *s);

/* Clocks for the rooms that are given theirs. */
int64_t test_mono_us(void);
int64_t test_wall_ms(void);
void test_sleep_ms(int ms);

#endif
