/* What a station told and keeps: messages on its display, customers, security events. */
#include <stdio.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

/* "stations/ID/WHAT?limit=…" */
static const char *path_of(struct ctl *c, const char *what)
{
	static const char *const names[] = {"limit", NULL};

	return ctl_query(c,
		arena_printf(c->arena, "stations/%s/%s", ctl_escape(c, c->argv[0]), what), names);
}

int ctl_displays(struct ctl *c)
{
	struct table *t = table_create(c->arena, "ID|MESSAGE", c->colour);
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", path_of(c, "displays"), NULL, NULL, &api_display_list_type, &answer);
	const struct api_display_list *l = answer;

	for (size_t i = 0; l != NULL && i < l->displays.count; i++) {
		table_row(t);
		table_cellf(t, "%lld", (long long)l->displays.items[i].id);
		table_cell(t, l->displays.items[i].message);
	}
	if (l != NULL)
		ctl_print(t, "It has told of no messages; ask with: depotctl command STATION "
			     "GetDisplayMessages '{\"requestId\":0}'");
	return status;
}

int ctl_customer_reports(struct ctl *c)
{
	struct table *t = table_create(c->arena, "AT|>REQUEST|DATA", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path_of(c, "customer-reports"), NULL, NULL,
		&api_customer_report_list_type, &answer);
	const struct api_customer_report_list *l = answer;

	for (size_t i = 0; l != NULL && i < l->reports.count; i++) {
		table_row(t);
		table_cell(t, cell_time(c->arena, true, l->reports.items[i].at));
		table_cellf(t, "%lld", (long long)l->reports.items[i].request_id);
		table_cell(t, l->reports.items[i].data);
	}
	if (l != NULL)
		ctl_print(t, "It has told of no customers.");
	return status;
}

int ctl_security_events(struct ctl *c)
{
	struct table *t = table_create(c->arena, "AT|RECEIVED|TYPE|DETAILS", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path_of(c, "security-events"), NULL, NULL,
		&api_security_event_list_type, &answer);
	const struct api_security_event_list *l = answer;

	for (size_t i = 0; l != NULL && i < l->events.count; i++) {
		table_row(t);
		table_cell(t, cell_time(c->arena, true, l->events.items[i].at));
		table_cell(t, cell_time(c->arena, true, l->events.items[i].received_at));
		table_cell(t, l->events.items[i].type);
		table_cell(t, l->events.items[i].tech_info);
	}
	if (l != NULL)
		ctl_print(t, "It has told of no security events.");
	return status;
}
