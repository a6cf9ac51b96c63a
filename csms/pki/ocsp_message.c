#include "csms/pki/ocsp_message.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "csms/pki/ca_pool_x509.h"

#define SKEW_MS     300000 /* clocks of others */
#define AGE_MOST_MS 3600000 /* of an answer that names no end: there is always a newer one */

static OCSP_CERTID *certid_of(const struct cert_id *id)
{
	unsigned char der[CERT_ID_DER_MAX];
	const unsigned char *p = der;

	return d2i_OCSP_CERTID(NULL, &p, (long)cert_id_der(id, der));
}

/* -- the question ----------------------------------------------------------------------------- */

size_t ocsp_request_write(const struct ocsp_question *q, unsigned char out[OCSP_REQUEST_MAX])
{
	OCSP_REQUEST *req = OCSP_REQUEST_new();
	OCSP_CERTID *id = certid_of(&q->id);
	unsigned char *p = out;
	int len = 0;

	if (req && id && OCSP_request_add0_id(req, id)) {
		id = NULL; /* it is the request's now */
		if (!q->nonce || OCSP_request_add1_nonce(req, (unsigned char *)(uintptr_t)q->nonce,
					 OCSP_NONCE_SIZE) == 1)
			len = i2d_OCSP_REQUEST(req, NULL);
		if (len > 0 && len <= OCSP_REQUEST_MAX)
			i2d_OCSP_REQUEST(req, &p);
		else
			len = 0;
	}
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(req);
	ERR_clear_error();
	return (size_t)len;
}

/* -- the answer ------------------------------------------------------------------------------- */

static int64_t time_ms(const ASN1_GENERALIZEDTIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm((const ASN1_TIME *)t, &tm) == 1 ? (int64_t)timegm(&tm) * 1000
								    : -1;
}

/* Whom the answer's signature may come from is written in its own certificates and in the pool. */
static bool knows_issuer(const struct cert_id *id, STACK_OF(X509) * all)
{
	for (int i = 0; i < sk_X509_num(all); i++)
		if (cert_id_is_of(id, sk_X509_value(all, i)))
			return true;
	return false;
}

/* 1: signed by the issuer or its delegate; 0: nobody knows the issuer; -1 with one line. */
static int check_signature(const struct ca_pool *pool, const struct ocsp_question *q,
	OCSP_BASICRESP *basic, int64_t now_ms, char why[200])
{
	X509_STORE *store = ca_pool_store(pool, now_ms / 1000, false);
	STACK_OF(X509) *own = ca_pool_all(pool, NULL);
	STACK_OF(X509) *all =
		ca_pool_all(pool, (STACK_OF(X509) *)(uintptr_t)OCSP_resp_get0_certs(basic));
	int result = -1;

	if (!store || !own || !all)
		snprintf(why, 200, "out of memory");
	else if (OCSP_basic_verify(basic, all, store, 0) == 1)
		result = 1;
	else if (knows_issuer(&q->id, own))
		snprintf(why, 200, "the answer is not signed by the certificate's issuer: %.120s",
			ERR_reason_error_string(ERR_peek_last_error()));
	else
		result = 0;
	sk_X509_pop_free(own, X509_free);
	sk_X509_pop_free(all, X509_free);
	X509_STORE_free(store);
	return result;
}

/* A responder that made the answer beforehand leaves the nonce out; one that sends another nonce
 * answers somebody else. */
static bool fits_nonce(const struct ocsp_question *q, OCSP_BASICRESP *basic)
{
	int at = OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1);
	const ASN1_OCTET_STRING *value;
	const unsigned char *p;
	int len;

	if (at < 0 || !q->nonce)
		return true;
	value = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic, at));
	len = ASN1_STRING_length(value);
	p = ASN1_STRING_get0_data(value);
	return len == OCSP_NONCE_SIZE + 2 && p[0] == V_ASN1_OCTET_STRING &&
	       p[1] == OCSP_NONCE_SIZE && memcmp(p + 2, q->nonce, OCSP_NONCE_SIZE) == 0;
}

static int check_times(
	int64_t since, int64_t until, int64_t now_ms, struct ocsp_answer *out, char why[200])
{
	out->this_update_ms = since;
	out->until_ms = until >= 0 ? until : since + AGE_MOST_MS;
	if (since < 0 || since > now_ms + SKEW_MS)
		snprintf(why, 200, "the answer is of the future, or has no time");
	else if (out->until_ms < since || out->until_ms + SKEW_MS < now_ms)
		snprintf(why, 200, "the answer is out of date");
	else
		return 0;
	return -1;
}

static int read_single(const struct ocsp_question *q, OCSP_BASICRESP *basic, int64_t now_ms,
	struct ocsp_answer *out, char why[200])
{
	OCSP_CERTID *id = certid_of(&q->id);
	ASN1_GENERALIZEDTIME *since = NULL, *until = NULL;
	int status,
		found = id ? OCSP_resp_find_status(basic, id, &status, NULL, NULL, &since, &until)
			   : 0;

	OCSP_CERTID_free(id);
	if (!found) {
		snprintf(why, 200, "the answer is not about the certificate that was asked about");
		return -1;
	}
	out->status = status == V_OCSP_CERTSTATUS_GOOD      ? CERT_GOOD
		      : status == V_OCSP_CERTSTATUS_REVOKED ? CERT_REVOKED
							    : CERT_UNKNOWN;
	return check_times(time_ms(since), until ? time_ms(until) : -1, now_ms, out, why);
}

static int read_basic(const struct ca_pool *pool, const struct ocsp_question *q,
	OCSP_BASICRESP *basic, int64_t now_ms, struct ocsp_answer *out, char why[200])
{
	int signature;

	if (read_single(q, basic, now_ms, out, why))
		return -1;
	if (!fits_nonce(q, basic)) {
		snprintf(why, 200, "the answer has the nonce of another question");
		return -1;
	}
	signature = check_signature(pool, q, basic, now_ms, why);
	out->is_verified = signature == 1;
	return signature < 0 ? -1 : 0;
}

int ocsp_answer_read(const struct ca_pool *pool, const struct ocsp_question *q, const void *der,
	size_t len, int64_t now_ms, struct ocsp_answer *out, char why[200])
{
	const unsigned char *p = der;
	OCSP_RESPONSE *r = len <= OCSP_ANSWER_MAX ? d2i_OCSP_RESPONSE(NULL, &p, (long)len) : NULL;
	OCSP_BASICRESP *basic = NULL;
	int result = -1;

	memset(out, 0, sizeof *out);
	if (!r || p != (const unsigned char *)der + len)
		snprintf(why, 200, "what came is no OCSP answer");
	else if (OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		snprintf(why, 200, "the responder says %.40s",
			OCSP_response_status_str(OCSP_response_status(r)));
	else if ((basic = OCSP_response_get1_basic(r)) == NULL)
		snprintf(why, 200, "what came is no basic OCSP answer");
	else
		result = read_basic(pool, q, basic, now_ms, out, why);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	return result;
}

void ocsp_answer_text(const void *der, size_t len, char *out)
{
	EVP_EncodeBlock((unsigned char *)out, der, (int)len);
}
