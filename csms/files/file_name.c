#include "csms/files/file_name.h"

#include <string.h>
#include <strings.h>

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

static const char *last_segment(const char *name)
{
	const char *start = name;

	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == '\\')
			start = p + 1;
	return start;
}

void file_name_clean(const char *name, char out[FILE_NAME_SIZE])
{
	const char *p = last_segment(name);
	size_t len, n = 0;

	p += strspn(p, ". ");
	len = strlen(p);
	/* The end tells what kind of file it is. */
	if (len > FILE_NAME_SIZE - 1)
		p += len - (FILE_NAME_SIZE - 1);
	for (; *p; p++)
		out[n++] = is_plain(*p) ? *p : '_';
	out[n] = '\0';
	if (n && out[0] == '.')
		out[0] = '_';
}

/* Copies a quoted string or a token; returns what follows it. */
static const char *read_value(const char *p, char *out, size_t size)
{
	bool is_quoted = *p == '"';
	size_t n = 0;

	if (is_quoted)
		p++;
	for (; *p && (is_quoted ? *p != '"' : !strchr("; \t", *p)); p++) {
		/* Not every backslash: some send C:\name as it is. */
		if (is_quoted && *p == '\\' && p[1] && strchr("\"\\", p[1]))
			p++;
		if (n + 1 < size)
			out[n++] = *p;
	}
	out[n] = '\0';
	return is_quoted && *p ? p + 1 : p;
}

bool file_name_parameter(const char *value, const char *parameter, char *out, size_t size)
{
	size_t len = strlen(parameter);
	const char *p = value + strcspn(value, ";");

	while (*p == ';') {
		bool is_it;

		p += 1 + strspn(p + 1, " \t");
		is_it = strncasecmp(p, parameter, len) == 0 && p[len] == '=';
		p += strcspn(p, "=;");
		if (*p == '=')
			p = read_value(p + 1, out, size);
		if (is_it)
			return true;
		p += strcspn(p, ";");
	}
	return false;
}

bool file_name_of_disposition(const char *value, char out[FILE_NAME_SIZE])
{
	char raw[600], *quote;

	if (!file_name_parameter(value, "filename", raw, sizeof raw)) {
		/* RFC 5987: UTF-8''name; what is encoded in it ends up as _ */
		if (!file_name_parameter(value, "filename*", raw, sizeof raw))
			return false;
		quote = strrchr(raw, '\'');
		if (quote)
			memmove(raw, quote + 1, strlen(quote));
	}
	file_name_clean(raw, out);
	return out[0] != '\0';
}
