/* Long lists cut to what the station takes in one message (rule 20), and the answers to the pieces
 * put together again. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/command/private.h"
#include "csms/station/device.h"

/*
 * One row a list that may be cut: where it stands in the request, which variables of the station
 * bound it, where the answer has its results (size 0: nowhere), and where the request has a number
 * that each piece needs anew (reports come by it; -1: nowhere).
 */
struct cut {
	int action;
	size_t at, size;
	enum device_fact items, bytes;
	size_t result_at, result_size;
	long number_at;
};

#define LIST(action_type, list, item_type)                                                         \
	offsetof(struct ocpp201_##action_type##_request, list), sizeof(item_type)
#define RESULTS(action_type, list, item_type)                                                      \
	offsetof(struct ocpp201_##action_type##_response, list), sizeof(item_type)

static const struct cut cuts[] = {
	{OCPP201_SET_VARIABLES,
		LIST(set_variables, set_variable_data, struct ocpp201_set_variable_data),
		DEVICE_ITEMS_SET_VARIABLES, DEVICE_BYTES_SET_VARIABLES,
		RESULTS(set_variables, set_variable_result, struct ocpp201_set_variable_result),
		-1},
	{OCPP201_GET_VARIABLES,
		LIST(get_variables, get_variable_data, struct ocpp201_get_variable_data),
		DEVICE_ITEMS_GET_VARIABLES, DEVICE_BYTES_GET_VARIABLES,
		RESULTS(get_variables, get_variable_result, struct ocpp201_get_variable_result),
		-1},
	{OCPP201_SET_VARIABLE_MONITORING,
		LIST(set_variable_monitoring, set_monitoring_data,
			struct ocpp201_set_monitoring_data),
		DEVICE_ITEMS_SET_MONITORING, DEVICE_BYTES_SET_MONITORING,
		RESULTS(set_variable_monitoring, set_monitoring_result,
			struct ocpp201_set_monitoring_result),
		-1},
	{OCPP201_CLEAR_VARIABLE_MONITORING, LIST(clear_variable_monitoring, id, int64_t),
		DEVICE_ITEMS_CLEAR_MONITORING, DEVICE_BYTES_CLEAR_MONITORING,
		RESULTS(clear_variable_monitoring, clear_monitoring_result,
			struct ocpp201_clear_monitoring_result),
		-1},
	{OCPP201_GET_REPORT,
		LIST(get_report, component_variable, struct ocpp201_component_variable),
		DEVICE_ITEMS_GET_REPORT, DEVICE_BYTES_GET_REPORT, 0, 0,
		offsetof(struct ocpp201_get_report_request, request_id)},
	{OCPP201_GET_MONITORING_REPORT,
		LIST(get_monitoring_report, component_variable, struct ocpp201_component_variable),
		DEVICE_ITEMS_GET_REPORT, DEVICE_BYTES_GET_REPORT, 0, 0,
		offsetof(struct ocpp201_get_monitoring_report_request, request_id)},
};

static const struct cut *cut_of(const struct schema_action *a)
{
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
		if (&ocpp201_actions[cuts[i].action] == a)
			return &cuts[i];
	return NULL;
}

/* All generated lists look like this. */
struct list {
	size_t count;
	char *items;
};

/* The request with `n` items from `from` on as JSON; owned by the caller. */
static char *window(const struct schema_action *a, const struct cut *cut, const void *request,
	size_t from, size_t n, size_t piece)
{
	char *copy = malloc(a->request->size);
	struct list *l = copy ? (struct list *)(void *)(copy + cut->at) : NULL;
	struct text t;
	char *out = NULL;

	text_init(&t, 0);
	if (copy) {
		memcpy(copy, request, a->request->size);
		l->items += from * cut->size;
		l->count = n;
		if (cut->number_at >= 0)
			*(int64_t *)(void *)(copy + cut->number_at) += (int64_t)piece;
		if (schema_encode(a->request, copy, &t) == 0)
			out = text_take(&t, NULL);
	}
	text_finish(&t);
	free(copy);
	return out;
}

static void free_all(char **pieces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(pieces[i]);
	free(pieces);
}

/* The longest piece from `from` on that keeps both limits; halves until the bytes fit. */
static char *next_piece(const struct schema_action *a, const struct cut *cut, const void *request,
	size_t from, size_t *n, size_t bytes, size_t piece)
{
	for (;;) {
		char *text = window(a, cut, request, from, *n, piece);

		if (!text || strlen(text) <= bytes)
			return text;
		free(text);
		if (*n == 1)
			return NULL;
		*n = (*n + 1) / 2;
	}
}

/* What the frame takes around a payload: [2,"id of 36","Action",…]. The station's limit is of the
 * message (B05.FR.11). */
static int64_t payload_bytes(int64_t message, const struct schema_action *a)
{
	int64_t frame = 46 + (int64_t)strlen(a->name);

	return message == INT32_MAX ? message : message > frame ? message - frame : 0;
}

int cut_request(const struct station *s, const struct schema_action *a, const void *request,
	char ***out, char why[200])
{
	const struct cut *cut = cut_of(a);
	const struct list *l = cut ? (const void *)((const char *)request + cut->at) : NULL;
	int64_t items = cut ? device_fact(s, cut->items, INT32_MAX) : 0;
	int64_t bytes = cut ? device_fact(s, cut->bytes, INT32_MAX) : 0;
	size_t from = 0, count = 0;
	char **pieces;

	*out = NULL;
	if (!l || l->count == 0 || (items >= (int64_t)l->count && bytes == INT32_MAX))
		return 1;
	pieces = calloc(l->count, sizeof *pieces);
	items = items < 1 ? 1 : items;
	while (pieces && from < l->count) {
		size_t n = l->count - from < (size_t)items ? l->count - from : (size_t)items;

		pieces[count] = next_piece(
			a, cut, request, from, &n, (size_t)payload_bytes(bytes, a), count);
		if (!pieces[count])
			break;
		from += n;
		count++;
	}
	if (from == l->count) {
		*out = pieces;
		return (int)count;
	}
	snprintf(why, 200,
		pieces ? "item %zu alone is longer than the %lld bytes that the station takes"
		       : "out of memory",
		from, (long long)bytes);
	free_all(pieces, count);
	return -1;
}

static void *decode(const struct schema_action *a, const char *json, struct arena *arena)
{
	struct schema_error err;

	return schema_decode(a->response, json, strlen(json), arena, &err);
}

void cut_join(struct text *all, const struct schema_action *a, const char *response)
{
	const struct cut *cut = cut_of(a);
	struct arena *arena = arena_create(0);
	char *x = NULL, *y = NULL, *items;
	struct list *old, *more;

	if (arena && all->len && cut && cut->result_size) {
		x = decode(a, all->data, arena);
		y = decode(a, response, arena);
	}
	text_clear(all);
	if (!x || !y) {
		text_puts(all, response);
		arena_destroy(arena);
		return;
	}
	old = (void *)(x + cut->result_at);
	more = (void *)(y + cut->result_at);
	items = arena_alloc(arena, (old->count + more->count + 1) * cut->result_size);
	if (items) {
		memcpy(items, old->items, old->count * cut->result_size);
		memcpy(items + old->count * cut->result_size, more->items,
			more->count * cut->result_size);
		old->items = items;
		old->count += more->count;
	}
	schema_encode(a->response, x, all);
	arena_destroy(arena);
}
