#include "csms/vehicles/trips_csv.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define COLUMNS_MAX 40
#define DAY_MS      INT64_C(86400000)

enum field {
	FIELD_NONE, /* a column of no concern */
	FIELD_ID,
	FIELD_VEHICLE,
	FIELD_SHIFT,
	FIELD_DATE,
	FIELD_DEPARTS,
	FIELD_RETURNS,
	FIELD_KM,
	FIELD_PAYLOAD,
	FIELD_TEMPERATURE,
	FIELD_HEATED,
	FIELD_NEED,
	FIELD_NOTE,
};

/* What lists call them, and the member of TripType that it is. */
static const struct {
	const char *name;
	enum field field;
	const char *member;
} names[] = {
	{"id", FIELD_ID, "id"},
	{"trip", FIELD_ID, "id"},
	{"vehicle", FIELD_VEHICLE, "vehicle"},
	{"van", FIELD_VEHICLE, "vehicle"},
	{"shift", FIELD_SHIFT, "shift"},
	{"date", FIELD_DATE, "departs"},
	{"day", FIELD_DATE, "departs"},
	{"departs", FIELD_DEPARTS, "departs"},
	{"depart", FIELD_DEPARTS, "departs"},
	{"departure", FIELD_DEPARTS, "departs"},
	{"returns", FIELD_RETURNS, "returns"},
	{"return", FIELD_RETURNS, "returns"},
	{"distance_km", FIELD_KM, "distance_km"},
	{"distance", FIELD_KM, "distance_km"},
	{"km", FIELD_KM, "distance_km"},
	{"payload_kg", FIELD_PAYLOAD, "payload_kg"},
	{"payload", FIELD_PAYLOAD, "payload_kg"},
	{"temperature_c", FIELD_TEMPERATURE, "temperature_c"},
	{"temperature", FIELD_TEMPERATURE, "temperature_c"},
	{"heated", FIELD_HEATED, "heated"},
	{"need_kwh", FIELD_NEED, "need_kwh"},
	{"note", FIELD_NOTE, "note"},
};
#define NAMES (sizeof names / sizeof *names)

struct list {
	struct arena *arena;
	struct trips_csv_fault *fault;
	char separator;
	int line, columns;
	const char *title[COLUMNS_MAX];
	enum field field[COLUMNS_MAX];
};

__attribute__((format(printf, 3, 4))) static int fail(
	struct list *l, int column, const char *fmt, ...)
{
	va_list ap;

	l->fault->line = l->line;
	l->fault->column = column >= 0 ? l->title[column] : NULL;
	va_start(ap, fmt);
	vsnprintf(l->fault->text, sizeof l->fault->text, fmt, ap);
	va_end(ap);
	return -1;
}

/* -- lines ------------------------------------------------------------------------------------ */

/* Cuts a line into its cells in place, "…" with doubled quotes inside (RFC 4180); how many, or -1. */
static int cut(char *p, char separator, char *cells[COLUMNS_MAX])
{
	const char stop[2] = {separator, '\0'};

	for (int n = 0; n < COLUMNS_MAX; p++) {
		char *end, *cell;
		bool is_last, is_quoted;

		p += strspn(p, " ");
		is_quoted = *p == '"';
		p += is_quoted;
		cell = end = p;
		if (is_quoted) {
			while (*p && (*p != '"' || p[1] == '"')) {
				p += *p == '"';
				*end++ = *p++;
			}
			if (!*p++)
				return -1;
			p += strcspn(p, stop);
		} else {
			p += strcspn(p, stop);
			for (end = p; end > cell && isspace((unsigned char)end[-1]);)
				end--;
		}
		cells[n++] = cell;
		is_last = !*p;
		*end = '\0';
		if (is_last)
			return n;
	}
	return -1;
}

static enum field field_of(const char *title)
{
	for (size_t i = 0; i < NAMES; i++)
		if (strcasecmp(names[i].name, title) == 0)
			return names[i].field;
	return FIELD_NONE;
}

