/*
 * Watch: what a night is held to beside the limits of its nodes (judge.h): the mean of a demand
 * window, what an island can feed, how power returns, and how often a van is begun anew. Remembers the
 * first that was broken.
 */
#ifndef TESTS_SCENARIO_NIGHT_WATCH_H
#define TESTS_SCENARIO_NIGHT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define WATCH_WINDOW_S 900

#define WATCH_STARTS   6 /* so many in WATCH_STARTS_S are too many: a turn lasts 15 minutes … */
#define WATCH_STARTS_S 300 /* … but load, limits and faults come and go in between */

/* One EVSE. */
struct night_starts {
	bool draws;
	int64_t count;
	int at_s[WATCH_STARTS]; /* of the last */
};

struct night_watch {
	int64_t window_mws, others_mws;
	bool is_unsound; /* the window under way: somebody could not know, or not be told */
	int island_s;
	char verdict[200];
};

/* The second `now_s` at the node that has the target; windows begin with the night. */
void night_watch_demand(struct night_watch *w, int now_s, int64_t target_w, int64_t load_mw,
	int64_t evse_mw, bool is_sound);

/* An island needs `need_mw`, of it `evse_mw` for EVSEs, and can have `feed_w`. */
void night_watch_island(struct night_watch *w, int now_s, int64_t feed_w, int64_t need_mw,
	int64_t evse_mw, bool is_asked);

/* Power is just back at the node: nobody draws more than his tail yet. */
void night_watch_return(
	struct night_watch *w, int now_s, const char *node, int64_t tails_w, int64_t evse_mw);

/* What one EVSE draws in the second `now_s`: nobody is switched on and off all the time. */
void night_watch_starts(struct night_watch *w, int now_s, const char *station, int evse,
	struct night_starts *of, int64_t mw);

#endif
