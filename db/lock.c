#include "db/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void explain_open(const char *dir, char why[300])
{
	struct stat st;
	if (stat(dir, &st) < 0)
		snprintf(why, 300,
			"the data folder %.200s does not exist: make it or choose another", dir);
	else if (!S_ISDIR(st.st_mode))
		snprintf(why, 300, "%.200s is not a folder: choose another data folder", dir);
	else
		snprintf(why, 300,
			"cannot write in the data folder %.200s (%s): check owner, rights "
			"and free space",
			dir, strerror(errno));
}

static void explain_held(int fd, const char *dir, char why[300])
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
	pid[n > 0 ? n : 0] = 0;
	pid[strcspn(pid, "\n")] = 0;
	snprintf(why, 300, "another process%s%s has the data folder %.200s open: stop it first",
		pid[0] ? " with pid " : "", pid, dir);
}

int lock_take(const char *dir, char why[300])
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s/depot.lock", dir) >= (int)sizeof path) {
		snprintf(why, 300, "the name of the data folder is too long");
		return -1;
	}
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		explain_open(dir, why);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		explain_held(fd, dir, why);
		close(fd);
		return -1;
	}
	/* Only a hint for the next one's message; without room for it the lock still holds. */
	char pid[16];
	int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) != n)
		return fd;
	return fd;
}

void lock_release(int fd)
{
	if (fd >= 0)
		close(fd);
}
