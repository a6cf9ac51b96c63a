#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "csms/net/http_body.h"
#include "csms/net/http_head.h"
#include "csms/net/ws_deflate.h"
#include "csms/net/ws_gate.h"

/* Everything that is read from a stranger before he is known. */
static void gate(const struct http_head *h)
{
	char identity[WS_IDENTITY_MAX + 1], joined[256], reply[WS_REPLY_MAX];
	char response[WS_DEFLATE_RESPONSE_SIZE];
	const char *why, *authorization = http_head_get(h, "authorization");
	struct ws_basic basic;

	if (!ws_gate_identity(h->target, "/ocpp", identity, &why) && strchr(identity, ':'))
		abort();
	if (authorization && ws_gate_basic(authorization, &basic) &&
		basic.password_len + strlen(basic.user) > WS_BASIC_MAX)
		abort();
	if (http_head_join(h, "sec-websocket-extensions", joined, sizeof(joined)))
		ws_deflate_negotiate(joined, response);
	if (ws_gate_upgrade(h, &why) == 101 &&
		ws_gate_acceptance(h, "ocpp2.0.1", NULL, reply) >= sizeof(reply))
		abort();
}

static void body(const struct http_head *h, const char *bytes, size_t len)
{
	long long length = http_head_body_length(h, 4096);
	struct http_body b;
	size_t used = 0;

	if (length < -1)
		return;
	http_body_init(&b, length, 4096);
	while (used < len && !b.is_complete) {
		size_t piece = 1 + used % 7 < len - used ? 1 + used % 7 : len - used;
		long n = http_body_take(&b, bytes + used, piece);

		if (n < 0)
			break;
		used += (size_t)n;
	}
	if (b.bytes.len > 4096)
		abort();
	http_body_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int len = http_head_length(data, size, 0);
	struct http_head h;
	char *copy;

	if (len <= 0)
		return 0;
	copy = malloc((size_t)len);
	if (!copy)
		return 0;
	memcpy(copy, data, (size_t)len);
	if (!http_head_parse(copy, (size_t)len, &h)) {
		gate(&h);
		http_path_climbs(h.target);
		body(&h, (const char *)data + len, size - (size_t)len);
	}
	free(copy);
	return 0;
}
