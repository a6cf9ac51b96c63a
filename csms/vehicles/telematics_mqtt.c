#include "csms/vehicles/telematics_mqtt.h"
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "csms/alarms.h"
#include "csms/log.h"
#include "csms/record.h"
#include "csms/vehicles/telematics_private.h"

#define BATCH_MESSAGES 500 /* that wait for the disk together */
#define BATCH_BYTES    (4u << 20)
#define IN_FLIGHT      500 /* messages that the broker may send before an acknowledgement */
#define SESSION_S      (7 * 86400) /* the broker keeps what comes while we are gone */
#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 60000
#define BACKOFF_SHIFT  6
#define ALARM_ATTEMPTS 3
#define JOIN_S         2
#define MISC_MS        1000

struct mqtt_message {
	struct mqtt_message *next;
	char *topic;
	size_t len;
	bool is_retained;
	wall_t received;
	char text[];
};

enum batch_state { BATCH_NONE, BATCH_HANDED, BATCH_TAKEN, BATCH_DURABLE, BATCH_FAILED };

struct telematics_link {
	struct telematics_source *source;
	const struct config_telematics_mqtt *config;
	char id[140], password[201];
	char ca[600], cert[600], key[600];
	struct loop_wake *wake;
	struct timer pace; /* the source sends too fast */
	pthread_t thread;
	int event; /* wakes the thread */
	atomic_bool stop;

	/* The thread's own. */
	struct mosquitto *mosq;
	struct mqtt_message *first, **last;
	int count;
	size_t bytes;
	bool is_refused; /* by the broker */
	bool is_up;

	pthread_mutex_t lock;
	enum batch_state batch;
	struct mqtt_message *inbox; /* handed over */
	char state[200];
	bool is_connected;
	int attempts; /* in vain, since it was connected */
	int64_t too_long; /* messages */

	char shown[200]; /* the loop's */
};

static void say(struct telematics_link *l, bool is_connected, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct telematics_link *l, bool is_connected, const char *fmt, ...)
{
	va_list args;

	pthread_mutex_lock(&l->lock);
	va_start(args, fmt);
	vsnprintf(l->state, sizeof l->state, fmt, args);
	va_end(args);
	l->is_connected = is_connected;
	l->attempts = is_connected ? 0 : l->attempts + 1;
	pthread_mutex_unlock(&l->lock);
	loop_wake_send(l->wake);
}

static void free_messages(struct mqtt_message *m)
{
	while (m) {
		struct mqtt_message *next = m->next;

		free(m->topic);
		free(m);
		m = next;
	}
}

/* -- the loop's side -------------------------------------------------------------------------- */

static void answer(struct telematics_link *l, enum batch_state state)
{
	uint64_t one = 1;

	pthread_mutex_lock(&l->lock);
	l->batch = state;
	pthread_mutex_unlock(&l->lock);
	if (write(l->event, &one, sizeof one) < 0)
		log_error("telematics %s: %s", l->source->config->id, strerror(errno));
}

static void on_pace(void *arg)
{
	answer(arg, BATCH_DURABLE);
}

static void on_disk(void *arg, int status, const char *why)
{
	struct telematics_link *l = arg;
	int64_t wait;

	if (atomic_load(&l->stop))
		return;
	if (status) {
		log_warn("telematics %s: not written: %s; the broker sends it again",
			l->source->config->id, why ? why : "");
		answer(l, BATCH_FAILED);
		return;
	}
	wait = telematics_wait_ms(l->source);
	if (wait > 0)
		timer_start(l->source->owner->core->timers, &l->pace, wait, on_pace, l);
	else
		answer(l, BATCH_DURABLE);
}

static void take(struct telematics_link *l, const struct mqtt_message *m)
{
	const struct telematics_message msg = {
		.topic = m->topic, .text = m->text, .len = m->len, .received = m->received};
	struct telematics_counts outcome = {0};

	telematics_ingest(l->source, &msg, m->is_retained, &outcome);
}

static void tell_alarm(struct telematics_link *l)
{
	struct core *c = l->source->owner->core;
	char state[200];
	bool is_up, is_long;

	pthread_mutex_lock(&l->lock);
	is_up = l->is_connected;
	is_long = l->attempts >= ALARM_ATTEMPTS;
	memcpy(state, l->state, sizeof state);
	pthread_mutex_unlock(&l->lock);
	if (is_up)
		alarm_clear(c, ALARM_TELEMATICS_SILENT, l->source->config->id);
	else if (is_long)
		alarm_raise(c, ALARM_TELEMATICS_SILENT, l->source->config->id,
			"The broker of %s cannot be reached: %s.", l->source->config->id, state);
}

