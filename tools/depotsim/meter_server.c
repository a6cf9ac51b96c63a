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

#define MAX_CLIENTS 16
#define MWS_PER_WH  3.6e6

struct meter_server {
	modbus_t *bus;
	modbus_mapping_t *map;
	struct pose pose;
	uint16_t *registers; /* of the map: those that the pose fills */
	uint16_t *holding; /* … and those that are written to, NULL: none */
	bool is_told; /* the setpoint was written since it was asked for */
	pthread_mutex_t lock; /* guards all that changes */
	pthread_t thread;
	int listener;
	int stop; /* eventfd: tells the thread to end */
	int port;
	int unit;
	enum meter_trouble trouble;
	bool is_set; /* it has measured something: before that it says nothing */
	int64_t reads;
};

void meter_server_set(struct meter_server *m, const struct meter_values *v)
{
	double q[METER_QUANTITIES] = {0};

	for (int i = 0; i < 3; i++) {
		double w = (double)v->phase_mw[i] / 1000;
		q[METER_QUANTITY_VOLTAGE_L1_V + i] = v->volts;
		q[METER_QUANTITY_CURRENT_L1_A + i] = (w < 0 ? -w : w) / v->volts;
		q[METER_QUANTITY_POWER_L1_W + i] = w;
		q[METER_QUANTITY_POWER_W] += w;
	}
	q[METER_QUANTITY_SOC_PCT] = v->soc_pct;
	q[METER_QUANTITY_STORED_WH] = v->stored_wh;
	q[METER_QUANTITY_FREQUENCY_HZ] = 50;
	q[METER_QUANTITY_IMPORT_WH] = (double)v->import_mws / MWS_PER_WH;
	q[METER_QUANTITY_EXPORT_WH] = (double)v->export_mws / MWS_PER_WH;
	pthread_mutex_lock(&m->lock);
	if (m->trouble != METER_FROZEN)
		pose_put(&m->pose, q, m->registers);
	m->is_set = true;
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

/* Did the request write the setpoint? From its function on. */
static bool is_setpoint(const struct meter_server *m, const uint8_t *request)
{
	int first = request[1] << 8 | request[2], count = request[3] << 8 | request[4];
	const struct meter_setpoint *s = m->holding ? m->pose.map->setpoint : NULL;

	if (s && request[0] == MODBUS_FC_WRITE_SINGLE_REGISTER)
		return first == s->address;
	return s && request[0] == MODBUS_FC_WRITE_MULTIPLE_REGISTERS && first <= s->address &&
	       s->address < first + count;
}

bool meter_server_told(struct meter_server *m, double *w)
{
	bool is_told;

	pthread_mutex_lock(&m->lock);
	is_told = m->is_told;
	m->is_told = false;
	if (is_told)
		*w = pose_get_setpoint(&m->pose, m->holding);
	pthread_mutex_unlock(&m->lock);
	return is_told;
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
	bool answer = len > 0 && m->is_set && m->trouble != METER_SILENT &&
		      (unit == m->unit || unit == MODBUS_TCP_SLAVE || unit == 0);
	if (answer) {
		/* A client that has gone is noticed at the next read. */
		modbus_reply(m->bus, query, len, m->map);
		m->reads++;
		m->is_told |= is_setpoint(m, query + modbus_get_header_length(m->bus));
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

/* Registers of the one function and the addresses that the family has: all else is refused. */
static modbus_mapping_t *make_map(struct meter_server *m)
{
	bool is_input = m->pose.map->function == METER_FUNCTION_INPUT;
	unsigned first = (unsigned)m->pose.first, count = (unsigned)m->pose.count;
	bool is_written = m->pose.map->setpoint != NULL;
	modbus_mapping_t *map = modbus_mapping_new_start_address(0, 0, 0, 0, first,
		is_input && !is_written ? 0 : count, first, is_input ? count : 0);

	if (!map)
		return NULL;
	m->registers = is_input ? map->tab_input_registers : map->tab_registers;
	m->holding = is_written ? map->tab_registers : NULL;
	pose_put_constants(&m->pose, m->registers);
	return map;
}

static int start(struct meter_server *m, const char *host, int port, char why[200])
{
	m->bus = modbus_new_tcp(host, port);
	m->map = make_map(m);
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

struct meter_server *meter_server_create(
	const char *host, int port, int unit, const struct pose *pose, char why[200])
{
	struct meter_server *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(why, 200, "out of memory");
		return NULL;
	}
	m->unit = unit;
	m->pose = *pose;
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
