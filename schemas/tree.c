#include "schemas/tree.h"

#include <stdbool.h>
#include <stdlib.h>

/*
 * cJSON asks for memory piece by piece. While it parses, the pieces come from an arena that belongs
 * to this call and goes as a whole, so nothing is freed one by one. Each thread has its own pointer,
 * and the hooks are set before main, hence before any other thread exists.
 */
static _Thread_local struct arena *tree_arena;

static void *tree_alloc(size_t size)
{
	return tree_arena ? arena_alloc(tree_arena, size) : malloc(size);
}

static void tree_free(void *p)
{
	if (!tree_arena)
		free(p);
}

__attribute__((constructor)) static void set_hooks(void)
{
	cJSON_Hooks hooks = {.malloc_fn = tree_alloc, .free_fn = tree_free};

	cJSON_InitHooks(&hooks);
}

const cJSON *json_tree(const char *json, size_t len, struct arena *scratch)
{
	const cJSON *tree;

	tree_arena = scratch;
	tree = cJSON_ParseWithLengthOpts(json, len, NULL, false);
	tree_arena = NULL;
	return tree;
}
