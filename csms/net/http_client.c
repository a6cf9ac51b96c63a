#include "csms/net/http_client.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "schemas/text.h"

#define CONNECTIONS_MAX 32
#define CONNECT_MS      5000
#define WAIT_MAX_MS     300000

struct http_call {
	struct http_client *client;
	struct http_call *prev, *next;
	CURL *curl;
	bool is_running; /* with libcurl; else it waits for its next try */
	struct curl_slist *headers;
	char *body;
	char error[CURL_ERROR_SIZE];
	struct text answer;
	struct timer again;
	int tries_left, tries_done, wait_ms;
	bool (*may_connect)(const void *rule, const struct sockaddr *address);
	const void *rule;
	bool is_forbidden; /* an address of this try was */
	void (*done)(void *arg, const struct http_outcome *o);
	void *arg;
};

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct timer timer;
	struct http_call *calls;
	int count;
};

static int64_t real_to_timer_ms(int64_t ms)
{
	return (int64_t)((double)ms * clock_speed());
}

/* -- one call --------------------------------------------------------------------------------- */

static void call_free(struct http_call *c)
{
	struct http_client *h = c->client;

	timer_stop(loop_timers(h->loop), &c->again);
	if (c->is_running)
		curl_multi_remove_handle(h->multi, c->curl);
	DL_DELETE(h->calls, c);
	h->count--;
	curl_easy_cleanup(c->curl);
	curl_slist_free_all(c->headers);
	text_finish(&c->answer);
	free(c->body);
	free(c);
}

static void call_begin(void *arg)
{
	struct http_call *c = arg;

	text_clear(&c->answer);
	text_puts(&c->answer, "");
	c->error[0] = '\0';
	c->is_forbidden = false;
	c->tries_left--;
	c->tries_done++;
	c->is_running = true;
	curl_multi_add_handle(c->client->multi, c->curl);
}

/* The other side did not get it, or cannot take it now. 501 says that it never will. */
static bool is_worth_another_try(int status)
{
	return status == 0 || status == 408 || status == 429 || (status >= 500 && status != 501);
}

static void explain(const struct http_call *c, CURLcode code, struct http_outcome *o)
{
	const char *what = c->error[0] ? c->error : curl_easy_strerror(code);

	if (c->answer.failed)
		snprintf(o->why, sizeof o->why, "the answer is longer than %zu bytes",
			c->answer.cap);
	else if (c->is_forbidden)
		snprintf(o->why, sizeof o->why, "its name leads to an address that is not allowed");
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		snprintf(o->why, sizeof o->why,
			"its certificate is not trusted: %.180s; name the authority's file (ca)",
			what);
	else
		snprintf(o->why, sizeof o->why, "%.290s", what);
}

static void call_ended(struct http_call *c, CURLcode code)
{
	struct http_outcome o = {.tries = c->tries_done};
	curl_off_t later = 0;
	long status = 0;

	curl_multi_remove_handle(c->client->multi, c->curl);
	c->is_running = false;
	if (code == CURLE_OK) {
		curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &later);
	} else
		explain(c, code, &o);
	o.status = (int)status;
	o.retry_after_s = later > 0 && later < INT_MAX ? (int)later : 0;
	if (c->tries_left > 0 && !c->answer.failed && !c->is_forbidden &&
		is_worth_another_try(o.status)) {
		timer_start(loop_timers(c->client->loop), &c->again, real_to_timer_ms(c->wait_ms),
			call_begin, c);
		c->wait_ms = c->wait_ms > WAIT_MAX_MS / 2 ? WAIT_MAX_MS : c->wait_ms * 2;
		return;
	}
	o.body = c->answer.data ? c->answer.data : "";
	o.len = c->answer.len;
	c->done(c->arg, &o);
	call_free(c);
}

/* -- libcurl's events -------------------------------------------------------------------------- */

/* Tells the ends of calls. `done` may start others: the list is asked anew each time. */
static void take_ended(struct http_client *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		struct http_call *c = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		call_ended(c, m->data.result);
	}
}

static void act(struct http_client *h, curl_socket_t fd)
{
	int running;

	curl_multi_socket_action(h->multi, fd, 0, &running);
	take_ended(h);
}

static void on_ready(void *arg, int fd)
{
	act(arg, fd);
}

