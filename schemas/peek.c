#include "schemas/peek.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *peek_open(struct peek *p, const char *text, size_t len, struct arena *a, size_t *at)
{
	p->text = text;
	p->spans.count = 0;
	p->spans.at = arena_alloc(a, json_spans_max(len) * sizeof *p->spans.at);
	*at = 0;
	return p->spans.at ? json_check(text, len, &p->spans, at) : "no memory";
}

char peek_kind(const struct peek *p, int value)
{
	char c = p->text[p->spans.at[value].start];

	return c == '-' || (c >= '0' && c <= '9') ? 'd' : c;
}

int peek_first(const struct peek *p, int value)
{
	char kind = peek_kind(p, value);
	size_t i = (size_t)value + 1;

	if ((kind != '{' && kind != '[') || i >= p->spans.count ||
		p->spans.at[i].start >= p->spans.at[value].end)
		return -1;
	return (int)i;
}

int peek_next(const struct peek *p, int parent, int child)
{
	size_t end = p->spans.at[child].end, i = (size_t)child + 1;

	while (i < p->spans.count && p->spans.at[i].start < end)
		i++;
	return i < p->spans.count && p->spans.at[i].start < p->spans.at[parent].end ? (int)i : -1;
}

static bool is_escaped(const char *begin, const char *quote)
{
	const char *s = quote;

	while (s > begin && s[-1] == '\\')
		s--;
	return (quote - s) % 2;
}

/* Back from the value over ':' and blanks to the quote, then to the one that begins the name. */
const char *peek_key(const struct peek *p, int parent, int child, size_t *len)
{
	const char *begin = p->text + p->spans.at[parent].start;
	const char *end = p->text + p->spans.at[child].start, *s;

	while (end > begin && *--end != '"')
		;
	for (s = end; s > begin && (s[-1] != '"' || is_escaped(begin, s - 1)); s--)
		;
	*len = (size_t)(end - s);
	return s;
}

/* Is the name as it is written the one that a pointer means, "~1" and "~0" taken back? */
static bool is_token(const char *key, size_t len, const char *token, size_t token_len)
{
	size_t k = 0;

	for (size_t i = 0; i < token_len; i++, k++) {
		char c = token[i];

		if (c == '~' && i + 1 < token_len && (token[i + 1] == '0' || token[i + 1] == '1'))
			c = token[++i] == '0' ? '~' : '/';
		if (k >= len || key[k] != c)
			return false;
	}
	return k == len;
}

static int member(const struct peek *p, int value, const char *token, size_t len)
{
	for (int m = peek_first(p, value); m >= 0; m = peek_next(p, value, m)) {
		size_t n;
		const char *key = peek_key(p, value, m, &n);

		if (is_token(key, n, token, len))
			return m;
	}
	return -1;
}

static int item(const struct peek *p, int value, const char *token, size_t len)
{
	char *end;
	long wanted = len ? strtol(token, &end, 10) : -1;
	int i = wanted < 0 || end != token + len ? -1 : peek_first(p, value);

	while (i >= 0 && wanted-- > 0)
		i = peek_next(p, value, i);
	return i;
}

int peek_find(const struct peek *p, int value, const char *pointer)
{
	while (value >= 0 && *pointer == '/') {
		size_t len = strcspn(++pointer, "/");
		char kind = peek_kind(p, value);

		value = kind == '{'   ? member(p, value, pointer, len)
			: kind == '[' ? item(p, value, pointer, len)
				      : -1;
		pointer += len;
	}
	return *pointer ? -1 : value;
}

const char *peek_text(const struct peek *p, int value, size_t *len)
{
	*len = p->spans.at[value].end - p->spans.at[value].start;
	return p->text + p->spans.at[value].start;
}

bool peek_word(const struct peek *p, int value, char *out, size_t size)
{
	size_t len;
	const char *s = peek_text(p, value, &len);
	char kind = peek_kind(p, value);

	if (kind == '"') {
		s++;
		len -= 2;
	} else if (kind != 'd') {
		return false;
	}
	if (len >= size || memchr(s, '\\', len))
		return false;
	memcpy(out, s, len);
	out[len] = '\0';
	return true;
}

bool peek_number(const struct peek *p, int value, double *out)
{
	char word[40], *end;
	double x;

	if (!peek_word(p, value, word, sizeof word) || !word[0] ||
		strspn(word, "+-.0123456789eE") != strlen(word))
		return false;
	x = strtod(word, &end);
	if (*end || !isfinite(x))
		return false;
	*out = x;
	return true;
}
