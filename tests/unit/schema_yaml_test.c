#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gen/config.h"
#include "gen/depot.h"
#include "gen/meter.h"
#include "schemas/rows.h"
#include "schemas/yaml.h"

static struct arena *arena;
static char where[400];

static void setup(void)
{
	arena = arena_create(0);
	memset(where, 0, sizeof(where));
}

static void teardown(void)
{
	arena_destroy(arena);
}

static const char depot_text[] =
	"# a small depot\n"
	"depot: demo\n"
	"name: 'Depot \"Ost\"'\n"
	"timezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - id: site\n"
	"    kind: site\n"
	"    limit_w: 250000\n"
	"  - {id: \"feeder-1\", kind: feeder, parent: site, limit_w: +160000}\n"
	"vehicles:\n"
	"  - id: 12\n"
	"    name: 007\n"
	"    battery_wh: 0x12110\n"
	"    max_ac_w: 11000\n"
	"    max_dc_w: 1e5\n"
	"    departs: \"05:30\"\n"
	"    departs_at: 2026-03-11T05:30:00Z\n";

START_TEST(reads_a_depot)
{
	const struct depot_file *f = schema_yaml_decode(
		&depot_file_type, "depot.yaml", depot_text, sizeof(depot_text) - 1, arena, where);

	ck_assert_msg(f != NULL, "%s", where);
	ck_assert_str_eq(f->name, "Depot \"Ost\"");
	ck_assert_uint_eq(f->nodes.count, 2);
	ck_assert_int_eq(f->nodes.items[1].kind, DEPOT_NODE_KIND_FEEDER);
	ck_assert_int_eq(f->nodes.items[1].limit_w, 160000);
	ck_assert(!f->has_voltage_v && f->voltage_v == 230);
	ck_assert_str_eq(f->vehicles.items[0].id, "12");
	ck_assert_str_eq(f->vehicles.items[0].name, "007");
	ck_assert_int_eq(f->vehicles.items[0].battery_wh, 74000);
	ck_assert_int_eq(f->vehicles.items[0].max_dc_w, 100000);
	ck_assert_int_eq(f->vehicles.items[0].departs_at.ms, INT64_C(1773207000000));
	ck_assert_ptr_null(f->stations.items);
}
END_TEST

START_TEST(reads_plain_scalars_by_their_looks_where_the_row_asks_for_none)
{
	static const char text[] = "depot: d.yaml\nlisten:\n  console: {on: True, port: 0}\n"
				   "  hosts: [true, 1.5, plain]\nlimits: {max_depth: 16.0}\n";
	const struct config_file *f = schema_yaml_decode(
		&config_file_type, "c.yaml", text, sizeof(text) - 1, arena, where);

	ck_assert_msg(f != NULL, "%s", where);
	ck_assert(f->listen->console->on && f->listen->console->has_port);
	ck_assert_int_eq(f->limits->max_depth, 16);
	ck_assert_str_eq(f->listen->hosts.items[0], "true");
	ck_assert_str_eq(f->listen->hosts.items[1], "1.5");
}
END_TEST

START_TEST(reads_negative_and_fractional_numbers)
{
	static const char text[] =
		"name: m\nvendor: v\nmodel: m\nsource: s\nfunction: input\norder: msw\n"
		"registers:\n- {quantity: power_w, address: 0x34, type: float32, scale: -.5}\n";
	const struct meter_map *m =
		schema_yaml_decode(&meter_map_type, "m.yaml", text, sizeof(text) - 1, arena, where);

	ck_assert_msg(m != NULL, "%s", where);
	ck_assert_int_eq(m->registers.items[0].address, 52);
	ck_assert_double_eq(m->registers.items[0].scale, -0.5);
}
END_TEST

/* A complaint names file, line, path and reason. */
static const struct {
	const char *text;
	const char *where;
} bad[] = {
	{"depot: d\nlisten:\n  socket: maybe\n",
		"c.yaml:3: listen.socket: must be true or false but is a string"},
	{"depot: d\n\nlimits:\n  max_depth: 3\n",
		"c.yaml:4: limits.max_depth: must be from 4 to 64 but is 3"},
	{"depot: d\nlimits:\n  max_dept: 3\n",
		"c.yaml:3: limits.max_dept: is not a field of LimitsType"},
	{"\n\nlisten: {}\n", "c.yaml:3: depot: is missing"},
	{"depot: d\nboot: {}\ndepot: e\n", "c.yaml:3: depot: stands there twice"},
	{"depot: d\nlisten:\n  hosts:\n    - ok\n    - ''\n",
		"c.yaml:5: listen.hosts[1]: must have at least 1 characters but has 0"},
	{"depot: d\nlisten: [1]\n", "c.yaml:2: listen: must be an object but is an array"},
	{"depot:\n", "c.yaml:1: depot: must be a string but is null"},
	{"depot: d\nlisten: &a {socket: true}\nboot: *a\n",
		"c.yaml:3: aliases like *a are not supported"},
	{"depot: !!str d\n", "c.yaml:1: tags like tag:yaml.org,2002:str are not supported"},
	{"depot: d\n---\ndepot: e\n", "c.yaml:2: only one document is allowed"},
	{"depot: d\n  listen: x\n", "c.yaml:2: mapping values are not allowed in this context"},
	{"depot: \"a\\0b\"\n", "c.yaml:1: NUL character in a text"},
	{"? [a]\n: b\n", "c.yaml:1: a key must be plain text"},
	{"", "c.yaml: is empty"},
	{"- 1\n", "c.yaml:1: must be an object but is an array"},
};

