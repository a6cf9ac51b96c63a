#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "csms/files/multipart.h"

/* A form gives the same file however it is cut into pieces, and no more than came in. The first
 * byte of the input says how long the pieces are. */
struct result {
	size_t len;
	uint64_t digest;
	bool is_whole, is_fine;
};

static void take(void *arg, const char *bytes, size_t len)
{
	struct result *r = arg;

	r->len += len;
	for (size_t i = 0; i < len; i++)
		r->digest = (r->digest ^ (unsigned char)bytes[i]) * 1099511628211ull;
}

static struct result run(const char *body, size_t len, size_t step)
{
	struct result r = {.is_fine = true};
	struct multipart m;

	if (!multipart_init(&m, "multipart/form-data; boundary=B", take, &r))
		abort();
	for (size_t i = 0; i < len && r.is_fine; i += step)
		r.is_fine = multipart_feed(&m, body + i, len - i < step ? len - i : step);
	r.is_whole = multipart_is_whole(&m);
	for (const char *p = m.name; *p; p++)
		if (*p == '/' || *p == '"' || *p < ' ')
			abort();
	if (r.len > len || m.name[0] == '.')
		abort();
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces;
	char out[FILE_NAME_SIZE], *text;
	size_t step;

	if (size < 2)
		return 0;
	step = 1 + data[0] % 37;
	whole = run((const char *)data + 1, size - 1, size);
	pieces = run((const char *)data + 1, size - 1, step);
	/* A broken one may break at another place of its last piece. */
	if (whole.is_fine != pieces.is_fine ||
		(whole.is_fine && (whole.len != pieces.len || whole.digest != pieces.digest ||
					  whole.is_whole != pieces.is_whole)))
		abort();
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (file_name_of_disposition(text, out) && !out[0])
		abort();
	free(text);
	return 0;
}
