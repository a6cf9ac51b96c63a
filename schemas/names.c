/* Small questions to the tables that tools/genschema makes. */
#include <string.h>

#include "schemas/codec.h"

int schema_enum_find(const struct schema_enum *e, const char *value)
{
	for (int i = 0; i < e->count; i++)
		if (strcmp(e->values[i], value) == 0)
			return i;
	return -1;
}

const struct schema_action *schema_action_find(
	const struct schema_action *table, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const char *schema_fault_name(enum schema_fault fault)
{
	static const char *const names[] = {
		[SCHEMA_OK] = "Ok",
		[SCHEMA_BAD_SYNTAX] = "BadSyntax",
		[SCHEMA_BAD_TYPE] = "BadType",
		[SCHEMA_MISSING] = "Missing",
		[SCHEMA_UNKNOWN] = "Unknown",
		[SCHEMA_DUPLICATE] = "Duplicate",
		[SCHEMA_BAD_LENGTH] = "BadLength",
		[SCHEMA_BAD_RANGE] = "BadRange",
		[SCHEMA_BAD_ENUM] = "BadEnum",
		[SCHEMA_BAD_FORMAT] = "BadFormat",
		[SCHEMA_BAD_ITEMS] = "BadItems",
		[SCHEMA_NO_MEMORY] = "NoMemory",
	};

	if ((size_t)fault >= sizeof(names) / sizeof(names[0]))
		return "Unknown fault";
	return names[fault];
}
