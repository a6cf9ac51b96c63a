/* Requests as they come: what is read of good ones, and why bad ones are not. Hostile ones over the wire:
 * tests/e2e/signing.test.mjs. */
#include "csms/pki/csr.h"

#include <check.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static char why[200];
static struct csr_facts facts;

struct part {
	int nid;
	const char *value;
};

/* A request with these parts, signed by `signer` (NULL: its own key); freed by the caller. */
static char *make(EVP_PKEY *key, EVP_PKEY *signer, const struct part *parts, const EVP_MD *md)
{
	X509_REQ *req = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *out;
	long len;

	for (; parts->value; parts++)
		ck_assert_int_eq(
			X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req), parts->nid,
				MBSTRING_UTF8, (const unsigned char *)parts->value, -1, -1, 0),
			1);
	X509_REQ_set_pubkey(req, key);
	ck_assert_int_gt(X509_REQ_sign(req, signer ? signer : key, md), 0);
	PEM_write_bio_X509_REQ(bio, req);
	len = BIO_get_mem_data(bio, &text);
	out = strndup(text, (size_t)len);
	BIO_free(bio);
	X509_REQ_free(req);
	return out;
}

static const struct part good[] = {
	{NID_organizationName, "Depot"}, {NID_commonName, "SN-1"}, {0, NULL}};

static void refused(char *pem, const char *words)
{
	ck_assert_int_eq(csr_read(pem, &facts, why), -1);
	ck_assert_msg(strstr(why, words) != NULL, "%s", why);
	free(pem);
}

START_TEST(good_ones_are_read)
{
	static const char *const kinds[] = {"EC P-256", "EC P-384", "EC P-521", "RSA 2048"};
	static const char *const curves[] = {"P-256", "P-384", "P-521"};
	char hashes[4][65];

	for (int i = 0; i < 4; i++) {
		EVP_PKEY *key = i < 3 ? EVP_EC_gen(curves[i]) : EVP_RSA_gen(2048);
		char *pem = make(key, NULL, good, EVP_sha256());

		ck_assert_msg(csr_read(pem, &facts, why) == 0, "%s", why);
		ck_assert_str_eq(facts.key, kinds[i]);
		ck_assert_str_eq(facts.common_name, "SN-1");
		ck_assert_str_eq(facts.organisation, "Depot");
		ck_assert_int_eq(facts.is_rsa, i == 3);
		ck_assert_uint_eq(strlen(facts.key_hash), 64);
		memcpy(hashes[i], facts.key_hash, 65);
		free(pem);
		/* The same key in another request is the same key. */
		pem = make(key, NULL, good + 1, EVP_sha384());
		ck_assert_int_eq(csr_read(pem, &facts, why), 0);
		ck_assert_str_eq(facts.key_hash, hashes[i]);
		ck_assert_str_eq(facts.organisation, "");
		free(pem);
		EVP_PKEY_free(key);
	}
	ck_assert_str_ne(hashes[0], hashes[1]);
}
END_TEST

START_TEST(weak_and_foreign_keys_are_refused)
{
	EVP_PKEY *ec = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	EVP_PKEY *rsa = EVP_RSA_gen(1024), *weak = EVP_EC_gen("secp192k1"), *ed = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);

	EVP_PKEY_keygen_init(ctx);
	EVP_PKEY_keygen(ctx, &ed);
	refused(make(rsa, NULL, good, EVP_sha256()), "1024 bits");
	refused(make(weak, NULL, good, EVP_sha256()), "secp192k1");
	refused(make(ed, NULL, good, NULL), "neither RSA nor");
	refused(make(ec, other, good, EVP_sha256()), "not by its key");
	refused(make(ec, NULL, good, EVP_sha1()), "SHA-224");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(other);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(ed);
}
END_TEST

START_TEST(names_that_are_none_are_refused)
{
	static const struct {
		struct part parts[16];
		const char *words;
	} rows[] = {
		{{{NID_commonName, "192.0.2.7"}}, "address"},
		{{{NID_commonName, "2001:db8::7"}}, "address"},
		{{{NID_commonName, "https://a.example"}}, "address"},
		{{{NID_commonName, "*.example"}}, "address"},
		{{{NID_commonName, "www.example.com"}}, "address"},
		{{{NID_commonName, "SN-1"}, {NID_commonName, "SN-2"}}, "one common name"},
		{{{NID_commonName, "SN\n1"}}, "printable"},
		{{{NID_organizationName, "A"}, {NID_organizationName, "B"}}, "one organisation"},
		{{{NID_givenName, "1"}, {NID_givenName, "2"}, {NID_givenName, "3"},
			 {NID_givenName, "4"}, {NID_givenName, "5"}, {NID_givenName, "6"},
			 {NID_givenName, "7"}, {NID_givenName, "8"}, {NID_givenName, "9"},
			 {NID_givenName, "10"}, {NID_givenName, "11"}, {NID_givenName, "12"},
			 {NID_givenName, "13"}},
			"12 parts"},
	};
	EVP_PKEY *key = EVP_EC_gen("P-256");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused(make(key, NULL, rows[i].parts, EVP_sha256()), rows[i].words);
	EVP_PKEY_free(key);
}
END_TEST

/* Every request with a byte changed, cut short or doubled is refused or is read: never a crash, and
 * never another name than the one that was signed. */
START_TEST(broken_texts_are_refused)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	char *pem = make(key, NULL, good, EVP_sha256()), *copy = strdup(pem);
	size_t len = strlen(pem);

	for (size_t i = 0; i < len; i++) {
		copy[i] = (char)(copy[i] == 'A' ? 'B' : 'A');
		if (csr_read(copy, &facts, why) == 0)
			ck_assert_str_eq(facts.common_name, "SN-1");
		copy[i] = '\0';
		if (i + 1 < len)
			ck_assert_int_eq(csr_read(copy, &facts, why), -1);
		memcpy(copy, pem, len);
	}
	refused(strdup(""), "not one request");
	refused(strdup("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		"not one request");
	free(copy);
	copy = malloc(2 * len + 1);
	memcpy(copy, pem, len);
	memcpy(copy + len, pem, len + 1);
	refused(copy, "not one request");
	copy = malloc(7000);
	memset(copy, 'A', 6999);
	copy[6999] = '\0';
	refused(copy, "5500");
	free(pem);
	EVP_PKEY_free(key);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("csr");
	TCase *t = tcase_create("csr");

	tcase_add_test(t, good_ones_are_read);
	tcase_add_test(t, weak_and_foreign_keys_are_refused);
	tcase_add_test(t, names_that_are_none_are_refused);
	tcase_add_test(t, broken_texts_are_refused);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
