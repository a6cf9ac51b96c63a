#include <string.h>

#include "csms/alarms.h"
#include "csms/view/view.h"

static const char *copy(struct arena *a, const char *s)
{
	return s[0] != '\0' ? arena_strdup(a, s) : NULL;
}

static const char *state_of(const struct alarm *x)
{
	if (x->cleared_at.ms != 0)
		return "past";
	return alarm_is_aside(x) ? "aside" : "active";
}

void view_alarm(const struct alarm *x, struct arena *a, struct api_alarm_view *out)
{
	const struct alarm_row *row = &alarm_table[x->kind];

	*out = (struct api_alarm_view){
		.id = arena_strdup(a, x->id),
		.kind = row->name,
		.subject = arena_strdup(a, x->subject),
		.rank = alarm_rank_name(row->rank),
		.state = state_of(x),
		.text = arena_strdup(a, x->text),
		.step = row->step,
		.runbook = row->runbook,
		.since = x->raised_at,
		.last_at = x->last_at,
		.count = x->count,
		.has_cleared_at = x->cleared_at.ms != 0,
		.cleared_at = x->cleared_at,
		.owner = copy(a, x->owner),
		.has_taken_at = x->taken_at.ms != 0,
		.taken_at = x->taken_at,
		.has_aside_until = alarm_is_aside(x),
		.aside_until = x->aside_until,
		.note = copy(a, x->note),
	};
}

void view_alarms(const struct core *c, struct arena *a, struct api_alarm_view_list *out)
{
	const struct alarm *x;
	size_t n = 0;

	for (x = alarms_open(c); x != NULL; x = x->hh.next)
		n++;
	for (x = alarms_cleared(c); x != NULL; x = x->next)
		n++;
	*out = (struct api_alarm_view_list){.items = arena_alloc(a, sizeof(*out->items) * n + 1)};
	if (out->items == NULL)
		return;
	for (x = alarms_open(c); x != NULL; x = x->hh.next)
		view_alarm(x, a, &out->items[out->count++]);
	for (x = alarms_cleared(c); x != NULL; x = x->next)
		view_alarm(x, a, &out->items[out->count++]);
}
