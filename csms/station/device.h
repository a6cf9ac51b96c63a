/*
 * Device: what depotd knows of a station's device model. The model itself is in the store
 * (db/query_device.h); the few numbers that the loop needs are kept beside the station. Names
 * compare without regard to case (rule 22). Loop thread only.
 */
#ifndef CSMS_DEVICE_H
#define CSMS_DEVICE_H

#include "csms/core.h"
#include "gen/ocpp201.h"

/* Numbers that stations say of themselves; DEVICE_…_LIMIT is the maxLimit of a variable. Yes and no
 * are 1 and 0. */
enum device_fact {
	DEVICE_ITEMS_GET_REPORT, /* ItemsPerMessage, BytesPerMessage by message */
	DEVICE_BYTES_GET_REPORT,
	DEVICE_ITEMS_GET_VARIABLES,
	DEVICE_BYTES_GET_VARIABLES,
	DEVICE_ITEMS_SET_VARIABLES,
	DEVICE_BYTES_SET_VARIABLES,
	DEVICE_ITEMS_SET_MONITORING,
	DEVICE_BYTES_SET_MONITORING,
	DEVICE_ITEMS_CLEAR_MONITORING,
	DEVICE_BYTES_CLEAR_MONITORING,
	DEVICE_ITEMS_LOCAL_LIST,
	DEVICE_BYTES_LOCAL_LIST,
	DEVICE_LOCAL_LIST_ENABLED,
	DEVICE_LOCAL_LIST_LIMIT, /* entries */
	DEVICE_PASSWORD_LIMIT, /* characters of BasicAuthPassword */
	DEVICE_CHAIN_SIZE, /* MaxCertificateChainSize, bytes */
	DEVICE_CERTIFICATES_LIMIT, /* certificates installed at the same time */
	DEVICE_SIGNING_WAIT_S, /* CertSigningWaitMinimum */
	DEVICE_PROFILES_LIMIT, /* charging profiles installed at the same time */
	DEVICE_PROFILE_STACK_LEVEL,
	DEVICE_PROFILE_PERIODS, /* PeriodsPerSchedule */
	DEVICE_PROFILE_UNITS, /* DEVICE_UNIT_A and DEVICE_UNIT_W */
	DEVICE_PHASE_SWITCHING, /* ACPhaseSwitchingSupported */
	DEVICE_PHASES_3_TO_1, /* Phases3to1 */
	DEVICE_EXI_LENGTH, /* FieldLength of Get15118EVCertificateResponse.exiResponse */
	DEVICE_MESSAGE_TIMEOUT_S,
	DEVICE_DISPLAYS_LIMIT,
	DEVICE_DISPLAY_AVAILABLE,
	DEVICE_TARIFF_AVAILABLE, /* it can show a tariff */
	DEVICE_MAY_DOWNGRADE, /* AllowSecurityProfileDowngrade */
	DEVICE_NETWORK_SLOTS, /* bit n: slot n; values of NetworkConfigurationPriority; 0: unknown */
	DEVICE_FACTS
};

#define DEVICE_SLOT_MAX 39

#define DEVICE_UNIT_A 1
#define DEVICE_UNIT_W 2

/* What the station said, or `otherwise`. */
int64_t device_fact(const struct station *s, enum device_fact f, int64_t otherwise);

/* A value, a maxLimit or a valuesList (each NULL: none) of a variable was heard. */
void device_learn(struct station *s, const struct ocpp201_component *component,
	const struct ocpp201_variable *variable, const char *value, const double *max_limit,
	const char *values);

/* For restore_fleet(): the facts from the store. -1 with one line. */
int device_restore(struct core *c, char why[300]);

/* The request asks for all that the station has of a kind, so that its report replaces what is
 * stored. `action` is OCPP201_…. */
bool device_asks_all(int action, const void *request);

/* All answers to what an operator or depotd asked are in: changes the stored model by them and
 * journals that. Structs of the action's schema; actions of other areas are fine. */
void device_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response);

/* Order of two names of variables, without regard to case; 0: the same one (rule 22). */
int device_compare(const struct ocpp201_component *a, const struct ocpp201_variable *v,
	const struct ocpp201_component *b, const struct ocpp201_variable *w);

/* The station's name of a variable, for events; false: no memory. */
bool device_name(struct arena *a, const struct ocpp201_component *c,
	const struct ocpp201_variable *v, struct event_device_name *out);

#endif
