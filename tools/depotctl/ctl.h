/*
 * depotctl: a thin client of depotd's HTTP API. This header is shared by its files: what a command
 * gets, and how it ends.
 */
#ifndef DEPOTCTL_CTL_H
#define DEPOTCTL_CTL_H

#include <stdio.h>

#include "gen/api.h"
#include "schemas/codec.h"

enum ctl_exit { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_UNREACHABLE = 3 };

#define CTL_ARGS 64

struct client;
struct table;

struct ctl {
	struct client *client;
	struct arena *arena; /* for all that the command needs; freed at the end */
	const char *ca; /* --ca, or NULL */
	bool json; /* --json: print the API's answer as it is */
	bool colour; /* stdout is a terminal and NO_COLOR is not set */
	const char *command; /* name, for messages */
	const char *file; /* YAML file that the request was made of: complaints name its line */
	int argc; /* the command's own words, in their order, without its options */
	const char *argv[CTL_ARGS];
	int optc; /* its options that were not taken yet, with their values */
	const char *optv[CTL_ARGS];
};

struct command {
	const char *name, *usage; /* "station", "STATION [--x Y]" */
	int (*run)(struct ctl *c);
	int min_args, max_args; /* plain words after the name; -1: any number */
	const char *options; /* names that it takes, "--x= --y": '=' with a value */
	const char *help, *example;
};
extern const struct command ctl_commands[];

/* -- command line ---------------------------------------------------------------------------- */

/* Takes an option out of the command line: its value, NULL when it is not there. */
const char *ctl_option(struct ctl *c, const char *name);
bool ctl_flag(struct ctl *c, const char *name);

/* "depotctl: …" on stderr; returns `status`. */
int ctl_complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* -- requests -------------------------------------------------------------------------------- */

/* Asks the API; `path` is below /api/v1 or begins with '/'. 0 with the answer in `body` (in the
 * arena); else an exit code, after it was explained on stderr. */
int ctl_ask(struct ctl *c, const char *method, const char *path, const char *json, char **body);

/* The same with a struct each way: `in` may be NULL. `*out` NULL with 0: --json, all is printed. */
int ctl_ask_struct(struct ctl *c, const char *method, const char *path,
	const struct schema_struct *in_type, const void *in, const struct schema_struct *out_type,
	void **out);

/* All of stdin, NULL after a complaint. */
char *ctl_read_stdin(struct ctl *c);

/* The first line of a file ("-": of stdin); NULL after a complaint. */
const char *ctl_passphrase(struct ctl *c, const char *name);

/* True if the text is a JSON object, else complains. */
bool ctl_payload_ok(struct ctl *c, const char *payload);

/* The path with the options of these names (NULL ends) as its query; "a_b" is the option --a-b. */
const char *ctl_query(struct ctl *c, const char *path, const char *const *names);

/* Prints the table, or the sentence if it has no rows. */
void ctl_print(const struct table *t, const char *empty);

/* For changes that answer with DoneType: prints its text, or `words`. */
int ctl_done(struct ctl *c, const char *method, const char *path, const struct schema_struct *type,
	const void *body, const char *words);

/* Says why the API refused, from its problem body if it has one; an exit code. */
int ctl_refused(struct ctl *c, int status, const struct text *body);

/* Shows the command whose view is in `body`, and with `to_end` its way to its end. An exit code;
 * `end` (may be NULL) gets the last view. */
int ctl_follow(struct ctl *c, char *body, bool to_end, const struct api_command_view **end);

/* Shows how far a job is until it is over; an exit code. */
int ctl_follow_job(struct ctl *c, const char *id);

/* Percent-encoded, for one segment of a path or one value of a query. */
const char *ctl_escape(struct ctl *c, const char *s);

/* tty.c: from here on nothing that a station said can command the terminal: of control characters only
 * line ends, tabs and our own colours pass. Where stdout is none, all passes. */
void tty_guard(void);

/* -- commands, by file ----------------------------------------------------------------------- */

/* show.c */
int ctl_status(struct ctl *c);
int ctl_stations(struct ctl *c);
int ctl_station(struct ctl *c);
int ctl_vehicles(struct ctl *c);
int ctl_meters(struct ctl *c);
int ctl_tree(struct ctl *c);
void show_overview(struct ctl *c, const struct api_overview *o);

/* identity.c */
int ctl_identity(struct ctl *c);
int ctl_refusals(struct ctl *c);
int ctl_password(struct ctl *c);

