/*
 * Fallback, inside: the one that is looked at, shared by fallback.c (what is tried and decided) and
 * fallback_tell.c (where it could stand, and words). Nobody else includes this.
 */
#ifndef CSMS_FALLBACK_PRIVATE_H
#define CSMS_FALLBACK_PRIVATE_H

#include "csms/plan/fallback.h"

#define TRIED_MAX    3
#define VERSION_SIZE 17

/* The one that is looked at. */
struct looking {
	struct core *core;
	struct control *control;
	char station[49], transaction[UTF8_SIZE(36)];
	int evse;
	char plan[37];
	int64_t need_wh, short_wh;
	wall_t departs;
	bool is_demand; /* a demand target holds it back */
	int full_node; /* that keeps most from it, -1: none */
	const char *policy; /* in the arena */
	char version[VERSION_SIZE];
	enum depot_fallback order[TRIED_MAX];
	int count, at; /* of the order; the one that is tried */
	char tried[TRIED_MAX][200];
	char to_station[49]; /* where it could stand */
	int to_evse;
};

/* What a choice comes to. */
struct outcome {
	enum event_fallback_choice choice;
	int64_t short_wh; /* then; -1: not planned */
	double cost_more;
	wall_t ready;
};

/* Where it can be plugged in: off the node that is full if that can be, then with the most power; into
 * to_station and to_evse. False: nowhere that serves it better. */
bool fallback_find_place(struct looking *l, const struct evse *here, const struct vehicle *v);

/* What the choice that was tried came to, into `tried`. */
void fallback_note(struct looking *l, const struct outcome *o);

/* What is done, for a person. */
void fallback_say(const struct looking *l, const struct outcome *o, char *out, size_t size);

/* … and for the journal. */
void fallback_journal(const struct looking *l, const struct vehicle *v, const struct outcome *o,
	const char *words);

#endif
