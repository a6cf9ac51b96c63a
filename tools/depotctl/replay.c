/*
 * Plays a recorded conversation against a test instance, as the station that it was recorded of:
 * sends what the station sent, at its pace or faster, answers what the instance asks as the
 * station then answered, and tells where the instance answers otherwise than was recorded.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/replay_tape.h"
#include "tools/depotctl/replay_text.h"
#include "tools/depotsim/ws_client.h"

#define TICK_US   2000
#define ANSWER_MS 30000 /* for an answer of the instance */
#define QUIET_MS  1500 /* after the last message, for what the instance still asks */

struct player {
	struct ctl *ctl;
	struct replay_tape tape;
	struct wsc_link *link;
	enum ocpp_version version; /* that the recorded station spoke */
	double speed; /* 0: as fast as answers come */
	int64_t shift_ms;
	bool is_open, is_over, is_shifting;
	int64_t began_ms, sent_ms, quiet_ms;
	size_t next; /* of tape.ours */
	struct replay_call *waiting; /* for its answer */
	char prefix[20], id[OCPP_ID_SIZE]; /* of the one that waits */
	int alike, different, unanswered, unknown; /* answers of the instance */
	int asked, refused; /* calls of the instance; answered with NotSupported */
	const char *closed; /* why, if the instance ended it early */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* -- sending --------------------------------------------------------------------------------- */

/* The same recorded id gives the same new one: a retry stays a retry. */
static void make_id(struct player *p, const struct replay_call *k)
{
	size_t first = 0;

	while (strcmp(p->tape.ours.items[first].id, k->id) != 0)
		first++;
	snprintf(p->id, sizeof(p->id), "%s-%zu", p->prefix, first);
}

static void send_shifted(struct player *p, const char *text)
{
	struct text out;

	text_init(&out, 0);
	replay_shift(text, strlen(text), p->is_shifting ? p->shift_ms : 0, &out);
	if (text_ok(&out))
		wsc_link_send(p->link, out.data, out.len);
	text_finish(&out);
}

static void send_call(struct player *p, struct replay_call *k)
{
	struct text t;

	p->sent_ms = now_ms();
	if (k->action[0] == '\0') { /* no message: as it was, and nothing is expected */
		wsc_link_send(p->link, k->text, strlen(k->text));
		return;
	}
	make_id(p, k);
	p->waiting = k;
	text_init(&t, 0);
	if (ocpp_write_call(&t, p->id, k->action, k->payload) == 0)
		send_shifted(p, t.data);
	text_finish(&t);
}

static bool is_due(const struct player *p, const struct replay_call *k)
{
	int64_t offset_ms = wall_diff_ms(k->at, p->tape.first);

	return p->speed <= 0 || (double)(now_ms() - p->began_ms) * p->speed >= (double)offset_ms;
}

/* -- answers of the instance ----------------------------------------------------------------- */

static void tell_answer(const char *which, const char *json)
{
	struct text t;

	text_init(&t, 0);
	replay_cut(json, &t);
	printf("  %-9s %s\n", which, text_ok(&t) ? t.data : "");
	text_finish(&t);
}

static void tell_difference(struct player *p, const struct replay_call *k, const char *now)
{
	p->different++;
	printf("line %d: %s is answered differently\n", k->line, k->action);
	tell_answer("recorded:", k->error != NULL ? k->error : k->answer);
	tell_answer("now:", now);
}

static void on_answer(struct player *p, const struct ocpp_frame *m)
{
	struct replay_call *k = p->waiting;
	bool is_result = m->type == OCPP_CALLRESULT;
	const char *now = is_result ? arena_strndup(p->ctl->arena, m->payload.at, m->payload.len)
				    : m->code_text;

	if (k == NULL || strcmp(m->id.text, p->id) != 0 || now == NULL)
		return;
	p->waiting = NULL;
	if (k->answer == NULL && k->error == NULL)
		p->unknown++;
	else if (is_result ? k->answer != NULL && replay_alike(k->answer, now)
			   : k->error != NULL && strcmp(k->error, now) == 0)
		p->alike++;
	else
		tell_difference(p, k, now);
}

/* -- calls of the instance ------------------------------------------------------------------- */

/* The next recorded answer to that action; when they are used up, the last one again. */
static struct replay_call *recorded(struct player *p, const char *action)
{
	struct replay_call *last = NULL;

