/*
 * Random bytes as what the building's control system sends: an answer fits its buffer, is as long as
 * it says and takes no more than came; and reading in two pieces takes the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modbus/site_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t words[300];
	const struct site_image image = {words, 300};
	uint8_t out[SITE_FRAME_MAX], again[SITE_FRAME_MAX];
	size_t answer = 0, other = 0;
	int taken;

	while ((taken = site_frame_take(data, size, &image, out, &answer)) > 0) {
		if ((size_t)taken > size || answer < 9 || answer > SITE_FRAME_MAX ||
			(size_t)(out[4] << 8 | out[5]) + 6 != answer)
			abort();
		if (site_frame_take(data, (size_t)taken - 1, &image, again, &other) > 0)
			abort(); /* it took one that was not whole */
		if (site_frame_take(data, (size_t)taken, &image, again, &other) != taken ||
			other != answer || memcmp(out, again, answer) != 0)
			abort();
		data += taken;
		size -= (size_t)taken;
	}
	return 0;
}
