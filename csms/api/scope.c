/*
 * Scope: who is limited to nodes of the tree may do there what their role may, and nothing where no
 * node can be told (unless the permission holds anywhere). What a request is about stands in its path
 * or, by the names of its fields, in its body: a station, several, or a node.
 */
#include <string.h>

#include "csms/api/ask.h"
#include "schemas/rows.h"

#define DEPTH_MAX 100 /* a tree of nodes ends; a broken one must not hang the loop */

static const struct depot_node *node_find(const struct depot_file *g, const char *id)
{
	for (size_t i = 0; i < g->nodes.count; i++)
		if (strcmp(g->nodes.items[i].id, id) == 0)
			return &g->nodes.items[i];
	return NULL;
}

static bool is_below(const struct ask *k, const char *id)
{
	const struct depot_file *g = k->api->core->depot;

	for (int depth = 0; id != NULL && id[0] != '\0' && depth < DEPTH_MAX; depth++) {
		for (int i = 0; i < k->who.node_count; i++)
			if (strcmp(k->who.nodes[i], id) == 0)
				return true;
		const struct depot_node *n = node_find(g, id);
		id = n != NULL ? n->parent : NULL;
	}
	return false;
}

static bool holds_station(const struct ask *k, const char *id)
{
	const struct station *s = fleet_station(&k->api->core->fleet, id);

	return s != NULL && is_below(k, s->node);
}

/* What the path names. 1: it is theirs; 0: it is not; -1: it names nothing. */
static int path_holds(const struct ask *k)
{
	static const struct {
		const char *begins;
		bool is_station;
	} rows[] = {
		{"/api/v1/stations/{id}", true},
		{"/api/v1/reservations/{station}", true},
		{"/api/v1/transactions/{station}", true},
		{"/api/v1/costs/{station}", true},
		{"/api/v1/nodes/{id}", false},
		{"/api/v1/grid/nodes/{id}", false},
	};
	const char *pattern = k->match.row->pattern;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(pattern, rows[i].begins, strlen(rows[i].begins)) == 0)
			return rows[i].is_station ? holds_station(k, k->match.param[0])
						  : is_below(k, k->match.param[0]);
	return -1;
}

/* The same of the body: every station and node that it names must be theirs. */
static int body_holds(const struct ask *k)
{
	const struct schema_struct *type = k->match.row->request;
	int found = -1;

	for (int i = 0; k->body != NULL && i < type->field_count; i++) {
		const struct schema_field *f = &type->fields[i];
		const char *at = (const char *)k->body + f->at;
		bool is_station = strcmp(f->name, "station") == 0;
		const char *one;

		if (strcmp(f->name, "stations") == 0 && f->array && f->kind == SCHEMA_STRING) {
			const struct schema_strings *list = (const void *)at;
			for (size_t n = 0; n < list->count; n++) {
				if (!holds_station(k, list->items[n]))
					return 0;
				found = 1;
			}
		} else if ((is_station || strcmp(f->name, "node") == 0) && !f->array &&
			   (f->kind == SCHEMA_STRING || f->kind == SCHEMA_IDENT)) {
			memcpy(&one, at, sizeof(one));
			if (one == NULL)
				continue;
			if (is_station ? !holds_station(k, one) : !is_below(k, one))
				return 0;
			found = 1;
		}
	}
	return found;
}

bool scope_allows(struct ask *k)
{
	int path, body;

	if (k->who.node_count == 0)
		return true;
	path = path_holds(k);
	body = body_holds(k);
	if (path != 0 && body != 0 &&
		(path == 1 || body == 1 || permissions[k->match.row->needs].is_anywhere))
		return true;
	ask_problem(k, 403, NULL, "%s may do this only below %s%s", k->who.name, k->who.nodes[0],
		k->who.node_count > 1 ? " and other nodes" : "");
	return false;
}
