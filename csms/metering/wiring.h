/*
 * Wiring check: every few seconds each meter is held against the next one above it in the tree
 * (scheduler/wiring_group.h: all that share it together), and against itself. A look, not an alarm: whoever has wired something asks.
 * Loop thread only.
 */
#ifndef CSMS_WIRING_H
#define CSMS_WIRING_H

#include "csms/core.h"
#include "scheduler/wiring_group.h"

struct wirings;

/* Two meters, the lower one's node below the upper one's. */
struct wiring_link {
	int upper, lower; /* of core->meters */
	wall_t lower_at; /* of its reading compared last */
	bool is_total; /* the lower one tells no phases */
	int group, place; /* among the meters that share the upper one */
};

/* A meter held against the chargers below it (csms/metering/wiring_chargers.h). */
struct wiring_below {
	int meter; /* of core->meters */
	wall_t at; /* of its reading that was looked at last */
	struct wiring_rest rest;
	struct wiring_pair pair;
};

struct wirings *wirings_create(struct core *c);

/* Links in the order of their lower meters; none before the first look. */
int wirings_count(const struct wirings *w);
const struct wiring_link *wirings_at(const struct wirings *w, int index);

/* What is known of a link: its steps, its verdict, and that in words for the electrician. */
struct wiring_found {
	int steps;
	struct wiring_verdict verdict;
	char words[600];
};
void wirings_judge(const struct wirings *w, int index, struct wiring_found *out);

/* Meters with chargers below, in their order. */
int wirings_below_count(const struct wirings *w);
const struct wiring_below *wirings_below(const struct wirings *w, int index);

/* Since when steps are summed up. */
wall_t wirings_since(const struct wirings *w);

/* Forgets all steps: something was wired anew. */
void wirings_reset(struct wirings *w);

/* What a meter shows by itself, in words; "" if there is nothing to say. */
const char *wiring_self_words(const struct wiring_self *s, char out[300]);

void wirings_destroy(struct wirings *w);

#endif
