#include "csms/vehicles/telematics_aside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/alarms.h"
#include "csms/record.h"
#include "csms/vehicles/telematics_private.h"
#include "db/query_fleet.h"

#define SLOT_MAX    20 /* of the same trouble */
#define SLOT_GAP_MS 600000 /* … then the newest takes the place of the oldest, no more often */

/* The same trouble again. */
struct slot {
	int count;
	wall_t newest;
	UT_hash_handle hh;
	char name[];
};

struct telematics_asides {
	struct telematics *owner;
	struct telematics_aside *first; /* utlist, oldest first */
	struct telematics_aside *by_id;
	struct slot *slots;
	int count;
};

const struct telematics_aside *telematics_asides(const struct telematics *t)
{
	return t && t->asides ? t->asides->first : NULL;
}

int telematics_aside_count(const struct telematics *t, const struct telematics_source *s)
{
	const struct telematics_aside *a;
	int n = 0;

	DL_FOREACH (telematics_asides(t), a)
		n += !s || a->source == s;
	return n;
}

struct telematics_aside *telematics_aside_find(struct telematics *t, const char *id)
{
	struct telematics_aside *a = NULL;

	if (t && t->asides)
		HASH_FIND_STR(t->asides->by_id, id, a);
	return a;
}

/* -- rows in memory --------------------------------------------------------------------------- */

/* A field that nobody knows is one trouble, whichever vehicle says it. */
static void name_slot(const struct telematics_source *s, enum telematics_fault fault,
	const char *ref, const char *field, char *out, size_t size)
{
	bool is_field = fault == TELEMATICS_UNKNOWN_FIELD && field[0];

	snprintf(out, size, "%s|%s|%s|%s", s->config->id, telematics_fault_names[fault],
		is_field ? "" : ref, field);
}

static int slot_room(enum telematics_fault fault)
{
	return fault == TELEMATICS_UNKNOWN_FIELD ? 1 : SLOT_MAX;
}

static struct slot *slot_of(struct telematics_asides *all, const char *name)
{
	struct slot *s;

	HASH_FIND_STR(all->slots, name, s);
	if (s)
		return s;
	s = calloc(1, sizeof *s + strlen(name) + 1);
	if (!s)
		return NULL;
	memcpy(s->name, name, strlen(name) + 1);
	HASH_ADD_STR(all->slots, name, s);
	return s;
}

static void free_row(struct telematics_aside *a)
{
	free(a->ref);
	free(a->field);
	free(a->topic);
	free(a->raw);
	free(a);
}

static void forget(struct telematics_asides *all, struct telematics_aside *a)
{
	struct slot *s;

	HASH_FIND_STR(all->slots, a->slot, s);
	if (s && --s->count == 0) {
		HASH_DEL(all->slots, s);
		free(s);
	}
	DL_DELETE(all->first, a);
	HASH_DEL(all->by_id, a);
	all->count--;
	free_row(a);
}

static bool insert(struct telematics_asides *all, struct telematics_aside *a)
{
	struct slot *s = slot_of(all, a->slot);

	if (!s)
		return false;
	s->count++;
	if (a->received.ms > s->newest.ms)
		s->newest = a->received;
	DL_APPEND(all->first, a);
	HASH_ADD_STR(all->by_id, id, a);
	all->count++;
	return true;
}

/* -- the record ------------------------------------------------------------------------------- */

static void journal_set_aside(struct core *c, const struct telematics_aside *a)
{
	struct arena *m = record_arena(c);
	struct event_telematics_set_aside *e = m ? arena_alloc(m, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_telematics_set_aside){
		.id = arena_strdup(m, a->id),
		.fault = telematics_fault_names[a->fault],
		.ref = a->ref[0] ? arena_strdup(m, a->ref) : NULL,
		.field = a->field[0] ? arena_strdup(m, a->field) : NULL,
		.quantity = a->has_quantity ? telematics_quantity_enum.values[a->quantity] : NULL,
		.has_value = a->has_value,
		.value = a->value,
		.has_measured = a->has_at,
		.measured = a->at,
		.topic = a->topic ? arena_strdup(m, a->topic) : NULL,
		.raw = a->raw[0] ? arena_strdup(m, a->raw) : NULL,
	};
	record_now(c, EVENT_TELEMATICS_SET_ASIDE, "telematics", a->source->config->id, e, "depotd",
		NULL);
}

