#include "ocpp/scan.h"

#include "schemas/codec.h"

#include <string.h>

void ocpp_scan_space(struct ocpp_scan *s)
{
	while (s->at < s->len) {
		char c = s->text[s->at];
		if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			break;
		s->at++;
	}
}

int ocpp_scan_peek(const struct ocpp_scan *s)
{
	return s->at < s->len ? (unsigned char)s->text[s->at] : -1;
}

static bool refuse(struct ocpp_scan *s, const char *why)
{
	s->why = why;
	return false;
}

bool ocpp_scan_char(struct ocpp_scan *s, char c, const char *why)
{
	ocpp_scan_space(s);
	if (ocpp_scan_peek(s) != (unsigned char)c)
		return refuse(s, why);
	s->at++;
	return true;
}

static int hex_value(int c)
{
	if (ocpp_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The cursor stands behind a backslash. */
static bool scan_escape(struct ocpp_scan *s)
{
	int c = ocpp_scan_peek(s);
	if (c <= 0 || !strchr("\"\\/bfnrtu", c))
		return refuse(s, "unknown escape in a string");
	s->at++;
	for (int i = 0; c == 'u' && i < 4; i++, s->at++) {
		if (hex_value(ocpp_scan_peek(s)) < 0)
			return refuse(s, "\\u wants four hexadecimal digits");
	}
	return true;
}

bool ocpp_scan_string(struct ocpp_scan *s, struct ocpp_slice *out)
{
	if (ocpp_scan_peek(s) != '"')
		return refuse(s, "expected a string");
	size_t start = ++s->at;
	bool is_ascii = true;
	for (;;) {
		int c = ocpp_scan_peek(s);
		if (c < 0)
			return refuse(s, "the text ends inside a string");
		if (c < 0x20)
			return refuse(s, "control character in a string");
		s->at++;
		if (c == '"')
			break;
		if (c == '\\' && !scan_escape(s))
			return false;
		is_ascii = is_ascii && c < 0x80;
	}
	*out = (struct ocpp_slice){s->text + start, s->at - start - 1};
	if (!is_ascii && !schema_utf8_check(out->at, out->len, NULL)) {
		s->at = start;
		return refuse(s, "a string is not UTF-8");
	}
	return true;
}

static bool scan_digits(struct ocpp_scan *s)
{
	if (!ocpp_is_digit(ocpp_scan_peek(s)))
		return refuse(s, "a number wants a digit here");
	while (ocpp_is_digit(ocpp_scan_peek(s)))
		s->at++;
	return true;
}

static bool scan_number(struct ocpp_scan *s)
{
	if (ocpp_scan_peek(s) == '-')
		s->at++;
	bool has_zero = ocpp_scan_peek(s) == '0';
	size_t start = s->at;
	if (!scan_digits(s))
		return false;
	if (has_zero && s->at > start + 1)
		return refuse(s, "a number has a zero in front");
	if (ocpp_scan_peek(s) == '.') {
		s->at++;
		if (!scan_digits(s))
			return false;
	}
	if (ocpp_scan_peek(s) == 'e' || ocpp_scan_peek(s) == 'E') {
		s->at++;
		if (ocpp_scan_peek(s) == '+' || ocpp_scan_peek(s) == '-')
			s->at++;
		if (!scan_digits(s))
			return false;
	}
	return true;
}

static bool scan_word(struct ocpp_scan *s, const char *word)
{
	size_t len = strlen(word);
	if (s->len - s->at < len || memcmp(s->text + s->at, word, len) != 0)
		return refuse(s, "expected a JSON value");
	s->at += len;
	return true;
}

static bool scan_array(struct ocpp_scan *s, int depth)
{
	s->at++;
	ocpp_scan_space(s);
	if (ocpp_scan_peek(s) == ']') {
		s->at++;
		return true;
	}
	for (;;) {
		if (!ocpp_scan_value(s, depth + 1))
			return false;
		ocpp_scan_space(s);
		if (ocpp_scan_peek(s) == ']')
			break;
		if (!ocpp_scan_char(s, ',', "expected ',' or ']'"))
			return false;
	}
	s->at++;
	return true;
}

static bool scan_member(struct ocpp_scan *s, int depth)
{
	struct ocpp_slice key;
	ocpp_scan_space(s);
	if (!ocpp_scan_string(s, &key))
		return false;
	return ocpp_scan_char(s, ':', "expected ':'") && ocpp_scan_value(s, depth + 1);
}

static bool scan_object(struct ocpp_scan *s, int depth)
{
	s->at++;
	ocpp_scan_space(s);
	if (ocpp_scan_peek(s) == '}') {
		s->at++;
		return true;
	}
	for (;;) {
		if (!scan_member(s, depth))
			return false;
		ocpp_scan_space(s);
		if (ocpp_scan_peek(s) == '}')
			break;
		if (!ocpp_scan_char(s, ',', "expected ',' or '}'"))
			return false;
	}
	s->at++;
	return true;
}

bool ocpp_scan_value(struct ocpp_scan *s, int depth)
{
	struct ocpp_slice string;
	ocpp_scan_space(s);
	int c = ocpp_scan_peek(s);
	if ((c == '[' || c == '{') && depth >= s->depth_max)
		return refuse(s, "nested too deep");
	switch (c) {
	case '{':
		return scan_object(s, depth);
	case '[':
		return scan_array(s, depth);
	case '"':
		return ocpp_scan_string(s, &string);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		if (c == '-' || ocpp_is_digit(c))
			return scan_number(s);
		return refuse(s, c < 0 ? "the text ends too early" : "expected a JSON value");
	}
}

static unsigned hex4(const char *p)
{
	unsigned v = 0;
	for (int i = 0; i < 4; i++)
		v = v << 4 | (unsigned)hex_value((unsigned char)p[i]);
	return v;
}

/* Reads the \u escape at `p` (behind the 'u'), a surrogate pair as one; the code point, 0 if it is
 * no character (NUL, half a pair). `*used` is set to the bytes read. */
static unsigned read_unicode(const char *p, const char *end, size_t *used)
{
	unsigned v = hex4(p);
	*used = 4;
	if (v < 0xd800 || v > 0xdfff)
		return v;
	if (v > 0xdbff || end - p < 10 || p[4] != '\\' || p[5] != 'u')
		return 0;
	unsigned low = hex4(p + 6);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*used = 10;
	return 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
}

static size_t encode_utf8(unsigned v, char out[4])
{
	if (v < 0x80) {
		out[0] = (char)v;
		return 1;
	}
	if (v < 0x800) {
		out[0] = (char)(0xc0 | v >> 6);
		out[1] = (char)(0x80 | (v & 0x3f));
		return 2;
	}
	if (v < 0x10000) {
		out[0] = (char)(0xe0 | v >> 12);
		out[1] = (char)(0x80 | (v >> 6 & 0x3f));
		out[2] = (char)(0x80 | (v & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | v >> 18);
	out[1] = (char)(0x80 | (v >> 12 & 0x3f));
	out[2] = (char)(0x80 | (v >> 6 & 0x3f));
	out[3] = (char)(0x80 | (v & 0x3f));
	return 4;
}

/* The character at `*p`, moved past it, as UTF-8; its length, or 0 if it is none. */
static size_t next_character(const char **p, const char *end, char out[4])
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *s = *p;
	if (*s != '\\') {
		size_t n = 1;
		while (s + n < end && n < 4 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n++;
		memcpy(out, s, n);
		*p = s + n;
		return n;
	}
	if (s[1] != 'u') {
		out[0] = to[strchr(from, s[1]) - from];
		*p = s + 2;
		return 1;
	}
	size_t used;
	unsigned v = read_unicode(s + 2, end, &used);
	*p = s + 2 + used;
	return v == 0 ? 0 : encode_utf8(v, out);
}

bool ocpp_scan_unescape(struct ocpp_slice in, size_t points, char *out, size_t room)
{
	const char *p = in.at, *end = in.at + in.len;
	size_t n = 0;
	bool is_whole = true;
	for (size_t i = 0; p < end; i++) {
		char character[4];
		size_t len = i < points ? next_character(&p, end, character) : 0;
		is_whole = len > 0 && n + len < room;
		if (!is_whole)
			break;
		memcpy(out + n, character, len);
		n += len;
	}
	out[n] = '\0';
	return is_whole;
}
