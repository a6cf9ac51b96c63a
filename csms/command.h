/*
 * Command: what somebody asks of a station, from the asking to its true end.
 *
 * Accepted is not the end: a Reset is over when the station has booted again, an UpdateFirmware
 * when Installed came, a report with its last part. One row an action (csms/command/rules.c) says
 * what is checked and filled in before anything is sent, how the answer is read, which sign of the
 * station ends it, and how long that may take. A list that is longer than the station takes in one
 * message (ItemsPerMessage, BytesPerMessage) goes in several calls; their answers are one answer.
 *
 * Journalled when it starts and with each change of state, with who and why. What is lost is
 * `unknown`, never success. Loop thread only.
 */
#ifndef CSMS_COMMAND_H
#define CSMS_COMMAND_H

#include "csms/station/call.h"

struct core;
struct command;

struct command_request {
	const char *action; /* "Reset" */
	const char *payload; /* JSON text; requestId, remoteStartId may be left out: made by us */
	int timeout_s; /* for each answer; 0: limits.call_timeout_s */
	int effect_s; /* for the effect after the answer; 0: the row's */
	const char *actor, *why; /* why may be NULL */
	const char *parent; /* id of the job that it is a part of, or NULL */
	/* Both may be NULL. `answered`: all answers are in (or there will be none); `ended`: it is
	 * over. Each is called once, `answered` first; the command is valid during the call. */
	void (*answered)(void *arg, const struct command *k);
	void (*ended)(void *arg, const struct command *k);
	void *arg;
};

/* Checks and starts a command. 0 and its id (36 characters and NUL), or -1 with `err`, as
 * call_queue_add(). */
int command_start(struct core *c, struct station *s, const struct command_request *req, char id[37],
	struct schema_error *err);

/* What a command looks like from outside; strings live as long as the command. */
struct command_view {
	const char *id, *station, *action, *payload, *actor, *why;
	enum event_command_state state;
	int64_t request_id; /* requestId or remoteStartId of its payload, 0 none */
	enum event_call_outcome outcome; /* of the last call; valid when is_answered */
	bool is_sent; /* its call is on the wire, and not answered */
	bool is_answered;
	const char *call_id; /* of its last call */
	int64_t took_ms; /* from the start until now, or its end */
	const char *response; /* JSON of the answer(s), NULL: none */
	const char *status; /* status field of the answer, or what came last ("Downloading") */
	const char *note; /* one line for a person: what it waits for, how it ended */
	const char *error_code, *error_text;
	wall_t started, ended;
};
void command_look(const struct command *k, struct command_view *out);

/* A command that is not over, or NULL. */
struct command *command_find(const struct core *c, const char *id);
/* … of that action with that requestId (or remoteStartId) at that station. */
struct command *command_by_request(
	const struct core *c, const struct station *s, int action, int64_t request_id);

/* One of that action is not over at that station. */
bool command_is_running(const struct station *s, int action);

/* Nobody waits for it any longer: ends it as cancelled. What the station does is its own affair. */
void command_cancel(struct core *c, struct command *k, const char *actor);

/* The caller went away: its callbacks are not called; the command goes on. */
void command_forget(struct command *k, void *arg);

/* One that was taken up after a restart: `ended(arg, k)` as if its starter had said so. */
void command_follow(
	struct command *k, void (*ended)(void *arg, const struct command *k), void *arg);

/* -- signs: what handlers tell, each ends or moves the commands that wait for it -------------- */

enum command_sign_kind {
	SIGN_NONE,
	SIGN_BOOTED, /* status: boot reason */
	SIGN_CONNECTED, /* a new connection was opened */
	SIGN_TRIGGERED, /* a message of the kind that was asked for came; action, evse, connector */
	SIGN_CONNECTOR, /* evse, connector, status: Available, Unavailable, Reserved … */
	SIGN_TRANSACTION, /* request_id: remoteStartId or 0; text: transactionId; status: Started,
			     Ended; evse */
	SIGN_REPORT, /* action: OCPP201_NOTIFY_… ; request_id; is_last */
	SIGN_FIRMWARE, /* request_id (0: none), status */
	SIGN_PUBLISH, /* the same, PublishFirmwareStatusNotification */
	SIGN_LOG, /* the same, LogStatusNotification */
	SIGN_RESERVATION, /* request_id: reservation id, status: Expired, Removed, Used */
	SIGN_UPLOADED, /* a file came in for request_id; text: its name */
};

struct command_sign {
	enum command_sign_kind kind;
	int action; /* OCPP201_…, -1 none */
	int64_t request_id;
	int64_t evse_id, connector_id; /* 0: none */
	const char *status, *text; /* NULL: none */
	bool is_last;
};

/* Something came from the station that may move or end commands. */
void command_sign(struct core *c, struct station *s, const struct command_sign *sign);

/* -- for csms/main.c and csms/core.c ----------------------------------------------------------- */

/* After restore_fleet(): commands that were running when depotd ended wait on; those whose answer
 * never came are unknown. NULL with one line. */
struct commands *commands_create(struct core *c, char why[300]);

/* The station is being removed: its commands end as cancelled. */
void commands_station_gone(struct station *s);

/* Frees all without a word: they are in the journal. */
void commands_destroy(struct commands *all);

/* The next number for a requestId, remoteStartId …: unlike any other for years (31 bits). */
int64_t command_next_request_id(struct core *c);

#endif
