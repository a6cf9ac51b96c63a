/* What vehicles report: sources, readings, and what was set aside. */
#include <stdlib.h>
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static const char *number(struct ctl *c, int64_t v)
{
	return arena_printf(c->arena, "%lld", (long long)v);
}

static const char *value_of(struct ctl *c, bool has, double v, const char *unit)
{
	return has ? arena_printf(
			     c->arena, "%g%s%s", v, unit && unit[0] ? " " : "", unit ? unit : "")
		   : NULL;
}

static int sources(struct ctl *c)
{
	struct table *t = table_create(c->arena,
		"SOURCE|MAPPING|LINK|LAST|>READINGS|>LATE|>REPEATED|>ASIDE|>DROPPED|>WAITING",
		c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", "telematics/sources", NULL, NULL,
		&api_telematics_source_list_type, &answer);
	const struct api_telematics_source_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->sources.count; i++) {
		const struct api_telematics_source *s = &list->sources.items[i];

		table_row(t);
		table_cell(t, s->id);
		table_cell(t, s->mapping);
		table_cell(t, s->has_token && !s->token ? "no token yet" : s->link);
		table_cell(t, cell_time(c->arena, s->has_last_at, s->last_at));
		table_cell(t, number(c, s->readings));
		table_cell(t, number(c, s->late));
		table_cell(t, number(c, s->repeated));
		table_cell(t, number(c, s->aside));
		table_cell(t, number(c, s->dropped));
		table_cell(t, number(c, s->open_aside));
	}
	if (list != NULL)
		ctl_print(t, "No sources: name them under `telematics` of the config.");
	return status;
}

static int token(struct ctl *c, const char *source)
{
	void *answer;
	int status = ctl_ask_struct(c, "POST",
		arena_printf(c->arena, "telematics/sources/%s/token", ctl_escape(c, source)), NULL,
		NULL, &api_telematics_token_reply_type, &answer);
	const struct api_telematics_token_reply *r = answer;

	if (r != NULL)
		printf("%s\n", r->token);
	return status;
}

static int readings(struct ctl *c, const char *vehicle)
{
	static const char *const names[] = {"quantity", "source", "from", "to", "limit", NULL};
	const char *path = ctl_query(
		c, arena_printf(c->arena, "vehicles/%s/readings", ctl_escape(c, vehicle)), names);
	struct table *t = table_create(
		c->arena, "MEASURED|QUANTITY|>VALUE|SOURCE|RECEIVED|TIME IS", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_reading_list_type, &answer);
	const struct api_reading_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->readings.count; i++) {
		const struct api_vehicle_reading *r = &list->readings.items[i];

		table_row(t);
		table_cell(t, cell_time(c->arena, true, r->at));
		table_cell(t, r->quantity);
		table_cell(t, value_of(c, true, r->value, r->unit));
		table_cell(t, r->source);
		table_cell(t, cell_time(c->arena, true, r->received_at));
		table_cell(t, r->confidence);
	}
	if (list != NULL)
		ctl_print(t, "It has reported nothing.");
	return status;
}

/* -- what was set aside ----------------------------------------------------------------------- */

static void row_aside(struct ctl *c, struct table *t, const struct api_telematics_aside *a)
{
	table_row(t);
	table_cell(t, a->id);
	table_cell(t, a->source);
	table_cell(t, a->fault);
	table_cell(t, a->vehicle ? a->vehicle : a->ref);
	table_cell(t, a->field ? a->field : a->quantity);
	table_cell(t, a->has_new_value ? value_of(c, true, a->new_value, "")
				       : value_of(c, a->has_value, a->value, a->unit));
	table_cell(t, cell_time(c->arena, true,
			      a->has_new_measured ? a->new_measured
			      : a->has_measured   ? a->measured
						  : a->received_at));
	table_cell(t, number(c, a->more));
	table_cell(t, a->raw && strlen(a->raw) > 60 ? arena_printf(c->arena, "%.57s...", a->raw)
						    : a->raw);
}

