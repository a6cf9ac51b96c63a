/* Step 3 of depot.db: what all of OCPP 2.0.1 leaves behind. One block of tables a file
 * projection_*.c, in the order of their names. */
#include "db/migrate.h"

const char migrate_depot_3[] =
	/* projection_call.c: each OCPP call by itself */
	"ALTER TABLE commands RENAME TO calls;"
	"ALTER TABLE calls ADD COLUMN command TEXT;"
	"DROP INDEX commands_time;"
	"DROP INDEX commands_station;"
	"CREATE INDEX calls_time ON calls (depot, queued_at);"
	"CREATE INDEX calls_station ON calls (depot, station, queued_at);"

	/* projection_command.c: what was asked for, to its true end */
	"CREATE TABLE commands ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, station TEXT NOT NULL, action TEXT NOT NULL,"
	" state TEXT NOT NULL, started_seq INTEGER, started_at INTEGER NOT NULL, moved_seq INTEGER,"
	" moved_at INTEGER, ended_at INTEGER, request_id INTEGER, parent TEXT, actor TEXT,"
	" why TEXT, status TEXT, note TEXT, PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	"CREATE INDEX commands_time ON commands (depot, started_at);"
	"CREATE INDEX commands_station ON commands (depot, station, started_at);"
	"CREATE INDEX commands_open ON commands (depot, state) WHERE ended_at IS NULL;";
