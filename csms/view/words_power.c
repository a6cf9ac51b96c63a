#include "csms/view/words_power.h"

#include <string.h>

/* -- the site against its limit ------------------------------------------------------------------- */

static void put_held(struct text *t, const struct words_held *h, int stepping)
{
	if (h->node == NULL && stepping > 0) {
		text_puts(t, "Power has returned, and ");
		words_count(t, stepping, "van waits for its step.", "vans wait for their step.");
		return;
	}
	if (h->node == NULL) {
		text_puts(t, "No limit holds a van back.");
		return;
	}
	text_puts(t, h->node);
	if (h->channel != NULL)
		text_printf(t, " (%s)", h->channel);
	if (h->vans == 0) {
		text_puts(t, " is full.");
		return;
	}
	text_puts(t, " holds back ");
	words_count(t, h->vans, "van.", "vans.");
}

static void put_island(struct text *t, const struct words_energy *n)
{
	if (n->back_ms > 0) {
		text_puts(t, "The grid is back: if it stays for ");
		if (n->back_ms < 60000)
			text_printf(t, "%d\xe2\x80\xafs", (int)(n->back_ms / 1000));
		else
			words_duration(t, n->back_ms);
		text_puts(t, ", vans return in steps.");
		return;
	}
	text_puts(t, "The grid is gone: stores and PV give ");
	words_power(t, n->island_w);
	if (n->island_vans > 0) {
		text_puts(t, ", and ");
		words_count(t, n->island_vans, "van waits for more", "vans wait for more");
	}
	text_putc(t, '.');
}

void words_energy_sentence(struct text *t, const struct words_energy *n)
{
	if (n->island != NULL) {
		put_island(t, n);
		return;
	}
	if (!n->is_known) {
		text_puts(t, "The site's power is unknown.");
	} else if (n->site_w < 0) {
		text_puts(t, "The site feeds in ");
		words_power(t, -n->site_w);
		text_putc(t, '.');
	} else {
		words_power(t, n->site_w);
		text_puts(t, " now.");
	}
	text_putc(t, ' ');
	put_held(t, &n->held, n->stepping);
}

/* What a limit is from, as it stands after "The site may take 250 kW: ". */
static const struct {
	const char *source, *words;
} owners[] = {
	{"rating", "that is its rating"},
	{"envelope", "somebody limits it for a time"},
	{"fallback envelope", "that is agreed for when the grid operator is silent"},
	{"demand window", "more would break the target of this demand window"},
	{"phase", "one of its phases takes no more"},
	{"stale data", "its measurement is old"},
	{"operator", "an operator limits it"},
	{"power return", "its power is back, and returns in steps"},
};

static void put_limit(struct text *t, const struct words_energy *n)
{
	if (!n->has_limit) {
		text_puts(t, "The site has no limit of its own.");
		return;
	}
	text_puts(t, "The site may take ");
	words_power(t, n->limit_w);
	for (size_t i = 0; n->limit_source && i < sizeof(owners) / sizeof(owners[0]); i++)
		if (strcmp(owners[i].source, n->limit_source) == 0)
			text_printf(t, ": %s", owners[i].words);
	text_putc(t, '.');
}

void words_energy_sub(struct text *t, const struct words_energy *n)
{
	const struct words_held *h = &n->held;

	if (n->waiting > 0) {
		words_count(
			t, n->waiting, "limit waits for an answer.", "limits wait for an answer.");
		return;
	}
	if (n->island != NULL && n->back_ms > 0) {
		text_puts(t, "Till then they get what stores and PV gave.");
		return;
	}
	if (n->island != NULL) {
		text_printf(t, "%s is an island. Who leaves first charges first.", n->island);
		return;
	}
	if (h->node != NULL && h->van != NULL) {
		text_printf(t, h->gets_w > 0 ? "%s gets " : "%s waits", h->van);
		if (h->gets_w > 0)
			words_power_of(t, h->gets_w, h->could_w);
		text_puts(t, ". ");
	}
	put_limit(t, n);
}

/* -- meters --------------------------------------------------------------------------------------- */

