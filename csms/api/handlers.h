/* Handlers of the routes, by the file that they stand in. */
#ifndef CSMS_API_HANDLERS_H
#define CSMS_API_HANDLERS_H

struct ask;

/* users.c */
void users_list(struct ask *k);
void user_put(struct ask *k);
void user_reset_post(struct ask *k);
void user_sign_out_post(struct ask *k);

/* self.c */
void password_post(struct ask *k);
void factor_offer_post(struct ask *k);
void factor_put(struct ask *k);
void factor_remove_post(struct ask *k);
void sign_out_everywhere_post(struct ask *k);

/* routes.c */
void permissions_get(struct ask *k);

/* stations.c */
void stations_list(struct ask *k);
void station_get(struct ask *k);
void station_put(struct ask *k);
void station_delete(struct ask *k);
void station_call(struct ask *k);

/* commands.c */
void command_post(struct ask *k);
void command_try(struct ask *k);
void commands_list(struct ask *k);
void command_get(struct ask *k);
void command_delete(struct ask *k);

/* command_forms.c */
void command_forms_list(struct ask *k);
void command_form_get(struct ask *k);

/* files.c */
void files_list(struct ask *k);
void file_get(struct ask *k);
void file_delete(struct ask *k);
void station_logs_post(struct ask *k);

/* firmware.c */
void firmware_list(struct ask *k);
void firmware_post(struct ask *k);
void firmware_signature_put(struct ask *k);
void firmware_delete(struct ask *k);
void station_firmware_post(struct ask *k);

/* campaigns.c */
void campaigns_list(struct ask *k);
void campaign_post(struct ask *k);
void campaign_get(struct ask *k);
void campaign_delete(struct ask *k);

/* certificates.c */
void security_events_list(struct ask *k);
void password_rotation_post(struct ask *k);
void station_identity_get(struct ask *k);
void station_identity_put(struct ask *k);
void station_certificates_list(struct ask *k);
void manufacturer_roots_list(struct ask *k);
void manufacturer_root_put(struct ask *k);
void manufacturer_root_delete(struct ask *k);
void contract_roots_list(struct ask *k);
void contract_root_put(struct ask *k);
void contract_root_delete(struct ask *k);

/* signing.c */
void authority_show(struct ask *k);
void certificate_requests_list(struct ask *k);
void issued_list(struct ask *k);
void issued_get(struct ask *k);
void issued_revoke(struct ask *k);
void certificate_hashes_post(struct ask *k);

/* calendar.c */
void calendar_show(struct ask *k);
void calendar_look(struct ask *k);

/* rollover.c */
void rollover_show(struct ask *k);
void rollover_post(struct ask *k);

/* calls.c */
void calls_list(struct ask *k);

/* tokens.c */
void tokens_list(struct ask *k);
void token_get(struct ask *k);
void token_put(struct ask *k);
void token_delete(struct ask *k);

/* vehicles.c */
void vehicles_list(struct ask *k);
void vehicle_get(struct ask *k);
void identities_put(struct ask *k);
void vehicle_put_row(struct ask *k);
void vehicle_delete(struct ask *k);

/* trips.c */
void trips_list(struct ask *k);
void trip_put_row(struct ask *k);
void trip_delete(struct ask *k);
void trips_import(struct ask *k);
void consumption_list(struct ask *k);

/* rosters.c */
void rosters_list(struct ask *k);
void roster_put(struct ask *k);
void roster_delete(struct ask *k);

/* readiness.c */
void readiness_get(struct ask *k);

/* telematics.c */
void vehicle_readings(struct ask *k);
void telematics_sources_list(struct ask *k);
void telematics_token_post(struct ask *k);
void telematics_token_delete(struct ask *k);
void telematics_aside_list(struct ask *k);
void telematics_aside_put(struct ask *k);
void telematics_aside_replay(struct ask *k);
void telematics_aside_replay_all(struct ask *k);
void telematics_aside_delete(struct ask *k);

/* local_lists.c */
void local_lists_list(struct ask *k);
void local_list_put(struct ask *k);
void local_list_sync_post(struct ask *k);
void cache_clear_post(struct ask *k);

/* reservations.c */
void reservations_list(struct ask *k);
void reservation_post(struct ask *k);
void reservation_delete(struct ask *k);

/* transactions.c */
void transactions_list(struct ask *k);
void transaction_get(struct ask *k);
void transaction_signed_get(struct ask *k);

/* meter_values.c */
void transaction_values_get(struct ask *k);

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

/* network.c */
void network_profile_post(struct ask *k);

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

/* records.c */
void four_eyes_list(struct ask *k);
void four_eyes_approve(struct ask *k);
void four_eyes_refuse(struct ask *k);
void audit_list(struct ask *k);
void audit_get(struct ask *k);
void journal_get(struct ask *k);

/* wire.c */
void wire_get(struct ask *k);
void wire_export(struct ask *k);

/* backup.c */
void backup_post(struct ask *k);

/* access.c */
void sign_in_post(struct ask *k);
void sign_out_post(struct ask *k);
void session_get(struct ask *k);
void link_post(struct ask *k);
void api_tokens_list(struct ask *k);
void api_token_post(struct ask *k);
void api_token_delete(struct ask *k);

/* health.c */
void metrics_get(struct ask *k);
void livez_get(struct ask *k);
void readyz_get(struct ask *k);

/* routes.c */
void routes_get(struct ask *k);

/* device.c, jobs.c: the device model of stations */
void device_variables(struct ask *k);
void variables_find(struct ask *k);
void compare_get(struct ask *k);
void device_monitors(struct ask *k);
void device_alerts(struct ask *k);
void alerts_list(struct ask *k);
void device_displays(struct ask *k);
void device_customer_reports(struct ask *k);
void variables_post(struct ask *k);
void job_get(struct ask *k);

/* profiles.c: smart charging */
void profiles_get(struct ask *k);
void composite_get(struct ask *k);

/* oscp.c: capacity providers */
void oscp_peers_list(struct ask *k);
void oscp_peer_post(struct ask *k);
void oscp_peer_delete(struct ask *k);
void oscp_handshake_post(struct ask *k);
void oscp_adjust_post(struct ask *k);

/* tariffs.c, prices.c: what the depot pays for energy */
void tariffs_list(struct ask *k);
void tariff_get(struct ask *k);
void tariff_put(struct ask *k);
void tariff_delete(struct ask *k);
void prices_get(struct ask *k);
void series_list(struct ask *k);
void series_put(struct ask *k);
void series_fetch(struct ask *k);

/* costs.c: what energy cost */
void costs_list(struct ask *k);
void cost_get(struct ask *k);
void bill_get(struct ask *k);

#endif
