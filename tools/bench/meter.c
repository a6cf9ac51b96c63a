#include "tools/bench/meter.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEADER 7 /* MBAP: transaction 2, protocol 2, length 2, unit 1 */

struct meter {
	int listener, port;
	pthread_t thread;
	pthread_mutex_t lock;
	bool ends;
	float w;
	int64_t said_us;
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool take(int fd, uint8_t *out, size_t len)
{
	return recv(fd, out, len, MSG_WAITALL) == (ssize_t)len;
}

/* Function 3: as many registers as are asked for, all of them the value's two in turn. */
static bool serve_one(struct meter *m, int fd)
{
	uint8_t q[HEADER + 5], a[HEADER + 2 + 250];
	uint32_t bits;
	int count;

	if (!take(fd, q, sizeof q))
		return false;
	count = q[10] << 8 | q[11];
	if (count < 1 || count > 125)
		return false;
	memcpy(a, q, HEADER);
	a[4] = (uint8_t)((3 + 2 * count) >> 8);
	a[5] = (uint8_t)(3 + 2 * count);
	a[7] = q[7];
	a[8] = (uint8_t)(2 * count);
	pthread_mutex_lock(&m->lock);
	memcpy(&bits, &m->w, sizeof bits);
	for (int i = 0; i < count; i++) {
		a[9 + 2 * i] = (uint8_t)(bits >> (i % 2 ? 8 : 24));
		a[10 + 2 * i] = (uint8_t)(bits >> (i % 2 ? 0 : 16));
	}
	if (!m->said_us)
		m->said_us = now_us();
	pthread_mutex_unlock(&m->lock);
	return send(fd, a, (size_t)(9 + 2 * count), MSG_NOSIGNAL) == 9 + 2 * count;
}

static void *work(void *arg)
{
	struct meter *m = arg;
	int fd;

	while ((fd = accept(m->listener, NULL, NULL)) >= 0) {
		while (!m->ends && serve_one(m, fd))
			;
		close(fd);
	}
	return NULL;
}

struct meter *meter_create(void)
{
	struct meter *m = calloc(1, sizeof *m);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;

	if (!m)
		return NULL;
	pthread_mutex_init(&m->lock, NULL);
	m->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (m->listener < 0 || bind(m->listener, (struct sockaddr *)&at, sizeof at) ||
		listen(m->listener, 4) || getsockname(m->listener, (struct sockaddr *)&at, &len) ||
		pthread_create(&m->thread, NULL, work, m)) {
		if (m->listener >= 0)
			close(m->listener);
		free(m);
		return NULL;
	}
	m->port = ntohs(at.sin_port);
	return m;
}

int meter_port(const struct meter *m)
{
	return m->port;
}

void meter_say(struct meter *m, double w)
{
	pthread_mutex_lock(&m->lock);
	m->w = (float)w;
	m->said_us = 0;
	pthread_mutex_unlock(&m->lock);
}

int64_t meter_said_us(struct meter *m)
{
	int64_t us;

	pthread_mutex_lock(&m->lock);
	us = m->said_us;
	pthread_mutex_unlock(&m->lock);
	return us;
}

void meter_write_map(FILE *f)
{
	fputs("name: bench\nvendor: depotd\nmodel: bench\nsource: tools/bench\nfunction: holding\n"
	      "order: msw\nregisters:\n  - {quantity: power_w, address: 0, type: float32}\n",
		f);
}

/* depotd is gone by now, so nothing is being read. */
void meter_destroy(struct meter *m)
{
	if (!m)
		return;
	m->ends = true;
	shutdown(m->listener, SHUT_RDWR);
	pthread_join(m->thread, NULL);
	close(m->listener);
	pthread_mutex_destroy(&m->lock);
	free(m);
}
