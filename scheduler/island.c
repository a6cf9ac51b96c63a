#include "scheduler/island.h"

#include <string.h>

#define MS_PER_H INT64_C(3600000)
#define GIVEN_MS 30000 /* a vehicle that rises looks like load till its charger tells */
#define LASTS_MS                                                                                   \
	3000 /* … and a charger may tell of it before the meters show it: load seems to fall */

void island_init(struct island *i, const struct island_config *cfg)
{
	memset(i, 0, sizeof *i);
	i->cfg = *cfg;
}

static int64_t at_least_0(int64_t w)
{
	return w > 0 ? w : 0;
}

/* The stores' power falls with their energy, so that it never runs out, and never all at once. */
static int64_t store_power(const struct island_config *cfg, const struct island_in *in)
{
	int64_t w = at_least_0(in->energy_wh - in->reserve_wh) * MS_PER_H / cfg->spread_ms;

	return w < in->store_max_w ? w : at_least_0(in->store_max_w);
}

static void move(struct island *i, enum island_state to, int64_t now_ms)
{
	i->state = to;
	i->since_ms = now_ms;
	i->is_turning = false;
}

/* True if `turned` has been so for longer than `ms`. */
static bool lasts(struct island *i, bool turned, int64_t now_ms, int64_t ms)
{
	if (turned && !i->is_turning)
		i->turned_ms = now_ms;
	i->is_turning = turned;
	return turned && now_ms - i->turned_ms >= ms;
}

/* Not to know whether the grid is there changes nothing. */
static void judge(struct island *i, const struct island_in *in, struct island_out *out)
{
	bool gone = in->grid == ISLAND_GRID_GONE, there = in->grid == ISLAND_GRID_THERE;

	switch (i->state) {
	case ISLAND_OFF:
		if (lasts(i, gone && in->has_store, in->now_ms, i->cfg.gone_ms)) {
			move(i, ISLAND_ON, in->now_ms);
			out->began = true;
		}
		break;
	case ISLAND_ON:
		if (there)
			move(i, ISLAND_BACK, in->now_ms);
		break;
	case ISLAND_BACK:
		if (gone) {
			move(i, ISLAND_ON, in->now_ms);
		} else if (there && in->now_ms - i->since_ms >= i->cfg.back_ms) {
			move(i, ISLAND_OFF, in->now_ms);
			out->ended = true;
		}
		break;
	}
}

/* The greatest of the last LASTS_MS, and up to as much again. */
static int64_t lasting_load(struct island *i, const struct island_in *in)
{
	int64_t w = at_least_0(in->load_w);

	if (in->now_ms - i->load_ms >= LASTS_MS) {
		i->load_w[1] = i->load_w[0];
		i->load_w[0] = 0;
		i->load_ms = in->now_ms;
	}
	if (i->load_w[0] < w)
		i->load_w[0] = w;
	return i->load_w[0] > i->load_w[1] ? i->load_w[0] : i->load_w[1];
}

/* What the island gives vehicles, while the grid is back too: it may go again. */
static void keep_given(struct island *i, int64_t now_ms, struct island_out *out)
{
	if (i->state == ISLAND_BACK) {
		if (out->evse_w > i->given_w)
			out->evse_w = i->given_w;
	} else if (i->state == ISLAND_OFF || out->evse_w >= i->given_w ||
		   now_ms - i->given_ms >= GIVEN_MS) {
		i->given_w = i->state == ISLAND_ON ? out->evse_w : 0;
		i->given_ms = now_ms;
	}
}

void island_step(struct island *i, const struct island_in *in, struct island_out *out)
{
	*out = (struct island_out){0};
	if (!i->has_begun)
		i->since_ms = in->now_ms;
	i->has_begun = true;
	judge(i, in, out);
	out->is_island = i->state != ISLAND_OFF;
	out->feed_w = store_power(&i->cfg, in) + at_least_0(in->pv_w);
	out->limit_w = out->feed_w - out->feed_w * i->cfg.margin_pm / 1000;
	out->evse_w = at_least_0(out->limit_w - lasting_load(i, in));
	keep_given(i, in->now_ms, out);
}

const char *island_state_name(enum island_state s)
{
	static const char *const names[] = {
		[ISLAND_OFF] = "grid",
		[ISLAND_ON] = "island",
		[ISLAND_BACK] = "returning",
	};

	return names[s];
}
