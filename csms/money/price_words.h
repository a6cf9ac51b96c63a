/*
 * How far the prices of a series are known, in words: the alarm, the page of tariffs and depotctl say the
 * same. Pure.
 */
#ifndef CSMS_PRICE_WORDS_H
#define CSMS_PRICE_WORDS_H

#include "csms/words.h"

/* How far the prices of a series are known, and what is reckoned with after that. */
struct words_prices {
	const char *name;
	wall_t until, now; /* until: ms 0: they are not known now */
	const char *after; /* price_source_words() of what counts then */
};

/* "Prices of EPEX are known until Thu 23:00 only, after that plans reckon with yesterday's." */
void words_prices_short(struct text *t, const struct words_prices *p);

#endif
