/* Forecasts as envelopes: a provider is an owner, a group a node, a type of forecast a type. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/power/envelope.h"
#include "csms/oscp/private.h"

/* Type of a forecast: what kind of envelope it is, and which way it limits. */
static const struct {
	enum envelope_kind kind;
	bool is_export;
} kinds[] = {
	[OSCP20_CAPACITY_FORECAST_TYPE_CONSUMPTION] = {ENVELOPE_LIMIT, false},
	[OSCP20_CAPACITY_FORECAST_TYPE_GENERATION] = {ENVELOPE_LIMIT, true},
	[OSCP20_CAPACITY_FORECAST_TYPE_FALLBACK_CONSUMPTION] = {ENVELOPE_FALLBACK, false},
	[OSCP20_CAPACITY_FORECAST_TYPE_FALLBACK_GENERATION] = {ENVELOPE_FALLBACK, true},
};

static void owner_of(const struct oscp_peer *p, char out[60])
{
	snprintf(out, 60, "oscp/%s", p->row->id);
}

static struct grid_bound bound_of(const struct oscp_block *b, bool is_export)
{
	return (struct grid_bound){
		.import_w = is_export ? GRID_NO_LIMIT : b->w,
		.export_w = is_export ? b->w : GRID_NO_LIMIT,
		.phase_ma = b->phase_ma,
	};
}

/* One of the envelopes that a forecast becomes, of the blocks from `*next` on that are to come. */
static int fill(struct envelope_block *items, const struct oscp_blocks *blocks, size_t *next,
	bool is_export)
{
	int64_t now = clock_wall().ms;
	int n = 0;

	for (; *next < blocks->count && n < ENVELOPE_BLOCKS_MAX; ++*next) {
		const struct oscp_block *b = &blocks->items[*next];

		if (b->to.ms > now)
			items[n++] = (struct envelope_block){
				b->from.ms, b->to.ms, bound_of(b, is_export)};
	}
	return n;
}

/* An envelope holds so many blocks: the rest of the time is another one's. All of them find room or
 * none does, and what was taken of a forecast that fails is taken back. */
static int offer(struct oscp_peer *p, struct envelope_offer *o, const struct oscp_blocks *blocks,
	bool is_export, char why[200])
{
	int most = (int)(blocks->count / ENVELOPE_BLOCKS_MAX) + 1, taken = 0, rc;
	struct envelope_block *items = malloc(ENVELOPE_BLOCKS_MAX * sizeof *items);
	char ids[2 * OSCP_BLOCKS_MAX / ENVELOPE_BLOCKS_MAX + 2][ENVELOPE_ID_SIZE];
	size_t next = 0;

	snprintf(why, 200, items ? "blocks: all of them are over" : "no memory");
	rc = !items     ? -1
	     : most > 1 ? envelope_room(p->oscp->core, o->owner, true, most, why)
			: 0; /* one finds its own, if need be in the place of another */
	o->blocks = items;
	while (rc == 0 && (o->count = fill(items, blocks, &next, is_export)) > 0) {
		rc = envelope_receive(p->oscp->core, o, ids[taken], why);
		taken += rc == 0;
	}
	free(items);
	if (rc == 0)
		return taken ? 0 : -1;
	while (taken-- > 0)
		envelope_withdraw(p->oscp->core, ids[taken], "depotd",
			"the rest of its forecast was not taken");
	return rc;
}

int oscp_limit_offer(struct oscp_peer *p, const struct depot_oscp_group *group,
	enum oscp20_capacity_forecast_type type, const struct oscp_blocks *blocks,
	const char *request_id, char why[200])
{
	char owner[60], actor[60];
	struct envelope_offer o = {
		.node = group->node,
		.owner = owner,
		.type = oscp20_capacity_forecast_type_enum.values[type],
		.reference = request_id,
		.kind = kinds[type].kind,
		.is_grid = true,
		.actor = actor,
	};

	owner_of(p, owner);
	snprintf(actor, sizeof actor, "oscp:%s", p->row->id);
	return offer(p, &o, blocks, kinds[type].is_export, why);
}

void oscp_limit_presence(struct oscp_peer *p)
{
	char owner[60];

	owner_of(p, owner);
	envelope_owner_silent(p->oscp->core, owner, !p->is_online, p->presence_why);
}

void oscp_limit_end(struct oscp_peer *p)
{
	const struct held_envelope *h = envelopes_first(p->oscp->core), *next;
	char owner[60];

	owner_of(p, owner);
	for (; h; h = next) {
		next = h->next;
		if (strcmp(h->owner, owner) == 0)
			envelope_withdraw(
				p->oscp->core, h->id, "depotd", "the registration was ended");
	}
}

/* A person's no is told to the provider, with the id of the forecast that it is about. */
static void on_move(void *arg, const struct held_envelope *h, const char *reason)
{
	struct oscp_peer *p = oscp_find(arg, h->owner + sizeof "oscp/" - 1);
	char words[300];

	if (!p || h->e.state != ENVELOPE_REFUSED || !oscp_is_registered(p))
		return;
	snprintf(words, sizeof words, "refused: %.280s", reason ? reason : "no reason was given");
	oscp_tell_fault(p, h->reference, words, NULL, 0);
}

void oscp_limit_watch(struct oscp *o)
{
	envelopes_watch(o->core->envelopes, "oscp/", on_move, o);
}
