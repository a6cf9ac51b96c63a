#include "modbus/meter_link.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus/modbus.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MIN_MS 250
#define WAIT_MAX_MS 10000
/* So many requests in a row without a good answer and the connection itself is suspected. */
#define SILENCE_MAX 5

struct meter_link {
	struct meter_link_config config;
	char host[256];
	char device[256];
	char name[300];
	modbus_t *ctx;
	/* libmodbus waits by select(), which writes beyond its fd_set from descriptor 1024 on. The
	 * link therefore keeps this low one for life; connections are moved onto it, and between
	 * them it is /dev/null. */
	int fd;
	int null_fd;
	bool is_open;
	int wait_ms; /* of the next failure */
	int64_t retry_us;
	int silence;
	int exception;
	char error[120];
	struct meter_link_stats stats;
};

/* ---- life ---- */

/* Low descriptors kept for links that are made when thousands are open. */
static struct {
	pthread_mutex_t lock;
	int wanted, count;
	int fds[METER_LINK_RESERVE];
} reserve = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int take_reserved(void)
{
	pthread_mutex_lock(&reserve.lock);
	int fd = reserve.count > 0 ? reserve.fds[--reserve.count] : -1;
	pthread_mutex_unlock(&reserve.lock);
	if (fd < 0)
		errno = EMFILE;
	return fd;
}

static int low_null_fd(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < FD_SETSIZE)
		return fd;
	close(fd);
	return take_reserved();
}

/* Closes a low descriptor (/dev/null by now), or keeps it where the reserve lacks one. */
static void give_low_fd(int fd)
{
	pthread_mutex_lock(&reserve.lock);
	bool is_kept = reserve.count < reserve.wanted;
	if (is_kept)
		reserve.fds[reserve.count++] = fd;
	pthread_mutex_unlock(&reserve.lock);
	if (!is_kept)
		close(fd);
}

void meter_link_reserve(int count)
{
	pthread_mutex_lock(&reserve.lock);
	reserve.wanted = count < METER_LINK_RESERVE ? count : METER_LINK_RESERVE;
	while (reserve.count < reserve.wanted) {
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			break;
		if (fd >= FD_SETSIZE) {
			close(fd);
			break;
		}
		reserve.fds[reserve.count++] = fd;
	}
	pthread_mutex_unlock(&reserve.lock);
}

static modbus_t *make_context(const struct meter_link *l)
{
	/* The address is never used: connections are made by connect_tcp below. */
	if (!l->config.device)
		return modbus_new_tcp("127.0.0.1", 502);
	return modbus_new_rtu(l->device, l->config.baud, l->config.parity, 8, l->config.stop_bits);
}

static int set_timeouts(struct meter_link *l)
{
	uint32_t ms = (uint32_t)l->config.timeout_ms;
	if (modbus_set_response_timeout(l->ctx, ms / 1000, ms % 1000 * 1000) < 0)
		return -1;
	/* Without a byte timeout the response timeout bounds the whole answer: a peer that sends
	 * one byte now and then would otherwise hold the worker for minutes. */
	return modbus_set_byte_timeout(l->ctx, 0, 0);
}

static void set_name(struct meter_link *l)
{
	const struct meter_link_config *c = &l->config;
	if (c->device)
		snprintf(l->name, sizeof(l->name), "rtu %.200s %d 8%c%d", l->device, c->baud,
			c->parity, c->stop_bits);
	else
		snprintf(l->name, sizeof(l->name), "tcp %.255s:%d", l->host, c->port);
}

