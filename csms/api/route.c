#include "csms/api/route.h"

#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *route_unescape(struct arena *a, const char *s, size_t len, bool plus)
{
	char *out = arena_alloc(a, len + 1);
	size_t n = 0;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		if (c == '%') {
			int hi = i + 2 < len ? hex_digit(s[i + 1]) : -1;
			int lo = i + 2 < len ? hex_digit(s[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return NULL;
			c = (char)(hi * 16 + lo);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if ((unsigned char)c < 0x20 || c == 0x7f)
			return NULL;
		out[n++] = c;
	}
	return schema_utf8_check(out, n, NULL) ? out : NULL;
}

static size_t segment_length(const char *s)
{
	return strcspn(s, "/");
}

/* Does the path fit the pattern? Raw parameters go to `param` and `len`; returns their number or
 * -1. An empty segment fits nothing. */
static int pattern_match(const char *pattern, const char *path, const char *param[], size_t len[])
{
	int n = 0;

	while (*pattern == '/' && *path == '/') {
		size_t p = segment_length(++pattern), q = segment_length(++path);
		if (pattern[0] == '{') {
			if (q == 0 || n == ROUTE_PARAMS)
				return -1;
			param[n] = path;
			len[n++] = q;
		} else if (p != q || memcmp(pattern, path, p) != 0) {
			return -1;
		}
		pattern += p;
		path += q;
	}
	return *pattern == '\0' && *path == '\0' ? n : -1;
}

/* Is `name` one of the words in `words`? */
static bool word_in(const char *words, const char *name)
{
	size_t len = strlen(name);

	for (const char *w = words; *w != '\0';) {
		size_t n = strcspn(w, " ");
		if (n == len && memcmp(w, name, n) == 0)
			return true;
		w += n + (w[n] == ' ');
	}
	return false;
}

static int query_parse(const char *query, struct arena *a, struct route_match *out, char why[200])
{
	for (const char *q = query; *q != '\0';) {
		size_t len = strcspn(q, "&");
		size_t name_len = strcspn(q, "=&");
		if (len > 0) {
			size_t skip = name_len + (name_len < len);
			char *name = route_unescape(a, q, name_len, true);
			char *value = route_unescape(a, q + skip, len - skip, true);
			if (name == NULL || value == NULL) {
				snprintf(why, 200, "the query holds a broken %%XX escape");
				return 400;
			}
			if (!word_in(out->row->query, name)) {
				/* Others call back with what they like (RFC 6749, 4.1.2). */
				if (word_in(out->row->query, "*")) {
					q += len + (q[len] == '&');
					continue;
				}
				snprintf(why, 200,
					"unknown parameter \"%.60s\"; this path takes: %.100s",
					name, out->row->query[0] ? out->row->query : "none");
				return 400;
			}
			if (out->query_count == ROUTE_QUERY || route_query(out, name) != NULL) {
				snprintf(why, 200, "parameter \"%.60s\" is given twice", name);
				return 400;
			}
			out->query[out->query_count].name = name;
			out->query[out->query_count++].value = value;
		}
		q += len + (q[len] == '&');
	}
	return 200;
}

static int params_unescape(const char *const raw[], const size_t len[], int n, struct arena *a,
	struct route_match *out, char why[200])
{
	for (int i = 0; i < n; i++) {
		out->param[i] = route_unescape(a, raw[i], len[i], false);
		if (out->param[i] == NULL) {
			snprintf(why, 200, "the path holds a broken %%XX escape");
			return 400;
		}
	}
	return 200;
}

static void allow_add(char why[200], const char *method)
{
	size_t used = strlen(why);

	if (used < 180)
		snprintf(why + used, 200 - used, "%s%s", used > 0 ? ", " : "", method);
}

int route_find(const struct route *table, size_t count, const char *method, const char *path,
	const char *query, struct arena *a, struct route_match *out, char why[200])
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	const char *raw[ROUTE_PARAMS];
	size_t len[ROUTE_PARAMS];

	why[0] = '\0';
	*out = (struct route_match){0};
	for (size_t i = 0; i < count; i++) {
		int n = pattern_match(table[i].pattern, path, raw, len);
		if (n < 0)
			continue;
		if (strcmp(table[i].method, wanted) != 0) {
			allow_add(why, table[i].method);
			continue;
		}
		why[0] = '\0';
		out->row = &table[i];
		int status = params_unescape(raw, len, n, a, out, why);
		return status == 200 ? query_parse(query, a, out, why) : status;
	}
	if (why[0] != '\0')
		return 405;
	snprintf(why, 200, "no such path; GET /api/v1 lists all of them");
	return 404;
}

const char *route_query(const struct route_match *m, const char *name)
{
	for (int i = 0; i < m->query_count; i++)
		if (strcmp(m->query[i].name, name) == 0)
			return m->query[i].value;
	return NULL;
}
