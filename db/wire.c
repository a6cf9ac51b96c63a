#include "db/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/migrate.h"
#include "db/names.h"
#include "db/sqlite.h"

#define TRIM_EVERY    50 /* commits between two looks at age and size … */
#define TRIM_AFTER    2000 /* … or after so many frames */
#define TRIM_ROWS     10000 /* removed at most at one look … */
#define TRIM_CHUNK    100 /* … in steps of so many */
#define TRIM_STATIONS 50 /* at one look, whose spells are trimmed */
#define KNOWN_MAX     20000 /* stations whose newest spell is remembered */
#define COUNTER_MASK  ((1 << WIRE_ID_SHIFT) - 1)
#define TIME_MAX_MS   ((int64_t)1 << 42)
#define DAY_MS        86400000LL

struct wire {
	struct sql sql;
	struct names *stations;
	sqlite3_stmt *add, *add_spell, *trim_age, *trim_oldest, *last_station, *trim_spells;
	int64_t max_bytes, max_age_ms;
	int64_t newest_ms;
	int64_t *spells; /* newest that was written, by number of the station */
	int64_t trimmed_station; /* where the last look at spells ended */
	uint32_t counter;
	int commits, added; /* since the last look */
	bool open;
};

static int prepare(struct wire *w)
{
	const struct sql_prepared list[] = {
		{&w->add, "INSERT INTO frames (id, station, direction, pair, action, verdict, text)"
			  " VALUES (?1,?2,?3,?4,?5,?6,?7)"},
		{&w->add_spell, "INSERT OR IGNORE INTO spells (station, spell) VALUES (?1,?2)"},
		{&w->last_station, "SELECT max(id) FROM (SELECT id FROM stations WHERE id>?1"
				   " ORDER BY id LIMIT ?2)"},
		{&w->trim_spells,
			"DELETE FROM spells WHERE station>?1 AND station<=?2 AND spell<?3"},
		{&w->trim_age, "DELETE FROM frames WHERE id IN"
			       " (SELECT id FROM frames WHERE id < ?1 ORDER BY id LIMIT ?2)"},
		{&w->trim_oldest, "DELETE FROM frames WHERE id IN"
				  " (SELECT id FROM frames ORDER BY id LIMIT ?1)"},
	};
	if (sql_prepare_all(&w->sql, list, sizeof list / sizeof *list) < 0)
		return -1;
	int64_t last;
	if (sql_int(&w->sql, "SELECT ifnull(max(id), 0) FROM frames", 0, &last) < 0)
		return -1;
	w->newest_ms = last >> WIRE_ID_SHIFT;
	w->counter = (uint32_t)(last & COUNTER_MASK);
	return 0;
}

struct wire *wire_open(const char *path, const char *depot, int max_mb, int max_days, char why[300])
{
	struct wire *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->spells = calloc(KNOWN_MAX, sizeof *w->spells);
	if (!w->spells) {
		snprintf(why, 300, "no memory for the wire log");
		goto fail;
	}
	w->max_bytes = (int64_t)max_mb * 1000000;
	w->max_age_ms = max_days * DAY_MS;
	const struct sql_options o = {.cache_kb = 8192};
	if (sql_open(&w->sql, path, &o, why) < 0)
		goto fail;
	if (migrate_run(&w->sql, &migrate_wire, why) < 0)
		goto fail;
	w->stations = names_create(&w->sql, "stations", depot);
	if (!w->stations || prepare(w) < 0) {
		snprintf(why, 300, "%.299s", w->sql.error);
		goto fail;
	}
	return w;
fail:
	wire_close(w);
	return NULL;
}

static int begin(struct wire *w)
{
	if (w->open)
		return 0;
	if (sql_exec(&w->sql, "BEGIN IMMEDIATE") < 0)
		return -1;
	w->open = true;
	return 0;
}

/* Most frames come in a spell that their station has already. */
static int add_spell(struct wire *w, int64_t station, int64_t at_ms)
{
	int64_t spell = at_ms << WIRE_ID_SHIFT >> WIRE_SPELL_SHIFT;
	bool known = station < KNOWN_MAX;
	if (known && w->spells[station] == spell + 1)
		return 0;
	sqlite3_bind_int64(w->add_spell, 1, station);
	sqlite3_bind_int64(w->add_spell, 2, spell);
	if (sql_run(&w->sql, w->add_spell) < 0)
		return -1;
	if (known)
		w->spells[station] = spell + 1;
	return 0;
}

