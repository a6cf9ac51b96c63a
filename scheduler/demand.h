/*
 * Demand: the open demand window. Network charges are billed by the greatest mean power of a clock
 * window (15 minutes, sum of phases) in a month. This counts the energy of the open window and says
 * how much may be drawn in what is left of it, so that its mean stays at the target: no less than
 * the rest of the window needs. A peak of this month that has been metered is paid for already and
 * lifts the target.
 *
 * What was not measured counts twice over: as the worst case in the window's energy, and as nothing
 * in the peak, which must never rise by a guess. A meter's energy register, where it has one, tells
 * what flowed while nobody listened.
 *
 * A plain struct, no memory of its own, one thread. Times are wall clock in ms; the caller finds
 * the window's begin and the billing month in the depot's zone. A clock that steps back counts the
 * same time again, one that steps forward leaves a gap: both err to the safe side.
 */
#ifndef SCHEDULER_DEMAND_H
#define SCHEDULER_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

#define DEMAND_NO_LIMIT INT32_MAX

struct demand_config {
	int64_t window_ms; /* length: 900,000 */
	int32_t target_w; /* mean to keep */
	bool follow_peak; /* the month's peak so far lifts the target */
	int64_t gap_ms; /* readings further apart than this leave a gap */
	int32_t most_w; /* all that the connection can carry: no register runs faster */
	int64_t reaction_ms; /* for so long a command to draw less has no effect */
};

struct demand_in {
	int64_t now_ms;
	int64_t window_ms; /* begin of the window that now_ms lies in */
	int month; /* any number that is another one in each billing month */
	bool has_import;
	int64_t import_w; /* of the whole connection, now */
	bool has_register;
	int64_t register_wh; /* the meter's import register, read with import_w */
	int64_t worst_w; /* it draws at most, as far as anybody knows: what a gap counts with */
	int64_t uncontrolled_w; /* the part of import_w that nobody can lower */
};

/* A window that has ended. */
struct demand_closed {
	int64_t start_ms;
	int32_t mean_w; /* of what was measured, over the whole window: never more than the truth */
	int64_t missing_ms; /* without a measurement or register */
	bool is_peak; /* the greatest of its month so far */
};

struct demand {
	struct demand_config cfg;
	bool started, had_import, had_register;
	int64_t start_ms, last_ms, last_w;
	int64_t gap_from_ms; /* begin of the time that awaits a reading; -1: none */
	int64_t register_wh; /* when the gap began */
	int64_t known_wms, assumed_wms; /* energy of the open window, W x ms */
	int64_t missing_ms;
	int64_t gap_wms, gap_missing_ms; /* … of the gap that is open */
	int month;
	int32_t peak_w; /* of the month, metered */
	int64_t peak_at_ms; /* begin of its window */
};

struct demand_out {
	int32_t target_w; /* in force: stated, or the peak already paid */
	int32_t allowed_w; /* may be drawn on the mean till the window ends; DEMAND_NO_LIMIT: any */
	int32_t mean_w; /* of the window so far, gaps at their worst, over the time that has passed */
	int32_t projected_w; /* mean of the whole window if all goes on as now, unmeasured: at worst */
	bool in_danger; /* what was measured and the rest, with every EVSE at 0, are above the target */
};

void demand_init(struct demand *d, const struct demand_config *cfg);

/* What is known from before a restart: the month's peak; and the register at the begin of the
 * window that began last (has_register false: not known), which makes its energy known. */
void demand_restore(struct demand *d, int month, int32_t peak_w, int64_t peak_at_ms);
void demand_restore_window(struct demand *d, int64_t start_ms, int64_t register_wh);

/* A window as it stood at at_ms. From then on it is a gap, which the register may fill. */
struct demand_open {
	int64_t start_ms, at_ms;
	int64_t known_wms, assumed_wms, missing_ms;
	bool has_register;
	int64_t register_wh;
};
void demand_restore_open(struct demand *d, const struct demand_open *o);
/* False: no window is open, or the newest reading was not at `now_ms`. */
bool demand_look_open(const struct demand *d, int64_t now_ms, struct demand_open *o);

/* One step; call it with every reading and at least every second. True: a window ended, *closed. */
bool demand_step(struct demand *d, const struct demand_in *in, struct demand_out *out,
	struct demand_closed *closed);

#endif
