/*
 * Energy use: what a transaction took in each slot of time, from the registers that its events in
 * the journal hold. Between two registers it is spread evenly; the slots add up to the whole to the
 * last Wh. Nothing but the journal is read, so that the same comes out again.
 */
#ifndef CSMS_ENERGY_USE_H
#define CSMS_ENERGY_USE_H

#include "db/query.h"

#define ENERGY_SLOT_MS   INT64_C(900000)
#define ENERGY_SLOTS_MAX 4320 /* 45 days; of a longer one the end is put into the last slot */

struct energy_point {
	int64_t at_ms, wh;
};

struct energy_use {
	const char *station, *transaction_id, *vehicle;
	int64_t started_ms, ended_ms;
	int64_t start_ms; /* of the first slot */
	int slots;
	int64_t *wh; /* [slots], the arena's */
	int64_t total_wh;
	int64_t last_ms; /* when its last energy had flowed */
};

/* Registers by time to slots; those that fall back are left out. */
void energy_spread(
	const struct energy_point *points, int count, int64_t start_ms, int slots, int64_t *wh);

/* Reader thread. 0; 1: there is no such transaction, or nothing to reckon with; -1: failed. */
int energy_use_read(struct db_reader *r, struct arena *a, const char *station, const char *id,
	struct energy_use *out);

#endif
