/*
 * Payloads: the OCPP-J texts that the stations of the bench send, of the size and shape that real
 * stations send them in. Every function writes a whole message of at most PAYLOAD_MAX bytes and
 * returns its length.
 */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_MAX     2048
#define PAYLOAD_ID_SIZE 37

/* A message id as stations make them: a UUID, unique by `station` and `number`. */
void payload_id(char out[PAYLOAD_ID_SIZE], int station, int64_t number);

size_t payload_boot(char *out, const char *id, int station);
size_t payload_status(char *out, const char *id);
size_t payload_heartbeat(char *out, const char *id);

/* One TransactionEvent: the first of a transaction has seq_no 0 and is Started, all others are
 * Updated, each with one meter value of six samples. */
struct payload_event {
	const char *transaction;
	int64_t seq_no;
	double energy_wh; /* the register, which only rises */
	double power_w;
	double soc_pct;
};
size_t payload_event(char *out, const char *id, const struct payload_event *e);

/* The answer to a CALL of depotd: what a station that does as it is told says to the actions that
 * control sends, a CALLERROR to all others. 0: the text is no CALL. `limit_w` is set when it was a
 * charging profile for a transaction. */
size_t payload_answer(char *out, const char *call, size_t len, double *limit_w);

#endif
