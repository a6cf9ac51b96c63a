#include "db/keys.h"

#include <stdlib.h>

#define DIGITS_MAX 18 /* all numbers of so many digits fit */

struct keys {
	struct sql *sql;
	sqlite3_stmt *find, *add;
};

struct keys *keys_create(struct sql *s)
{
	struct keys *k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	k->sql = s;
	const struct sql_prepared list[] = {
		{&k->find, "SELECT 1 FROM event_keys WHERE stream=?1 AND idem=?2"},
		{&k->add, "INSERT OR IGNORE INTO event_keys (stream, idem) VALUES (?1, ?2)"},
	};
	if (sql_prepare_all(s, list, sizeof list / sizeof *list) == 0)
		return k;
	free(k);
	return NULL;
}

void keys_destroy(struct keys *k)
{
	free(k);
}

int keys_find(struct keys *k, int64_t stream, const char *key)
{
	sqlite3_bind_int64(k->find, 1, stream);
	sql_bind_text(k->find, 2, key);
	int rc = sql_step(k->sql, k->find);
	if (rc > 0)
		sqlite3_reset(k->find);
	return rc;
}

int keys_add(struct keys *k, int64_t stream, const char *key)
{
	sqlite3_bind_int64(k->add, 1, stream);
	sql_bind_text(k->add, 2, key);
	return sql_run(k->sql, k->add);
}

bool keys_number(const char *key, int64_t *v)
{
	int64_t sum = 0;
	int i = 0;
	for (; key[i] >= '0' && key[i] <= '9'; i++) {
		if (i == DIGITS_MAX || (i == 1 && key[0] == '0'))
			return false;
		sum = sum * 10 + (key[i] - '0');
	}
	if (i == 0 || key[i])
		return false;
	*v = sum;
	return true;
}
