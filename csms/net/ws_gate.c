#include "csms/net/ws_gate.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_identifier_char(unsigned char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c && strchr("*-_=+|@.", c); /* and ':', which would split the Basic credentials */
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One character of a path, percent-decoded, at *p; -1 for a bad escape. */
static int next_char(const char **p)
{
	int high, low;

	if (**p != '%')
		return (unsigned char)*(*p)++;
	high = hex_digit((*p)[1]);
	low = high < 0 ? -1 : hex_digit((*p)[2]);
	if (low < 0)
		return -1;
	*p += 3;
	return high << 4 | low;
}

static bool at_end(const char *p)
{
	return !*p || *p == '?';
}

int ws_gate_identity(
	const char *target, const char *base, char identity[WS_IDENTITY_MAX + 1], const char **why)
{
	size_t base_len = strlen(base), n = 0;
	const char *p;

	while (base_len && base[base_len - 1] == '/') /* "/" as base means the root */
		base_len--;
	*why = "path is not below the OCPP endpoint";
	if (strncmp(target, base, base_len) || target[base_len] != '/')
		return -1;
	p = target + base_len + 1;
	while (!at_end(p) && *p != '/') {
		int c = next_char(&p);

		*why = c < 0 ? "bad percent-escape in the identity"
			     : "identity is not an identifierString without ':'";
		if (c < 0 || !is_identifier_char((unsigned char)c))
			return -1;
		*why = "identity is longer than 48 characters";
		if (n == WS_IDENTITY_MAX)
			return -1;
		identity[n++] = (char)c;
	}
	identity[n] = '\0';
	*why = "identity is nothing but dots"; /* of which a path is made, not a name */
	if (n && strspn(identity, ".") == n)
		return -1;
	if (*p == '/')
		p++;
	*why = n ? "path goes on after the identity" : "identity is empty";
	return n && at_end(p) ? 0 : -1;
}

/* Strict base64 (RFC 4648): whole groups, padding at the end only. Length, or -1. */
static int decode_base64(const char *text, unsigned char *out, size_t size)
{
	size_t len = strlen(text), pad = 0;
	int n;

	if (!len || len % 4 || len / 4 * 3 > size)
		return -1;
	if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") !=
		len)
		return -1;
	pad = strlen(text + strcspn(text, "="));
	if (pad > 2 || strspn(text + len - pad, "=") != pad)
		return -1;
	n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	return n < 0 ? -1 : n - (int)pad;
}

bool ws_gate_basic(const char *authorization, struct ws_basic *out)
{
	unsigned char plain[WS_BASIC_MAX], *colon;
	size_t user_len;
	int len;

	if (strncasecmp(authorization, "Basic", 5) || authorization[5] != ' ')
		return false;
	authorization += 5;
	authorization += strspn(authorization, " ");
	len = decode_base64(authorization, plain, sizeof(plain));
	colon = len > 0 ? memchr(plain, ':', (size_t)len) : NULL;
	if (!colon)
		return false;
	user_len = (size_t)(colon - plain);
	if (memchr(plain, '\0', user_len))
		return false;
	memcpy(out->user, plain, user_len);
	out->user[user_len] = '\0';
	out->password_len = (size_t)len - user_len - 1;
	memcpy(out->password, colon + 1, out->password_len);
	explicit_bzero(plain, sizeof(plain));
	return true;
}

static bool is_good_key(const char *key)
{
	unsigned char nonce[18];

	return key && strlen(key) == 24 && decode_base64(key, nonce, sizeof(nonce)) == 16;
}

static bool is_there_twice(const struct http_head *h, const char *name)
{
	int count = 0;

	for (int i = 0; i < h->field_count; i++)
		count += strcmp(h->fields[i].name, name) == 0;
	return count > 1;
}

int ws_gate_upgrade(const struct http_head *h, const char **why)
{
	const char *version = http_head_get(h, "sec-websocket-version");

	*why = "only GET can be upgraded to a WebSocket";
	if (strcmp(h->method, "GET"))
		return 405;
	*why = "this is a WebSocket endpoint: the request asks for no upgrade";
	if (h->minor_version != 1 || !http_head_has_token(h, "upgrade", "websocket") ||
		!http_head_has_token(h, "connection", "upgrade"))
		return 426;
	*why = "only WebSocket version 13 is spoken here";
	if (!version || strcmp(version, "13"))
		return 426;
	*why = "Sec-WebSocket-Key is missing or bad";
	if (!is_good_key(http_head_get(h, "sec-websocket-key")))
		return 400;
	*why = "Sec-WebSocket-Key or -Version is there twice";
	if (is_there_twice(h, "sec-websocket-key") || is_there_twice(h, "sec-websocket-version"))
		return 400;
	/* It would be taken for frames here, and for a body by a proxy on the way. */
	*why = "a request to upgrade has no body";
	if (http_head_body_length(h, 0) != 0)
		return 400;
	*why = "Host is missing";
	return http_head_get(h, "host") ? 101 : 400;
}

void ws_gate_accept_key(const char *key, char accept[29])
{
	unsigned char text[64], digest[SHA_DIGEST_LENGTH];
	int n = snprintf(
		(char *)text, sizeof(text), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);

	SHA1(text, (size_t)n, digest);
	EVP_EncodeBlock((unsigned char *)accept, digest, sizeof(digest));
}

static const char *extra_headers(int status)
{
	switch (status) {
	case 401:
		return "WWW-Authenticate: Basic realm=\"OCPP\", charset=\"UTF-8\"\r\n";
	case 405:
		return "Allow: GET\r\n";
	case 426:
		return "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
	case 429:
	case 503:
		return "Retry-After: 30\r\n";
	default:
		return "";
	}
}

size_t ws_gate_refusal(int status, char out[WS_REPLY_MAX])
{
	const char *reason = http_reason(status);

	return (size_t)snprintf(out, WS_REPLY_MAX,
		"HTTP/1.1 %d %s\r\n%sContent-Type: text/plain\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n%s\n",
		status, reason, extra_headers(status), strlen(reason) + 1, reason);
}

size_t ws_gate_acceptance(const struct http_head *h, const char *protocol, const char *extension,
	char out[WS_REPLY_MAX])
{
	char accept[29];

	ws_gate_accept_key(http_head_get(h, "sec-websocket-key"), accept);
	return (size_t)snprintf(out, WS_REPLY_MAX,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n%s%.64s%s%s%.128s%s\r\n",
		accept, protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "",
		protocol ? "\r\n" : "", extension ? "Sec-WebSocket-Extensions: " : "",
		extension ? extension : "", extension ? "\r\n" : "");
}