static int find(const struct list *l, enum field f)
{
	for (int i = 0; i < l->columns; i++)
		if (l->field[i] == f)
			return i;
	return -1;
}

static int read_head(struct list *l, char *line)
{
	static const struct {
		enum field field;
		const char *name;
	} needed[] = {{FIELD_VEHICLE, "vehicle"}, {FIELD_DEPARTS, "departs"},
		{FIELD_RETURNS, "returns"}, {FIELD_KM, "distance_km"}};
	char *cells[COLUMNS_MAX];

	l->separator = strchr(line, ';') ? ';' : strchr(line, '\t') ? '\t' : ',';
	l->columns = cut(line, l->separator, cells);
	if (l->columns < 0)
		return fail(l, -1, "has an open quote, or more than %d columns", COLUMNS_MAX);
	for (int i = 0; i < l->columns; i++) {
		l->title[i] = cells[i];
		l->field[i] = field_of(cells[i]);
		for (int k = 0; k < i; k++)
			if (l->field[i] != FIELD_NONE && l->field[k] == l->field[i])
				return fail(l, i, "says the same as column \"%.40s\"", l->title[k]);
	}
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (find(l, needed[i].field) < 0)
			return fail(l, -1, "must name the columns, and one of them \"%s\"",
				needed[i].name);
	return 0;
}

/* -- cells ------------------------------------------------------------------------------------ */

static int read_number(
	struct list *l, int column, const char *s, double least, double most, double *out)
{
	char text[40], *end;
	size_t len = strlen(s);
	double x;

	if (len >= sizeof text)
		return fail(l, column, "must be a number");
	memcpy(text, s, len + 1);
	for (char *p = text; *p && l->separator != ','; p++)
		*p = *p == ',' ? '.' : *p;
	x = strtod(text, &end);
	if (end == text || *end || !isfinite(x))
		return fail(l, column, "must be a number, not \"%.30s\"", s);
	if (x < least || x > most)
		return fail(l, column, "must be from %g to %g", least, most);
	*out = x;
	return 0;
}

static int read_words(
	struct list *l, int column, const char *s, size_t most, bool ident, const char **out)
{
	if (strlen(s) > most)
		return fail(l, column, "must not be longer than %zu characters", most);
	for (const char *p = s; ident && *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("*-_=:+|@.", *p))
			return fail(l, column, "may hold letters, digits and *-_=:+|@. only");
	*out = s;
	return 0;
}

static int read_bool(struct list *l, int column, const char *s, bool *out)
{
	static const char *const yes[] = {"1", "yes", "true", "x", "ja"}, *const no[] = {"0", "no",
										  "false", "nein"};

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		if (strcasecmp(s, yes[i]) == 0)
			return *out = true, 0;
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		if (strcasecmp(s, no[i]) == 0)
			return *out = false, 0;
	return fail(l, column, "must be yes or no, not \"%.30s\"", s);
}

static bool is_day(const struct tm *tm)
{
	return tm->tm_year >= 100 && tm->tm_year < 300 && tm->tm_mon >= 0 && tm->tm_mon < 12 &&
	       tm->tm_mday >= 1 && tm->tm_mday <= 31;
}

/* 2026-11-22 or 22.11.2026; returns what follows it, NULL: it is neither. */
static const char *read_date(const char *s, struct tm *tm)
{
	int a, b, c, used = 0;

	if (sscanf(s, "%4d-%2d-%2d%n", &a, &b, &c, &used) == 3 && used == 10) {
		tm->tm_year = a - 1900;
		tm->tm_mday = c;
	} else if (sscanf(s, "%2d.%2d.%4d%n", &a, &b, &c, &used) == 3 && used >= 8) {
		tm->tm_year = c - 1900;
		tm->tm_mday = a;
	} else {
		return NULL;
	}
	tm->tm_mon = b - 1;
	return is_day(tm) ? s + used : NULL;
}

