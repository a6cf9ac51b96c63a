/* Of step 7 of depot.db: what is kept over restarts, and what was told. */
#include "db/migrate.h"

const char migrate_depot_7_kept[] =
	/* projection_safety.c: what is known against meters, and whether the depot is an island */
	"CREATE TABLE meter_doubts ("
	" depot TEXT NOT NULL, meter TEXT NOT NULL COLLATE NOCASE, row TEXT NOT NULL,"
	" hangs INTEGER NOT NULL, shows_less INTEGER NOT NULL, odd REAL, power_low INTEGER NOT NULL,"
	" found INTEGER NOT NULL, still_since INTEGER, still_w REAL, still_wh REAL,"
	" shown_w INTEGER NOT NULL, drawn_w INTEGER NOT NULL,"
	" PRIMARY KEY (depot, meter)) WITHOUT ROWID;"
	"CREATE TABLE islands ("
	" depot TEXT NOT NULL, node TEXT NOT NULL COLLATE NOCASE, state TEXT NOT NULL,"
	" at INTEGER NOT NULL, given_w INTEGER NOT NULL, PRIMARY KEY (depot, node)) WITHOUT ROWID;"

	/* projection_chance.c: chances that were told of departures, and how those ended */
	"CREATE TABLE chances ("
	" depot TEXT NOT NULL, departs_at INTEGER NOT NULL, vehicle TEXT NOT NULL,"
	" moment TEXT NOT NULL, chance_pm INTEGER NOT NULL, model INTEGER NOT NULL,"
	" target_wh INTEGER NOT NULL, at INTEGER NOT NULL,"
	" PRIMARY KEY (depot, departs_at, vehicle, moment)) WITHOUT ROWID;"
	"CREATE TABLE chances_met ("
	" depot TEXT NOT NULL, departs_at INTEGER NOT NULL, vehicle TEXT NOT NULL, ready INTEGER,"
	" reason TEXT NOT NULL, at INTEGER NOT NULL,"
	" PRIMARY KEY (depot, departs_at, vehicle)) WITHOUT ROWID;";
