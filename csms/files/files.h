/*
 * Files: what stations bring (logs) and fetch (firmware), in DATA/files under names of ours, mode
 * 0600. URLs carry a token of 238 bits; only its digest is kept. Quota and age are bounded by the
 * config's `files`: the oldest logs go first, firmware stays until a person removes it.
 *
 * Everything is journalled: FileOffered, FileReceived, FileRemoved. Loop thread only; the disk is
 * touched on the worker.
 */
#ifndef CSMS_FILES_H
#define CSMS_FILES_H

#include "csms/core.h"
#include "csms/worker.h"

#define FILES_URL_SIZE 513 /* OCPP: 512 characters */
#define FILES_PATH_MAX 600

struct files;

/* A file that a station brought. Strings are the store's. */
struct file {
	char id[37], station[49], name[101], sha256[65], peer[64];
	int64_t request_id, size;
	wall_t received;
	UT_hash_handle hh;
};

/* A URL that was made for a station. */
struct ticket {
	char digest[65]; /* of its token */
	char station[49], firmware[37], name[101];
	bool is_out, is_used;
	int64_t request_id;
	wall_t expires;
	struct upload *upload; /* that runs now */
	UT_hash_handle hh;
};

/* Makes the folder, reads the store, removes what an earlier run left unfinished. NULL with why. */
struct files *files_create(struct core *c, char why[300]);

/* Where stations reach us: "https://host:port". `plain` (or NULL) is for those that are connected
 * without TLS, and so may not know our root. */
void files_set_urls(struct files *f, const char *url, const char *plain);

struct worker *files_worker(const struct files *f);
struct core *files_core(const struct files *f);

/* Where the file of that id lies. */
void files_path(const struct files *f, const char *id, char out[FILES_PATH_MAX]);

/* -- URLs -------------------------------------------------------------------------------------- */

/* A URL to which the station may bring one file. `name`: for one that comes without. -1: no
 * memory, or more than 20000 are open. */
int files_offer_in(struct files *f, const struct station *s, int64_t request_id, const char *name,
	char url[FILES_URL_SIZE]);

/* A URL from which it may fetch the firmware, as often as it likes, until a week after `from`. */
int files_offer_out(struct files *f, const struct station *s, int64_t request_id,
	const char *firmware, const char *name, wall_t from, char url[FILES_URL_SIZE]);

/* The ticket of the token: 200, 404 (there is none) or 410 (used, expired). */
int files_ticket(struct files *f, const char *token, bool is_out, struct ticket **out);

/* What came to the URL that was made for that request: nothing, bytes that are still coming, the
 * whole file; or the request named a place of somebody else. */
enum files_arrival { FILES_ELSEWHERE, FILES_NOTHING, FILES_COMING, FILES_HERE };
enum files_arrival files_arrival(
	const struct files *f, const struct station *s, int64_t request_id);

/* The upload of the ticket is on disk: journals it and uses the ticket up. NULL: no memory. */
struct file *files_received(struct files *f, struct ticket *t, const struct file *what);

/* -- what is there ----------------------------------------------------------------------------- */

struct file *files_find(const struct files *f, const char *id);
void files_remove(struct files *f, struct file *what, const char *why, const char *actor);

/* Removes the bytes of an id from the disk, on the worker. */
void files_unlink(struct files *f, const char *id);

/* Would `bytes` more fit if all logs went? To refuse before any has to. */
bool files_could_hold(const struct files *f, int64_t bytes);

/* Room for `bytes` more, for which old logs may have to go. False: there is none. */
bool files_reserve(struct files *f, int64_t bytes);
void files_release(struct files *f, int64_t bytes);
int64_t files_used(const struct files *f);

/* Counted in the quota, beside the files: firmware images. */
void files_count_firmware(struct files *f, int64_t bytes);

void files_destroy(struct files *f);

#endif
