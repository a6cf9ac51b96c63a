/*
 * Alarms: what a person must look at, as things with a life. Each is of a kind and about a subject
 * (a node, a meter, a station); of one kind and subject there is one at a time. It is raised at
 * once, and cleared when its cause has been gone for the kind's calm time, so that what flaps is one
 * alarm with a count. Somebody takes it, hands it over, or puts it aside until a time.
 *
 * One table (csms/alarms_table.c) says what each kind is: how soon somebody must act, what to do
 * next, the runbook. Raised, cleared and handled is journalled; open ones are taken up again at a
 * start, and clear by themselves if nobody raises them again. Loop thread only.
 */
#ifndef CSMS_ALARMS_H
#define CSMS_ALARMS_H

#include "csms/core.h"

#define ALARM_ID_SIZE     27
#define ALARM_SUBJECT_MAX 120
#define ALARM_TEXT_MAX    300
#define ALARM_NOTE_MAX    300

/* Order and names are public (API, journal): append only, with a row in csms/alarms_table.c. */
enum alarm_kind {
	ALARM_MEASUREMENT_OLD, /* a node's measurement has become stale: subject is the node */
	ALARM_LIMIT_BROKEN, /* a node carries more than it may */
	ALARM_CHARGER_DISOBEYS, /* CP-1/2 */
	ALARM_DEMAND_AT_RISK, /* the demand window ends above its target: node */
	ALARM_GRID_LOST, /* the grid connection has no power: node */
	ALARM_POWER_RETURNED, /* a feeder's power came back, its EVSEs are staged: node */
	ALARM_METER_SILENT, /* meter */
	ALARM_STATION_SILENT, /* no connection, and a van needs it: station */
	ALARM_DISK_FULL, /* the store's disk is nearly full: "store" */
	ALARM_ENVELOPE_REFUSED, /* a limit of the grid operator was not taken: node */
	ALARM_ENVELOPE_FALLBACK, /* its provider is silent: node */
	ALARM_ENVELOPE_BROKEN, /* more was drawn than an envelope allows: node */
	ALARM_PROVIDER_SILENT, /* a capacity provider does not answer: its name */
	ALARM_PRICES_MISSING, /* a series of prices ends too soon: its id */
	ALARM_TELEMATICS_SILENT, /* a source of telematics says nothing: its id */
	ALARM_TELEMATICS_ASIDE, /* too much of what vehicles report is set aside: "telematics" */
	ALARM_VEHICLE_BATTERY_HOT, /* vehicle; rules of csms/vehicles/telematics_rules.h, as the next two */
	ALARM_VEHICLE_LOSES_CHARGE,
	ALARM_VEHICLE_TYRE_LOW,
	ALARM_AUTHORITY_SILENT, /* certificates of stations cannot be signed: "authority" */
	ALARM_CERTIFICATE_FAILED, /* a station did not get, or did not take, its certificate: station */
	ALARM_CERTIFICATE_EXPIRES, /* … ends soon and was not renewed: station, or the file's name */
	ALARM_PLAN_WAITS, /* a plan waits for somebody's approval: "plan" */
	ALARM_PLANNER_LATE, /* no plan came in time: "planner" */
	ALARM_FEEDER_LOST, /* a feeder has no voltage, by its meter: node */
	ALARM_CRL_OVERDUE, /* a revocation list was not renewed in time: "crl/NAME.pem" */
	ALARM_PHASE_UNKNOWN, /* a vehicle charges on a phase that nobody knows, below limits of phases: CP-1/2 */
	ALARM_STORE_DISOBEYS, /* a battery does not do, or cannot be told, what it is to do: node */
	ALARM_STATION_FLOODS, /* it leaves more behind than one may: station */
	ALARM_KIND_COUNT
};

/* How soon somebody must act. */
enum alarm_rank { ALARM_URGENT, ALARM_TONIGHT, ALARM_THIS_WEEK };

struct alarm_row {
	const char *name; /* "limit-broken" */
	enum alarm_rank rank;
	int calm_s;
	const char *step; /* the next step, in one sentence */
	const char *runbook; /* the whole, a step a line */
};
extern const struct alarm_row alarm_table[ALARM_KIND_COUNT];
const char *alarm_rank_name(enum alarm_rank r); /* "urgent", "tonight", "this-week" */
int alarm_kind_find(const char *name); /* or -1 */

struct alarms;

struct alarm {
	char id[ALARM_ID_SIZE];
	char key[ALARM_SUBJECT_MAX + 8]; /* kind and subject */
	enum alarm_kind kind;
	char subject[UTF8_SIZE(ALARM_SUBJECT_MAX)];
	char text[UTF8_SIZE(ALARM_TEXT_MAX)]; /* what happened, and what it does */
	wall_t raised_at, last_at; /* last_at: last time that its cause was seen to begin */
	wall_t cleared_at; /* ms 0: it is open */
	int count; /* times that its cause came in its life */
	char owner[81]; /* "" nobody has it */
	wall_t taken_at;
	wall_t aside_until; /* ms 0: it is not put aside */
	char note[UTF8_SIZE(ALARM_NOTE_MAX)];
	struct core *core;
	struct timer calm; /* runs while the cause is gone */
	mono_t told; /* when its raise was journalled last */
	struct alarm *prev, *next; /* of those cleared lately */
	UT_hash_handle hh;
};

/* After restore_fleet(), with those that were open. NULL with one line. */
struct alarms *alarms_create(struct core *c, char why[300]);

/* Its cause is there; `fmt` says what happened and what that does, for a person. Cheap when it is
 * raised already: the text is kept up to date. */
void alarm_raise(struct core *c, enum alarm_kind kind, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* It has become worse, or otherwise worth a word in the journal. Does nothing if it is not raised. */
void alarm_tell(struct core *c, enum alarm_kind kind, const char *subject);

/* Its cause is gone. Does nothing if it is not raised. */
void alarm_clear(struct core *c, enum alarm_kind kind, const char *subject);

/* Its cause is gone, and another one of the same kind begins: no calm time, what is raised next is an
 * alarm of its own, with its own time. */
void alarm_end(struct core *c, enum alarm_kind kind, const char *subject);

/* Raises or clears. */
#define alarm_set(c, kind, subject, is_on, ...)                                                    \
	((is_on) ? alarm_raise(c, kind, subject, __VA_ARGS__) : alarm_clear(c, kind, subject))

/* What a person does. `note` may be NULL. */
void alarm_take(struct alarm *a, const char *who, const char *note);
void alarm_hand_over(struct alarm *a, const char *to, const char *who, const char *note);
void alarm_put_aside(struct alarm *a, wall_t until, const char *who, const char *note);

/* Open ones, linked by hh.next; those cleared in the last minutes, by next. */
const struct alarm *alarms_open(const struct core *c);
const struct alarm *alarms_cleared(const struct core *c);
struct alarm *alarm_find(const struct core *c, const char *id); /* an open one, or NULL */
bool alarm_is_aside(const struct alarm *a);

void alarms_destroy(struct alarms *all);

#endif
