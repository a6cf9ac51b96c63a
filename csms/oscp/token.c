/* Tokens that we show others: one file each, named by its digest, so that a file is never written
 * over and the journal says which one counts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csms/files/files.h"
#include "csms/oscp/private.h"

static const char suffix[] = ".token";

static void path_of(const char *dir, const char *file, const char *end, char out[700])
{
	snprintf(out, 700, "%s/%s%s", dir, file, end);
}

static bool write_whole(int fd, const char *token)
{
	size_t n = strlen(token);

	return write(fd, token, n) == (ssize_t)n && fsync(fd) == 0;
}

static void sync_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int oscp_token_write(const char *dir, const char *token, char file[65])
{
	char path[700], part[700];
	int fd;
	bool ok;

	secret_digest(token, strlen(token), file);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return -1;
	path_of(dir, file, suffix, path);
	path_of(dir, file, ".part", part);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ok = fd >= 0 && write_whole(fd, token);
	if (fd >= 0 && close(fd))
		ok = false;
	if (!ok || rename(part, path))
		return -1;
	sync_folder(dir);
	return 0;
}

int oscp_token_read(const char *dir, const char *file, char token[OSCP_TOKEN_MAX + 1])
{
	char path[700], digest[65];
	ssize_t n = -1;
	int fd;

	path_of(dir, file, suffix, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, token, OSCP_TOKEN_MAX);
		close(fd);
	}
	token[n > 0 ? n : 0] = '\0';
	secret_digest(token, strlen(token), digest);
	if (n > 0 && strcmp(digest, file) == 0)
		return 0;
	token[0] = '\0';
	return -1;
}

/* -- old ones ---------------------------------------------------------------------------------- */

struct removal {
	struct worker_job job;
	char path[700];
};

static void remove_work(void *arg)
{
	const struct removal *r = arg;

	unlink(r->path);
}

void oscp_token_remove(struct oscp *o, const char *file)
{
	struct removal *r = file[0] ? calloc(1, sizeof *r) : NULL;

	if (!r)
		return;
	path_of(o->dir, file, suffix, r->path);
	worker_do(files_worker(o->core->files), &r->job, remove_work, free, r);
}

static bool is_kept(const struct oscp *o, const char *name)
{
	for (int i = 0; i < o->count; i++)
		if (o->peers[i].token_file[0] && strncmp(name, o->peers[i].token_file, 64) == 0)
			return true;
	return false;
}

void oscp_tokens_sweep(const struct oscp *o)
{
	DIR *d = opendir(o->dir);
	const struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && !is_kept(o, e->d_name))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}
