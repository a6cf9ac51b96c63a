#include "csms/view/words_setup.h"

/* -- tariffs ------------------------------------------------------------------------------------ */

void words_tariffs_sentence(struct text *t, const struct words_tariffs *n)
{
	if (n->in_force == NULL)
		text_puts(t, "No tariff is in force: plans reckon without prices.");
	else
		text_printf(t, "%s is in force.", n->in_force);
	if (n->missing == 1) {
		text_putc(t, ' ');
		words_prices_short(t, &n->first);
	} else if (n->missing > 1) {
		text_printf(t, " %d series of prices are missing or end soon.", n->missing);
	}
}

static void apart(struct text *t)
{
	if (t->len)
		text_putc(t, ' ');
}

void words_tariffs_sub(struct text *t, const struct words_tariffs *n)
{
	if (n->next)
		text_printf(t, "%s follows on %s.", n->next, n->next_day);
	if (n->missing > 1) {
		apart(t);
		words_prices_short(t, &n->first);
	} else if (n->failing) {
		apart(t);
		text_printf(t, "%s cannot be fetched now; its prices are known for long enough.",
			n->failing);
	} else if (n->series > 0 && n->missing == 0) {
		apart(t);
		text_puts(t, "Prices from outside are known until ");
		words_time(t, n->first.until, n->first.now);
		text_putc(t, '.');
	} else if (n->series == 0 && n->in_force) {
		apart(t);
		text_puts(t, "It needs no prices from outside.");
	}
	if (n->has_unseen_peak) {
		apart(t);
		text_puts(t,
			"Nobody measures the peak that it charges for: give the grid connection a meter and "
			"demand in the depot's file.");
	}
}

void words_slots_sentence(struct text *t, const struct words_slots *n)
{
	if (!n->has_tariff) {
		text_puts(t, "No tariff is in force: plans reckon without prices.");
	} else if (n->told == n->slots) {
		text_puts(t, n->needs_series ? "All these prices are told."
					     : "The tariff alone says these prices.");
	} else if (n->unknown == n->slots) {
		text_printf(t, "Nothing is known of these prices, plans reckon with %s.", n->by);
	} else {
		text_puts(t, "From ");
		words_time(t, n->from, n->now);
		text_printf(t, " on they are not told, plans reckon with %s.", n->by);
	}
	if (n->has_tariff && n->unknown && n->unknown < n->slots)
		text_printf(t, " Of %d of %d nothing is known.", n->unknown, n->slots);
}

/* -- certificates ------------------------------------------------------------------------------- */

void words_certificates_sentence(struct text *t, const struct words_certificates *n)
{
	if (n->all == 0)
		text_puts(t, "No certificate is known yet.");
	else if (n->over > 1)
		text_printf(t, "%d certificates are over.", n->over);
	else if (n->over == 1)
		text_printf(t, "The certificate of %s is over.", n->worst);
	else if (n->failed > 1)
		text_printf(t, "%d renewals came to nothing so far.", n->failed);
	else if (n->failed == 1)
		text_printf(t, "The renewal for %s came to nothing so far.", n->worst);
	else if (n->due > 0)
		words_count(t, n->due, "certificate is due for renewal.",
			"certificates are due for renewal.");
	else
		text_puts(t, "All certificates hold.");
}

void words_certificates_sub(struct text *t, const struct words_certificates *n)
{
	if (n->first) {
		text_printf(t, "%s ends first, in ", n->first);
		words_count(t, (int)n->first_days, "day", "days");
		text_puts(t, ". ");
	}
	if (n->is_rollover)
		text_printf(t, "A new root is on its way: %d of %d stations are ready.", n->ready,
			n->needed);
	else
		text_puts(t, "No new root is on its way.");
}

/* -- grid operators ----------------------------------------------------------------------------- */

void words_peers_sentence(struct text *t, const struct words_peers *n)
{
	if (n->peers == 0)
		text_puts(t, "No grid operator is set up.");
	else if (n->silent == 1)
		text_printf(t, "%s is silent: its fallback limits hold.", n->silent_name);
	else if (n->silent > 1)
		text_printf(t, "%d grid operators are silent: fallback limits hold.", n->silent);
	else if (n->registered < n->peers)
		text_printf(t, "%s is not registered yet.", n->open_name);
	else if (n->peers == 1)
		text_puts(t, "The grid operator is registered and heard.");
	else
		text_printf(t, "All %d grid operators are registered and heard.", n->peers);
}

void words_peers_sub(struct text *t, const struct words_peers *n)
{
	if (n->forecasts == 0) {
		text_puts(t, "No limit of theirs holds or is to come.");
		return;
	}
	words_count(t, n->forecasts, "limit of theirs holds or is", "limits of theirs hold or are");
	text_puts(t, " to come.");
	if (n->waiting > 0) {
		text_putc(t, ' ');
		words_count(t, n->waiting, "waits", "wait");
		text_puts(t, " for an answer.");
	}
}

/* -- settings ----------------------------------------------------------------------------------- */

void words_settings_sentence(struct text *t, int changed)
{
	if (changed == 0) {
		text_puts(t, "The depot is as its file says.");
		return;
	}
	words_count(t, changed, "row differs", "rows differ");
	text_puts(t, " from the depot's file.");
}

void words_settings_sub(struct text *t, int changed)
{
	text_puts(t,
		"A change of the tree counts at once, after a check. depotd.yaml counts after a restart.");
	if (changed > 0)
		text_puts(t, " Who writes a new depot's file takes these changes back.");
}