static void journal_let_go(struct core *c, const struct telematics_aside *a, const char *how,
	int readings, const char *actor)
{
	struct arena *m = record_arena(c);
	struct event_telematics_let_go *e = m ? arena_alloc(m, sizeof *e) : NULL;

	if (!e)
		return;
	*e = (struct event_telematics_let_go){.id = arena_strdup(m, a->id),
		.how = how,
		.has_readings = readings > 0,
		.readings = readings};
	record_now(c, EVENT_TELEMATICS_LET_GO, "telematics", a->source->config->id, e, actor, NULL);
}

static void let_go(struct telematics_asides *all, struct telematics_aside *a, const char *how,
	int n, const char *actor)
{
	journal_let_go(all->owner->core, a, how, n, actor);
	forget(all, a);
	if (all->count < all->owner->config->aside_rows)
		alarm_clear(all->owner->core, ALARM_TELEMATICS_ASIDE, "telematics");
}

/* -- setting aside ---------------------------------------------------------------------------- */

/* As text that may be stored: of what is no UTF-8 the other bytes become '?', and it ends with a
 * whole character. */
static char *keep_text(const char *s, size_t len, size_t max)
{
	size_t n = len < max ? len : max;
	char *out;

	while (n < len && n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	out = malloc(n + 1);
	if (!out)
		return NULL;
	memcpy(out, s, n);
	out[n] = '\0';
	if (!schema_utf8_check(out, n, NULL))
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)out[i] >= 0x80 || out[i] == '\0')
				out[i] = '?';
	return out;
}

static struct telematics_aside *find_oldest(struct telematics_asides *all, const char *slot)
{
	struct telematics_aside *a;

	DL_FOREACH (all->first, a)
		if (strcmp(a->slot, slot) == 0)
			return a;
	return NULL;
}

static struct telematics_aside *make_row(struct telematics_source *s,
	const struct telematics_message *msg, const struct telematics_item *item)
{
	struct telematics_aside *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->source = s;
	a->fault = item->fault;
	a->received = msg->received;
	a->is_whole = item->record_len <= TELEMATICS_RAW_MAX;
	a->ref = keep_text(item->ref, strlen(item->ref), TELEMATICS_REF_MAX);
	a->field = keep_text(item->field, strlen(item->field), TELEMATICS_FIELD_MAX);
	a->raw = keep_text(item->record, item->record_len, TELEMATICS_RAW_MAX);
	a->topic = msg->topic ? keep_text(msg->topic, strlen(msg->topic), 290) : NULL;
	a->has_at = item->is_timed;
	a->at = item->at;
	a->has_quantity = item->fault == TELEMATICS_BAD_VALUE ||
			  item->fault == TELEMATICS_IMPOSSIBLE ||
			  item->fault == TELEMATICS_FUTURE || item->fault == TELEMATICS_ANCIENT ||
			  item->fault == TELEMATICS_CONTRADICTS;
	a->quantity = item->quantity;
	a->has_value = a->has_quantity && item->fault != TELEMATICS_BAD_VALUE;
	a->value = item->value;
	ocpp_message_ids_next(&s->owner->core->ids, msg->received.ms, a->id);
	if (a->ref && a->field && a->raw && (a->topic || !msg->topic))
		return a;
	free_row(a);
	return NULL;
}

/* Is there room for one more of this trouble? An older one may go for it. */
static bool make_room(
	struct telematics_asides *all, const char *name, enum telematics_fault fault, wall_t now)
{
	struct telematics_aside *old = NULL;
	struct slot *s;

	HASH_FIND_STR(all->slots, name, s);
	if (s && s->count >= slot_room(fault)) {
		old = find_oldest(all, name);
		if (now.ms - s->newest.ms < SLOT_GAP_MS) {
			if (old)
				old->more++;
			return false;
		}
	} else if (all->count >= all->owner->config->aside_rows) {
		old = all->first;
		alarm_raise(all->owner->core, ALARM_TELEMATICS_ASIDE, "telematics",
			"%d readings are set aside; the oldest go for new ones.", all->count);
	}
	if (old)
		let_go(all, old, "room", 0, "depotd");
	return true;
}

bool telematics_set_aside(struct telematics_source *s, const struct telematics_message *msg,
	const struct telematics_item *item)
{
	struct telematics_asides *all = s->owner->asides;
	char name[sizeof((struct telematics_aside *)0)->slot];
	struct telematics_aside *a;

	name_slot(s, item->fault, item->ref, item->field, name, sizeof name);
	if (!all || !make_room(all, name, item->fault, msg->received))
		return false;
	a = make_row(s, msg, item);
	if (!a)
		return false;
	memcpy(a->slot, name, sizeof a->slot);
	if (!insert(all, a)) {
		free_row(a);
		return false;
	}
	journal_set_aside(s->owner->core, a);
	return true;
}