static struct table *aside_table(struct ctl *c)
{
	return table_create(c->arena,
		"ID|SOURCE|FAULT|VEHICLE|FIELD|>VALUE|MEASURED|>MORE|WHAT CAME", c->colour);
}

static int aside(struct ctl *c)
{
	static const char *const names[] = {"source", "fault", "limit", NULL};
	struct table *t = aside_table(c);
	void *answer;
	int status = ctl_ask_struct(c, "GET", ctl_query(c, "telematics/aside", names), NULL, NULL,
		&api_telematics_aside_list_type, &answer);
	const struct api_telematics_aside_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->aside.count; i++)
		row_aside(c, t, &list->aside.items[i]);
	if (list != NULL)
		ctl_print(t, "Nothing is set aside.");
	if (list != NULL && (int64_t)list->aside.count < list->count)
		printf("… and %lld more\n", (long long)list->count - (long long)list->aside.count);
	return status;
}

static int correct(struct ctl *c, const char *id)
{
	const char *value = ctl_option(c, "--value"), *at = ctl_option(c, "--measured");
	struct api_telematics_correction put = {.vehicle = ctl_option(c, "--vehicle"),
		.quantity = ctl_option(c, "--quantity"),
		.has_value = value != NULL,
		.has_measured = at != NULL};
	struct table *t = aside_table(c);
	char *end = NULL;
	void *answer;
	int status;

	if (value != NULL)
		put.value = strtod(value, &end);
	if (value != NULL && (end == value || *end))
		return ctl_complain(CTL_USAGE, "--value must be a number");
	if (at != NULL && !wall_parse(at, strlen(at), &put.measured))
		return ctl_complain(
			CTL_USAGE, "--measured must be a time such as 2026-12-31T23:59:59Z");
	status = ctl_ask_struct(c, "PUT",
		arena_printf(c->arena, "telematics/aside/%s", ctl_escape(c, id)),
		&api_telematics_correction_type, &put, &api_telematics_aside_type, &answer);
	if (answer != NULL) {
		row_aside(c, t, answer);
		ctl_print(t, "");
	}
	return status;
}

static int replay(struct ctl *c, const char *id)
{
	static const char *const names[] = {"source", "fault", NULL};
	const char *path =
		id != NULL ? arena_printf(c->arena, "telematics/aside/%s/replay", ctl_escape(c, id))
			   : ctl_query(c, "telematics/replay", names);
	void *answer;
	int status =
		ctl_ask_struct(c, "POST", path, NULL, NULL, &api_telematics_replay_type, &answer);
	const struct api_telematics_replay *r = answer;

	if (r == NULL)
		return status;
	printf("%lld replayed, %lld readings of it; %lld left%s%s\n", (long long)r->replayed,
		(long long)r->readings, (long long)r->left, r->why ? ": " : "",
		r->why ? r->why : "");
	return r->left ? CTL_FAILED : status;
}

int ctl_telematics(struct ctl *c)
{
	const char *verb = c->argc > 0 ? c->argv[0] : "sources";
	const char *word = c->argc > 1 ? c->argv[1] : NULL;

	if (strcmp(verb, "sources") == 0)
		return sources(c);
	if (strcmp(verb, "aside") == 0)
		return aside(c);
	if (strcmp(verb, "replay") == 0)
		return replay(c, word);
	if (word == NULL)
		return ctl_complain(CTL_USAGE,
			"telematics takes sources, aside, replay, or token SOURCE, readings VEHICLE, "
			"correct ID, drop ID");
	if (strcmp(verb, "token") == 0)
		return token(c, word);
	if (strcmp(verb, "readings") == 0)
		return readings(c, word);
	if (strcmp(verb, "correct") == 0)
		return correct(c, word);
	if (strcmp(verb, "drop") == 0)
		return ctl_done(c, "DELETE",
			arena_printf(c->arena, "telematics/aside/%s", ctl_escape(c, word)), NULL,
			NULL, "Dropped.");
	return ctl_complain(CTL_USAGE, "telematics does not know %s", verb);
}
