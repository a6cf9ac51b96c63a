/*
 * Queries of files, firmware, campaigns, security events and certificates. The rules of db/query.h
 * hold.
 */
#ifndef DB_QUERY_FILE_H
#define DB_QUERY_FILE_H

#include "db/db.h"

struct db_ticket {
	const char *ticket, *station, *firmware, *name;
	bool is_out;
	int64_t request_id; /* 0: none */
	wall_t expires, used_at;
};
struct db_ticket_list {
	size_t count;
	struct db_ticket *items;
};
/* All that are kept; not limited. */
int db_query_tickets(struct db_reader *r, struct arena *a, struct db_ticket_list *out);

struct db_file {
	const char *id, *station, *name, *sha256, *peer, *removed_why;
	int64_t request_id, size;
	wall_t received_at, removed_at;
};
struct db_file_list {
	size_t count;
	struct db_file *items;
};
struct db_file_filter {
	const char *station, *id;
	bool with_removed;
	int limit; /* -1: all */
};
/* Newest first. */
int db_query_files(struct db_reader *r, const struct db_file_filter *f, struct arena *a,
	struct db_file_list *out);

struct db_firmware {
	const char *id, *vendor, *model, *version, *name, *sha256, *md5, *actor;
	const char *signature, *certificate, *algorithm, *signer;
	int64_t size;
	wall_t added_at;
};
struct db_firmware_list {
	size_t count;
	struct db_firmware *items;
};
/* All that were not removed, newest first; not limited. */
int db_query_firmware(struct db_reader *r, struct arena *a, struct db_firmware_list *out);

struct db_transfer {
	const char *station, *kind, *status, *message;
	int64_t request_id; /* 0: none */
	wall_t at;
};
struct db_transfer_list {
	size_t count;
	struct db_transfer *items;
};
/* The last word of each station about each kind of transfer; not limited. */
int db_query_transfers(struct db_reader *r, struct arena *a, struct db_transfer_list *out);

struct db_campaign_station {
	const char *station, *command, *note;
	const char *state, *status, *command_note; /* of its command, NULL: none */
	wall_t at;
};
struct db_campaign {
	const char *id, *firmware, *actor, *why;
	int64_t at_once;
	bool allow_unsigned;
	wall_t retrieve_at, install_at, started_at, cancelled_at;
	size_t station_count;
	struct db_campaign_station *stations;
};
struct db_campaign_list {
	size_t count;
	struct db_campaign *items;
};
/* Newest first; or the one. */
int db_query_campaigns(struct db_reader *r, const char *id, int limit, struct arena *a,
	struct db_campaign_list *out);

struct db_security_event {
	int64_t seq;
	const char *type, *tech_info;
	wall_t at, received;
};
struct db_security_event_list {
	size_t count;
	struct db_security_event *items;
};
/* Of a station, newest first. */
int db_query_security_events(struct db_reader *r, const char *station, int limit, struct arena *a,
	struct db_security_event_list *out);

struct db_certificate {
	const char *station, *type, *hash_algorithm, *issuer_name_hash, *issuer_key_hash, *serial;
	const char *parent, *subject;
	bool is_listed; /* the station said so itself */
	wall_t not_after, at;
};
struct db_certificate_list {
	size_t count;
	struct db_certificate *items;
};
/* Of one station, or (station NULL) of all. */
int db_query_certificates(
	struct db_reader *r, const char *station, struct arena *a, struct db_certificate_list *out);

#endif
