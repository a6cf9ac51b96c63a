/*
 * An operator's program as authority: the request in PEM on its standard input, the chain in PEM on
 * its output. It is told more by DEPOTD_PROFILE (station, v2g, combined), DEPOTD_NAME and DEPOTD_DAYS.
 * Status 0: signed; 65 (EX_DATAERR): it will not; any other: try again later.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <sys/wait.h>
#include <utlist.h>
#include "csms/pki/authority.h"
#include "csms/pki/process.h"

#define OUTPUT_MAX    65536
#define AT_ONCE       4
#define LOOK_AGAIN_MS 20 /* real time, for the status of a program that has closed its output */

struct command_run {
	struct command_run *prev, *next;
	struct command_authority *owner;
	struct process process;
	struct loop_io *io; /* NULL: not started */
	char *csr; /* owned */
	size_t written;
	char variables[3][320];
	char *output; /* owned, OUTPUT_MAX + 1 */
	size_t have;
	struct timer limit, look;
	authority_done done;
	void *arg;
};

struct command_authority {
	struct loop *loop;
	const char *argv[24];
	char program[800];
	int limit_s;
	struct command_run *runs; /* oldest first */
	int count, running;
};

static void start_next(struct command_authority *a);

static int64_t real_ms(int64_t ms)
{
	return (int64_t)((double)ms * clock_speed());
}

static void run_free(struct command_run *r)
{
	struct timers *timers = loop_timers(r->owner->loop);

	timer_stop(timers, &r->limit);
	timer_stop(timers, &r->look);
	loop_io_destroy(r->io);
	process_finish(&r->process);
	free(r->csr);
	free(r->output);
	free(r);
}

static void run_end(struct command_run *r, enum authority_end end, const char *why)
{
	struct command_authority *a = r->owner;
	struct authority_result result = {.end = end, .chain = r->output};

	snprintf(result.why, sizeof result.why, "%s", why);
	DL_DELETE(a->runs, r);
	a->count--;
	a->running -= r->io != NULL;
	r->done(r->arg, &result);
	run_free(r);
	start_next(a);
}

static void judge(struct command_run *r, int status)
{
	char why[200];

	r->output[r->have] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		run_end(r, AUTHORITY_SIGNED, "");
		return;
	}
	if (WIFEXITED(status))
		snprintf(why, sizeof why, "%.120s ended with status %d", r->owner->argv[0],
			WEXITSTATUS(status));
	else
		snprintf(why, sizeof why, "%.120s was ended by signal %d", r->owner->argv[0],
			WTERMSIG(status));
	run_end(r,
		WIFEXITED(status) && WEXITSTATUS(status) == EX_DATAERR ? AUTHORITY_REFUSED
								       : AUTHORITY_FAILED,
		why);
}

static void on_look(void *arg)
{
	struct command_run *r = arg;
	int status;

	if (process_has_ended(&r->process, &status))
		judge(r, status);
	else
		timer_start(
			loop_timers(r->owner->loop), &r->look, real_ms(LOOK_AGAIN_MS), on_look, r);
}

static void on_limit(void *arg)
{
	struct command_run *r = arg;
	char why[200];

	snprintf(why, sizeof why, "%.120s was not done within %d s", r->owner->argv[0],
		r->owner->limit_s);
	run_end(r, AUTHORITY_FAILED, why);
}