/* -- what a person does ----------------------------------------------------------------------- */

int telematics_correct(struct telematics_aside *a, const struct telematics_correction *c,
	const char *actor, char why[300])
{
	struct core *core = a->source->owner->core;
	struct arena *m = record_arena(core);
	struct event_telematics_corrected *e = m ? arena_alloc(m, sizeof *e) : NULL;

	if (!e) {
		snprintf(why, 300, "out of memory");
		return -1;
	}
	if (c->vehicle && !fleet_vehicle(&core->fleet, c->vehicle)) {
		snprintf(why, 300, "there is no vehicle \"%.60s\": add it first", c->vehicle);
		return -1;
	}
	if (c->has_value && !c->has_quantity && !a->has_quantity && !a->has_new_quantity) {
		snprintf(why, 300, "say which quantity the value is of");
		return -1;
	}
	if (c->vehicle)
		snprintf(a->vehicle, sizeof a->vehicle, "%s", c->vehicle);
	if (c->has_quantity) {
		a->has_new_quantity = true;
		a->new_quantity = c->quantity;
	}
	if (c->has_value) {
		a->has_new_value = true;
		a->new_value = c->value;
	}
	if (c->at.ms)
		a->new_at = c->at;
	*e = (struct event_telematics_corrected){.id = arena_strdup(m, a->id),
		.vehicle = c->vehicle ? arena_strdup(m, c->vehicle) : NULL,
		.quantity = c->has_quantity ? telematics_quantity_enum.values[c->quantity] : NULL,
		.has_value = c->has_value,
		.value = c->value,
		.has_measured = c->at.ms != 0,
		.measured = c->at};
	record_now(core, EVENT_TELEMATICS_CORRECTED, "telematics", a->source->config->id, e, actor,
		NULL);
	return 0;
}

/* What a replay would do: first looked at, then done. */
struct replaying {
	struct telematics_aside *aside;
	bool is_for_real;
	int good;
	enum telematics_fault fault; /* the first that is left */
	char field[TELEMATICS_FIELD_MAX + 1];
	struct telematics_counts counts;
};

static struct vehicle *vehicle_of(const struct telematics_aside *a, const char *ref)
{
	struct telematics *t = a->source->owner;

	return a->vehicle[0] ? fleet_vehicle(&t->core->fleet, a->vehicle)
			     : telematics_vehicle(t, a->source, ref);
}

static void replay_item(void *arg, const struct telematics_item *item)
{
	struct replaying *x = arg;
	struct telematics_aside *a = x->aside;
	struct vehicle *v = vehicle_of(a, item->ref);
	enum telematics_fault fault = item->fault;

	/* Other fields of the record that nobody knows were set aside on their own. */
	if (fault == TELEMATICS_UNKNOWN_FIELD && strcmp(item->field, a->field) != 0)
		return;
	if (fault == TELEMATICS_FINE && !v)
		fault = TELEMATICS_UNKNOWN_VEHICLE;
	if (fault == TELEMATICS_FINE)
		fault = telematics_judge(a->source, v, item, clock_wall());
	if (fault == TELEMATICS_CONTRADICTS && strcmp(item->field, a->field) != 0)
		return;
	if (fault != TELEMATICS_FINE) {
		if (x->fault == TELEMATICS_FINE) {
			x->fault = fault;
			snprintf(x->field, sizeof x->field, "%s", item->field);
		}
		return;
	}
	x->good++;
	if (x->is_for_real)
		telematics_apply(a->source, v, item, a->received,
			a->new_at.ms || a->has_new_value ? TELEMATICS_CORRECTED
			: item->is_timed                 ? TELEMATICS_MEASURED
							 : TELEMATICS_ARRIVED,
			&x->counts);
}

/* A value that a person gave, or one whose quantity, vehicle or time he gave. */
static bool is_one_value(const struct telematics_aside *a)
{
	return a->has_new_value || (a->has_value && (a->new_at.ms || a->has_new_quantity));
}

static void replay_pass(struct replaying *x)
{
	struct telematics_aside *a = x->aside;
	struct telematics *t = a->source->owner;
	const struct telematics_message msg = {.topic = a->topic,
		.text = a->raw,
		.len = strlen(a->raw),
		.received = a->received,
		.is_record = a->fault != TELEMATICS_NOT_JSON,
		.ref = a->vehicle[0] ? a->vehicle : NULL,
		.at = a->new_at};
	const struct telematics_item one = {.ref = a->ref,
		.field = a->field,
		.quantity = a->has_new_quantity ? a->new_quantity : a->quantity,
		.value = a->has_new_value ? a->new_value : a->value,
		.at = a->new_at.ms ? a->new_at : a->at,
		.is_timed = a->new_at.ms || a->has_at};

	x->good = 0;
	x->fault = TELEMATICS_FINE;
	if (is_one_value(a)) {
		replay_item(x, &one);
		return;
	}
	arena_reset(t->scratch);
	telematics_map_read(a->source->map, &msg, t->scratch, replay_item, x);
}

