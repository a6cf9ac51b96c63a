/* Secrets of a backup, opened in their places. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csms/pki/sealed_file.h"
#include "tools/depotctl/commands.h"

const char *ctl_passphrase(struct ctl *c, const char *name)
{
	FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
	char line[300] = "";

	if (file == NULL) {
		ctl_complain(CTL_FAILED, "%s cannot be read: %s", name, strerror(errno));
		return NULL;
	}
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	if (file != stdin)
		fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] != '\0')
		return arena_strdup(c->arena, line);
	ctl_complain(CTL_FAILED, "%s has no passphrase in its first line", name);
	return NULL;
}

/* nftw() hands nothing through. */
static const char *passphrase;
static int opened, refused;

static char *read_all(const char *path, size_t *len)
{
	static char text[2 * SEALED_FILE_MAX];
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return NULL;
	*len = fread(text, 1, sizeof(text), file);
	fclose(file);
	return text;
}

/* Whole or not at all: under its own name only when it is on disk. */
static bool write_all(const char *path, const char *secret, size_t len)
{
	char part[4200];

	snprintf(part, sizeof(part), "%s.part", path);
	unlink(part);
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, secret, len) == (ssize_t)len && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	return ok && rename(part, path) == 0;
}

static int open_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	size_t n = strlen(path), end = sizeof(SEALED_FILE_END) - 1, len = 0, got = 0;
	char plain[4100];

	(void)st;
	(void)at;
	if (type != FTW_F || n <= end || n > 4000 || strcmp(path + n - end, SEALED_FILE_END) != 0)
		return 0;
	snprintf(plain, sizeof(plain), "%.*s", (int)(n - end), path);
	char *text = read_all(path, &len);
	char *secret = text != NULL ? sealed_file_open(text, len, passphrase, &got) : NULL;
	if (secret != NULL && write_all(plain, secret, got)) {
		unlink(path);
		opened++;
	} else {
		fprintf(stderr, "%s: %s\n", path,
			secret == NULL ? "another passphrase, or it was changed" : strerror(errno));
		refused++;
	}
	if (secret != NULL)
		explicit_bzero(secret, got);
	free(secret);
	return 0;
}

int ctl_unseal(struct ctl *c)
{
	const char *file = ctl_option(c, "--passphrase-file");

	if (file == NULL)
		return ctl_complain(
			CTL_USAGE, "unseal needs --passphrase-file FILE (or - for stdin)");
	passphrase = ctl_passphrase(c, file);
	if (passphrase == NULL)
		return CTL_FAILED;
	if (nftw(c->argv[0], open_one, 16, FTW_PHYS) != 0)
		return ctl_complain(
			CTL_FAILED, "%s cannot be read: %s", c->argv[0], strerror(errno));
	if (refused > 0)
		return ctl_complain(CTL_FAILED, "%d of %d sealed files could not be opened",
			refused, refused + opened);
	if (opened == 0)
		return ctl_complain(CTL_FAILED, "%s has no sealed file", c->argv[0]);
	printf("%d secret files are in their places.\n", opened);
	return CTL_OK;
}
