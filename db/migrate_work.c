/* Of step 5 of depot.db: what vehicles have to do, and what clocks show. */
#include "db/migrate.h"

const char migrate_depot_5_work[] =
	/* projection_work.c; state: planned, over. left_at … why: of those that are over */
	"CREATE TABLE trips ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, vehicle TEXT NOT NULL, departs INTEGER NOT NULL,"
	" returns INTEGER NOT NULL, row TEXT NOT NULL, state TEXT NOT NULL, source TEXT NOT NULL,"
	" at INTEGER NOT NULL, actor TEXT, left_at INTEGER, came_at INTEGER, km REAL, kwh REAL,"
	" temperature_c REAL, expected_kwh REAL, spread_kwh REAL, learnt INTEGER, measured TEXT,"
	" PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	"CREATE INDEX trips_time ON trips (depot, departs);"
	"CREATE INDEX trips_planned ON trips (depot, departs) WHERE state='planned';"
	"CREATE TABLE consumption_models ("
	" depot TEXT NOT NULL, class TEXT NOT NULL, model TEXT NOT NULL, trip TEXT NOT NULL,"
	" at INTEGER NOT NULL, PRIMARY KEY (depot, class)) WITHOUT ROWID;"
	"CREATE TABLE vehicle_moves ("
	" depot TEXT NOT NULL, vehicle TEXT NOT NULL, station TEXT NOT NULL, evse INTEGER NOT NULL,"
	" transaction_id TEXT NOT NULL, since INTEGER NOT NULL, carried_wh INTEGER NOT NULL,"
	" soc_pct REAL, soc_at INTEGER, PRIMARY KEY (depot, vehicle)) WITHOUT ROWID;"
	/* projection_safety.c */
	"CREATE TABLE station_clocks ("
	" depot TEXT NOT NULL, station TEXT NOT NULL, ahead_ms INTEGER NOT NULL,"
	" PRIMARY KEY (depot, station)) WITHOUT ROWID;"

	/* projection_storage.c */
	"CREATE TABLE discharge_stops ("
	" depot TEXT NOT NULL PRIMARY KEY, stopped INTEGER NOT NULL, at INTEGER NOT NULL,"
	" actor TEXT, why TEXT) WITHOUT ROWID;";
