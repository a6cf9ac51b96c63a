/*
 * Fixture of the store's tests: a store in a folder of its own, events to put in, files to remove.
 */
#ifndef TESTS_UNIT_DB_FIXTURE_H
#define TESTS_UNIT_DB_FIXTURE_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/db.h"
#include "db/query.h"
#include "db/query_access.h"
#include "db/query_log.h"
#include "gen/event.h"

#define T0 1772000000000LL

static char fixture_dir[256];

static inline void fixture_folder(void)
{
	const char *root = getenv("TMPDIR");
	snprintf(fixture_dir, sizeof fixture_dir, "%.200s/db-test-XXXXXX", root ? root : P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(fixture_dir));
}

static inline void fixture_remove_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[600];
	while (d && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
			if (unlink(path) < 0)
				fixture_remove_dir(path);
		}
	if (d)
		closedir(d);
	rmdir(dir);
}

static inline void fixture_remove(void)
{
	fixture_remove_dir(fixture_dir);
}

static inline struct db *fixture_open(void)
{
	char why[300];
	const struct db_config cfg = {.dir = fixture_dir, .depot = "demo"};
	struct db *db = db_open(&cfg, why);
	ck_assert_msg(db != NULL, "%s", why);
	return db;
}

/* The result of the last batch that was waited for. */
static struct db_result fixture_result;
static char fixture_why[300];

static inline void fixture_done(void *arg, const struct db_result *r)
{
	fixture_result = *r;
	snprintf(fixture_why, sizeof fixture_why, "%s", r->why ? r->why : "");
	if (arg)
		++*(int *)arg;
}

/* Submits the batch and waits for its result. */
static inline int fixture_write(struct db *db, struct db_batch *b)
{
	int calls = 0;
	ck_assert_int_eq(db_submit(db, b, fixture_done, &calls), 0);
	db_flush(db);
	ck_assert_int_eq(calls, 1);
	return fixture_result.status;
}

static inline void fixture_add(struct db_batch *b, const char *stream, int type,
	const void *payload, int64_t at_ms, int64_t expect, const char *idem)
{
	const struct db_event e = {
		.stream = arena_strdup(db_batch_arena(b), stream),
		.expect_version = expect,
		.type = type,
		.payload = payload,
		.at = {at_ms},
		.received = {at_ms + 5},
		.cause = "msg-1",
		.idem = idem ? arena_strdup(db_batch_arena(b), idem) : NULL,
		.actor = "test",
	};
	db_batch_event(b, &e);
}

/* One event in a batch of its own; returns the status. */
static inline int fixture_event(struct db *db, const char *stream, int type, const void *payload,
	int64_t expect, const char *idem)
{
	struct db_batch *b = db_batch_create(db);
	ck_assert_ptr_nonnull(b);
	fixture_add(b, stream, type, payload, T0, expect, idem);
	return fixture_write(db, b);
}

static const struct event_station_booted fixture_boot = {
	.status = EVENT_REGISTRATION_ACCEPTED,
	.reason = "PowerUp",
	.vendor = "Vendor",
	.model = "Model",
	.interval_s = 300,
};

#endif
