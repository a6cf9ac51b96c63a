/*
 * Poller: one worker thread that polls the meters on one link and hands over what it read.
 *
 * Readings are immutable once queued. The worker calls `wake` after queueing; the loop thread then
 * calls meter_poller_drain. One link never delays another. On a shared link a dead unit costs at
 * most its timeout per request and is asked ever less often (its period doubled, up to 10 s of the
 * caller's time, at least 1 s of real time). A SunSpec device is discovered on first contact, after
 * each reconnection, and when it refuses an address that it had.
 * If nobody drains, the queue keeps the newest 256 events and counts those it dropped.
 */
#ifndef MODBUS_METER_POLLER_H
#define MODBUS_METER_POLLER_H

#include "modbus/meter_link.h"
#include "modbus/meter_map.h"
#include "modbus/meter_setpoint.h"
#include "modbus/sunspec.h"

struct meter_poller;

struct meter_poller_unit {
	const struct meter_map *map; /* must outlive the poller; NULL: by SunSpec discovery */
	const struct meter_sunspec *sunspec; /* what to look for then, outlives it too */
	int sunspec_model, sunspec_instance; /* see sunspec_map_make */
	double ratio; /* of current transformers that the meter does not know; 0 counts as 1 */
	bool is_reversed; /* import and export change places */
	int unit; /* Modbus unit, 0..255 */
	int poll_ms; /* period in the caller's time */
	double odd; /* what was found of its energy before: meter_balance.odd, is_power_low */
	bool is_power_low;
	int key; /* handed back in the events */
};

struct meter_poller_config {
	struct meter_link_config link; /* its clocks are called on the worker thread */
	const struct meter_poller_unit *units;
	int unit_count;
	double speed; /* of the caller's time against real time; 0 counts as 1 */
	int frozen_ms; /* registers unchanged for so long make a reading suspect; 0: off */
	void (*wake)(void *); /* called on the worker thread; may be NULL */
	void *wake_arg;
};

/* One poll of one unit, good or not. */
struct meter_event {
	int key;
	enum meter_result result;
	bool is_refused; /* it has not what it was asked for: exceptions 1 to 3 */
	struct meter_reading reading; /* if the result is METER_OK */
	struct meter_link_stats stats; /* of this unit up to here */
};

/* Starts the thread. Copies the config; the maps stay the caller's. NULL with one line. */
struct meter_poller *meter_poller_create(const struct meter_poller_config *config, char why[200]);

/* Hands each queued event to `fn`, oldest first, and returns how many there were. Not to be
 * called by two threads at once. */
int meter_poller_drain(
	struct meter_poller *p, void (*fn)(void *arg, const struct meter_event *event), void *arg);

/* What the last good poll of a unit looked like on the wire, for diagnostics. */
struct meter_table {
	int64_t at_ms; /* wall time, 0: never */
	int count;
	struct meter_raw rows[METER_REGISTERS];
	char about[160]; /* of a SunSpec device: who it says it is; "" otherwise */
};

/* Copies the table of the unit with `key`. False if there is none. Any thread. */
bool meter_poller_table(struct meter_poller *p, int key, struct meter_table *out);

/* Asks the unit with `key` at once, whatever was waited for. False: there is none. Any thread. */
bool meter_poller_ask(struct meter_poller *p, int key);

/* Tells the storage with `key` what to do; not waited for. It must be told again before until_us, and
 * the poller's end gives it back. False: there is no such unit, or its map has no setpoint. Any thread. */
bool meter_poller_command(struct meter_poller *p, int key, const struct meter_command *command);

/* What it has been told. False: as above. Any thread. */
bool meter_poller_told(struct meter_poller *p, int key, struct meter_told *out);

/* Another poller commands its storages from now on: the end of this one says nothing to them, which
 * would come in between. Any thread. */
void meter_poller_hand_over(struct meter_poller *p);

/* Events lost because nobody drained. */
uint64_t meter_poller_dropped(struct meter_poller *p);

/* The link in words, "tcp 127.0.0.1:502". */
const char *meter_poller_name(const struct meter_poller *p);

/* Stops the thread, within a timeout of the link, and frees all. NULL is fine. */
void meter_poller_destroy(struct meter_poller *p);

#endif
