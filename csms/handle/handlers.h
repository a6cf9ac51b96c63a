/*
 * Handlers of the 24 actions that a station may send, one file per family of use cases.
 * Each takes the decoded request and returns the response in the exchange's arena.
 */
#ifndef CSMS_HANDLE_HANDLERS_H
#define CSMS_HANDLE_HANDLERS_H

#include "csms/station/dispatch.h"

/* journal.c: adds an event of the station to its stream, as told by the message of `x`: happened
 * at `at`, actor station:ID. `payload` lives in x->arena; NULL (no memory) is not journalled. */
void handle_journal(struct exchange *x, int type, const void *payload, wall_t at);

/* station_time.c: the message was sent at `said` by the station's clock, and not kept since. Before
 * handle_when(): of a clock that was wrong and shows our time now, all times of the message are right. */
void handle_time(struct exchange *x, wall_t said);
/* When that was by our clock, as far as the station's is known to be another; not later than now. */
wall_t handle_when(const struct exchange *x, wall_t said);
/* The same for each value of a list; NULL: no memory. */
const struct ocpp201_meter_value_list *handle_values(
	const struct exchange *x, const struct ocpp201_meter_value_list *values);

/* boot.c: B01 to B03, G02 */
void *handle_boot_notification(struct exchange *x, const void *request);
void *handle_heartbeat(struct exchange *x, const void *request);

/* availability.c: G01, N07 */
void *handle_status_notification(struct exchange *x, const void *request);
void *handle_notify_event(struct exchange *x, const void *request);

/* device.c: B07, N02, N09, O04: reports in parts */
void *handle_notify_report(struct exchange *x, const void *request);
void *handle_notify_monitoring_report(struct exchange *x, const void *request);
void *handle_notify_customer_information(struct exchange *x, const void *request);
void *handle_notify_display_messages(struct exchange *x, const void *request);

/* authorize.c: C01, C07 */
void *handle_authorize(struct exchange *x, const void *request);

/* reservation.c: H01 to H04 */
void *handle_reservation_status(struct exchange *x, const void *request);

/* transaction.c: E01 to E15; meter_values.c: J01, J02 */
void *handle_transaction_event(struct exchange *x, const void *request);
void *handle_meter_values(struct exchange *x, const void *request);

/* firmware.c: L01 to L03, N01; A04 */
void *handle_firmware_status(struct exchange *x, const void *request);
void *handle_publish_status(struct exchange *x, const void *request);
void *handle_log_status(struct exchange *x, const void *request);
void *handle_security_event(struct exchange *x, const void *request);

/* data_transfer.c: P02 */
void *handle_data_transfer(struct exchange *x, const void *request);

/* sign.c: A02, A03 */
void *handle_sign_certificate(struct exchange *x, const void *request);

/* contract.c: M01, M02, M06 */
void *handle_get_certificate_status(struct exchange *x, const void *request);
void *handle_get_ev_certificate(struct exchange *x, const void *request);

/* smart.c: K09, K11 to K17 */
void *handle_report_charging_profiles(struct exchange *x, const void *request);
void *handle_notify_charging_limit(struct exchange *x, const void *request);
void *handle_cleared_charging_limit(struct exchange *x, const void *request);
void *handle_ev_charging_needs(struct exchange *x, const void *request);
void *handle_ev_charging_schedule(struct exchange *x, const void *request);

#endif
