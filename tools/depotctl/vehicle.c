/* Vehicles as they are described: shown, changed member by member, taken from a CSV file; and the state of
 * charge that a person tells. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gen/depot.h"
#include "schemas/peek.h"
#include "schemas/yaml.h"
#include "tools/depotctl/commands.h"

#define CSV_COLUMNS 40

static const char *path_of(struct ctl *c, const char *id)
{
	return arena_printf(c->arena, "vehicles/%s", ctl_escape(c, id));
}

static int show(struct ctl *c, const char *id)
{
	const struct api_vehicle_detail *v;
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", path_of(c, id), NULL, NULL, &api_vehicle_detail_type, &answer);

	v = answer;
	if (v == NULL)
		return status;
	printf("# %s\n%s\n# %s\n", v->sentence, v->description ? v->description : "",
		v->changed ? "added or changed here" : "from the depot's file");
	if (v->vehicle.fallback)
		printf("# %s %s\n", v->vehicle.reason ? v->vehicle.reason : "",
			v->vehicle.fallback);
	return CTL_OK;
}

/* "63", "63%" or "63 %" as two words. */
static bool read_pct(struct ctl *c, double *out)
{
	const char *text = c->argc > 2 ? c->argv[2] : "";
	char *end;

	*out = strtod(text, &end);
	if (*end == '%')
		end++;
	else if (c->argc == 4 && strcmp(c->argv[3], "%") == 0)
		c->argc--;
	return end != text && !*end && c->argc == 3 && *out >= 0 && *out <= 100;
}

/* A time, or HH:MM of the last 24 hours. */
static bool read_at(const char *s, wall_t *out)
{
	time_t now = time(NULL);
	int hour, minute, n = 0;
	struct tm tm;

	if (sscanf(s, "%2d:%2d%n", &hour, &minute, &n) != 2 || s[n] != '\0' || hour < 0 ||
		hour > 23 || minute < 0 || minute > 59)
		return wall_parse(s, strlen(s), out);
	localtime_r(&now, &tm);
	for (int i = 0; i < 2; i++) {
		tm.tm_hour = hour;
		tm.tm_min = minute;
		tm.tm_sec = 0;
		tm.tm_isdst = -1;
		out->ms = (int64_t)mktime(&tm) * 1000;
		if (out->ms <= (int64_t)now * 1000)
			break;
		tm.tm_mday--;
	}
	return true;
}

static int tell_soc(struct ctl *c, const char *id)
{
	struct api_vehicle_soc_post post = {0};
	const char *at = ctl_option(c, "--at");
	void *answer;
	int status;

	if (!read_pct(c, &post.pct))
		return ctl_complain(CTL_USAGE,
			"vehicle soc needs VEHICLE and its state of charge from 0 to 100 %%");
	post.has_at = at != NULL;
	if (at && !read_at(at, &post.at))
		return ctl_complain(
			CTL_USAGE, "--at: must be a time, like 18:05 or 2026-11-22T18:05:00+01:00");
	status = ctl_ask_struct(c, "POST",
		arena_printf(c->arena, "vehicles/%s/soc", ctl_escape(c, id)),
		&api_vehicle_soc_post_type, &post, &api_vehicle_soc_reply_type, &answer);
	if (answer)
		printf("%s\n", ((const struct api_vehicle_soc_reply *)answer)->sentence);
	return status;
}

/* -- rows ------------------------------------------------------------------------------------- */

/* All vehicles as they are described, NULL after a complaint. */
static const struct api_vehicle_list *get_all(struct ctl *c)
{
	void *answer = NULL;
	bool json = c->json;

	c->json = false;
	ctl_ask_struct(c, "GET", "vehicles", NULL, NULL, &api_vehicle_list_type, &answer);
	c->json = json;
	return answer;
}

struct member {
	const char *name, *value; /* value "": take it away */
};

static bool is_given(const struct member *list, int count, const char *name, size_t len)
{
	for (int i = 0; i < count; i++)
		if (strlen(list[i].name) == len && memcmp(list[i].name, name, len) == 0)
			return true;
	return false;
}

