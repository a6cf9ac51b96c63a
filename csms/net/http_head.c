#include "csms/net/http_head.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 9110 5.6.2: what methods and field names are made of. */
static bool is_token_char(unsigned char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c && strchr("!#$%&'*+-.^_`|~", c);
}

int http_head_length(const unsigned char *bytes, size_t len, size_t seen)
{
	size_t end = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX, start = seen > 3 ? seen - 3 : 0;
	const unsigned char *found =
		start < end ? memmem(bytes + start, end - start, "\r\n\r\n", 4) : NULL;

	if (found)
		return (int)(found - bytes) + 4;
	return len >= HTTP_HEAD_MAX ? -431 : 0;
}

/* Cuts at the CRLF that ends the line at `p`; the next line, or NULL for a bare CR or LF. */
static char *cut_line(char *p)
{
	char *end = strpbrk(p, "\r\n");

	if (!end || end[0] != '\r' || end[1] != '\n')
		return NULL;
	*end = '\0';
	return end + 2;
}

static int parse_request_line(char *line, struct http_head *h)
{
	char *p = line, *version;

	while (is_token_char((unsigned char)*p))
		p++;
	if (p == line || *p != ' ')
		return -400;
	*p++ = '\0';
	h->method = line;
	h->target = p;
	version = strchr(p, ' ');
	if (!version)
		return -400;
	*version++ = '\0';
	if (strncmp(version, "HTTP/", 5))
		return -400;
	if (strcmp(version, "HTTP/1.1") && strcmp(version, "HTTP/1.0"))
		return -505;
	h->minor_version = version[7] - '0';
	for (; *p; p++) {
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || *p == '#')
			return -400;
	}
	return 0;
}

/* "http://host/path" (RFC 9112 3.2.2) means the path. */
static int strip_authority(struct http_head *h)
{
	const char *p = h->target;

	if (!strncasecmp(p, "http://", 7) || !strncasecmp(p, "https://", 8)) {
		p = strchr(strstr(p, "//") + 2, '/');
		h->target = p ? p : "/";
	}
	return h->target[0] == '/' || !strcmp(h->target, "*") ? 0 : -400;
}

static int parse_field(char *line, struct http_head *h)
{
	char *p = line, *end;

	if (h->field_count == HTTP_FIELDS_MAX)
		return -431;
	for (; is_token_char((unsigned char)*p); p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
	if (p == line || *p != ':')
		return -400;
	*p++ = '\0';
	p += strspn(p, " \t");
	end = p + strlen(p);
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	for (const char *c = p; *c; c++) {
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return -400;
	}
	h->fields[h->field_count++] = (struct http_field){line, p};
	return 0;
}

/* Two values where one decides who asks, or of whom: what stands before us may have read the other
 * (RFC 9112 3.2). */
static bool has_rivals(const struct http_head *h)
{
	static const char *const single[] = {"host", "authorization", "origin"};

	for (size_t k = 0; k < sizeof(single) / sizeof(*single); k++) {
		int found = 0;

		for (int i = 0; i < h->field_count; i++)
			found += !strcmp(h->fields[i].name, single[k]);
		if (found > 1)
			return true;
	}
	return false;
}

int http_head_parse(char *bytes, size_t len, struct http_head *h)
{
	char *line = bytes, *next;
	int status;

	h->field_count = 0;
	if (memchr(bytes, '\0', len))
		return -400;
	bytes[len - 2] = '\0'; /* the empty line ends the text */
	next = cut_line(line);
	if (!next)
		return -400;
	status = parse_request_line(line, h);
	if (!status)
		status = strip_authority(h);
	for (line = next; !status && *line; line = next) {
		next = cut_line(line);
		status = next ? parse_field(line, h) : -400;
	}
	if (!status && has_rivals(h))
		status = -400;
	return status;
}

const char *http_head_get(const struct http_head *h, const char *name)
{
	for (int i = 0; i < h->field_count; i++) {
		if (!strcmp(h->fields[i].name, name))
			return h->fields[i].value;
	}
	return NULL;
}

bool http_head_join(const struct http_head *h, const char *name, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (int i = 0; i < h->field_count; i++) {
		size_t len = strlen(h->fields[i].value);

		if (strcmp(h->fields[i].name, name))
			continue;
		if (n + 1 + len >= size)
			return false;
		if (n)
			out[n++] = ',';
		memcpy(out + n, h->fields[i].value, len + 1);
		n += len;
	}
	return true;
}

static bool list_has(const char *list, const char *token)
{
	size_t len = strlen(token);

	while (*list) {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == len && !strncasecmp(list, token, n))
			return true;
		list += n;
	}
	return false;
}

bool http_head_has_token(const struct http_head *h, const char *name, const char *token)
{
	for (int i = 0; i < h->field_count; i++) {
		if (!strcmp(h->fields[i].name, name) && list_has(h->fields[i].value, token))
			return true;
	}
	return false;
}

/* Digits only, for "+5", "0x5" and "5, 5" are read differently by different parsers. */
static long long parse_length(const char *s, size_t max)
{
	unsigned long long n = 0;

	if (!*s)
		return -400;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -400;
		n = n * 10 + (unsigned long long)(*s - '0');
		if (n > max)
			n = (unsigned long long)max + 1;
	}
	return n > max ? -413 : (long long)n;
}

long long http_head_body_length(const struct http_head *h, size_t max)
{
	const char *encoding = http_head_get(h, "transfer-encoding"), *length = NULL;

	for (int i = 0; i < h->field_count; i++) {
		if (strcmp(h->fields[i].name, "content-length"))
			continue;
		if (length && strcmp(length, h->fields[i].value))
			return -400;
		length = h->fields[i].value;
	}
	if (encoding) {
		if (length || h->minor_version == 0)
			return -400; /* the classic of request smuggling */
		return strcasecmp(encoding, "chunked") ? -501 : -1;
	}
	return length ? parse_length(length, max) : 0;
}

bool http_head_keeps_alive(const struct http_head *h)
{
	if (http_head_has_token(h, "connection", "close"))
		return false;
	return h->minor_version == 1 || http_head_has_token(h, "connection", "keep-alive");
}

const char *http_reason(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} rows[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{206, "Partial Content"},
		{204, "No Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{422, "Unprocessable Content"},
		{426, "Upgrade Required"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
		{507, "Insufficient Storage"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].status == status)
			return rows[i].phrase;
	}
	return "Status";
}

/* One character of a path, unescaped once; moves `at` behind it. -1: the path ends. */
static int next_of(const char **at)
{
	const char *p = *at;
	char hex[3] = "";

	if (*p == '\0' || *p == '?' || *p == '#')
		return -1;
	if (*p != '%' || !isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2])) {
		*at = p + 1;
		return (unsigned char)*p;
	}
	memcpy(hex, p + 1, 2);
	*at = p + 3;
	return (int)strtol(hex, NULL, 16);
}

bool http_path_climbs(const char *target)
{
	int dots = 0, others = 0, c;

	do {
		c = next_of(&target);
		if (c == 0)
			return true;
		if (c < 0 || c == '/' || c == '\\') {
			if (dots == 2 && others == 0)
				return true;
			dots = others = 0;
		} else if (c == '.') {
			dots++;
		} else {
			others++;
		}
	} while (c >= 0);
	return false;
}
