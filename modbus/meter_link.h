/*
 * Link: one Modbus TCP gateway or one RTU bus, with as many units behind it as there are.
 *
 * Blocking, for a worker thread: a read ends after at most timeout_ms once connected, and
 * connecting takes at most that again (a host name is looked up by the system first). A link
 * belongs to one thread at a time. It connects by itself, and after a failure waits 250 ms,
 * doubled up to 10 s, before it tries again. The only owner of libmodbus.
 */
#ifndef MODBUS_METER_LINK_H
#define MODBUS_METER_LINK_H

#include "gen/meter.h"
#include "modbus/meter_stats.h"

struct meter_link;

struct meter_link_config {
	const char *host; /* TCP: name or address; NULL for RTU */
	int port;
	const char *device; /* RTU: serial device */
	int baud;
	char parity; /* 'N', 'E' or 'O' */
	int stop_bits;
	int timeout_ms; /* 20..10000 */
	int64_t (*mono_us)(void); /* monotonic real time, from any thread */
	int64_t (*wall_ms)(void); /* UTC milliseconds, from any thread */
};

#define METER_LINK_RESERVE 64

/* Sets low descriptors aside (at most METER_LINK_RESERVE) for links that are made later, when
 * thousands are open. Any thread; call it early. */
void meter_link_reserve(int count);

/* Creates a link without connecting. libmodbus waits by select(), so the link keeps one low
 * descriptor for life: of those set aside if none else is left. NULL with one line for a person. */
struct meter_link *meter_link_create(const struct meter_link_config *config, char why[200]);

/* Reads `count` (1..125) registers of unit `unit` (0..255) into `out`; connects first if need be.
 * After METER_EXCEPTION, meter_link_exception() tells the code. */
enum meter_result meter_link_read(struct meter_link *link, int unit, enum meter_function function,
	int address, int count, uint16_t *out);

/* Writes `count` (1..123) holding registers of unit `unit` by one request (function 16). As
 * meter_link_read() in all else. */
enum meter_result meter_link_write(
	struct meter_link *link, int unit, int address, int count, const uint16_t *words);

/* Code of the last exception (1 illegal function, 2 illegal data address, 11 gateway: no answer
 * from the unit …). */
int meter_link_exception(const struct meter_link *link);

/* When the link may connect again, by mono_us; 0 if it is not waiting. */
int64_t meter_link_retry_us(const struct meter_link *link);

/* It may connect again at once. */
void meter_link_retry_now(struct meter_link *link);

/* What went wrong last, for a person. */
const char *meter_link_error(const struct meter_link *link);

const struct meter_link_stats *meter_link_stats(const struct meter_link *link);

/* "tcp 127.0.0.1:502" or "rtu ttyS0 9600 8N1". */
const char *meter_link_name(const struct meter_link *link);

void meter_link_destroy(struct meter_link *link);

#endif
