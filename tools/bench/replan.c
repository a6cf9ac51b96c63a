#include "tools/bench/replan.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "schemas/wall.h"

#define EVENTS   40
#define ENOUGH   0.8 /* of the limit flows before the first event */
#define RISE_S   180
#define LEAVES_S (5 * 3600) /* 48 kWh stored by 11 kW take about so long: it must begin now */
#define REPORT_S 0.5
#define WAIT_S   0.5
#define QUIET_S  0.5 /* what the reports changed is planned by then */
#define RATE     1000 /* reports a second: each station tells its power every half second */

static int report(struct crowd *c, double seconds)
{
	struct crowd_run run = {.job = JOB_EVENT, .rate_per_s = RATE, .seconds = seconds};

	return crowd_run(c, &run);
}

/* The site is as full as the plan makes it. */
static int rise(struct crowd *c, double limit_w)
{
	for (int i = 0; crowd_power_w(c) < ENOUGH * limit_w; i++)
		if (i == RISE_S || report(c, 1)) {
			fprintf(stderr, "bench: after %d s only %.0f of %.0f kW flow, to %d vans\n",
				i, crowd_power_w(c) / 1000, limit_w / 1000, crowd_drawing(c));
			return -1;
		}
	return report(c, 3);
}

/* One that waits for its turn, from `from` on. */
static int waiting(const struct crowd *c, int from)
{
	for (int i = 0; i < REPLAN_EVSES; i++)
		if (crowd_station_w(c, (from + i) % REPLAN_EVSES) <= 0)
			return (from + i) % REPLAN_EVSES;
	return -1;
}

/* Its row with a time to leave. */
static int ask(const struct server *s, int van)
{
	char path[80], row[300], at[WALL_TEXT_SIZE];
	wall_t leaves = {((int64_t)time(NULL) + LEAVES_S) * 1000};
	int len = snprintf(row, sizeof row, SERVER_VAN, van);

	snprintf(row + len - 1, sizeof row - (size_t)len, ", \"departs_at\": \"%s\"}",
		wall_format(leaves, at));
	snprintf(path, sizeof path, "/api/v1/vehicles/VAN-%d", van);
	return server_ask(s, "PUT", path, row);
}

static int one_event(const struct server *s, struct crowd *c, int van, struct replan_figures *out)
{
	struct crowd_watch w = {.lowered = &out->lowered, .raised = &out->raised, .station = van};
	int64_t before = out->lowered.total;
	int fd, status;

	crowd_wait(c, QUIET_S);
	w.since_us = crowd_now_us();
	crowd_watch(c, &w);
	fd = ask(s, van);
	crowd_wait(c, WAIT_S);
	crowd_watch(c, NULL);
	status = server_answer(fd);
	if (status != 200) {
		fprintf(stderr, "bench: depotd answered %d to the row of VAN-%d\n", status, van);
		return -1;
	}
	out->events += out->lowered.total > before;
	return report(c, REPORT_S);
}

int replan_events(const struct server *s, struct crowd *c, struct replan_figures *out)
{
	*out = (struct replan_figures){0};
	if (rise(c, server_limit_w(s, REPLAN_EVSES)))
		return -1;
	for (int i = 0, van = 0; i < EVENTS; i++) {
		van = waiting(c, van + 7);
		if (van < 0 || one_event(s, c, van, out)) {
			fprintf(stderr, "bench: %d events were planned\n", i);
			return -1;
		}
	}
	return 0;
}
