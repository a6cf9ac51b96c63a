/*
 * Queries of what stations say of themselves: variables, monitors, displays, reports.
 * As db/query.h otherwise.
 */
#ifndef DB_QUERY_DEVICE_H
#define DB_QUERY_DEVICE_H

#include "db/db.h"

/* A part of a report that is not complete yet. */
struct db_report_part {
	const char *station, *kind;
	int64_t request_id, seq_no, bytes;
	bool is_last;
};
struct db_report_part_list {
	size_t count;
	struct db_report_part *items;
};
/* By station, kind, request and number; not limited. */
int db_query_report_parts(struct db_reader *r, struct arena *a, struct db_report_part_list *out);

#endif
