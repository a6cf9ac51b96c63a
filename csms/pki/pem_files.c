#include "csms/pki/pem_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_SIZE = 200, FILES_MAX = 1000 };

static int is_pem(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && e->d_name[0] != '.' && strcmp(e->d_name + n - 4, ".pem") == 0;
}

int pem_files(const char *folder, bool (*each)(void *arg, const char *path), void *arg,
	char why[WHY_SIZE])
{
	struct dirent **files = NULL;
	char path[800];
	bool good = true;
	int n = scandir(folder, &files, is_pem, alphasort);

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0 || n > FILES_MAX) {
		snprintf(why, WHY_SIZE,
			n < 0 ? "cannot read %.120s: %s" : "%.120s holds too many files", folder,
			strerror(errno));
		good = false;
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%.500s/%.255s", folder, files[i]->d_name);
		good = good && each(arg, path);
		free(files[i]);
	}
	free(files);
	return good ? 0 : -1;
}