static void on_wake(void *arg)
{
	struct telematics_link *l = arg;
	struct mqtt_message *list = NULL;

	if (atomic_load(&l->stop))
		return;
	pthread_mutex_lock(&l->lock);
	if (l->batch == BATCH_HANDED) {
		list = l->inbox;
		l->inbox = NULL;
		l->batch = BATCH_TAKEN;
	}
	pthread_mutex_unlock(&l->lock);
	tell_alarm(l);
	if (!list)
		return;
	for (const struct mqtt_message *m = list; m; m = m->next)
		take(l, m);
	free_messages(list);
	record_then(l->source->owner->core, on_disk, l);
}

/* -- the thread: what libmosquitto calls ------------------------------------------------------ */

static void on_connect(struct mosquitto *mosq, void *arg, int rc)
{
	struct telematics_link *l = arg;
	char *topics[50];

	if (rc) {
		l->is_refused = true;
		say(l, false, "the broker refused us: %s",
			l->config->version == 5 ? mosquitto_reason_string(rc)
						: mosquitto_connack_string(rc));
		return;
	}
	l->is_up = true;
	for (size_t i = 0; i < l->config->topics.count; i++)
		topics[i] = (char *)l->config->topics.items[i];
	mosquitto_subscribe_multiple(
		mosq, NULL, (int)l->config->topics.count, topics, (int)l->config->qos, 0, NULL);
	say(l, true, "connected to %s://%s:%lld", l->config->tls ? "mqtts" : "mqtt",
		l->config->host, (long long)l->config->port);
}

static void on_subscribe(struct mosquitto *mosq, void *arg, int mid, int count, const int *granted)
{
	struct telematics_link *l = arg;

	for (int i = 0; i < count; i++)
		if (granted[i] >= 128) {
			l->is_refused = true;
			say(l, false, "the broker refused the subscription to %.100s",
				i < (int)l->config->topics.count ? l->config->topics.items[i] : "");
		}
}

static void on_message(struct mosquitto *mosq, void *arg, const struct mosquitto_message *in)
{
	struct telematics_link *l = arg;
	size_t len = in->payloadlen > 0 ? (size_t)in->payloadlen : 0;
	struct mqtt_message *m;

	if (len == 0 || len > (size_t)l->config->max_message) {
		pthread_mutex_lock(&l->lock);
		l->too_long += len > 0;
		pthread_mutex_unlock(&l->lock);
		return;
	}
	m = calloc(1, sizeof *m + len + 1);
	if (!m || !(m->topic = strdup(in->topic))) {
		free(m);
		l->is_refused = true; /* not acknowledged: it comes again */
		return;
	}
	memcpy(m->text, in->payload, len);
	m->len = len;
	m->is_retained = in->retain;
	m->received = clock_wall();
	*l->last = m;
	l->last = &m->next;
	l->count++;
	l->bytes += len;
}

/* -- the thread ------------------------------------------------------------------------------- */

static void sleep_ms(struct telematics_link *l, int ms)
{
	struct pollfd p = {.fd = l->event, .events = POLLIN};
	uint64_t sum;

	if (poll(&p, 1, ms) > 0 && read(l->event, &sum, sizeof sum) < 0)
		return;
}

static int configure(struct telematics_link *l)
{
	const struct config_telematics_mqtt *c = l->config;
	struct mosquitto *m = l->mosq;

	mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION, (int)c->version);
	mosquitto_int_option(m, MOSQ_OPT_RECEIVE_MAXIMUM, IN_FLIGHT);
	mosquitto_threaded_set(m, true); /* packets wait until we write them */
	mosquitto_connect_callback_set(m, on_connect);
	mosquitto_subscribe_callback_set(m, on_subscribe);
	mosquitto_message_callback_set(m, on_message);
	if (c->username &&
		mosquitto_username_pw_set(m, c->username, l->password[0] ? l->password : NULL))
		return -1;
	if (!c->tls)
		return 0;
	return mosquitto_tls_set(m, c->ca ? l->ca : NULL, c->ca ? NULL : "/etc/ssl/certs",
		       c->cert ? l->cert : NULL, c->key ? l->key : NULL, NULL)
		       ? -1
		       : 0;
}

