#include "scheduler/demand.h"

#include <string.h>

#define WMS_PER_WH INT64_C(3600000)
#define W_MOST     INT64_C(1000000000) /* beyond any depot: keeps products in 64 bits */

void demand_init(struct demand *d, const struct demand_config *cfg)
{
	memset(d, 0, sizeof *d);
	d->cfg = *cfg;
	d->gap_from_ms = -1;
}

void demand_restore(struct demand *d, int month, int32_t peak_w, int64_t peak_at_ms)
{
	d->month = month;
	d->peak_w = peak_w;
	d->peak_at_ms = peak_at_ms;
}

void demand_restore_window(struct demand *d, int64_t start_ms, int64_t register_wh)
{
	demand_restore_open(d, &(struct demand_open){.start_ms = start_ms,
				       .at_ms = start_ms,
				       .has_register = true,
				       .register_wh = register_wh});
}

void demand_restore_open(struct demand *d, const struct demand_open *o)
{
	d->started = true;
	d->start_ms = o->start_ms;
	d->last_ms = d->gap_from_ms = o->at_ms;
	d->known_wms = o->known_wms;
	d->assumed_wms = o->assumed_wms;
	d->missing_ms = o->missing_ms;
	d->had_register = o->has_register;
	d->register_wh = o->register_wh;
}

bool demand_look_open(const struct demand *d, int64_t now_ms, struct demand_open *o)
{
	*o = (struct demand_open){
		.start_ms = d->start_ms,
		.at_ms = d->last_ms,
		.known_wms = d->known_wms,
		.assumed_wms = d->assumed_wms,
		.missing_ms = d->missing_ms,
		.has_register = d->had_register,
		.register_wh = d->register_wh,
	};
	return d->started && d->had_import && d->last_ms == now_ms;
}

static int64_t bounded(int64_t w)
{
	return w < 0 ? 0 : w > W_MOST ? W_MOST : w;
}

/* -- energy ---------------------------------------------------------------------------------- */

/* The register tells the mean power of a gap. One that ran backwards, or faster than the connection
 * can carry, is another meter's or was set back. Its last digit may be a watt-hour late. */
static bool gap_power(const struct demand *d, const struct demand_in *in, int64_t *w)
{
	int64_t ms = in->now_ms - d->gap_from_ms, wh = in->register_wh - d->register_wh;
	int64_t most_wh = d->cfg.most_w * ms / WMS_PER_WH + 1;

	if (!d->had_register || !in->has_register || ms <= 0 || wh < 0 || wh > most_wh)
		return false;
	*w = wh * WMS_PER_WH / ms;
	return true;
}

/* Counts the time up to `to_ms`, which lies in the open window, with this power. */
static void count(struct demand *d, int64_t to_ms, bool known, int64_t w)
{
	int64_t ms = to_ms > d->last_ms ? to_ms - d->last_ms : 0;

	if (known) {
		d->known_wms += w * ms;
	} else {
		d->assumed_wms += w * ms;
		d->missing_ms += ms;
		d->gap_wms += w * ms;
		d->gap_missing_ms += ms;
	}
	d->last_ms = to_ms;
}

/* -- windows --------------------------------------------------------------------------------- */

/* False: nothing of it was seen. */
static bool close_window(struct demand *d, struct demand_closed *closed)
{
	int64_t mean = d->known_wms / d->cfg.window_ms;

	*closed = (struct demand_closed){
		.start_ms = d->start_ms,
		.mean_w = (int32_t)mean,
		.missing_ms = d->missing_ms,
		.is_peak = mean > d->peak_w,
	};
	if (closed->is_peak) {
		d->peak_w = (int32_t)mean;
		d->peak_at_ms = d->start_ms;
	}
	return d->missing_ms < d->cfg.window_ms;
}

static void open_window(struct demand *d, int64_t start_ms)
{
	d->start_ms = d->last_ms = start_ms;
	d->known_wms = d->assumed_wms = d->missing_ms = 0;
	d->gap_wms = d->gap_missing_ms = 0;
}

/* Counts up to now, over the window's end if it has passed. Windows in which nobody listened are
 * not told. */
static bool advance(struct demand *d, const struct demand_in *in, bool known, int64_t w,
	struct demand_closed *closed)
{
	bool ended = false;

