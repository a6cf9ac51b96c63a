/* Handlers of the pages on which a depot is set up: tariffs tried (tariff_try.c), the tree as text
 * (grid.c), what depotd was started with (settings.c). */
#ifndef CSMS_API_HANDLERS_SETUP_H
#define CSMS_API_HANDLERS_SETUP_H

#include "gen/api.h"

struct ask;
struct price_slots;

void tariff_try_post(struct ask *k);
void grid_text_post(struct ask *k);
void settings_get(struct ask *k);

/* prices.c: answers with the slots. */
void prices_reply(struct ask *k, const struct price_slots *s);

#endif
