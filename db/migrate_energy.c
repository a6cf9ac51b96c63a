/* Step 4 of depot.db: measurements, limits, alarms, the tree. One block of tables a file
 * projection_*.c, in the order of their names. */
#include "db/migrate.h"

const char migrate_depot_4[] =
	/* projection_grid.c: what was changed in the tree since the depot's file was read */
	"CREATE TABLE grid_edits ("
	" depot TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL COLLATE NOCASE, row TEXT,"
	" file TEXT NOT NULL, at INTEGER NOT NULL, source_seq INTEGER NOT NULL,"
	" PRIMARY KEY (depot, kind, id)) WITHOUT ROWID;";
