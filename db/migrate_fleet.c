/* More of step 4 of depot.db: vehicles and what they report. One block of tables a file, in the
 * order of their names. */
#include "db/migrate.h"

const char migrate_depot_4_fleet[] =
	/* projection_vehicle.c: vehicles that were changed since the depot's file was read */
	"CREATE TABLE vehicles ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, row TEXT NOT NULL, source TEXT NOT NULL,"
	" at INTEGER NOT NULL, actor TEXT, PRIMARY KEY (depot, id)) WITHOUT ROWID;";
