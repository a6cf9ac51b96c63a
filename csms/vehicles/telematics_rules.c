#include "csms/vehicles/telematics_rules.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "csms/alarms.h"
#include "csms/vehicles/telematics_private.h"
#include "csms/words.h"
#include "schemas/yaml.h"

#define FILE_MAX    65536
#define RING        32 /* readings that a window is seen by */
#define MOVING_KM_H 3.0
#define MOVED_KM    0.5
#define KNOWN_MS    3600000 /* what was said longer ago says nothing of whether it moves */

struct ring_point {
	wall_t at;
	double value;
};

/* The last time of one rule at one vehicle, oldest first. */
struct watch {
	struct watch_key {
		const struct vehicle *vehicle;
		int rule;
	} key;
	struct ring_point ring[RING];
	int count;
	double odometer_km; /* when the window began; -1: not known */
	bool is_on;
	UT_hash_handle hh;
};

struct telematics_rules {
	struct telematics *owner;
	const struct telematics_rule_list *list;
	struct watch *watches;
};

static const enum alarm_kind alarm_of[] = {
	[TELEMATICS_RULE_ALARM_VEHICLE_BATTERY_HOT] = ALARM_VEHICLE_BATTERY_HOT,
	[TELEMATICS_RULE_ALARM_VEHICLE_LOSES_CHARGE] = ALARM_VEHICLE_LOSES_CHARGE,
	[TELEMATICS_RULE_ALARM_VEHICLE_TYRE_LOW] = ALARM_VEHICLE_TYRE_LOW,
};

struct telematics_rules *telematics_rules_create(
	struct telematics *t, const char *path, struct arena *a, char why[400])
{
	static const struct telematics_rule_list none;
	struct telematics_rules *r = calloc(1, sizeof *r);
	const struct telematics_rules_file *file;

	if (!r) {
		snprintf(why, 400, "out of memory");
		return NULL;
	}
	r->owner = t;
	r->list = &none;
	if (access(path, F_OK) && errno == ENOENT)
		return r; /* no rules */
	file = schema_yaml_load(&telematics_rules_file_type, path, FILE_MAX, a, why);
	if (file) {
		r->list = &file->rules;
		return r;
	}
	free(r);
	return NULL;
}

/* -- what must hold --------------------------------------------------------------------------- */

static bool says(const struct vehicle *v, enum telematics_quantity q, wall_t now, double *out)
{
	const struct telematics_reading *r = telematics_newest(v, q);

	if (!r || now.ms - r->at.ms > KNOWN_MS)
		return false;
	*out = r->value;
	return true;
}

/* True only where something says so: a vehicle of which nothing is known is not parked. */
static bool is_parked(const struct vehicle *v, const struct watch *w, wall_t now)
{
	double x, km;

	if (v->evse)
		return true;
	if (says(v, TELEMATICS_QUANTITY_SPEED_KM_H, now, &x))
		return x <= MOVING_KM_H;
	if (says(v, TELEMATICS_QUANTITY_IGNITION, now, &x))
		return x == 0;
	return says(v, TELEMATICS_QUANTITY_ODOMETER_KM, now, &km) &&
	       (w->odometer_km < 0 || km - w->odometer_km <= MOVED_KM);
}

static bool is_unplugged(const struct vehicle *v, wall_t now)
{
	double x;

	return !v->evse && !(says(v, TELEMATICS_QUANTITY_PLUGGED, now, &x) && x > 0) &&
	       !(says(v, TELEMATICS_QUANTITY_CHARGING, now, &x) && x > 0);
}

/* -- windows ---------------------------------------------------------------------------------- */

static struct watch *watch_of(struct telematics_rules *r, const struct vehicle *v, int rule)
{
	struct watch_key key;
	struct watch *w;

	memset(&key, 0, sizeof key);
	key.vehicle = v;
	key.rule = rule;
	HASH_FIND(hh, r->watches, &key, sizeof key, w);
	if (w)
		return w;
	w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->key = key;
	w->odometer_km = -1;
	HASH_ADD(hh, r->watches, key, sizeof w->key, w);
	return w;
}

static void start_window(struct watch *w, const struct vehicle *v)
{
	const struct telematics_reading *km = telematics_newest(v, TELEMATICS_QUANTITY_ODOMETER_KM);

	w->count = 0;
	w->odometer_km = km ? km->value : -1;
}

/* Keeps so many that the window is seen whole, however fast they come: the newest always, those
 * before it a part of the window apart. */
static void add_point(
	struct watch *w, const struct telematics_rule *rule, const struct telematics_reading *r)
{
	int64_t window = rule->within_s * 1000;
	int old = 0;

	while (old < w->count && r->at.ms - w->ring[old].at.ms > window)
		old++;
	memmove(w->ring, w->ring + old, (size_t)(w->count - old) * sizeof *w->ring);
	w->count -= old;
	if (w->count >= 2 && r->at.ms - w->ring[w->count - 2].at.ms < window / (RING - 2))
		w->count--;
	if (w->count == RING) {
		memmove(w->ring, w->ring + 1, (RING - 1) * sizeof *w->ring);
		w->count--;
	}
	w->ring[w->count++] = (struct ring_point){r->at, r->value};
}

