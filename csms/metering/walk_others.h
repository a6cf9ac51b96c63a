/*
 * Others, while one EVSE walks (walk.h): nobody takes the room that it leaves, since its meters would show
 * a smaller step and it would not get the room back; and what they draw all the same, as where phases must
 * not differ too much and a second one follows the first, is taken off what the meters show.
 */
#ifndef CSMS_WALK_OTHERS_H
#define CSMS_WALK_OTHERS_H

#include "csms/core.h"

struct walk_others {
	const struct grid_tree *tree; /* whose EVSEs are held; NULL: none */
	int64_t *most_w; /* [evses] what each was told when the walk began; -1: not held */
};

/* Holds those that charge, or wait, at what they were told. -1: no memory, nobody is held. */
int walk_others_begin(struct walk_others *o, const struct core *c, const struct evse *walked);

/* In each look: limits go with a tree that is made anew, and then nobody is held any more. */
void walk_others_hold(const struct walk_others *o, const struct core *c);
void walk_others_end(struct walk_others *o, const struct core *c);

/* W that others draw below that node of the depot, by what they told last; *on_phase: on each phase of the
 * grid, where true is returned. */
bool walk_others_draw(const struct core *c, const struct evse *walked, const char *node,
	double *total, double on_phase[3]);

#endif
