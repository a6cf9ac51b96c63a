/*
 * Queries of edits of the tree. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_GRID_H
#define DB_QUERY_GRID_H

#include "db/db.h"

struct db_grid_edit {
	const char *kind, *id; /* "node" or "meter" */
	const char *row; /* JSON as in the depot's file; NULL: removed */
	const char *file; /* digest of the file that it goes on top of */
	wall_t at;
};
struct db_grid_edit_list {
	size_t count;
	struct db_grid_edit *items;
};
/* Oldest first. */
int db_query_grid_edits(struct db_reader *r, struct arena *a, struct db_grid_edit_list *out);

#endif
