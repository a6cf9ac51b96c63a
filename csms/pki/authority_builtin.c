/*
 * The built-in authority: depotd-ca beside depotd, started with us, which alone reads the keys. If it
 * dies it is started again, sooner the longer it lived; what it was asked is tried again by who asked.
 */
#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>
#include "csms/log.h"
#include "csms/pki/authority.h"
#include "csms/pki/ca_frame.h"
#include "csms/pki/pki_profile.h"
#include "csms/pki/process.h"

#define HELLO_MS       15000 /* real time; a token may be slow */
#define AGAIN_FIRST_MS 500
#define AGAIN_MOST_MS  60000
#define ANSWER_MS      30000 /* for one request, once it is sent */
#define ARGS_MAX       24

struct builtin_order {
	struct builtin_order *prev, *next;
	int64_t number;
	bool is_sent;
	unsigned char *frame; /* owned */
	size_t len;
	authority_done done;
	void *arg;
};

struct builtin {
	struct loop *loop;
	char program[600], folder[600], module[600], pin_file[600];
	char profile[700]; /* file, of V2G certificates; "": none */
	const struct config_pkcs11 *pkcs11; /* NULL: keys in files */
	struct process process;
	bool is_greeted; /* it has said that it is ready */
	struct loop_io *io;
	struct builtin_order *orders; /* oldest first; the first is out */
	int count;
	int64_t numbers;
	size_t written; /* bytes of the first order */
	unsigned char in[CA_FRAME_MAX + 4];
	size_t have;
	int again_ms;
	struct timer again, patience;
	char jail[200]; /* in its own words */
};

static void on_io(void *arg, int fd);
static void start_again(struct builtin *b, const char *what);

/* -- orders ------------------------------------------------------------------------------------- */

static void order_end(struct builtin *b, struct builtin_order *o, const struct authority_result *r)
{
	authority_done done = o->done;
	void *arg = o->arg;

	DL_DELETE(b->orders, o);
	b->count--;
	free(o->frame);
	free(o);
	done(arg, r);
}

static void fail_all(struct builtin *b, const char *what)
{
	struct authority_result r = {.end = AUTHORITY_FAILED, .again_s = 1};
	struct builtin_order *list = b->orders, *o, *next;

	snprintf(r.why, sizeof r.why, "%.290s", what);
	b->orders = NULL; /* who is told may order anew */
	b->count = 0;
	DL_FOREACH_SAFE (list, o, next) {
		DL_DELETE(list, o);
		o->done(o->arg, &r);
		free(o->frame);
		free(o);
	}
}

/* -- the line ------------------------------------------------------------------------------------ */

static void on_silence(void *arg)
{
	start_again(arg, "depotd-ca does not answer");
}

static void send_first(struct builtin *b)
{
	struct builtin_order *o = b->orders;
	ssize_t n;

	if (!o || o->is_sent || b->process.fd < 0 || !b->io || !b->is_greeted)
		return;
	n = send(b->process.fd, o->frame + b->written, o->len - b->written, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		start_again(b, "depotd-ca has gone");
		return;
	}
	b->written += n > 0 ? (size_t)n : 0;
	o->is_sent = b->written == o->len;
	loop_io_want(b->io, true, !o->is_sent);
	if (o->is_sent)
		timer_start(loop_timers(b->loop), &b->patience,
			(int64_t)(ANSWER_MS * clock_speed()), on_silence, b);
}

/* -1: it talks nonsense. */
static int take_answer(struct builtin *b, const char *const *texts, int count)
{
	static const struct {
		const char *word;
		enum authority_end end;
	} words[] = {{"signed", AUTHORITY_SIGNED}, {"refused", AUTHORITY_REFUSED},
		{"failed", AUTHORITY_FAILED}};
	struct builtin_order *o = b->orders;
	struct authority_result r = {0};

	if (count != 3 || !o || !o->is_sent || atoll(texts[1]) != o->number)
		return -1;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(texts[0], words[i].word) == 0) {
			r.end = words[i].end;
			r.chain = r.end == AUTHORITY_SIGNED ? texts[2] : NULL;
			snprintf(r.why, sizeof r.why, "%.290s", r.chain ? "" : texts[2]);
			timer_stop(loop_timers(b->loop), &b->patience);
			b->written = 0;
			b->again_ms = AGAIN_FIRST_MS;
			order_end(b, o, &r);
			return 0;
		}
	return -1;
}

/* Its first words. -1 with why it is of no use. */
static int take_hello(struct builtin *b, const char *const *texts, int count, char why[300])
{
	if (count != 2) {
		snprintf(why, 300, "%s is not the depotd-ca of this version", b->program);
		return -1;
	}
	if (strcmp(texts[0], "ready") != 0) {
		snprintf(why, 300, "depotd-ca: %.280s", texts[1]);
		return -1;
	}
	snprintf(b->jail, sizeof b->jail, "%s", texts[1]);
	b->is_greeted = true;
	return 0;
}