/* told.c */
int ctl_displays(struct ctl *c);
int ctl_customer_reports(struct ctl *c);
int ctl_security_events(struct ctl *c);

/* plan.c */
int ctl_plan(struct ctl *c);
int ctl_whatif(struct ctl *c);

/* roster.c: what vehicles do each week; a part of ctl_trip() */
int roster_command(struct ctl *c);

/* follow.c: how far chargers go by plans; parts of ctl_plan() */
void follow_print(struct ctl *c, const struct api_plan_followed *f);
int follow_decide(struct ctl *c, const char *verb, const char *plan);
int follow_mode(struct ctl *c, const char *node, const char *mode);

/* records.c */
int ctl_sessions(struct ctl *c);
int ctl_session(struct ctl *c);
int ctl_journal(struct ctl *c);
int ctl_calls(struct ctl *c);

/* commands.c */
int ctl_command(struct ctl *c);
int ctl_commands_list(struct ctl *c);
int ctl_forget(struct ctl *c);

/* envelope.c */
int ctl_envelope(struct ctl *c);

/* guard.c */
int ctl_power(struct ctl *c);
int ctl_obedience(struct ctl *c);

/* alarms.c */
int ctl_alarms(struct ctl *c);
int ctl_points(struct ctl *c);

/* wire.c */
int ctl_wire(struct ctl *c);

/* replay.c */
int ctl_replay(struct ctl *c);

/* change.c */
int ctl_call(struct ctl *c);
int ctl_set_station(struct ctl *c);
int ctl_remove_station(struct ctl *c);
int ctl_passwords(struct ctl *c);
int ctl_link(struct ctl *c);
int ctl_api_token(struct ctl *c);
int ctl_metrics(struct ctl *c);
int ctl_backup(struct ctl *c);
int ctl_routes(struct ctl *c);

/* audit.c */
int ctl_audit(struct ctl *c);

/* people.c */
int ctl_user(struct ctl *c);
int ctl_approval(struct ctl *c);

/* cards.c */
int ctl_token(struct ctl *c);
int ctl_identities(struct ctl *c);
int ctl_local_list(struct ctl *c);
int ctl_clear_cache(struct ctl *c);
int ctl_reserve(struct ctl *c);
int ctl_reservations(struct ctl *c);

/* device.c */
int ctl_variables(struct ctl *c);
int ctl_compare(struct ctl *c);
int ctl_set_variable(struct ctl *c);
int ctl_job(struct ctl *c);
int ctl_network_profile(struct ctl *c);
int ctl_monitors(struct ctl *c);
int ctl_alerts(struct ctl *c);

/* files.c */
int ctl_logs(struct ctl *c);
int ctl_files(struct ctl *c);
int ctl_firmware(struct ctl *c);
int ctl_campaign(struct ctl *c);
int ctl_certificates(struct ctl *c);

/* ca.c */
int ctl_ca(struct ctl *c);
int ctl_calendar(struct ctl *c);

/* profiles.c */
int ctl_profiles(struct ctl *c);
int ctl_composite(struct ctl *c);

/* grid.c */
int ctl_grid(struct ctl *c);

/* meter.c */
int ctl_meter(struct ctl *c);
/* oscp.c */
int ctl_oscp(struct ctl *c);

/* tariff.c */
int ctl_tariff(struct ctl *c);
int ctl_prices(struct ctl *c);

/* cost.c */
int ctl_costs(struct ctl *c);
int ctl_bill(struct ctl *c);

/* walk.c */
int ctl_walk(struct ctl *c);

/* telematics.c */
int ctl_telematics(struct ctl *c);

/* trip.c */
int ctl_trip(struct ctl *c);
int ctl_readiness(struct ctl *c);

/* vehicle.c */
int ctl_vehicle(struct ctl *c);

/* storage.c */
int ctl_storage(struct ctl *c);
int ctl_discharge(struct ctl *c);
int ctl_flexibility(struct ctl *c);

/* watch.c */
int ctl_watch(struct ctl *c);

/* offline.c */
int ctl_rebuild(struct ctl *c);
int ctl_unseal(struct ctl *c);
int ctl_pki(struct ctl *c);
int ctl_roots(struct ctl *c);
int ctl_verify(struct ctl *c);
/* The same, and whether the journal still has the line of the anchor (NULL: none). */
int ctl_verify_with(struct ctl *c, const struct api_audit_anchor *anchor);

#endif
