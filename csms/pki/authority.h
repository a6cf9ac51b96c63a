/*
 * Authority: who signs certificates of stations, behind one small interface (A02.FR.04: the central
 * system hands requests on, it does not sign). One row of authority_kinds[] each:
 *
 *   builtin  a process of its own without a network, depotd-ca, that alone reads the keys
 *   est      a server that speaks EST (RFC 7030)
 *   command  a program of the operator's: the request on its standard input, the chain on its output
 *
 * What it returns is judged (csms/pki/chain.h) by who asked. Loop thread only.
 */
#ifndef CSMS_PKI_AUTHORITY_H
#define CSMS_PKI_AUTHORITY_H

#include <stdbool.h>
#include "csms/loop.h"
#include "gen/config.h"

#define AUTHORITY_ORDERS_MAX 2000 /* that wait for an answer */

enum authority_profile { AUTHORITY_STATION, AUTHORITY_V2G, AUTHORITY_BOTH };
extern const char *const authority_profile_names[]; /* "station", "v2g", "combined" */

struct authority_order {
	const char *csr; /* PEM; judged by csms/pki/csr.h */
	enum authority_profile profile;
	const char *common_name, *organisation; /* of the request; organisation "" none */
	int days; /* how long it should be valid; others than builtin decide themselves */
};

enum authority_end {
	AUTHORITY_SIGNED,
	AUTHORITY_REFUSED, /* it will not: another try would end in the same way */
	AUTHORITY_FAILED, /* it could not: try again */
};

struct authority_result {
	enum authority_end end;
	const char *chain; /* PEM, in any order; SIGNED */
	int again_s; /* FAILED: it asks for so much patience; 0: it does not say */
	char why[300];
};

typedef void (*authority_done)(void *arg, const struct authority_result *r);

struct authority;

struct authority_setup {
	struct loop *loop;
	const struct config_trust *config;
	const char *folder; /* DATA/pki */
	const char *config_folder; /* file names of the config are relative to it */
};

/* Reads the files that the config names and changes nothing: for --check. -1 with one line. */
int authority_check(const struct config_trust *config, const char *config_folder, char why[300]);

/* NULL with one line: what is wrong with the config, or with the keys. Blocks; for start-up. */
struct authority *authority_create(const struct authority_setup *s, char why[300]);

/* "builtin", "est" …; and what it can be said to be, for a person. */
const char *authority_name(const struct authority *a);
void authority_describe(const struct authority *a, char out[300]);

/* Signs off the loop; `done` is called once, never from within. -1: too many wait, no memory. */
int authority_sign(
	struct authority *a, const struct authority_order *o, authority_done done, void *arg);

/* `done` of all that wait is not called any more. NULL is fine. */
void authority_destroy(struct authority *a);

/* -- for csms/pki/authority_*.c ------------------------------------------------------------------ */

struct authority_kind {
	const char *name;
	void *(*create)(const struct authority_setup *s, char why[300]);
	int (*sign)(void *self, const struct authority_order *o, authority_done done, void *arg);
	void (*describe)(const void *self, char out[300]);
	void (*destroy)(void *self);
	int (*check)(const struct config_trust *config, const char *config_folder,
		char why[300]); /* NULL: there is nothing to read */
};

extern const struct authority_kind authority_builtin, authority_est, authority_command;

#endif
