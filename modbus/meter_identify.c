#include "modbus/meter_identify.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Bounds of a low-voltage grid, 120 V to 277 V nominal, and of what its meters measure. */
#define VOLTS_LOW   100
#define VOLTS_HIGH  300
#define HERTZ_LOW   45
#define HERTZ_HIGH  65
#define AMPERES_MAX 6500
#define WH_MAX      1e12

/* What each trait of a real meter is worth. */
enum {
	POINTS_VOLTAGE = 40,
	POINTS_FREQUENCY = 25,
	POINTS_POWER = 15,
	POINTS_SUM = 10,
	POINTS_ENERGY = 10
};

static bool get(const struct meter_reading *r, enum meter_quantity first, int phase, double *out)
{
	return meter_reading_get(r, (enum meter_quantity)(first + phase), out);
}

/* At least one phase has a voltage, and none has one that cannot be. */
static int judge_voltage(const struct meter_reading *r)
{
	int there = 0;
	double v;
	for (int i = 0; i < 3; i++) {
		if (!get(r, METER_QUANTITY_VOLTAGE_L1_V, i, &v) || fabs(v) < 1)
			continue; /* a phase that is not connected */
		if (v < VOLTS_LOW || v > VOLTS_HIGH)
			return -1;
		there++;
	}
	return there > 0 ? POINTS_VOLTAGE : -1;
}

static int judge_frequency(const struct meter_reading *r)
{
	double hz;
	if (!get(r, METER_QUANTITY_FREQUENCY_HZ, 0, &hz))
		return 0;
	return hz >= HERTZ_LOW && hz <= HERTZ_HIGH ? POINTS_FREQUENCY : -1;
}

/* No phase has more power than its current and voltage can make. */
static int judge_power(const struct meter_reading *r)
{
	int judged = 0;
	double v, a, w;
	for (int i = 0; i < 3; i++) {
		if (get(r, METER_QUANTITY_CURRENT_L1_A, i, &a) && fabs(a) > AMPERES_MAX)
			return -1;
		if (!get(r, METER_QUANTITY_VOLTAGE_L1_V, i, &v) ||
			!get(r, METER_QUANTITY_CURRENT_L1_A, i, &a) ||
			!get(r, METER_QUANTITY_POWER_L1_W, i, &w))
			continue;
		if (fabs(w) > 1.1 * v * fabs(a) + 50)
			return -1;
		judged++;
	}
	return judged > 0 ? POINTS_POWER : 0;
}

static int judge_sum(const struct meter_reading *r)
{
	double total, w, sum = 0;
	if (!get(r, METER_QUANTITY_POWER_W, 0, &total))
		return 0;
	for (int i = 0; i < 3; i++) {
		if (!get(r, METER_QUANTITY_POWER_L1_W, i, &w))
			return 0;
		sum += w;
	}
	return fabs(sum - total) <= 0.05 * fabs(total) + 100 ? POINTS_SUM : -1;
}

static int judge_energy(const struct meter_reading *r)
{
	double wh;
	if (!get(r, METER_QUANTITY_IMPORT_WH, 0, &wh))
		return 0;
	return wh >= 0 && wh < WH_MAX ? POINTS_ENERGY : -1;
}

int meter_identify_judge(const struct meter_reading *r)
{
	static int (*const judges[])(const struct meter_reading *r) = {
		judge_voltage, judge_frequency, judge_power, judge_sum, judge_energy};
	int points = 0;
	for (size_t i = 0; i < sizeof(judges) / sizeof(*judges); i++) {
		int more = judges[i](r);
		if (more < 0)
			return 0;
		points += more;
	}
	return points;
}

/* Reads all of a map; gaps are given up where the device refuses them. */
static enum meter_result read_as(
	meter_read read, void *arg, const struct meter_map *map, struct meter_reading *out)
{
	struct meter_plan plan;
	enum meter_result result = METER_OK;
	for (int gap = METER_GAP; gap >= 0; gap -= METER_GAP) {
		memset(out, 0, sizeof(*out));
		meter_plan_make(map, gap, &plan);
		result = METER_OK;
		for (int b = 0; b < plan.batch_count && result == METER_OK; b++) {
			uint16_t registers[METER_READ_MAX];
			result = read(arg, map->function, plan.batches[b].address,
				plan.batches[b].count, registers);
			if (result == METER_OK)
				meter_plan_decode(&plan, b, registers, out);
		}
		if (result != METER_EXCEPTION)
			break;
	}
	return result;
}

/* Keeps the best, the earlier of equals first. */
static int keep(struct meter_guess out[METER_GUESSES], int count, const struct meter_guess *g)
{
	int at = count < METER_GUESSES ? count : METER_GUESSES;
	while (at > 0 && out[at - 1].points < g->points)
		at--;
	if (at >= METER_GUESSES)
		return count;
	int last = count < METER_GUESSES ? count : METER_GUESSES - 1;
	memmove(&out[at + 1], &out[at], (size_t)(last - at) * sizeof(*out));
	out[at] = *g;
	return last + 1;
}

struct looking {
	meter_read read;
	void *arg;
};

static enum meter_result look(void *arg, int address, int count, uint16_t *out)
{
	const struct looking *l = arg;
	return l->read(l->arg, METER_FUNCTION_HOLDING, address, count, out);
}

/* A device that describes itself needs no judge. */
static bool try_sunspec(
	meter_read read, void *arg, const struct meter_sunspec *models, struct meter_guess *out)
{
	struct looking l = {read, arg};
	struct sunspec_device device;
	struct sunspec_map made;
	char why[200];
	if (sunspec_discover(look, &l, &device, why) != METER_OK ||
		sunspec_map_make(models, &device, 0, 1, &made, why) < 0)
		return false;
	*out = (struct meter_guess){.map = "sunspec", .points = 100};
	snprintf(out->about, sizeof(out->about), "%s", made.about);
	return read_as(read, arg, &made.map, &out->reading) == METER_OK;
}

int meter_identify(meter_read read, void *arg, const struct meter_sunspec *models,
	const struct meter_map *const *maps, int count, struct meter_guess out[METER_GUESSES])
{
	struct meter_guess g;
	int found = 0;
	if (models && try_sunspec(read, arg, models, &g))
		found = keep(out, found, &g);
	for (int i = 0; i < count; i++) {
		memset(&g, 0, sizeof(g));
		enum meter_result result = read_as(read, arg, maps[i], &g.reading);
		if (result == METER_DOWN || result == METER_BROKEN)
			break;
		g.points = result == METER_OK ? meter_identify_judge(&g.reading) : 0;
		if (g.points < METER_GUESS_LEAST)
			continue;
		snprintf(g.map, sizeof(g.map), "%s", maps[i]->name);
		snprintf(g.about, sizeof(g.about), "%.60s %.90s", maps[i]->vendor, maps[i]->model);
		found = keep(out, found, &g);
	}
	return found;
}