static int take_late_hello(struct builtin *b, const char *const *texts, int count)
{
	char why[300];

	timer_stop(loop_timers(b->loop), &b->patience);
	if (take_hello(b, texts, count, why)) {
		log_error("%s", why);
		return -1;
	}
	log_info("depotd-ca runs again");
	return 0;
}

/* 1: a frame was taken; 0: none is whole; -1: nonsense. */
static int take_frame(struct builtin *b)
{
	static unsigned char
		copy[CA_FRAME_MAX + 4]; /* whoever is told may send: `in` moves on first */
	const char *texts[CA_FRAME_TEXTS];
	int count;
	long n = ca_frame_read(b->in, b->have, texts, &count);

	if (n <= 0)
		return (int)n;
	memcpy(copy, b->in, (size_t)n);
	b->have -= (size_t)n;
	memmove(b->in, b->in + n, b->have);
	if (ca_frame_read(copy, (size_t)n, texts, &count) != n)
		return -1;
	return (b->is_greeted ? take_answer(b, texts, count) : take_late_hello(b, texts, count))
		       ? -1
		       : 1;
}

static void on_io(void *arg, int fd)
{
	struct builtin *b = arg;
	ssize_t n = recv(fd, b->in + b->have, sizeof b->in - b->have, MSG_DONTWAIT);
	int taken = 1;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		start_again(b, "depotd-ca has ended");
		return;
	}
	b->have += n > 0 ? (size_t)n : 0;
	while (taken > 0 && b->process.fd == fd)
		taken = take_frame(b);
	if (taken < 0)
		start_again(b, "depotd-ca says what it should not");
	else
		send_first(b);
}

/* -- its life -------------------------------------------------------------------------------------- */

static int fill_args(const struct builtin *b, const char *args[ARGS_MAX])
{
	const struct config_pkcs11 *p = b->pkcs11;
	int n = 0;

	args[n++] = b->program;
	args[n++] = "--dir";
	args[n++] = b->folder;
	if (b->profile[0]) {
		args[n++] = "--profile";
		args[n++] = b->profile;
	}
	if (p) {
		const char *const rows[][2] = {{"--module", b->module}, {"--root", p->root},
			{"--ecdsa", p->ecdsa}, {"--rsa", p->rsa},
			{"--pin-file", p->pin_file ? b->pin_file : NULL}};

		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			if (rows[i][1]) {
				args[n++] = rows[i][0];
				args[n++] = rows[i][1];
			}
	}
	args[n] = NULL;
	return n;
}

/* Waits for its first words: only while depotd itself starts. */
static int hear_hello(struct builtin *b, char why[300])
{
	const char *texts[CA_FRAME_TEXTS];
	int count = 0;
	long n = 0;

	for (int waited = 0; n == 0; waited++) {
		struct pollfd p = {.fd = b->process.fd, .events = POLLIN};
		ssize_t got = poll(&p, 1, HELLO_MS) == 1
				      ? recv(p.fd, b->in + b->have, sizeof b->in - b->have, 0)
				      : 0;

		if (got <= 0 || waited > 100) {
			snprintf(why, 300,
				"depotd-ca ended or was silent at its start; what it "
				"says stands above");
			return -1;
		}
		b->have += (size_t)got;
		n = ca_frame_read(b->in, b->have, texts, &count);
	}
	b->have = 0;
	return take_hello(b, texts, n < 0 ? 0 : count, why);
}

static void stop(struct builtin *b)
{
	timer_stop(loop_timers(b->loop), &b->patience);
	loop_io_destroy(b->io);
	b->io = NULL;
	process_finish(&b->process);
	b->have = b->written = 0;
	b->is_greeted = false;
}

static int begin(struct builtin *b, char why[300])
{
	/* Where a token's library finds its own settings. */
	static const char *const keep[] = {"SOFTHSM2_CONF", "PKCS11_MODULE_PATH", NULL};
	const char *args[ARGS_MAX];
	char words[200];

	fill_args(b, args);
	if (process_start(&b->process, args, keep, words)) {
		snprintf(why, 300, "%s: it belongs beside depotd", words);
		return -1;
	}
	b->io = loop_io_create(b->loop, b->process.fd, on_io, b);
	if (b->io)
		return 0;
	snprintf(why, 300, "out of memory");
	stop(b);
	return -1;
}

static void on_again(void *arg)
{
	struct builtin *b = arg;
	char why[300] = "out of memory";

	if (begin(b, why)) {
		start_again(b, why);
		return;
	}
	timer_start(loop_timers(b->loop), &b->patience, (int64_t)(HELLO_MS * clock_speed()),
		on_silence, b);
}

