/*
 * Profile check: may a request about charging profiles be sent to a station?
 *
 * Two questions. Does it keep to the specification (each fault with its clause), as far as depotd
 * knows the station and what it holds? And does it leave the proof of the tree alone: an automatic
 * station's EVSEs are held by depotd's own profiles (docs/control.md), and what could make one draw
 * more than they say is refused, with words on what to do instead. Pure; loop thread only.
 */
#ifndef CSMS_PROFILE_CHECK_H
#define CSMS_PROFILE_CHECK_H

#include "csms/core.h"
#include "gen/ocpp201.h"

/* What the station says of itself; 0: not known. */
struct profile_facts {
	int64_t periods; /* PeriodsPerSchedule */
	int64_t stack_level; /* ProfileStackLevel, the highest; -1: not known */
	int64_t entries; /* profiles that it can hold */
	int64_t units; /* DEVICE_UNIT_A, DEVICE_UNIT_W */
	bool switches_phases; /* ACPhaseSwitchingSupported is there and true */
	int voltage_v; /* phase to neutral */
};

struct profile_facts profile_facts(const struct core *c, const struct station *s);

/* `request` of that action (any; those that do not touch profiles pass) breaks a rule: -1 with one
 * line that names the clause. */
int profile_check(const struct station *s, int action, const void *request,
	const struct profile_facts *f, char why[300]);

/* It could void the proof: -1 with one line on what to do. */
int profile_admit(
	const struct station *s, int action, const void *request, int voltage_v, char why[300]);

/* A limit in W of one EVSE, all its phases together, at most (K01.FR.49 to 51). */
int64_t profile_period_w(const struct evse *e, enum ocpp201_charging_rate_unit unit,
	const struct ocpp201_charging_schedule_period *p, int voltage_v);

/* Rows of csms/command/rules.c. */
int profile_check_set(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int profile_check_clear(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int profile_check_get(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int profile_check_composite(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);
int profile_check_start(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);

#endif