START_TEST(complains_with_line)
{
	const void *f = schema_yaml_decode(
		&config_file_type, "c.yaml", bad[_i].text, strlen(bad[_i].text), arena, where);

	ck_assert_ptr_null(f);
	ck_assert_str_eq(where, bad[_i].where);
}
END_TEST

START_TEST(complains_about_depth_and_goes_without_where)
{
	char text[200];

	memset(text, '[', sizeof(text));
	memcpy(text, "a: ", 3);
	ck_assert_ptr_null(
		schema_yaml_decode(&config_file_type, "c.yaml", text, sizeof(text), arena, where));
	ck_assert_str_eq(where, "c.yaml:1: nested too deep");
	ck_assert_ptr_null(schema_yaml_decode(&config_file_type, "c.yaml", "a", 1, arena, NULL));
}
END_TEST

/* A complaint of somebody else's gets the line of its path, or of the nearest above it. */
START_TEST(finds_the_line_of_a_path)
{
	static const char text[] = "depot: d\nnodes:\n  - id: a\n    kind: site\n  - {id: b}\n";
	static const struct {
		const char *path;
		int line;
	} rows[] = {
		{"nodes[0].kind", 4},
		{"nodes[1].id", 5},
		{"nodes[1].limit_w", 5},
		{"nodes[7]", 2},
		{"depot", 1},
		{"", 1},
	};
	char path[] = P_tmpdir "/schema-yaml-XXXXXX", expected[100];
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		schema_yaml_complain(path, 1000, rows[i].path, "is odd", where);
		snprintf(expected, sizeof expected, "%s:%d: %s%sis odd", path, rows[i].line,
			rows[i].path, rows[i].path[0] ? ": " : "");
		ck_assert_str_eq(where, expected);
	}
	unlink(path);
}
END_TEST

START_TEST(loads_files_up_to_their_cap)
{
	char path[] = P_tmpdir "/schema-yaml-XXXXXX", expected[64];
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, depot_text, sizeof(depot_text) - 1), sizeof(depot_text) - 1);
	close(fd);
	ck_assert_ptr_nonnull(
		schema_yaml_load(&depot_file_type, path, sizeof(depot_text) - 1, arena, where));
	ck_assert_ptr_null(schema_yaml_load(&depot_file_type, path, 100, arena, where));
	snprintf(expected, sizeof(expected), "%s: is larger than 100 bytes", path);
	ck_assert_str_eq(where, expected);
	unlink(path);
	ck_assert_ptr_null(schema_yaml_load(&depot_file_type, path, 100, arena, where));
	snprintf(expected, sizeof(expected), "%s: No such file or directory", path);
	ck_assert_str_eq(where, expected);
	ck_assert_ptr_null(schema_yaml_load(&depot_file_type, "/", 100, arena, where));
	ck_assert_str_eq(where, "/: Is a directory");
}
END_TEST

/* -- etc/depotd.yaml --------------------------------------------------------------------------- */

#define ROWS_MAX 1000

static const struct schema_field *stand[ROWS_MAX]; /* settings that stand there */
static int stand_count;

/* Settings whose value there is an example, or a default of their place. */
static const char *const examples[] = {"listen.profile3.on", "telematics.sources.http"};

/* "# name: …" and "# - …", at any depth, are settings; what else stands behind # is words. */
static bool is_setting(const char *s)
{
	s += strspn(s, " ");
	if (strncmp(s, "- ", 2) == 0)
		return true;
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
	return n > 0 && s[n] == ':' && (s[n + 1] == ' ' || s[n + 1] == '\n');
}

