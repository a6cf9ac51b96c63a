#include "csms/mask.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "schemas/text.h"

/* A SetVariables names the variable beside its value: all values of a text that names a secret are
 * hidden, since the order of keys is free. */
static const char *const secret_names[] = {"BasicAuthPassword", "AuthorizationKey"};
static const char *const value_keys[] = {"\"attributeValue\"", "\"basicAuthPassword\""};
/* … of a SetNetworkProfile, under keys of their own. */
static const char *const network_keys[] = {"\"apnPassword\"", "\"key\"", "\"password\""};

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

static bool has_network(const char *text, size_t len)
{
	return memmem(text, len, "\"connectionData\"", 16) != NULL;
}

/* What a station tells of a customer: nobody needs it in a record of messages. */
static const char *const customer_keys[] = {"\"data\""};

static bool has_customer(const char *text, size_t len)
{
	return memmem(text, len, "\"NotifyCustomerInformation\"", 27) != NULL;
}

static bool names_secret(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof secret_names / sizeof *secret_names; i++)
		if (holds(text, len, secret_names[i]))
			return true;
	return has_network(text, len) || has_customer(text, len);
}

/* Keys of what stations tell: they are hidden in the entry that names a secret, and stay for the
 * other variables of the report. */
static const char *const told_keys[] = {"\"value\"", "\"actualValue\""};

/* Length of a key of the list at `p`, with the colon and the opening quote of its text value; 0: none. */
static size_t key_at(const char *const *keys, size_t count, const char *p, const char *end)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(keys[i]);
		const char *q = p + n;

		if ((size_t)(end - p) <= n || strncasecmp(p, keys[i], n) != 0)
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

/* -- entries of a report that name a secret ---------------------------------------------------- */

#define DEPTH_MAX   64
#define ENTRIES_MAX 16

struct entries {
	bool with_network; /* secrets of a network profile are in the text too */
	bool with_customer;
	size_t count;
	struct {
		const char *from, *to;
	} items[ENTRIES_MAX];
};

static void add_entry(struct entries *e, const char *from, const char *to, const char *end)
{
	if (e->count == ENTRIES_MAX) { /* too many to tell apart: all that follows */
		e->items[ENTRIES_MAX - 1].to = end;
		return;
	}
	e->items[e->count].from = from;
	e->items[e->count++].to = to;
}

static bool is_secret_name(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof secret_names / sizeof *secret_names; i++)
		if (strlen(secret_names[i]) == len && strncasecmp(s, secret_names[i], len) == 0)
			return true;
	return false;
}

/* "key":"AuthorizationKey": OCPP 1.6 has name and value side by side. `p` is where the name begins. */
static bool stands_beside(const char *text, const char *p)
{
	static const char key[] = "\"key\"";
	const size_t n = sizeof key - 1;

	while (p > text && strchr(" \t\r\n", p[-1]))
		p--;
	if (p == text || *--p != ':')
		return false;
	while (p > text && strchr(" \t\r\n", p[-1]))
		p--;
	return (size_t)(p - text) >= n && strncasecmp(p - n, key, n) == 0;
}

/* {…,"variable":{"name":"BasicAuthPassword"},…}: the object around the one that holds the name. A
 * text that is broken off, or deeper than any message, is hidden as a whole. */
static void find_entries(const char *text, const char *end, struct entries *out)
{
	const char *opened[DEPTH_MAX];
	bool hit[DEPTH_MAX] = {false};
	int depth = 0;

	out->count = 0;
	for (const char *p = text; p < end; p++) {
		if (*p == '"') {
			const char *close = string_end(p + 1, end);

			if (depth >= 1 && is_secret_name(p + 1, (size_t)(close - p - 1)))
				hit[depth >= 2 && !stands_beside(text, p) ? depth - 2 : depth - 1] =
					true;
			p = close;
		} else if (*p == '{') {
			if (depth == DEPTH_MAX)
				break;
			hit[depth] = false;
			opened[depth++] = p;
		} else if (*p == '}' && depth > 0 && hit[--depth]) {
			add_entry(out, opened[depth], p, end);
		}
	}
	while (depth-- > 0)
		if (hit[depth] || depth == DEPTH_MAX - 1)
			add_entry(out, depth == DEPTH_MAX - 1 ? text : opened[depth], end, end);
}

