#include "csms/charging/claim.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "csms/vehicles/bays.h"
#include "csms/vehicles/chances.h"
#include "csms/vehicles/trips.h"

/* -- who is meant ----------------------------------------------------------------------------- */

/* MAC addresses are written with and without separators. */
static bool same_name(const char *a, const char *b)
{
	for (;;) {
		while (*a == ':' || *a == '-')
			a++;
		while (*b == ':' || *b == '-')
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

static bool names_car(const struct token *t)
{
	return strcmp(t->type, "MacAddress") == 0 || strcmp(t->type, "eMAID") == 0;
}

static struct vehicle *vehicle_named(const struct core *c, const char *name)
{
	for (const struct token *t = c->fleet.tokens; t; t = t->hh.next)
		if (t->vehicle && names_car(t) && same_name(t->value, name))
			return t->vehicle;
	return fleet_vehicle(&c->fleet, name);
}

/* -- who wins --------------------------------------------------------------------------------- */

static enum claim strength(const struct evse *e, const struct vehicle *v)
{
	enum claim k = 0;

	while (k < CLAIM_COUNT && e->tx.claims[k] != v)
		k++;
	return k;
}

/* A weaker claim never takes a vehicle from where a stronger one puts it; of equal ones that of the
 * transaction that began last counts, in whatever order they become known. */
static bool is_elsewhere(const struct evse *e, const struct vehicle *v, enum claim by)
{
	const struct evse *at = v->evse;

	return at && at != e && at->tx.is_open && at->tx.vehicle == v &&
	       (strength(at, v) < by ||
		       (strength(at, v) == by && at->tx.started.ms > e->tx.started.ms));
}

static struct vehicle *best(const struct evse *e)
{
	for (enum claim k = 0; k < CLAIM_COUNT; k++)
		if (e->tx.claims[k] && !is_elsewhere(e, e->tx.claims[k], k))
			return e->tx.claims[k];
	return NULL;
}

static void settle(struct core *c, struct evse *e);

/* The vehicle is free: whoever else names it has it now. Each EVSE only ever moves to a better claim,
 * so this comes to an end. */
static void leave(struct core *c, struct evse *e, struct vehicle *v)
{
	struct station *s, *tmp;

	if (!v || v->evse != e)
		return;
	chances_left(c, v, e);
	trips_left(c, v, e);
	v->evse = NULL;
	fleet_touch_vehicle(&c->fleet, v);
	HASH_ITER (hh, c->fleet.stations, s, tmp)
		for (int i = 0; i < s->evse_count; i++)
			if (&s->evses[i] != e && s->evses[i].tx.is_open &&
				strength(&s->evses[i], v) < CLAIM_COUNT)
				settle(c, &s->evses[i]);
}

static void settle(struct core *c, struct evse *e)
{
	struct vehicle *v = best(e), *had = e->tx.vehicle;
	struct evse *from = v ? v->evse : NULL;

	if (v == had)
		return;
	e->tx.vehicle = v;
	fleet_touch(&c->fleet, e->station);
	if (v)
		v->evse = e;
	leave(c, e, had);
	if (!v)
		return;
	trips_came(c, v, e);
	if (from && from != e && from->tx.vehicle == v) {
		from->tx.vehicle = NULL; /* it shows itself, or its card, here now */
		settle(c, from);
	}
	if (e->soc_pct.at.ms && e->soc_pct.at.ms >= e->tx.started.ms)
		v->soc_pct = e->soc_pct;
	fleet_touch_vehicle(&c->fleet, v);
}

/* -- what is heard ---------------------------------------------------------------------------- */

void claim_begin(struct core *c, struct evse *e)
{
	e->tx.claims[CLAIM_BAY] = bays_vehicle(c, e);
	if (e->car[0])
		e->tx.claims[CLAIM_CAR] = vehicle_named(c, e->car);
	settle(c, e);
}

void claim_token(struct core *c, struct evse *e, const struct token *t)
{
	if (!t || !t->vehicle)
		return;
	e->tx.claims[names_car(t) ? CLAIM_CAR : CLAIM_CARD] = t->vehicle;
	settle(c, e);
}

void claim_car(struct core *c, struct evse *e, const char *name)
{
	snprintf(e->car, sizeof e->car, "%s", name);
	if (!e->tx.is_open || !name[0])
		return;
	e->tx.claims[CLAIM_CAR] = vehicle_named(c, name);
	settle(c, e);
}

void claim_bay(struct core *c, struct evse *e)
{
	if (!e->tx.is_open)
		return;
	e->tx.claims[CLAIM_BAY] = bays_vehicle(c, e);
	settle(c, e);
}

/* Has it a name of its own that it could have said? */
static bool names_itself(const struct core *c, const struct vehicle *v)
{
	for (const struct token *t = c->fleet.tokens; t; t = t->hh.next)
		if (t->vehicle == v && names_car(t))
			return true;
	return false;
}

void claim_restore(struct core *c, struct evse *e, struct vehicle *had)
{
	const struct token *t = fleet_token(&c->fleet, e->tx.token_type, e->tx.token);

	e->tx.claims[CLAIM_BAY] = bays_vehicle(c, e);
	if (t && t->vehicle)
		e->tx.claims[names_car(t) ? CLAIM_CAR : CLAIM_CARD] = t->vehicle;
	if (had && strength(e, had) == CLAIM_COUNT &&
		(names_itself(c, had) || !bays_assigned(c, had)))
		e->tx.claims[CLAIM_CAR] = had; /* only the vehicle itself can have said so */
	settle(c, e);
}

void claim_end(struct core *c, struct evse *e)
{
	e->car[0] = '\0';
	leave(c, e, e->tx.vehicle);
}

/* -- words ------------------------------------------------------------------------------------ */

static const char *say(const struct evse *e, enum claim k, struct arena *a)
{
	switch (k) {
	case CLAIM_CAR:
		return e->car[0] ? arena_printf(a, "vehicle identity %s", e->car)
				 : arena_strdup(a, "vehicle identity");
	case CLAIM_CARD:
		return arena_printf(a, "token %s %s", e->tx.token_type, e->tx.token);
	default:
		return arena_strdup(a, "bay rule");
	}
}

const char *claim_words(const struct evse *e, struct arena *a)
{
	enum claim k = e->tx.vehicle ? strength(e, e->tx.vehicle) : CLAIM_COUNT;

	return k < CLAIM_COUNT ? say(e, k, a) : NULL;
}

const char *claim_conflict(const struct evse *e, struct arena *a)
{
	for (enum claim k = 0; k < CLAIM_COUNT; k++)
		if (e->tx.claims[k] && e->tx.claims[k] != e->tx.vehicle)
			return arena_printf(a, "the %s says %s", say(e, k, a), e->tx.claims[k]->id);
	return NULL;
}
