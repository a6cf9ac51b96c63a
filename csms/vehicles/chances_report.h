/*
 * Report of chances: what was told of departures, held against how they ended, and so whether a chance
 * may be shown without "about" (docs/vehicles.md). Any thread.
 */
#ifndef CSMS_CHANCES_REPORT_H
#define CSMS_CHANCES_REPORT_H

#include "db/query_chance.h"
#include "scheduler/calibration.h"
#include "schemas/text.h"

struct chances_report {
	struct calibration_bin bins[CALIBRATION_BINS];
	int departures, waiting, unknown;
	bool is_partial; /* there are more, older ones */
};

/* The rule looks so far back. */
wall_t chances_report_since(wall_t now);

/* Of rows as db_query_chances() has them. A departure counts once in each bin. */
void chances_report_add(struct chances_report *p, const struct db_chance_list *list, wall_t now);

/* Reader's thread. 0 or -1. */
int chances_report_read(
	struct db_reader *r, wall_t since, struct arena *a, struct chances_report *out);

/* Is a chance like this one shown as it is? */
bool chances_believed(const struct chances_report *p, double chance);

/* "Of 132 departures told 95 to 99 %, 97 % were ready. The chance may be believed." */
void chances_say_bin(struct text *t, const struct chances_report *p, int bin);
/* The same of the fullest bin; "Not enough nights yet: 12 of 100 departures." */
void chances_say(struct text *t, const struct chances_report *p);

#endif
