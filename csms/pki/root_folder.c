#include "csms/pki/root_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/pki/certificate.h"

bool root_folder_name(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= ROOT_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
		       n;
}

/* Made where it is missing; -1: it cannot be. */
static int open_folder(const char *data, const char *folder)
{
	char path[700];

	snprintf(path, sizeof path, "%.500s/pki", data);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%.500s/pki/%.100s", data, folder);
	if (mkdir(path, 0700) && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* -- listing ---------------------------------------------------------------------------------- */

static int is_pem(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && n <= ROOT_NAME_MAX + 4 && e->d_name[0] != '.' &&
	       strcmp(e->d_name + n - 4, ".pem") == 0;
}

static bool read_file(int folder, const char *file, char text[ROOT_FILE_MAX + 1])
{
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd >= 0 ? read(fd, text, ROOT_FILE_MAX) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

void root_folder_list(const char *data, const char *folder,
	void (*found)(void *arg, const char *name, const char *pem,
		const struct certificate_facts *facts),
	void *arg)
{
	char *text = malloc(ROOT_FILE_MAX + 1), name[ROOT_NAME_MAX + 1], why[200];
	int fd = open_folder(data, folder);
	struct dirent **files = NULL;
	int n = fd >= 0 && text ? scandirat(fd, ".", &files, is_pem, alphasort) : -1;
	struct certificate_facts facts;

	for (int i = 0; i < n; i++) {
		const char *file = files[i]->d_name;

		snprintf(name, sizeof name, "%.*s", (int)strlen(file) - 4, file);
		if (i < ROOT_FILES_MAX && read_file(fd, file, text) &&
			certificate_facts(text, &facts, why) == 0)
			found(arg, name, text, &facts);
		free(files[i]);
	}
	free(files);
	free(text);
	if (fd >= 0)
		close(fd);
}

/* -- changing --------------------------------------------------------------------------------- */

int root_folder_put(
	const char *data, const char *folder, const char *name, const char *pem, char why[300])
{
	static const char part[] = ".new";
	char file[ROOT_NAME_MAX + 5];
	ssize_t len = (ssize_t)strlen(pem);
	int at = open_folder(data, folder), fd = -1;
	bool good = false;

	snprintf(file, sizeof file, "%s.pem", name);
	if (at >= 0) {
		unlinkat(at, part, 0);
		fd = openat(at, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		good = fd >= 0 && write(fd, pem, (size_t)len) == len && fsync(fd) == 0 &&
		       renameat(at, part, at, file) == 0 && fsync(at) == 0;
	}
	if (!good)
		snprintf(why, 300, "pki/%.100s cannot be written: %s", folder, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (at >= 0)
		close(at);
	return good ? 0 : -1;
}

bool root_folder_remove(const char *data, const char *folder, const char *name)
{
	char file[ROOT_NAME_MAX + 5];
	int at = open_folder(data, folder);
	bool good;

	snprintf(file, sizeof file, "%s.pem", name);
	good = at >= 0 && unlinkat(at, file, 0) == 0;
	if (at >= 0)
		close(at);
	return good;
}