/* After a jump back of the clock a number may be taken: the next ones are tried. */
static int insert(struct wire *w, int64_t at_ms)
{
	int rc = -1;
	for (int tries = 0; tries < 100; tries++) {
		w->counter = (w->counter + 1) & COUNTER_MASK;
		sqlite3_bind_int64(w->add, 1, at_ms << WIRE_ID_SHIFT | w->counter);
		rc = sql_run(&w->sql, w->add);
		if (rc == 0 || (w->sql.code & 0xff) != SQLITE_CONSTRAINT)
			break;
	}
	return rc;
}

int wire_add(struct wire *w, const struct batch_frame *f)
{
	if (begin(w) < 0)
		return -1;
	int64_t station = names_get(w->stations, f->station ? f->station : "");
	if (station < 0)
		return -1;
	int64_t at = f->at.ms < 0 ? 0 : f->at.ms;
	if (at >= TIME_MAX_MS)
		at = TIME_MAX_MS - 1;
	sqlite3_bind_int64(w->add, 2, station);
	sqlite3_bind_int(w->add, 3, f->direction);
	sql_bind_text(w->add, 4, f->pair);
	sql_bind_text(w->add, 5, f->action);
	sql_bind_text(w->add, 6, f->verdict);
	sqlite3_bind_text(w->add, 7, f->text, (int)f->len, SQLITE_STATIC);
	if (insert(w, at) < 0 || add_spell(w, station, at) < 0)
		return -1;
	w->added++;
	if (at > w->newest_ms)
		w->newest_ms = at;
	return 0;
}

/* Bytes in pages that hold something; removed rows leave free pages, which are used again. */
static int used_bytes(struct wire *w, int64_t *out)
{
	int64_t pages, unused, size;
	if (sql_int(&w->sql, "PRAGMA page_count", 0, &pages) < 0 ||
		sql_int(&w->sql, "PRAGMA freelist_count", 0, &unused) < 0 ||
		sql_int(&w->sql, "PRAGMA page_size", 0, &size) < 0)
		return -1;
	*out = (pages - unused) * size;
	return 0;
}

/* Spells whose frames are gone, of a few stations at each look: until then they are only empty. */
static int trim_spells(struct wire *w)
{
	int64_t oldest, last = 0;
	if (sql_int(&w->sql, "SELECT ifnull(min(id), 0) FROM frames", 0, &oldest) < 0)
		return -1;
	sqlite3_bind_int64(w->last_station, 1, w->trimmed_station);
	sqlite3_bind_int(w->last_station, 2, TRIM_STATIONS);
	if (sql_step(&w->sql, w->last_station) < 0)
		return -1;
	last = sqlite3_column_int64(w->last_station, 0);
	sqlite3_reset(w->last_station);
	sqlite3_bind_int64(w->trim_spells, 1, w->trimmed_station);
	sqlite3_bind_int64(w->trim_spells, 2, last);
	sqlite3_bind_int64(w->trim_spells, 3, oldest >> WIRE_SPELL_SHIFT);
	w->trimmed_station = last; /* 0 at the end: from the first again */
	return last ? sql_run(&w->sql, w->trim_spells) : 0;
}

static int trim(struct wire *w)
{
	sqlite3_bind_int64(w->trim_age, 1, (w->newest_ms - w->max_age_ms) << WIRE_ID_SHIFT);
	sqlite3_bind_int(w->trim_age, 2, TRIM_ROWS);
	if (w->newest_ms > w->max_age_ms && sql_run(&w->sql, w->trim_age) < 0)
		return -1;
	for (int removed = 0; removed < TRIM_ROWS; removed += TRIM_CHUNK) {
		int64_t bytes;
		if (used_bytes(w, &bytes) < 0)
			return -1;
		if (bytes < w->max_bytes)
			break;
		sqlite3_bind_int(w->trim_oldest, 1, TRIM_CHUNK);
		if (sql_run(&w->sql, w->trim_oldest) < 0)
			return -1;
	}
	return trim_spells(w);
}

int wire_commit(struct wire *w)
{
	if (!w->open)
		return 0;
	if (++w->commits >= TRIM_EVERY || w->added >= TRIM_AFTER) {
		w->commits = w->added = 0;
		if (trim(w) < 0)
			return -1;
	}
	if (sql_exec(&w->sql, "COMMIT") < 0)
		return -1;
	w->open = false;
	sql_checkpoint(&w->sql);
	return 0;
}

void wire_rollback(struct wire *w)
{
	sql_rollback(&w->sql);
	names_forget(w->stations);
	memset(w->spells, 0, KNOWN_MAX * sizeof *w->spells);
	w->open = false;
}

const char *wire_error(const struct wire *w)
{
	return w->sql.error;
}

void wire_close(struct wire *w)
{
	if (!w)
		return;
	names_destroy(w->stations);
	sql_close(&w->sql);
	free(w->spells);
	free(w);
}
