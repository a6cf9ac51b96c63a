/*
 * Composite: the limit that a stack of OCPP charging profiles amounts to at an instant, as a
 * station must compute it (K01, K08): within a purpose the highest stack level that is valid and
 * has a period then; a transaction's profile goes before the default one; the least of the purposes
 * rules.
 *
 * Pure; reads the profiles it is given and keeps nothing. Times in UTC ms.
 */
#ifndef SCHEDULER_COMPOSITE_H
#define SCHEDULER_COMPOSITE_H

#include <stdbool.h>
#include <stdint.h>

#define COMPOSITE_NO_LIMIT INT32_MAX
#define COMPOSITE_FOREVER  INT64_MAX

enum composite_purpose {
	COMPOSITE_STATION_MAX,
	COMPOSITE_EXTERNAL,
	COMPOSITE_TX_DEFAULT,
	COMPOSITE_TX,
	COMPOSITE_PURPOSES
};

enum composite_kind {
	COMPOSITE_ABSOLUTE,
	COMPOSITE_DAILY,
	COMPOSITE_WEEKLY,
	COMPOSITE_RELATIVE, /* to the start of energy transfer */
};

enum composite_unit { COMPOSITE_WATT, COMPOSITE_MILLIAMPERE };

struct composite_period {
	int32_t start_s;
	int32_t limit; /* W, or mA per phase */
	int phases; /* 0: 3 */
};

struct composite_profile {
	enum composite_purpose purpose;
	int stack_level;
	enum composite_kind kind;
	enum composite_unit unit;
	int64_t valid_from_ms, valid_to_ms; /* 0: no bound; valid in [from, to) */
	int64_t start_ms; /* absolute and recurring */
	int64_t duration_s; /* 0: until the end */
	const struct composite_period *period; /* first at 0, ascending */
	int count;
};

struct composite_context {
	int voltage_v; /* phase to neutral */
	bool in_transaction;
	int64_t ready_ms; /* start of energy transfer, in a transaction */
	int phases; /* that the EVSE has: a period for more gives it its part; 0: all it names */
	bool is_dc; /* W are W, whatever phases a period names */
};

struct composite_limit {
	int32_t w; /* COMPOSITE_NO_LIMIT: none */
	int profile; /* index of the profile that rules, or -1 */
	int64_t until_ms; /* nothing changes before this instant; COMPOSITE_FOREVER */
};

/* The limit at t_ms and how long it surely stays; walk on from until_ms for a whole schedule. */
struct composite_limit composite_limit_at(const struct composite_profile *profiles, int n,
	const struct composite_context *ctx, int64_t t_ms);

#endif