struct meter_link *meter_link_create(const struct meter_link_config *config, char why[200])
{
	struct meter_link *l = calloc(1, sizeof(*l));
	if (!l) {
		snprintf(why, 200, "out of memory");
		return NULL;
	}
	l->config = *config;
	l->fd = l->null_fd = -1;
	l->wait_ms = WAIT_MIN_MS;
	snprintf(l->host, sizeof(l->host), "%s", config->host ? config->host : "");
	snprintf(l->device, sizeof(l->device), "%s", config->device ? config->device : "");
	set_name(l);
	if ((l->fd = low_null_fd()) < 0 ||
		(l->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0) {
		snprintf(why, 200, "no low descriptor for %.80s: %s", l->name, strerror(errno));
		goto fail;
	}
	l->ctx = make_context(l);
	if (!l->ctx || set_timeouts(l) < 0) {
		snprintf(why, 200, "%.100s: %s", l->name, modbus_strerror(errno));
		goto fail;
	}
	return l;
fail:
	meter_link_destroy(l);
	return NULL;
}

/* ---- connecting ---- */

static void set_error(struct meter_link *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void set_error(struct meter_link *l, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(l->error, sizeof(l->error), fmt, args);
	va_end(args);
}

static void close_link(struct meter_link *l)
{
	if (!l->is_open)
		return;
	l->is_open = false;
	l->silence = 0;
	if (l->config.device) {
		/* modbus_close() gives the line its old settings back and closes what it holds: a
		 * copy, so that the low descriptor stays ours. */
		int copy = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
		if (copy >= 0) {
			modbus_set_socket(l->ctx, copy);
			modbus_close(l->ctx);
		}
	} else {
		shutdown(l->fd, SHUT_RDWR);
	}
	modbus_set_socket(l->ctx, -1);
	dup3(l->null_fd, l->fd, O_CLOEXEC);
}

/* Moves an open descriptor onto the low one and closes it. */
static int adopt(struct meter_link *l, int fd)
{
	int rc = dup3(fd, l->fd, O_CLOEXEC);
	int saved = errno;
	close(fd);
	errno = saved;
	if (rc < 0)
		return -1;
	modbus_set_socket(l->ctx, l->fd);
	l->is_open = true;
	l->stats.connects++;
	return 0;
}

/* Waits for a connect() under way. 0, or -1 with errno. */
static int await_connect(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t size = sizeof(error);
	int n = poll(&p, 1, timeout_ms);
	if (n == 0)
		errno = ETIMEDOUT;
	if (n <= 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -1;
	errno = error;
	return error ? -1 : 0;
}

static int connect_to(const struct addrinfo *a, int timeout_ms)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	if (fd < 0)
		return -1;
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	if (errno == EINPROGRESS && await_connect(fd, timeout_ms) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int connect_tcp(struct meter_link *l)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	char port[16];
	snprintf(port, sizeof(port), "%d", l->config.port);
	int rc = getaddrinfo(l->host, port, &hints, &list);
	if (rc != 0) {
		set_error(l, "%.60s: %s", l->host, gai_strerror(rc));
		return -1;
	}
	/* The first two addresses share the timeout: IPv6 and IPv4 of one gateway. */
	int fd = -1, tries = 0;
	int timeout_ms = l->config.timeout_ms / (list->ai_next ? 2 : 1);
	for (const struct addrinfo *a = list; a && fd < 0 && tries < 2; a = a->ai_next, tries++)
		fd = connect_to(a, timeout_ms);
	int saved = errno;
	freeaddrinfo(list);
	errno = saved;
	if (fd < 0 || adopt(l, fd) < 0) {
		set_error(l, "cannot connect: %s", strerror(errno));
		return -1;
	}
	return 0;
}

static int connect_rtu(struct meter_link *l)
{
	if (modbus_connect(l->ctx) < 0) {
		set_error(l, "cannot open: %s", modbus_strerror(errno));
		return -1;
	}
	if (adopt(l, modbus_get_socket(l->ctx)) < 0) {
		set_error(l, "cannot open: %s", strerror(errno));
		return -1;
	}
	return 0;
}

static enum meter_result open_link(struct meter_link *l)
{
	int64_t now = l->config.mono_us();
	if (now < l->retry_us)
		return METER_DOWN;
	int rc = l->config.device ? connect_rtu(l) : connect_tcp(l);
	if (rc == 0) {
		l->wait_ms = WAIT_MIN_MS;
		l->retry_us = 0;
		return METER_OK;
	}
	l->retry_us = l->config.mono_us() + (int64_t)l->wait_ms * 1000;
	l->wait_ms = l->wait_ms * 2 < WAIT_MAX_MS ? l->wait_ms * 2 : WAIT_MAX_MS;
	return METER_BROKEN;
}

/* ---- reading and writing ---- */

static bool is_garbled(int error)
{
	return error == EMBBADDATA || error == EMBBADEXC || error == EMBUNKEXC ||
	       error == EMBMDATA || error == EMBBADSLAVE;
}

static bool is_exception(int error)
{
	return error > MODBUS_ENOBASE && error < MODBUS_ENOBASE + MODBUS_EXCEPTION_MAX;
}

static enum meter_result result_of(int error)
{
	if (is_exception(error))
		return METER_EXCEPTION;
	if (error == EMBBADCRC)
		return METER_CORRUPT;
	if (is_garbled(error))
		return METER_GARBLED;
	return error == ETIMEDOUT ? METER_TIMEOUT : METER_BROKEN;
}

/* What a failed request means for the connection. One timeout is a dead unit, not a dead gateway,
 * and the others on it still want to talk; a run of them may be a half-open connection. */
static void settle(struct meter_link *l, enum meter_result result)
{
	if (!l->is_open)
		return;
	bool is_answer = result == METER_OK || result == METER_EXCEPTION;
	l->silence = is_answer ? 0 : l->silence + 1;
	bool is_out_of_step = result == METER_GARBLED && !l->config.device;
	if (result == METER_BROKEN || is_out_of_step || l->silence >= SILENCE_MAX)
		close_link(l);
}

struct exchange {
	int unit;
	enum meter_function function; /* read … */
	int address, count;
	uint16_t *out; /* … into it, NULL: written */
	const uint16_t *words;
};

static int transfer(struct meter_link *l, const struct exchange *x)
{
	if (!x->out)
		return modbus_write_registers(l->ctx, x->address, x->count, x->words);
	return x->function == METER_FUNCTION_HOLDING
		       ? modbus_read_registers(l->ctx, x->address, x->count, x->out)
		       : modbus_read_input_registers(l->ctx, x->address, x->count, x->out);
}

/* One request on an open link. */
static enum meter_result request(struct meter_link *l, const struct exchange *x)
{
	if (modbus_set_slave(l->ctx, x->unit) < 0) {
		set_error(l, "unit %d is out of range", x->unit);
		return METER_GARBLED;
	}
	/* What came too late for the last request must not answer this one. */
	modbus_flush(l->ctx);
	int n = transfer(l, x);
	if (n == x->count)
		return METER_OK;
	int error = n < 0 ? errno : EMBBADDATA;
	enum meter_result result = result_of(error);
	l->exception = result == METER_EXCEPTION ? error - MODBUS_ENOBASE : 0;
	set_error(l, "unit %d, %d registers %s %d: %s", x->unit, x->count, x->out ? "at" : "to",
		x->address, modbus_strerror(error));
	return result;
}

static enum meter_result exchange(struct meter_link *l, const struct exchange *x)
{
	bool was_open = l->is_open;
	l->exception = 0;
	enum meter_result result = was_open ? METER_OK : open_link(l);
	int64_t start = l->config.mono_us();
	if (result == METER_OK)
		result = request(l, x);
	settle(l, result);
	if (result == METER_BROKEN && was_open) {
		/* Gateways hang up on idle clients: that is no failure if they answer again. */
		result = open_link(l);
		start = l->config.mono_us();
		if (result == METER_OK)
			result = request(l, x);
		settle(l, result);
	}
	int64_t latency = l->config.mono_us() - start;
	meter_stats_add(&l->stats, result, latency, l->config.wall_ms(), l->error);
	return result;
}

enum meter_result meter_link_read(struct meter_link *l, int unit, enum meter_function function,
	int address, int count, uint16_t *out)
{
	return exchange(l, &(struct exchange){unit, function, address, count, out, NULL});
}

enum meter_result meter_link_write(
	struct meter_link *l, int unit, int address, int count, const uint16_t *words)
{
	return exchange(
		l, &(struct exchange){unit, METER_FUNCTION_HOLDING, address, count, NULL, words});
}

/* ---- asking ---- */

int meter_link_exception(const struct meter_link *l)
{
	return l->exception;
}

int64_t meter_link_retry_us(const struct meter_link *l)
{
	return l->is_open ? 0 : l->retry_us;
}

void meter_link_retry_now(struct meter_link *l)
{
	l->retry_us = 0;
	l->wait_ms = WAIT_MIN_MS;
}

const char *meter_link_error(const struct meter_link *l)
{
	return l->error;
}

const struct meter_link_stats *meter_link_stats(const struct meter_link *l)
{
	return &l->stats;
}

const char *meter_link_name(const struct meter_link *l)
{
	return l->name;
}

void meter_link_destroy(struct meter_link *l)
{
	if (!l)
		return;
	close_link(l);
	if (l->ctx)
		modbus_free(l->ctx);
	if (l->fd >= 0)
		give_low_fd(l->fd);
	if (l->null_fd >= 0)
		close(l->null_fd);
	free(l);
}
