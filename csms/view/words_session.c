#include "csms/view/words_session.h"

#include <string.h>

/* -- many -------------------------------------------------------------------------------------- */

void words_sessions_sentence(struct text *t, const struct words_sessions *n)
{
	if (n->aside > 0) {
		words_count(t, (int)n->aside, "record contradicts itself",
			"records contradict themselves");
		text_puts(t, ". ");
	}
	if (n->open == 0)
		text_puts(t, "Nobody charges now.");
	else
		text_printf(t, "%d %s.", (int)n->open,
			n->open == 1 ? "session is open" : "sessions are open");
}

void words_sessions_sub(struct text *t, const struct words_sessions *n)
{
	if (n->sessions == 0) {
		text_puts(t, "No session is in this list.");
		return;
	}
	if (n->is_cut)
		text_puts(t, "More than ");
	words_count(t, (int)n->sessions, "session", "sessions");
	text_puts(t, " in this list took ");
	words_energy(t, n->wh);
	text_puts(t, ".");
}

/* -- one --------------------------------------------------------------------------------------- */

static void put_span(struct text *t, const struct words_session *s)
{
	if (s->started.ms == 0)
		return;
	text_puts(t, s->is_open ? " since " : ", ");
	words_time(t, s->started, s->now);
	if (!s->is_open && s->ended.ms != 0) {
		text_puts(t, " to ");
		words_time(t, s->ended, s->now);
	}
}

void words_session_sentence(struct text *t, const struct words_session *s)
{
	text_printf(t, "%s ", s->who ? s->who : "An unknown van");
	if (s->has_wh) {
		text_puts(t, s->is_open ? "has taken " : "took ");
		words_energy(t, s->wh);
	} else {
		text_puts(t, s->is_open ? "is plugged in" : "was plugged in");
	}
	text_printf(t, " at %s", s->place);
	put_span(t, s);
	text_puts(t, ".");
}

/* What was expected is energy alone. */
static void put_idle(struct text *t, const struct words_session *s)
{
	text_printf(t, ", %.2f %s of it for standing there", s->idle_cost, s->currency);
	if (s->has_expected)
		text_printf(t, "; for the energy %.2f %s was expected", s->expected, s->currency);
}

static void put_cost(struct text *t, const struct words_session *s)
{
	bool has_idle = s->has_cost && s->idle_cost >= 0.005;

	if (s->has_cost)
		text_printf(t, "It cost %.2f %s", s->cost, s->currency);
	else if (s->has_expected)
		text_puts(t, "It is not settled yet");
	else
		return;
	if (has_idle)
		put_idle(t, s);
	else if (s->has_expected)
		text_printf(t, ", expected was %.2f %s", s->expected, s->currency);
	text_puts(t, s->has_expected && s->is_guess
			     ? ". That was a guess: nobody had told what it needs. "
			     : ". ");
}

void words_session_sub(struct text *t, const struct words_session *s)
{
	put_cost(t, s);
	if (s->is_open)
		text_puts(t, "It is still open. ");
	else if (s->ended_by)
		text_printf(t, "It ended by %s. ", s->ended_by);
	if (s->aside)
		text_printf(t, "Its record is set aside: %s.", s->aside);
	else if (s->missing)
		text_printf(t, "Messages %s of the station are missing.", s->missing);
	else
		text_puts(t,
			s->is_open ? "So far no message is missing." : "Its record is complete.");
}

/* -- by what it charged ------------------------------------------------------------------------ */

void words_session_ruled(struct text *t, int64_t rule_ms, int64_t all_ms, const char *why)
{
	const char *because = why ? strstr(why, ": ") : NULL;

	if (rule_ms < 60000)
		return;
	if (rule_ms >= all_ms - all_ms / 20) {
		text_puts(t, "The plain rule said when it charged, not the plan");
	} else {
		text_puts(t, "For ");
		words_duration(t, rule_ms);
		text_puts(t, " the plain rule said when it charged, not the plan");
	}
	if (because)
		text_printf(t, ": %s", because + 2);
	text_putc(t, '.');
}
