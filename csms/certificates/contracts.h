/*
 * Contracts: what plug and charge needs of depotd: the authorities in force, a worker that checks
 * signatures, a client for responders and the contract pool. One a daemon, by core->contracts; NULL in
 * scenario tests. Loop thread only.
 */
#ifndef CSMS_CONTRACTS_H
#define CSMS_CONTRACTS_H

#include "csms/core.h"
#include "csms/net/http_client.h"
#include "csms/pki/ca_pool.h"
#include "csms/worker.h"

struct contracts;

/* Reads the authorities (DATA/pki/mo-roots, v2g-roots) and the pool's token. -1 with one line. */
int contracts_create(struct core *c, char why[400]);

/* Reads them again, on the worker. */
void contracts_reload(struct contracts *x);

struct core *contracts_core(const struct contracts *x);
struct worker *contracts_worker(const struct contracts *x);
struct http_client *contracts_http(const struct contracts *x);
struct ocsp *contracts_ocsp(const struct contracts *x); /* csms/certificates/ocsp.h */

/* "authorization: Bearer …" for the contract pool; NULL: it takes none. */
const char *contracts_pool_header(const struct contracts *x);

/* Authorities that stay as they are while somebody holds them. */
struct authorities {
	struct ca_pool *pool;
	int held;
	bool is_old; /* others are in force */
};
struct authorities *contracts_hold(struct contracts *x);
void contracts_release(struct authorities *a);

/* Milliseconds of the real world on our timers. */
void contracts_timer(struct contracts *x, struct timer *t, int64_t real_ms, timer_fn fn, void *arg);

#endif
