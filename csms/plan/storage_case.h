/*
 * One solve of the storage planner: the snapshot that it is made of, taken on the loop from the
 * planner's own, the solving, which any thread may do, and what came of it. Nothing in it points out
 * of it: fleet and tree may change meanwhile.
 */
#ifndef CSMS_STORAGE_CASE_H
#define CSMS_STORAGE_CASE_H

#include "csms/plan/planner_job.h"
#include "scheduler/storage.h"

/* A battery that can give back: a vehicle at an EVSE, or a stationary one. */
struct storage_row {
	char id[61]; /* of the vehicle, or the tree's node */
	bool is_vehicle;
	char station[49], transaction[UTF8_SIZE(36)];
	int evse;
	int device; /* in the input */
	int64_t stored_wh, full_wh, least_wh, need_wh;
	int64_t charge_w, discharge_w;
	double wear; /* micro-units a kWh */
	const char *source; /* of what it holds: "charger", "meter", a source of telematics */
	wall_t read_at;
};

struct storage_case {
	struct arena *arena; /* all of it */
	struct storage_input in;
	wall_t made_at; /* of its snapshot; start_ms is that of a slot and may be long before */
	int64_t start_ms, slot_ms;
	char currency[4];
	int count;
	struct storage_row *rows;
	/* outcome */
	int32_t *w; /* [devices][slots] */
	bool is_sound; /* checked, and near enough to the bound */
	double cost, without, bound, gap; /* money; without: if nothing could give back */
	int iterations;
	int64_t solve_us;
};

/* Loop thread. NULL: nothing here can give back, no prices, or no memory. `j` is only read. */
struct storage_case *storage_case_create(
	struct core *c, const struct planner_job *j, const struct planner_view *v);

/* Any thread. */
void storage_case_solve(struct storage_case *k);

/* W in the slot at that time, below 0: given back; 0 outside of the plan. */
int64_t storage_case_w(const struct storage_case *k, const struct storage_row *row, int64_t at_ms);

/* What the battery holds at that time if it does as planned. */
int64_t storage_case_held_wh(
	const struct storage_case *k, const struct storage_row *row, int64_t at_ms);

void storage_case_destroy(struct storage_case *k);

/* How the EVSE takes energy back, or NULL. */
const struct depot_discharge *storage_evse(const struct core *c, const struct evse *e);

#endif
