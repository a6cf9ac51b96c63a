#include "tools/depotsim/pose.h"
#include <math.h>
#include <string.h>

#define F32(q, at, unit)                                                                           \
	{                                                                                          \
		.quantity = METER_QUANTITY_##q, .address = at, .type = METER_TYPE_FLOAT32,         \
		.scale = unit                                                                      \
	}

static struct meter_register sdm630_rows[] = {
	F32(VOLTAGE_L1_V, 0, 1),
	F32(VOLTAGE_L2_V, 2, 1),
	F32(VOLTAGE_L3_V, 4, 1),
	F32(CURRENT_L1_A, 6, 1),
	F32(CURRENT_L2_A, 8, 1),
	F32(CURRENT_L3_A, 10, 1),
	F32(POWER_L1_W, 12, 1),
	F32(POWER_L2_W, 14, 1),
	F32(POWER_L3_W, 16, 1),
	F32(POWER_W, 52, 1),
	F32(FREQUENCY_HZ, 70, 1),
	F32(IMPORT_WH, 72, 1000),
	F32(EXPORT_WH, 74, 1000),
};

static const struct meter_map sdm630 = {
	.name = "eastron-sdm630",
	.function = METER_FUNCTION_INPUT,
	.registers = {sizeof sdm630_rows / sizeof *sdm630_rows, sdm630_rows},
};

/* SunSpec: marker, model 1 (66 registers), model 203 (105), end. */
#define SUNS_BASE   40000
#define SUNS_COMMON (SUNS_BASE + 2)
#define SUNS_METER  (SUNS_COMMON + 2 + 66)
#define SUNS_END    (SUNS_METER + 2 + 105)
#define SUNS(q, at, t, sf)                                                                         \
	{                                                                                          \
		.quantity = METER_QUANTITY_##q, .address = SUNS_METER + (at),                      \
		.type = METER_TYPE_##t, .scale = 1, .has_exponent_at = true,                       \
		.exponent_at = SUNS_METER + (sf)                                                   \
	}

static struct meter_register sunspec_rows[] = {
	SUNS(CURRENT_L1_A, 3, INT16, 6),
	SUNS(CURRENT_L2_A, 4, INT16, 6),
	SUNS(CURRENT_L3_A, 5, INT16, 6),
	SUNS(VOLTAGE_L1_V, 8, INT16, 15),
	SUNS(VOLTAGE_L2_V, 9, INT16, 15),
	SUNS(VOLTAGE_L3_V, 10, INT16, 15),
	SUNS(FREQUENCY_HZ, 16, INT16, 17),
	SUNS(POWER_W, 18, INT16, 22),
	SUNS(POWER_L1_W, 19, INT16, 22),
	SUNS(POWER_L2_W, 20, INT16, 22),
	SUNS(POWER_L3_W, 21, INT16, 22),
	SUNS(EXPORT_WH, 38, UINT32, 54),
	SUNS(IMPORT_WH, 46, UINT32, 54),
};

static const struct meter_map sunspec = {
	.name = "sunspec",
	.function = METER_FUNCTION_HOLDING,
	.registers = {sizeof sunspec_rows / sizeof *sunspec_rows, sunspec_rows},
};

static const struct {
	int address, value;
} sunspec_words[] = {
	{SUNS_BASE, 0x5375},
	{SUNS_BASE + 1, 0x6e53},
	{SUNS_COMMON, 1},
	{SUNS_COMMON + 1, 66},
	{SUNS_METER, 203},
	{SUNS_METER + 1, 105},
	{SUNS_METER + 6, -2}, /* A_SF */
	{SUNS_METER + 15, -1}, /* V_SF */
	{SUNS_METER + 17, -2}, /* Hz_SF */
	{SUNS_METER + 22, 1}, /* W_SF */
	{SUNS_METER + 54, 1}, /* TotWh_SF */
	{SUNS_END, 0xffff},
};

static void put_text(uint16_t *registers, const char *text)
{
	for (int i = 0; text[i]; i++)
		registers[i / 2] |= (uint16_t)((uint8_t)text[i] << (i % 2 ? 0 : 8));
}

static void reach(struct pose *p, int64_t address, enum meter_type type)
{
	int64_t low = p->first, end = p->first + p->count;
	int64_t behind = address + meter_type_registers(type);

	low = address < low ? address : low;
	end = behind > end ? behind : end;
	p->first = (int)low;
	p->count = (int)(end - low);
}

