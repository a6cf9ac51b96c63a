#include "csms/station/station_clock.h"
#include <stdlib.h>

#define AGREE_MS  2000 /* messages of one clock, on ways of different length */
#define AGREE     3
#define SPREAD_MS 5000 /* one message that comes twice says nothing new */
#define BACK_MS   40000 /* what seems to be set back may be messages that wait: longer */
#define SLOWLY    16

static int64_t mono_ms(void)
{
	return clock_mono().us / 1000;
}

static bool agree(int64_t a, int64_t b)
{
	return llabs(a - b) <= AGREE_MS;
}

/* The fastest message tells most: up at once, and down slowly, as crystals drift. */
static void follow(int64_t *apart_ms, int64_t heard_ms)
{
	if (heard_ms > *apart_ms)
		*apart_ms = heard_ms;
	else
		*apart_ms -= (*apart_ms - heard_ms) / SLOWLY;
}

/* Without a word of this life of depotd: as it was in the last, by our wall clock. Where that is far
 * off, by the earlier of both clocks: what is told by it is in force by either. */
static int64_t apart_unheard(const struct station_clock *c)
{
	int64_t ms = station_clock_is_doubtful(c) && c->kept_ms > 0 ? 0 : c->kept_ms;

	return clock_wall().ms - mono_ms() + ms;
}

bool station_clock_is_doubtful(const struct station_clock *c)
{
	return !c->is_known && llabs(c->kept_ms) > STATION_CLOCK_FAR_MS;
}

/* The first word of this life of depotd says the same as the last one did: that is no chance. */
static bool is_as_kept(const struct station_clock *c, int64_t apart_ms)
{
	int64_t kept_ms = clock_wall().ms - mono_ms() + c->kept_ms;

	return !c->is_known && c->kept_ms && llabs(apart_ms - kept_ms) <= STATION_CLOCK_STEP_MS;
}

static void begin_other(struct station_clock *c, int64_t apart_ms)
{
	c->has_other = true;
	c->other_ms = apart_ms;
	c->other_since = clock_mono();
	c->others = 1;
}

static bool take_other(struct station_clock *c)
{
	int64_t was = c->is_known ? c->apart_ms : apart_unheard(c);

	c->is_known = true;
	c->has_other = false;
	c->apart_ms = c->other_ms;
	return llabs(c->apart_ms - was) > STATION_CLOCK_STEP_MS;
}

bool station_clock_hear(struct station_clock *c, wall_t said)
{
	int64_t apart_ms = said.ms - mono_ms(), spread_ms;

	if (c->is_known && agree(apart_ms, c->apart_ms)) {
		follow(&c->apart_ms, apart_ms);
		c->has_other = false;
		return false;
	}
	if (!c->has_other || !agree(apart_ms, c->other_ms)) {
		begin_other(c, apart_ms);
		return is_as_kept(c, apart_ms) && take_other(c);
	}
	follow(&c->other_ms, apart_ms);
	c->others++;
	spread_ms = c->is_known && c->other_ms < c->apart_ms ? BACK_MS : SPREAD_MS;
	if (c->others < AGREE || mono_diff_ms(clock_mono(), c->other_since) < spread_ms)
		return false;
	return take_other(c);
}

wall_t station_clock_now(const struct station_clock *c)
{
	int64_t unheard = apart_unheard(c);

	if (c->is_known)
		return (wall_t){mono_ms() + c->apart_ms};
	return (wall_t){
		mono_ms() + (c->has_other && c->other_ms < unheard ? c->other_ms : unheard)};
}

int64_t station_clock_perhaps_ahead_ms(const struct station_clock *c)
{
	int64_t unheard;

	if (c->is_known || !c->has_other) /* nearly all; each EVSE asks several times a cycle */
		return 0;
	unheard = apart_unheard(c);
	return c->other_ms > unheard ? c->other_ms - unheard : 0;
}

int64_t station_clock_ahead_ms(const struct station_clock *c)
{
	if (station_clock_is_doubtful(c))
		return 0;
	return c->is_known ? mono_ms() + c->apart_ms - clock_wall().ms : c->kept_ms;
}

bool station_clock_is_ours_now(const struct station_clock *c, wall_t said, wall_t heard)
{
	int64_t ahead_ms = c->is_known ? station_clock_ahead_ms(c) : c->kept_ms;

	return llabs(ahead_ms) > STATION_CLOCK_APART_MS &&
	       llabs(said.ms - heard.ms) <= STATION_CLOCK_APART_MS;
}

wall_t station_clock_ours(const struct station_clock *c, wall_t said, wall_t heard)
{
	int64_t ahead_ms = c->is_known ? station_clock_ahead_ms(c) : c->kept_ms;
	wall_t at = said;

	if (llabs(ahead_ms) > STATION_CLOCK_APART_MS)
		at.ms -= ahead_ms;
	if (llabs(ahead_ms) > STATION_CLOCK_FAR_MS &&
		llabs(said.ms - heard.ms) < llabs(at.ms - heard.ms))
		at = said;
	return at.ms > heard.ms ? heard : at;
}
