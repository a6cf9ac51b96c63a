/*
 * Store: a stationary battery that does as it is told by Modbus, and nothing when nobody has told it for
 * as long as its map says (its own watchdog). Pure arithmetic, second by second.
 */
#ifndef DEPOTSIM_STORE_H
#define DEPOTSIM_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct store {
	int64_t capacity_mws, stored_mws;
	int64_t charge_mw, discharge_mw; /* at most */
	int lets_go_s;
	int untold_s; /* nobody has told it for so long */
	int64_t told_mw; /* above 0: to draw */
	int64_t now_mw; /* it draws, at the grid's side */
	bool is_stuck, is_steady; /* failures (schemas/scenario.schema) */
	unsigned seconds; /* so far: no power is the same to the digit for long */
};

/* Half full, its own way. */
void store_init(
	struct store *s, int64_t capacity_wh, int64_t charge_w, int64_t discharge_w, int lets_go_s);

/* It was told to draw so much, below 0: to feed in. */
void store_tell(struct store *s, double w);

/* One second. */
void store_step(struct store *s);

double store_soc_pct(const struct store *s);

#endif
