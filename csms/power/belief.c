#include "csms/power/belief.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "csms/power/control.h"
#include "csms/metering/meters.h"

static const struct belief_row {
	const char *state, *next;
} rows[] = {
	[BELIEF_GOOD] = {"ok", NULL},
	[BELIEF_IDLE] = {"idle", NULL},
	[BELIEF_DARK] = {"dark", "Look at its breaker: has it tripped, or did somebody open it?"},
	[BELIEF_UNREAD] = {"unread", NULL},
	[BELIEF_SILENT] = {"silent", "Look at its power, its wire, its unit and its gateway."},
	[BELIEF_REFUSING] = {"refusing",
		"Look at its map: `depotctl meter identify` says which device it is."},
	[BELIEF_IMPLAUSIBLE] = {"doubted",
		"Compare its registers with its display: wrong map, unit or ratio?"},
	[BELIEF_HANGS] = {"doubted",
		"Restart its gateway, which may repeat its last answer; then look for open current "
		"transformers."},
	[BELIEF_LESS] = {"doubted",
		"Walk a van below it: a current transformer is reversed or open, or the ratio is "
		"wrong."},
};

static const char *span(int64_t ms, char out[30])
{
	if (ms < 120000)
		snprintf(out, 30, "%lld s", (long long)(ms / 1000));
	else if (ms < 7200000)
		snprintf(out, 30, "%lld min", (long long)(ms / 60000));
	else
		snprintf(out, 30, "%lld h", (long long)(ms / 3600000));
	return out;
}

/* Without the guard: a meter of no node, and one of which the guard knows no more. */
static enum belief look(const struct meter *m)
{
	char note[200];

	if (meter_is_fresh(m))
		return BELIEF_GOOD; /* its power is; of the rest its note tells */
	if (m->refused[0])
		return BELIEF_REFUSING;
	if (!m->seen_at.ms)
		return m->stats.last_error_ms ? BELIEF_SILENT : BELIEF_UNREAD;
	return meter_seen_age_ms(m) < meter_age_ms(m) && meter_note(m, note)[0] ? BELIEF_IMPLAUSIBLE
										: BELIEF_SILENT;
}

/* Who stands in for it meanwhile. */
static void say_above(const struct control_doubt_view *d, enum belief b, char out[300])
{
	size_t n = strlen(out);

	if (!d->above || b == BELIEF_GOOD)
		return;
	snprintf(out + n, 300 - n,
		b == BELIEF_IDLE || b == BELIEF_DARK
			? " %s above it shows load that nothing described explains: it "
			  "counts here."
			: " Until then %s above it says what flows.",
		d->above);
}

/* What is wrong with the reading, as a sentence. */
static void say_note(const struct meter *m, char out[300])
{
	char note[200];

	if (!meter_note(m, note)[0])
		return;
	snprintf(out, 300, "%s.", note);
	out[0] = (char)toupper((unsigned char)out[0]);
}

static void say_why(
	const struct meter *m, const struct control_doubt_view *d, enum belief b, char out[300])
{
	const struct meter_link_stats *st = &m->stats;
	const char *error = st->last_error_ms > st->last_good_ms ? st->last_error : "";
	char t[30];

	out[0] = '\0';
	switch (b) {
	case BELIEF_GOOD:
	case BELIEF_IMPLAUSIBLE:
		say_note(m, out);
		return;
	case BELIEF_IDLE:
		snprintf(out, 300,
			"Nothing has moved for %s. When somebody charges, one vehicle starts with the "
			"least current until it does.",
			span(d->still_ms, t));
		return;
	case BELIEF_DARK:
		snprintf(out, 300, "It shows no voltage on any phase: nothing flows there.");
		return;
	case BELIEF_REFUSING:
		snprintf(out, 300,
			"It answers, but not with the registers of map %s (%s): a wrong map?",
			m->row->map, m->refused);
		return;
	case BELIEF_UNREAD:
		snprintf(out, 300, "It has not been read yet.");
		return;
	case BELIEF_SILENT:
		if (m->last_at.ms)
			snprintf(out, 300, "No good reading for %s%s%s%s.",
				span(meter_age_ms(m), t), error[0] ? " (" : "", error,
				error[0] ? ")" : "");
		else
			snprintf(out, 300, "It has never answered%s%s%s.", error[0] ? " (" : "",
				error, error[0] ? ")" : "");
		return;
	case BELIEF_HANGS:
		snprintf(out, 300, "It has not moved for %s, while %.1f kW was drawn below it.",
			span(d->still_ms, t), (double)d->drawn_w / 1000);
		return;
	case BELIEF_LESS:
		snprintf(out, 300, "It shows less than what is drawn below it: %.1f of %.1f kW.",
			(double)d->shown_w / 1000, (double)d->drawn_w / 1000);
		return;
	}
}

/* How the last request ended says where to look. */
static const char *next_of_silent(const struct meter *m)
{
	if (m->stats.last_result == METER_CORRUPT)
		return "Look at the bus: its end resistors, its parity and speed, its shield.";
	if (m->stats.last_result == METER_GARBLED)
		return "Look at the addresses on the bus: something else answers in its place.";
	return rows[BELIEF_SILENT].next;
}

void belief_of(const struct core *c, int meter, struct belief_view *out)
{
	const struct meter *m = meters_at(c->meters, meter);
	struct control_doubt_view d = {.belief = BELIEF_GOOD};
	enum belief b = look(m);

	/* The guard knows of more than the meter itself; whether that answers is seen above. What it
	 * found stays the cause till it is over, whatever else then looks wrong as well. */
	if (c->control && control_doubt_of(c->control, meter, &d) &&
		((b == BELIEF_GOOD && d.belief != BELIEF_SILENT) ||
			(b == BELIEF_IMPLAUSIBLE &&
				(d.belief == BELIEF_HANGS || d.belief == BELIEF_LESS))))
		b = d.belief;
	*out = (struct belief_view){.is = b, .state = rows[b].state, .next = rows[b].next};
	if (b == BELIEF_SILENT)
		out->next = next_of_silent(m);
	say_why(m, &d, b, out->why);
	say_above(&d, b, out->why);
}
