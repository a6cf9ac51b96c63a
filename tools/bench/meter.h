/*
 * Meter: a Modbus TCP server of one register, on a thread of its own, that says what the bench
 * wants and when it first said so.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>
#include <stdio.h>

struct meter;

/* Listens on 127.0.0.1. NULL: no socket or no thread. */
struct meter *meter_create(void);
int meter_port(const struct meter *m);

/* From now on it reads so many W. */
void meter_say(struct meter *m, double w);

/* When (CLOCK_MONOTONIC) it first answered with the present value; 0: not yet. */
int64_t meter_said_us(struct meter *m);

/* The register map that depotd reads it by. */
void meter_write_map(FILE *f);

void meter_destroy(struct meter *m);

#endif