static int to_wall(struct list *l, int column, struct tm tm, wall_t *out)
{
	int day = tm.tm_mday;
	time_t t;

	tm.tm_isdst = -1;
	t = mktime(&tm);
	if (t == (time_t)-1 || tm.tm_mday != day)
		return fail(l, column, "is no day of the calendar, or no time of that day");
	out->ms = (int64_t)t * 1000;
	return 0;
}

/* An instant with its offset; a day and a time; or a time alone on the row's day. */
static int read_time(struct list *l, int column, const char *s, const struct tm *day, wall_t *out)
{
	struct tm tm = {0};
	const char *clock = read_date(s, &tm);
	int h, m, used = 0;

	if (wall_parse(s, strlen(s), out))
		return 0;
	if (!clock && day) {
		tm = *day;
		clock = s;
	}
	while (clock && (*clock == ' ' || *clock == 'T'))
		clock++;
	if (!clock || sscanf(clock, "%2d:%2d%n", &h, &m, &used) != 2 || h < 0 || h > 23 || m < 0 ||
		m > 59 || (clock[used] && strcmp(clock + used, ":00") != 0))
		return fail(l, column, "must be \"2026-11-22 06:15\"%s, not \"%.30s\"",
			day ? " or \"06:15\"" : " (or 06:15 beside a column date)", s);
	tm.tm_hour = h;
	tm.tm_min = m;
	return to_wall(l, column, tm, out);
}

/* -- rows ------------------------------------------------------------------------------------- */

static int read_cell(struct list *l, int i, const char *s, struct depot_trip *r)
{
	switch (l->field[i]) {
	case FIELD_ID:
		return read_words(l, i, s, 60, true, &r->id);
	case FIELD_VEHICLE:
		return read_words(l, i, s, 60, true, &r->vehicle);
	case FIELD_SHIFT:
		return read_words(l, i, s, 60, true, &r->shift);
	case FIELD_NOTE:
		return read_words(l, i, s, 200, false, &r->note);
	case FIELD_KM:
		return read_number(l, i, s, 0.1, 5000, &r->distance_km);
	case FIELD_PAYLOAD:
		return read_number(l, i, s, 0, 100000, &r->payload_kg);
	case FIELD_TEMPERATURE:
		r->has_temperature_c = true;
		return read_number(l, i, s, -60, 60, &r->temperature_c);
	case FIELD_NEED:
		r->has_need_kwh = true;
		return read_number(l, i, s, 0.1, 5000, &r->need_kwh);
	case FIELD_HEATED:
		return read_bool(l, i, s, &r->heated);
	default:
		return 0;
	}
}

static int read_times(struct list *l, char *const cells[], struct depot_trip *r)
{
	int date = find(l, FIELD_DATE), from = find(l, FIELD_DEPARTS), to = find(l, FIELD_RETURNS);
	const char *rest;
	struct tm day = {0};
	bool has_day = date >= 0 && cells[date][0];

	if (has_day) {
		rest = read_date(cells[date], &day);
		if (!rest || *rest)
			return fail(l, date,
				"must be \"2026-11-22\" or \"22.11.2026\", not \"%.30s\"",
				cells[date]);
	}
	if (read_time(l, from, cells[from], has_day ? &day : NULL, &r->departs) ||
		read_time(l, to, cells[to], has_day ? &day : NULL, &r->returns))
		return -1;
	/* Times of one day: who is back before leaving is back on the next day. */
	if (has_day && r->returns.ms <= r->departs.ms && strlen(cells[to]) <= 8) {
		day.tm_mday++;
		day.tm_isdst = -1;
		mktime(&day);
		day.tm_hour = 0;
		return read_time(l, to, cells[to], &day, &r->returns);
	}
	return 0;
}