static bool do_connect(struct telematics_link *l)
{
	mosquitto_property *props = NULL;
	int rc;

	l->mosq = mosquitto_new(l->id, false, l);
	if (!l->mosq || configure(l)) {
		say(l, false, "TLS files or password of the broker cannot be used");
		return false;
	}
	if (l->config->version == 5)
		mosquitto_property_add_int32(&props, MQTT_PROP_SESSION_EXPIRY_INTERVAL, SESSION_S);
	rc = mosquitto_connect_bind_v5(l->mosq, l->config->host, (int)l->config->port,
		(int)l->config->keepalive_s, NULL, props);
	mosquitto_property_free_all(&props);
	if (rc == MOSQ_ERR_SUCCESS)
		return true;
	say(l, false, "%s:%lld: %s", l->config->host, (long long)l->config->port,
		rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc));
	return false;
}

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* Reads what is there, up to a batch; hands it over. False: the connection is over. */
static bool read_batch(struct telematics_link *l)
{
	int rc = MOSQ_ERR_SUCCESS;

	for (int i = 0; i < BATCH_MESSAGES && l->count < BATCH_MESSAGES && l->bytes < BATCH_BYTES;
		i++) {
		rc = mosquitto_loop_read(l->mosq, 1);
		if (rc || l->is_refused || !is_readable(mosquitto_socket(l->mosq)))
			break;
	}
	if (rc) {
		say(l, false, "connection lost: %s",
			rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc));
		return false;
	}
	if (l->is_refused)
		return false;
	if (!l->count)
		return true;
	pthread_mutex_lock(&l->lock);
	l->inbox = l->first;
	l->batch = BATCH_HANDED;
	pthread_mutex_unlock(&l->lock);
	l->first = NULL;
	l->last = &l->first;
	l->count = 0;
	l->bytes = 0;
	loop_wake_send(l->wake);
	return true;
}

static enum batch_state batch_of(struct telematics_link *l)
{
	enum batch_state state;

	pthread_mutex_lock(&l->lock);
	state = l->batch;
	if (state == BATCH_DURABLE || state == BATCH_FAILED)
		l->batch = BATCH_NONE;
	pthread_mutex_unlock(&l->lock);
	return state;
}

/* One turn while connected. While a batch is on its way to the disk nothing is read or written. */
static bool turn(struct telematics_link *l)
{
	enum batch_state batch = batch_of(l);
	bool waits = batch == BATCH_HANDED || batch == BATCH_TAKEN;
	struct pollfd p[2] = {{.fd = l->event, .events = POLLIN},
		{.fd = mosquitto_socket(l->mosq), .events = POLLIN}};
	uint64_t sum;

	if (batch == BATCH_FAILED || p[1].fd < 0)
		return false;
	if (!waits && mosquitto_want_write(l->mosq))
		p[1].events |= POLLOUT;
	if (poll(p, waits ? 1 : 2, MISC_MS) < 0 && errno != EINTR)
		return false;
	if (p[0].revents && read(l->event, &sum, sizeof sum) < 0 && errno != EAGAIN)
		return false;
	if (waits)
		return true;
	if ((p[1].revents & POLLOUT) && mosquitto_loop_write(l->mosq, 1))
		return false;
	if ((p[1].revents & (POLLIN | POLLHUP | POLLERR)) && !read_batch(l))
		return false;
	if (mosquitto_loop_misc(l->mosq) != MOSQ_ERR_SUCCESS) {
		say(l, false, "the broker is silent");
		return false;
	}
	return true;
}

static void disconnect(struct telematics_link *l)
{
	free_messages(l->first);
	l->first = NULL;
	l->last = &l->first;
	l->count = 0;
	l->bytes = 0;
	l->is_refused = l->is_up = false;
	if (l->mosq)
		mosquitto_destroy(l->mosq);
	l->mosq = NULL;
}

/* A batch that is still with the loop belongs to the connection that is over. */
static void settle(struct telematics_link *l)
{
	enum batch_state state;

	while (!atomic_load(&l->stop) &&
		((state = batch_of(l)) == BATCH_HANDED || state == BATCH_TAKEN))
		sleep_ms(l, MISC_MS);
}