static void start_again(struct builtin *b, const char *what)
{
	log_error("certificates cannot be signed: %s; it is started again in %d ms", what,
		b->again_ms);
	stop(b);
	timer_start(loop_timers(b->loop), &b->again, (int64_t)(b->again_ms * clock_speed()),
		on_again, b);
	b->again_ms = b->again_ms > AGAIN_MOST_MS / 2 ? AGAIN_MOST_MS : b->again_ms * 2;
	fail_all(b, what);
}

static int sign(void *self, const struct authority_order *o, authority_done done, void *arg)
{
	struct builtin *b = self;
	struct builtin_order *k;
	unsigned char frame[CA_FRAME_MAX + 4];
	char number[24], days[24];
	const char *texts[] = {"sign", number, authority_profile_names[o->profile], days,
		o->common_name, o->organisation, o->csr};

	if (b->count >= AUTHORITY_ORDERS_MAX)
		return -1;
	snprintf(number, sizeof number, "%lld", (long long)++b->numbers);
	snprintf(days, sizeof days, "%d", o->days);
	k = calloc(1, sizeof *k);
	if (!k)
		return -1;
	k->len = ca_frame_write(frame, sizeof frame, texts, sizeof texts / sizeof *texts);
	k->frame = k->len ? malloc(k->len) : NULL;
	if (!k->frame) {
		free(k);
		return -1;
	}
	memcpy(k->frame, frame, k->len);
	k->number = b->numbers;
	k->done = done;
	k->arg = arg;
	DL_APPEND(b->orders, k);
	b->count++;
	if (b->io && b->is_greeted)
		loop_io_want(b->io, true, true);
	return 0;
}

static void describe(const void *self, char out[300])
{
	const struct builtin *b = self;

	if (!b->io)
		snprintf(out, 300, "depotd-ca, which does not run: the log says why");
	else
		snprintf(out, 300, "depotd-ca, keys in %s, shut in by %s",
			b->pkcs11 ? "a token" : b->folder, b->jail);
}

static void place(const char *folder, const char *name, char out[600])
{
	snprintf(out, 600, name[0] == '/' ? "%.0s%s" : "%s/%s", folder, name);
}

/* Where the profile of V2G certificates is, judged here too: what is wrong with it is said at the start.
 * The default may be missing: `path` is "" then. */
static int find_profile(
	const struct config_trust *config, const char *config_folder, char path[700], char why[300])
{
	const char *name = config->v2g_profile;
	struct arena *arena;
	char words[400];
	bool good;

	if (!pki_profile_find(name, config_folder, path)) {
		snprintf(why, 300, "trust.v2g_profile: there is no %.60s (looked for %.150s)", name,
			path);
		path[0] = '\0';
		return strcmp(name, PKI_PROFILE_DEFAULT) == 0 ? 0 : -1;
	}
	arena = arena_create(0);
	good = arena && pki_profile_load(path, arena, words);
	snprintf(why, 300, "%.299s", arena && !good ? words : "out of memory");
	arena_destroy(arena);
	return good ? 0 : -1;
}

static int check(const struct config_trust *config, const char *config_folder, char why[300])
{
	char path[700];

	return find_profile(config, config_folder, path, why);
}

static void *create(const struct authority_setup *s, char why[300])
{
	struct builtin *b = calloc(1, sizeof *b);
	char self[500] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (!b || n <= 0) {
		snprintf(why, 300, "depotd does not find the folder of its programs");
		free(b);
		return NULL;
	}
	if (find_profile(s->config, s->config_folder, b->profile, why)) {
		free(b);
		return NULL;
	}
	if (!b->profile[0])
		log_error("%s; certificates of ISO 15118 are not signed without", why);
	b->loop = s->loop;
	b->pkcs11 = s->config->pkcs11;
	b->again_ms = AGAIN_FIRST_MS;
	b->process.fd = -1;
	snprintf(b->program, sizeof b->program, "%s/depotd-ca", dirname(self));
	snprintf(b->folder, sizeof b->folder, "%s", s->folder);
	if (b->pkcs11) {
		place(s->config_folder, b->pkcs11->module, b->module);
		if (b->pkcs11->pin_file)
			place(s->config_folder, b->pkcs11->pin_file, b->pin_file);
	}
	/* Chargers are steered all the same: it is tried again, and requests wait or are told. */
	if (begin(b, why) || hear_hello(b, why))
		start_again(b, why);
	return b;
}

static void destroy(void *self)
{
	struct builtin *b = self;
	struct builtin_order *o, *next;

	timer_stop(loop_timers(b->loop), &b->again);
	stop(b);
	DL_FOREACH_SAFE (b->orders, o, next) {
		free(o->frame);
		free(o);
	}
	free(b);
}

const struct authority_kind authority_builtin = {"builtin", create, sign, describe, destroy, check};
