/* Handlers of routes that are about stations: what is asked of them and what they told; by the file that they stand in. */
#ifndef CSMS_API_HANDLERS_STATIONS_H
#define CSMS_API_HANDLERS_STATIONS_H

struct ask;

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

/* calls.c */
void calls_list(struct ask *k);

/* local_lists.c */
void local_lists_list(struct ask *k);
void local_list_put(struct ask *k);
void local_list_sync_post(struct ask *k);
void cache_clear_post(struct ask *k);

/* reservations.c */
void reservations_list(struct ask *k);
void reservation_post(struct ask *k);
void reservation_delete(struct ask *k);

/* network.c */
void network_profile_post(struct ask *k);

/* wire.c */
void wire_get(struct ask *k);
void wire_export(struct ask *k);

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

#endif