static void reach_setpoint(struct pose *p)
{
	const struct meter_setpoint *s = p->map->setpoint;

	reach(p, s->address, s->type);
	if (s->has_heartbeat)
		reach(p, s->heartbeat, METER_TYPE_UINT16);
	for (size_t i = 0; i < s->begin.count; i++)
		reach(p, s->begin.items[i].address, s->begin.items[i].type);
	for (size_t i = 0; i < s->release.count; i++)
		reach(p, s->release.items[i].address, s->release.items[i].type);
}

double pose_get_setpoint(const struct pose *p, const uint16_t *registers)
{
	const struct meter_setpoint *s = p->map->setpoint;
	struct meter_register row = {.quantity = METER_QUANTITY_POWER_W,
		.address = s->address,
		.type = s->type,
		.scale = s->scale};
	struct meter_map map = {.order = s->has_order ? s->order : p->map->order,
		.undefined = METER_UNDEFINED_NONE,
		.max_read = METER_READ_MAX,
		.registers = {1, &row}};
	struct meter_plan plan;
	struct meter_reading r = {0};

	meter_plan_make(&map, 0, &plan);
	meter_plan_decode(&plan, 0, registers + s->address - p->first, &r);
	return (s->sign == METER_SIGN_CHARGES ? 1 : -1) * r.values[METER_QUANTITY_POWER_W].value;
}

void pose_init(struct pose *p, const struct meter_map *map)
{
	int64_t low = 65535, end = 0;

	p->map = map ? map : &sdm630;
	for (size_t i = 0; i < p->map->registers.count; i++) {
		const struct meter_register *r = &p->map->registers.items[i];
		int64_t behind = r->address + meter_type_registers(r->type);

		low = r->address < low ? r->address : low;
		end = behind > end ? behind : end;
	}
	p->first = (int)low;
	p->count = (int)(end - low);
	if (p->map->setpoint)
		reach_setpoint(p);
}

void pose_init_sunspec(struct pose *p)
{
	*p = (struct pose){&sunspec, SUNS_BASE, SUNS_END + 2 - SUNS_BASE};
}

void pose_put_constants(const struct pose *p, uint16_t *registers)
{
	if (p->map != &sunspec)
		return;
	for (size_t i = 0; i < sizeof sunspec_words / sizeof *sunspec_words; i++)
		registers[sunspec_words[i].address - p->first] = (uint16_t)sunspec_words[i].value;
	put_text(registers + SUNS_COMMON + 2 - p->first, "depotsim");
	put_text(registers + SUNS_COMMON + 18 - p->first, "meter");
	put_text(registers + SUNS_COMMON + 50 - p->first, "0001");
}

static uint64_t bits_of(enum meter_type type, double raw)
{
	uint64_t bits;
	uint32_t half;
	float f = (float)raw;

	switch (type) {
	case METER_TYPE_FLOAT32:
		memcpy(&half, &f, sizeof half);
		return half;
	case METER_TYPE_FLOAT64:
		memcpy(&bits, &raw, sizeof bits);
		return bits;
	default:
		return (uint64_t)llround(raw);
	}
}

static void put_row(
	const struct pose *p, const struct meter_register *r, double value, uint16_t *registers)
{
	int count = meter_type_registers(r->type);
	enum meter_order order = r->has_order ? r->order : p->map->order;
	uint16_t *at = registers + (r->address - p->first);
	double scale = r->scale;
	uint64_t bits;

	if (r->has_exponent_at)
		scale *= pow(10, (int16_t)registers[r->exponent_at - p->first]);
	bits = bits_of(r->type, value / scale);
	for (int i = 0; i < count; i++)
		at[order == METER_ORDER_MSW ? count - 1 - i : i] = (uint16_t)(bits >> (16 * i));
}

void pose_put(const struct pose *p, const double values[METER_QUANTITIES], uint16_t *registers)
{
	for (size_t i = 0; i < p->map->registers.count; i++) {
		const struct meter_register *r = &p->map->registers.items[i];

		/* A second tariff counts nothing. */
		put_row(p, r, r->also ? 0 : values[r->quantity], registers);
	}
}
