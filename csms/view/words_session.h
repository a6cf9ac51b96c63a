/*
 * Words of charging sessions: how it stands with a list of them, and with one. Sentences as
 * csms/words.h has them. Pure.
 */
#ifndef CSMS_WORDS_SESSION_H
#define CSMS_WORDS_SESSION_H

#include "csms/words.h"

/* Sessions that a list is about, in numbers. */
struct words_sessions {
	int64_t sessions, open;
	int64_t aside; /* their record contradicts itself */
	int64_t wh; /* of those with both registers */
	bool is_cut; /* there are more than were counted */
};

/* "2 sessions need a look." "3 vans charge now." "Nobody charges now." */
void words_sessions_sentence(struct text *t, const struct words_sessions *n);

/* "41 sessions in this list took 812 kWh." */
void words_sessions_sub(struct text *t, const struct words_sessions *n);

struct words_session {
	const char *who; /* the vehicle, NULL: not known */
	const char *place; /* "CP-A3/1" */
	bool is_open, has_wh, has_cost, has_expected;
	int64_t wh;
	wall_t started, ended, now; /* ms 0: not known */
	double cost, idle_cost; /* in all, and of it for standing there */
	double expected; /* for the energy */
	bool is_guess; /* … when nobody knew what it needs */
	const char *currency;
	const char *aside; /* why its record is not believed, NULL: it is */
	const char *missing; /* messages that did not come, NULL: none */
	const char *ended_by; /* as the station said */
};

/* "VAN 05 took 34.2 kWh at CP-A3/1, 22:15 to 05:10." */
void words_session_sentence(struct text *t, const struct words_session *s);

/* The plain rule, not the plan, said when it charged: for so long of all the time. `why` as setpoints
 * have it. Nothing where it never did. */
void words_session_ruled(struct text *t, int64_t rule_ms, int64_t all_ms, const char *why);

/* What it cost against what was expected, why it ended, and what its record lacks. */
void words_session_sub(struct text *t, const struct words_session *s);

#endif
