/* More of step 4 of depot.db: vehicles and what they report. One block of tables a file, in the
 * order of their names. */
#include "db/migrate.h"

const char migrate_depot_4_fleet[] =
	/* projection_vehicle.c: vehicles that were changed since the depot's file was read */
	"CREATE TABLE vehicles ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, row TEXT NOT NULL, source TEXT NOT NULL,"
	" at INTEGER NOT NULL, actor TEXT, PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	/* readings.c: no projection; VEHICLE/QUANTITY/SOURCE */
	"CREATE TABLE reading_points (id INTEGER PRIMARY KEY, depot TEXT NOT NULL,"
	" name TEXT NOT NULL, UNIQUE (depot, name));"
	"CREATE TABLE readings ("
	" point INTEGER NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL,"
	" received_at INTEGER NOT NULL, confidence INTEGER NOT NULL,"
	" PRIMARY KEY (point, at)) WITHOUT ROWID;"
	/* projection_telematics.c */
	"CREATE TABLE telematics_aside ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, source TEXT NOT NULL, fault TEXT NOT NULL,"
	" ref TEXT, field TEXT, quantity TEXT, value REAL, at INTEGER, received_at INTEGER NOT NULL,"
	" topic TEXT, raw TEXT, vehicle TEXT, new_quantity TEXT, new_value REAL, new_at INTEGER,"
	" corrected_by TEXT, PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	"CREATE TABLE telematics_tokens ("
	" depot TEXT NOT NULL, source TEXT NOT NULL, digest TEXT NOT NULL, made_at INTEGER NOT NULL,"
	" actor TEXT, PRIMARY KEY (depot, source)) WITHOUT ROWID;";
