/* Step 4 of depot.db: measurements, limits, alarms, the tree. One block of tables a file
 * projection_*.c, in the order of their names. */
#include "db/migrate.h"

const char migrate_depot_4[] =
	/* projection_grid.c: what was changed in the tree since the depot's file was read */
	"CREATE TABLE grid_edits ("
	" depot TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL COLLATE NOCASE, row TEXT,"
	" file TEXT NOT NULL, at INTEGER NOT NULL, source_seq INTEGER NOT NULL,"
	" PRIMARY KEY (depot, kind, id)) WITHOUT ROWID;"

	/* projection_oscp.c: capacity providers as they stand */
	"CREATE TABLE oscp_peers ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, state TEXT, url TEXT, token_in TEXT,"
	" token_out TEXT, why TEXT, changed_at INTEGER, handshake_id TEXT, heartbeat_s REAL,"
	" continuous INTEGER, intermittent INTEGER, handshake_at INTEGER, online INTEGER,"
	" online_at INTEGER, online_why TEXT, PRIMARY KEY (depot, id)) WITHOUT ROWID;";
