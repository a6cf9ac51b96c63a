/*
 * Words of what-if: what past nights would have cost otherwise, and what could not be known. Sentences as
 * csms/words.h has them. Pure.
 */
#ifndef CSMS_WORDS_WHATIF_H
#define CSMS_WORDS_WHATIF_H

#include "csms/words.h"

struct words_whatif {
	int nights, unpriced, unproven; /* of them without prices, without a best plan */
	bool is_tonight; /* the one night is not over */
	const char *currency; /* NULL: no tariff */
	double saved, peak_saved; /* money; below 0: it costs more. Peak: of the dearest night */
	double gap; /* both sides together may be better by so much */
	int64_t short_wh, short_less_wh; /* missing as it was; less of it */
	int binding; /* nodes whose limit costs something */
};

/* "30 nights: 214.00 EUR less for energy. All vehicles would have what they need, as they had." */
void words_whatif_sentence(struct text *t, const struct words_whatif *w);

/* Instead of the list of limits, where it is empty. */
void words_whatif_limits(struct text *t, const struct words_whatif *w);

#endif
