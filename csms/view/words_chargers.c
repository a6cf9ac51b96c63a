#include "csms/view/words_chargers.h"

#include <string.h>

/* -- all of them ------------------------------------------------------------------------------- */

static void put_silent(struct text *t, const struct words_chargers *n, wall_t now)
{
	if (n->silent > 1) {
		text_printf(t, "%d chargers are silent.", n->silent);
	} else if (n->silent_since.ms == 0) {
		text_printf(t, "%s has never connected.", n->silent_name);
	} else {
		text_printf(t, "%s is silent since ", n->silent_name);
		words_time(t, n->silent_since, now);
		text_putc(t, '.');
	}
}

static void put_faulted(struct text *t, const struct words_chargers *n)
{
	if (n->faulted > 1)
		text_printf(t, "%d EVSEs have a fault.", n->faulted);
	else
		text_printf(t, "%s has a fault.", n->faulted_name);
}

void words_chargers_sentence(struct text *t, const struct words_chargers *n, wall_t now)
{
	if (n->chargers == 0) {
		text_puts(t, "No charger is registered.");
		return;
	}
	if (n->faulted > 0)
		put_faulted(t, n);
	if (n->silent > 0) {
		if (n->faulted > 0)
			text_putc(t, ' ');
		put_silent(t, n, now);
	}
	if (n->faulted > 0 || n->silent > 0)
		return;
	if (n->pending > 0) {
		words_count(t, n->pending, "charger waits", "chargers wait");
		text_puts(t, " for registration.");
	} else if (n->chargers == 1) {
		text_puts(t, "The charger is connected and without a fault.");
	} else {
		text_printf(t, "All %d chargers are connected and without a fault.", n->chargers);
	}
}

void words_chargers_sub(struct text *t, const struct words_chargers *n)
{
	if (n->chargers == 0) {
		text_puts(t, "Chargers come by `depotctl register` or the depot's file.");
		return;
	}
	text_printf(t, "%d of ", n->charging);
	words_count(
		t, n->evses, "EVSE charges", n->charging == 1 ? "EVSEs charges" : "EVSEs charge");
	text_printf(t, ", %d %s free.", n->free, n->free == 1 ? "is" : "are");
	if (n->rejected > 0) {
		text_putc(t, ' ');
		words_count(t, n->rejected, "charger is", "chargers are");
		text_puts(t, " not admitted.");
	}
}

/* -- one --------------------------------------------------------------------------------------- */

static const struct {
	const char *state, *one, *more; /* verbs of one EVSE and of several */
} verbs[] = {
	{"faulted", "has a fault", "have a fault"},
	{"charging", "charges", "charge"},
	{"paused", "waits", "wait"},
	{"card", "waits for a card", "wait for a card"},
	{"plugged", "is plugged in", "are plugged in"},
	{"done", "is done", "are done"},
	{"reserved", "is reserved", "are reserved"},
	{"unavailable", "is out of service", "are out of service"},
	{"free", "is free", "are free"},
	{"unknown", "has not said its state", "have not said their state"},
};

#define EVSES_NAMED 4 /* more of one state are counted */

/* "EVSE 1 and 3 charge"; those of a state together, the worst first. */
static void put_state(struct text *t, const struct words_charger *c, const char *state,
	const char *one, const char *more, bool *is_first)
{
	int count = 0, named = 0;

	for (int i = 0; i < c->evses; i++)
		count += strcmp(c->states[i], state) == 0;
	if (count == 0)
		return;
	text_puts(t, *is_first ? ": " : ", ");
	*is_first = false;
	if (count > EVSES_NAMED) {
		text_printf(t, "%d EVSEs %s", count, more);
		return;
	}
	text_puts(t, "EVSE ");
	for (int i = 0; i < c->evses; i++) {
		if (strcmp(c->states[i], state) != 0)
			continue;
		text_printf(t, "%s%d",
			named == 0           ? ""
			: named == count - 1 ? " and "
					     : ", ",
			i + 1);
		named++;
	}
	text_printf(t, " %s", count == 1 ? one : more);
}

void words_charger_sentence(struct text *t, const struct words_charger *c)
{
	bool is_first = true;

	text_puts(t, c->name);
	if (c->is_rejected) {
		text_puts(t, " is not admitted.");
	} else if (!c->is_connected && c->last_seen.ms == 0) {
		text_puts(t, " has never connected.");
	} else if (!c->is_connected) {
		text_puts(t, " is silent since ");
		words_time(t, c->last_seen, c->now);
		text_putc(t, '.');
	} else if (c->is_pending) {
		text_puts(t, " waits for registration.");
	} else {
		for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			put_state(t, c, verbs[i].state, verbs[i].one, verbs[i].more, &is_first);
		text_puts(t, is_first ? " is connected." : ".");
	}
}
