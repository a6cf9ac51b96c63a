#include "tools/genschema/genschema.h"

#include <ctype.h>
#include <string.h>

static bool is_low(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c);
}

/* A capital opens a new word after a small letter or digit, or before a small letter. */
static bool opens_word(const char *wire, size_t i)
{
	if (i == 0 || !isupper((unsigned char)wire[i]))
		return false;
	return is_low(wire[i - 1]) || islower((unsigned char)wire[i + 1]);
}

const char *gen_snake(struct arena *a, const char *wire)
{
	char *out = arena_alloc(a, 2 * strlen(wire) + 1);
	size_t n = 0;

	for (size_t i = 0; wire[i]; i++) {
		char c = isalnum((unsigned char)wire[i]) ? wire[i] : '_';

		if (opens_word(wire, i) && n > 0 && out[n - 1] != '_')
			out[n++] = '_';
		out[n++] = (char)tolower((unsigned char)c);
	}
	return out;
}

const char *gen_upper(struct arena *a, const char *snake)
{
	char *out = arena_strdup(a, snake);

	for (char *p = out; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return out;
}

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n > t && strcmp(s + n - t, tail) == 0;
}

const char *gen_stem(struct arena *a, const char *wire)
{
	size_t n = strlen(wire);

	if (ends_with(wire, "EnumType"))
		n -= strlen("EnumType");
	else if (ends_with(wire, "Type"))
		n -= strlen("Type");
	return arena_strndup(a, wire, n);
}

bool gen_is_keyword(const char *name)
{
	static const char *const keywords[] = {"auto", "bool", "break", "case", "char", "const",
		"continue", "default", "do", "double", "else", "enum", "extern", "float", "for",
		"goto", "if", "inline", "int", "long", "register", "restrict", "return", "short",
		"signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned",
		"void", "volatile", "while"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcmp(name, keywords[i]) == 0)
			return true;
	return false;
}
