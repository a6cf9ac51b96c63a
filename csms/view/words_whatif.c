#include "csms/view/words_whatif.h"

#define CENT 0.005

static double size_of(double v)
{
	return v < 0 ? -v : v;
}

static void put_money(struct text *t, double v, const char *currency)
{
	text_printf(t, "%.2f", v);
	if (currency)
		text_printf(t, " %s", currency);
}

/* The difference is no greater than what plans may be wrong by: its size says nothing. */
static bool is_unsure(const struct words_whatif *w, double saved)
{
	return size_of(saved) >= CENT && size_of(saved) <= w->gap;
}

static void put_energy_cost(struct text *t, const struct words_whatif *w)
{
	if (w->is_tonight)
		text_puts(t, "Tonight");
	else
		words_count(t, w->nights, "night", "nights");
	text_puts(t, ": ");
	if (w->unpriced == w->nights) {
		text_puts(t, "no prices were known, so nothing is said of money.");
	} else if (size_of(w->saved) < CENT) {
		text_puts(t, "the same cost for energy.");
	} else if (is_unsure(w, w->saved)) {
		text_puts(t, "the difference in the cost of energy is less than what the plans are "
			     "uncertain by, ");
		put_money(t, w->gap, w->currency);
		text_putc(t, '.');
	} else {
		put_money(t, size_of(w->saved), w->currency);
		text_puts(t, w->saved < 0 ? " more for energy." : " less for energy.");
	}
}

static void put_peak(struct text *t, const struct words_whatif *w)
{
	if (size_of(w->peak_saved) < CENT)
		return;
	if (w->unpriced < w->nights && is_unsure(w, w->peak_saved)) {
		text_puts(t,
			" The cost of the dearest peak differs by less than what the plans are "
			"uncertain by, ");
		put_money(t, w->gap, w->currency);
		text_putc(t, '.');
		return;
	}
	text_puts(t, " The dearest peak would have cost ");
	put_money(t, size_of(w->peak_saved), w->currency);
	text_puts(t, w->peak_saved < 0 ? " more." : " less.");
}

static void put_missing(struct text *t, const struct words_whatif *w)
{
	int64_t less = w->short_less_wh;

	text_putc(t, ' ');
	if (w->short_wh == 0 && less == 0) {
		text_puts(t, "All vehicles would have what they need, as they had.");
	} else if (less == 0) {
		words_energy(t, w->short_wh);
		text_puts(t, " would be missing all the same.");
	} else if (less == w->short_wh) {
		text_puts(t, "Nothing would be missing of ");
		words_energy(t, w->short_wh);
		text_puts(t, " that were.");
	} else {
		words_energy(t, less < 0 ? -less : less);
		text_puts(t, less < 0 ? " more would be missing." : " less would be missing.");
	}
}

void words_whatif_sentence(struct text *t, const struct words_whatif *w)
{
	put_energy_cost(t, w);
	put_peak(t, w);
	put_missing(t, w);
	if (w->unpriced && w->unpriced < w->nights) {
		text_puts(t, " Of ");
		words_count(t, w->unpriced, "night", "nights");
		text_puts(t, " no prices are known.");
	}
	if (w->gap >= 2 * CENT && w->gap >= size_of(w->saved) / 10 && !is_unsure(w, w->saved)) {
		text_puts(t, " Better plans may change this by up to ");
		put_money(t, w->gap, w->currency);
		text_putc(t, '.');
	}
}

void words_whatif_limits(struct text *t, const struct words_whatif *w)
{
	if (w->unproven == w->nights) {
		text_puts(t,
			"What limits cost is not known: no best plans of these nights were found.");
	} else if (w->binding == 0) {
		text_puts(t, "No limit of the depot cost anything in these nights");
		text_puts(t,
			w->unpriced == w->nights ? ", as far as can be told without prices." : ".");
	}
	if (w->unproven && w->unproven < w->nights) {
		text_puts(t, t->len ? " Of " : "Of ");
		words_count(t, w->unproven, "night", "nights");
		text_puts(t, " it is not known: no best plan was found.");
	}
	if (w->binding == 0 && w->short_wh && w->unproven < w->nights)
		text_puts(t, " What is missing, chargers, vehicles or the time leave out.");
}
