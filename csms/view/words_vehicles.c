#include "csms/view/words_vehicles.h"

/* "VAN-7 will miss its departure." or "3 vehicles will miss their departure." */
static void put_some(struct text *t, int n, const char *name, const char *one, const char *many)
{
	if (n == 0)
		return;
	if (t->len > 0)
		text_putc(t, ' ');
	if (n == 1 && name)
		text_printf(t, "%s %s", name, one);
	else
		text_printf(t, "%d vehicles %s", n, many);
}

static void put_well(struct text *t, const struct words_vehicles *n, wall_t now)
{
	if (n->vehicles == 0) {
		text_puts(t, "No vehicle is known here.");
		return;
	}
	if (n->first_name == NULL) {
		words_count(t, n->vehicles, "vehicle is", "vehicles are");
		text_puts(t, " known, and none has a departure.");
		return;
	}
	text_puts(t, n->vehicles == 1   ? "The vehicle can do its work."
		     : n->vehicles == 2 ? "Both vehicles can do their work."
					: "All vehicles can do their work.");
	text_printf(t, " %s leaves first, at ", n->first_name);
	words_time(t, n->first_at, now);
	text_putc(t, '.');
}

void words_vehicles_sentence(struct text *t, const struct words_vehicles *n, wall_t now)
{
	put_some(t, n->will_miss, n->will_miss_name, "will miss its departure.",
		"will miss their departure.");
	put_some(t, n->at_risk, n->at_risk_name, "is at risk.", "are at risk.");
	put_some(t, n->impossible, n->impossible_name,
		"needs more for its trip than its battery holds.",
		"need more for their trips than their batteries hold.");
	if (n->broken_rosters == 1 && t->len == 0)
		text_printf(t, "Roster %s cannot be made into trips.", n->roster_name);
	else if (n->broken_rosters > 0 && t->len == 0)
		text_printf(t, "%d rosters cannot be made into trips.", n->broken_rosters);
	if (t->len == 0)
		put_well(t, n, now);
}

void words_vehicles_sub(struct text *t, const struct words_vehicles *n)
{
	if (n->vehicles == 0) {
		text_puts(t, "Vehicles come by `depotctl vehicle add` or the depot's file.");
		return;
	}
	text_printf(t, "%d of ", n->here);
	words_count(t, n->vehicles, "vehicle", "vehicles");
	text_printf(t, n->here == 1 ? " is plugged in. " : " are plugged in. ");
	if (n->trips > 0)
		words_count(t, n->trips, "trip begins", "trips begin");
	text_puts(
		t, n->trips > 0 ? " within 36 h." : "No trip is planned: they leave as described.");
	if (n->trips > 0 && n->without_trip > 0) {
		text_putc(t, ' ');
		words_count(t, n->without_trip, "vehicle has none.", "vehicles have none.");
	}
	if (n->unknown > 0) {
		text_putc(t, ' ');
		words_count(t, n->unknown, "vehicle tells", "vehicles tell");
		text_puts(t, " no state of charge.");
	}
	if (n->aside > 0) {
		text_putc(t, ' ');
		words_count(t, n->aside, "reading was", "readings were");
		text_puts(t, " set aside.");
	}
}

void words_vehicle_sentence(struct text *t, const struct words_vehicle *v)
{
	text_printf(t, v->place ? "%s at %s" : "%s", v->name, v->place);
	if (!v->leaves.ms) {
		text_puts(t, v->place ? " has no departure." : " is out and has no departure.");
		return;
	}
	text_puts(t, v->place ? "" : " is out and");
	text_puts(t, v->leaves.ms > v->now.ms ? " leaves at " : " should have left at ");
	words_time(t, v->leaves, v->now);
	if (v->is_possible)
		text_printf(t, " with %d\xe2\x80\xaf%%.", v->target_pct);
	else
		text_puts(t, " and needs more than its battery holds.");
}
