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
	int line; /* … or a list, whose line this is; 0: it is YAML */
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

/* Asks for the depot's zone and time: client_now() is its time then. 0 or an exit code. */
int ctl_learn_clock(struct ctl *c);

/* "18:00" is the next one after `after`, in the depot's zone; "now", "+2h", or a time with a date. */
bool ctl_when(const char *s, wall_t after, wall_t *out);

/* "2h30m", "45m", "90s". */
bool ctl_span(const char *s, int64_t *ms);

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

/* The row that the arguments from that one on describe as MEMBER=VALUE; NULL after a complaint, whose exit
 * code is in *status. */
const void *ctl_members(
	struct ctl *c, int from, const char *id, const struct schema_struct *type, int *status);

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

/* A list of words as "a,b,c", `none` when it is empty; and back. In the arena. */
const char *ctl_joined(struct ctl *c, const struct schema_strings *list, const char *none);
struct schema_strings ctl_split(struct ctl *c, const char *text);

/* tty.c: from here on nothing that a station said can command the terminal: of control characters only
 * line ends, tabs and our own colours pass. Where stdout is none, all passes. */
void tty_guard(void);

#endif
