/*
 * YAML files into the same rows as JSON messages: libyaml parses, the codec validates, and a
 * complaint names file, line and path. The only owner of <yaml.h>.
 */
#ifndef SCHEMAS_YAML_H
#define SCHEMAS_YAML_H

#include "schemas/codec.h"

/* Decodes the YAML document in `text` by `type`. Plain scalars that look like numbers, booleans or
 * null are those; quoted ones are strings; where the row wants a string a plain scalar is one.
 * Aliases, tags and more than one document are refused. On error NULL, and `where` (if not NULL)
 * holds one line for a person: "depot.yaml:17: nodes[3].limit_w: must be at least 0 but is -5". */
void *schema_yaml_decode(const struct schema_struct *type, const char *name, const char *text,
	size_t len, struct arena *a, char where[400]);

/* The same from a file of at most `max` bytes. */
void *schema_yaml_load(const struct schema_struct *type, const char *path, size_t max,
	struct arena *a, char where[400]);

/* A complaint about what only others can judge, in the same form: finds the line of `path` in the
 * file, or the nearest above it. */
void schema_yaml_complain(
	const char *file, size_t max, const char *path, const char *text, char where[400]);

/* The same of a text. */
void schema_yaml_complain_text(const char *name, const char *text, size_t len, const char *path,
	const char *words, char where[400]);

#endif
