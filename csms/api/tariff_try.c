/* A tariff tried before it counts: judged, and its prices of some days, slot by slot. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_fleet.h"
#include "csms/money/prices.h"
#include "csms/money/tariff_read.h"

#define SLOT_MS  INT64_C(900000)
#define DAYS_MAX 14

/* Local midnight of the day of the query (default: today), in ms; false after a problem. */
static bool read_day(struct ask *k, int64_t *day)
{
	const char *text = ask_query(k, "day");
	struct calendar_time now;

	calendar_local(prices_zone(k->api->core->prices), clock_wall().ms, &now);
	*day = calendar_number(now.day.year, now.day.month, now.day.day);
	if (text == NULL || tariff_read_date(text, day) == 0)
		return true;
	ask_problem(k, 400, "day", "day: must be a date, 2026-03-29");
	return false;
}

static int64_t begin_of(struct ask *k, int64_t day)
{
	struct calendar_day d;

	calendar_of_number(day, &d);
	return calendar_begin_ms(prices_zone(k->api->core->prices), &d);
}

void tariff_try_post(struct ask *k)
{
	struct prices *p = k->api->core->prices;
	struct tariff *judged = arena_alloc(k->arena, sizeof *judged);
	struct depot_fault fault = {0};
	int64_t days = 1, day, begin, end;
	struct price_slots s;

	if (!ask_int(k, "days", 1, DAYS_MAX, &days) || !read_day(k, &day))
		return;
	if (!judged) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	if (prices_check(p, k->body, judged, &fault) < 0) {
		ask_problem(k, 400, fault.path[0] ? fault.path : NULL, "%s%s%s", fault.path,
			fault.path[0] ? ": " : "", fault.text);
		return;
	}
	begin = begin_of(k, day);
	end = begin_of(k, day + days);
	if (prices_fill_by(
		    p, judged, (wall_t){begin}, SLOT_MS, (int)((end - begin) / SLOT_MS), &s) < 0) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	prices_reply(k, &s);
	price_slots_finish(&s);
}
