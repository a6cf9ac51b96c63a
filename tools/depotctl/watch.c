/* The live picture, drawn anew at each change; or as a line of JSON for each. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"

#define RETRY_S 2

struct watch {
	struct ctl *ctl;
	struct text line; /* of the stream, that is not yet whole */
	struct text refusal; /* what came before the first event: a problem, if it is one */
	bool is_drawn;
};

static volatile sig_atomic_t is_stopped;

static void on_signal(int signum)
{
	(void)signum;
	is_stopped = 1;
}

static void draw(struct watch *w, const char *json, size_t len)
{
	struct ctl *c = w->ctl;
	struct arena *whole = c->arena;
	struct schema_error err;

	if (c->json) {
		printf("%.*s\n", (int)len, json);
		fflush(stdout);
		return;
	}
	if ((c->arena = arena_create(0)) != NULL) {
		const struct api_overview *o =
			schema_decode(&api_overview_type, json, len, c->arena, &err);
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		else if (w->is_drawn)
			putchar('\n');
		if (o != NULL)
			show_overview(c, o);
		fflush(stdout);
		arena_destroy(c->arena);
	}
	c->arena = whole;
}

static void take_line(struct watch *w)
{
	static const char data[] = "data: ";
	const char *s = w->line.data;

	if (w->line.len < sizeof(data) || strncmp(s, data, sizeof(data) - 1) != 0)
		return;
	draw(w, s + sizeof(data) - 1, w->line.len - (sizeof(data) - 1));
	w->is_drawn = true;
}

static bool on_bytes(void *arg, const char *bytes, size_t len)
{
	struct watch *w = arg;

	if (!w->is_drawn && w->refusal.len < 4096)
		text_put(&w->refusal, bytes, len);
	while (len > 0 && !is_stopped) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end != NULL ? (size_t)(end - bytes) : len;
		text_put(&w->line, bytes, n);
		if (end == NULL)
			break;
		if (text_ok(&w->line) && w->line.data != NULL)
			take_line(w);
		text_clear(&w->line);
		bytes += n + 1;
		len -= n + 1;
	}
	return !is_stopped;
}

static int refused(struct watch *w, int status)
{
	struct schema_error err;
	const struct api_problem *p =
		schema_decode(&api_problem_type, w->refusal.data != NULL ? w->refusal.data : "",
			w->refusal.len, w->ctl->arena, &err);

	if (p != NULL && p->detail != NULL)
		return ctl_complain(CTL_FAILED, "%s: %s", p->title, p->detail);
	return ctl_complain(CTL_FAILED, "depotd answered %d", status);
}

int ctl_watch(struct ctl *c)
{
	struct watch w = {.ctl = c};
	char why[400];
	int result = CTL_OK;

	text_init(&w.line, 64u << 20);
	text_init(&w.refusal, 0);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	while (!is_stopped) {
		int status = client_stream(c->client, "stream?snapshots=1", on_bytes, &w, why);
		if (is_stopped)
			break;
		if (status >= 300 && !w.is_drawn) {
			result = refused(&w, status);
			break;
		}
		if (status < 0 && !w.is_drawn) {
			result = ctl_complain(CTL_UNREACHABLE, "%s", why);
			break;
		}
		ctl_complain(0, "the stream ended; trying again in %d s", RETRY_S);
		text_clear(&w.line);
		sleep(RETRY_S);
	}
	text_finish(&w.line);
	text_finish(&w.refusal);
	return result;
}
