/* Alarms: what a person must look at; taken, handed over, put aside. */
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static struct table *alarm_table(struct ctl *c)
{
	return table_create(c->arena, "ID|ACT|SINCE|KIND|WHAT|COUNT|WHO|UNTIL|NEXT", c->colour);
}

/* Many texts begin with what they are about. */
static const char *about(struct ctl *c, const struct api_alarm_view *v)
{
	size_t n = strlen(v->subject);

	return strncmp(v->text, v->subject, n) == 0 && strchr(": ", v->text[n])
		       ? v->text
		       : arena_printf(c->arena, "%s: %s", v->subject, v->text);
}

static void row_alarm(struct ctl *c, struct table *t, const struct api_alarm_view *v)
{
	bool is_past = v->has_cleared_at;

	table_row(t);
	table_cell(t, v->id);
	table_cell(t, v->rank);
	table_cell(t, cell_time(c->arena, true, v->since));
	table_cell(t, v->kind);
	table_cell(t, about(c, v));
	table_cell(t, arena_printf(c->arena, "%lld", (long long)v->count));
	table_cell(t, v->owner);
	table_cell(t, cell_time(c->arena, is_past || v->has_aside_until,
			      is_past ? v->cleared_at : v->aside_until));
	table_cell(t, v->step);
}

static int list_alarms(struct ctl *c)
{
	static const char *const names[] = {"state", "limit", NULL};
	const char *path = ctl_query(c, "alarms", names);
	struct table *t = alarm_table(c);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_alarm_list_type, &answer);
	const struct api_alarm_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->alarms.count; i++)
		row_alarm(c, t, &list->alarms.items[i]);
	if (list != NULL && list->sentence != NULL)
		printf("%s\n%s\n\n", list->sentence, list->sub);
	if (list != NULL)
		ctl_print(t, "No alarms.");
	return status;
}

/* What it is about, and all that there is to do. */
static int show_runbook(struct ctl *c, const char *id)
{
	void *answer;
	int status = ctl_ask_struct(c, "GET", "alarms", NULL, NULL, &api_alarm_list_type, &answer);
	const struct api_alarm_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->alarms.count; i++) {
		const struct api_alarm_view *v = &list->alarms.items[i];

		if (strcmp(v->id, id) != 0)
			continue;
		printf("%s, %s\n\n%s\n", v->kind, about(c, v), v->runbook);
		return CTL_OK;
	}
	return list != NULL ? ctl_complain(CTL_FAILED, "there is no open alarm %s", id) : status;
}

static int handle(
	struct ctl *c, const char *verb, const struct schema_struct *type, const void *body)
{
	struct table *t = alarm_table(c);
	void *answer;
	int status = ctl_ask_struct(c, "POST",
		arena_printf(c->arena, "alarms/%s/%s", ctl_escape(c, c->argv[1]), verb), type, body,
		&api_alarm_view_type, &answer);

	if (answer != NULL) {
		row_alarm(c, t, answer);
		ctl_print(t, "");
	}
	return status;
}

int ctl_alarms(struct ctl *c)
{
	const char *verb = c->argc > 0 ? c->argv[0] : "list", *note = ctl_option(c, "--note");
	const char *to = ctl_option(c, "--to"), *until = ctl_option(c, "--until");
	struct api_alarm_put_aside_post aside = {.note = note};

	if (strcmp(verb, "list") == 0)
		return list_alarms(c);
	if (c->argc != 2)
		return ctl_complain(CTL_USAGE, "alarms %s needs the ID of an alarm", verb);
	if (strcmp(verb, "show") == 0)
		return show_runbook(c, c->argv[1]);
	if (strcmp(verb, "take") == 0)
		return handle(c, "take", &api_alarm_take_post_type,
			&(struct api_alarm_take_post){.note = note});
	if (strcmp(verb, "hand-over") == 0) {
		if (to == NULL)
			return ctl_complain(CTL_USAGE, "alarms hand-over needs --to NAME");
		return handle(c, "hand_over", &api_alarm_hand_over_post_type,
			&(struct api_alarm_hand_over_post){.to = to, .note = note});
	}
	if (strcmp(verb, "put-aside") != 0)
		return ctl_complain(CTL_USAGE, "alarms list | show | take | hand-over | put-aside");
	if (until == NULL || !wall_parse(until, strlen(until), &aside.until))
		return ctl_complain(
			CTL_USAGE, "--until must be a time such as 2026-12-31T23:59:59Z");
	return handle(c, "put_aside", &api_alarm_put_aside_post_type, &aside);
}
