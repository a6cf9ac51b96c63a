/*
 * Backups: the store, the certificates and the files of this depot, copied on a reader thread. What
 * is secret (private keys, tokens) goes along sealed under a passphrase, or stays.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_system.h"
#include "csms/log.h"
#include "csms/pki/sealed_file.h"
#include "db/db.h"

#define DEPTH_MAX 4 /* folders in folders; ours need two */

struct backup {
	struct db *db;
	const char *data, *dir;
	const char *passphrase; /* NULL: secrets stay */
	bool all_secret; /* the folder that is being copied holds nothing but secrets */
	int status, sealed, left; /* secret files that went along, that stayed */
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
	return n == 0;
}

/* The file's text, NUL-terminated, for free(); NULL: too long for a secret, or it cannot be read. */
static char *read_secret(int in, size_t *len)
{
	struct stat st;
	char *text;

	if (fstat(in, &st) != 0 || st.st_size > SEALED_FILE_MAX ||
		(text = malloc((size_t)st.st_size + 1)) == NULL)
		return NULL;
	ssize_t n = pread(in, text, (size_t)st.st_size, 0);
	if (n != st.st_size) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	*len = (size_t)n;
	return text;
}

static bool is_secret(const struct backup *b, int in)
{
	size_t len = 0;
	char *text = b->all_secret ? NULL : read_secret(in, &len);
	bool is_key = text != NULL && sealed_file_is_key(text, len);

	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
	return b->all_secret || is_key;
}

static bool seal(const struct backup *b, int in, int out)
{
	size_t len = 0, n = 0;
	char *text = read_secret(in, &len);
	char *sealed = text != NULL ? sealed_file_make(text, len, b->passphrase, &n) : NULL;
	bool ok = sealed != NULL && write(out, sealed, n) == (ssize_t)n;

	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
	free(sealed);
	return ok;
}

/* Under another name first: a copy that broke off must not pass for a key. */
static int copy_open(struct backup *b, int in, int to, const char *name, bool sealed)
{
	static const char part[] = ".part";
	char as[300];

	snprintf(as, sizeof(as), "%.255s%s", name, sealed ? SEALED_FILE_END : "");
	unlinkat(to, part, 0);
	int out = openat(to, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = out >= 0 && (sealed ? seal(b, in, out) : pour(in, out)) && fsync(out) == 0;
	if (out >= 0 && close(out) != 0)
		ok = false;
	if (!ok || renameat(to, part, to, as) != 0)
		return fail(b, "cannot write", name);
	return 0;
}

static int copy_file(struct backup *b, int from, int to, const char *name)
{
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int status = 0;

	if (in < 0)
		return fail(b, "cannot read", name);
	bool secret = is_secret(b, in);
	if (secret && b->passphrase == NULL)
		b->left++;
	else
		status = copy_open(b, in, to, name, secret);
	b->sealed += secret && b->passphrase != NULL && status == 0;
	close(in);
	return status;
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
	static const struct {
		const char *name;
		bool is_folder, all_secret;
	} rows[] = {
		{"pki", true, false},
		{"oscp", true, true}, /* tokens that we show capacity providers */
		{"people.key", false, true}, /* opens the second factors (docs/people.md) */
		{"files", true, false},
	};
	int data = open(b->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = data < 0 || dir < 0 ? fail(b, "cannot open", b->dir) : 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && status == 0; i++) {
		b->all_secret = rows[i].all_secret;
		if (rows[i].is_folder)
			status = copy_folder(b, data, dir, rows[i].name, 0);
		else if (faccessat(data, rows[i].name, R_OK, 0) == 0)
			status = copy_file(b, data, dir, rows[i].name);
	}
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
	ask_done(k,
		b->left > 0
			? arena_printf(k->arena,
				  "the store was copied to %.300s and checked, without %d secret files "
				  "(private keys, tokens): without them the stations will not trust a "
				  "depot that is brought back; give a passphrase to take them along "
				  "sealed",
				  b->dir, b->left)
			: arena_printf(k->arena,
				  "the store was copied to %.300s and checked; %d secret files are "
				  "sealed there: depotctl unseal brings them back",
				  b->dir, b->sealed));
}

void backup_post(struct ask *k)
{
	const struct api_backup_post *post = k->body;
	struct backup *b = arena_alloc(k->arena, sizeof(*b));

	if (post->dir[0] != '/') {
		ask_problem(k, 400, "dir", "dir: must be an absolute path on depotd's machine");
		return;
	}
	if (post->passphrase != NULL && strlen(post->passphrase) < SEALED_PASSPHRASE) {
		ask_problem(k, 400, "passphrase", "passphrase: take %d characters or more",
			SEALED_PASSPHRASE);
		return;
	}
	if (b == NULL || !replay_begin(k->api->replay, k))
		return;
	b->passphrase = post->passphrase;
	b->db = k->api->core->db;
	b->data = k->api->core->data_dir;
	b->dir = post->dir;
	k->state = b;
	ask_read(k, backup_work, backup_finish);
}
