#include "csms/station/signed.h"
#include <stdio.h>
#include <string.h>
#include "gen/event.h"

static const char suffix[] = "-Signed";

bool signed_is(const struct ocpp_frame *f)
{
	size_t n = strlen(f->action), m = sizeof suffix - 1;

	return n > m && strcmp(f->action + n - m, suffix) == 0;
}

/* base64url without padding (RFC 7515, 2); NULL: it is none. */
static char *decode(const char *text, struct arena *a)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strlen(text), n = 0;
	char *out = arena_alloc(a, len / 4 * 3 + 4);
	unsigned bits = 0;

	if (!out || len % 4 == 1)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		const char *d = strchr(digits, text[i]);

		if (!d)
			return NULL;
		bits = bits << 6 | (unsigned)(d - digits);
		if (i % 4)
			out[n++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
	}
	out[n] = '\0';
	return strlen(out) == n ? out : NULL;
}

const char *signed_unwrap(const struct ocpp_frame *f, struct arena *a, size_t *len)
{
	struct schema_error err;
	const struct event_signed_message *jws =
		schema_decode(&event_signed_message_type, f->payload.at, f->payload.len, a, &err);
	char *payload = jws ? decode(jws->payload, a) : NULL;
	char action[OCPP_ACTION_SIZE], *copy = NULL;
	struct text t;

	if (!payload)
		return NULL;
	snprintf(action, sizeof action, "%.*s", (int)(strlen(f->action) - (sizeof suffix - 1)),
		f->action);
	text_init(&t, 0);
	if (ocpp_write_call(&t, f->id.text, action, payload) == 0)
		copy = arena_strndup(a, t.data, t.len);
	*len = t.len;
	text_finish(&t);
	return copy;
}
