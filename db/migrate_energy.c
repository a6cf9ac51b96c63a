/* Step 4 of depot.db: measurements, limits, alarms, the tree. One block of tables a file
 * projection_*.c, in the order of their names. */
#include "db/migrate.h"

const char migrate_depot_4[] =
	/* projection_alarm.c */
	"CREATE TABLE alarms ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,"
	" rank TEXT NOT NULL, text TEXT NOT NULL, raised_at INTEGER NOT NULL,"
	" last_at INTEGER NOT NULL, count INTEGER NOT NULL, cleared_at INTEGER, owner TEXT,"
	" taken_at INTEGER, aside_until INTEGER, note TEXT,"
	" PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	"CREATE INDEX alarms_time ON alarms (depot, raised_at);"
	"CREATE INDEX alarms_open ON alarms (depot) WHERE cleared_at IS NULL;"
	/* projection_envelope.c: limits over time; their blocks are in the events of these numbers */
	"CREATE TABLE envelopes ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, node TEXT NOT NULL COLLATE NOCASE,"
	" owner TEXT NOT NULL, type TEXT, kind TEXT NOT NULL, priority INTEGER NOT NULL,"
	" grid INTEGER NOT NULL, reference TEXT, why TEXT, actor TEXT, state TEXT NOT NULL,"
	" urgent INTEGER NOT NULL, reason TEXT, received_at INTEGER NOT NULL,"
	" moved_at INTEGER NOT NULL, decided_by TEXT, decided_at INTEGER, replaced_by TEXT,"
	" received_seq INTEGER NOT NULL, blocks_seq INTEGER, judged_seq INTEGER,"
	" PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	"CREATE INDEX envelopes_time ON envelopes (depot, received_at);"
	"CREATE TABLE envelope_owners ("
	" depot TEXT NOT NULL, owner TEXT NOT NULL, silent INTEGER NOT NULL, at INTEGER NOT NULL,"
	" reason TEXT, PRIMARY KEY (depot, owner)) WITHOUT ROWID;"
	"CREATE TABLE envelope_records ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, start_at INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" PRIMARY KEY (depot, id, start_at)) WITHOUT ROWID;"
	/* projection_safety.c: what the guard keeps over a restart */
	"CREATE TABLE demand_windows ("
	" depot TEXT NOT NULL, node TEXT NOT NULL COLLATE NOCASE, month INTEGER NOT NULL,"
	" start INTEGER NOT NULL, register_wh INTEGER, peak_w INTEGER NOT NULL,"
	" peak_at INTEGER NOT NULL, PRIMARY KEY (depot, node, month)) WITHOUT ROWID;"
	"CREATE TABLE chargers_learned ("
	" depot TEXT NOT NULL, station TEXT NOT NULL, evse INTEGER NOT NULL,"
	" at INTEGER NOT NULL, source_seq INTEGER NOT NULL,"
	" PRIMARY KEY (depot, station, evse)) WITHOUT ROWID;"
	"CREATE TABLE power_returns ("
	" depot TEXT NOT NULL, node TEXT NOT NULL COLLATE NOCASE, at INTEGER NOT NULL,"
	" sign TEXT NOT NULL, tries INTEGER NOT NULL, is_open INTEGER NOT NULL,"
	" PRIMARY KEY (depot, node)) WITHOUT ROWID;"
	"CREATE TABLE power_return_evses ("
	" depot TEXT NOT NULL, node TEXT NOT NULL COLLATE NOCASE, evse TEXT NOT NULL,"
	" PRIMARY KEY (depot, node, evse)) WITHOUT ROWID;"
	/* projection_grid.c: what was changed in the tree since the depot's file was read */
	"CREATE TABLE grid_edits ("
	" depot TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL COLLATE NOCASE, row TEXT,"
	" file TEXT NOT NULL, at INTEGER NOT NULL, source_seq INTEGER NOT NULL,"
	" PRIMARY KEY (depot, kind, id)) WITHOUT ROWID;"

	/* projection_station.c: the phases that an EVSE hangs on */
	"CREATE TABLE evse_wiring ("
	" depot TEXT NOT NULL, station TEXT NOT NULL, id INTEGER NOT NULL,"
	" rotation TEXT, max_ma INTEGER, PRIMARY KEY (depot, station, id)) WITHOUT ROWID;"

	/* projection_station.c: the SIM of a station's modem */
	"CREATE TABLE station_modems ("
	" depot TEXT NOT NULL, station TEXT NOT NULL, iccid TEXT, imsi TEXT,"
	" PRIMARY KEY (depot, station)) WITHOUT ROWID;"

	/* projection_network.c: stations on their way to another network profile */
	"CREATE TABLE network_jobs ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, station TEXT NOT NULL, slot INTEGER NOT NULL,"
	" security_profile INTEGER NOT NULL, at_once INTEGER NOT NULL, step INTEGER NOT NULL,"
	" state TEXT NOT NULL, command TEXT, priority TEXT, note TEXT, actor TEXT,"
	" at INTEGER NOT NULL, PRIMARY KEY (depot, id)) WITHOUT ROWID;"

	/* projection_session.c; id and …_seq as of `transactions` */
	"CREATE TABLE transaction_details ("
	" id INTEGER PRIMARY KEY, cable_seq INTEGER, cable_max_a INTEGER, phases_seq INTEGER,"
	" phases_used INTEGER, charging_seq INTEGER, charging_s INTEGER,"
	" reservation_seq INTEGER, reservation_id INTEGER);"

	/* projection_oscp.c: capacity providers as they stand */
	"CREATE TABLE oscp_peers ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, state TEXT, url TEXT, token_in TEXT,"
	" token_out TEXT, why TEXT, changed_at INTEGER, handshake_id TEXT, heartbeat_s REAL,"
	" continuous INTEGER, intermittent INTEGER, handshake_at INTEGER, online INTEGER,"
	" online_at INTEGER, online_why TEXT, PRIMARY KEY (depot, id)) WITHOUT ROWID;"

	/* projection_price.c: what the depot pays for energy, and what its sessions cost */
	"CREATE TABLE tariffs ("
	" depot TEXT NOT NULL, id TEXT NOT NULL, row TEXT, file_row TEXT, at INTEGER NOT NULL,"
	" actor TEXT, source_seq INTEGER NOT NULL, PRIMARY KEY (depot, id)) WITHOUT ROWID;"
	"CREATE TABLE price_points ("
	" depot TEXT NOT NULL, series TEXT NOT NULL, start INTEGER NOT NULL,"
	" step_s INTEGER NOT NULL, value INTEGER NOT NULL, received INTEGER NOT NULL,"
	" source_seq INTEGER NOT NULL, PRIMARY KEY (depot, series, start)) WITHOUT ROWID;"
	"CREATE TABLE site_windows ("
	" depot TEXT NOT NULL, node TEXT NOT NULL COLLATE NOCASE, start INTEGER NOT NULL,"
	" month INTEGER NOT NULL, mean_w INTEGER NOT NULL, missing_s INTEGER NOT NULL,"
	" register_wh INTEGER, PRIMARY KEY (depot, node, start)) WITHOUT ROWID;"
	"CREATE TABLE energy_costs ("
	" depot TEXT NOT NULL, station TEXT NOT NULL, transaction_id TEXT NOT NULL,"
	" vehicle TEXT, estimate_plan TEXT, estimate_wh INTEGER, estimate_micro INTEGER,"
	" estimate_source TEXT, estimated_at INTEGER, tariff TEXT, currency TEXT,"
	" started_at INTEGER, ended_at INTEGER, energy_wh INTEGER, energy_micro INTEGER,"
	" idle_micro INTEGER, idle_s INTEGER, internal_micro INTEGER, source TEXT, month_wh INTEGER,"
	" settled_at INTEGER, PRIMARY KEY (depot, station, transaction_id)) WITHOUT ROWID;"
	"CREATE INDEX energy_costs_time ON energy_costs (depot, ended_at);";
