#include "csms/station_clock.h"
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

/* Without a word of this life of depotd: as it was in the last, by our wall clock. */
static int64_t apart_by_kept(const struct station_clock *c)
{
	return clock_wall().ms - mono_ms() + c->kept_ms;
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
	int64_t was = c->is_known ? c->apart_ms : apart_by_kept(c);

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
		return false;
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
	int64_t kept = apart_by_kept(c);

	if (c->is_known)
		return (wall_t){mono_ms() + c->apart_ms};
	return (wall_t){mono_ms() + (c->has_other && c->other_ms < kept ? c->other_ms : kept)};
}

int64_t station_clock_ahead_ms(const struct station_clock *c)
{
	return c->is_known ? mono_ms() + c->apart_ms - clock_wall().ms : c->kept_ms;
}
