/*
 * Fallback: what is done for a vehicle that would fall short, in the order that its class names
 * (docs/vehicles.md): move it to a free EVSE that serves it better, pay more, let it leave later.
 *
 * Each choice is planned in the planner's thread before it is made; the first that helps is decided,
 * journalled (FallbackDecided: inputs, order, version, what was tried) and shown. To move and to leave
 * later are words for people; to pay more holds for the vehicle's stay, and the next plan goes by it. At
 * a start what was decided for stays that go on is taken from the journal, unless the class is
 * described otherwise since: then it is decided anew. Loop thread only.
 */
#ifndef CSMS_FALLBACK_H
#define CSMS_FALLBACK_H

#include "csms/power/control_show.h"

struct fallbacks;

/* When transactions are restored. NULL: no memory. */
struct fallbacks *fallbacks_create(struct core *c);
void fallbacks_destroy(struct fallbacks *f);

/* A plan is in force: looks who falls short by it, and takes up the next that nothing is decided for.
 * `control` is the core's, which may still be under construction. */
void fallbacks_plan_made(
	struct fallbacks *f, struct control *control, const struct control_plan *p);

/* What is done for the vehicle at the EVSE, in words for a person; "" or NULL in `f`: nothing. */
const char *fallback_words(const struct fallbacks *f, const struct evse *e);

/* Energy is bought for it at any price. */
bool fallback_pays(const struct fallbacks *f, const struct evse *e);

/* W by which the node's demand target is exceeded for those below it who pay more. */
int64_t fallback_more_w(const struct fallbacks *f, const struct grid_tree *t, int node);

#endif
