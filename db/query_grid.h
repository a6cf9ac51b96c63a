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

/* When the depot's file of this digest was read first since another one was; ms 0: it was not. */
int db_query_file_since(struct db_reader *r, const char *digest, struct arena *a, wall_t *out);

struct db_grid_word {
	const char *id; /* of a node */
	const char *before,
		*after; /* JSON as in the depot's file; NULL: it was not, or is not there */
	wall_t at;
};
struct db_grid_word_list {
	size_t count;
	struct db_grid_word *items;
};
/* Each change of a node on top of the file of this digest, oldest first. */
int db_query_grid_words(struct db_reader *r, const char *digest, wall_t from, struct arena *a,
	struct db_grid_word_list *out);

#endif
