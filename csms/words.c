#include "csms/words.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NARROW_SPACE "\xe2\x80\xaf" /* U+202F */
#define MINUS        "\xe2\x88\x92" /* U+2212 */
#define UNKNOWN      INT64_MIN

/* Thousands of a unit: one decimal below 100, none from there. */
static void put_kilo(struct text *t, int64_t v)
{
	double k = (double)llabs(v) / 1000.0;

	text_printf(t, "%s%.*f", v < 0 && k >= 0.05 ? MINUS : "", k < 99.95 ? 1 : 0, k);
}

void words_power(struct text *t, int64_t w)
{
	put_kilo(t, w);
	text_puts(t, NARROW_SPACE "kW");
}

void words_power_of(struct text *t, int64_t w, int64_t limit_w)
{
	put_kilo(t, w);
	text_puts(t, " of ");
	words_power(t, limit_w);
}

void words_energy(struct text *t, int64_t wh)
{
	put_kilo(t, wh);
	text_puts(t, NARROW_SPACE "kWh");
}

static struct tm local_time(wall_t at)
{
	time_t s = (time_t)(at.ms / 1000);
	struct tm tm;

	localtime_r(&s, &tm);
	return tm;
}

const char *words_hour(wall_t at, char out[WORDS_TIME_SIZE])
{
	struct tm tm = local_time(at);

	strftime(out, WORDS_TIME_SIZE, "%H:%M", &tm);
	return out;
}

const char *words_clock(wall_t at, wall_t now, char out[WORDS_TIME_SIZE])
{
	struct tm tm = local_time(at);

	if (llabs(wall_diff_ms(at, now)) <= INT64_C(20) * 3600000)
		return words_hour(at, out);
	strftime(out, WORDS_TIME_SIZE, "%a %H:%M", &tm);
	return out;
}

void words_time(struct text *t, wall_t at, wall_t now)
{
	char buf[WORDS_TIME_SIZE];

	text_puts(t, words_clock(at, now, buf));
}

void words_duration(struct text *t, int64_t ms)
{
	int64_t min = (llabs(ms) + 30000) / 60000;

	if (min < 60)
		text_printf(t, "%d" NARROW_SPACE "min", (int)min);
	else if (min < 2 * 24 * 60 && min % 60 == 0)
		text_printf(t, "%d" NARROW_SPACE "h", (int)(min / 60));
	else if (min < 2 * 24 * 60)
		text_printf(t, "%d" NARROW_SPACE "h %d" NARROW_SPACE "min", (int)(min / 60),
			(int)(min % 60));
	else
		text_printf(t, "%d days", (int)((min + 12 * 60) / (24 * 60)));
}

void words_count(struct text *t, int n, const char *noun, const char *plural)
{
	text_printf(t, "%d %s", n, n == 1 ? noun : plural);
}

static const struct {
	const char *source,
		*words; /* as grid_source_name() has it, and what it means for a vehicle */
} shortages[] = {
	{"charger", "its charger gives no more"},
	{"station", "its charger gives no more"},
	{"vehicle", "the vehicle takes no more"},
	{"battery", "its battery takes no more in that time"},
	{"departure", "it leaves too soon"},
};

void words_missing(struct text *t, int64_t wh, const char *reason)
{
	const char *why = reason != NULL ? strstr(reason, "short: ") : NULL;

	words_energy(t, wh);
	text_puts(t, " will be missing");
	if (why != NULL) {
		why += strlen("short: ");
		for (size_t i = 0; i < sizeof(shortages) / sizeof(shortages[0]); i++)
			if (strcmp(shortages[i].source, why) == 0)
				why = shortages[i].words;
		text_printf(t, ": %s%s",
			why[strlen(why) - 1] == ')' && strchr(why, ',') == NULL ? "held back by "
										: "",
			why);
	}
	text_putc(t, '.');
}

/* -- the night ------------------------------------------------------------------------------- */

static void put_vans(struct text *t, int n)
{
	words_count(t, n, "van", "vans");
}

static void put_first(struct text *t, const struct words_night *n, wall_t now)
{
	if (n->first.ms == 0)
		return;
	text_puts(t, n->on_track == 1 ? " It leaves at " : " The first leaves at ");
	words_time(t, n->first, now);
	text_putc(t, '.');
}

