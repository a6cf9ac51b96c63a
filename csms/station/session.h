/*
 * Session: one connection of a station, from the gate to the close. Newest authenticated
 * connection wins; boot state outlives connections (OCPP-J 5.3).
 *
 * The transport is behind two functions, so that scenario tests need no socket. Loop thread only.
 */
#ifndef CSMS_SESSION_H
#define CSMS_SESSION_H

#include "csms/core.h"
#include "csms/net/ws_server.h"
#include "ocpp/frame.h"

struct session_link {
	int (*send)(void *conn, const char *text, size_t len);
	void (*close)(void *conn, int code, const char *why);
};

#define DOUBT_MAX 8 /* transactions asked about after one reconnect */

/* Open transactions that the station is asked about, one after the other (csms/charging/doubt.h). */
struct doubt {
	struct timer timer;
	int count, next;
	char ids[DOUBT_MAX][UTF8_SIZE(36)];
};

struct session {
	struct core *core;
	struct station *station;
	void *conn;
	const struct session_link *link;
	int profile;
	char peer[64];
	enum ocpp_version version;
	int64_t epoch;
	bool is_closing;
	bool has_said_boot; /* BootNotification came in on it */
	int64_t absent_ms; /* nothing was heard of the station for so long before it; -1: never */
	uint64_t invited; /* actions that a not yet accepted station may send: it was asked to */
	uint64_t
		invited_many; /* those of them that may come more than once (csms/station/invite.h) */
	int bad_frames;
	uint64_t unread; /* kinds of unread parts that were told (csms/station/unread.c) */
	struct doubt doubt;
};

/* A connection that passed the gate is open. NULL: no memory, the caller closes it. */
struct session *session_open(struct core *c, struct station *s, void *conn,
	const struct session_link *link, int profile, enum ocpp_version version, const char *peer);

/* A whole text message came in. */
void session_message(struct session *s, const char *text, size_t len);

int session_send(struct session *s, const char *text, size_t len);

/* Sends an answer to message `id`, which came in on connection `epoch`, now that its effects are on
 * disk. Not on disk: it never goes, and the station's retry is a new message. An answer whose
 * connection is gone goes only if the station asked again meanwhile. */
void session_reply(struct core *c, struct station *s, int64_t epoch, const char *id,
	const char *text, size_t len, bool is_durable);
void session_close(struct session *s, int code, const char *why);

/* The connection is gone; the session is freed. */
void session_closed(struct session *s, int code, const char *why);

/* The handlers for ws_server_create(), bound to `c`. */
void session_ws_handlers(struct core *c, struct ws_handlers *out);

#endif
