#include "tests/scenario/night_watch.h"
#include <stdio.h>

#define JUMP_W     200 /* of 10 s of a jump in 15 minutes (docs/energy.md) */
#define JUMP_PM    1020
#define ROOM_PM    900 /* a window that other load nearly fills by itself is not judged */
#define ISLAND_S   20 /* gone for 3 s, seen, told, followed: and a little */
#define ISLAND_W   500
#define DRAWS_MW   1000000
#define RETURNS_MW 1000000

static void find(struct night_watch *w, int now_s, const char *what, int64_t mw, int64_t most_w)
{
	if (!w->verdict[0])
		snprintf(w->verdict, sizeof w->verdict, "%s: %lld W of %lld in second %d", what,
			(long long)mw / 1000, (long long)most_w, now_s);
}

void night_watch_demand(struct night_watch *w, int now_s, int64_t target_w, int64_t load_mw,
	int64_t evse_mw, bool is_sound)
{
	int64_t mean_mw, others_mw;

	w->window_mws += load_mw > 0 ? load_mw : 0;
	w->others_mws += load_mw - evse_mw > 0 ? load_mw - evse_mw : 0;
	w->is_unsound = w->is_unsound || !is_sound;
	if (now_s % WATCH_WINDOW_S != WATCH_WINDOW_S - 1)
		return;
	mean_mw = w->window_mws / WATCH_WINDOW_S;
	others_mw = w->others_mws / WATCH_WINDOW_S;
	if (!w->is_unsound && others_mw < target_w * ROOM_PM &&
		mean_mw > target_w * JUMP_PM + JUMP_W * 1000)
		find(w, now_s, "mean of a demand window", mean_mw, target_w);
	w->window_mws = w->others_mws = 0;
	w->is_unsound = false;
}

void night_watch_island(struct night_watch *w, int now_s, int64_t feed_w, int64_t need_mw,
	int64_t evse_mw, bool is_asked)
{
	bool is_over = is_asked && need_mw > (feed_w + ISLAND_W) * 1000 && evse_mw > DRAWS_MW;

	w->island_s = is_over ? w->island_s + 1 : 0;
	if (w->island_s > ISLAND_S)
		find(w, now_s, "island", need_mw, feed_w);
}

void night_watch_return(
	struct night_watch *w, int now_s, const char *node, int64_t tails_w, int64_t evse_mw)
{
	char what[60];

	snprintf(what, sizeof what, "power is back at %s", node);
	if (evse_mw > tails_w * 1000 + RETURNS_MW)
		find(w, now_s, what, evse_mw, tails_w);
}

/* The oldest of the last few is overwritten by the newest. */
static int starts_since(const struct night_starts *of, int from_s)
{
	int n = 0;

	for (int i = 0; i < WATCH_STARTS && i < of->count; i++)
		n += of->at_s[i] >= from_s;
	return n;
}

void night_watch_starts(struct night_watch *w, int now_s, const char *station, int evse,
	struct night_starts *of, int64_t mw)
{
	bool begins = mw > 0 && !of->draws;
	int n;

	of->draws = mw > 0;
	if (!begins)
		return;
	of->at_s[of->count++ % WATCH_STARTS] = now_s;
	n = starts_since(of, now_s - WATCH_STARTS_S);
	if (n == WATCH_STARTS && !w->verdict[0])
		snprintf(w->verdict, sizeof w->verdict,
			"%s/%d began to charge %d times in %d s, until second %d", station, evse, n,
			now_s - of->at_s[of->count % WATCH_STARTS], now_s);
}
