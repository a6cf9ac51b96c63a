#include "db/query_issued.h"
#include "db/query_core.h"

static void read_issued(struct query *q, struct db_issued *i)
{
	const char **const texts[] = {&i->fingerprint, &i->station, &i->type, &i->serial,
		&i->key_hash, &i->subject, &i->issuer, &i->authority, &i->signing, &i->state,
		&i->why, &i->actor, &i->chain};
	const int count = sizeof texts / sizeof *texts;

	for (int n = 0; n < count; n++)
		*texts[n] = query_text(q, n);
	i->not_before = query_time(q, count);
	i->not_after = query_time(q, count + 1);
	i->issued_at = query_time(q, count + 2);
	i->moved_at = query_time(q, count + 3);
}

int db_query_issued(struct db_reader *r, const struct db_issued_filter *f, struct arena *a,
	struct db_issued_list *out)
{
#define COLUMNS                                                                                    \
	"SELECT fingerprint, station, type, serial, key_hash, subject, issuer, authority,"         \
	" signing, state, why, actor, "
#define TIMES ", not_before, not_after, issued_at, moved_at FROM issued_certificates WHERE depot=?1"
	struct query q;
	struct db_issued_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		f->chains ? COLUMNS "chain" TIMES : COLUMNS "NULL" TIMES);
	query_and_text(&q, "station=?", f->station);
	query_and_text(&q, "fingerprint=?", f->fingerprint);
	query_and_text(&q, "state=?", f->state);
	query_add(&q, " ORDER BY issued_at DESC, fingerprint");
	if (f->limit >= 0)
		query_limit(&q, f->limit);
	while (query_next(&q)) {
		struct db_issued *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		read_issued(&q, row);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_signings(struct db_reader *r, const char *station, bool open, int limit,
	struct arena *a, struct db_signing_list *out)
{
	struct query q;
	struct db_signing_list list = {0};

	query_init(&q, r, &r->depot, a, true,
		"SELECT id, station, type, key_hash, csr, state, command, fingerprint, note, tries,"
		" next_at, started_at, moved_at FROM signings WHERE depot=?1");
	query_and_text(&q, "station=?", station);
	if (open)
		query_add(&q, " AND state IN ('signing', 'waiting', 'sending')");
	query_add(&q, " ORDER BY started_at DESC, id DESC");
	if (limit >= 0)
		query_limit(&q, limit);
	while (query_next(&q)) {
		struct db_signing *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		const char **const texts[] = {&row->id, &row->station, &row->type, &row->key_hash,
			&row->csr, &row->state, &row->command, &row->fingerprint, &row->note};
		for (int n = 0; n < 9; n++)
			*texts[n] = query_text(&q, n);
		row->tries = query_int(&q, 9);
		row->next_at = query_time(&q, 10);
		row->started_at = query_time(&q, 11);
		row->moved_at = query_time(&q, 12);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}
