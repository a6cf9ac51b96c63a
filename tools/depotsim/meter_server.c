#include <modbus/modbus.h>
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "tools/depotsim/meter_server.h"

#define REGISTERS   400
#define MAX_CLIENTS 16
#define MWS_PER_KWH 3.6e9

/* Addresses of the SDM630's input registers. */
enum {
	REG_VOLTS = 0, /* L1, L2, L3 */
	REG_AMPERES = 6,
	REG_WATTS = 12,
	REG_TOTAL_WATTS = 52,
	REG_HERTZ = 70,
	REG_IMPORT_KWH = 72,
	REG_EXPORT_KWH = 74,
};

struct meter_server {
	modbus_t *bus;
	modbus_mapping_t *map;
	pthread_mutex_t lock; /* guards `map`, `trouble`, `reads` */
	pthread_t thread;
	int listener;
	int stop; /* eventfd: tells the thread to end */
	int port;
	int unit;
	enum meter_trouble trouble;
	int64_t reads;
};

/* By hand: modbus_set_float_abcd() of libmodbus 3.1.6 swaps the bytes of each word. */
static void put(struct meter_server *m, int address, double v)
{
	float f = (float)v;
	uint32_t bits;
	memcpy(&bits, &f, sizeof bits);
	m->map->tab_input_registers[address] = (uint16_t)(bits >> 16);
	m->map->tab_input_registers[address + 1] = (uint16_t)bits;
}

void meter_server_set(struct meter_server *m, const struct meter_values *v)
{
	double total = 0;
	pthread_mutex_lock(&m->lock);
	if (m->trouble != METER_FROZEN) {
		for (int i = 0; i < 3; i++) {
			double w = (double)v->phase_mw[i] / 1000;
			put(m, REG_VOLTS + 2 * i, v->volts);
			put(m, REG_AMPERES + 2 * i, (w < 0 ? -w : w) / v->volts);
			put(m, REG_WATTS + 2 * i, w);
			total += w;
		}
		put(m, REG_TOTAL_WATTS, total);
		put(m, REG_HERTZ, 50);
		put(m, REG_IMPORT_KWH, (double)v->import_mws / MWS_PER_KWH);
		put(m, REG_EXPORT_KWH, (double)v->export_mws / MWS_PER_KWH);
	}
	pthread_mutex_unlock(&m->lock);
}

void meter_server_trouble(struct meter_server *m, enum meter_trouble trouble)
{
	pthread_mutex_lock(&m->lock);
	m->trouble = trouble;
	pthread_mutex_unlock(&m->lock);
}

int64_t meter_server_reads(struct meter_server *m)
{
	pthread_mutex_lock(&m->lock);
	int64_t n = m->reads;
	pthread_mutex_unlock(&m->lock);
	return n;
}

/* One request of the client at `fd`. False: it is gone. */
static bool serve(struct meter_server *m, int fd)
{
	uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
	modbus_set_socket(m->bus, fd);
	int len = modbus_receive(m->bus, query);
	if (len < 0)
		return false;
	int unit = query[modbus_get_header_length(m->bus) - 1];
	pthread_mutex_lock(&m->lock);
	bool answer = len > 0 && m->trouble != METER_SILENT &&
		      (unit == m->unit || unit == MODBUS_TCP_SLAVE || unit == 0);
	if (answer) {
		/* A client that has gone is noticed at the next read. */
		modbus_reply(m->bus, query, len, m->map);
		m->reads++;
	}
	pthread_mutex_unlock(&m->lock);
	return true;
}

static void *serve_all(void *arg)
{
	struct meter_server *m = arg;
	struct pollfd fds[2 + MAX_CLIENTS] = {
		{.fd = m->stop, .events = POLLIN}, {.fd = m->listener, .events = POLLIN}};
	nfds_t n = 2;
	while (!fds[0].revents) {
		if (poll(fds, n, -1) < 0)
			break;
		for (nfds_t i = 2; i < n; i++) {
			if (!fds[i].revents || serve(m, fds[i].fd))
				continue;
			close(fds[i].fd);
			fds[i--] = fds[--n];
		}
		if (fds[1].revents) {
			int fd = accept(m->listener, NULL, NULL);
			if (fd >= 0 && n < 2 + MAX_CLIENTS)
				fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
			else if (fd >= 0)
				close(fd);
		}
	}
	for (nfds_t i = 2; i < n; i++)
		close(fds[i].fd);
	return NULL;
}

static int bound_port(int listener)
{
	struct sockaddr_in at = {0};
	socklen_t len = sizeof at;
	if (getsockname(listener, (struct sockaddr *)&at, &len) != 0)
		return -1;
	return ntohs(at.sin_port);
}

static int start(struct meter_server *m, const char *host, int port, char why[200])
{
	m->bus = modbus_new_tcp(host, port);
	m->map = modbus_mapping_new(0, 0, 0, REGISTERS);
	m->stop = eventfd(0, EFD_CLOEXEC);
	if (!m->bus || !m->map || m->stop < 0) {
		snprintf(why, 200, "meter on %.80s:%d: %s", host, port, modbus_strerror(errno));
		return -1;
	}
	modbus_set_indication_timeout(m->bus, 1, 0); /* half a request must not hold the rest up */
	m->listener = modbus_tcp_listen(m->bus, MAX_CLIENTS);
	if (m->listener < 0) {
		snprintf(why, 200, "meter: cannot listen on %.80s:%d: %s", host, port,
			strerror(errno));
		return -1;
	}
	m->port = bound_port(m->listener);
	if (pthread_create(&m->thread, NULL, serve_all, m) != 0) {
		snprintf(why, 200, "meter: cannot start a thread");
		close(m->listener);
		m->listener = -1;
		return -1;
	}
	return 0;
}

static void release(struct meter_server *m)
{
	if (m->stop >= 0)
		close(m->stop);
	if (m->map)
		modbus_mapping_free(m->map);
	if (m->bus)
		modbus_free(m->bus);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

struct meter_server *meter_server_create(const char *host, int port, int unit, char why[200])
{
	struct meter_server *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(why, 200, "out of memory");
		return NULL;
	}
	m->unit = unit;
	m->listener = m->stop = -1;
	pthread_mutex_init(&m->lock, NULL);
	if (start(m, host, port, why) == 0)
		return m;
	release(m);
	return NULL;
}

int meter_server_port(const struct meter_server *m)
{
	return m->port;
}

void meter_server_destroy(struct meter_server *m)
{
	if (!m)
		return;
	uint64_t one = 1;
	if (write(m->stop, &one, sizeof one) == (ssize_t)sizeof one)
		pthread_join(m->thread, NULL);
	close(m->listener);
	release(m);
}
