/*
 * Migrations: numbered steps that bring a file to the present layout; PRAGMA user_version counts.
 * A step, once released, never changes.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/sqlite.h"

struct migration {
	int number; /* 1, 2, 3 … without gaps */
	const char *text;
	const char *more; /* the same step goes on; NULL: that was all */
};

struct migration_list {
	int count;
	const struct migration *items;
};

extern const struct migration_list migrate_depot, migrate_series, migrate_wire;

extern const char migrate_depot_3[]; /* db/migrate_ocpp.c */
extern const char migrate_depot_4[]; /* db/migrate_energy.c */
extern const char migrate_depot_4_fleet[]; /* db/migrate_fleet.c */
extern const char migrate_depot_5[]; /* db/migrate_trust.c */

extern const char migrate_depot_5_work[]; /* db/migrate_work.c */

extern const char migrate_depot_7[]; /* db/migrate_people.c */
extern const char migrate_depot_7_kept[]; /* db/migrate_kept.c */

/* What people, their programs and other systems did, and who was refused: the audit. `j` is "" or
 * the name of the journal with its dot. The same text in index and query: SQLite knows the one by the
 * other. */
#define MIGRATE_AUDIT(j)                                                                           \
	"(substr(" j "actor, 1, 5) IN ('user:','apito','local','oscp:','nobod')"                   \
	" OR " j "type IN ('StationRefused','DepotLoaded'))"

/* Runs the missing steps, each in a transaction. -1 with one line: the file is newer than this
 * program, or a step failed (the file then is at the last good step). */
int migrate_run(struct sql *s, const struct migration_list *list, char why[300]);

/* For those who only read: 0 if the file stands at the last step, else -1 with one line. */
int migrate_check(struct sql *s, const struct migration_list *list, char why[300]);

#endif