static bool is_within(const struct entries *e, const char *p)
{
	for (size_t i = 0; i < e->count; i++)
		if (p >= e->items[i].from && p < e->items[i].to)
			return true;
	return false;
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static size_t secret_at(const struct entries *e, const char *p, const char *end)
{
	size_t n = key_at(value_keys, COUNT(value_keys), p, end);

	if (!n && e->with_network)
		n = key_at(network_keys, COUNT(network_keys), p, end);
	if (!n && e->with_customer)
		n = key_at(customer_keys, COUNT(customer_keys), p, end);
	return n || !is_within(e, p) ? n : key_at(told_keys, COUNT(told_keys), p, end);
}

bool mask_is_secret(const char *variable)
{
	static const char *const words[] = {"password", "authorizationkey"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (holds(variable, strlen(variable), words[i]))
			return true;
	return false;
}

/* The token of a URL for files (csms/files/files.h), behind "/files/in/" or "/files/out/": 0 if there is
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

/* The password of "scheme://user:password@host", behind the slashes at `p`: 0 if there is none. */
static size_t url_password_at(const char *p, const char *end, const char **password)
{
	const char *colon = NULL, *at = NULL;

	for (; p < end && !strchr("\"/\\ \t\r\n?#", *p); p++) {
		if (*p == ':' && !colon)
			colon = p;
		if (*p == '@')
			at = p;
	}
	if (!colon || !at || at <= colon + 1)
		return 0;
	*password = colon + 1;
	return (size_t)(at - colon - 1);
}

/* Stations bring and fetch files with a name and password in the URL (GetLog, UpdateFirmware). */
static const char *mask_urls(struct arena *a, const char *text, size_t len)
{
	static const char plain[] = "://", escaped[] = ":\\/\\/";
	const char *password, *end = text + len;
	char *copy = NULL;

	for (const char *p = text; (p = memchr(p, ':', (size_t)(end - p))) != NULL; p++) {
		size_t left = (size_t)(end - p), skip = 0, n;

		if (left > 3 && memcmp(p, plain, 3) == 0)
			skip = 3;
		else if (left > 5 && memcmp(p, escaped, 5) == 0)
			skip = 5;
		n = skip ? url_password_at(p + skip, end, &password) : 0;
		if (!n)
			continue;
		if (!copy && !(copy = arena_strndup(a, text, len)))
			return NULL;
		memset(copy + (password - text), '*', n);
	}
	return copy ? copy : text;
}

/* -- what was sent ----------------------------------------------------------------------------- */

#define LEARNED_MAX   32
#define LEARNED_LEAST 8
#define LEARNED_MOST  80 /* hexadecimal digits of the longest password */

static char learned[LEARNED_MAX][LEARNED_MOST + 1];
static unsigned learned_next;

static void learn(const char *text)
{
	size_t len = strlen(text);

	if (len < LEARNED_LEAST || len > LEARNED_MOST)
		return;
	for (size_t i = 0; i < LEARNED_MAX; i++)
		if (strcmp(learned[i], text) == 0)
			return;
	memcpy(learned[learned_next++ % LEARNED_MAX], text, len + 1);
}

void mask_learn(const char *secret)
{
	char hex[LEARNED_MOST + 1];
	size_t len = strlen(secret);

	learn(secret);
	for (size_t i = 0; 2 * len <= LEARNED_MOST && i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)secret[i]);
	if (len && 2 * len <= LEARNED_MOST)
		learn(hex);
}

/* Sought in the text as it came: one secret may begin with another. */
const char *mask_learned(struct arena *a, const char *text, size_t len)
{
	char *copy = NULL;

	for (size_t i = 0; i < LEARNED_MAX; i++) {
		size_t n = strlen(learned[i]);
		const char *p = text;

		for (; n && (p = memmem(p, len - (size_t)(p - text), learned[i], n)) != NULL; p++) {
			if (!copy && !(copy = arena_strndup(a, text, len)))
				return NULL;
			memset(copy + (p - text), '*', n);
		}
	}
	return copy ? copy : text;
}

const char *mask_secrets(struct arena *a, const char *text, size_t len, size_t *out_len)
{
	const char *end, *p;
	struct entries entries;
	struct text t;
	char *copy;

	*out_len = len;
	text = mask_tokens(a, text, len);
	if (text)
		text = mask_urls(a, text, len);
	if (text)
		text = mask_learned(a, text, len);
	if (!text || !names_secret(text, len))
		return text;
	p = text;
	end = text + len;
	text_init(&t, 0);
	entries.with_network = has_network(text, len);
	entries.with_customer = has_customer(text, len);
	find_entries(text, end, &entries);
	while (p < end) {
		size_t n = *p == '"' ? secret_at(&entries, p, end) : 0;

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
