#include "db/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define NAMES_MAX 50000 /* cached; beyond it the cache starts anew */

struct entry {
	int64_t id;
	UT_hash_handle hh;
	char name[];
};

struct names {
	struct sql *sql;
	char *depot;
	struct entry *cache;
	struct entry *last; /* asked for: a request and its reply come from one station */
	sqlite3_stmt *find, *add;
};

struct names *names_create(struct sql *s, const char *table, const char *depot)
{
	char text[120];
	struct names *n = calloc(1, sizeof *n);
	if (!n)
		return NULL;
	n->sql = s;
	n->depot = strdup(depot);
	snprintf(text, sizeof text, "SELECT id FROM %s WHERE depot=?1 AND name=?2", table);
	n->find = sql_prepare(s, text);
	snprintf(text, sizeof text, "INSERT INTO %s (depot, name) VALUES (?1, ?2) RETURNING id",
		table);
	n->add = sql_prepare(s, text);
	if (n->depot && n->find && n->add)
		return n;
	names_destroy(n);
	return NULL;
}

static int64_t ask(struct names *n, sqlite3_stmt *st, const char *name)
{
	sql_bind_text(st, 1, n->depot);
	sql_bind_text(st, 2, name);
	int rc = sql_step(n->sql, st);
	if (rc <= 0)
		return rc;
	int64_t id = sqlite3_column_int64(st, 0);
	return sql_run(n->sql, st) < 0 ? -1 : id;
}

int64_t names_get(struct names *n, const char *name)
{
	struct entry *e;
	if (n->last && strcmp(n->last->name, name) == 0)
		return n->last->id;
	HASH_FIND_STR(n->cache, name, e);
	if (e) {
		n->last = e;
		return e->id;
	}
	int64_t id = ask(n, n->find, name);
	if (id == 0)
		id = ask(n, n->add, name);
	if (id < 0)
		return -1;
	if (HASH_COUNT(n->cache) >= NAMES_MAX)
		names_forget(n);
	size_t len = strlen(name);
	e = malloc(sizeof *e + len + 1);
	if (e) {
		e->id = id;
		memcpy(e->name, name, len + 1);
		HASH_ADD_STR(n->cache, name, e);
	}
	return id;
}

void names_forget(struct names *n)
{
	struct entry *e, *next;
	HASH_ITER (hh, n->cache, e, next) {
		HASH_DEL(n->cache, e);
		free(e);
	}
	n->last = NULL;
}

void names_destroy(struct names *n)
{
	if (!n)
		return;
	names_forget(n);
	free(n->depot);
	free(n);
}
