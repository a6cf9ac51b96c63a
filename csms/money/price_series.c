#include "csms/money/price_series.h"
#include <string.h>

#define WEEKS 5

const char *price_source_name(enum price_source s)
{
	static const char *const names[PRICE_SOURCE_COUNT] = {
		[PRICE_FIXED] = "fixed",
		[PRICE_SERIES] = "series",
		[PRICE_YESTERDAY] = "yesterday",
		[PRICE_WEEKDAY] = "weekday-mean",
		[PRICE_LAST] = "last-known",
		[PRICE_NONE] = "none",
	};

	return names[s];
}

const char *price_source_words(enum price_source s)
{
	static const char *const words[PRICE_SOURCE_COUNT] = {
		[PRICE_FIXED] = "the tariff alone",
		[PRICE_SERIES] = "prices that are told",
		[PRICE_YESTERDAY] = "yesterday's prices",
		[PRICE_WEEKDAY] = "the mean of the weekday",
		[PRICE_LAST] = "the last prices that are known",
		[PRICE_NONE] = "0 for what the market adds",
	};

	return words[s];
}

/* -- cells ------------------------------------------------------------------------------------ */

static int64_t base_for(int64_t now_ms)
{
	return (now_ms / CALENDAR_DAY_MS - PRICE_DAYS_BACK) * CALENDAR_DAY_MS;
}

static void forget(struct price_series *s, int from, int to)
{
	for (int i = from; i < to; i++) {
		s->value[i] = PRICE_UNKNOWN;
		s->received_ms[i] = 0;
	}
}

void price_series_init(struct price_series *s, int64_t now_ms)
{
	s->base_ms = base_for(now_ms);
	forget(s, 0, PRICE_CELLS);
}

void price_series_move(struct price_series *s, int64_t now_ms)
{
	int64_t by = (base_for(now_ms) - s->base_ms) / PRICE_CELL_MS;
	int keep;

	if (by == 0)
		return;
	if (by < 0 || by >= PRICE_CELLS) { /* somebody set the clock */
		price_series_init(s, now_ms);
		return;
	}
	keep = PRICE_CELLS - (int)by;
	memmove(s->value, s->value + by, (size_t)keep * sizeof *s->value);
	memmove(s->received_ms, s->received_ms + by, (size_t)keep * sizeof *s->received_ms);
	s->base_ms = base_for(now_ms);
	forget(s, keep, PRICE_CELLS);
}

/* The cell of an instant, or -1. */
static int cell_at(const struct price_series *s, int64_t at_ms)
{
	int64_t i = at_ms < s->base_ms ? -1 : (at_ms - s->base_ms) / PRICE_CELL_MS;

	return i < PRICE_CELLS ? (int)i : -1;
}

bool price_series_put(
	struct price_series *s, int64_t from_ms, int64_t to_ms, int32_t value, int64_t received_ms)
{
	int64_t end = s->base_ms + PRICE_CELLS * PRICE_CELL_MS;
	bool is_news = false;

	from_ms = from_ms < s->base_ms ? s->base_ms : from_ms;
	to_ms = to_ms > end ? end : to_ms;
	for (int64_t at = from_ms; at < to_ms; at += PRICE_CELL_MS) {
		int i = cell_at(s, at);

		is_news |= s->value[i] != value;
		s->value[i] = value;
		s->received_ms[i] = received_ms;
	}
	return is_news;
}

/* -- what to reckon with ---------------------------------------------------------------------- */

/* The same time by the local clock, some days before. */
static int cell_before(
	const struct price_series *s, const struct calendar_zone *z, int64_t at_ms, int days)
{
	struct calendar_time now, then;
	int64_t back = at_ms - days * CALENDAR_DAY_MS;

	calendar_local(z, at_ms, &now);
	calendar_local(z, back, &then);
	back += (now.local_ms - days * CALENDAR_DAY_MS) - then.local_ms;
	return cell_at(s, back);
}

static bool take(
	const struct price_series *s, int i, enum price_source source, struct price_value *out)
{
	if (i < 0 || s->value[i] == PRICE_UNKNOWN)
		return false;
	*out = (struct price_value){s->value[i], source, s->received_ms[i]};
	return true;
}

static bool take_weekday(const struct price_series *s, const struct calendar_zone *z, int64_t at_ms,
	struct price_value *out)
{
	int64_t sum = 0, oldest = INT64_MAX;
	int n = 0;

	for (int week = 1; week <= WEEKS; week++) {
		struct price_value v;

		if (!take(s, cell_before(s, z, at_ms, 7 * week), PRICE_WEEKDAY, &v))
			continue;
		sum += v.value;
		oldest = v.received_ms < oldest ? v.received_ms : oldest;
		n++;
	}
	if (n)
		*out = (struct price_value){sum / n, PRICE_WEEKDAY, oldest};
	return n > 0;
}

static struct price_value value_at(
	const struct price_series *s, const struct calendar_zone *z, int64_t at_ms)
{
	struct price_value v = {0, PRICE_NONE, 0};

	if (take(s, cell_at(s, at_ms), PRICE_SERIES, &v) ||
		take(s, cell_before(s, z, at_ms, 1), PRICE_YESTERDAY, &v) ||
		take_weekday(s, z, at_ms, &v))
		return v;
	for (int days = 2; days <= PRICE_DAYS; days++)
		if (take(s, cell_before(s, z, at_ms, days), PRICE_LAST, &v))
			return v;
	return v;
}

struct price_value price_series_mean(
	const struct price_series *s, const struct calendar_zone *z, int64_t from_ms, int64_t to_ms)
{
	struct price_value out = {0, PRICE_FIXED, INT64_MAX};
	int64_t sum = 0, length = to_ms - from_ms, half = length / 2;

	for (int64_t at = from_ms; at < to_ms;) {
		int64_t end = (at / PRICE_CELL_MS + 1) * PRICE_CELL_MS;
		struct price_value v = value_at(s, z, at);

		end = end > to_ms ? to_ms : end;
		sum += v.value * (end - at);
		if (v.source > out.source)
			out.source = v.source;
		if (v.received_ms < out.received_ms)
			out.received_ms = v.received_ms;
		at = end;
	}
	out.value = (sum >= 0 ? sum + half : sum - half) / length;
	return out;
}

int64_t price_series_known_until(const struct price_series *s, int64_t now_ms)
{
	int64_t at = now_ms;

	for (int i = cell_at(s, at); i >= 0 && s->value[i] != PRICE_UNKNOWN; i = cell_at(s, at))
		at = s->base_ms + (i + 1) * PRICE_CELL_MS;
	return at;
}
