#include "csms/pki/csr.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include "csms/pki/x509.h"

enum { RSA_LEAST = 2048, RSA_MOST = 8192, NAME_PARTS_MOST = 12, NAME_MOST = 64 };

static int refuse(char why[200], const char *words)
{
	snprintf(why, 200, "%s", words);
	return -1;
}

/* -- the text ------------------------------------------------------------------------------------ */

static int count_of(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		n++;
	return n;
}

static int judge_text(const char *pem, char why[200])
{
	if (strlen(pem) > CSR_MAX)
		return refuse(why, "it is longer than 5500 characters");
	if (strstr(pem, "PRIVATE KEY"))
		return refuse(why, "it holds a private key, which must not leave the station "
				   "(A02.FR.05): that key must not be used any more");
	if (count_of(pem, "-----BEGIN ") != 1 ||
		count_of(pem, "-----BEGIN CERTIFICATE REQUEST-----") +
				count_of(pem, "-----BEGIN NEW CERTIFICATE REQUEST-----") !=
			1)
		return refuse(why, "it is not one request in PEM "
				   "(-----BEGIN CERTIFICATE REQUEST-----)");
	return 0;
}

/* -- the key ------------------------------------------------------------------------------------- */

/* Curves from 224 bits that TLS knows. */
static const struct {
	const char *name, *words;
} curves[] = {
	{"prime256v1", "EC P-256"},
	{"secp384r1", "EC P-384"},
	{"secp521r1", "EC P-521"},
	{"brainpoolP256r1", "EC brainpoolP256r1"},
	{"brainpoolP384r1", "EC brainpoolP384r1"},
	{"brainpoolP512r1", "EC brainpoolP512r1"},
};

static int judge_curve(EVP_PKEY *key, struct csr_facts *out, char why[200])
{
	char name[80] = "";

	EVP_PKEY_get_group_name(key, name, sizeof name, NULL);
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
		if (strcmp(curves[i].name, name) == 0) {
			snprintf(out->key, sizeof out->key, "%s", curves[i].words);
			return 0;
		}
	snprintf(why, 200, "its key is on %s: take P-256, P-384 or P-521",
		name[0] ? name : "a curve without a name");
	return -1;
}

static int judge_key(EVP_PKEY *key, struct csr_facts *out, char why[200])
{
	int bits = key ? EVP_PKEY_get_bits(key) : 0;

	if (!key)
		return refuse(why, "its public key cannot be read");
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		return judge_curve(key, out, why);
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return refuse(why, "its key is neither RSA nor on an elliptic curve (ECDSA)");
	out->is_rsa = true;
	snprintf(out->key, sizeof out->key, "RSA %d", bits);
	if (bits >= RSA_LEAST && bits <= RSA_MOST)
		return 0;
	snprintf(why, 200, "its RSA key has %d bits: it must have %d to %d", bits, RSA_LEAST,
		RSA_MOST);
	return -1;
}

/* MD5 and SHA-1 prove nothing any more; PSS names its digest elsewhere. */
static bool is_strong(const X509_REQ *req)
{
	int digest = NID_undef, kind = NID_undef;
	const EVP_MD *md;

	if (!OBJ_find_sigid_algs(X509_REQ_get_signature_nid(req), &digest, &kind))
		return false;
	md = digest == NID_undef ? NULL : EVP_get_digestbynid(digest);
	return digest == NID_undef || (md && EVP_MD_get_size(md) >= 28);
}

static int judge_signature(X509_REQ *req, EVP_PKEY *key, char why[200])
{
	if (!is_strong(req))
		return refuse(why, "it is signed with a digest below SHA-224");
	if (X509_REQ_verify(req, key) != 1) {
		ERR_clear_error();
		return refuse(why, "its signature is not by its key: nobody has shown to own it");
	}
	return 0;
}

/* -- the subject ---------------------------------------------------------------------------------- */

/* A00.FR.511: names of stations are no addresses. */
static bool is_address(const char *name)
{
	unsigned char ip[16];

	return inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1 ||
	       strstr(name, "://") || strchr(name, '/') || strchr(name, '*') ||
	       strncmp(name, "www.", 4) == 0;
}

static size_t characters(const char *utf8)
{
	size_t n = 0;

	for (; *utf8; utf8++)
		n += ((unsigned char)*utf8 & 0xc0) != 0x80;
	return n;
}

static int judge_subject(X509_REQ *req, struct csr_facts *out, char why[200])
{
	const X509_NAME *name = X509_REQ_get_subject_name(req);

	if (X509_NAME_entry_count(name) > NAME_PARTS_MOST)
		return refuse(why, "its subject has more than 12 parts");
	if (name_entry(name, NID_commonName, out->common_name, sizeof out->common_name) ||
		characters(out->common_name) > NAME_MOST)
		return refuse(why, "its subject must have one common name (CN) of at most 64 "
				   "printable characters");
	if (name_entry(name, NID_organizationName, out->organisation, sizeof out->organisation) ||
		characters(out->organisation) > NAME_MOST)
		return refuse(why, "its subject must have one organisation (O) of at most 64 "
				   "printable characters");
	if (is_address(out->common_name))
		return refuse(why, "its common name is an address of the network: it must be the "
				   "station's serial number (A00.FR.511)");
	return 0;
}

int csr_read(const char *pem, struct csr_facts *out, char why[200])
{
	X509_REQ *req;
	EVP_PKEY *key;
	int result = -1;

	memset(out, 0, sizeof *out);
	if (judge_text(pem, why))
		return -1;
	req = csr_parse(pem);
	if (!req)
		return refuse(why, "it cannot be read: it is no PKCS #10 request");
	key = X509_REQ_get0_pubkey(req);
	if (judge_key(key, out, why) == 0 && judge_subject(req, out, why) == 0 &&
		judge_signature(req, key, why) == 0) {
		key_hash(key, out->key_hash);
		result = 0;
	}
	X509_REQ_free(req);
	ERR_clear_error();
	return result;
}
