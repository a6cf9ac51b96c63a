/*
 * Views: the live state as the API shows it (schemas/api.schema), made from core into an arena.
 * One place makes the words and numbers, so that page, API and command line say the same.
 */
#ifndef CSMS_VIEW_H
#define CSMS_VIEW_H

#include "csms/core.h"
#include "gen/api.h"

void view_station(const struct core *c, const struct station *s, struct arena *a,
	struct api_station_view *out);
/* One sentence of a station; of all of them, and what they do. */
const char *view_station_say(const struct station *s, struct arena *a);
void view_stations_say(
	const struct core *c, struct arena *a, const char **sentence, const char **sub);
/* Some of the stations only; NULL: all of them. */
struct view_part {
	bool (*has)(const void *arg, const struct station *s);
	const void *arg;
};
/* The site against its limit, all meters, all alarms: a sentence each and what stands below it, from
 * views of what they are about; of the stations only a part, NULL: all of them. */
void view_energy_say(const struct core *c, const struct view_part *part,
	const struct api_node_view_list *nodes, struct arena *a, const char **sentence,
	const char **sub);
void view_meters_say(const struct core *c, const struct api_meter_view_list *list, struct arena *a,
	const char **sentence, const char **sub);
const char *view_meter_say(const struct core *c, int meter, const char *belief, struct arena *a);
void view_alarms_say(const struct api_alarm_view_list *list, struct arena *a, const char **sentence,
	const char **sub);
void view_part_stations_say(const struct core *c, const struct view_part *part, struct arena *a,
	const char **sentence, const char **sub);
void view_evse(
	const struct core *c, const struct evse *e, struct arena *a, struct api_evse_view *out);
void view_vehicle(const struct core *c, const struct vehicle *v, struct arena *a,
	struct api_vehicle_view *out);
/* What a vehicle has to do next, in one sentence. */
const char *view_vehicle_say(const struct api_vehicle_view *v, struct arena *a);
/* One sentence of all vehicles and their work, and what stands below it. */
void view_vehicles_say(const struct core *c, const struct api_vehicle_detail_list *list,
	struct arena *a, const char **sentence, const char **sub);
void view_tree(const struct core *c, struct arena *a, struct api_tree *out);
void view_plan(const struct core *c, struct arena *a, struct api_plan *out);
/* How far chargers go by plans, and what waits for an approval. */
void view_followed(const struct core *c, struct arena *a, struct api_plan_followed *out);
void view_meter(const struct core *c, int meter, struct arena *a, struct api_meter_view *out);
void view_meters(const struct core *c, struct arena *a, struct api_meter_view_list *out);
struct alarm;
void view_alarm(const struct alarm *x, struct arena *a, struct api_alarm_view *out);
/* Open ones, and those cleared in the last minutes. */
void view_alarms(const struct core *c, struct arena *a, struct api_alarm_view_list *out);
struct held_envelope;
void view_envelope(const struct core *c, const struct held_envelope *h, struct arena *a,
	struct api_envelope_view *out);
/* Open ones, and those that were over in the last minutes; `blocks_max` of each that are to come. */
void view_envelopes(
	const struct core *c, int blocks_max, struct arena *a, struct api_envelope_view_list *out);
/* All limits of a node of control's tree, now and to come. */
void view_node_limits(
	const struct core *c, int node, struct arena *a, struct api_node_limit_list *out);
#define VIEW_BLOCKS_FEW 4
void view_overview(const struct core *c, struct arena *a, struct api_overview *out);

/* The sentence of the night and what stands below it, from views of all vehicles and nodes. */
void view_say(const struct core *c, const struct api_vehicle_view_list *vehicles,
	const struct api_node_view_list *nodes, struct arena *a, const char **sentence,
	const char **sub);

/* The same of a part of the depot. */
void view_part_say(const struct core *c, const struct view_part *part,
	const struct api_vehicle_view_list *vehicles, const struct api_node_view_list *nodes,
	struct arena *a, const char **sentence, const char **sub);

/* All vehicles. */
void view_vehicles(const struct core *c, struct arena *a, struct api_vehicle_view_list *out);

#endif
