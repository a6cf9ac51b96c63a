#include "csms/api/names.h"

#include <stdlib.h>
#include <strings.h>

/* A name and its place in the list. */
struct name {
	const char *text;
	size_t at;
};

static int by_name(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = strcasecmp(x->text, y->text);

	return order ? order : x->at < y->at ? -1 : 1;
}

bool names_each_once(struct ask *k, const struct schema_strings *names, struct schema_strings *out)
{
	size_t n = names->count;
	struct name *sorted = arena_alloc(k->arena, (n + 1) * sizeof(*sorted));
	const char **items = arena_alloc(k->arena, (n + 1) * sizeof(*items));

	if (sorted == NULL || items == NULL) {
		ask_problem(k, 503, NULL, "no memory for the names");
		return false;
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct name){items[i] = names->items[i], i};
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (size_t i = 1; i < n; i++)
		if (strcasecmp(sorted[i].text, sorted[i - 1].text) == 0)
			items[sorted[i].at] = NULL;
	*out = (struct schema_strings){0, items};
	for (size_t i = 0; i < n; i++)
		if (items[i] != NULL)
			items[out->count++] = items[i];
	return true;
}
