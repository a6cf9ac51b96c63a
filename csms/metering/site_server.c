#include "csms/metering/site_server.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "csms/clock.h"
#include "csms/power/control.h"
#include "csms/net/net_peers.h"
#include "csms/net/net_socket.h"
#include "csms/station/session.h"
#include "modbus/site_frame.h"
#include "scheduler/grid.h"

#define CLIENTS_MAX 64
#define IDLE_MS     120000 /* a client that asks nothing for so long is hung up on */
#define BUSY_MS     10000 /* one that has asked within this time is nobody's to push out */
#define LAYOUT      1 /* version of the registers */
#define UNKNOWN_W   INT32_MIN
#define BYTES       (2 * SITE_FRAME_MAX)

struct client {
	struct site_server *server; /* NULL: free */
	int fd;
	struct loop_io *io;
	struct timer idle;
	struct net_address from;
	mono_t asked; /* last; us 0: it has asked nothing yet */
	size_t len;
	uint8_t bytes[BYTES];
};

struct site_server {
	struct core *core;
	int fd, port, most;
	struct loop_io *io;
	struct client clients[CLIENTS_MAX];
	mono_t filled; /* when the image was made */
	uint16_t words[SITE_WORDS];
};

/* -- the registers ---------------------------------------------------------------------------- */

static void put_long(uint16_t *at, int64_t v)
{
	int32_t w = v > INT32_MAX ? INT32_MAX : v < UNKNOWN_W + 1 ? UNKNOWN_W + 1 : (int32_t)v;

	at[0] = (uint16_t)((uint32_t)w >> 16);
	at[1] = (uint16_t)w;
}

/* A value that may be unknown: negative ones of control's are. */
static void put_known(uint16_t *at, int64_t v, bool is_known)
{
	if (is_known) {
		put_long(at, v);
		return;
	}
	at[0] = 0x8000;
	at[1] = 0;
}

/* Where a node's load comes from, as a number. */
static int source_number(const char *source)
{
	static const char *const names[] = {
		"unknown", "meter", "sum", "held", "worst-case", "bounded"};

	for (int i = 1; source && i < (int)(sizeof names / sizeof *names); i++)
		if (strcmp(source, names[i]) == 0)
			return i;
	return 0;
}

static void put_node(const struct core *c, int node, wall_t now, uint16_t *at)
{
	const struct grid_node *n = grid_tree_node(control_grid(c->control), node);
	const struct control_node *v = control_node(c->control, node);
	int64_t age_s = v->load_at.ms ? wall_diff_ms(now, v->load_at) / 1000 : UINT16_MAX;

	put_known(at, v->load_w, v->load_w != GRID_UNKNOWN && v->load_at.ms != 0);
	put_known(at + 2, v->limit_w, v->limit_w >= 0);
	put_long(at + 4, v->evse_w);
	put_known(at + 6, v->allowed_w, v->allowed_w >= 0);
	at[8] = (uint16_t)(v->load_w == GRID_UNKNOWN ? 0 : source_number(v->load_source));
	at[9] = (uint16_t)(age_s < 0 ? 0 : age_s > UINT16_MAX ? UINT16_MAX : age_s);
	for (size_t i = 0; i < 20 && n->id[i]; i++)
		at[10 + i / 2] |= (uint16_t)((uint8_t)n->id[i] << (i % 2 ? 0 : 8));
}

static void put_fleet(const struct core *c, uint16_t *words)
{
	int connected = 0, charging = 0;
	struct station *s, *tmp;

	HASH_ITER (hh, c->fleet.stations, s, tmp) {
		connected += s->session != NULL;
		for (int i = 0; i < s->evse_count; i++)
			charging += s->evses[i].tx.is_open;
	}
	words[10] = (uint16_t)connected;
	words[11] = (uint16_t)HASH_COUNT(c->fleet.stations);
	words[12] = (uint16_t)charging;
}

/* Nodes of the depot's description in its order; stations and EVSEs of the tree are left out. */
static int put_nodes(const struct core *c, wall_t now, uint16_t *words)
{
	const struct grid_tree *t = control_grid(c->control);
	int shown = 0;

	for (size_t i = 0; i < c->depot->nodes.count && shown < SITE_NODES; i++) {
		int node = grid_tree_find(t, c->depot->nodes.items[i].id);

		if (node >= 0)
			put_node(c, node, now, words + SITE_NODE_FIRST + SITE_NODE_WORDS * shown++);
	}
	return shown;
}

