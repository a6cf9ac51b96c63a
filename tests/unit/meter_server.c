#include "tests/unit/meter_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REGISTERS 200

struct meter_server {
	bool is_rtu;
	int listen_fd, port;
	int low_fd; /* connections are moved here: libmodbus waits by select() */
	modbus_t *ctx;
	modbus_mapping_t *map;
	pthread_mutex_t lock; /* guards the map */
	pthread_t thread;
	atomic_bool is_stopping;
	atomic_int mood, exception, delay_ms, dead_unit, hole;
	atomic_int requests, connections;
};

int64_t test_mono_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

int64_t test_wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

void test_sleep_ms(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
	nanosleep(&t, NULL);
}

static bool wait_readable(struct meter_server *s, int fd)
{
	while (!atomic_load(&s->is_stopping)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, 10) > 0)
			return true;
	}
	return false;
}

static void dribble(struct meter_server *s, const uint8_t *request)
{
	/* A head that promises 250 bytes, then one of them every 20 ms. */
	uint8_t head[9] = {request[0], request[1], 0, 0, 0, 253, request[6], request[7], 250};
	int fd = modbus_get_socket(s->ctx);
	ssize_t n = send(fd, head, sizeof(head), MSG_NOSIGNAL);
	while (n > 0 && !atomic_load(&s->is_stopping)) {
		test_sleep_ms(20);
		n = send(fd, "", 1, MSG_NOSIGNAL);
	}
}

/* False: the connection is to be closed. */
static bool answer(struct meter_server *s, uint8_t *request, int len)
{
	int head = modbus_get_header_length(s->ctx);
	int unit = request[head - 1];
	int first = request[head + 1] << 8 | request[head + 2];
	int count = request[head + 3] << 8 | request[head + 4];
	int hole = atomic_load(&s->hole);
	atomic_fetch_add(&s->requests, 1);
	test_sleep_ms(atomic_load(&s->delay_ms));
	switch (atomic_load(&s->mood)) {
	case SERVER_SILENT:
		return true;
	case SERVER_HANG_UP:
		return false;
	case SERVER_DRIBBLE:
		dribble(s, request);
		return false;
	case SERVER_GARBLED:
		request[0] ^= 0x55; /* TCP: the transaction's number */
		break;
	default:
		break;
	}
	if (unit == atomic_load(&s->dead_unit))
		return true;
	pthread_mutex_lock(&s->lock);
	if (atomic_load(&s->exception))
		modbus_reply_exception(s->ctx, request, (unsigned)atomic_load(&s->exception));
	else if (hole >= first && hole < first + count)
		modbus_reply_exception(s->ctx, request, MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS);
	else
		modbus_reply(s->ctx, request, len, s->map);
	pthread_mutex_unlock(&s->lock);
	return true;
}

/* A request on the serial line. modbus_receive() would take what follows a request to another unit
 * for that unit's answer, and so miss ours when the other is dead. */
static int receive_rtu(struct meter_server *s, uint8_t request[8])
{
	int fd = modbus_get_socket(s->ctx), len = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	while (len < 8 && poll(&p, 1, 50) > 0) {
		ssize_t n = read(fd, request + len, (size_t)(8 - len));
		if (n <= 0)
			return 0;
		len += (int)n;
	}
	return len == 8 ? len : 0;
}

static void serve(struct meter_server *s)
{
	uint8_t request[MODBUS_RTU_MAX_ADU_LENGTH + MODBUS_TCP_MAX_ADU_LENGTH];
	while (wait_readable(s, modbus_get_socket(s->ctx))) {
		int len = s->is_rtu ? receive_rtu(s, request) : modbus_receive(s->ctx, request);
		if (len < 0 && !s->is_rtu)
			return;
		if (len > 0 && !answer(s, request, len))
			return;
	}
}

