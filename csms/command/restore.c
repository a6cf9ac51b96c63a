/* The commands that were open when depotd ended last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/command/private.h"
#include "csms/record.h"
#include "db/query_command.h"

struct reading_back {
	struct arena *arena;
	struct db_command_list found;
	bool has_failed;
};

static void read_open(struct db_reader *r, void *arg)
{
	struct reading_back *b = arg;
	struct db_command_filter f = {.open = true, .bodies = true, .limit = COMMANDS_MAX};

	b->has_failed = db_query_commands(r, &f, b->arena, &b->found) != 0;
}

static void on_deadline(void *arg)
{
	struct verdict v = {
		.state = EVENT_COMMAND_STATE_UNKNOWN,
		.note = "its effect did not come in time; whether it happened is unknown",
	};

	command_move(arg, &v);
}

/* What was sent may have been acted on; what waited for its effect waits on, anew. */
static void put_back(struct core *c, const struct db_command *row)
{
	const struct schema_action *a =
		schema_action_find(ocpp201_actions, OCPP201_ACTION_COUNT, row->action);
	struct station *s = fleet_station(&c->fleet, row->station);
	bool was_waiting = strcmp(row->state, "waiting") == 0;
	struct verdict v = {
		.state = EVENT_COMMAND_STATE_UNKNOWN,
		.note = "depotd ended before the answer came; whether it acted is unknown",
	};
	struct command *k =
		a && s && row->payload ? command_create(c, s, a, row->id, row->payload) : NULL;

	if (!k)
		return;
	k->state = was_waiting ? EVENT_COMMAND_STATE_WAITING : EVENT_COMMAND_STATE_RUNNING;
	k->actor = row->actor ? strdup(row->actor) : NULL;
	k->why = row->why ? strdup(row->why) : NULL;
	k->parent = row->parent ? strdup(row->parent) : NULL;
	k->request_id = row->request_id;
	k->started = row->started_at;
	snprintf(k->status, sizeof k->status, "%s", row->status ? row->status : "");
	snprintf(k->note, sizeof k->note, "%s", row->note ? row->note : "");
	k->is_answered = !was_waiting;
	if (row->parts > 1)
		k->parts = (int)row->parts;
	k->reports = (int)row->reports;
	if (row->effect_s > 0)
		k->effect_s = (int)row->effect_s;
	if (row->response)
		text_puts(&k->response, row->response);
	/* What carries its number may yet tell that it acted; a boot or a state may be of anything. */
	if (was_waiting && k->rule->signs && k->rule->number)
		v.state = EVENT_COMMAND_STATE_RUNNING;
	if (was_waiting)
		command_move(k, &v);
	if (!was_waiting || v.state == EVENT_COMMAND_STATE_RUNNING)
		timer_start(c->timers, &k->deadline, (int64_t)k->effect_s * 1000, on_deadline, k);
}

struct commands *commands_create(struct core *c, char why[300])
{
	struct commands *all = calloc(1, sizeof *all);
	struct reading_back b = {.arena = arena_create(0)};

	snprintf(why, 300, "out of memory");
	if (!all || !b.arena) {
		arena_destroy(b.arena);
		free(all);
		return NULL;
	}
	/* Seconds: at less than one command a second no number comes twice before 2038. */
	all->next_request_id = clock_wall().ms / 1000 % INT32_MAX + 1;
	c->commands = all;
	if (db_read_now(c->db, read_open, &b) || b.has_failed) {
		snprintf(why, 300, "the store: the open commands cannot be read");
		commands_destroy(all);
		all = c->commands = NULL;
	}
	for (size_t i = 0; i < b.found.count; i++)
		put_back(c, &b.found.items[i]);
	arena_destroy(b.arena);
	return all;
}

void commands_station_gone(struct station *s)
{
	struct command *k, *tmp;
	struct verdict v = {
		.state = EVENT_COMMAND_STATE_CANCELLED,
		.note = "the station was removed",
	};

	DL_FOREACH_SAFE (s->commands, k, tmp)
		command_move(k, &v);
}

void commands_destroy(struct commands *all)
{
	struct command *k, *tmp;

	if (!all)
		return;
	HASH_ITER (hh, all->all, k, tmp)
		command_destroy(k);
	free(all);
}
