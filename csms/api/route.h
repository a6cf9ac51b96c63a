/*
 * Route: which row of a table a request goes to, with its path's parameters and its query, all
 * percent-decoded and bounded. Pure: no sockets, no state.
 */
#ifndef CSMS_API_ROUTE_H
#define CSMS_API_ROUTE_H

#include "csms/api/permission.h"
#include "schemas/codec.h"

#define ROUTE_PARAMS 3 /* "{…}" segments of one pattern */
#define ROUTE_QUERY  12 /* names in one query */

struct ask; /* csms/api/ask.h */

struct route {
	const char *method;
	const char *pattern; /* "/api/v1/stations/{id}"; "{x}" is one segment of any text */
	const char *
		query; /* names that the query may hold, "from to limit"; "" none; "*" any: ignored */
	enum permission needs;
	void (*handle)(struct ask *k);
	const struct schema_struct *request, *response; /* NULL: no body; a body of another kind */
	const char *help;
};

struct route_match {
	const struct route *row;
	const char *param[ROUTE_PARAMS];
	int query_count;
	struct {
		const char *name, *value;
	} query[ROUTE_QUERY];
};

/* Finds the row. 200 with `out` filled (strings in `a`), or 400, 404, 405 with one line in `why`;
 * with 405 `why` is the value of the header "allow". HEAD goes to the rows of GET. */
int route_find(const struct route *table, size_t count, const char *method, const char *path,
	const char *query, struct arena *a, struct route_match *out, char why[200]);

/* A value of the query, or NULL. */
const char *route_query(const struct route_match *m, const char *name);

/* Decodes %XX (and '+' as a space if `plus`) of `len` bytes into `a`. NULL: broken escape, control
 * character, bad UTF-8, or no memory. */
char *route_unescape(struct arena *a, const char *s, size_t len, bool plus);
#endif
