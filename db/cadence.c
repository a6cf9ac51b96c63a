#include "db/cadence.h"

#define WORTH_EVENTS 3 /* fewer in an interval: holding saves too little */
#define PAUSE_GROUPS 64 /* how long to try without after it brought nothing */
#define SMOOTHING    0.25 /* weight of the newest group in the rate */

void cadence_init(struct cadence *c, int64_t every_us)
{
	*c = (struct cadence){.every_us = every_us, .last_us = -every_us};
}

int64_t cadence_hold_until(struct cadence *c, int64_t now_us)
{
	const int64_t until = c->last_us + c->every_us;
	if (c->pause || now_us >= until || c->per_us * (double)c->every_us < WORTH_EVENTS)
		return 0;
	c->held = true;
	return until;
}

void cadence_note(struct cadence *c, int64_t start_us, size_t events)
{
	const int64_t since = start_us > c->last_us ? start_us - c->last_us : 1;
	const double rate = (double)events / (double)since;
	/* After a silence the past says nothing. */
	if (since > 20 * c->every_us)
		c->per_us = rate;
	else
		c->per_us += SMOOTHING * (rate - c->per_us);
	if (c->held && events < WORTH_EVENTS)
		c->pause = PAUSE_GROUPS;
	else if (c->pause)
		c->pause--;
	c->held = false;
	c->last_us = start_us;
}