void words_sentence(struct text *t, const struct words_night *n, wall_t now)
{
	if (n->will_miss > 0) {
		put_vans(t, n->will_miss);
		text_puts(t, n->will_miss == 1 ? " will miss its departure."
					       : " will miss their departures.");
		if (n->at_risk > 0)
			text_printf(t, " %d more %s at risk.", n->at_risk,
				n->at_risk == 1 ? "is" : "are");
	} else if (n->at_risk > 0) {
		put_vans(t, n->at_risk);
		text_puts(t, n->at_risk == 1 ? " is at risk." : " are at risk.");
		if (n->on_track > 0)
			text_printf(t, " %d more %s on track.", n->on_track,
				n->on_track == 1 ? "is" : "are");
	} else if (n->on_track > 0 && n->on_track == n->ready) {
		put_vans(t, n->ready);
		text_puts(t, n->ready == 1 ? " is ready." : " are ready.");
		put_first(t, n, now);
	} else if (n->on_track > 0) {
		put_vans(t, n->on_track);
		text_puts(t, n->on_track == 1 ? " is on track." : " are on track.");
		put_first(t, n, now);
	} else if (n->unknown > 0) {
		put_vans(t, n->unknown);
		text_puts(t, n->unknown == 1 ? " is plugged in, its need unknown."
					     : " are plugged in, their needs unknown.");
	} else if (n->vans > 0) {
		text_puts(t, "No van is plugged in.");
	} else if (n->evses == 0) {
		text_puts(t, "No charger and no van is set up yet.");
	} else {
		text_printf(t, "%d of ", n->charging);
		words_count(t, n->evses, "bay", "bays");
		text_puts(t, n->charging == 1 || n->evses == 1 ? " charges." : " charge.");
	}
}

static void put_trouble(struct text *t, const struct words_night *n)
{
	if (n->silent > 0) {
		text_putc(t, ' ');
		words_count(t, n->silent, "charger is silent.", "chargers are silent.");
	}
	if (n->faulted > 0) {
		text_putc(t, ' ');
		words_count(t, n->faulted, "bay has a fault.", "bays have a fault.");
	}
}

static void put_site(struct text *t, const struct words_night *n)
{
	text_puts(t, "The site draws ");
	if (n->limit_w == UNKNOWN)
		words_power(t, n->site_w);
	else
		words_power_of(t, n->site_w, n->limit_w);
	text_putc(t, '.');
}

/* A reason is a sentence or a phrase; what comes after it is another sentence. */
static void put_reason(struct text *t, const char *reason)
{
	size_t len = strlen(reason);

	text_printf(t, " %s%s", reason, strchr(".?!", reason[len - 1]) != NULL ? "" : ".");
}

void words_sub(struct text *t, const struct words_night *n, wall_t now)
{
	if (n->is_island)
		text_puts(t, n->is_back ? "The grid is back: vans return in steps if it stays. "
					: "The grid is gone. ");
	if (n->worst != NULL) {
		text_puts(t, n->worst);
		if (n->worst_leaves.ms != 0) {
			text_puts(t, " leaves at ");
			words_time(t, n->worst_leaves, now);
			text_putc(t, '.');
		} else {
			text_puts(t, " has no departure time.");
		}
		if (n->worst_reason != NULL && n->worst_reason[0] != '\0')
			put_reason(t, n->worst_reason);
	} else if (n->site_w == UNKNOWN) {
		text_puts(t, "The site's power is unknown.");
	} else if (n->is_assumed) {
		text_puts(t, "The site's meter is silent; ");
		words_power(t, n->site_w);
		text_puts(t, " is assumed.");
	} else if (n->evses == 0 && n->vans == 0) {
		text_puts(t,
			"Chargers come by `depotctl register`, vans by `depotctl vehicle add`, both by "
			"the depot's file.");
	} else {
		put_site(t, n);
	}
	put_trouble(t, n);
	if (n->worst == NULL && n->away > 0) {
		text_putc(t, ' ');
		words_count(t, n->away, "van is away.", "vans are away.");
	}
}
