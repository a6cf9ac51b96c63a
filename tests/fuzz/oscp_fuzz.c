/* Forecasts of OSCP, decoded and turned into blocks, and segments in any order: whatever comes, the
 * blocks are in order and sound, and a message is whole only when each part of it was given once. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/oscp/block.h"
#include "csms/oscp/segment.h"

static const wall_t now = {INT64_C(1800000000000)};

static void check(const struct oscp_blocks *b)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct oscp_block *x = &b->items[i];

		if (x->from.ms >= x->to.ms || x->w < 0 || x->phase_ma < 0 ||
			(x->w == OSCP_NO_LIMIT && x->phase_ma == OSCP_NO_LIMIT) ||
			(i && x->from.ms < b->items[i - 1].to.ms))
			abort();
	}
}

static void try_forecast(const char *json, size_t len)
{
	struct arena *a = arena_create(16u << 20);
	struct schema_error e;
	const struct oscp20_group_capacity_forecast *f =
		schema_decode(&oscp20_group_capacity_forecast_type, json, len, a, &e);

	for (int is_export = 0; f && is_export < 2; is_export++) {
		struct oscp_blocks b;
		char why[200] = "";

		if (oscp_blocks_read(f->forecasted_blocks.items, f->forecasted_blocks.count,
			    is_export != 0, 230, now, &b, why)) {
			if (!why[0])
				abort();
			continue;
		}
		check(&b);
		oscp_blocks_free(&b);
	}
	arena_destroy(a);
}

/* -- segments --------------------------------------------------------------------------------- */

static int alive; /* parts that nobody has freed */

static void drop(void *item)
{
	alive--;
	free(item);
}

/* Each four bytes are a part: its id, what it correlates to, index and count. */
static void try_segments(const uint8_t *data, size_t size)
{
	struct oscp_segments s = {.drop = drop};
	void *out[OSCP_SEGMENTS_MAX];
	char first[OSCP_ID_SIZE];
	const char *why;

	for (size_t i = 0; i + 4 <= size && i < 4096; i += 4) {
		struct oscp_segment g = {.index = data[i + 2] % 6,
			.count = data[i + 3] % 6,
			.at = {(int64_t)i * 1000},
			.item = malloc(1)};

		snprintf(g.id, sizeof g.id, "%u", data[i]);
		if (data[i + 1])
			snprintf(g.correlation, sizeof g.correlation, "%u", data[i + 1]);
		alive++;
		switch (oscp_segments_add(&s, &g, out, first, &why)) {
		case OSCP_SEGMENT_WAITS:
			break;
		case OSCP_SEGMENT_REFUSED:
			drop(g.item);
			break;
		case OSCP_SEGMENT_WHOLE:
			for (int j = 0; j < g.count; j++)
				drop(out[j]);
		}
		if (s.kept != alive)
			abort();
		if (data[i] == 255)
			oscp_segments_age(
				&s, (wall_t){(int64_t)i * 1000 + OSCP_SEGMENT_AGE_MS / 2});
	}
	oscp_segments_finish(&s);
	if (alive)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && (data[0] & 1))
		try_segments(data + 1, size - 1);
	else if (size)
		try_forecast((const char *)data + 1, size - 1);
	return 0;
}
