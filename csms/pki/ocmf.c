#include "csms/pki/ocmf.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "schemas/peek.h"

#define BYTES_MAX 4096

struct bytes {
	unsigned char at[BYTES_MAX];
	size_t len;
};

const char *ocmf_verdict_name(enum ocmf_verdict v)
{
	static const char *const names[] = {
		[OCMF_VERIFIED] = "verified",
		[OCMF_WRONG] = "wrong",
		[OCMF_UNVERIFIABLE] = "unverifiable",
	};

	return names[v];
}

/* -- texts to bytes ---------------------------------------------------------------------------- */

static bool from_base64(const char *s, size_t len, struct bytes *out)
{
	int n;

	while (len > 0 && isspace((unsigned char)s[len - 1]))
		len--;
	if (len == 0 || len % 4 != 0 || len / 4 * 3 > BYTES_MAX)
		return false;
	n = EVP_DecodeBlock(out->at, (const unsigned char *)s, (int)len);
	if (n < 0)
		return false;
	out->len = (size_t)n - (s[len - 1] == '=') - (s[len - 2] == '=');
	return true;
}

static int digit(char c)
{
	return c >= '0' && c <= '9'                 ? c - '0'
	       : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						    : -1;
}

static bool from_hex(const char *s, size_t len, struct bytes *out)
{
	if (len == 0 || len % 2 != 0 || len / 2 > BYTES_MAX)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		if (digit(s[i]) < 0 || digit(s[i + 1]) < 0)
			return false;
		out->at[i / 2] = (unsigned char)(digit(s[i]) << 4 | digit(s[i + 1]));
	}
	out->len = len / 2;
	return true;
}

/* -- the key ------------------------------------------------------------------------------------ */

static EVP_PKEY *key_of_der(const struct bytes *b)
{
	const unsigned char *p = b->at;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)b->len);

	if (!key)
		ERR_clear_error();
	return key;
}

/* "oca:base16:asn1:3059…", the form of the Open Charge Alliance's note on signed values. */
static EVP_PKEY *key_of_oca(const char *s, size_t len)
{
	static const char hex[] = "oca:base16:asn1:", b64[] = "oca:base64:asn1:";
	struct bytes b;

	if (len > strlen(hex) && memcmp(s, hex, strlen(hex)) == 0)
		return from_hex(s + strlen(hex), len - strlen(hex), &b) ? key_of_der(&b) : NULL;
	if (len > strlen(b64) && memcmp(s, b64, strlen(b64)) == 0)
		return from_base64(s + strlen(b64), len - strlen(b64), &b) ? key_of_der(&b) : NULL;
	return NULL;
}

static EVP_PKEY *key_of(const char *text)
{
	EVP_PKEY *key = key_of_oca(text, strlen(text));
	struct bytes b;

	if (!key && from_hex(text, strlen(text), &b))
		key = key_of_der(&b);
	if (!key && from_base64(text, strlen(text), &b)) {
		key = key_of_oca((const char *)b.at, b.len);
		if (!key)
			key = key_of_der(&b);
	}
	return key;
}

/* -- the record --------------------------------------------------------------------------------- */

struct record {
	const char *payload;
	size_t payload_len;
	char algorithm[60], form[20];
	struct bytes signature;
};

/* A member of the signature, or `otherwise`. */
static bool member(
	const struct peek *p, const char *pointer, const char *otherwise, char *out, size_t size)
{
	int value = peek_find(p, 0, pointer);

	if (value < 0 && otherwise) {
		snprintf(out, size, "%s", otherwise);
		return true;
	}
	return value >= 0 && peek_word(p, value, out, size);
}

/* "OCMF|{payload}|{signature}": no bar stands in the payload but within its strings, and none of the
 * format's own holds one. */
static const char *read_record(const char *text, size_t len, struct arena *a, struct record *out)
{
	static const char head[] = "OCMF|";
	const char *bar;
	char value[1500];
	struct peek p;
	size_t at;

	if (len < strlen(head) || memcmp(text, head, strlen(head)) != 0)
		return "the data does not begin as OCMF does";
	out->payload = text + strlen(head);
	bar = memchr(out->payload, '|', len - strlen(head));
	if (!bar)
		return "the data has no signature";
	out->payload_len = (size_t)(bar - out->payload);
	if (peek_open(&p, bar + 1, len - (size_t)(bar + 1 - text), a, &at) != NULL)
		return "its signature part is no JSON";
	if (!member(&p, "/SA", "ECDSA-secp256r1-SHA256", out->algorithm, sizeof out->algorithm) ||
		!member(&p, "/SE", "hex", out->form, sizeof out->form) ||
		!member(&p, "/SD", NULL, value, sizeof value))
		return "its signature part lacks a field (SA, SE or SD)";
	if (strcmp(out->form, "hex") == 0 ? !from_hex(value, strlen(value), &out->signature)
					  : !from_base64(value, strlen(value), &out->signature))
		return "its signature cannot be decoded";
	return NULL;
}

static const EVP_MD *digest_of(const char *algorithm)
{
	static const struct {
		const char *end;
		const EVP_MD *(*digest)(void);
	} known[] = {{"-SHA256", EVP_sha256}, {"-SHA384", EVP_sha384}, {"-SHA512", EVP_sha512}};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		size_t n = strlen(algorithm), end = strlen(known[i].end);

		if (strncmp(algorithm, "ECDSA-", 6) == 0 && n > end &&
			strcmp(algorithm + n - end, known[i].end) == 0)
			return known[i].digest();
	}
	return NULL;
}

static enum ocmf_verdict check(
	const struct record *r, EVP_PKEY *key, const EVP_MD *md, char why[200])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1
			 ? EVP_DigestVerify(ctx, r->signature.at, r->signature.len,
				   (const unsigned char *)r->payload, r->payload_len)
			 : -1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	snprintf(why, 200, "%s",
		ok == 1 ? "The signature is that of the key that came with it; compare the key with the meter's plate."
			: "The data was changed, or signed with another key than the one that came with it.");
	return ok == 1 ? OCMF_VERIFIED : OCMF_WRONG;
}

enum ocmf_verdict ocmf_verify(const char *data, const char *encoding, const char *key_text,
	struct arena *a, char why[200])
{
	struct bytes text;
	struct record r;
	const char *fault = NULL;
	EVP_PKEY *key = NULL;
	const EVP_MD *md = NULL;
	enum ocmf_verdict verdict = OCMF_UNVERIFIABLE;

	if (encoding[0] && strcmp(encoding, "OCMF") != 0)
		fault = "only OCMF is verified here; take the data to the software of the meter's maker";
	else if (!from_base64(data, strlen(data), &text))
		fault = "its data is no base64";
	else if ((fault = read_record((const char *)text.at, text.len, a, &r)) == NULL) {
		if (!key_text[0])
			fault = "the charger sent no public key; ask it to (PublicKeyWithSignedMeterValue)";
		else if ((key = key_of(key_text)) == NULL)
			fault = "the public key that came with it cannot be read";
		else if ((md = digest_of(r.algorithm)) == NULL)
			fault = "its signature algorithm is not known here";
	}
	if (fault)
		snprintf(why, 200, "Not verifiable: %s.", fault);
	else
		verdict = check(&r, key, md, why);
	EVP_PKEY_free(key);
	return verdict;
}
