#include "modbus/sunspec.h"

#include "schemas/yaml.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX     (64 * 1024)
#define MARKER       0x53756e53u /* "SunS" */
#define MODEL_END    0xffff
#define MODEL_COMMON 1
#define COMMON_LEAST 65 /* registers of the common model; 66 with padding */
#define ADDRESS_END  65536

/* ---- the list of models ---- */

static const char *complaint(const struct meter_sunspec_model *m)
{
	bool seen[METER_QUANTITIES] = {false};
	for (size_t i = 0; i < m->points.count; i++) {
		const struct meter_sunspec_point *p = &m->points.items[i];
		int64_t end = p->offset + meter_type_registers(p->type);
		int64_t low = p->offset;
		if (p->has_exponent_at) {
			low = p->exponent_at < low ? p->exponent_at : low;
			end = p->exponent_at >= end ? p->exponent_at + 1 : end;
		}
		if (seen[p->quantity])
			return "has a quantity twice";
		if (end - low > METER_READ_MAX)
			return "has a point too far from its exponent";
		seen[p->quantity] = true;
	}
	return NULL;
}

const struct meter_sunspec *sunspec_load(const char *path, struct arena *a, char why[400])
{
	const struct meter_sunspec *s =
		schema_yaml_load(&meter_sunspec_type, path, FILE_MAX, a, why);
	for (size_t i = 0; s && i < s->models.count; i++) {
		const char *what = complaint(&s->models.items[i]);
		if (what) {
			snprintf(why, 400, "sunspec.yaml: model %d %s", (int)s->models.items[i].id,
				what);
			return NULL;
		}
	}
	return s;
}

/* ---- discovery ---- */