/* A cell as YAML: lists and plain words as they stand, all else in quotes. */
static void put_value(struct text *t, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.:+-";

	if (s[0] == '[' || s[0] == '{' || strspn(s, plain) == strlen(s))
		text_puts(t, s);
	else
		text_put_json(t, s);
}

/* The description of a vehicle with these members in place; NULL after a complaint. */
static const void *row_with(struct ctl *c, const struct api_vehicle_list *all, const char *id,
	const struct member *list, int count, const char *file, int line)
{
	const char *old = "{}";
	struct peek p;
	struct text t;
	char where[400];
	size_t at;
	void *row;

	for (size_t i = 0; i < all->vehicles.count; i++)
		if (strcmp(all->vehicles.items[i].vehicle.id, id) == 0 &&
			all->vehicles.items[i].description)
			old = all->vehicles.items[i].description;
	text_init(&t, 0);
	text_puts(&t, "{id: ");
	text_put_json(&t, id);
	peek_open(&p, old, strlen(old), c->arena, &at);
	for (int m = peek_first(&p, 0); m >= 0; m = peek_next(&p, 0, m)) {
		size_t key_len, len;
		const char *key = peek_key(&p, 0, m, &key_len), *value = peek_text(&p, m, &len);

		if (!is_given(list, count, key, key_len) && !(key_len == 2 && key[0] == 'i'))
			text_printf(&t, ", %.*s: %.*s", (int)key_len, key, (int)len, value);
	}
	for (int i = 0; i < count; i++)
		if (list[i].value[0]) {
			text_printf(&t, ", %s: ", list[i].name);
			put_value(&t, list[i].value);
		}
	text_puts(&t, "}");
	row = text_ok(&t)
		      ? schema_yaml_decode(&depot_vehicle_type, "", t.data, t.len, c->arena, where)
		      : NULL;
	text_finish(&t);
	if (row == NULL) {
		const char *what = strstr(where, ": ");

		what = what ? what + 2 : where;
		if (file)
			ctl_complain(0, "%s:%d: %s: %s", file, line, id, what);
		else
			ctl_complain(0, "%s: %s", id, what);
	}
	return row;
}

static int put(struct ctl *c, const char *id, const void *row, const char *words)
{
	return ctl_done(c, "PUT", path_of(c, id), &depot_vehicle_type, row, words);
}

/* The same without a word when it went well. */
static int store(struct ctl *c, const char *id, const void *row, bool check)
{
	void *answer;

	return ctl_ask_struct(c, "PUT",
		arena_printf(c->arena, "%s%s", path_of(c, id), check ? "?check=1" : ""),
		&depot_vehicle_type, row, &api_done_type, &answer);
}

static int set(struct ctl *c, const char *id)
{
	const struct api_vehicle_list *all;
	struct member list[CTL_ARGS];
	const void *row;
	int n = 0;

	for (int i = 2; i < c->argc; i++) {
		const char *equals = strchr(c->argv[i], '=');

		if (equals == NULL)
			return ctl_complain(CTL_USAGE, "%s: must be MEMBER=VALUE", c->argv[i]);
		list[n++] = (struct member){
			arena_strndup(c->arena, c->argv[i], (size_t)(equals - c->argv[i])),
			equals + 1};
	}
	all = get_all(c);
	row = all ? row_with(c, all, id, list, n, NULL, 0) : NULL;
	return row ? put(c, id, row, "Stored.") : CTL_FAILED;
}

/* -- CSV -------------------------------------------------------------------------------------- */

/* Cuts a line into its cells in place, "…" with doubled quotes inside (RFC 4180); how many, or -1. */
static int cut(char *line, char separator, char *cells[CSV_COLUMNS])
{
	int n = 0;
	char *p = line;

	for (;;) {
		char *out;

		if (n == CSV_COLUMNS)
			return -1;
		while (*p == ' ')
			p++;
		cells[n++] = out = *p == '"' ? p + 1 : p;
		if (*p == '"') {
			for (p++; *p && !(*p == '"' && p[1] != '"'); *out++ = *p++)
				p += *p == '"';
			if (*p != '"')
				return -1;
			p++;
		} else {
			while (*p && *p != separator)
				p++;
			out = p;
			while (out > cells[n - 1] && isspace((unsigned char)out[-1]))
				out--;
		}
		while (*p && *p != separator)
			p++;
		if (!*p) {
			*out = '\0';
			return n;
		}
		*out = '\0';
		p++;
	}
}

