/*
 * judge: what our codec says to messages, for tests/schema/differential.mjs.
 *
 * Reads lines "VERSION:TypeName<TAB>JSON" (VERSION: ocpp1.6 or ocpp2.0.1; TypeName: an OCPP action
 * and Request or Response) and answers each with a line: "ok", or "FAULT<TAB>PATH<TAB>MESSAGE". A message that decodes must encode and
 * decode again to the same text, or the answer is "UNSTABLE".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/ocpp16.h"
#include "gen/ocpp201.h"

static const struct {
	const char *prefix;
	const struct schema_action *actions;
	int count;
} versions[] = {
	{"ocpp1.6:", ocpp16_actions, OCPP16_ACTION_COUNT},
	{"ocpp2.0.1:", ocpp201_actions, OCPP201_ACTION_COUNT},
};

static const struct schema_struct *find_in(
	const struct schema_action *actions, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(actions[i].request->name, name) == 0)
			return actions[i].request;
		if (strcmp(actions[i].response->name, name) == 0)
			return actions[i].response;
	}
	return NULL;
}

static const struct schema_struct *find_type(const char *name)
{
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		size_t n = strlen(versions[i].prefix);

		if (strncmp(name, versions[i].prefix, n) == 0)
			return find_in(versions[i].actions, versions[i].count, name + n);
	}
	return NULL;
}

static bool is_stable(const struct schema_struct *type, const void *value, struct arena *a)
{
	struct schema_error err;
	struct text first, second;
	const void *again;
	bool same = false;

	text_init(&first, 0);
	text_init(&second, 0);
	if (schema_encode(type, value, &first) == 0) {
		again = schema_decode(type, first.data, first.len, a, &err);
		same = again && schema_encode(type, again, &second) == 0 &&
		       strcmp(first.data, second.data) == 0;
	}
	text_finish(&first);
	text_finish(&second);
	return same;
}

static bool judge(char *line, size_t len, struct arena *a)
{
	struct schema_error err;
	char *json = memchr(line, '\t', len);
	const struct schema_struct *type;
	const void *value;

	if (!json)
		return false;
	*json++ = '\0';
	type = find_type(line);
	if (!type)
		return false;
	value = schema_decode(type, json, len - (size_t)(json - line), a, &err);
	if (!value)
		printf("%s\t%s\t%s\n", schema_fault_name(err.fault), err.path, err.message);
	else
		puts(is_stable(type, value, a) ? "ok" : "UNSTABLE");
	return true;
}

int main(void)
{
	struct arena *a = arena_create(0);
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int rc = a ? 0 : 1;

	while (rc == 0 && (n = getline(&line, &room, stdin)) > 0) {
		if (line[n - 1] == '\n')
			n--;
		if (!judge(line, (size_t)n, a)) {
			fprintf(stderr, "judge: bad line: %.60s\n", line);
			rc = 1;
		}
		arena_reset(a);
	}
	free(line);
	arena_destroy(a);
	return rc;
}