static void give_input(struct command_run *r)
{
	size_t len = strlen(r->csr);
	ssize_t n = send(r->process.fd, r->csr + r->written, len - r->written, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	r->written += n > 0 ? (size_t)n : 0;
	if (n >= 0 && r->written < len)
		return;
	process_end_input(&r->process); /* all of it, or it does not want it */
	r->written = len;
	loop_io_want(r->io, true, false);
}

static void on_io(void *arg, int fd)
{
	struct command_run *r = arg;
	ssize_t n;

	if (r->written < strlen(r->csr))
		give_input(r);
	n = recv(fd, r->output + r->have, OUTPUT_MAX - r->have, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && (r->have += (size_t)n) < OUTPUT_MAX)
		return;
	if (r->have == OUTPUT_MAX) {
		run_end(r, AUTHORITY_FAILED, "the program for certificates says too much");
		return;
	}
	loop_io_pause(r->io);
	on_look(r);
}

static int run_start(struct command_run *r, char why[200])
{
	struct command_authority *a = r->owner;
	const char *const more[] = {r->variables[0], r->variables[1], r->variables[2], NULL};

	if (process_start(&r->process, a->argv, more, why))
		return -1;
	r->io = loop_io_create(a->loop, r->process.fd, on_io, r);
	if (!r->io) {
		snprintf(why, 200, "out of memory");
		return -1;
	}
	a->running++;
	loop_io_want(r->io, true, true);
	timer_start(loop_timers(a->loop), &r->limit, real_ms(a->limit_s * 1000ll), on_limit, r);
	return 0;
}

static void on_not_started(void *arg)
{
	struct command_run *r = arg;

	run_end(r, AUTHORITY_FAILED, r->output);
}

static void start_next(struct command_authority *a)
{
	struct command_run *r, *next;
	char why[200];

	DL_FOREACH_SAFE (a->runs, r, next) {
		if (a->running >= AT_ONCE)
			return;
		if (r->io || timer_running(&r->look) || run_start(r, why) == 0)
			continue;
		snprintf(r->output, OUTPUT_MAX, "%s", why); /* told later, never from within */
		timer_start(loop_timers(a->loop), &r->look, 0, on_not_started, r);
	}
}

static int sign(void *self, const struct authority_order *o, authority_done done, void *arg)
{
	struct command_authority *a = self;
	struct command_run *r = a->count < AUTHORITY_ORDERS_MAX ? calloc(1, sizeof *r) : NULL;

	if (!r)
		return -1;
	r->owner = a;
	r->process.fd = -1;
	r->csr = strdup(o->csr);
	r->output = malloc(OUTPUT_MAX + 1);
	if (!r->csr || !r->output) {
		run_free(r);
		return -1;
	}
	r->output[0] = '\0';
	r->done = done;
	r->arg = arg;
	snprintf(r->variables[0], sizeof r->variables[0], "DEPOTD_PROFILE=%s",
		authority_profile_names[o->profile]);
	snprintf(r->variables[1], sizeof r->variables[1], "DEPOTD_NAME=%s", o->common_name);
	snprintf(r->variables[2], sizeof r->variables[2], "DEPOTD_DAYS=%d", o->days);
	DL_APPEND(a->runs, r);
	a->count++;
	start_next(a);
	return 0;
}

static void describe(const void *self, char out[300])
{
	snprintf(out, 300, "the program %.250s", ((const struct command_authority *)self)->argv[0]);
}

static void *create(const struct authority_setup *s, char why[300])
{
	const struct config_trust *t = s->config;
	struct command_authority *a = t->command.count ? calloc(1, sizeof *a) : NULL;

	if (!a) {
		snprintf(why, 300,
			"trust.authority is command: name it in trust.command, "
			"[program, arguments …]");
		return NULL;
	}
	a->loop = s->loop;
	a->limit_s = (int)t->command_s;
	for (size_t i = 0; i < t->command.count; i++)
		a->argv[i] = t->command.items[i];
	if (a->argv[0][0] != '/') {
		snprintf(a->program, sizeof a->program, "%s/%s", s->config_folder, a->argv[0]);
		a->argv[0] = a->program;
	}
	return a;
}

static void destroy(void *self)
{
	struct command_authority *a = self;
	struct command_run *r, *next;

	DL_FOREACH_SAFE (a->runs, r, next)
		run_free(r);
	free(a);
}

const struct authority_kind authority_command = {"command", create, sign, describe, destroy, NULL};
