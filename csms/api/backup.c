/* Backups: the store, the keys and the files of this depot, copied on a reader thread. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csms/api/ask.h"
#include "csms/api/handlers.h"
#include "csms/log.h"
#include "db/db.h"

#define DEPTH_MAX 4 /* folders in folders; ours need two */

struct backup {
	struct db *db;
	const char *data, *dir;
	int status, keys;
	char why[300];
};

static int fail(struct backup *b, const char *what, const char *name)
{
	snprintf(b->why, sizeof(b->why), "the store was copied, but %s %.60s: %s", what, name,
		strerror(errno));
	return -1;
}

static bool pour(int in, int out)
{
	char bytes[16384];
	ssize_t n;

	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)n) != n)
			return false;
	return n == 0 && fsync(out) == 0;
}

/* Under another name first: a copy that broke off must not pass for a key. */
static int copy_file(struct backup *b, int from, int to, const char *name)
{
	static const char part[] = ".part";
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (in < 0)
		return fail(b, "cannot read", name);
	unlinkat(to, part, 0);
	int out = openat(to, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = out >= 0 && pour(in, out);
	close(in);
	if (out >= 0 && close(out) != 0)
		ok = false;
	if (!ok || renameat(to, part, to, name) != 0)
		return fail(b, "cannot write", name);
	b->keys++;
	return 0;
}

static int copy_folder(struct backup *b, int from, int to, const char *name, int depth);

static int copy_entry(struct backup *b, int from, int to, const char *name, int depth)
{
	struct stat st;

	if (name[0] == '.' || fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0; /* gone meanwhile: logs come and go */
	if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		return copy_folder(b, from, to, name, depth + 1);
	return S_ISREG(st.st_mode) ? copy_file(b, from, to, name) : 0;
}

static int copy_entries(struct backup *b, DIR *from, int to, int depth)
{
	const struct dirent *e;
	int status = 0;

	while (status == 0 && (e = readdir(from)) != NULL)
		status = copy_entry(b, dirfd(from), to, e->d_name, depth);
	if (status == 0 && fsync(to) != 0)
		status = fail(b, "cannot write", "");
	return status;
}

/* The folder `name` in `from`, and what is in it, into one of that name in `to`. */
static int copy_folder(struct backup *b, int from, int to, const char *name, int depth)
{
	int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = in >= 0 ? fdopendir(in) : NULL;
	int out = -1, status = -1;

	if (entries == NULL)
		status = errno == ENOENT ? 0 : fail(b, "cannot read", name);
	else if ((mkdirat(to, name, 0700) != 0 && errno != EEXIST) ||
		 (out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0 ||
		 fchmod(out, 0700) != 0)
		fail(b, "cannot make", name);
	else
		status = copy_entries(b, entries, out, depth);
	if (entries != NULL)
		closedir(entries);
	else if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return status;
}

/* Stations trust the root in pki/, and firmware that the store knows lies in files/: without them a
 * store that was brought back is half of one. */
static int copy_folders(struct backup *b)
{
	int data = open(b->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = data < 0 || dir < 0 ? fail(b, "cannot open", b->dir) : 0;
	int keys;

	if (status == 0)
		status = copy_folder(b, data, dir, "pki", 0);
	if (status == 0) /* tokens that we show capacity providers */
		status = copy_folder(b, data, dir, "oscp", 0);
	keys = b->keys;
	if (status == 0)
		status = copy_folder(b, data, dir, "files", 0);
	b->keys = keys;
	if (data >= 0)
		close(data);
	if (dir >= 0)
		close(dir);
	return status;
}

static void backup_work(struct db_reader *r, struct ask *k)
{
	struct backup *b = k->state;

	(void)r;
	b->status = db_backup(b->db, b->dir, NULL, NULL, b->why);
	if (b->status == 0)
		b->status = copy_folders(b);
}

static void backup_finish(struct ask *k)
{
	const struct backup *b = k->state;

	if (b->status != 0) {
		ask_problem(k, 422, "dir", "%s", b->why);
		return;
	}
	log_info("backup written to %s", b->dir);
	ask_done(
		k, arena_printf(k->arena,
			   b->keys > 0
				   ? "the store was copied to %.300s and checked; pki/ with the "
				     "depot's private keys is there too: guard it"
				   : "the store was copied to %.300s and checked; there is no pki/",
			   b->dir));
}

void backup_post(struct ask *k)
{
	const struct api_backup_post *post = k->body;
	struct backup *b = arena_alloc(k->arena, sizeof(*b));

	if (post->dir[0] != '/') {
		ask_problem(k, 400, "dir", "dir: must be an absolute path on depotd's machine");
		return;
	}
	if (b == NULL || !replay_begin(k->api->replay, k))
		return;
	b->db = k->api->core->db;
	b->data = k->api->core->data_dir;
	b->dir = post->dir;
	k->state = b;
	ask_read(k, backup_work, backup_finish);
}
