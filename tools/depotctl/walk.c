/* The commissioning walk, followed to its end. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define LOOK_EVERY_S 2

static bool is_over(const struct api_meter_walk_view *w)
{
	return strcmp(w->state, "high") != 0 && strcmp(w->state, "low") != 0;
}

static const char *phase_words(struct ctl *c, const struct api_meter_walk_meter *m)
{
	const char *out = NULL;

	for (size_t i = 0; i < m->phases.count; i++)
		out = arena_printf(c->arena, "%s%sL%lld=L%lld", out ? out : "", out ? " " : "",
			(long long)m->phases.items[i].phase,
			(long long)m->phases.items[i].upper_phase);
	return out;
}

static int print_walk(struct ctl *c, const struct api_meter_walk_view *w)
{
	struct table *t = table_create(c->arena, "METER|MOVED|>SHARE|PHASES|FINDING", c->colour);

	printf("%s/%lld, lowered %lld times from %lld W to %lld W: %s\n", w->station,
		(long long)w->evse, (long long)w->rounds_done, (long long)w->high_w,
		(long long)w->low_w, w->state);
	for (size_t i = 0; i < w->meters.count; i++) {
		const struct api_meter_walk_meter *m = &w->meters.items[i];

		table_row(t);
		table_cell(t, m->meter);
		table_cell(t, m->moved ? "yes" : "no");
		table_cell(t, m->has_gain ? arena_printf(c->arena, "%.2f", m->gain) : NULL);
		table_cell(t, phase_words(c, m));
		table_cell(t, m->finding);
	}
	ctl_print(t, "No meter moved.");
	return w->error ? ctl_complain(CTL_FAILED, "%s", w->error) : CTL_OK;
}

/* Asks until the walk is over; with --json its last view is what is printed. */
static int follow(struct ctl *c)
{
	bool is_json = c->json;
	const struct api_meter_walk_view *w;
	void *answer;
	int status;

	do {
		sleep(LOOK_EVERY_S);
		c->json = false;
		status = ctl_ask_struct(
			c, "GET", "meters/walk", NULL, NULL, &api_meter_walk_view_type, &answer);
		c->json = is_json;
		w = answer;
	} while (status == CTL_OK && !is_over(w));
	if (status != CTL_OK)
		return status;
	return is_json ? ctl_ask_struct(c, "GET", "meters/walk", NULL, NULL,
				 &api_meter_walk_view_type, &answer)
		       : print_walk(c, w);
}

int ctl_walk(struct ctl *c)
{
	bool has_consent = ctl_flag(c, "--yes"), is_json = c->json;
	struct api_meter_walk_post post = {.consent = has_consent};
	void *answer;
	char *end;
	int status;

	if (c->argc == 1 && strcmp(c->argv[0], "cancel") == 0) {
		status = ctl_ask_struct(
			c, "DELETE", "meters/walk", NULL, NULL, &api_meter_walk_view_type, &answer);
		return answer != NULL ? print_walk(c, answer) : status;
	}
	if (c->argc != 2)
		return ctl_complain(CTL_USAGE, "walk STATION EVSE --yes | walk cancel");
	post.station = c->argv[0];
	post.evse = strtol(c->argv[1], &end, 10);
	if (end == c->argv[1] || *end != '\0')
		return ctl_complain(CTL_USAGE, "%s is no number of an EVSE", c->argv[1]);
	if (!has_consent)
		return ctl_complain(CTL_USAGE,
			"%s/%s will charge less for some minutes while it is lowered and raised three "
			"times: --yes says that this is fine",
			c->argv[0], c->argv[1]);
	c->json = false;
	status = ctl_ask_struct(c, "POST", "meters/walk", &api_meter_walk_post_type, &post,
		&api_meter_walk_view_type, &answer);
	c->json = is_json;
	return status == CTL_OK ? follow(c) : status;
}