void site_server_image(const struct core *c, uint16_t words[SITE_WORDS])
{
	wall_t now = clock_wall();
	int64_t seconds = now.ms / 1000;

	memset(words, 0, SITE_WORDS * sizeof *words);
	words[0] = 0x4450; /* DPOT */
	words[1] = 0x4f54;
	words[2] = LAYOUT;
	words[4] = (uint16_t)(seconds >> 16);
	words[5] = (uint16_t)seconds;
	put_fleet(c, words);
	words[3] = (uint16_t)put_nodes(c, now, words);
}

/* -- clients ---------------------------------------------------------------------------------- */

static void hang_up(struct client *k)
{
	timer_stop(k->server->core->timers, &k->idle);
	loop_io_destroy(k->io);
	close(k->fd);
	k->server = NULL;
}

static void on_idle(void *arg)
{
	hang_up(arg);
}

static struct site_image refreshed(struct site_server *s)
{
	mono_t now = clock_mono();

	/* Once a second is as often as anything in it changes. */
	if (!s->filled.us || now.us - s->filled.us >= 1000000) {
		site_server_image(s->core, s->words);
		s->filled = now;
	}
	return (struct site_image){s->words, SITE_WORDS};
}

/* Answers all whole requests that are there. False: the client is to be hung up on. An answer that
 * does not fit into the socket is of a client that does not read. */
static bool answer_all(struct client *k)
{
	struct site_image image = refreshed(k->server);
	uint8_t out[SITE_FRAME_MAX];
	size_t answer;
	int taken;

	while ((taken = site_frame_take(k->bytes, k->len, &image, out, &answer)) > 0) {
		if (send(k->fd, out, answer, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)answer)
			return false;
		k->asked = clock_mono();
		k->len -= (size_t)taken;
		memmove(k->bytes, k->bytes + taken, k->len);
	}
	return taken == 0;
}

static void on_readable(void *arg, int fd)
{
	struct client *k = arg;
	ssize_t n = recv(fd, k->bytes + k->len, sizeof k->bytes - k->len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(k);
		return;
	}
	k->len += (size_t)n;
	if (!answer_all(k)) {
		hang_up(k);
		return;
	}
	timer_start(k->server->core->timers, &k->idle, IDLE_MS, on_idle, k);
}

/* How many connections the address has. */
static int count_from(const struct site_server *s, const struct net_address *from)
{
	int n = 0;

	for (int i = 0; i < s->most; i++)
		n += s->clients[i].server && memcmp(&s->clients[i].from, from, sizeof *from) == 0;
	return n;
}

/* A place for one more. Where all are taken, the address with the most connections gives up the one
 * that has been silent longest: else a few that say nothing keep the building out. NULL: all ask. */
static struct client *place(struct site_server *s)
{
	struct client *out = NULL;
	int most = 0;

	for (int i = 0; i < s->most; i++) {
		struct client *k = &s->clients[i];
		int n = k->server ? count_from(s, &k->from) : 0;

		if (!k->server)
			return k;
		if (n > most || (n == most && k->asked.us < out->asked.us)) {
			most = n;
			out = k;
		}
	}
	if (out->asked.us && mono_diff_ms(clock_mono(), out->asked) < BUSY_MS)
		return NULL;
	hang_up(out);
	return out;
}

static void on_connect(void *arg, int fd)
{
	struct site_server *s = arg;
	struct sockaddr_storage from = {0};
	socklen_t size = sizeof from;
	int client = accept4(fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *k;

	if (client < 0)
		return;
	k = place(s);
	if (k)
		k->io = loop_io_create(s->core->loop, client, on_readable, k);
	if (!k || !k->io) {
		close(client);
		return;
	}
	k->server = s;
	k->fd = client;
	k->len = 0;
	k->asked = (mono_t){0};
	if (!net_address_from(&from, &k->from))
		memset(&k->from, 0, sizeof k->from);
	timer_start(s->core->timers, &k->idle, IDLE_MS, on_idle, k);
}

/* -- life ------------------------------------------------------------------------------------- */

struct site_server *site_server_create(
	struct core *c, const struct config_modbus_listener *l, char why[200])
{
	struct site_server *s = calloc(1, sizeof *s);

	snprintf(why, 200, "out of memory");
	if (!s)
		return NULL;
	s->core = c;
	s->most = (int)l->max_clients;
	s->fd = net_socket_tcp(l->address, (int)l->port, "listen.modbus.port", &s->port, why);
	if (s->fd >= 0)
		s->io = loop_io_create(c->loop, s->fd, on_connect, s);
	if (s->io)
		return s;
	site_server_destroy(s);
	return NULL;
}

int site_server_port(const struct site_server *s)
{
	return s->port;
}

void site_server_destroy(struct site_server *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->most; i++)
		if (s->clients[i].server)
			hang_up(&s->clients[i]);
	loop_io_destroy(s->io);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}
