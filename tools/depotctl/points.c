/* The process image: newest values of measuring points. */
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static void row_point(struct ctl *c, struct table *t, const struct api_point_view *v, wall_t now)
{
	table_row(t);
	table_cell(t, v->name);
	table_cell(t, arena_printf(c->arena, "%.10g", v->value));
	table_cell(t, v->unit);
	table_cell(t, v->quality);
	table_cell(t,
		arena_printf(c->arena, "%lld s", (long long)((now.ms - v->measured_at.ms) / 1000)));
	table_cell(t, v->source);
	table_cell(t, v->context);
}

/* GET /points/{name}, with both times. */
static int show_one(struct ctl *c)
{
	struct table *t = table_create(
		c->arena, "POINT|>VALUE|UNIT|QUALITY|MEASURED|RECEIVED|SOURCE|CONTEXT", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET",
		arena_printf(c->arena, "points/%s", ctl_escape(c, c->argv[0])), NULL, NULL,
		&api_point_view_type, &answer);
	const struct api_point_view *v = answer;

	if (v == NULL)
		return status;
	table_row(t);
	table_cell(t, v->name);
	table_cellf(t, "%.10g", v->value);
	table_cell(t, v->unit);
	table_cell(t, v->quality);
	table_cell(t, cell_time(c->arena, true, v->measured_at));
	table_cell(t, cell_time(c->arena, true, v->received_at));
	table_cell(t, v->source);
	table_cell(t, v->context);
	ctl_print(t, "");
	return status;
}

int ctl_points(struct ctl *c)
{
	static const char *const names[] = {"max_age", "after", "limit", NULL};
	bool is_one = ctl_flag(c, "--one");
	const char *path = ctl_query(c, "points", names);
	struct table *t =
		table_create(c->arena, "POINT|>VALUE|UNIT|QUALITY|>AGE|SOURCE|CONTEXT", c->colour);
	void *answer;
	int status;

	if (is_one)
		return c->argc > 0 ? show_one(c)
				   : ctl_complain(CTL_USAGE, "--one needs the name of a point");
	if (c->argc > 0)
		path = arena_printf(c->arena, "%s%cprefix=%s", path, strchr(path, '?') ? '&' : '?',
			ctl_escape(c, c->argv[0]));
	status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_point_list_type, &answer);
	const struct api_point_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->points.count; i++)
		row_point(c, t, &list->points.items[i], list->at);
	if (list != NULL)
		ctl_print(t, "No points.");
	if (list != NULL && list->next != NULL)
		printf("There are more; ask for them with --after %s.\n", list->next);
	return status;
}
