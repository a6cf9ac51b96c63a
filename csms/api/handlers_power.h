/* Handlers of routes that are about power: overview, tree, plan, meters, envelopes, guard, alarms; by the file that they stand in. */
#ifndef CSMS_API_HANDLERS_POWER_H
#define CSMS_API_HANDLERS_POWER_H

struct ask;

/* live.c */
void overview_get(struct ask *k);
void tree_get(struct ask *k);
void plan_get(struct ask *k);
void storage_get(struct ask *k);
void discharge_stop_post(struct ask *k);
void discharge_release_post(struct ask *k);
void flexibility_get(struct ask *k);
void plans_list(struct ask *k);
void plan_approve_post(struct ask *k);
void plan_reject_post(struct ask *k);
void node_mode_put(struct ask *k);
void plan_replay_post(struct ask *k);
void plan_diff_get(struct ask *k);
void plan_explain_get(struct ask *k);
void whatif_post(struct ask *k);
void meters_list(struct ask *k);
void stream_get(struct ask *k);

/* grid.c: the tree as it is described */
void grid_get(struct ask *k);
void grid_put(struct ask *k);
void grid_node_put(struct ask *k);
void grid_node_delete(struct ask *k);
void grid_meter_put(struct ask *k);
void grid_meter_delete(struct ask *k);

/* envelopes.c */
void envelopes_list(struct ask *k);
void envelope_post(struct ask *k);
void envelope_try_post(struct ask *k);
void envelope_get(struct ask *k);
void envelope_delete(struct ask *k);
void envelope_accept_post(struct ask *k);
void envelope_refuse_post(struct ask *k);
void envelope_compliance_get(struct ask *k);
void node_limits_get(struct ask *k);

/* guard.c */
void guard_get(struct ask *k);
void obedience_get(struct ask *k);

/* alarms.c */
void points_list(struct ask *k);
void point_get(struct ask *k);

void alarms_list(struct ask *k);
void alarm_take_post(struct ask *k);
void alarm_hand_over_post(struct ask *k);
void alarm_put_aside_post(struct ask *k);

/* power.c */
void power_get(struct ask *k);

/* meters.c: the electrician's diagnostics */
void meter_get(struct ask *k);
void meter_registers_get(struct ask *k);
void meter_ask_post(struct ask *k);
void meter_scans_list(struct ask *k);
void meter_scan_post(struct ask *k);
void meter_scan_get(struct ask *k);
void meter_scan_delete(struct ask *k);
void wiring_get(struct ask *k);
void wiring_reset_post(struct ask *k);

/* walk.c */
void meter_walk_post(struct ask *k);
void meter_walk_get(struct ask *k);
void meter_walk_delete(struct ask *k);

/* oscp.c: capacity providers */
void oscp_peers_list(struct ask *k);
void oscp_peer_post(struct ask *k);
void oscp_peer_delete(struct ask *k);
void oscp_handshake_post(struct ask *k);
void oscp_adjust_post(struct ask *k);

/* grid.c: the tree as text */
void grid_text_post(struct ask *k);

/* plan_decide.c */
void node_mode_effect(struct ask *k);

#endif
