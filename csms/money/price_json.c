/* Prices in JSON: where times and values stand is data (JSON pointers of the depot's file): a list
 * of each, or a list of items that have both. Times as RFC 3339, or seconds or milliseconds since
 * 1970. */
#include <stdio.h>
#include <string.h>

#include "csms/money/price_read.h"
#include "schemas/peek.h"

#define SECONDS_MAX 100000000000.0 /* more are milliseconds */

static bool read_time(const struct peek *p, int value, int64_t *ms)
{
	char word[60];
	double x;
	wall_t at;

	if (peek_kind(p, value) == '"' && peek_word(p, value, word, sizeof word) &&
		wall_parse(word, strlen(word), &at)) {
		*ms = at.ms;
		return at.ms >= 0;
	}
	if (!peek_number(p, value, &x) || !(x >= 0 && x < SECONDS_MAX * 1000))
		return false;
	*ms = x < SECONDS_MAX ? (int64_t)x * 1000 : (int64_t)x;
	return true;
}

/* One point; a value of null is a hole. */
static int add(const struct depot_price_series *row, const struct peek *p, int when, int what,
	struct price_points *out, char why[300])
{
	int64_t start;
	int32_t value;
	double x;

	if (what >= 0 && peek_kind(p, what) == 'n')
		return 0;
	if (when < 0 || what < 0 || !read_time(p, when, &start) || !peek_number(p, what, &x) ||
		price_value_of(row, x, &value) < 0) {
		snprintf(why, 300,
			"value %d: needs a time and a number where fetch.times and "
			"fetch.values say",
			out->count + 1);
		return -1;
	}
	return price_points_add(out, start, 0, value, why);
}

static int read_items(const struct depot_price_series *row, const struct peek *p, int list,
	struct price_points *out, char why[300])
{
	for (int i = peek_first(p, list); i >= 0; i = peek_next(p, list, i))
		if (add(row, p, peek_find(p, i, row->fetch->times),
			    peek_find(p, i, row->fetch->values), out, why) < 0)
			return -1;
	return 0;
}

static int read_lists(const struct depot_price_series *row, const struct peek *p, int times,
	int values, struct price_points *out, char why[300])
{
	int a = peek_first(p, times), b = peek_first(p, values);

	for (; a >= 0 && b >= 0; a = peek_next(p, times, a), b = peek_next(p, values, b))
		if (add(row, p, a, b, out, why) < 0)
			return -1;
	if (a < 0 && b < 0)
		return 0;
	snprintf(why, 300, "it has not as many times as values");
	return -1;
}

static bool is_list(const struct peek *p, int value)
{
	return value >= 0 && peek_kind(p, value) == '[';
}

static int read_text(const struct depot_price_series *row, const struct peek *p,
	struct price_points *out, char why[300])
{
	const struct depot_price_fetch *f = row->fetch;
	int times = f->items ? -1 : peek_find(p, 0, f->times);
	int values = f->items ? peek_find(p, 0, f->items) : peek_find(p, 0, f->values);

	if (f->items && is_list(p, values))
		return read_items(row, p, values, out, why);
	if (!f->items && is_list(p, times) && is_list(p, values))
		return read_lists(row, p, times, values, out, why);
	snprintf(why, 300, "there is no list at %.60s%s%.60s", f->items ? f->items : f->times,
		f->items ? "" : " or ", f->items ? "" : f->values);
	return -1;
}

int price_read_json(const struct depot_price_series *row, const char *text, size_t len,
	struct price_points *out, char why[300])
{
	struct arena *a = arena_create(0);
	const char *wrong = "out of memory";
	struct peek p;
	size_t at = 0;
	int rc = -1;

	if (!row->fetch->times || !row->fetch->values)
		wrong = "fetch.times and fetch.values must say where in the JSON they stand";
	else if (a)
		wrong = peek_open(&p, text, len, a, &at);
	if (wrong)
		snprintf(why, 300, "%.200s (byte %zu)", wrong, at);
	else
		rc = read_text(row, &p, out, why);
	arena_destroy(a);
	return rc;
}
