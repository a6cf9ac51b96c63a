/*
 * Rosters: what vehicles do each week, so that nobody must enter each trip.
 *
 * Trips are made of them trips.roster_days ahead, each once: one that somebody changed or removed stays
 * as he left it. A roster that changes moves those of its trips to come that nobody touched. The depot's
 * file has rosters; people add and change them (RosterChanged), and what they did goes on top of the file, as with
 * vehicles. Loop thread only.
 */
#ifndef CSMS_ROSTER_H
#define CSMS_ROSTER_H

#include "csms/core.h"

struct rosters;

struct roster {
	char id[61]; /* the hash key */
	const struct depot_roster *row;
	bool is_changed; /* by people */
	char fault[300]; /* why a trip of it could not be made, "" none */
	struct arena *arena; /* of a row that people changed; NULL: the depot's file has it */
	UT_hash_handle hh;
};

/* After trips; kept in core->rosters. NULL with one line. */
struct rosters *rosters_create(struct core *c, char why[400]);
void rosters_destroy(struct rosters *r);

const struct roster *rosters_all(const struct rosters *r); /* uthash */
const struct roster *roster_find(const struct rosters *r, const char *id);

/* Its trips that are to come and that nobody touched. */
int roster_trips(const struct rosters *r, const struct roster *x);

/* 0, or -1 with the member and one line. */
int roster_check(
	const struct core *c, const struct depot_roster *row, const char **member, char why[200]);

typedef void (*roster_done)(void *arg, int status, const char *why);
/* Journals it, then puts it in force. -1: no memory, or too many. It must have been checked. */
int roster_put_row(struct rosters *r, const struct depot_roster *row, const char *actor,
	roster_done done, void *arg);
int roster_remove(
	struct rosters *r, const char *id, const char *actor, roster_done done, void *arg);

/* The vehicle is gone for good: its rosters go with it. */
void rosters_vehicle_gone(struct rosters *r, const char *vehicle, const char *actor);

#endif