	for (size_t i = 0; i < p->tape.theirs.count; i++) {
		struct replay_call *k = &p->tape.theirs.items[i];
		if (strcmp(k->action, action) != 0 || (k->answer == NULL && k->error == NULL))
			continue;
		last = k;
		if (!k->is_used)
			break;
	}
	if (last != NULL)
		last->is_used = true;
	return last;
}

static void on_call(struct player *p, const struct ocpp_frame *m)
{
	const struct replay_call *k = recorded(p, m->action);
	enum ocpp_code code = OCPP_CODE_NOT_SUPPORTED;
	struct text t;

	p->asked++;
	p->quiet_ms = now_ms();
	text_init(&t, 0);
	if (k != NULL && k->answer != NULL) {
		ocpp_write_result(&t, &m->id, k->answer);
	} else {
		if (k != NULL)
			code = ocpp_code_find(k->error);
		else
			p->refused++;
		ocpp_write_error(&t, &m->id, p->version, code,
			k != NULL ? "as recorded" : "the recorded station was never asked this",
			NULL, NULL);
	}
	if (text_ok(&t))
		send_shifted(p, t.data);
	text_finish(&t);
}

/* -- the connection -------------------------------------------------------------------------- */

static void on_opened(void *arg)
{
	struct player *p = arg;

	p->is_open = true;
	p->began_ms = p->quiet_ms = now_ms();
}

static void on_received(void *arg, const char *text, size_t len)
{
	struct player *p = arg;
	struct ocpp_limits limits = {.version = p->version, .max_bytes = 16u << 20};
	struct ocpp_frame m;
	struct ocpp_frame_error err;

	if (ocpp_frame_parse(text, len, &limits, &m, &err) != 0)
		return;
	if (m.type == OCPP_CALL)
		on_call(p, &m);
	else
		on_answer(p, &m);
}

static void on_closed(void *arg, const char *why)
{
	struct player *p = arg;

	if (!p->is_over)
		p->closed = arena_strdup(p->ctl->arena, why);
	p->is_over = true;
}

/* False when all is played. */
static bool on_tick(void *arg)
{
	struct player *p = arg;

	if (p->is_over || !p->is_open)
		return !p->is_over;
	if (p->waiting != NULL && now_ms() - p->sent_ms > ANSWER_MS) {
		printf("line %d: %s is not answered\n", p->waiting->line, p->waiting->action);
		p->unanswered++;
		p->waiting = NULL;
	}
	while (p->waiting == NULL && p->next < p->tape.ours.count &&
		is_due(p, &p->tape.ours.items[p->next])) {
		send_call(p, &p->tape.ours.items[p->next++]);
		p->quiet_ms = now_ms();
	}
	p->is_over = p->waiting == NULL && p->next == p->tape.ours.count &&
		     now_ms() - p->quiet_ms > QUIET_MS;
	return !p->is_over;
}

/* -- the command ----------------------------------------------------------------------------- */

static const char *read_password(struct ctl *c)
{
	const char *password = ctl_option(c, "--password");

	if (password == NULL || strcmp(password, "-") != 0)
		return password != NULL ? password : "";
	char *line = ctl_read_stdin(c);
	if (line != NULL)
		line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static int summary(const struct player *p)
{
	bool is_same = p->different == 0 && p->unanswered == 0 && p->closed == NULL;

	if (p->closed != NULL)
		printf("The connection ended after %zu of %zu messages: %s.\n", p->next,
			p->tape.ours.count, p->closed);
	printf("%zu messages in %.1f s: %d answered as recorded, %d differently, %d not at all, %d "
	       "without a recorded answer. The instance asked %d times, %d of them for what the "
	       "record does not know. %s.\n",
		p->next, p->is_open ? (double)(now_ms() - p->began_ms) / 1000.0 : 0.0, p->alike,
		p->different, p->unanswered, p->unknown, p->asked, p->refused,
		is_same ? "The same" : "Different");
	return is_same ? CTL_OK : CTL_FAILED;
}

/* Of which version the recorded station was: only messages of 1.6 have these. */
static bool is_of_16(const struct replay_tape *tape)
{
	for (size_t i = 0; i < tape->ours.count; i++) {
		const struct replay_call *k = &tape->ours.items[i];

		if (strcmp(k->action, "StartTransaction") == 0 ||
			strcmp(k->action, "StopTransaction") == 0 ||
			(k->payload != NULL && (strstr(k->payload, "\"chargePointVendor\"") ||
						       strstr(k->payload, "\"idTag\"") ||
						       strstr(k->payload, "\"errorCode\""))))
			return true;
	}
	return false;
}

static int play(struct player *p, const struct wsc_target *target, const char *station,
	const char *password)
{
	static const struct wsc_handlers handlers = {on_opened, on_received, on_closed};
	struct timespec wall;
	char why[200];
	struct wsc_pool *pool = wsc_pool_create(p->ctl->ca, &handlers, why);

	if (pool == NULL)
		return ctl_complain(CTL_FAILED, "%s", why);
	clock_gettime(CLOCK_REALTIME, &wall);
	p->shift_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000 - p->tape.first.ms;
	snprintf(p->prefix, sizeof(p->prefix), "r%llx",
		(unsigned long long)wall.tv_sec << 20 | (unsigned long long)wall.tv_nsec >> 10);
	p->link = wsc_link_create(pool, target, station, password, p);
	if (p->link == NULL) {
		wsc_pool_destroy(pool);
		return ctl_complain(CTL_FAILED, "the identity or the password is too long");
	}
	if (is_of_16(&p->tape)) {
		p->version = OCPP_VERSION_1_6;
		wsc_link_set_protocol(p->link, "ocpp1.6");
	}
	wsc_link_connect(p->link);
	wsc_pool_run(pool, TICK_US, on_tick, p);
	wsc_pool_destroy(pool);
	if (!p->is_open)
		return ctl_complain(CTL_UNREACHABLE, "cannot connect as %s: %s", station,
			p->closed != NULL ? p->closed : "refused");
	return summary(p);
}

int ctl_replay(struct ctl *c)
{
	const char *station = ctl_option(c, "--station"), *to = ctl_option(c, "--to");
	const char *from = ctl_option(c, "--from"), *speed = ctl_option(c, "--speed");
	const char *password = read_password(c);
	struct player p = {.ctl = c,
		.version = OCPP_VERSION_2_0_1,
		.speed = 1,
		.is_shifting = ctl_flag(c, "--shift")};
	struct wsc_target target;
	char why[300], *end = NULL;

	if (station == NULL || to == NULL)
		return ctl_complain(CTL_USAGE, "replay needs --station ID and --to URL");
	if (password == NULL)
		return CTL_FAILED;
	if (speed != NULL)
		p.speed = strtod(speed, &end);
	if (speed != NULL && (*end != '\0' || !(p.speed > 0)))
		return ctl_complain(CTL_USAGE, "--speed %s is no number above 0", speed);
	if (ctl_flag(c, "--as-fast"))
		p.speed = 0;
	if (wsc_target_parse(to, &target, why) != 0)
		return ctl_complain(CTL_USAGE, "%s", why);
	if (replay_tape_read(c->argv[0], from, c->arena, &p.tape, why) != 0)
		return ctl_complain(CTL_FAILED, "%s", why);
	return play(&p, &target, station, password);
}