/* The same trip has the same name in the next edition of the list. */
static const char *name_of(struct list *l, const struct depot_trip *r)
{
	time_t t = (time_t)(r->departs.ms / 1000);
	char when[20];
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(when, sizeof when, "%Y%m%d-%H%M", &tm);
	return arena_printf(l->arena, "%.46s-%s", r->vehicle, when);
}

static int read_row(struct list *l, char *line, struct depot_trip *r)
{
	char *cells[COLUMNS_MAX];
	int n = cut(line, l->separator, cells);

	if (n != l->columns)
		return n < 0 ? fail(l, -1, "has an open quote or too many cells")
			     : fail(l, -1, "has %d cells, the first line has %d", n, l->columns);
	*r = (struct depot_trip){.has_heated = true, .heated = true, .has_payload_kg = true};
	for (int i = 0; i < n; i++) {
		if (cells[i][0] && read_cell(l, i, cells[i], r))
			return -1;
		if (!cells[i][0] &&
			(l->field[i] == FIELD_VEHICLE || l->field[i] == FIELD_DEPARTS ||
				l->field[i] == FIELD_RETURNS || l->field[i] == FIELD_KM))
			return fail(l, i, "is empty");
	}
	if (read_times(l, cells, r))
		return -1;
	if (!r->id)
		r->id = name_of(l, r);
	return r->id ? 0 : fail(l, -1, "out of memory");
}

static char *next_line(char **at)
{
	char *line = *at, *end = line + strcspn(line, "\r\n");

	if (!*line)
		return NULL;
	*at = end + (*end == '\r' && end[1] == '\n' ? 2 : *end != '\0');
	*end = '\0';
	return line;
}

static char *begin(const char *text, struct arena *a)
{
	return arena_strdup(a, strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text);
}

static size_t count_lines(const char *s)
{
	size_t n = 1;

	for (; *s; s++)
		n += *s == '\n' || *s == '\r';
	return n;
}

int trips_csv_try(const char *text, struct arena *a, struct trips_csv *out,
	struct trips_csv_fault *f, int max)
{
	struct list l = {.arena = a, .fault = f};
	char *at = begin(text, a), *line;
	size_t room = count_lines(text);
	int faults = 0;

	if (room > TRIPS_CSV_ROWS)
		room = TRIPS_CSV_ROWS;
	*out = (struct trips_csv){.rows = arena_alloc(a, room * sizeof *out->rows),
		.lines = arena_alloc(a, room * sizeof *out->lines)};
	if (!at || !out->rows || !out->lines) {
		fail(&l, -1, "out of memory");
		return 1;
	}
	while (faults < max && (line = next_line(&at))) {
		l.line++;
		if (!line[strspn(line, " \t;,")])
			continue;
		if (!l.columns) {
			if (read_head(&l, line))
				return 1;
			continue;
		}
		if (out->count == room) {
			fail(&l, -1, "is beyond %d trips: split the list", TRIPS_CSV_ROWS);
			return faults + 1;
		}
		if (read_row(&l, line, &out->rows[out->count]))
			l.fault = &f[++faults < max ? faults : 0];
		else
			out->lines[out->count++] = l.line;
	}
	if (!l.columns)
		fail(&l, -1, "the list is empty");
	return l.columns ? faults : 1;
}

int trips_csv_read(
	const char *text, struct arena *a, struct trips_csv *out, struct trips_csv_fault *f)
{
	return trips_csv_try(text, a, out, f, 1) ? -1 : 0;
}

const char *trips_csv_column(const char *text, const char *member, struct arena *a)
{
	struct trips_csv_fault none;
	struct list l = {.arena = a, .fault = &none};
	char *at = begin(text, a), *line = at ? next_line(&at) : NULL;

	while (line && !line[strspn(line, " \t;,")])
		line = next_line(&at);
	if (!line || read_head(&l, line))
		return NULL;
	for (size_t i = 0; member && i < NAMES; i++)
		if (strcmp(names[i].member, member) == 0 && find(&l, names[i].field) >= 0)
			return l.title[find(&l, names[i].field)];
	return NULL;
}
