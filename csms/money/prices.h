/*
 * Prices: what the depot pays for energy, now and in the time that is planned: the tariff in force
 * (scheduler/tariff.h), the series of the market that it names, and the peaks that this month has
 * paid for already. Tariffs come from the depot's file and the API, series are fetched or uploaded;
 * both are journalled before they count. Loop thread only.
 */
#ifndef CSMS_PRICES_H
#define CSMS_PRICES_H

#include "csms/core.h"
#include "csms/depot_check.h"
#include "csms/money/price_read.h"
#include "csms/money/price_series.h"
#include "scheduler/bill.h"

struct prices;

/* After alarms_create(): takes up tariffs and series that the store holds. NULL with one line. */
struct prices *prices_create(struct core *c, char why[400]);
void prices_destroy(struct prices *p);

/* -- for the planner -------------------------------------------------------------------------- */

/* Prices of slots, owned by this struct but for nothing: any thread may read and free it. In
 * millionths of the currency a kWh, as struct flow wants them. */
struct price_slots {
	struct tariff tariff; /* in force at the start; name "": the depot has none, all is 0 */
	int64_t start_ms, slot_ms;
	int slots, parts;
	struct flow_part *import; /* [slots][parts], rising */
	int32_t *carbon; /* [slots]: how much of it is the depot's own price of carbon */
	int32_t *feed_in; /* [slots]: what a kWh fed in earns */
	uint8_t *source; /* [slots] enum price_source: the worst that is in the slot's price */
	int64_t *
		received_ms; /* [slots]: when the oldest of it was received, 0: nothing of a series */
	int demands;
	struct bill_demand_row *demand; /* [demands]: what a kW more of a peak costs, and where */
	int64_t month_wh; /* taken in the billing month so far, as far as it was metered */
};

/* Fills prices of [start, start + slots * slot_ms). A tariff that comes into force meanwhile counts
 * from its day on, but for its demand charges. 0, or -1: no memory. */
int prices_fill(
	struct prices *p, wall_t start, int64_t slot_ms, int slots, struct price_slots *out);

/* The same by a tariff of the caller's, for what-if. */
int prices_fill_by(struct prices *p, const struct tariff *t, wall_t start, int64_t slot_ms,
	int slots, struct price_slots *out);
void price_slots_finish(struct price_slots *s);

/* -- tariffs ---------------------------------------------------------------------------------- */

struct price_tariff {
	const struct depot_tariff *row; /* as it was given */
	struct tariff tariff;
	int64_t from_day; /* days since 1970; INT64_MIN: since ever */
	bool from_file;
	wall_t at; /* of its newest change */
	char actor[100];
};

/* By id, in force at that time (NULL: the depot has none), and all of them. */
const struct price_tariff *prices_find(const struct prices *p, const char *id);
const struct price_tariff *prices_in_force(const struct prices *p, int64_t at_ms);
const char *prices_currency(
	const struct prices *p); /* of the one in force now, NULL; p may be NULL */
int prices_count(const struct prices *p);
const struct price_tariff *prices_at(const struct prices *p, int i);

/* Judges it: 0, or -1 and the fault. */
int prices_check(const struct prices *p, const struct depot_tariff *row, struct tariff *out,
	struct depot_fault *fault);

/* Puts it in force: journalled first, then `done`. 0, or -1 and the fault. */
int prices_put(struct prices *p, const struct depot_tariff *row, const char *actor,
	void (*done)(void *arg, int status, const char *why), void *arg, struct depot_fault *fault);
void prices_remove(struct prices *p, const struct price_tariff *t, const char *actor,
	void (*done)(void *arg, int status, const char *why), void *arg);

/* -- series ----------------------------------------------------------------------------------- */

#define PRICES_SERIES_MAX 8

struct price_state {
	const struct depot_price_series *row;
	wall_t received_at; /* newest that came, ms 0: never */
	char received_from[301];
	int64_t known_until_ms; /* told without a hole from now on; now itself: not known */
	bool is_short; /* … for less than `alarm_h` */
	enum price_source after; /* what counts then */
	wall_t tried_at, next_at; /* of the fetching; ms 0: never, none */
	int failures; /* in a row */
	bool is_broken; /* the circuit is open: it is tried only now and then */
	char trouble[301]; /* of the newest try, "" none */
};

int prices_series_count(const struct prices *p);
void prices_series_state(const struct prices *p, int i, struct price_state *out);
int prices_series_find(const struct prices *p, const char *id); /* or -1 */

/* Mean of a series with its source. */
struct price_value prices_series_mean(
	const struct prices *p, int i, int64_t from_ms, int64_t to_ms);

/* Values that were read (csms/money/price_read.h): what is news is journalled, all counts from then on.
 * Returns how many are new; `done` (may be NULL) is told when they are on disk. -1: none is in the
 * window of time that counts, `why` says so. */
int prices_take(struct prices *p, int i, const struct price_points *points, const char *from,
	const char *actor, void (*done)(void *arg, int status, const char *why), void *arg,
	char why[300]);

/* Fetches now, whatever the circuit says. -1: it is not one that is fetched. */
int prices_fetch_now(struct prices *p, int i);

/* The zone of the depot, for bills: from some years ago to some ahead. */
const struct calendar_zone *prices_zone(const struct prices *p);

#endif
