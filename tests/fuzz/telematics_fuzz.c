/* Messages of sources of telematics: the first byte picks the mapping, the next the length of the
 * topic, the rest is topic and message. Each item must be within what it came in, and what is taken
 * for good must be possible. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csms/vehicles/telematics_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"flespi", "teslamate", "tesla-fleet-telemetry", "tesla-mqtt",
	"ovms", "samsara", "geotab", "generic"};
#define MAPS (sizeof names / sizeof *names)

static void take(void *arg, const struct telematics_item *i)
{
	const struct telematics_message *msg = arg;
	const struct telematics_quantity_row *q = &telematics_quantities[i->quantity];

	if (strlen(i->ref) > TELEMATICS_REF_MAX || i->record_len > msg->len + 2)
		abort();
	if (i->fault == TELEMATICS_FINE && !(i->value >= q->min && i->value <= q->max))
		abort();
	if (i->at.ms <= 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct telematics_mapping *maps[MAPS];
	static struct arena *files;
	struct arena *a;
	char topic[256], path[200], why[400];
	size_t len;

	if (!files) {
		files = arena_create(0);
		for (size_t i = 0; i < MAPS; i++) {
			snprintf(path, sizeof path, "etc/telematics/%s.yaml", names[i]);
			maps[i] = telematics_map_load(path, files, why);
			if (!maps[i])
				abort();
		}
	}
	if (size < 2 || size - 2 < data[1])
		return 0;
	len = data[1];
	memcpy(topic, data + 2, len);
	topic[len] = '\0';
	char *text = malloc(size - 2 - len + 1);
	memcpy(text, data + 2 + len, size - 2 - len);
	a = arena_create(0);
	const struct telematics_message msg = {.topic = len ? topic : NULL,
		.text = text,
		.len = size - 2 - len,
		.received = {1772000000000LL}};
	telematics_map_read(maps[data[0] % MAPS], &msg, a, take, (void *)&msg);
	arena_destroy(a);
	free(text);
	return 0;
}
