/*
 * Checks of what is asked of a station's device model, monitors and displays, before it is sent:
 * B05, B06, N04 to N06, N09, O01. For the rows of rules.c.
 */
#ifndef CSMS_COMMAND_DEVICE_CHECK_H
#define CSMS_COMMAND_DEVICE_CHECK_H

#include "csms/core.h"

/* Each 0, or -1 with `err`. */
int check_set_variables(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_get_variables(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_set_monitoring(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_clear_monitoring(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_monitoring_level(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_customer(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int check_set_display(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);

#endif
