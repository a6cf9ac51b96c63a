#include "db/query_network.h"
#include "db/query_core.h"

#define COLUMNS                                                                                      \
	"SELECT id, station, slot, security_profile, at_once, step, state, command, priority, note," \
	" actor, at FROM network_jobs WHERE depot=?1"

static void read_job(struct query *q, struct db_network_job *j)
{
	j->id = query_text(q, 0);
	j->station = query_text(q, 1);
	j->slot = query_int(q, 2);
	j->security_profile = query_int(q, 3);
	j->at_once = query_int(q, 4) != 0;
	j->step = query_int(q, 5);
	j->state = query_text(q, 6);
	j->command = query_text(q, 7);
	j->priority = query_text(q, 8);
	j->note = query_text(q, 9);
	j->actor = query_text(q, 10);
	j->at = query_time(q, 11);
}

int db_query_network_jobs(struct db_reader *r, struct arena *a, struct db_network_job_list *out)
{
	struct query q;
	struct db_network_job_list list = {0};

	query_init(&q, r, &r->depot, a, true, COLUMNS " AND state IN ('waiting','running')");
	while (query_next(&q)) {
		struct db_network_job *row = QUERY_ITEM(&q, &list);

		if (!row)
			break;
		read_job(&q, row);
	}
	if (query_finish(&q) < 0)
		return -1;
	*out = list;
	return 0;
}

int db_query_network_job(
	struct db_reader *r, const char *id, struct arena *a, struct db_network_job **out)
{
	struct query q;
	struct db_network_job *j = NULL;

	query_init(&q, r, &r->depot, a, true, COLUMNS);
	query_and_text(&q, "id=?", id);
	if (query_next(&q) && (j = arena_alloc(a, sizeof *j)))
		read_job(&q, j);
	if (query_finish(&q) < 0)
		return -1;
	*out = j;
	return 0;
}