/* A string of `words` registers, padded with NUL or blanks; what is not printable is left out. */
static void take_text(const uint16_t *registers, int words, char *out)
{
	int n = 0;
	for (int i = 0; i < 2 * words; i++) {
		int c = i % 2 ? registers[i / 2] & 0xff : registers[i / 2] >> 8;
		if (c == 0)
			break;
		if (c >= ' ' && c < 0x7f)
			out[n++] = (char)c;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static enum meter_result read_common(
	sunspec_read read, void *arg, const struct sunspec_block *b, struct sunspec_device *out)
{
	uint16_t r[COMMON_LEAST + 1]; /* with id and length, without the last */
	if (b->length < COMMON_LEAST)
		return METER_OK;
	enum meter_result result = read(arg, b->address, COMMON_LEAST + 1, r);
	if (result != METER_OK)
		return result;
	take_text(r + 2, 16, out->maker);
	take_text(r + 18, 16, out->model);
	take_text(r + 42, 8, out->version);
	take_text(r + 50, 16, out->serial);
	return METER_OK;
}

static enum meter_result find_marker(sunspec_read read, void *arg, int *base)
{
	static const int bases[] = {40000, 0, 50000};
	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		uint16_t r[2];
		enum meter_result result = read(arg, bases[i], 2, r);
		if (result != METER_OK && result != METER_EXCEPTION)
			return result;
		if (result == METER_OK && ((uint32_t)r[0] << 16 | r[1]) == MARKER) {
			*base = bases[i];
			return METER_OK;
		}
	}
	return METER_GARBLED;
}

/* The chain ends with id 0xffff; some devices end it with zeros or with nothing to read. */
static enum meter_result follow(sunspec_read read, void *arg, struct sunspec_device *out)
{
	int at = out->base + 2;
	while (out->count < SUNSPEC_BLOCKS && at + 2 <= ADDRESS_END) {
		uint16_t r[2];
		enum meter_result result = read(arg, at, 2, r);
		if (result == METER_EXCEPTION && out->count > 0)
			break;
		if (result != METER_OK)
			return result;
		if (r[0] == MODEL_END || r[0] == 0)
			break;
		if (at + 2 + r[1] > ADDRESS_END)
			break;
		out->blocks[out->count++] =
			(struct sunspec_block){.id = r[0], .address = at, .length = r[1]};
		at += 2 + r[1];
	}
	return METER_OK;
}

enum meter_result sunspec_discover(
	sunspec_read read, void *arg, struct sunspec_device *out, char why[200])
{
	struct sunspec_device found = {0};
	enum meter_result result = find_marker(read, arg, &found.base);
	if (result == METER_GARBLED) {
		snprintf(why, 200, "no SunSpec: no marker at 40000, 0 or 50000");
		return result;
	}
	if (result == METER_OK)
		result = follow(read, arg, &found);
	if (result == METER_OK && found.count > 0 && found.blocks[0].id == MODEL_COMMON)
		result = read_common(read, arg, &found.blocks[0], &found);
	if (result != METER_OK) {
		snprintf(why, 200, "SunSpec discovery: %s", meter_result_name(result));
		return result;
	}
	*out = found;
	return METER_OK;
}

/* ---- from models to a map ---- */

static const struct sunspec_block *find_block(
	const struct sunspec_device *d, int64_t id, int instance)
{
	for (int i = 0; i < d->count; i++)
		if (d->blocks[i].id == id && --instance == 0)
			return &d->blocks[i];
	return NULL;
}

/* Adds the points of a block that are there and whose quantity has no row yet: older revisions of a
 * model are shorter. */
static void add_points(struct sunspec_map *out, const struct meter_sunspec_model *model,
	const struct sunspec_block *b, bool taken[METER_QUANTITIES])
{
	for (size_t i = 0; i < model->points.count; i++) {
		const struct meter_sunspec_point *p = &model->points.items[i];
		int64_t end = p->offset + meter_type_registers(p->type);
		if (p->has_exponent_at && p->exponent_at >= end)
			end = p->exponent_at + 1;
		if (taken[p->quantity] || end > b->length + 2)
			continue;
		taken[p->quantity] = true;
		out->rows[out->map.registers.count++] = (struct meter_register){
			.quantity = p->quantity,
			.address = b->address + p->offset,
			.type = p->type,
			.scale = p->scale,
			.has_undefined = true,
			.undefined = p->undefined,
			.has_exponent_at = p->has_exponent_at,
			.exponent_at = p->has_exponent_at ? b->address + p->exponent_at : 0,
		};
	}
}

/* Adds the first model of a role that the device has (any model, if `id` is not 0). */
static bool add_first(struct sunspec_map *out, const struct meter_sunspec *models,
	const struct sunspec_device *d, enum meter_sunspec_role role, int id, int instance,
	bool taken[METER_QUANTITIES])
{
	for (size_t i = 0; i < models->models.count; i++) {
		const struct meter_sunspec_model *m = &models->models.items[i];
		const struct sunspec_block *b = find_block(d, m->id, instance);
		if (!b || (id ? m->id != id : m->role != role))
			continue;
		add_points(out, m, b, taken);
		out->model = (int)m->id;
		return true;
	}
	return false;
}

static void add_extras(struct sunspec_map *out, const struct meter_sunspec *models,
	const struct sunspec_device *d, bool taken[METER_QUANTITIES])
{
	for (size_t i = 0; i < models->models.count; i++) {
		const struct meter_sunspec_model *m = &models->models.items[i];
		const struct sunspec_block *b = find_block(d, m->id, 1);
		if (m->role != METER_SUNSPEC_ROLE_EXTRA || !b)
			continue;
		add_points(out, m, b, taken);
		if (!out->model)
			out->model = (int)m->id;
	}
}

static void describe(const struct sunspec_device *d, char *out, size_t size)
{
	int n = snprintf(out, size, "%s %s, serial %s, models", d->maker, d->model,
		d->serial[0] ? d->serial : "unknown");
	for (int i = 0; i < d->count && n > 0 && (size_t)n < size - 8; i++)
		n += snprintf(out + n, size - (size_t)n, " %d", d->blocks[i].id);
}

int sunspec_map_make(const struct meter_sunspec *models, const struct sunspec_device *device,
	int model, int instance, struct sunspec_map *out, char why[200])
{
	bool taken[METER_QUANTITIES] = {false};
	memset(out, 0, sizeof(*out));
	out->map = (struct meter_map){.name = "sunspec",
		.vendor = "SunSpec",
		.model = "by discovery",
		.source = models->source,
		.function = METER_FUNCTION_HOLDING,
		.order = METER_ORDER_MSW,
		.max_read = METER_READ_MAX,
		.registers = {.items = out->rows}};
	describe(device, out->about, sizeof(out->about));
	bool is_found =
		add_first(out, models, device, METER_SUNSPEC_ROLE_METER, model, instance, taken);
	if (!is_found && !model)
		is_found = add_first(
			out, models, device, METER_SUNSPEC_ROLE_INVERTER, 0, instance, taken);
	if (!is_found && model) {
		snprintf(why, 200, "SunSpec: %s: no model %d (%d. of it)", out->about, model,
			instance);
		return -1;
	}
	add_extras(out, models, device, taken);
	if (out->map.registers.count == 0) {
		snprintf(why, 200, "SunSpec: %s: none that is read", out->about);
		return -1;
	}
	return 0;
}
