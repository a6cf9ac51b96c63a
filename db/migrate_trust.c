/* Step 5 of depot.db: certificates that stations were given. One block of tables a file. */
#include "db/migrate.h"

const char migrate_depot_5[] =
	/* projection_issued.c */
	"CREATE TABLE issued_certificates ("
	" depot TEXT NOT NULL, fingerprint TEXT NOT NULL, station TEXT NOT NULL,"
	" type TEXT NOT NULL, serial TEXT NOT NULL, key_hash TEXT NOT NULL, subject TEXT NOT NULL,"
	" issuer TEXT NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,"
	" chain TEXT NOT NULL, authority TEXT NOT NULL, signing TEXT NOT NULL,"
	" issued_at INTEGER NOT NULL, state TEXT NOT NULL, why TEXT, moved_at INTEGER NOT NULL,"
	" actor TEXT, PRIMARY KEY (depot, fingerprint)) WITHOUT ROWID;"
	"CREATE INDEX issued_station ON issued_certificates (depot, station, issued_at);"
	"CREATE TABLE signings ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, station TEXT NOT NULL, type TEXT NOT NULL,"
	" key_hash TEXT NOT NULL, csr TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL,"
	" next_at INTEGER, command TEXT, fingerprint TEXT, note TEXT, started_at INTEGER NOT NULL,"
	" moved_at INTEGER NOT NULL, PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	"CREATE INDEX signings_station ON signings (depot, station, started_at);"

	/* projection_identity.c: what certificate a station may come with, and came with last */
	"CREATE TABLE station_identities ("
	" depot TEXT NOT NULL, station TEXT NOT NULL, serial TEXT, source TEXT,"
	" expired_allowed INTEGER NOT NULL DEFAULT 0, factory_allowed INTEGER NOT NULL DEFAULT 0,"
	" why TEXT, changed_at INTEGER, fingerprint TEXT, certificate_serial TEXT,"
	" common_name TEXT, issuer TEXT, not_after INTEGER, expired INTEGER, factory INTEGER,"
	" seen_at INTEGER, PRIMARY KEY (depot, station)) WITHOUT ROWID;"

	/* projection_people.c */
	"CREATE TABLE people ("
	" depot TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, nodes TEXT,"
	" disabled INTEGER NOT NULL, hash TEXT, factor TEXT, recovery TEXT,"
	" changed_at INTEGER NOT NULL, PRIMARY KEY (depot, name)) WITHOUT ROWID;";
