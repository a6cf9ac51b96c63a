#include <errno.h>
#include <stdbool.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotsim/csv.h"

#define MAX_COLUMNS  32
#define MAX_SESSIONS 100000
#define MAX_LINE     1024

enum column { ID, STATION, ARRIVAL, DEPARTURE, REQUESTED, CAPACITY, POWER, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {
	[ID] = "session_id",
	[STATION] = "station_id",
	[ARRIVAL] = "arrival_idx",
	[DEPARTURE] = "departure_idx",
	[REQUESTED] = "requested_kwh",
	[CAPACITY] = "batt_capacity_kwh",
	[POWER] = "batt_max_kw",
};

static int split(char *line, char *fields[MAX_COLUMNS])
{
	int n = 0;
	line[strcspn(line, "\r\n")] = '\0';
	for (char *rest = line; rest && n < MAX_COLUMNS;)
		fields[n++] = strsep(&rest, ",");
	return n;
}

static int read_header(char *line, int place[COLUMN_COUNT], char why[200])
{
	char *fields[MAX_COLUMNS];
	int n = split(line, fields);
	for (int c = 0; c < COLUMN_COUNT; c++) {
		place[c] = -1;
		for (int i = 0; i < n; i++) {
			if (strcmp(fields[i], column_names[c]) == 0)
				place[c] = i;
		}
		if (place[c] < 0) {
			snprintf(why, 200, "there is no column %s", column_names[c]);
			return -1;
		}
	}
	return 0;
}

/* kWh or kW with decimals into whole Wh or W. */
static int read_thousandths(const char *s, int64_t *out)
{
	char *end;
	errno = 0;
	double v = strtod(s, &end);
	if (end == s || *end || errno || !(v >= 0 && v <= 5000))
		return -1;
	*out = llround(v * 1000);
	return 0;
}

static int read_step(const char *s, int64_t *out)
{
	char *end;
	errno = 0;
	long long v = strtoll(s, &end, 10);
	if (end == s || *end || errno || v < 0 || v > 10000000)
		return -1;
	*out = v;
	return 0;
}

static int read_session(char *line, const int place[COLUMN_COUNT], struct csv_session *s)
{
	char *fields[MAX_COLUMNS];
	int n = split(line, fields);
	for (int c = 0; c < COLUMN_COUNT; c++) {
		if (place[c] >= n)
			return -1;
	}
	int id = snprintf(s->id, sizeof s->id, "%s", fields[place[ID]]);
	int station = snprintf(s->station, sizeof s->station, "%s", fields[place[STATION]]);
	if (id >= (int)sizeof s->id || station >= (int)sizeof s->station || station == 0)
		return -1;
	if (read_step(fields[place[ARRIVAL]], &s->arrival) ||
		read_step(fields[place[DEPARTURE]], &s->departure) ||
		read_thousandths(fields[place[REQUESTED]], &s->requested_wh) ||
		read_thousandths(fields[place[CAPACITY]], &s->capacity_wh) ||
		read_thousandths(fields[place[POWER]], &s->max_w))
		return -1;
	return s->departure >= s->arrival ? 0 : -1;
}

static struct csv_session *grow(struct csv_sessions *out)
{
	if (out->count == MAX_SESSIONS)
		return NULL;
	if ((out->count & (out->count - 1)) == 0) {
		size_t room = out->count ? (size_t)out->count * 2 : 1;
		struct csv_session *more = realloc(out->items, room * sizeof *more);
		if (!more)
			return NULL;
		out->items = more;
	}
	return &out->items[out->count];
}

int csv_read(FILE *f, struct csv_sessions *out, char why[200])
{
	char line[MAX_LINE];
	int place[COLUMN_COUNT];
	bool has_header = false;
	*out = (struct csv_sessions){0};
	for (int number = 1; fgets(line, sizeof line, f); number++) {
		char cause[200] = "not a session of this form";
		if (line[0] == '#' || line[strspn(line, " \t\r\n")] == '\0')
			continue;
		int bad;
		if (!has_header) {
			bad = read_header(line, place, cause);
			has_header = true;
		} else {
			struct csv_session *s = grow(out);
			bad = !s || read_session(line, place, s);
			out->count += !bad;
		}
		if (bad) {
			snprintf(why, 200, "line %d: %.160s", number, cause);
			csv_finish(out);
			return -1;
		}
	}
	if (has_header)
		return 0;
	snprintf(why, 200, "there is no header line");
	return -1;
}

void csv_finish(struct csv_sessions *s)
{
	free(s->items);
	*s = (struct csv_sessions){0};
}
