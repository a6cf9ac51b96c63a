#include "tools/bench/seed.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "csms/secret.h"
#include "db/db.h"
#include "gen/event.h"
#include "tools/bench/station.h"

#define REGISTRATIONS_A_BATCH 200

static int add_station(struct db_batch *b, int number, const char *password)
{
	struct arena *a = db_batch_arena(b);
	struct event_station_registered *reg = arena_alloc(a, sizeof *reg);
	struct event_evse *evse = arena_alloc(a, sizeof *evse);
	char *hash = arena_alloc(a, SECRET_HASH_SIZE), name[16];
	wall_t now = {(int64_t)time(NULL) * 1000};
	struct db_event e = {
		.expect_version = DB_ANY_VERSION,
		.type = EVENT_STATION_REGISTERED,
		.payload = reg,
		.at = now,
		.received = now,
		.actor = "bench",
	};

	station_name(number, name);
	e.stream = arena_printf(a, "station/%s", name);
	if (!reg || !evse || !hash || !e.stream)
		return -1;
	secret_hash(password, strlen(password), hash);
	*evse = (struct event_evse){.id = 1,
		.kind = "ac",
		.max_w = 22000,
		.min_w = 4140,
		.phases = 3,
		.tail_w = 4140,
		.connectors = 1};
	*reg = (struct event_station_registered){
		.policy = EVENT_REGISTRATION_ACCEPTED,
		.node = arena_printf(a, "f%d", number % SEED_FEEDERS),
		.password_hash = hash,
		.source = "api",
		.evses = {.count = 1, .items = evse},
	};
	db_batch_event(b, &e);
	return 0;
}

static int fill(struct db *db, int count, const char *password)
{
	for (int n = 0; n < count;) {
		struct db_batch *b = db_batch_create(db);

		for (int i = 0; b && i < REGISTRATIONS_A_BATCH && n < count; i++)
			if (add_station(b, n++, password)) {
				db_batch_destroy(b);
				return -1;
			}
		if (!b || db_submit(db, b, NULL, NULL))
			return -1;
	}
	return db_flush(db);
}

static void on_wake(void *arg)
{
	(void)arg; /* db_flush() drains */
}

int seed_store(const char *data, int count, const char *password, char why[300])
{
	const struct db_config cfg = {.dir = data, .depot = "bench", .wake = on_wake};
	struct db *db = db_open(&cfg, why);
	int rc;

	if (!db)
		return -1;
	rc = fill(db, count, password);
	if (rc && db_healthy(db, why))
		snprintf(why, 300, "the store did not take the stations");
	db_close(db);
	return rc;
}
