/*
 * Client: HTTP to depotd, over its Unix socket or HTTPS. The only owner of <curl/curl.h> here.
 */
#ifndef DEPOTCTL_CLIENT_H
#define DEPOTCTL_CLIENT_H

#include <stdio.h>

#include "schemas/text.h"
#include "schemas/wall.h"

struct client_config {
	const char *socket; /* path; used when there is no url */
	const char *url; /* "https://depot.example:8443" or NULL */
	const char *token; /* API token or NULL */
	const char *language; /* of depotd's sentences, "de"; NULL: English */
	const char *ca; /* PEM file that signed the server's certificate, or NULL */
};

struct client;

struct client *client_create(const struct client_config *cfg);

/* Sends a request and waits for the whole answer. The HTTP status, or -1 with one line in `why`
 * that says what to check. */
int client_ask(struct client *c, const char *method, const char *path, const char *json,
	struct text *body, char why[400]);

/* What the last answer said of the depot's time: its zone ("" if it did not say) and its now. */
const char *client_zone(const struct client *c);
wall_t client_now(const struct client *c);

/* Reads an endless answer; `more` gets the bytes as they come and returns false to stop. The HTTP
 * status when it ended or was stopped, -1 with `why` if it broke or fell silent. */
int client_stream(struct client *c, const char *path,
	bool (*more)(void *arg, const char *bytes, size_t len), void *arg, char why[400]);

/* Status of the answer that is being read, in `more`. */
int client_status(struct client *c);

/* Sends `size` bytes of a file as the body; otherwise as client_ask(). */
int client_send_file(struct client *c, const char *method, const char *path, FILE *from,
	int64_t size, struct text *body, char why[400]);

/* Writes the answer of a GET into a file; `body` gets it instead when the status is not 200. */
int client_fetch(struct client *c, const char *path, FILE *to, struct text *body, char why[400]);

/* Percent-encodes into `out`. */
void client_escape(const char *s, struct text *out);

void client_destroy(struct client *c);

#endif
