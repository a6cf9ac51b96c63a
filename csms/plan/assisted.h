/*
 * Assisted: the groups of chargers whose plans need somebody's yes, one for each node of mode assisted.
 * Each asks for itself (csms/plan/approval.h): a plan may wait in one group while another goes by it, and is
 * answered for one group or for all in which it waits. A group that is no longer assisted asks no more;
 * what was approved there stands should it be so again. Loop thread only.
 */
#ifndef CSMS_ASSISTED_H
#define CSMS_ASSISTED_H

#include "csms/plan/approval.h"

struct assisted;

/* Takes up what was approved for the nodes that the depot's description calls assisted. */
struct assisted *assisted_create(struct core *c); /* NULL: no memory */
void assisted_destroy(struct assisted *s);

/* The group of the node; made where there is none. NULL: no memory. */
struct approval *assisted_group(struct assisted *s, const char *node);

/* … or NULL. */
struct approval *assisted_find(const struct assisted *s, const char *node);

/* Valid until a group is made. */
int assisted_count(const struct assisted *s);
struct approval *assisted_at(const struct assisted *s, int i);

/* Lets what waits too long expire. Cheap. */
void assisted_tick(struct assisted *s);

/* Answers for the group of the wish's node, or without one for all in which that plan waits; `done`
 * comes once. As approval_decide(). */
int assisted_decide(struct assisted *s, const struct approval_wish *wish, char why[200]);

#endif
