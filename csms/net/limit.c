#include "csms/net/limit.h"

/* name, setting in depotd.yaml, what the client did; told by a line of its own? Those of sign-in are
 * told by the line of their request. */
#define ROW(limit, ...) [LIMIT_##limit] = {__VA_ARGS__}

const struct limit_row limit_rows[LIMIT_COUNT] = {
	ROW(NONE, "none", 0, "closed", false),
	ROW(CONNECTIONS, "connections", "limits.max_connections", "no place is free", false),
	ROW(CONNECT_RATE, "connect-rate", "limits.connects_per_s", "too many connect", false),
	ROW(ADDRESS_CONNECTIONS, "address-connections", "limits.max_per_address",
		"this address has too many connections", true),
	ROW(ADDRESS_RATE, "address-rate", "limits.address_connects_per_s",
		"this address connects too often", true),
	ROW(TLS_TIME, "tls-time", "limits.header_timeout_s", "no end of the TLS handshake in time",
		true),
	ROW(HEADER_TIME, "header-time", "limits.header_timeout_s", "no request in time", true),
	ROW(BODY_TIME, "body-time", "limits.body_timeout_s", "request took too long", true),
	ROW(UPLOAD_IDLE, "upload-idle", "limits.transfer_idle_s", "upload stopped", true),
	ROW(DOWNLOAD_IDLE, "download-idle", "limits.transfer_idle_s", "download stopped", true),
	ROW(IDLE, "idle", "limits.idle_timeout_s", "idle", false),
	ROW(CLOSE_TIME, "close-time", 0, "no answer to close", false),
	ROW(HEADER_SIZE, "header-size", 0, "request header is too long", true),
	ROW(BODY_SIZE, "body-size", "limits.max_body, files.max_upload_mb", "body is too long",
		true),
	ROW(MESSAGE_SIZE, "message-size", "limits.max_message", "message is too big", true),
	ROW(MESSAGE_RATE, "message-rate", "limits.messages_per_s, message_burst",
		"too many messages", false),
	ROW(BROKEN_MESSAGES, "broken-messages", 0, "too many broken messages", true),
	ROW(SEND_QUEUE, "send-queue", "limits.max_queue", "does not read what is sent to it", true),
	ROW(PONG_TIME, "pong-time", "limits.pong_timeout_s", "pong missing", false),
	ROW(STREAMS, "streams", "limits.max_streams", "too many event streams", true),
	ROW(SIGN_IN, "sign-in", "limits.auth_failures_per_min",
		"too many attempts to sign in from this address", false),
	ROW(SIGN_IN_NAME, "sign-in-name", 0, "too many attempts to sign in with one name", false),
	ROW(REFUSALS, "refusals", "limits.refusals_per_min", "refused too often to be journalled",
		false),
	ROW(BAD_HTTP, "bad-http", 0, "what it sent is not HTTP/1.1", true),
	ROW(BAD_PATH, "bad-path", 0, "a path that climbs out of its folder, or has a NUL in it",
		true),
	ROW(BAD_TLS, "bad-tls", 0, "no TLS version, cipher suite or key exchange in common", true),
};
