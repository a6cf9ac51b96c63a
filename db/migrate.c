#include "db/migrate.h"

#include <stdio.h>

/*
 * depot.db: `streams` and `journal` are the record; every other table is a projection that can be
 * computed from them (db/rebuild.c names those). Times are UTC milliseconds.
 *
 * A stream has a number so that the two big indexes stay small and new rows land at their end.
 */
static const char depot_1[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE streams (id INTEGER PRIMARY KEY, depot TEXT NOT NULL, name TEXT NOT NULL);"
	"CREATE UNIQUE INDEX streams_name ON streams (depot, name);"
	"CREATE TABLE journal ("
	" seq INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL,"
	" type TEXT NOT NULL, type_version INTEGER NOT NULL,"
	" at INTEGER NOT NULL, received INTEGER NOT NULL,"
	" cause TEXT, correlation TEXT, idem TEXT, actor TEXT,"
	" payload TEXT NOT NULL, hash BLOB NOT NULL);"
	"CREATE UNIQUE INDEX journal_stream ON journal (stream, version);"
	"CREATE UNIQUE INDEX journal_idem ON journal (stream, idem) WHERE idem IS NOT NULL;"

	"CREATE TABLE stations ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, registered INTEGER NOT NULL DEFAULT 0,"
	" policy TEXT, security_profile INTEGER, node TEXT, password_hash TEXT, name TEXT,"
	" source TEXT, registered_at INTEGER,"
	" connected INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0,"
	" connected_at INTEGER, disconnected_at INTEGER, used_profile INTEGER, protocol TEXT,"
	" peer TEXT, close_code INTEGER, close_why TEXT,"
	" boot_status TEXT, boot_reason TEXT, boot_at INTEGER, vendor TEXT, model TEXT,"
	" serial TEXT, firmware TEXT, interval_s INTEGER,"
	" PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	"CREATE TABLE evses ("
	" depot TEXT NOT NULL, station TEXT NOT NULL, id INTEGER NOT NULL, kind TEXT NOT NULL,"
	" max_w INTEGER NOT NULL, min_w INTEGER NOT NULL, phases INTEGER NOT NULL,"
	" tail_w INTEGER NOT NULL, connectors INTEGER NOT NULL,"
	" PRIMARY KEY (depot, station, id)) WITHOUT ROWID;"
	"CREATE TABLE connectors ("
	" depot TEXT NOT NULL, station TEXT NOT NULL, evse INTEGER NOT NULL,"
	" connector INTEGER NOT NULL, status TEXT NOT NULL, at INTEGER NOT NULL,"
	" PRIMARY KEY (depot, station, evse, connector)) WITHOUT ROWID;"
	"CREATE TABLE setpoints ("
	" depot TEXT NOT NULL, station TEXT NOT NULL, evse INTEGER NOT NULL,"
	" limit_w INTEGER NOT NULL, source TEXT NOT NULL, node TEXT, reason TEXT NOT NULL,"
	" profile_id INTEGER NOT NULL, transaction_id TEXT, at INTEGER NOT NULL,"
	" PRIMARY KEY (depot, station, evse)) WITHOUT ROWID;"

	/* id: the number of its stream. …_seq: number of the event that a value came from, so that
	 * the order of arrival does not matter. heard_at: earliest time of any of its events. */
	"CREATE TABLE transactions ("
	" id INTEGER PRIMARY KEY, depot TEXT NOT NULL, station TEXT NOT NULL,"
	" transaction_id TEXT NOT NULL, open INTEGER NOT NULL, heard_at INTEGER NOT NULL,"
	" last_at INTEGER NOT NULL, events INTEGER NOT NULL, seqs TEXT NOT NULL,"
	" seqs_over INTEGER NOT NULL, samples INTEGER NOT NULL,"
	" start_seq INTEGER, started_at INTEGER, end_seq INTEGER, ended_at INTEGER,"
	" stopped_reason TEXT, evse_seq INTEGER, evse INTEGER, connector INTEGER,"
	" token_seq INTEGER, token TEXT, token_type TEXT, token_status TEXT,"
	" vehicle_seq INTEGER, vehicle TEXT, remote_seq INTEGER, remote_start_id INTEGER,"
	" quarantine_seq INTEGER, quarantined TEXT, state_seq INTEGER, charging_state TEXT,"
	" begin_seq INTEGER, begin_wh REAL, meter_seq INTEGER, meter_wh REAL, meter_at INTEGER,"
	" power_seq INTEGER, power_w REAL, power_at INTEGER,"
	" soc_seq INTEGER, soc_pct REAL, soc_at INTEGER);"
	"CREATE INDEX transactions_time ON transactions (depot, heard_at);"
	"CREATE INDEX transactions_station ON transactions (depot, station, heard_at);"
	"CREATE INDEX transactions_open ON transactions (depot, heard_at) WHERE open;"

	"CREATE TABLE tokens ("
	" depot TEXT NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL, status TEXT NOT NULL,"
	" group_id TEXT, vehicle TEXT, expires INTEGER, source TEXT NOT NULL,"
	" at INTEGER NOT NULL, PRIMARY KEY (depot, type, value)) WITHOUT ROWID;"

	/* Payload and answer stay in the journal: queued_seq and ended_seq say where. */
	"CREATE TABLE commands ("
	" depot TEXT NOT NULL, call_id TEXT NOT NULL, station TEXT NOT NULL, action TEXT NOT NULL,"
	" queued_seq INTEGER, queued_at INTEGER, actor TEXT, why TEXT,"
	" ended_seq INTEGER, ended_at INTEGER, outcome TEXT, status TEXT, error_code TEXT,"
	" error_text TEXT, took_ms INTEGER, PRIMARY KEY (depot, call_id)) WITHOUT ROWID;"
	"CREATE INDEX commands_time ON commands (depot, queued_at);"
	"CREATE INDEX commands_station ON commands (depot, station, queued_at);"

	"CREATE TABLE plans ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" at INTEGER NOT NULL, trigger TEXT NOT NULL, vehicles INTEGER NOT NULL,"
	" slots INTEGER NOT NULL, slot_ms INTEGER NOT NULL, start INTEGER NOT NULL,"
	" solve_us INTEGER NOT NULL, short_wh INTEGER NOT NULL,"
	" PRIMARY KEY (depot, number)) WITHOUT ROWID;"
	"CREATE TABLE guard_acts ("
	" depot TEXT NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" at INTEGER NOT NULL, node TEXT NOT NULL, measured_w INTEGER NOT NULL,"
	" limit_w INTEGER NOT NULL, quality TEXT NOT NULL, reason TEXT NOT NULL,"
	" lowered INTEGER NOT NULL, PRIMARY KEY (depot, number)) WITHOUT ROWID;"
	"CREATE TABLE depots ("
	" depot TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL, source TEXT NOT NULL,"
	" digest TEXT NOT NULL, nodes INTEGER NOT NULL, stations INTEGER NOT NULL,"
	" vehicles INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE users ("
	" depot TEXT NOT NULL, name TEXT NOT NULL, link_made_at INTEGER, link_expires INTEGER,"
	" link_used_at INTEGER, signed_in_at INTEGER, method TEXT, peer TEXT,"
	" PRIMARY KEY (depot, name)) WITHOUT ROWID;"
	"CREATE TABLE api_tokens ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, name TEXT NOT NULL,"
	" role TEXT NOT NULL, made_at INTEGER NOT NULL, expires INTEGER, revoked_at INTEGER,"
	" revoked_why TEXT, PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	"CREATE INDEX api_tokens_digest ON api_tokens (depot, digest);";

/* The index on all keys was the most expensive page of an event; see db/projection_transaction.c
 * for what `keyed` says and db/keys.h for the table. */
static const char depot_2[] =
	"ALTER TABLE transactions ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0;"
	"UPDATE transactions SET keyed=1 WHERE NOT seqs_over AND NOT EXISTS"
	" (SELECT 1 FROM journal AS j WHERE j.stream=transactions.id"
	"  AND j.type='TransactionReported'"
	"  AND (j.idem IS NOT CAST(json_extract(j.payload, '$.seq_no') AS TEXT)"
	"   OR length(j.idem) > 18));"
	"CREATE TABLE event_keys (stream INTEGER NOT NULL, idem TEXT NOT NULL,"
	" PRIMARY KEY (stream, idem)) WITHOUT ROWID;"
	"INSERT INTO event_keys (stream, idem) SELECT j.stream, j.idem FROM journal AS j"
	" LEFT JOIN transactions AS t ON t.id=j.stream WHERE j.idem IS NOT NULL"
	" AND NOT (j.type='TransactionReported' AND ifnull(t.keyed, 0)) ORDER BY 1, 2;"
	"DROP INDEX journal_idem;";

/* Raw samples, and rollups per minute and quarter of an hour that outlive them. */
static const char series_1[] =
	"CREATE TABLE points (id INTEGER PRIMARY KEY, depot TEXT NOT NULL, name TEXT NOT NULL,"
	" UNIQUE (depot, name));"
	"CREATE TABLE samples (point INTEGER NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL,"
	" quality INTEGER NOT NULL, PRIMARY KEY (point, at)) WITHOUT ROWID;"
	"CREATE TABLE minutes (point INTEGER NOT NULL, at INTEGER NOT NULL, n INTEGER NOT NULL,"
	" min REAL NOT NULL, max REAL NOT NULL, sum REAL NOT NULL, last REAL NOT NULL,"
	" quality INTEGER NOT NULL, PRIMARY KEY (point, at)) WITHOUT ROWID;"
	"CREATE TABLE quarters (point INTEGER NOT NULL, at INTEGER NOT NULL, n INTEGER NOT NULL,"
	" min REAL NOT NULL, max REAL NOT NULL, sum REAL NOT NULL, last REAL NOT NULL,"
	" quality INTEGER NOT NULL, PRIMARY KEY (point, at)) WITHOUT ROWID;";

/* A frame's id is its time in ms shifted left by 20 bits plus a running number: a range of time is
 * a range of rows, and trimming the oldest needs no index. */
static const char wire_1[] =
	"CREATE TABLE stations (id INTEGER PRIMARY KEY, depot TEXT NOT NULL, name TEXT NOT NULL,"
	" UNIQUE (depot, name));"
	"CREATE TABLE frames (id INTEGER PRIMARY KEY, station INTEGER NOT NULL,"
	" direction INTEGER NOT NULL, pair TEXT, action TEXT, verdict TEXT, text TEXT NOT NULL);"
	"CREATE INDEX frames_station ON frames (station);";

/* A page of one station's frames: its spells from the newest on, and of each the frames that are
 * its own. 33: WIRE_SPELL_SHIFT. */
static const char wire_2[] =
	"CREATE TABLE spells (station INTEGER NOT NULL, spell INTEGER NOT NULL,"
	" PRIMARY KEY (station, spell)) WITHOUT ROWID;"
	"INSERT INTO spells (station, spell) SELECT DISTINCT station, id>>33 FROM frames"
	" ORDER BY 1, 2;"
	"DROP INDEX frames_station;";

/* The audit is a few of many events. */
static const char depot_6[] =
	"CREATE INDEX journal_audit ON journal (seq) WHERE " MIGRATE_AUDIT("") ";";

/* Which night a plan is of (projection_control.c); that an estimate is a guess (projection_price.c). */
static const char depot_8[] = "ALTER TABLE plans ADD COLUMN night INTEGER;"
			      "ALTER TABLE energy_costs ADD COLUMN estimate_guess INTEGER;";

static const struct migration depot_steps[] = {{1, depot_1, NULL}, {2, depot_2, NULL},
	{3, migrate_depot_3, NULL}, {4, migrate_depot_4, migrate_depot_4_fleet},
	{5, migrate_depot_5, migrate_depot_5_work}, {6, depot_6, NULL},
	{7, migrate_depot_7, migrate_depot_7_kept}, {8, depot_8, NULL}};
static const struct migration series_steps[] = {{1, series_1, NULL}};
static const struct migration wire_steps[] = {{1, wire_1, NULL}, {2, wire_2, NULL}};

const struct migration_list migrate_depot = {8, depot_steps};
const struct migration_list migrate_series = {1, series_steps};
const struct migration_list migrate_wire = {2, wire_steps};

static int run_step(struct sql *s, const struct migration *m)
{
	char version[60];
	snprintf(version, sizeof version, "PRAGMA user_version=%d", m->number);
	if (sql_exec(s, "BEGIN IMMEDIATE") < 0)
		return -1;
	if (sql_exec(s, m->text) < 0 || (m->more && sql_exec(s, m->more) < 0) ||
		sql_exec(s, version) < 0 || sql_exec(s, "COMMIT") < 0) {
		sql_rollback(s);
		return -1;
	}
	return 0;
}

/* How many steps the file has behind it. */
static int read_step(struct sql *s, const struct migration_list *list, int64_t *at, char why[300])
{
	if (sql_int(s, "PRAGMA user_version", 0, at) < 0) {
		snprintf(why, 300, "%.299s", s->error);
		return -1;
	}
	if (*at > list->count) {
		snprintf(why, 300,
			"%s was written by a newer depotd (layout %lld, this one knows %d): "
			"install that version or restore a backup",
			s->path, (long long)*at, list->count);
		return -1;
	}
	return 0;
}

int migrate_check(struct sql *s, const struct migration_list *list, char why[300])
{
	int64_t at;
	if (read_step(s, list, &at, why) < 0)
		return -1;
	if (at == list->count)
		return 0;
	snprintf(why, 300,
		"%s was written by an older depotd (layout %lld, this one wants %d): start depotd"
		" on it, or rebuild it",
		s->path, (long long)at, list->count);
	return -1;
}

int migrate_run(struct sql *s, const struct migration_list *list, char why[300])
{
	int64_t at;
	if (read_step(s, list, &at, why) < 0)
		return -1;
	for (int i = (int)at; i < list->count; i++)
		if (run_step(s, &list->items[i]) < 0) {
			snprintf(why, 300,
				"step %d of bringing the store up to date failed: %.220s",
				list->items[i].number, s->error);
			return -1;
		}
	return 0;
}