int telematics_replay(struct telematics_aside *a, const char *actor, char why[300])
{
	struct replaying x = {.aside = a};

	if (!a->is_whole && !is_one_value(a)) {
		snprintf(why, 300,
			"only the first %d bytes of what came were kept: give the value, or drop it",
			TELEMATICS_RAW_MAX);
		return -1;
	}
	replay_pass(&x);
	if (x.fault != TELEMATICS_FINE || x.good == 0) {
		snprintf(why, 300, "it is still no good: %s%s%s%s",
			x.fault ? telematics_fault_names[x.fault] : "there is nothing in it",
			x.field[0] ? " (" : "", x.field, x.field[0] ? ")" : "");
		return -1;
	}
	x.is_for_real = true;
	replay_pass(&x);
	let_go(a->source->owner->asides, a, "replayed", x.good, actor);
	return x.good;
}

void telematics_drop(struct telematics_aside *a, const char *actor)
{
	let_go(a->source->owner->asides, a, "dropped", 0, actor);
}

/* -- life ------------------------------------------------------------------------------------- */

struct restoring {
	struct arena *arena;
	struct db_aside_list list;
	bool failed;
};

static void read_rows(struct db_reader *r, void *arg)
{
	struct restoring *x = arg;

	x->failed = db_query_aside(r, x->arena, &x->list) != 0;
}

static int find_name(const char *const *names, int count, const char *name)
{
	for (int i = 0; name && i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static void restore_row(struct telematics_asides *all, const struct db_aside *row)
{
	struct telematics_source *s = telematics_source_find(all->owner, row->source);
	int fault = find_name(telematics_fault_names, TELEMATICS_FAULTS, row->fault);
	int q = row->quantity ? schema_enum_find(&telematics_quantity_enum, row->quantity) : -1;
	int nq = row->new_quantity ? schema_enum_find(&telematics_quantity_enum, row->new_quantity)
				   : -1;
	struct telematics_aside *a = s && fault >= 0 ? calloc(1, sizeof *a) : NULL;

	if (!a)
		return;
	a->source = s;
	a->fault = (enum telematics_fault)fault;
	snprintf(a->id, sizeof a->id, "%s", row->id);
	a->ref = strdup(row->ref ? row->ref : "");
	a->field = strdup(row->field ? row->field : "");
	a->raw = strdup(row->raw ? row->raw : "");
	a->topic = row->topic ? strdup(row->topic) : NULL;
	if (!a->ref || !a->field || !a->raw) {
		free_row(a);
		return;
	}
	a->is_whole = strlen(a->raw) < TELEMATICS_RAW_MAX;
	a->received = row->received;
	a->has_at = row->at.ms != 0;
	a->at = a->has_at ? row->at : row->received;
	a->has_quantity = q >= 0;
	a->quantity = (enum telematics_quantity)(q < 0 ? 0 : q);
	a->has_value = row->has_value;
	a->value = row->value;
	snprintf(a->vehicle, sizeof a->vehicle, "%s", row->vehicle ? row->vehicle : "");
	a->has_new_quantity = nq >= 0;
	a->new_quantity = (enum telematics_quantity)(nq < 0 ? 0 : nq);
	a->has_new_value = row->has_new_value;
	a->new_value = row->new_value;
	a->new_at = row->new_at;
	name_slot(s, a->fault, a->ref, a->field, a->slot, sizeof a->slot);
	if (!insert(all, a))
		free_row(a);
}

struct telematics_asides *telematics_asides_create(struct telematics *t, char why[400])
{
	struct telematics_asides *all = calloc(1, sizeof *all);
	struct restoring x = {.arena = arena_create(0)};

	if (!all || !x.arena || db_read_now(t->core->db, read_rows, &x) || x.failed) {
		snprintf(why, 400, "the store's readings that were set aside cannot be read");
		arena_destroy(x.arena);
		free(all);
		return NULL;
	}
	all->owner = t;
	for (size_t i = 0; i < x.list.count; i++)
		restore_row(all, &x.list.items[i]);
	arena_destroy(x.arena);
	return all;
}

void telematics_asides_destroy(struct telematics_asides *all)
{
	if (!all)
		return;
	while (all->first)
		forget(all, all->first);
	free(all);
}