/* The file with the marks of comments taken away from all settings. */
static size_t uncommented(char *out, size_t size)
{
	FILE *f = fopen("etc/depotd.yaml", "r");
	char line[300];
	size_t len = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		size_t n = strspn(line, " ");

		if (strncmp(line + n, "# ", 2) == 0 && is_setting(line + n + 2))
			memmove(line + n, line + n + 2, strlen(line + n + 2) + 1);
		ck_assert_uint_lt(len + strlen(line), size);
		strcpy(out + len, line);
		len += strlen(line);
	}
	fclose(f);
	return len;
}

static bool is_present(const struct schema_field *f, const char *value)
{
	const char *at = value + f->at;

	if (f->array)
		return ((const struct schema_list *)(const void *)at)->items != NULL;
	if (f->kind == SCHEMA_STRING || f->kind == SCHEMA_IDENT)
		return *(const char *const *)(const void *)at != NULL;
	if (f->required)
		return true;
	if (f->kind == SCHEMA_STRUCT)
		return *(const void *const *)(const void *)at != NULL;
	return *(const bool *)(const void *)(value + f->flag);
}

static bool is_fallback(const struct schema_field *f, const char *at)
{
	switch (f->kind) {
	case SCHEMA_BOOL:
		return *(const bool *)(const void *)at == (f->fallback.integer != 0);
	case SCHEMA_ENUM:
		return *(const int *)(const void *)at == (int)f->fallback.integer;
	case SCHEMA_INT:
		return *(const int64_t *)(const void *)at == f->fallback.integer;
	case SCHEMA_NUMBER:
		return *(const double *)(const void *)at == f->fallback.number;
	default:
		return strcmp(*(const char *const *)(const void *)at, f->fallback.text) == 0;
	}
}

static bool is_example(const char *path)
{
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
		if (strcmp(examples[i], path) == 0)
			return true;
	return false;
}

static void walk(const struct schema_struct *type, const char *value, const char *path);

static void walk_field(const struct schema_field *f, const char *value, const char *path)
{
	const char *at = value + f->at;

	ck_assert_int_lt(stand_count, ROWS_MAX);
	stand[stand_count++] = f;
	if (f->kind == SCHEMA_STRUCT && f->array) {
		const struct schema_list *l = (const void *)at;

		for (size_t i = 0; i < l->count; i++)
			walk(f->type, (const char *)l->items + i * f->width, path);
	} else if (f->kind == SCHEMA_STRUCT) {
		walk(f->type, f->required ? at : *(const char *const *)(const void *)at, path);
	} else if (f->has_fallback && !f->array && !is_example(path)) {
		ck_assert_msg(is_fallback(f, at), "%s: not its default", path);
	}
}

static void walk(const struct schema_struct *type, const char *value, const char *path)
{
	char inner[300];

	for (int i = 0; i < type->field_count; i++) {
		const struct schema_field *f = &type->fields[i];

		snprintf(inner, sizeof inner, "%s%s%s", path, path[0] ? "." : "", f->name);
		if (is_present(f, value))
			walk_field(f, value, inner);
	}
}

static bool stands(const struct schema_field *f)
{
	for (int i = 0; i < stand_count; i++)
		if (stand[i] == f)
			return true;
	return false;
}

static void check_stands(const struct schema_struct *type)
{
	for (int i = 0; i < type->field_count; i++) {
		const struct schema_field *f = &type->fields[i];

		ck_assert_msg(
			stands(f), "%s.%s does not stand in etc/depotd.yaml", type->name, f->name);
		if (f->kind == SCHEMA_STRUCT)
			check_stands(f->type);
	}
}

START_TEST(every_setting_stands_in_the_example_with_its_default)
{
	static char text[40000];
	size_t len = uncommented(text, sizeof text);
	const struct config_file *c =
		schema_yaml_decode(&config_file_type, "depotd.yaml", text, len, arena, where);

	ck_assert_msg(c != NULL, "with all settings: %s", where);
	stand_count = 0;
	walk(&config_file_type, (const char *)c, "");
	check_stands(&config_file_type);
	ck_assert_msg(
		schema_yaml_load(&config_file_type, "etc/depotd.yaml", 40000, arena, where) != NULL,
		"as it is: %s", where);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema_yaml");
	TCase *t = tcase_create("yaml");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reads_a_depot);
	tcase_add_test(t, reads_plain_scalars_by_their_looks_where_the_row_asks_for_none);
	tcase_add_test(t, reads_negative_and_fractional_numbers);
	tcase_add_loop_test(t, complains_with_line, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, complains_about_depth_and_goes_without_where);
	tcase_add_test(t, finds_the_line_of_a_path);
	tcase_add_test(t, loads_files_up_to_their_cap);
	tcase_add_test(t, every_setting_stands_in_the_example_with_its_default);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
