/* What of a world lies on disk. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/scenario/world_private.h"

void world_remove_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[700];

	while (d && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (unlink(path) < 0)
			world_remove_dir(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

/* A disk in memory where there is one: the nights here write to disk once a simulated second. */
static const char *root_dir(void)
{
	const char *root = getenv("TMPDIR");

	if (root)
		return root;
	return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : P_tmpdir;
}

static int runner; /* process that runs the suite; its tests are children */

static void make_dir(struct world *w)
{
	snprintf(w->dir, sizeof w->dir, "%.200s/depotd-scenario-%d-XXXXXX", root_dir(), runner);
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
}

/* A test that fails ends its process and leaves its world as it is. */
static void remove_left_over(void)
{
	char mine[60], path[700];
	DIR *d = opendir(root_dir());
	struct dirent *e;

	snprintf(mine, sizeof mine, "depotd-scenario-%d-", runner);
	while (d && (e = readdir(d)) != NULL)
		if (strncmp(e->d_name, mine, strlen(mine)) == 0) {
			snprintf(path, sizeof path, "%s/%s", root_dir(), e->d_name);
			world_remove_dir(path);
		}
	if (d)
		closedir(d);
}

int world_run_suite(struct Suite *suite)
{
	SRunner *r = srunner_create(suite);
	int failed;

	runner = (int)getpid();
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	remove_left_over();
	return failed != 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void copy_file(const char *from, const char *to)
{
	char buf[65536];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	size_t n;

	ck_assert(in && out);
	while ((n = fread(buf, 1, sizeof buf, in)) > 0)
		ck_assert_uint_eq(fwrite(buf, 1, n, out), n);
	fclose(in);
	ck_assert_int_eq(fclose(out), 0);
}

/* What kill -9 leaves behind: the files as they are at this moment. */
void world_copy_data(const char *from, const char *to)
{
	DIR *d = opendir(from);
	struct dirent *e;
	char a[700], b[700];

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(mkdir(to, 0700), 0);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(a, sizeof a, "%s/%s", from, e->d_name);
		snprintf(b, sizeof b, "%s/%s", to, e->d_name);
		copy_file(a, b);
	}
	closedir(d);
}

/* The three files in one folder; those of etc/demo where no text is given. */
static void write_files(const struct world *w)
{
	const struct {
		const char *name, *text, *demo;
	} files[] = {
		{"depotd.yaml", w->opt.config, NULL},
		{"depot.yaml", w->opt.depot, "etc/demo/depot.yaml"},
		{"scenario.yaml", w->opt.scenario, "etc/demo/scenario.yaml"},
	};
	char here[400], path[700], config[1200];

	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	snprintf(config, sizeof config, "depot: depot.yaml\nmeter_maps: %s/etc/meters\n%s", here,
		w->opt.config ? w->opt.config : "");
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", w->dir, files[i].name);
		if (i == 0)
			write_file(path, config);
		else if (files[i].text)
			write_file(path, files[i].text);
		else
			copy_file(files[i].demo, path);
	}
}

void world_make_files(struct world *w)
{
	make_dir(w);
	write_files(w);
}
