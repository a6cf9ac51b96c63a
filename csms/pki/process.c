#include "csms/pki/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MORE_MOST = 16 };

/* Between fork and exec of a process with threads: system calls only. */
__attribute__((noreturn)) static void become(
	int fd, const char *const *argv, char *const *environment, int report)
{
	sigset_t none;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(fd, 0) == 0 && dup2(fd, 1) == 1) {
		if (report != 3) {
			dup3(report, 3, O_CLOEXEC);
			report = 3;
		}
		close_range(4, ~0u, 0);
		setsid();
		execve(argv[0], (char *const *)argv, environment);
	}
	error = errno;
	(void)!write(report, &error, sizeof error);
	_exit(127);
}

static void fill_environment(const char *const *more, char *out[MORE_MOST + 4])
{
	static const char *const always[] = {"PATH", "HOME", "LANG", NULL};
	const char *const *lists[] = {always, more};
	int n = 0;

	for (int i = 0; i < 2; i++)
		for (const char *const *name = lists[i]; name && *name && n < MORE_MOST; name++) {
			bool is_whole = strchr(*name, '=') != NULL;
			const char *value = is_whole ? *name : getenv(*name);
			char *text = is_whole ? strdup(*name) : NULL;

			if (text)
				out[n++] = text;
			else if (value && asprintf(&text, "%s=%s", *name, value) > 0)
				out[n++] = text;
		}
	out[n] = NULL;
}

/* What the child says of its exec: nothing if it went well. */
static int exec_error(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof error);
	while (n < 0 && errno == EINTR);
	return n == sizeof error ? error : 0;
}

static pid_t launch(int fd, const char *const *argv, char *const *environment, int *error)
{
	int report[2];
	pid_t pid;

	if (pipe2(report, O_CLOEXEC)) {
		*error = errno;
		return -1;
	}
	pid = fork();
	if (pid == 0)
		become(fd, argv, environment, report[1]);
	*error = errno;
	close(report[1]);
	if (pid > 0) {
		*error = exec_error(report[0]);
		if (*error) {
			waitpid(pid, NULL, 0);
			pid = -1;
		}
	}
	close(report[0]);
	return pid;
}

int process_start(
	struct process *p, const char *const *argv, const char *const *more, char why[200])
{
	char *environment[MORE_MOST + 4];
	int pair[2], error = 0;

	*p = (struct process){.fd = -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		snprintf(why, 200, "no socket for %.100s: %s", argv[0], strerror(errno));
		return -1;
	}
	fill_environment(more, environment);
	p->pid = launch(pair[1], argv, environment, &error);
	for (char **e = environment; *e; e++)
		free(*e);
	close(pair[1]);
	if (p->pid < 0) {
		snprintf(why, 200, "%.120s cannot be started: %s", argv[0], strerror(error));
		close(pair[0]);
		*p = (struct process){.fd = -1};
		return -1;
	}
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	p->fd = pair[0];
	return 0;
}

void process_end_input(struct process *p)
{
	shutdown(p->fd, SHUT_WR);
}

bool process_has_ended(struct process *p, int *status)
{
	if (p->pid <= 0 || waitpid(p->pid, status, WNOHANG) != p->pid)
		return false;
	p->pid = 0;
	return true;
}

int process_finish(struct process *p)
{
	int status = -1;

	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->pid > 0 && !process_has_ended(p, &status)) {
		kill(-p->pid, SIGKILL);
		kill(p->pid, SIGKILL);
		waitpid(p->pid, &status, 0);
	}
	p->pid = 0;
	return status;
}