	if (in->window_ms != d->start_ms) {
		int64_t end = d->start_ms + d->cfg.window_ms;

		if (in->window_ms > d->start_ms) {
			count(d, end < in->now_ms ? end : in->now_ms, known, w);
			count(d, end, false, bounded(in->worst_w));
			ended = close_window(d, closed);
		}
		open_window(d, in->window_ms);
	}
	count(d, in->now_ms, known, w);
	return ended;
}

static bool start(struct demand *d, const struct demand_in *in)
{
	if (d->started)
		return false;
	d->started = true;
	open_window(d, in->window_ms);
	count(d, in->now_ms, false, bounded(in->worst_w)); /* what was before the start */
	d->month = d->month ? d->month : in->month;
	return true;
}

static void take_reading(struct demand *d, const struct demand_in *in)
{
	d->had_import = in->has_import;
	d->last_w = bounded(in->import_w);
	if (in->has_import) {
		d->gap_from_ms = in->now_ms;
		d->gap_wms = d->gap_missing_ms = 0;
		d->had_register = in->has_register;
		d->register_wh = in->register_wh;
	}
}

/* -- what is left ---------------------------------------------------------------------------- */

static int32_t as_w(int64_t w)
{
	return w >= DEMAND_NO_LIMIT ? DEMAND_NO_LIMIT : w < 0 ? 0 : (int32_t)w;
}

/* Till a command to draw less has taken effect, what flows now flows on. */
static int32_t allowed(const struct demand *d, int64_t left_wms, int64_t left_ms, int64_t now_w)
{
	int64_t react = d->cfg.reaction_ms < left_ms ? d->cfg.reaction_ms : left_ms;
	int64_t w = left_wms <= 0 ? 0 : left_wms / left_ms;

	if (now_w <= w || react == left_ms)
		return as_w(w);
	return as_w((left_wms - now_w * react) / (left_ms - react));
}

static void look_ahead(const struct demand *d, const struct demand_in *in, struct demand_out *out)
{
	int64_t spent = d->known_wms + d->assumed_wms, gone = in->now_ms - d->start_ms;
	int64_t left_ms = d->cfg.window_ms - gone, now_w = in->has_import ? d->last_w : 0;
	int64_t goes_on_w = in->has_import ? d->last_w : bounded(in->worst_w), budget;

	out->target_w = d->cfg.target_w;
	if (d->cfg.follow_peak && d->peak_w > out->target_w)
		out->target_w = d->peak_w;
	if (left_ms < 1)
		left_ms = 1;
	budget = out->target_w * d->cfg.window_ms;
	out->allowed_w = allowed(d, budget - spent, left_ms, now_w);
	out->mean_w = gone > 0 ? as_w(spent / gone) : 0;
	out->projected_w = as_w((spent + goes_on_w * left_ms) / d->cfg.window_ms);
	/* Nobody is called for a guess. */
	out->in_danger = d->known_wms + bounded(in->uncontrolled_w) * left_ms > budget;
}

/* What was counted at its worst while it lasted: the register knows better. */
static void rewind_gap(struct demand *d)
{
	d->assumed_wms -= d->gap_wms;
	d->missing_ms -= d->gap_missing_ms;
	d->last_ms = d->gap_from_ms;
}

/* Is the power since the last step known? *w: what it counts with. A gap over a window's end is not
 * filled: how its energy lies on both sides nobody knows. */
static bool power_since(struct demand *d, const struct demand_in *in, int64_t *w)
{
	int64_t now_w = bounded(in->import_w), since_ms = in->now_ms - d->last_ms;

	*w = bounded(in->worst_w);
	if (!in->has_import)
		return false;
	if (d->had_import && since_ms >= 0 && since_ms <= d->cfg.gap_ms) {
		/* The greater of two neighbours: what was between them is not known. */
		*w = now_w > d->last_w ? now_w : d->last_w;
		return true;
	}
	if (d->gap_from_ms < in->window_ms || in->window_ms != d->start_ms || !gap_power(d, in, w))
		return false; /* *w is as it was */
	rewind_gap(d);
	return true;
}

bool demand_step(struct demand *d, const struct demand_in *in, struct demand_out *out,
	struct demand_closed *closed)
{
	bool ended = false;
	int64_t w = 0;

	if (!start(d, in)) {
		bool known = power_since(d, in, &w);

		ended = advance(d, in, known, w, closed);
	}
	if (in->month != d->month) {
		d->month = in->month;
		d->peak_w = 0;
		d->peak_at_ms = 0;
	}
	take_reading(d, in);
	look_ahead(d, in, out);
	return ended;
}
