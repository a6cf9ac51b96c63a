/*
 * What is wrong with a request before it is sent, by subject, for the rows of rules.c. Those of the
 * device model, monitors and displays are in device_check.h.
 */
#ifndef CSMS_COMMAND_CHECK_H
#define CSMS_COMMAND_CHECK_H

#include "csms/core.h"
#include "gen/ocpp201.h"

/* The request itself is wrong, at that path. Always -1. */
__attribute__((format(printf, 3, 4))) int check_refuse(
	struct schema_error *err, const char *path, const char *fmt, ...);

/* The request is fine, but not for this station now. Always -1. */
__attribute__((format(printf, 2, 3))) int check_conflict(
	struct schema_error *err, const char *fmt, ...);

/* list_check.c: D01 */
int check_local_list(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);

/* network_check.c: B09, A05. The first two are for csms/station/network_job.h too; the second has paths
 * within the profile. */
int check_network_slot(const struct station *s, int64_t slot, struct schema_error *err);
int check_network_data(const struct station *s, const struct ocpp201_network_connection_profile *p,
	struct schema_error *err);
int check_network_profile(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);

/* request_check.c */
int check_start(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_availability(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_unlock(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_trigger(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_reset(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_cost(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_log(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_firmware(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);

#endif
