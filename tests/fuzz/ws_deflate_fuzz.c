#include <stdint.h>
#include <stdlib.h>
#include "csms/net/ws_deflate.h"
#include "csms/net/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ws_deflate *d;
	struct ws_frame f;
	const char *why;
	unsigned char *out;
	long n;

	if (!d)
		d = ws_deflate_create();
	if (ws_frame_read(data, size, &f, &why) > (int)size)
		abort();
	n = ws_deflate_inflate(d, data, size, 10000, &out);
	if (n > 10000)
		abort();
	if (n >= 0) {
		out[n] = '\0';
		ws_utf8_valid(out, (size_t)n);
	}
	return 0;
}
