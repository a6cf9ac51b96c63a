/*
 * Every path of the API, one row each. docs/api.md and GET /api/v1 are made from these rows.
 */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers.h"

#define V1 "/api/v1"

/* method, path, query, least role, handler, body, answer, help */
const struct route api_routes[] = {
	{"GET", V1, "", ROLE_VIEWER, routes_get, NULL, &api_route_list_type,
		"All paths, with the role that each needs"},

	{"POST", V1 "/sign-in", "", ROLE_ANYONE, sign_in_post, &api_sign_in_post_type,
		&api_session_type,
		"Trades the code of a sign-in link for a session: sets the cookie __Host-sid"},
	{"POST", V1 "/sign-out", "", ROLE_VIEWER, sign_out_post, NULL, &api_done_type,
		"Ends the session"},
	{"GET", V1 "/session", "", ROLE_VIEWER, session_get, NULL, &api_session_type,
		"Who is asking, and the token for the header x-csrf-token"},
	{"POST", V1 "/links", "", ROLE_ADMIN, link_post, &api_link_post_type, &api_link_reply_type,
		"Makes a sign-in link, good once and for 10 minutes"},
	{"GET", V1 "/api-tokens", "", ROLE_ADMIN, api_tokens_list, NULL, &api_api_token_list_type,
		"API tokens, without their secrets"},
	{"POST", V1 "/api-tokens", "", ROLE_ADMIN, api_token_post, &api_api_token_post_type,
		&api_api_token_reply_type, "Makes an API token; its secret is shown this once"},
	{"DELETE", V1 "/api-tokens/{id}", "", ROLE_ADMIN, api_token_delete, NULL, &api_done_type,
		"Revokes an API token"},

	{"GET", V1 "/stations", "", ROLE_VIEWER, stations_list, NULL, &api_station_list_type,
		"All stations with their EVSEs"},
	{"GET", V1 "/stations/{id}", "", ROLE_VIEWER, station_get, NULL, &api_station_view_type,
		"One station"},
	{"PUT", V1 "/stations/{id}", "", ROLE_ADMIN, station_put, &api_station_put_type,
		&api_done_type, "Registers or changes a station; what is left out stays as it was"},
	{"DELETE", V1 "/stations/{id}", "", ROLE_ADMIN, station_delete, NULL, &api_done_type,
		"Removes a station; its history stays"},
	{"POST", V1 "/stations/{id}/calls", "async", ROLE_OPERATOR, station_call,
		&api_call_post_type, &api_call_reply_type,
		"Sends an OCPP action to the station and answers with its answer; with async=1 at once"},
	{"POST", V1 "/stations/{id}/commands", "", ROLE_OPERATOR, command_post,
		&api_command_post_type, &api_command_view_type,
		"Asks the station for something and follows it to its true end: a Reset until it is "
		"back, a report until its last part"},
	{"GET", V1 "/commands", "station action state parent limit", ROLE_OPERATOR, commands_list,
		NULL, &api_command_list_type,
		"Commands to stations, newest first; state=open: those "
		"that are not over"},
	{"GET", V1 "/commands/{id}", "", ROLE_OPERATOR, command_get, NULL, &api_command_view_type,
		"One command with payload and answer"},
	{"DELETE", V1 "/commands/{id}", "", ROLE_OPERATOR, command_delete, NULL, &api_done_type,
		"Stops waiting for it; what the station does is its own affair"},
	{"GET", V1 "/calls", "station limit", ROLE_OPERATOR, calls_list, NULL, &api_call_list_type,
		"Calls to stations with who asked and what came of them, newest first"},

	{"GET", V1 "/stations/{id}/variables", "component variable text changed after limit",
		ROLE_VIEWER, device_variables, NULL, &api_device_variable_list_type,
		"What the station said of its variables; `text` stands in a name or value, `changed` "
		"is a time since when the value changed"},
	{"GET", V1 "/variables", "component variable text changed after limit", ROLE_VIEWER,
		variables_find, NULL, &api_device_variable_list_type,
		"The same of all stations, to find who has what"},
	{"POST", V1 "/variables", "", ROLE_OPERATOR, variables_post, &api_variable_post_type,
		&api_job_type,
		"Writes one variable to many stations: a job with a result for each station"},
	{"GET", V1 "/jobs/{id}", "", ROLE_OPERATOR, job_get, NULL, &api_job_type,
		"How far a job is, station by station"},
	{"GET", V1 "/compare", "a b all after limit", ROLE_VIEWER, compare_get, NULL,
		&api_comparison_type,
		"Variables in which two stations differ; with all=1 the same ones too"},
	{"GET", V1 "/stations/{id}/monitors", "", ROLE_VIEWER, device_monitors, NULL,
		&api_device_monitor_list_type, "Monitors of the station's variables"},
	{"GET", V1 "/stations/{id}/alerts", "all limit", ROLE_VIEWER, device_alerts, NULL,
		&api_alert_list_type,
		"Alerts of the station that last; with all=1 those that are over too"},
	{"GET", V1 "/alerts", "all limit", ROLE_VIEWER, alerts_list, NULL, &api_alert_list_type,
		"The same of all stations, newest first"},
	{"GET", V1 "/stations/{id}/displays", "", ROLE_VIEWER, device_displays, NULL,
		&api_display_list_type, "Messages that the station shows or keeps"},
	{"GET", V1 "/stations/{id}/customer-reports", "limit", ROLE_ADMIN, device_customer_reports,
		NULL, &api_customer_report_list_type,
		"What the station told of customers when it was asked"},

	{"GET", V1 "/stations/{id}/profiles", "", ROLE_VIEWER, profiles_get, NULL,
		&api_held_profile_list_type,
		"Charging profiles that the station is believed to hold, limits of others, needs of "
		"vehicles, and how that compared with what it said after its last reconnect"},
	{"GET", V1 "/stations/{id}/composite", "evse duration ask", ROLE_VIEWER, composite_get,
		NULL, &api_composite_type,
		"All profiles together as one limit for the next `duration` seconds; with ask=1 (for "
		"operators) the station is asked too"},
	{"POST", V1 "/stations/{id}/logs", "", ROLE_OPERATOR, station_logs_post, &api_log_post_type,
		&api_command_view_type,
		"Asks the station for its log; it comes to this depotd, see GET /files"},
	{"GET", V1 "/files", "station removed limit", ROLE_OPERATOR, files_list, NULL,
		&api_file_list_type, "Files that stations brought, newest first"},
	{"GET", V1 "/files/{id}", "", ROLE_OPERATOR, file_get, NULL, NULL,
		"The file itself; understands ranges"},
	{"DELETE", V1 "/files/{id}", "", ROLE_OPERATOR, file_delete, NULL, &api_done_type,
		"Removes a file"},
	{"GET", V1 "/firmware", "", ROLE_VIEWER, firmware_list, NULL, &api_firmware_list_type,
		"Firmware images that stations can be given"},
	{"POST", V1 "/firmware", "vendor model version name", ROLE_ADMIN, firmware_post,
		&api_file_body_type, &api_firmware_view_type,
		"Takes a firmware image as the body of the request; what it is stands in the query"},
	{"PUT", V1 "/firmware/{id}/signature", "", ROLE_ADMIN, firmware_signature_put,
		&api_firmware_signature_put_type, &api_firmware_view_type,
		"Verifies the maker's signature over the image, and keeps it; a wrong one is refused"},
	{"DELETE", V1 "/firmware/{id}", "", ROLE_ADMIN, firmware_delete, NULL, &api_done_type,
		"Removes a firmware image; addresses that were given out for it end"},
	{"POST", V1 "/stations/{id}/firmware", "", ROLE_OPERATOR, station_firmware_post,
		&api_firmware_update_post_type, &api_command_view_type,
		"Updates the station's firmware, and follows it until it is installed"},
	{"GET", V1 "/campaigns", "limit", ROLE_OPERATOR, campaigns_list, NULL,
		&api_campaign_list_type, "Firmware campaigns, newest first"},
	{"POST", V1 "/campaigns", "", ROLE_OPERATOR, campaign_post, &api_campaign_post_type,
		&api_campaign_view_type, "Updates the firmware of many stations, a few at a time"},
	{"GET", V1 "/campaigns/{id}", "", ROLE_OPERATOR, campaign_get, NULL,
		&api_campaign_view_type, "One campaign with the result of each station"},
	{"DELETE", V1 "/campaigns/{id}", "", ROLE_OPERATOR, campaign_delete, NULL, &api_done_type,
		"Ends a campaign: stations that were not asked yet will not be"},
	{"GET", V1 "/stations/{id}/security-events", "limit", ROLE_OPERATOR, security_events_list,
		NULL, &api_security_event_list_type, "Security events of a station, newest first"},
	{"GET", V1 "/stations/{id}/certificates", "", ROLE_VIEWER, station_certificates_list, NULL,
		&api_station_certificate_list_type,
		"Certificates that the station holds, as it last said; ask it anew with the command "
		"GetInstalledCertificateIds"},
	{"GET", V1 "/manufacturer-roots", "", ROLE_VIEWER, manufacturer_roots_list, NULL,
		&api_manufacturer_root_list_type,
		"Roots of makers: firmware must be signed below one of them"},
	{"PUT", V1 "/manufacturer-roots/{name}", "", ROLE_ADMIN, manufacturer_root_put,
		&api_manufacturer_root_put_type, &api_done_type, "Adds or replaces a maker's root"},
	{"DELETE", V1 "/manufacturer-roots/{name}", "", ROLE_ADMIN, manufacturer_root_delete, NULL,
		&api_done_type, "Removes a maker's root; what it signed stays signed"},

	{"GET", V1 "/tokens", "", ROLE_VIEWER, tokens_list, NULL, &api_token_list_type,
		"Cards and other tokens that may charge"},
	{"GET", V1 "/tokens/{type}/{value}", "", ROLE_VIEWER, token_get, NULL, &api_token_view_type,
		"One token"},
	{"PUT", V1 "/tokens/{type}/{value}", "", ROLE_OPERATOR, token_put, &api_token_put_type,
		&api_done_type, "Adds or changes a token"},
	{"DELETE", V1 "/tokens/{type}/{value}", "", ROLE_OPERATOR, token_delete, NULL,
		&api_done_type, "Removes a token"},

	{"GET", V1 "/vehicles", "", ROLE_VIEWER, vehicles_list, NULL, &api_vehicle_list_type,
		"Vehicles with their state and what they are known by"},
	{"GET", V1 "/vehicles/{id}", "", ROLE_VIEWER, vehicle_get, NULL, &api_vehicle_detail_type,
		"One vehicle"},
	{"PUT", V1 "/vehicles/{id}/identities", "", ROLE_OPERATOR, identities_put,
		&api_identities_put_type, &api_done_type,
		"Says what the vehicle is known by: cards, eMAID, MAC address (EVCCID)"},

	{"GET", V1 "/local-lists", "", ROLE_VIEWER, local_lists_list, NULL,
		&api_local_list_list_type,
		"Local authorisation lists: what each station has of them"},
	{"PUT", V1 "/stations/{id}/local-list", "", ROLE_OPERATOR, local_list_put,
		&api_local_list_put_type, &api_done_type,
		"Switches on (sync) or off that the station's local list is kept like our tokens"},
	{"POST", V1 "/stations/{id}/local-list/sync", "", ROLE_OPERATOR, local_list_sync_post, NULL,
		&api_local_list_view_type, "Sends the whole list anew; answers at once"},
	{"POST", V1 "/authorization-cache/clear", "", ROLE_OPERATOR, cache_clear_post,
		&api_cache_clear_post_type, &api_cache_clear_reply_type,
		"Clears the authorisation caches (ClearCache); a result for each station"},

	{"GET", V1 "/reservations", "station state limit", ROLE_VIEWER, reservations_list, NULL,
		&api_reservation_list_type,
		"Reservations, newest first; state=open: those that hold"},
	{"POST", V1 "/reservations", "", ROLE_OPERATOR, reservation_post,
		&api_reservation_post_type, &api_reservation_view_type,
		"Reserves an EVSE (ReserveNow) and answers when the station has"},
	{"DELETE", V1 "/reservations/{station}/{id}", "", ROLE_OPERATOR, reservation_delete, NULL,
		&api_reservation_view_type,
		"Cancels a reservation (CancelReservation) and answers when the station has"},

	{"GET", V1 "/transactions", "station vehicle state from to cursor limit", ROLE_VIEWER,
		transactions_list, NULL, &api_transaction_list_type,
		"Transactions, newest first; state is open or ended"},
	{"GET", V1 "/transactions/{station}/{id}", "", ROLE_VIEWER, transaction_get, NULL,
		&api_transaction_detail_type, "One transaction with its events"},

	{"GET", V1 "/overview", "", ROLE_VIEWER, overview_get, NULL, &api_overview_type,
		"The whole live picture, with the sentence that sums it up"},
	{"GET", V1 "/tree", "", ROLE_VIEWER, tree_get, NULL, &api_tree_type,
		"Nodes of the microgrid with their loads and limits"},
	{"GET", V1 "/grid", "", ROLE_VIEWER, grid_get, NULL, &depot_grid_type,
		"The tree and its meters as they are described: the depot's file with the changes since"},
	{"PUT", V1 "/grid", "check why", ROLE_ADMIN, grid_put, &depot_grid_type,
		&api_grid_result_type,
		"Takes another description in force without a restart; check=1 only judges it"},
	{"PUT", V1 "/grid/nodes/{id}", "check why", ROLE_ADMIN, grid_node_put, &depot_node_type,
		&api_grid_result_type, "Adds or changes a node, as in the depot's file"},
	{"DELETE", V1 "/grid/nodes/{id}", "check why", ROLE_ADMIN, grid_node_delete, NULL,
		&api_grid_result_type, "Removes a node that nothing hangs on"},
	{"PUT", V1 "/grid/meters/{id}", "check why", ROLE_ADMIN, grid_meter_put, &depot_meter_type,
		&api_grid_result_type, "Adds or changes a meter, as in the depot's file"},
	{"DELETE", V1 "/grid/meters/{id}", "check why", ROLE_ADMIN, grid_meter_delete, NULL,
		&api_grid_result_type, "Removes a meter that no node names"},
	{"GET", V1 "/plan", "", ROLE_VIEWER, plan_get, NULL, &api_plan_type,
		"The charging plan in force"},
	{"GET", V1 "/meters", "", ROLE_VIEWER, meters_list, NULL, &api_meter_list_type,
		"Meters with their newest reading and the state of their link"},
	{"GET", V1 "/meters/scans", "", ROLE_VIEWER, meter_scans_list, NULL,
		&api_meter_scan_list_type, "Scans for meters, newest first, with what they found"},
	{"POST", V1 "/meters/scans", "", ROLE_ADMIN, meter_scan_post, &api_meter_scan_post_type,
		&api_meter_scan_view_type,
		"Asks the units of a gateway or bus whether and what they are; answers at once"},
	{"GET", V1 "/meters/scans/{id}", "", ROLE_VIEWER, meter_scan_get, NULL,
		&api_meter_scan_view_type, "How far a scan is"},
	{"DELETE", V1 "/meters/scans/{id}", "", ROLE_ADMIN, meter_scan_delete, NULL,
		&api_meter_scan_view_type, "Ends a scan after the request under way"},
	{"GET", V1 "/meters/{id}", "", ROLE_VIEWER, meter_get, NULL, &api_meter_view_type,
		"One meter and the statistics of its link"},
	{"GET", V1 "/meters/{id}/registers", "", ROLE_VIEWER, meter_registers_get, NULL,
		&api_meter_registers_type,
		"Registers of its last good poll, as they came and as they were read"},
	{"GET", V1 "/power", "from to step node", ROLE_VIEWER, power_get, NULL,
		&api_power_series_type,
		"Power over time in steps of `step` seconds; of the whole site, or of a node"},
	{"GET", V1 "/alarms", "state limit", ROLE_VIEWER, alarms_list, NULL, &api_alarm_list_type,
		"What a person must look at, with the runbook; state is active, aside, open (both, the "
		"default) or past"},
	{"POST", V1 "/alarms/{id}/take", "", ROLE_OPERATOR, alarm_take_post,
		&api_alarm_take_post_type, &api_alarm_view_type, "I look after it"},
	{"POST", V1 "/alarms/{id}/hand_over", "", ROLE_OPERATOR, alarm_hand_over_post,
		&api_alarm_hand_over_post_type, &api_alarm_view_type, "Somebody else does"},
	{"POST", V1 "/alarms/{id}/put_aside", "", ROLE_OPERATOR, alarm_put_aside_post,
		&api_alarm_put_aside_post_type, &api_alarm_view_type,
		"It can wait until a time, and is then shown again"},
	{"GET", V1 "/stream", "snapshots", ROLE_VIEWER, stream_get, NULL, NULL,
		"Server-sent events: overview, then patches; with snapshots=1 only overviews"},

	{"GET", V1 "/journal", "stream type after limit order", ROLE_VIEWER, journal_get, NULL,
		&api_journal_page_type,
		"Events after sequence number `after`, of one stream or of a prefix that ends in /; "
		"order=newest begins at the end"},
	{"GET", V1 "/wire",
		"station action text error message_id from to faulty pairs before limit",
		ROLE_OPERATOR, wire_get, NULL, &api_wire_page_type,
		"OCPP messages as they were, newest first; `error` looks in verdicts and CALLERRORs; "
		"with pairs=1 each request with its answer and the time between"},
	{"GET", V1 "/wire/export", "station action text error message_id from to faulty",
		ROLE_OPERATOR, wire_export, NULL, NULL,
		"The same, oldest first and all of them, as JSON lines: one WireFrameType a line"},
	{"POST", V1 "/backup", "", ROLE_ADMIN, backup_post, &api_backup_post_type, &api_done_type,
		"Copies the store, pki/ and files/ to a folder on this machine while depotd runs"},

	{"GET", V1 "/metrics", "", ROLE_VIEWER, metrics_get, NULL, NULL,
		"Counters in the text format of Prometheus"},
	{"GET", V1 "/livez", "", ROLE_ANYONE, livez_get, NULL, &api_health_type,
		"200 while the loop turns"},
	{"GET", V1 "/readyz", "", ROLE_ANYONE, readyz_get, NULL, &api_health_type,
		"200 while the store takes writes, else 503"},
	{"GET", "/metrics", "", ROLE_VIEWER, metrics_get, NULL, NULL, "As /api/v1/metrics"},
	{"GET", "/livez", "", ROLE_ANYONE, livez_get, NULL, &api_health_type, "As /api/v1/livez"},
	{"GET", "/readyz", "", ROLE_ANYONE, readyz_get, NULL, &api_health_type,
		"As /api/v1/readyz"},
};
const size_t api_route_count = sizeof(api_routes) / sizeof(api_routes[0]);

static const char *type_name(const struct schema_struct *type)
{
	return type != NULL ? type->name : NULL;
}

void routes_get(struct ask *k)
{
	struct api_route *items = arena_alloc(k->arena, sizeof(*items) * api_route_count);

	if (items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (size_t i = 0; i < api_route_count; i++) {
		const struct route *r = &api_routes[i];
		items[i] = (struct api_route){
			.method = r->method,
			.path = r->pattern,
			.role = role_name(r->role),
			.request = type_name(r->request),
			.response = type_name(r->response),
			.help = r->help,
		};
	}
	ask_reply(k, 200, &api_route_list_type,
		&(struct api_route_list){
			.version = DEPOTD_VERSION, .routes = {api_route_count, items}});
}
