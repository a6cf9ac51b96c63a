#include "csms/money/price_words.h"

void words_prices_short(struct text *t, const struct words_prices *p)
{
	text_printf(t, "Prices of %s are ", p->name);
	if (p->until.ms) {
		text_puts(t, "known until ");
		words_time(t, p->until, p->now);
		text_printf(t, " only, after that plans reckon with %s.", p->after);
	} else {
		text_printf(t, "not known now, plans reckon with %s.", p->after);
	}
}
