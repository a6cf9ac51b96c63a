/*
 * depotd-ca: signs certificates of stations for depotd, which starts it and talks to it over its
 * standard input (csms/pki/ca_frame.h). It alone reads the keys, has no network, and ends when depotd
 * does.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/ca/issue.h"
#include "csms/ca/jail.h"
#include "csms/pki/ca_frame.h"

static const char help[] =
	"usage: depotd-ca --dir DATA/pki [--profile FILE] [--module FILE --root URI --ecdsa URI [--rsa URI] "
	"[--pin-file FILE]]\n"
	"\n"
	"Signs certificates of stations for depotd, which starts it: there is no reason to run it by "
	"hand.\n";

static int complain(const char *why)
{
	fprintf(stderr, "depotd-ca: %s\n", why);
	return EXIT_FAILURE;
}

static int read_options(int argc, char **argv, struct issuers *i, const char **profile)
{
	static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
		{"module", required_argument, NULL, 'm'}, {"root", required_argument, NULL, 'r'},
		{"ecdsa", required_argument, NULL, 'e'}, {"rsa", required_argument, NULL, 's'},
		{"pin-file", required_argument, NULL, 'p'},
		{"profile", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char **const places[] = {['d'] = &i->folder,
			['m'] = &i->module,
			['r'] = &i->root,
			['e'] = &i->ecdsa,
			['s'] = &i->rsa,
			['p'] = &i->pin_file,
			['f'] = profile};

		if (c == '?')
			return -1;
		*places[c] = optarg;
	}
	return i->folder && (!i->module || (i->root && i->ecdsa)) && optind == argc ? 0 : -1;
}

static int say(const char *const *texts, int count)
{
	unsigned char frame[CA_FRAME_MAX + 4];
	size_t len = ca_frame_write(frame, sizeof frame, texts, count), done = 0;

	while (done < len) {
		ssize_t n = write(STDOUT_FILENO, frame + done, len - done);

		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	return len ? 0 : -1;
}

/* ["sign", number, profile, days, name, organisation, request] */
static int answer(struct issuers *i, const char *const *texts, int count)
{
	static const char *const words[] = {
		[ISSUE_SIGNED] = "signed", [ISSUE_REFUSED] = "refused", [ISSUE_FAILED] = "failed"};
	static char chain[12000];
	char why[200] = "";
	struct issue_order o;
	enum issue_end end;

	if (count != 7 || strcmp(texts[0], "sign") != 0)
		return -1;
	o = (struct issue_order){texts[2], texts[4], texts[5], texts[6], atoi(texts[3])};
	end = issue(i, &o, chain, why);
	return say(
		(const char *const[]){words[end], texts[1], end == ISSUE_SIGNED ? chain : why}, 3);
}

/* Until depotd closes its end, or says what it should not. */
static int serve(struct issuers *i)
{
	static unsigned char in[CA_FRAME_MAX + 4];
	const char *texts[CA_FRAME_TEXTS];
	size_t have = 0;
	ssize_t got;
	int count;

	while ((got = read(STDIN_FILENO, in + have, sizeof in - have)) != 0) {
		long n;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return EXIT_FAILURE;
		have += (size_t)got;
		while ((n = ca_frame_read(in, have, texts, &count)) > 0) {
			if (answer(i, texts, count))
				return complain("a question that it does not know");
			have -= (size_t)n;
			memmove(in, in + n, have);
		}
		if (n < 0)
			return complain("a frame that is none");
	}
	return EXIT_SUCCESS;
}

/* Of V2G certificates; before keys are read, as it is a file of somebody else's. */
static int read_profile(struct issuers *i, const char *path, char why[200])
{
	struct arena *arena = arena_create(0); /* until the end */
	char words[400] = "out of memory";

	i->v2g = arena ? pki_profile_load(path, arena, words) : NULL;
	snprintf(why, 200, "%.199s", i->v2g ? "" : words);
	return i->v2g ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct issuers issuers = {0};
	const char *profile = NULL;
	char why[200] = "", how[200];
	const char *hello[] = {"ready", how};

	umask(077);
	if (read_options(argc, argv, &issuers, &profile)) {
		fputs(help, stderr);
		return 2;
	}
	if ((profile && read_profile(&issuers, profile, why)) || issuers_open(&issuers, why)) {
		hello[0] = "failed";
		hello[1] = why;
	} else if (jail(how)) {
		hello[0] = "failed";
		hello[1] = "this system can neither filter system calls nor take the network away: "
			   "keys are not read here";
	}
	if (say(hello, 2))
		return EXIT_FAILURE;
	/* What was made stays until the end: no leaks are looked for, whose finder needs other calls. */
	_exit(strcmp(hello[0], "ready") == 0 ? serve(&issuers) : EXIT_FAILURE);
}