struct import {
	struct ctl *c;
	const char *file;
	const struct api_vehicle_list *all;
	char separator;
	int column_count, line, done, failed, id_column;
	char *columns[CSV_COLUMNS];
	bool check;
};

/* One vehicle: its id, and the members that the line has. Empty cells leave what is there. */
static void take_line(struct import *m, char *line)
{
	struct member list[CSV_COLUMNS];
	char *cells[CSV_COLUMNS];
	int n = cut(line, m->separator, cells), count = 0;
	const void *row;

	if (n != m->column_count) {
		ctl_complain(0, "%s:%d: has %d cells, the first line has %d", m->file, m->line, n,
			m->column_count);
		m->failed++;
		return;
	}
	for (int i = 0; i < n; i++)
		if (i != m->id_column && cells[i][0])
			list[count++] = (struct member){m->columns[i], cells[i]};
	row = row_with(m->c, m->all, cells[m->id_column], list, count, m->file, m->line);
	m->c->line = m->line;
	if (row && store(m->c, cells[m->id_column], row, m->check) != CTL_OK)
		row = NULL;
	if (row)
		m->done++;
	else
		m->failed++;
}

static int read_head(struct import *m, char *line)
{
	m->separator = strchr(line, ';') ? ';' : ',';
	m->id_column = -1;
	m->column_count = cut(line, m->separator, m->columns);
	for (int i = 0; i < m->column_count; i++)
		if (strcmp(m->columns[i], "id") == 0)
			m->id_column = i;
	return m->id_column < 0
		       ? ctl_complain(CTL_USAGE,
				 "%s: the first line must name the columns, one of them id",
				 m->file)
		       : CTL_OK;
}

static int import(struct ctl *c, const char *file, bool check)
{
	struct import m = {.c = c, .file = file, .check = check};
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int status = CTL_OK;

	if (f == NULL)
		return ctl_complain(CTL_USAGE, "%s: %s", file, strerror(errno));
	m.all = get_all(c);
	c->file = file;
	status = m.all ? CTL_OK : CTL_FAILED;
	while (status == CTL_OK && (len = getline(&line, &room, f)) >= 0) {
		char *text = arena_strndup(c->arena, line, (size_t)len);

		text[strcspn(text, "\r\n")] = '\0';
		if (m.line == 0 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
			text += 3;
		m.line++;
		if (text[0] == '\0')
			continue;
		if (m.column_count == 0)
			status = read_head(&m, text);
		else
			take_line(&m, text);
	}
	free(line);
	if (f != stdin)
		fclose(f);
	if (status != CTL_OK)
		return status;
	printf("%d vehicle%s %s, %d line%s refused.\n", m.done, m.done == 1 ? "" : "s",
		check ? "would be stored" : "stored", m.failed, m.failed == 1 ? "" : "s");
	return m.failed ? CTL_FAILED : CTL_OK;
}

int ctl_vehicle(struct ctl *c)
{
	const char *verb = c->argv[0], *word = c->argc > 1 ? c->argv[1] : NULL;
	bool check = ctl_flag(c, "--check");

	if (word == NULL)
		return ctl_complain(CTL_USAGE, "vehicle %s needs %s", verb,
			strcmp(verb, "import") == 0 ? "FILE.csv" : "VEHICLE");
	if (strcmp(verb, "show") == 0)
		return show(c, word);
	if (strcmp(verb, "set") == 0)
		return set(c, word);
	if (strcmp(verb, "soc") == 0)
		return tell_soc(c, word);
	if (strcmp(verb, "remove") == 0)
		return ctl_done(c, "DELETE", path_of(c, word), NULL, NULL, "Removed.");
	if (strcmp(verb, "import") == 0)
		return import(c, word, check);
	return ctl_complain(CTL_USAGE, "vehicle takes show, set, soc, remove or import");
}