static void *run(void *arg)
{
	struct telematics_link *l = arg;
	unsigned seed = (unsigned)time(NULL) ^ (unsigned)(uintptr_t)l;
	int failures = 0;

	while (!atomic_load(&l->stop)) {
		bool was_up = false;

		if (do_connect(l))
			while (!atomic_load(&l->stop) && turn(l))
				was_up |= l->is_up;
		disconnect(l);
		settle(l);
		failures = was_up ? 0 : failures < BACKOFF_SHIFT ? failures + 1 : failures;
		int ms = BACKOFF_MIN_MS << failures;
		if (ms > BACKOFF_MAX_MS)
			ms = BACKOFF_MAX_MS;
		if (!atomic_load(&l->stop))
			sleep_ms(l, ms / 2 + rand_r(&seed) % (ms / 2));
	}
	return NULL;
}

/* -- life ------------------------------------------------------------------------------------- */

static void beside(const struct core *c, const char *name, char out[600])
{
	if (!name)
		out[0] = '\0';
	else if (name[0] == '/')
		snprintf(out, 600, "%s", name);
	else
		snprintf(out, 600, "%s/%s", c->config_folder, name);
}

static int read_password(
	const struct telematics_link *l, const char *name, char out[201], char why[400])
{
	char path[600];
	FILE *f;

	beside(l->source->owner->core, name, path);
	f = fopen(path, "r");
	if (!f || !fgets(out, 201, f)) {
		snprintf(why, 400, "telematics %s: the password cannot be read from %s",
			l->source->config->id, path);
		if (f)
			fclose(f);
		return -1;
	}
	out[strcspn(out, "\r\n")] = '\0';
	fclose(f);
	return 0;
}

static int check_files(const struct telematics_link *l, char why[400])
{
	const char *const files[] = {l->ca, l->cert, l->key};

	for (int i = 0; i < 3; i++)
		if (files[i][0] && access(files[i], R_OK)) {
			snprintf(why, 400, "telematics %s: %s: %s", l->source->config->id, files[i],
				strerror(errno));
			return -1;
		}
	return 0;
}

struct telematics_link *telematics_link_create(struct telematics_source *s, char why[400])
{
	static bool is_ready;
	struct core *c = s->owner->core;
	struct telematics_link *l = calloc(1, sizeof *l);

	snprintf(why, 400, "telematics: no memory or no thread for %s", s->config->id);
	if (!l)
		return NULL;
	if (!is_ready)
		mosquitto_lib_init();
	is_ready = true;
	l->source = s;
	l->config = s->config->mqtt;
	l->last = &l->first;
	snprintf(l->id, sizeof l->id, "%s", l->config->client_id ? l->config->client_id : "");
	if (!l->id[0])
		snprintf(l->id, sizeof l->id, "depotd-%s-%s", c->depot->depot, s->config->id);
	snprintf(l->state, sizeof l->state, "connecting");
	beside(c, l->config->ca, l->ca);
	beside(c, l->config->cert, l->cert);
	beside(c, l->config->key, l->key);
	pthread_mutex_init(&l->lock, NULL);
	l->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->wake = loop_wake_create(c->loop, on_wake, l);
	if (l->event < 0 || !l->wake || check_files(l, why) ||
		(l->config->password_file &&
			read_password(l, l->config->password_file, l->password, why)) ||
		pthread_create(&l->thread, NULL, run, l)) {
		free(l);
		return NULL;
	}
	return l;
}

const char *telematics_link_state(struct telematics_link *l, bool *is_connected)
{
	pthread_mutex_lock(&l->lock);
	memcpy(l->shown, l->state, sizeof l->shown);
	*is_connected = l->is_connected;
	pthread_mutex_unlock(&l->lock);
	return l->shown;
}

void telematics_link_stop(struct telematics_link *l)
{
	struct timespec until;
	uint64_t one = 1;

	if (!l || atomic_exchange(&l->stop, true))
		return;
	timer_stop(l->source->owner->core->timers, &l->pace);
	if (write(l->event, &one, sizeof one) < 0)
		log_error("telematics %s: %s", l->source->config->id, strerror(errno));
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += JOIN_S;
	/* One that hangs in connecting is left alone: the process ends. */
	pthread_timedjoin_np(l->thread, NULL, &until);
}
