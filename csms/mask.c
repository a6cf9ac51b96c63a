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

const char *mask_secrets(struct arena *a, const char *text, size_t len, size_t *out_len)
{
	const char *end = text + len, *p = text;
	struct text t;
	char *copy;

	*out_len = len;
	if (!names_secret(text, len))
		return text;
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
