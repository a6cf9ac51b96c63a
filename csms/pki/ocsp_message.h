/*
 * OCSP messages (RFC 6960): the question about one certificate, and what an answer is worth. An answer
 * counts if it is about that certificate, signed by its issuer or by whom its issuer entrusted with
 * that (4.2.2.2), not of the future and not out of date. Pure; any thread.
 */
#ifndef CSMS_PKI_OCSP_MESSAGE_H
#define CSMS_PKI_OCSP_MESSAGE_H

#include <stdint.h>
#include "csms/pki/ca_pool.h"
#include "csms/pki/cert_id.h"

#define OCSP_NONCE_SIZE  32 /* RFC 8954 */
#define OCSP_REQUEST_MAX (CERT_ID_DER_MAX + 100)
#define OCSP_ANSWER_MAX  16384 /* bytes; usual ones have 500 to 3,000 */

enum cert_status { CERT_GOOD, CERT_REVOKED, CERT_UNKNOWN };

struct ocsp_question {
	struct cert_id id;
	const unsigned char *nonce; /* that went with it; NULL: none did */
};

struct ocsp_answer {
	enum cert_status status;
	bool is_verified; /* false: the issuer is not in the pool, so nobody can say who signed it */
	int64_t this_update_ms;
	int64_t until_ms; /* of no use after that */
};

/* The request in DER; its length, 0 without memory. */
size_t ocsp_request_write(const struct ocsp_question *q, unsigned char out[OCSP_REQUEST_MAX]);

/* 0, or -1 with one line: it is no answer to the question, its signature does not hold, or it is too
 * old or too new. */
int ocsp_answer_read(const struct ca_pool *pool, const struct ocsp_question *q, const void *der,
	size_t len, int64_t now_ms, struct ocsp_answer *out, char why[200]);

/* Base64 in one line, with its NUL; `out` has room for OCSP_TEXT_SIZE(len). */
#define OCSP_TEXT_SIZE(len) (((len) + 2) / 3 * 4 + 1)
void ocsp_answer_text(const void *der, size_t len, char *out);

#endif
