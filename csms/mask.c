#include "csms/mask.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "schemas/text.h"

/* A SetVariables names the variable beside its value: all values of a text that names a secret are
 * hidden, since the order of keys is free. */
static const char *const secret_names[] = {"BasicAuthPassword"};
static const char *const value_keys[] = {"\"attributeValue\"", "\"basicAuthPassword\"",
	"\"apnPassword\"", "\"key\"", "\"password\""};

/* Names of components and variables compare without case (identifierString). */
static bool holds(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++)
		if (tolower((unsigned char)text[i]) == tolower((unsigned char)word[0]) &&
			strncasecmp(text + i, word, n) == 0)
			return true;
	return false;
}

static bool names_secret(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof secret_names / sizeof *secret_names; i++)
		if (holds(text, len, secret_names[i]))
			return true;
	/* SetNetworkProfile carries APN and VPN secrets under keys of their own. */
	return memmem(text, len, "\"connectionData\"", 16) != NULL;
}

/* Length of a key of ours at `p`, with the colon and the opening quote of its text value; 0: none. */
static size_t key_at(const char *p, const char *end)
{
	for (size_t i = 0; i < sizeof value_keys / sizeof *value_keys; i++) {
		size_t n = strlen(value_keys[i]);
		const char *q = p + n;

		if ((size_t)(end - p) <= n || strncasecmp(p, value_keys[i], n) != 0)
			continue;
		while (q < end && strchr(" \t\r\n", *q))
			q++;
		if (q == end || *q++ != ':')
			continue;
		while (q < end && strchr(" \t\r\n", *q))
			q++;
		if (q < end && *q == '"')
			return (size_t)(q + 1 - p);
	}
	return 0;
}

static const char *string_end(const char *p, const char *end)
{
	while (p < end && *p != '"')
		p += *p == '\\' && p + 1 < end ? 2 : 1;
	return p;
}

bool mask_is_secret(const char *variable)
{
	static const char *const words[] = {"password", "authorizationkey"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (holds(variable, strlen(variable), words[i]))
			return true;
	return false;
}

/* The token of a URL for files (csms/files.h), behind "/files/in/" or "/files/out/": 0 if there is
 * none at `p`. JSON may write the slashes with a backslash before them. */
static size_t token_at(const char *p, const char *end, const char **token)
{
	static const char *const prefixes[] = {
		"/files/in/", "/files/out/", "\\/files\\/in\\/", "\\/files\\/out\\/"};
	size_t n = 0;

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t len = strlen(prefixes[i]);

		if ((size_t)(end - p) <= len || memcmp(p, prefixes[i], len) != 0)
			continue;
		*token = p + len;
		while (*token + n < end && isalnum((unsigned char)(*token)[n]))
			n++;
	}
	return n;
}

/* Whoever can read a record must not be able to bring or fetch a file in a station's name. */
static const char *mask_tokens(struct arena *a, const char *text, size_t len)
{
	char *copy = NULL;
	const char *token, *end = text + len;

	for (const char *p = text; (p = memmem(p, (size_t)(end - p), "/files", 6)) != NULL; p++) {
		const char *start = p > text && p[-1] == '\\' ? p - 1 : p;
		size_t n = token_at(start, end, &token);

		if (!n)
			continue;
		if (!copy && !(copy = arena_strndup(a, text, len)))
			return NULL;
		memset(copy + (token - text), '*', n);
	}
	return copy ? copy : text;
}

const char *mask_secrets(struct arena *a, const char *text, size_t len, size_t *out_len)
{
	const char *end, *p;
	struct text t;
	char *copy;

	*out_len = len;
	text = mask_tokens(a, text, len);
	if (!text || !names_secret(text, len))
		return text;
	p = text;
	end = text + len;
	text_init(&t, 0);
	while (p < end) {
		size_t n = *p == '"' ? key_at(p, end) : 0;

		if (!n) {
			text_putc(&t, *p++);
			continue;
		}
		text_put(&t, p, n);
		text_puts(&t, "***");
		p = string_end(p + n, end);
	}
	copy = text_ok(&t) ? arena_strndup(a, t.data ? t.data : "", t.len) : NULL;
	*out_len = t.len;
	text_finish(&t);
	return copy;
}