static void on_time(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT);
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct http_client *h = arg;

	if (ms < 0)
		timer_stop(loop_timers(h->loop), &h->timer);
	else
		timer_start(loop_timers(h->loop), &h->timer, real_to_timer_ms(ms), on_time, h);
	return 0;
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *arg, void *per_socket)
{
	struct http_client *h = arg;
	struct loop_io *io = per_socket;

	if (what == CURL_POLL_REMOVE) {
		loop_io_destroy(io);
		curl_multi_assign(h->multi, fd, NULL);
		return 0;
	}
	if (!io) {
		io = loop_io_create(h->loop, fd, on_ready, h);
		if (!io)
			return -1;
		curl_multi_assign(h->multi, fd, io);
	}
	loop_io_want(io, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
	return 0;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct text *t = arg;

	text_put(t, bytes, size * count);
	return text_ok(t) ? size * count : 0;
}

/* What a name means is known only here: whoever rules it may point it anywhere, and elsewhere the
 * next time. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_call *c = arg;

	(void)purpose;
	if (!c->may_connect(c->rule, &a->addr)) {
		c->is_forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* -- public ----------------------------------------------------------------------------------- */

struct http_client *http_client_create(struct loop *l)
{
	struct http_client *h = calloc(1, sizeof *h);

	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		(h->multi = curl_multi_init()) == NULL) {
		free(h);
		return NULL;
	}
	h->loop = l;
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
	return h;
}

bool http_client_takes(const char *url)
{
	size_t scheme = strncmp(url, "https://", 8) == 0  ? 8
			: strncmp(url, "http://", 7) == 0 ? 7
							  : 0;
	size_t host = strcspn(url + scheme, "/?#");

	if (!scheme || !host || memchr(url + scheme, '@', host))
		return false;
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"<>\\^`{|}", *p))
			return false;
	return true;
}

static void set_options(struct http_call *c, const struct http_call_spec *spec)
{
	CURL *e = c->curl;

	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_URL, spec->url);
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, spec->method);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* A call that ends must not wait for a name that is still being looked up. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)spec->timeout_ms);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, &c->answer);
	/* Without a folder of roots libcurl keeps those of the file for a day: to read the
	 * system's 140 takes longer than a turn of the loop should. */
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	if (c->may_connect) {
		curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
		curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
		/* A connection that stands was opened under somebody else's rule. */
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	}
	if (spec->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, spec->ca_file);
	if (spec->cert_file && spec->key_file) {
		curl_easy_setopt(e, CURLOPT_SSLCERT, spec->cert_file);
		curl_easy_setopt(e, CURLOPT_SSLKEY, spec->key_file);
	}
	if (c->body) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)spec->len);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->body);
	}
}

/* What the call needs of memory; false leaves the rest to call_free(). */
static bool fill(struct http_call *c, const struct http_call_spec *spec)
{
	struct curl_slist *more = curl_slist_append(NULL, "expect:");

	c->headers = more;
	for (int i = 0; more && i < HTTP_CLIENT_HEADERS_MAX && spec->headers[i]; i++)
		if ((more = curl_slist_append(c->headers, spec->headers[i])) != NULL)
			c->headers = more;
	c->curl = curl_easy_init();
	if (spec->body && (c->body = malloc(spec->len + 1)) != NULL)
		memcpy(c->body, spec->body, spec->len);
	return more && c->curl && (!spec->body || c->body);
}

struct http_call *http_client_send(struct http_client *h, const struct http_call_spec *spec)
{
	struct http_call *c;

	if (h->count >= HTTP_CLIENT_CALLS_MAX || !http_client_takes(spec->url) ||
		(c = calloc(1, sizeof *c)) == NULL)
		return NULL;
	c->client = h;
	c->tries_left = spec->tries > 0 ? spec->tries : 1;
	c->wait_ms = spec->wait_ms;
	c->may_connect = spec->may_connect;
	c->rule = spec->rule;
	c->done = spec->done;
	c->arg = spec->arg;
	text_init(&c->answer, spec->answer_max ? spec->answer_max : HTTP_CLIENT_ANSWER_MAX);
	DL_APPEND(h->calls, c);
	h->count++;
	if (!fill(c, spec)) {
		call_free(c);
		return NULL;
	}
	set_options(c, spec);
	call_begin(c);
	return c;
}

void http_call_cancel(struct http_call *c)
{
	call_free(c);
}

void http_client_destroy(struct http_client *h)
{
	if (!h)
		return;
	while (h->calls)
		call_free(h->calls);
	timer_stop(loop_timers(h->loop), &h->timer);
	curl_multi_cleanup(h->multi);
	free(h);
}