static const struct {
	const char *one; /* after the meter's name */
	const char *more; /* after their number */
} meter_words[WORDS_METER_KINDS] = {
	[WORDS_METER_SILENT] = {"does not answer.", "meters do not answer."},
	[WORDS_METER_REFUSING] = {"answers, but has not the registers of its map.",
		"meters answer, but have not the registers of their maps."},
	[WORDS_METER_DOUBTED] = {"is read, but not believed.",
		"meters are read, but not believed."},
	[WORDS_METER_DARK] = {"shows no voltage.", "meters show no voltage."},
	[WORDS_METER_UNREAD] = {"has not been read yet.", "meters have not been read yet."},
	[WORDS_METER_WIRING] = {"answers: its wiring needs a look.",
		"meters answer, but their wiring needs a look."},
	[WORDS_METER_GOOD] = {"answers and is believed.", "meters answer and are believed."},
};

enum words_meter words_meter_kind(const char *belief, bool is_wired_wrong)
{
	static const char *const states[] = {[WORDS_METER_SILENT] = "silent",
		[WORDS_METER_REFUSING] = "refusing",
		[WORDS_METER_DOUBTED] = "doubted",
		[WORDS_METER_DARK] = "dark",
		[WORDS_METER_UNREAD] = "unread"};

	for (int i = 0; i < (int)(sizeof(states) / sizeof(states[0])); i++)
		if (strcmp(belief, states[i]) == 0)
			return (enum words_meter)i;
	return is_wired_wrong ? WORDS_METER_WIRING : WORDS_METER_GOOD;
}

void words_meter_sentence(struct text *t, const char *name, enum words_meter kind)
{
	text_printf(t, "%s %s", name, meter_words[kind].one);
}

/* The worst of which there is one; GOOD: none. */
static enum words_meter worst_of(const struct words_meters *n)
{
	int kind = 0;

	while (kind < WORDS_METER_GOOD && n->count[kind] == 0)
		kind++;
	return (enum words_meter)kind;
}

void words_meters_sentence(struct text *t, const struct words_meters *n)
{
	enum words_meter worst = worst_of(n);
	int others = n->meters - n->count[worst] - n->count[WORDS_METER_GOOD];

	if (n->meters == 0) {
		text_puts(t, "No meter is set up.");
		return;
	}
	if (worst == WORDS_METER_GOOD && n->meters > 1) {
		if (n->meters == 2)
			text_puts(t, "Both meters answer and are believed.");
		else
			text_printf(t, "All %d meters answer and are believed.", n->meters);
		return;
	}
	if (n->count[worst] == 1)
		words_meter_sentence(t, n->name[worst], worst);
	else
		text_printf(t, "%d %s", n->count[worst], meter_words[worst].more);
	if (worst == WORDS_METER_GOOD || others == 0)
		return;
	text_putc(t, ' ');
	words_count(t, others, "more needs a look.", "more need a look.");
}

void words_meters_sub(struct text *t, const struct words_meters *n)
{
	if (n->meters == 0)
		text_puts(t,
			"Loads are sums of what chargers report. Meters stand in the depot's file.");
	else if (n->next != NULL)
		text_puts(t, n->next);
	else if (n->count[WORDS_METER_WIRING] > 0)
		text_puts(t, "The wiring check says where, and what to swap or turn.");
	else
		text_puts(t, "The wiring check has found nothing wrong.");
}

/* -- alarms --------------------------------------------------------------------------------------- */

void words_alarms_sentence(struct text *t, const struct words_alarms *n)
{
	if (n->active == 0) {
		text_puts(t, "No alarm needs anyone.");
		return;
	}
	words_count(t, n->active, "alarm needs someone.", "alarms need someone.");
	if (n->urgent > 0 && n->active == 1)
		text_puts(t, " It is urgent.");
	else if (n->urgent > 0)
		text_printf(t, " %d %s urgent.", n->urgent, n->urgent == 1 ? "is" : "are");
}

void words_alarms_sub(struct text *t, const struct words_alarms *n)
{
	if (n->active > 0 && n->taken == 0)
		text_puts(t, "Nobody has taken one yet.");
	else if (n->active > 0 && n->taken == n->active)
		text_puts(t, "Somebody has each of them.");
	else if (n->active > 0)
		text_printf(t, "Somebody has %d of %d.", n->taken, n->active);
	else
		text_puts(t, "An alarm is only here when a person must do something.");
	if (n->aside > 0) {
		text_putc(t, ' ');
		words_count(t, n->aside, "is put aside.", "are put aside.");
	}
}
