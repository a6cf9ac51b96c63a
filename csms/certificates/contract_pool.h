/*
 * Contract pool: where vehicles' contract certificates come from (M01, M02). What a vehicle asks goes
 * there and back as it is, EXI in base64: depotd reads none of it. ISO 15118-2 gives the whole way
 * 4.5 s (errata 2.2), so an answer is given within 4: one try, and another if the first fails fast.
 * The interface is that of OPCP: POST URL/v1/ccp/signedContractData. Loop thread only.
 */
#ifndef CSMS_CONTRACT_POOL_H
#define CSMS_CONTRACT_POOL_H

#include "csms/certificates/contracts.h"

#define POOL_BUDGET_MS 3800
#define POOL_CALLS_MAX 100 /* at once */
#define EXI_USUAL      5600 /* characters that every station takes (OCPP 2.0.1) */
#define EXI_MOST       60000

struct pool_answer {
	const char *exi; /* NULL: there is none, `why` says it */
	char why[300];
};

/* Asks for what the vehicle wants. `most`: characters that the station takes. Strings are copied.
 * `done` is told once, never from within. -1 with one line in `why`: nothing was asked. */
int contract_pool_ask(struct contracts *c, const char *schema_version, const char *exi,
	int64_t most, void (*done)(void *arg, const struct pool_answer *a), void *arg,
	char why[300]);

#endif
