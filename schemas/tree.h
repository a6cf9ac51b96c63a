/*
 * The tree of a JSON text, made by cJSON in an arena of the call. For the codec only: nothing else
 * in the house sees a JSON tree.
 */
#ifndef SCHEMAS_TREE_H
#define SCHEMAS_TREE_H

#include <cjson/cJSON.h>

#include "schemas/arena.h"

/* The tree of a text that json_check has passed, in `scratch`; NULL: no memory. */
const cJSON *json_tree(const char *json, size_t len, struct arena *scratch);

#endif
