#include "schemas/json.h"

#include <string.h>

#include "schemas/codec.h"

struct scan {
	const char *p; /* next byte */
	const char *end;
	const char *text;
	struct json_spans *spans;
	const char *wrong;
};

static bool stop(struct scan *s, const char *what)
{
	s->wrong = what;
	return false;
}

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

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

/* Four hex digits, or -1. */
static int hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int h = hex_digit(p[i]);

		if (h < 0)
			return -1;
		v = v * 16 + h;
	}
	return v;
}

/* At the letter after a backslash. */
static bool scan_escape(struct scan *s)
{
	int v, low;

	if (s->p == s->end || *s->p == '\0' || !strchr("\"\\/bfnrtu", *s->p))
		return stop(s, "bad escape");
	if (*s->p++ != 'u')
		return true;
	v = hex4(s->p, s->end);
	if (v < 0)
		return stop(s, "bad \\u escape");
	if (v == 0)
		return stop(s, "NUL character");
	s->p += 4;
	if (v < 0xd800 || v > 0xdfff)
		return true;
	low = s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u' ? hex4(s->p + 2, s->end) : -1;
	if (v > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return stop(s, "lone surrogate");
	s->p += 6;
	return true;
}

static bool scan_string(struct scan *s)
{
	if (s->p == s->end || *s->p != '"')
		return stop(s, "expected a string");
	s->p++;
	while (s->p < s->end) {
		unsigned char c = (unsigned char)*s->p;

		if (c < 0x20)
			return stop(s, "control character in a string");
		s->p++;
		if (c == '"')
			return true;
		if (c == '\\' && !scan_escape(s))
			return false;
	}
	return stop(s, "text ends in a string");
}

static bool scan_digits(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > start;
}

static bool scan_number(struct scan *s)
{
	bool good = true;

	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else
		good = scan_digits(s);
	if (good && s->p < s->end && *s->p == '.') {
		s->p++;
		good = scan_digits(s);
	}
	if (good && s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		good = scan_digits(s);
	}
	return good || stop(s, "bad number");
}

static bool scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return stop(s, "expected a value");
	s->p += n;
	return true;
}

static bool scan_value(struct scan *s, int depth);

/* The members of an object or items of an array, from its opening bracket to its closing one. */
static bool scan_members(struct scan *s, char close, int depth)
{
	if (depth > JSON_MAX_DEPTH)
		return stop(s, "nested too deep");
	s->p++;
	skip_space(s);
	if (s->p < s->end && *s->p == close) {
		s->p++;
		return true;
	}
	for (;;) {
		skip_space(s);
		if (close == '}') {
			if (!scan_string(s))
				return false;
			skip_space(s);
			if (s->p == s->end || *s->p != ':')
				return stop(s, "expected ':'");
			s->p++;
		}
		if (!scan_value(s, depth))
			return false;
		skip_space(s);
		if (s->p == s->end || (*s->p != ',' && *s->p != close))
			return stop(
				s, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
		if (*s->p++ == close)
			return true;
	}
}

static bool scan_token(struct scan *s, int depth)
{
	switch (*s->p) {
	case '{':
		return scan_members(s, '}', depth + 1);
	case '[':
		return scan_members(s, ']', depth + 1);
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
			return scan_number(s);
		return stop(s, "expected a value");
	}
}

static bool scan_value(struct scan *s, int depth)
{
	struct json_span *span;

	skip_space(s);
	if (s->p == s->end)
		return stop(s, "text ends too early");
	span = &s->spans->at[s->spans->count++];
	span->start = (size_t)(s->p - s->text);
	if (!scan_token(s, depth))
		return false;
	span->end = (size_t)(s->p - s->text);
	return true;
}

size_t json_spans_max(size_t len)
{
	/* A value takes a byte of its own and a comma, or both brackets; the last of a list takes no
	 * comma, but its list does. Where the text breaks off, closing brackets are missing, one a
	 * level, and the level that goes too far. */
	return len / 2 + JSON_MAX_DEPTH + 2;
}

const char *json_check(const char *text, size_t len, struct json_spans *spans, size_t *at)
{
	struct scan s = {text, text + len, text, spans, NULL};

	spans->count = 0;
	*at = 0;
	if (!schema_utf8_check(text, len, NULL))
		return "not UTF-8, or a NUL byte inside";
	if (scan_value(&s, 0)) {
		skip_space(&s);
		if (s.p == s.end)
			return NULL;
		s.wrong = "text after the end";
	}
	*at = (size_t)(s.p - text);
	return s.wrong;
}

void json_compact(const char *p, const char *end, char *out)
{
	bool quoted = false;

	for (; p < end; p++) {
		if (!quoted && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
			continue;
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '\\')
			*out++ = *p++;
		*out++ = *p;
	}
	*out = '\0';
}
