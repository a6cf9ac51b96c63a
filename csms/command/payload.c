/* Payloads of commands: numbers filled in where the asker left them to us. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/command/private.h"
#include "ocpp/scan.h"

/* -- numbers ----------------------------------------------------------------------------------- */

/* Finds the key of the outermost object. 1: the cursor stands on its value; 0: it has no such key
 * (the cursor is behind the opening brace); -1: not an object. `is_empty` says it has no keys. */
static int find_key(struct ocpp_scan *s, const char *name, bool *is_empty)
{
	struct ocpp_slice key;
	size_t inside;

	ocpp_scan_space(s);
	if (!ocpp_scan_char(s, '{', "no object"))
		return -1;
	inside = s->at;
	ocpp_scan_space(s);
	*is_empty = ocpp_scan_peek(s) == '}';
	while (!*is_empty) {
		ocpp_scan_space(s);
		if (!ocpp_scan_string(s, &key) || !ocpp_scan_char(s, ':', "no colon"))
			return -1;
		ocpp_scan_space(s);
		if (key.len == strlen(name) && memcmp(key.at, name, key.len) == 0)
			return 1;
		if (!ocpp_scan_value(s, 1))
			return -1;
		ocpp_scan_space(s);
		if (ocpp_scan_peek(s) != ',')
			break;
		s->at++;
	}
	s->at = inside;
	return 0;
}

static struct ocpp_scan scan_of(const char *payload)
{
	return (struct ocpp_scan){.text = payload, .len = strlen(payload), .depth_max = 32};
}

char *payload_fill(const char *payload, const char *name, int64_t number)
{
	struct ocpp_scan s = scan_of(payload);
	bool is_empty = false;
	char *out = NULL;

	if (find_key(&s, name, &is_empty) != 0)
		return strdup(payload); /* it is there, or the codec will say what is wrong */
	if (asprintf(&out, "%.*s\"%s\":%lld%s%s", (int)s.at, payload, name, (long long)number,
		    is_empty ? "" : ",", payload + s.at) < 0)
		return NULL;
	return out;
}

int64_t payload_number(const char *payload, const char *name)
{
	struct ocpp_scan s = scan_of(payload);
	bool is_empty;

	return find_key(&s, name, &is_empty) == 1 ? strtoll(payload + s.at, NULL, 10) : 0;
}
