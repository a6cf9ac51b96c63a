#include "csms/files/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool multipart_init(struct multipart *m, const char *content_type,
	void (*data)(void *arg, const char *bytes, size_t len), void *arg)
{
	static const char type[] = "multipart/form-data";
	char boundary[100];
	int n;

	memset(m, 0, sizeof *m);
	m->data = data;
	m->arg = arg;
	if (strncasecmp(content_type, type, sizeof type - 1) != 0 ||
		!file_name_parameter(content_type, "boundary", boundary, sizeof boundary))
		return false;
	/* RFC 2046 5.1.1: 1 to 70 characters, none of which begins a line. */
	if (!boundary[0] || strlen(boundary) > 70 || strpbrk(boundary, "\r\n"))
		return false;
	n = snprintf(m->delimiter, sizeof m->delimiter, "\r\n--%s", boundary);
	m->delimiter_len = (size_t)n;
	m->matched = 2; /* the first boundary needs no line break before it */
	return true;
}

static void hand_on(struct multipart *m, const char *bytes, size_t len)
{
	if (len && m->in_file && m->state == MULTIPART_DATA)
		m->data(m->arg, bytes, len);
}

/* One byte that may belong to a delimiter. CR stands only at its front, so that after a mismatch
 * nothing but this byte can begin one. */
static void match(struct multipart *m, const char *byte)
{
	if (*byte == m->delimiter[m->matched]) {
		if (++m->matched < m->delimiter_len)
			return;
		m->matched = 0;
		m->in_file = false;
		m->state = MULTIPART_BOUNDARY;
		m->head_len = 0;
		return;
	}
	hand_on(m, m->delimiter, m->matched);
	m->matched = *byte == '\r' ? 1 : 0;
	if (!m->matched)
		hand_on(m, byte, 1);
}

/* How many bytes were used. */
static size_t take_data(struct multipart *m, const char *bytes, size_t len)
{
	const char *cr;
	size_t n;

	if (m->matched) {
		match(m, bytes);
		return 1;
	}
	cr = memchr(bytes, '\r', len);
	n = cr ? (size_t)(cr - bytes) : len;
	hand_on(m, bytes, n);
	if (!cr)
		return n;
	m->matched = 1;
	return n + 1;
}

/* Behind a boundary: padding, then a line break, or two dashes for the end. */
static bool take_boundary(struct multipart *m, char c)
{
	m->head[m->head_len++] = c;
	if (m->head_len == 2 && memcmp(m->head, "--", 2) == 0) {
		m->state = MULTIPART_END;
	} else if (c == '\n') {
		m->state = MULTIPART_HEAD;
		m->head_len = 0;
		return ++m->parts <= MULTIPART_PARTS_MAX;
	} else if (c != ' ' && c != '\t' && c != '\r' && c != '-') {
		return false;
	}
	return m->head_len < 80;
}

/* The header lines of a part are there: is it the file? */
static void begin_part(struct multipart *m)
{
	static const char name[] = "content-disposition:";

	m->head[m->head_len] = '\0';
	m->state = MULTIPART_DATA;
	m->matched = 0;
	for (char *line = m->head, *next, raw[300]; !m->has_file && line; line = next) {
		next = strstr(line, "\r\n");
		if (next) {
			*next = '\0';
			next += 2;
		}
		if (strncasecmp(line, name, sizeof name - 1) != 0)
			continue;
		m->has_file = m->in_file = file_name_of_disposition(line, m->name) ||
					   file_name_parameter(line, "filename", raw, sizeof raw);
	}
}

static bool take_head(struct multipart *m, char c)
{
	if (m->head_len == MULTIPART_HEAD_MAX || c == '\0')
		return false;
	m->head[m->head_len++] = c;
	if ((m->head_len == 2 && memcmp(m->head, "\r\n", 2) == 0) ||
		(m->head_len >= 4 && memcmp(m->head + m->head_len - 4, "\r\n\r\n", 4) == 0))
		begin_part(m);
	return true;
}

bool multipart_feed(struct multipart *m, const char *bytes, size_t len)
{
	size_t i = 0;

	while (i < len) {
		switch (m->state) {
		case MULTIPART_PREAMBLE:
		case MULTIPART_DATA:
			i += take_data(m, bytes + i, len - i);
			break;
		case MULTIPART_BOUNDARY:
			if (!take_boundary(m, bytes[i++]))
				return false;
			break;
		case MULTIPART_HEAD:
			if (!take_head(m, bytes[i++]))
				return false;
			break;
		case MULTIPART_END:
			return true;
		}
	}
	return true;
}

bool multipart_is_whole(const struct multipart *m)
{
	return m->state == MULTIPART_END && m->has_file;
}
