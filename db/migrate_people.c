/* Step 7 of depot.db: people whom somebody else vouches for, and more of API tokens. */
#include "db/migrate.h"

const char migrate_depot_7[] =
	/* projection_people.c */
	"CREATE TABLE people_links ("
	" depot TEXT NOT NULL, name TEXT NOT NULL, provider TEXT NOT NULL, issuer TEXT NOT NULL,"
	" subject TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (depot, name)) WITHOUT ROWID;"

	/* projection_access.c */
	"CREATE TABLE api_token_limits ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, nodes TEXT NOT NULL, PRIMARY KEY (depot, id))"
	" WITHOUT ROWID;"
	"CREATE TABLE api_token_uses ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, used_at INTEGER NOT NULL, peer TEXT NOT NULL,"
	" PRIMARY KEY (depot, id)) WITHOUT ROWID;";
