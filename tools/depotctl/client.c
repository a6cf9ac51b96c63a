#include "tools/depotctl/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SILENCE_S  15 /* a stream beats every 5 s */
#define ANSWER_MAX (256u << 20)

struct client {
	CURL *curl;
	struct client_config cfg;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	char zone[64];
	wall_t now;
};

struct client *client_create(const struct client_config *cfg)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		(c->curl = curl_easy_init()) == NULL) {
		free(c);
		return NULL;
	}
	c->cfg = *cfg;
	return c;
}

/* curl would name the host of the made-up URL. */
static void explain_socket(const struct client *c, CURLcode code, const char *what, char why[400])
{
	const char *path = c->cfg.socket;

	if (code != CURLE_COULDNT_CONNECT)
		snprintf(why, 400,
			"depotd at the socket %.120s gave no answer (%.120s): look at its log",
			path, what);
	else if (access(path, F_OK) != 0 && errno != EACCES)
		snprintf(why, 400,
			"there is no socket %.200s: is depotd running? name its socket with --socket "
			"or DEPOTD_SOCKET",
			path);
	else if (access(path, R_OK | W_OK) != 0)
		snprintf(why, 400,
			"the socket %.200s may not be opened (%s): run this as depotd's user or root",
			path, strerror(errno));
	else
		snprintf(why, 400, "nobody listens at the socket %.200s: is depotd running?", path);
}

/* One line that says what failed and what to look at. */
static void explain(const struct client *c, CURLcode code, char why[400])
{
	const char *what = c->error[0] != '\0' ? c->error : curl_easy_strerror(code);

	if (c->cfg.url == NULL)
		explain_socket(c, code, what, why);
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		snprintf(why, 400,
			"the certificate of %.120s is not trusted (%.120s): name the depot's root with "
			"--ca DATA/pki/root.pem",
			c->cfg.url, what);
	else
		snprintf(why, 400,
			"cannot reach depotd at %.120s (%.120s): check the address, and that depotd is "
			"running",
			c->cfg.url, what);
}

static void prepare(struct client *c, const char *method, const char *path, const char *json)
{
	char url[2200], header[200];

	curl_easy_reset(c->curl);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	c->error[0] = '\0';
	snprintf(url, sizeof(url), "%s%s%s", c->cfg.url != NULL ? c->cfg.url : "http://localhost",
		path[0] == '/' ? "" : "/api/v1/", path);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(c->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (c->cfg.url == NULL)
		curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->cfg.socket);
	if (c->cfg.ca != NULL)
		curl_easy_setopt(c->curl, CURLOPT_CAINFO, c->cfg.ca);
	if (c->cfg.token != NULL) {
		snprintf(header, sizeof(header), "authorization: Bearer %.150s", c->cfg.token);
		c->headers = curl_slist_append(c->headers, header);
	}
	c->headers = curl_slist_append(c->headers, "expect:");
	if (c->cfg.language != NULL) { /* of depotd's sentences */
		snprintf(header, sizeof(header), "accept-language: %.20s", c->cfg.language);
		c->headers = curl_slist_append(c->headers, header);
	}
	if (json != NULL) {
		c->headers = curl_slist_append(c->headers, "content-type: application/json");
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(json));
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, json);
	}
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct text *body = arg;

	text_put(body, bytes, size * count);
	return text_ok(body) ? size * count : 0;
}

/* Copies the value of a header line, without its end. */
static bool header_value(const char *line, size_t len, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0)
		return false;
	for (line += n, len -= n; len > 0 && *line == ' '; line++)
		len--;
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	snprintf(out, size, "%.*s", (int)len, line);
	return true;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct client *c = arg;
	char now[64];

	header_value(line, size * count, "x-depot-zone:", c->zone, sizeof(c->zone));
	if (header_value(line, size * count, "x-depot-time:", now, sizeof(now)))
		wall_parse(now, strlen(now), &c->now);
	return size * count;
}

const char *client_zone(const struct client *c)
{
	return c->zone;
}

wall_t client_now(const struct client *c)
{
	return c->now;
}

int client_ask(struct client *c, const char *method, const char *path, const char *json,
	struct text *body, char why[400])
{
	long status = 0;
	CURLcode code;

	prepare(c, method, path, json);
	text_init(body, ANSWER_MAX);
	text_puts(body, "");
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
	code = curl_easy_perform(c->curl);
	if (code != CURLE_OK) {
		explain(c, code, why);
		return -1;
	}
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

/* -- files ----------------------------------------------------------------------------------- */

#define FILE_SILENCE_S 120 /* the quota may have to make room, the signature to be checked */

static void be_patient(struct client *c)
{
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)FILE_SILENCE_S);
}

static int perform(struct client *c, char why[400])
{
	CURLcode code = curl_easy_perform(c->curl);
	long status = 0;

	if (code != CURLE_OK) {
		explain(c, code, why);
		return -1;
	}
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

int client_send_file(struct client *c, const char *method, const char *path, FILE *from,
	int64_t size, struct text *body, char why[400])
{
	prepare(c, method, path, NULL);
	text_init(body, ANSWER_MAX);
	text_puts(body, "");
	curl_easy_setopt(c->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c->curl, CURLOPT_READDATA, from);
	curl_easy_setopt(c->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, body);
	be_patient(c);
	return perform(c, why);
}

struct fetching {
	struct client *client;
	FILE *to;
	struct text *body;
};

static size_t on_file(char *bytes, size_t size, size_t count, void *arg)
{
	struct fetching *f = arg;
	long status = 0;

	curl_easy_getinfo(f->client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return on_bytes(bytes, size, count, f->body);
	return fwrite(bytes, 1, size * count, f->to);
}

int client_fetch(struct client *c, const char *path, FILE *to, struct text *body, char why[400])
{
	struct fetching f = {c, to, body};

	prepare(c, "GET", path, NULL);
	text_init(body, ANSWER_MAX);
	text_puts(body, "");
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_file);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &f);
	be_patient(c);
	return perform(c, why);
}

/* -- streams --------------------------------------------------------------------------------- */

struct streaming {
	bool (*more)(void *arg, const char *bytes, size_t len);
	void *arg;
	bool is_stopped;
};

static size_t on_more(char *bytes, size_t size, size_t count, void *arg)
{
	struct streaming *s = arg;

	if (s->more(s->arg, bytes, size * count))
		return size * count;
	s->is_stopped = true;
	return 0;
}

int client_stream(struct client *c, const char *path,
	bool (*more)(void *arg, const char *bytes, size_t len), void *arg, char why[400])
{
	struct streaming s = {more, arg, false};
	long status = 0;
	CURLcode code;

	prepare(c, "GET", path, NULL);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_more);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &s);
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
	code = curl_easy_perform(c->curl);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK || s.is_stopped)
		return (int)status;
	explain(c, code, why);
	return -1;
}

int client_status(struct client *c)
{
	long status = 0;

	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

void client_escape(const char *s, struct text *out)
{
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;
		bool is_plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
				(ch >= '0' && ch <= '9') || strchr("-._~", ch) != NULL;
		if (is_plain)
			text_putc(out, *s);
		else
			text_printf(out, "%%%02X", ch);
	}
}

void client_destroy(struct client *c)
{
	if (c == NULL)
		return;
	curl_slist_free_all(c->headers);
	curl_easy_cleanup(c->curl);
	curl_global_cleanup();
	free(c);
}
