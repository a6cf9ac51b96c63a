#include "tools/depotsim/upload.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_S 20

struct upload {
	pthread_t thread;
	atomic_int state;
	char *url, *ca_file, *text;
	size_t len, sent;
};

static size_t give(char *out, size_t size, size_t count, void *arg)
{
	struct upload *u = arg;
	size_t n = size * count;
	if (n > u->len - u->sent)
		n = u->len - u->sent;
	memcpy(out, u->text + u->sent, n);
	u->sent += n;
	return n;
}

static size_t drop(char *bytes, size_t size, size_t count, void *arg)
{
	return size * count;
}

static void *put(void *arg)
{
	struct upload *u = arg;
	CURL *c = curl_easy_init();
	long status = 0;
	if (c) {
		curl_easy_setopt(c, CURLOPT_URL, u->url);
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
		curl_easy_setopt(c, CURLOPT_READDATA, u);
		curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)u->len);
		curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)WHOLE_S);
		curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
		if (u->ca_file)
			curl_easy_setopt(c, CURLOPT_CAINFO, u->ca_file);
		if (curl_easy_perform(c) == CURLE_OK)
			curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_cleanup(c);
	}
	u->state = status >= 200 && status < 300 ? UPLOAD_DONE : UPLOAD_FAILED;
	return NULL;
}

static void release(struct upload *u)
{
	free(u->url);
	free(u->ca_file);
	free(u->text);
	free(u);
}

struct upload *upload_start(const char *url, const char *ca_file, const char *text, size_t len)
{
	struct upload *u = calloc(1, sizeof *u);
	if (!u)
		return NULL;
	u->url = strdup(url);
	u->ca_file = ca_file ? strdup(ca_file) : NULL;
	u->text = malloc(len + 1);
	u->len = len;
	if (u->text)
		memcpy(u->text, text, len);
	if (u->url && u->text && (u->ca_file || !ca_file) &&
		pthread_create(&u->thread, NULL, put, u) == 0)
		return u;
	release(u);
	return NULL;
}

enum upload_state upload_state(struct upload *u)
{
	return (enum upload_state)atomic_load(&u->state);
}

void upload_end(struct upload *u)
{
	if (!u)
		return;
	pthread_join(u->thread, NULL);
	release(u);
}
