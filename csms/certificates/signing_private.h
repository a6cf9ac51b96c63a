/* The inside of signing: csms/certificates/signing.c takes requests, csms/certificates/signing_order.c brings them to an end. */
#ifndef CSMS_SIGNING_PRIVATE_H
#define CSMS_SIGNING_PRIVATE_H

#include "csms/pki/authority.h"
#include "csms/pki/csr.h"
#include "csms/certificates/signing.h"

#define SIGNING_OPEN_MAX    20000 /* of all stations */
#define SIGNING_STATION_MAX 8 /* of one */
#define SIGNING_HOUR_MAX    30 /* requests of one station in an hour */

struct signing_order {
	struct signing_order *prev, *next;
	struct signing *owner;
	char id[37], station[49], key_hash[65], fingerprint[65], command[37], note[301];
	char *csr, *chain; /* owned; chain NULL: not at hand */
	enum issued_use use;
	enum event_signing_state state;
	bool is_begun; /* the authority, the store or the station is at it */
	int tries; /* of what the state is about */
	wall_t next_at; /* of WAITING */
	struct timer timer;
};

/* How often a station has asked lately, and how often it was asked anew. */
struct signing_station {
	char key[49];
	mono_t since;
	int asked;
	int triggered; /* since it last took a certificate */
	struct timer timer; /* to the next trigger */
	enum issued_use use;
	struct signing *owner;
	UT_hash_handle hh;
};

/* The shortest chain seen for a use and a kind of key. */
#define SIGNING_LENGTHS_MAX 16
struct signing_length {
	enum issued_use use;
	char key[40];
	size_t least; /* characters; 0: no row */
};

struct signing {
	struct core *core;
	struct authority *authority; /* NULL: nobody signs */
	struct signing_order *orders; /* open ones */
	struct signing_station *stations; /* uthash */
	int count;
	int failures; /* of the authority, in a row */
	struct signing_length lengths[SIGNING_LENGTHS_MAX];
};

struct signing_station *signing_station_of(struct signing *g, const char *station);

/* -- csms/certificates/signing_order.c ------------------------------------------------------------------------ */

/* A new order, journalled. NULL: no memory. */
struct signing_order *signing_order_add(struct signing *g, const struct station *s,
	enum issued_use use, const char *key_hash, const char *csr);

/* Begins once this turn is on disk. */
void signing_order_begin(struct signing_order *o);

/* At the start: goes on with all. */
void signing_go_on(struct signing *g);
/* What it waited for is there. */
void signing_order_wake(struct signing_order *o);
void signing_order_free(struct signing_order *o);

/* Journals how it ended, and frees it. */
void signing_order_end(struct signing_order *o, enum event_signing_state state, const char *note);

/* -- csms/certificates/signing_length.c ----------------------------------------------------------------------- */

/* The authority made this chain for this request. */
void signing_length_learn(
	struct signing *g, enum issued_use use, const char *csr, const char *chain);

/* 0, or -1 with one line: the station takes no chain as long as this one would be. */
int signing_length_judge(struct signing *g, const struct station *s, enum issued_use use,
	const struct csr_facts *f, char why[300]);

/* Characters that the station takes. */
int64_t signing_length_most(const struct station *s);

#endif
