/*
 * Register maps: where a family of meters keeps what, read from a file (schemas/meter.schema), and
 * how raw registers become engineering values.
 *
 * `struct meter_map`, its rows and the enum of quantities are generated from the schema. Maps are
 * immutable once loaded and may be shared by threads. Power is positive where energy is imported.
 * Currents are as the meter gives them: many give magnitudes, whose direction is that of the power.
 */
#ifndef MODBUS_METER_MAP_H
#define MODBUS_METER_MAP_H

#include "gen/meter.h"

#define METER_QUANTITIES (METER_QUANTITY_STATE + 1)
#define METER_REGISTERS  200 /* most rows of a map */
#define METER_GAP        16 /* unused registers that a plan usually reads along */
#define METER_READ_MAX   125 /* most registers of one request */

enum meter_quality {
	METER_ABSENT = 0, /* not in the map, NaN or "undefined": no value */
	METER_GOOD,
	METER_SUSPECT, /* read, but implausible: for the eye only */
};

struct meter_value {
	double value;
	enum meter_quality quality;
};

/* What one poll of one meter gave. */
struct meter_reading {
	int64_t at_ms; /* wall time of the poll */
	int64_t changed_at_ms; /* wall time when any raw register last differed */
	bool is_rebased; /* an energy register began anew: differences over it are void */
	double odd; /* energy by the registers / by the power where they disagree; 0: they do not */
	struct meter_value values[METER_QUANTITIES];
};

/* The value, if it is good; false and `*out` untouched if it is absent or suspect. */
static inline bool meter_reading_get(
	const struct meter_reading *r, enum meter_quantity q, double *out)
{
	if (r->values[q].quality != METER_GOOD)
		return false;
	*out = r->values[q].value;
	return true;
}

/* One request: `count` registers from `address`, for the rows rows[first] … of the plan. */
struct meter_batch {
	uint16_t address;
	uint16_t count;
	int first;
	int rows;
};

/* How a map is read with few requests. */
struct meter_plan {
	const struct meter_map *map;
	int max_gap;
	int batch_count;
	struct meter_batch batches[METER_REGISTERS];
	int rows[METER_REGISTERS]; /* indexes into the map's registers, by address */
};

/* Loads and checks a map file into `a`. NULL with one line for a person. */
const struct meter_map *meter_map_load(const char *path, struct arena *a, char why[400]);

/* What the schema cannot say: no quantity twice but to be added, nothing behind address 65535, no
 * scale of 0, every value within one request together with its exponent. 0, or -1 with one line for a person. */
int meter_map_check(const struct meter_map *map, char why[400]);

/* A number as registers of a type, as near as it can say it. Returns how many. */
int meter_words(double value, enum meter_type type, enum meter_order order, uint16_t out[4]);

/* Plans batches of at most max_read registers that skip at most `max_gap` unused ones between two
 * values (0: none, for meters that refuse to read what they do not have). */
void meter_plan_make(const struct meter_map *map, int max_gap, struct meter_plan *out);

/* Registers that a value of this type takes. */
int meter_type_registers(enum meter_type type);

/* One row as it came from the wire, for diagnostics. */
struct meter_raw {
	enum meter_quantity quantity;
	int address;
	enum meter_type type;
	int count; /* registers: 1, 2 or 4 */
	uint16_t words[4]; /* as sent */
	double scale; /* with the exponent, if the row has one */
};

/* Decodes the registers of batch `batch` into the values that it holds. */
void meter_plan_decode(const struct meter_plan *plan, int batch, const uint16_t *registers,
	struct meter_reading *out);

/* The rows of batch `batch` as they came, into `out` (as many as the batch has rows). */
void meter_plan_raw(
	const struct meter_plan *plan, int batch, const uint16_t *registers, struct meter_raw *out);

/* Corrects for how the meter is mounted: `ratio` of current transformers that it does not know,
 * `is_reversed` where they look the other way round (import and export change places). */
void meter_reading_mount(struct meter_reading *r, double ratio, bool is_reversed);

#endif