/* The reading of the window that is furthest below (rise) or above (fall) the newest. */
static const struct ring_point *furthest(const struct watch *w, bool is_rise)
{
	const struct ring_point *best = NULL;

	for (int i = 0; i + 1 < w->count; i++)
		if (!best ||
			(is_rise ? w->ring[i].value < best->value : w->ring[i].value > best->value))
			best = &w->ring[i];
	return best;
}

/* -- rules ------------------------------------------------------------------------------------ */

struct finding {
	bool is_on;
	char words[ALARM_TEXT_MAX];
};

static void test_window(const struct telematics_rule *rule, struct watch *w,
	enum telematics_quantity q, const struct telematics_reading *r, struct finding *out)
{
	bool is_rise = rule->test == TELEMATICS_RULE_TEST_RISE;
	const struct ring_point *from;
	char a[WORDS_TIME_SIZE], b[WORDS_TIME_SIZE];
	double change;

	add_point(w, rule, r);
	from = furthest(w, is_rise);
	change = from ? is_rise ? r->value - from->value : from->value - r->value : 0;
	if (!from || change < rule->by ||
		(rule->has_level && (is_rise ? r->value < rule->level : r->value > rule->level)))
		return;
	out->is_on = true;
	snprintf(out->words, sizeof out->words,
		"%s: %s went from %g to %g %s between %s and %s (%s).", rule->name,
		telematics_quantity_enum.values[q], from->value, r->value,
		telematics_quantities[q].sign, words_clock(from->at, clock_wall(), a),
		words_clock(r->at, clock_wall(), b), r->source);
}

static void test_level(
	const struct telematics_rule *rule, const struct vehicle *v, struct finding *out)
{
	for (size_t i = 0; i < rule->quantities.count && !out->is_on; i++) {
		enum telematics_quantity q = rule->quantities.items[i];
		const struct telematics_reading *r = telematics_newest(v, q);
		char at[WORDS_TIME_SIZE];

		if (!r || !(rule->test == TELEMATICS_RULE_TEST_ABOVE ? r->value > rule->by
								     : r->value < rule->by))
			continue;
		out->is_on = true;
		snprintf(out->words, sizeof out->words, "%s: %s is %g %s since %s or before (%s).",
			rule->name, telematics_quantity_enum.values[q], r->value,
			telematics_quantities[q].sign, words_clock(r->at, clock_wall(), at),
			r->source);
	}
}

/* Of rules with the same alarm each may hold it. */
static bool is_held(struct telematics_rules *r, const struct vehicle *v, enum alarm_kind kind)
{
	for (size_t i = 0; i < r->list->count; i++) {
		struct watch_key key;
		struct watch *w;

		memset(&key, 0, sizeof key);
		key.vehicle = v;
		key.rule = (int)i;
		HASH_FIND(hh, r->watches, &key, sizeof key, w);
		if (w && w->is_on && alarm_of[r->list->items[i].alarm] == kind)
			return true;
	}
	return false;
}

static void look_at(struct telematics_rules *r, int index, struct vehicle *v,
	enum telematics_quantity q, const struct telematics_reading *newest)
{
	const struct telematics_rule *rule = &r->list->items[index];
	bool is_window =
		rule->test == TELEMATICS_RULE_TEST_RISE || rule->test == TELEMATICS_RULE_TEST_FALL;
	struct watch *w = watch_of(r, v, index);
	struct finding f = {0};

	if (!w)
		return;
	if (w->count == 0)
		start_window(w, v);
	if ((rule->parked && !is_parked(v, w, newest->at)) ||
		(rule->unplugged && !is_unplugged(v, newest->at)))
		start_window(w, v);
	else if (is_window)
		test_window(rule, w, q, newest, &f);
	else
		test_level(rule, v, &f);
	if (f.is_on)
		alarm_raise(r->owner->core, alarm_of[rule->alarm], v->id, "%s", f.words);
	if (w->is_on && !f.is_on) {
		w->is_on = false;
		if (!is_held(r, v, alarm_of[rule->alarm]))
			alarm_clear(r->owner->core, alarm_of[rule->alarm], v->id);
	}
	w->is_on = f.is_on;
}

void telematics_rules_look(
	struct telematics_rules *r, struct vehicle *v, enum telematics_quantity quantity)
{
	const struct telematics_reading *newest = telematics_newest(v, quantity);

	for (size_t i = 0; newest && i < r->list->count; i++) {
		const struct telematics_rule *rule = &r->list->items[i];

		for (size_t j = 0; j < rule->quantities.count; j++)
			if (rule->quantities.items[j] == quantity)
				look_at(r, (int)i, v, quantity, newest);
	}
}

void telematics_rules_forget(struct telematics_rules *r, const struct vehicle *v)
{
	struct watch *w, *next;

	HASH_ITER (hh, r->watches, w, next) {
		if (v && w->key.vehicle != v)
			continue;
		if (v && w->is_on)
			alarm_clear(
				r->owner->core, alarm_of[r->list->items[w->key.rule].alarm], v->id);
		HASH_DEL(r->watches, w);
		free(w);
	}
}

void telematics_rules_destroy(struct telematics_rules *r)
{
	if (!r)
		return;
	telematics_rules_forget(r, NULL);
	free(r);
}
