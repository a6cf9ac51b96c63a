#include "tools/depotctl/replay_text.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/wall.h"

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Behind the string that begins at `p` with its quote. */
static const char *string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && p + 1 < end)
			p++;
	return p < end ? p + 1 : end;
}

static bool is_time(const char *p, const char *end, wall_t *out)
{
	return end - p >= 22 && wall_parse(p + 1, (size_t)(end - p) - 2, out);
}

void replay_shift(const char *json, size_t len, int64_t ms, struct text *out)
{
	const char *p = json, *end = json + len;
	char moved[WALL_TEXT_SIZE];
	wall_t at;

	while (p < end) {
		const char *next = *p == '"' ? string_end(p, end) : p + 1;

		if (*p == '"' && is_time(p, next, &at))
			text_printf(out, "\"%s\"", wall_format(wall_add_ms(at, ms), moved));
		else
			text_put(out, p, (size_t)(next - p));
		p = next;
	}
}

/* -- for a person ---------------------------------------------------------------------------- */

/* As many bytes of the string at `p` as make whole characters and whole escapes. */
static size_t whole(const char *p, size_t most)
{
	size_t n = 1;

	for (size_t step; n < most; n += step) {
		step = p[n] == '\\' ? (p[n + 1] == 'u' ? 6 : 2) : 1;
		while (((unsigned char)p[n + step] & 0xc0) == 0x80)
			step++;
		if (n + step > most)
			break;
	}
	return n;
}

void replay_cut(const char *json, struct text *out)
{
	const char *p = json, *end = json + strlen(json);

	while (p < end) {
		const char *next = *p == '"' ? string_end(p, end) : p + 1;
		size_t len = (size_t)(next - p);

		if (*p == '"' && len > REPLAY_SHOWN + 2)
			text_printf(out, "%.*s…\" (%zu bytes)", (int)whole(p, REPLAY_SHOWN), p,
				len - 2);
		else
			text_put(out, p, len);
		p = next;
	}
}

/* -- comparison ------------------------------------------------------------------------------ */

/* Behind the value at `p`. */
static const char *value_end(const char *p)
{
	const char *end = p + strlen(p);
	int depth = 0;

	do {
		p = skip_space(p);
		if (*p == '"')
			p = string_end(p, end);
		else if (*p == '{' || *p == '[')
			depth++, p++;
		else if (*p == '}' || *p == ']')
			depth--, p++;
		else if (*p == ',' || *p == ':')
			p++;
		else
			p += strcspn(p, " \t\r\n,:]}");
	} while (depth > 0 && *p != '\0');
	return p;
}

static bool same_string(const char *a, const char *b)
{
	const char *a_end = value_end(a), *b_end = value_end(b);
	wall_t t;

	if (is_time(a, a_end, &t) && is_time(b, b_end, &t))
		return true;
	if (strncmp(a, "\"***\"", 5) == 0 || strncmp(b, "\"***\"", 5) == 0)
		return true;
	return a_end - a == b_end - b && memcmp(a, b, (size_t)(a_end - a)) == 0;
}

static bool same_plain(const char *a, const char *b)
{
	size_t n = strcspn(a, " \t\r\n,:]}");
	char *a_end, *b_end;
	double x = strtod(a, &a_end), y = strtod(b, &b_end);

	if (a_end != a && b_end != b)
		return !(x < y) && !(x > y);
	return strcspn(b, " \t\r\n,:]}") == n && strncmp(a, b, n) == 0;
}

/* The value of a key in the object at `p`, or NULL. */
static const char *member(const char *p, const char *key, size_t len)
{
	for (p = skip_space(p + 1); *p == '"';) {
		const char *value = skip_space(value_end(p));
		bool found = strncmp(p, key, len) == 0;

		value = skip_space(value + 1);
		if (found)
			return value;
		p = skip_space(value_end(value));
		p = skip_space(p + (*p == ','));
	}
	return NULL;
}

/* Signed anew each time it is asked for, with its own time: what it says is in the status. */
static bool is_fresh(const char *key, const char *a, const char *b)
{
	static const char name[] = "\"ocspResult\"";

	return strncmp(key, name, sizeof name - 1) == 0 && *a == '"' && *b == '"';
}

/* All members of `a` stand alike in `b`; counts them. */
static bool holds(const char *a, const char *b, int *count)
{
	for (const char *p = skip_space(a + 1); *p == '"'; ++*count) {
		const char *key = p, *behind = value_end(p);
		const char *other = member(b, key, (size_t)(behind - key));

		p = skip_space(skip_space(behind) + 1);
		if (other == NULL || (!is_fresh(key, p, other) && !replay_alike(p, other)))
			return false;
		p = skip_space(value_end(p));
		p = skip_space(p + (*p == ','));
	}
	return true;
}

static bool same_object(const char *a, const char *b)
{
	int in_a = 0, in_b = 0;

	return holds(a, b, &in_a) && holds(b, a, &in_b) && in_a == in_b;
}

static bool same_array(const char *a, const char *b)
{
	a = skip_space(a + 1);
	b = skip_space(b + 1);
	while (*a != ']' && *b != ']' && *a != '\0' && *b != '\0') {
		if (!replay_alike(a, b))
			return false;
		a = skip_space(value_end(a));
		b = skip_space(value_end(b));
		a = skip_space(a + (*a == ','));
		b = skip_space(b + (*b == ','));
	}
	return *a == *b;
}

bool replay_alike(const char *a, const char *b)
{
	a = skip_space(a);
	b = skip_space(b);
	if (*a == '{')
		return *b == '{' && same_object(a, b);
	if (*a == '[')
		return *b == '[' && same_array(a, b);
	if (*a == '"')
		return *b == '"' && same_string(a, b);
	return *b != '{' && *b != '[' && *b != '"' && same_plain(a, b);
}
