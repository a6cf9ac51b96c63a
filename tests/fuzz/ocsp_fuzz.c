#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "csms/certificates/emaid.h"
#include "csms/certificates/ocsp_hosts.h"
#include "csms/pki/contract_chain.h"
#include "csms/pki/ocsp_message.h"

/* What stations and responders send about certificates: answers of OCSP, chains, ids, addresses. The
 * first byte of the input says which. Nothing of it may be believed: no authority is known. */
static struct ca_pool *pool;

static void read_answer(const uint8_t *data, size_t size)
{
	static const unsigned char nonce[OCSP_NONCE_SIZE];
	struct ocsp_question q = {.nonce = nonce};
	struct ocsp_answer out;
	char why[200];

	if (cert_id_read("SHA256",
		    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "1", &q.id,
		    why))
		abort();
	if (ocsp_answer_read(pool, &q, data, size, INT64_C(1790000000000), &out, why) == 0 &&
		out.is_verified)
		abort();
}

static void read_id(char *text)
{
	char *name = strchr(text, ' '), *key = name ? strchr(name + 1, ' ') : NULL;
	unsigned char der[CERT_ID_DER_MAX], request[OCSP_REQUEST_MAX];
	struct ocsp_question q = {.nonce = NULL};
	char why[200];

	if (!key)
		return;
	*name++ = *key++ = '\0';
	for (int h = 0; h < 3; h++)
		if (cert_id_read((const char *[]){"SHA256", "SHA384", "SHA512"}[h], name, key, text,
			    &q.id, why) == 0 &&
			(cert_id_der(&q.id, der) > sizeof der ||
				ocsp_request_write(&q, request) == 0))
			abort();
}

static void read_texts(char *text)
{
	static const char *named[] = {"ocsp.example", "[::1]:80"};
	const struct schema_strings hosts = {2, named};
	char why[200], contract[EMAID_SIZE];

	if (ocsp_hosts_allow(&hosts, text, why) && !strcasestr(text, "://ocsp.example") &&
		!strcasestr(text, "://[::1]"))
		abort();
	if (emaid_normal(text, contract) && strlen(contract) != EMAID_SIZE - 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct contract_chain chain;
	char *text;

	if (!pool && (pool = ca_pool_load("/nonexistent", NULL, NULL)) == NULL)
		abort();
	if (size < 1)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] % 4 == 0)
		read_answer(data + 1, size - 1);
	else if (data[0] % 4 == 1)
		read_id(text);
	else if (data[0] % 4 == 2)
		read_texts(text);
	else {
		contract_chain_read(pool, text, INT64_C(1790000000000), &chain);
		if (chain.verdict == CHAIN_GOOD)
			abort();
	}
	free(text);
	return 0;
}
