#include "scheduler/phases.h"

#include <string.h>

#define CARRIES_MA 1000 /* three-phase.md 5.6: more than 1 A on a phase … */
#define LASTS_MS   10000 /* … for 10 s */

/* Rotation by charger's phase: 0 R, 1 S, 2 T; -1: it has none or nobody knows. */
static const int8_t places[PHASES_ROTATIONS][GRID_PHASES] = {
	[PHASES_UNKNOWN] = {-1, -1, -1},
	[PHASES_RST] = {0, 1, 2},
	[PHASES_RTS] = {0, 2, 1},
	[PHASES_SRT] = {1, 0, 2},
	[PHASES_STR] = {1, 2, 0},
	[PHASES_TRS] = {2, 0, 1},
	[PHASES_TSR] = {2, 1, 0},
	[PHASES_R] = {0, -1, -1},
	[PHASES_S] = {1, -1, -1},
	[PHASES_T] = {2, -1, -1},
};

const char *const phases_rotation_names[PHASES_ROTATIONS] = {
	[PHASES_UNKNOWN] = "",
	[PHASES_RST] = "RST",
	[PHASES_RTS] = "RTS",
	[PHASES_SRT] = "SRT",
	[PHASES_STR] = "STR",
	[PHASES_TRS] = "TRS",
	[PHASES_TSR] = "TSR",
	[PHASES_R] = "R",
	[PHASES_S] = "S",
	[PHASES_T] = "T",
};

enum phases_rotation phases_rotation_find(const char *name)
{
	for (int r = PHASES_RST; r < PHASES_ROTATIONS; r++)
		if (strcmp(phases_rotation_names[r], name) == 0)
			return (enum phases_rotation)r;
	return PHASES_UNKNOWN;
}

bool phases_fit(enum phases_rotation r, int phases)
{
	return phases == 1 || (r != PHASES_R && r != PHASES_S && r != PHASES_T);
}

int phases_place(enum phases_rotation r, int phase)
{
	return places[r][phase];
}

static int count_bits(unsigned x)
{
	return (int)((x & 1) + (x >> 1 & 1) + (x >> 2 & 1));
}

/* A vehicle with fewer phases than its charger uses the first ones (IEC 62196-2). */
static unsigned bits_of(const struct phases_facts *f)
{
	int n = f->vehicle && f->vehicle < f->phases ? f->vehicle : f->phases;

	return f->used ? f->used : (1u << n) - 1;
}

struct phases_pattern phases_find(const struct phases_facts *f)
{
	unsigned bits = f->is_dc ? 7 : bits_of(f);
	int n = count_bits(bits);
	struct phases_pattern p = {.phases = n, .exact = true};
	uint8_t part = (uint8_t)(6 / n);

	if (n == GRID_PHASES) {
		memset(p.sixths, part, sizeof(p.sixths));
		p.exact = f->is_dc || f->used || f->vehicle == GRID_PHASES;
		return p;
	}
	for (int i = 0; i < GRID_PHASES; i++) {
		int at = bits >> i & 1 ? places[f->rotation][i] : 0;

		if (at < 0) {
			memset(p.sixths, part, sizeof(p.sixths));
			p.exact = false;
			return p;
		}
		if (bits >> i & 1)
			p.sixths[at] = part;
	}
	/* Of two phases a vehicle that nobody knows may use one. */
	p.exact = n == 1 || f->used || f->vehicle;
	return p;
}

bool phases_learn(
	struct phases_learner *l, int64_t now_ms, const int32_t ma[GRID_PHASES], unsigned expected)
{
	unsigned seen = 0, known = l->used ? l->used : expected;

	for (int i = 0; i < GRID_PHASES; i++)
		if (ma[i] > CARRIES_MA)
			seen |= 1u << i;
	if (!seen || seen == l->used) {
		l->seen = seen;
		return false;
	}
	if (known && (seen & ~known)) {
		l->used = known | seen;
		l->seen = 0;
		return true;
	}
	if (seen != l->seen) {
		l->seen = seen;
		l->since_ms = now_ms;
		return false;
	}
	if (now_ms - l->since_ms < LASTS_MS)
		return false;
	l->used = seen;
	l->seen = 0;
	return true;
}
