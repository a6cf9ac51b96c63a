/*
 * Words: how numbers, times and the state of the night are said to a person. Sentences have at
 * most 14 words, present tense, and name the van, bay and time. Pure but for the zone of the
 * process (TZ), which is the depot's.
 */
#ifndef CSMS_WORDS_H
#define CSMS_WORDS_H

#include "schemas/text.h"
#include "schemas/wall.h"

/* "142 kW", "9.4 kW", with a thin no-break space; "−3.0 kW" for export. */
void words_power(struct text *t, int64_t w);

/* "142 of 250 kW". */
void words_power_of(struct text *t, int64_t w, int64_t limit_w);

/* "412 kWh", "9.4 kWh". */
void words_energy(struct text *t, int64_t wh);

/* "05:30"; "Thu 05:30" when it is more than 20 hours away. */
void words_time(struct text *t, wall_t at, wall_t now);

/* The same into `out`, for formats. */
#define WORDS_TIME_SIZE 32
const char *words_clock(wall_t at, wall_t now, char out[WORDS_TIME_SIZE]);

/* "05:30", whichever day. */
const char *words_hour(wall_t at, char out[WORDS_TIME_SIZE]);

/* "38 min", "2 h 16 min", "3 days". */
void words_duration(struct text *t, int64_t ms);

/* "1 van", "20 vans". `plural` is the noun's plural. */
void words_count(struct text *t, int n, const char *noun, const char *plural);

/* "27.2 kWh will be missing: its charger gives no more." `reason`: the plan's ("27.2 kWh short: charger"),
 * whose number is not said again; "" or NULL: none. */
void words_missing(struct text *t, int64_t wh, const char *reason);

/* The night in numbers, from which its sentence is made. */
struct words_night {
	int vans; /* known to the depot */
	int will_miss, at_risk;
	int on_track; /* plugged in and neither; with the ready ones */
	int ready, away, unknown;
	wall_t first; /* first departure of those plugged in; ms 0: none known */
	const char *worst; /* name of the van most in need, NULL: none */
	wall_t worst_leaves;
	const char *worst_reason;
	int evses, charging, faulted; /* EVSEs */
	int stations, silent; /* stations not connected */
	int64_t site_w, limit_w; /* INT64_MIN: unknown */
	bool is_assumed; /* nobody measures the site: site_w is the worst case */
	bool is_island, is_back; /* the grid is gone; it is back, and does not count yet */
};

/* "1 van will miss its departure. 2 more are at risk." */
void words_sentence(struct text *t, const struct words_night *n, wall_t now);

/* What a person needs next: the worst case, or the site in numbers. */
void words_sub(struct text *t, const struct words_night *n, wall_t now);

#endif
