/*
 * Tariff: what the depot pays for energy. The price of a kilowatt-hour is the sum of components
 * (energy, network, taxes …), each flat, by periods of season, day and hour, by what the month
 * has used so far, or by a series from the market; above it stand demand charges and fees.
 *
 * Money in millionths of the currency, energy in Wh, power in W, times in ms of UTC; local days by
 * the zone that the caller gives. All bounded, no pointers: a tariff is copied by assignment. Pure.
 */
#ifndef SCHEDULER_TARIFF_H
#define SCHEDULER_TARIFF_H

#include "scheduler/calendar.h"

#define TARIFF_NAME       61
#define TARIFF_COMPONENTS 8
#define TARIFF_PERIODS    48 /* of a component */
#define TARIFF_HOURS      4 /* pieces of a day */
#define TARIFF_TIERS      6
#define TARIFF_DEMANDS    8
#define TARIFF_FEES       8
#define TARIFF_BLOCKS     3
#define TARIFF_PARTS      (TARIFF_BLOCKS + 1) /* of the price of a slot, at most */
#define TARIFF_HOLIDAYS   40

/* Days of a mask: bit 0 Monday … bit 6 Sunday, bit 7 holidays, whatever day they fall on. */
#define TARIFF_HOLIDAY_BIT 7
#define TARIFF_ALL_DAYS    0xff

/* When something holds: a part of the year (both days belong to it; it may pass New Year), some
 * days, some hours. */
struct tariff_mask {
	int from_md, to_md; /* month * 100 + day */
	uint8_t days;
	int hours;
	struct {
		int from, to; /* minutes of the day, [from, to) */
	} hour[TARIFF_HOURS];
};

struct tariff_period {
	char name[TARIFF_NAME];
	struct tariff_mask mask;
	int64_t price_micro;
};

enum tariff_kind { TARIFF_FLAT, TARIFF_BY_PERIOD, TARIFF_BY_TIER, TARIFF_BY_SERIES };

/* A part of the price of a kWh, taken or fed in. */
struct tariff_component {
	char name[TARIFF_NAME];
	enum tariff_kind kind;
	bool is_export;
	bool is_internal; /* plans count it, no bill does: an own price of carbon */
	int64_t price_micro; /* flat; by series: added */
	int periods;
	struct tariff_period period[TARIFF_PERIODS];
	int tiers; /* by what the billing month has taken so far */
	struct {
		int64_t above_wh, price_micro;
	} tier[TARIFF_TIERS];
	int series; /* number for the market's function */
	int64_t times, by; /* a value of the series counts times / by */
};

/* A charge for the greatest mean power of an interval in a billing month. */
struct tariff_demand {
	char name[TARIFF_NAME];
	struct tariff_mask mask;
	int interval_min; /* on the clock */
	int64_t price_micro; /* a kW and month; with a subscription: of what exceeds it */
	int64_t block_w, block_micro; /* blocks of power by the month; 0: none */
	int64_t subscribed_w; /* of them; 0: as many as the peak needs */
	int ratchet_pct, ratchet_months; /* at least so much of the peaks of months before */
};

enum tariff_per { TARIFF_PER_DAY, TARIFF_PER_MONTH, TARIFF_PER_YEAR };

struct tariff_fee {
	char name[TARIFF_NAME];
	enum tariff_per per;
	int64_t price_micro;
};

struct tariff {
	char name[TARIFF_NAME];
	char currency[4];
	int billing_day; /* the billing month begins on, 1..28 */
	int components;
	struct tariff_component component[TARIFF_COMPONENTS];
	int blocks; /* what power above a level costs more, a kWh; never less */
	struct {
		int32_t above_w;
		int64_t add_micro;
	} block[TARIFF_BLOCKS];
	int demands;
	struct tariff_demand demand[TARIFF_DEMANDS];
	int fees;
	struct tariff_fee fee[TARIFF_FEES];
	int64_t idle_micro_h; /* a vehicle that stays plugged in after its last energy, an hour */
	int64_t idle_grace_ms; /* … from this on */
	int holidays;
	struct calendar_holiday holiday[TARIFF_HOLIDAYS];
};

/* The tariff with everything in its place: masks that overlap or leave gaps are refused, with their
 * names. 0, or -1 and one sentence. */
int tariff_check(const struct tariff *t, char why[300]);

#endif