static void *run(void *arg)
{
	struct meter_server *s = arg;
	if (s->is_rtu) {
		serve(s);
		return NULL;
	}
	while (wait_readable(s, s->listen_fd)) {
		int fd = accept(s->listen_fd, NULL, NULL);
		if (fd < 0)
			continue;
		atomic_fetch_add(&s->connections, 1);
		dup2(fd, s->low_fd);
		close(fd);
		modbus_set_socket(s->ctx, s->low_fd);
		serve(s);
		shutdown(s->low_fd, SHUT_RDWR);
		dup2(s->listen_fd, s->low_fd);
	}
	return NULL;
}

static void listen_on(struct meter_server *s, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t size = sizeof(a);
	int on = 1;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->low_fd = dup(s->listen_fd);
	setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert_int_eq(bind(s->listen_fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(s->listen_fd, 4), 0);
	getsockname(s->listen_fd, (struct sockaddr *)&a, &size);
	s->port = ntohs(a.sin_port);
}

struct meter_server *meter_server_start(const char *device, int port)
{
	struct meter_server *s = calloc(1, sizeof(*s));
	s->is_rtu = device != NULL;
	s->listen_fd = s->low_fd = -1;
	atomic_store(&s->dead_unit, -1);
	atomic_store(&s->hole, -1);
	pthread_mutex_init(&s->lock, NULL);
	s->map = modbus_mapping_new(0, 0, REGISTERS, REGISTERS);
	if (device) {
		s->ctx = modbus_new_rtu(device, 115200, 'N', 8, 1);
		modbus_set_slave(s->ctx, 1);
		ck_assert_int_eq(modbus_connect(s->ctx), 0);
	} else {
		s->ctx = modbus_new_tcp("127.0.0.1", 502);
		listen_on(s, port);
	}
	ck_assert_int_eq(pthread_create(&s->thread, NULL, run, s), 0);
	return s;
}

int meter_server_port(const struct meter_server *s)
{
	return s->port;
}

void meter_server_set_mood(struct meter_server *s, enum server_mood mood)
{
	atomic_store(&s->mood, mood);
}

void meter_server_set_exception(struct meter_server *s, int code)
{
	atomic_store(&s->exception, code);
}

void meter_server_set_delay(struct meter_server *s, int ms)
{
	atomic_store(&s->delay_ms, ms);
}

void meter_server_set_dead_unit(struct meter_server *s, int unit)
{
	atomic_store(&s->dead_unit, unit);
}

void meter_server_set_hole(struct meter_server *s, int address)
{
	atomic_store(&s->hole, address);
}

void meter_server_set(struct meter_server *s, int address, uint16_t value)
{
	pthread_mutex_lock(&s->lock);
	s->map->tab_registers[address] = value;
	s->map->tab_input_registers[address] = value;
	pthread_mutex_unlock(&s->lock);
}

uint16_t meter_server_get(struct meter_server *s, int address)
{
	pthread_mutex_lock(&s->lock);
	uint16_t value = s->map->tab_registers[address];
	pthread_mutex_unlock(&s->lock);
	return value;
}

void meter_server_set_float(struct meter_server *s, int address, float value)
{
	uint32_t bits;
	memcpy(&bits, &value, sizeof(bits));
	meter_server_set(s, address, (uint16_t)(bits >> 16));
	meter_server_set(s, address + 1, (uint16_t)bits);
}

int meter_server_requests(const struct meter_server *s)
{
	return atomic_load(&s->requests);
}

int meter_server_connections(const struct meter_server *s)
{
	return atomic_load(&s->connections);
}

void meter_server_stop(struct meter_server *s)
{
	atomic_store(&s->is_stopping, true);
	pthread_join(s->thread, NULL);
	if (s->is_rtu)
		modbus_close(s->ctx);
	if (s->listen_fd >= 0) {
		close(s->listen_fd);
		close(s->low_fd);
	}
	modbus_free(s->ctx);
	modbus_mapping_free(s->map);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
