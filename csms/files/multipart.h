/*
 * multipart/form-data (RFC 7578) as it comes: hands on the bytes of the first part that has a file
 * name and drops the others. Bounded, pure, fuzzed.
 */
#ifndef CSMS_MULTIPART_H
#define CSMS_MULTIPART_H

#include "csms/files/file_name.h"

#define MULTIPART_HEAD_MAX  4096 /* header lines of one part */
#define MULTIPART_PARTS_MAX 100

enum multipart_state {
	MULTIPART_PREAMBLE,
	MULTIPART_BOUNDARY, /* behind one: "--" or the end of its line */
	MULTIPART_HEAD,
	MULTIPART_DATA,
	MULTIPART_END, /* the epilogue, dropped */
};

struct multipart {
	enum multipart_state state;
	char delimiter[76]; /* CR LF - - and the boundary */
	size_t delimiter_len, matched;
	char head[MULTIPART_HEAD_MAX + 1];
	size_t head_len;
	int parts;
	bool has_file, in_file; /* the file was met; its bytes are coming */
	char name[FILE_NAME_SIZE]; /* of the file, clean */
	void (*data)(void *arg, const char *bytes, size_t len);
	void *arg;
};

/* False if the content type is not multipart/form-data with a sound boundary. */
bool multipart_init(struct multipart *m, const char *content_type,
	void (*data)(void *arg, const char *bytes, size_t len), void *arg);

/* False: it is broken. */
bool multipart_feed(struct multipart *m, const char *bytes, size_t len);

/* True when the closing boundary came, and a file before it. */
bool multipart_is_whole(const struct multipart *m);

#endif
