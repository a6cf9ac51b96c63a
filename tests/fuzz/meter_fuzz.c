/*
 * Random bytes as what follows the marker in the memory of a device: SunSpec discovery must end within its bounds, and
 * whatever map comes of it must plan, read and decode within what a request may hold. The first
 * byte says how often the device refuses; the second where the marker is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modbus/meter_check.h"
#include "modbus/sunspec.h"

#define READS_MAX (SUNSPEC_BLOCKS + 8)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	const uint8_t *data;
	size_t size;
	int base, refuse, reads;
};

static uint16_t word_at(const struct memory *m, int address)
{
	size_t at = (size_t)(address - m->base - 2) * 2;

	if (address == m->base)
		return 0x5375;
	if (address == m->base + 1)
		return 0x6e53;
	if (address < m->base || at + 1 >= m->size)
		return 0;
	return (uint16_t)(m->data[at] << 8 | m->data[at + 1]);
}

static enum meter_result read_memory(void *arg, int address, int count, uint16_t *out)
{
	struct memory *m = arg;

	if (address < 0 || count < 1 || count > METER_READ_MAX || address + count > 65536)
		abort();
	if (++m->reads > READS_MAX)
		abort();
	if (m->refuse && m->reads % m->refuse == 0)
		return METER_EXCEPTION;
	for (int i = 0; i < count; i++)
		out[i] = word_at(m, address + i);
	return METER_OK;
}

/* Some points of each type, with and without exponents, within the first registers of any model. */
static struct meter_sunspec_point points[] = {
	{.quantity = METER_QUANTITY_POWER_W,
		.offset = 2,
		.type = METER_TYPE_INT16,
		.scale = -1,
		.has_exponent_at = true,
		.exponent_at = 110,
		.undefined = METER_UNDEFINED_SMALLEST},
	{.quantity = METER_QUANTITY_VOLTAGE_L1_V,
		.offset = 30,
		.type = METER_TYPE_UINT16,
		.scale = 1},
	{.quantity = METER_QUANTITY_CURRENT_L1_A,
		.offset = 500,
		.type = METER_TYPE_FLOAT32,
		.scale = 1},
	{.quantity = METER_QUANTITY_IMPORT_WH,
		.offset = 140,
		.type = METER_TYPE_UINT64,
		.scale = 1,
		.has_exponent_at = true,
		.exponent_at = 130,
		.undefined = METER_UNDEFINED_ZERO},
	{.quantity = METER_QUANTITY_EXPORT_WH,
		.offset = 150,
		.type = METER_TYPE_FLOAT64,
		.scale = 1},
};

static struct meter_sunspec_model rows[] = {
	{.id = 203, .name = "m", .role = METER_SUNSPEC_ROLE_METER, .points = {5, points}},
	{.id = 103, .name = "i", .role = METER_SUNSPEC_ROLE_INVERTER, .points = {4, points}},
	{.id = 713, .name = "x", .role = METER_SUNSPEC_ROLE_EXTRA, .points = {5, points}},
};

static const struct meter_sunspec models = {.source = "fuzz", .models = {3, rows}};

static void read_as(struct memory *m, const struct meter_map *map)
{
	static struct meter_plan plan;
	struct meter_history history;
	struct meter_reading r = {.at_ms = 1000};
	struct meter_raw raw[METER_REGISTERS];
	char why[400];

	if (meter_map_check(map, why) < 0)
		abort();
	meter_plan_make(map, METER_GAP, &plan);
	for (int b = 0; b < plan.batch_count; b++) {
		uint16_t registers[METER_READ_MAX];
		const struct meter_batch *t = &plan.batches[b];

		m->reads = 0;
		if (read_memory(m, t->address, t->count, registers) != METER_OK)
			continue;
		meter_plan_decode(&plan, b, registers, &r);
		meter_plan_raw(&plan, b, registers, raw);
	}
	meter_history_init(&history);
	for (int i = 0; i < 3; i++) {
		r.at_ms += 600000;
		meter_reading_mount(&r, 0.5, true);
		meter_history_check(&history, &r, 300000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int bases[] = {40000, 0, 50000};
	static struct sunspec_device device;
	static struct sunspec_map made;
	char why[200];

	if (size < 2)
		return 0;
	struct memory m = {data + 2, size - 2, bases[data[1] % 3], data[0], 0};
	if (sunspec_discover(read_memory, &m, &device, why) != METER_OK)
		return 0;
	if (device.count > SUNSPEC_BLOCKS)
		abort();
	for (int i = 0; i < device.count; i++)
		if (device.blocks[i].address + 2 + device.blocks[i].length > 65536)
			abort();
	if (sunspec_map_make(&models, &device, 0, 1, &made, why) == 0)
		read_as(&m, &made.map);
	return 0;
}
