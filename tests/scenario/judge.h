/*
 * Judge: looks at every node of a world in every second, metered or not, in all, on each phase and
 * for the difference between phases, and holds it to what can be asked of a controller then.
 *
 * A node that is above a limit counts as broken
 *   while an EVSE draws that can be told and does what it is told, since it could be told;
 *   if those that cannot be told (cut off, slow, depotd is dead) draw more than what was left for
 *   EVSEs when they could be told last: then it was promised too much. Tails are proven against
 *   ratings and for chargers that obey, no more: beside one that does not, and below an envelope,
 *   they are not counted.
 * A node without a meter does not see what a charger that disobeys draws within the error of its own
 * meter (5 %). What a charger draws that ignores its limits is load like that of the house, until it
 * obeys again. What is broken for longer than it may be, is remembered, the worst of it.
 */
#ifndef TESTS_SCENARIO_JUDGE_H
#define TESTS_SCENARIO_JUDGE_H

#include "tests/scenario/plant.h"

enum judge_station { JUDGE_OBEYS, JUDGE_CUT_OFF, JUDGE_DISOBEYS, JUDGE_DISOBEYS_CUT_OFF };

bool judge_disobeys(enum judge_station s);

struct judge;

/* tails_w[stations]: of all EVSEs of each. */
struct judge *judge_create(const struct plant *p, const int64_t *tails_w);

/* A limit beside the ratings from now on, in its place of the few that there may be; -1: none. */
void judge_limit(struct judge *j, int place, int node, int64_t import_w, int64_t phase_w);

#define JUDGE_NOT_ASKED 1000000 /* in may_s: nobody can know of a breach there now */

/* The second that the plant has just stepped. stations[]: what can be asked of each; may_s[node]:
 * for so long a limit may be broken in this state of things; apart_s[node]: and phases be apart. */
void judge_second(
	struct judge *j, const enum judge_station *stations, const int *may_s, const int *apart_s);

/* The same when depotd is gone and the depot has come to rest: nothing may be above a limit that EVSEs
 * are to blame for. */
void judge_settled(struct judge *j);

/* NULL: all was well; else the worst, in words. */
const char *judge_verdict(const struct judge *j);

void judge_destroy(struct judge *j);

/* The phases of the node differ by more than they may, and EVSEs make it so. */
bool judge_is_apart(const struct plant_node *n, char what[80]);

#endif
