#include <check.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/pki/ocmf.h"

#define PAYLOAD "{\"FV\":\"1.0\",\"GI\":\"Meter 7\",\"RD\":[{\"RV\":1234.5,\"RU\":\"kWh\"}]}"

static struct arena *arena;
static EVP_PKEY *key;
static char why[200], key_base64[400], key_hex[600];

static void setup(void)
{
	unsigned char *der = NULL;
	int len;

	arena = arena_create(1 << 20);
	key = EVP_EC_gen("prime256v1");
	len = i2d_PUBKEY(key, &der);
	EVP_EncodeBlock((unsigned char *)key_base64, der, len);
	for (int i = 0; i < len; i++)
		sprintf(key_hex + 2 * i, "%02X", der[i]);
	OPENSSL_free(der);
}

static void teardown(void)
{
	EVP_PKEY_free(key);
	arena_destroy(arena);
}

/* What a meter would send of `payload`, signed over PAYLOAD. */
static const char *data_of(const char *payload, const char *algorithm)
{
	static char base64[4000];
	char text[2000];
	unsigned char sig[200];
	size_t len = sizeof sig;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int n;

	ck_assert_int_eq(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	ck_assert_int_eq(
		EVP_DigestSign(ctx, sig, &len, (const unsigned char *)PAYLOAD, strlen(PAYLOAD)), 1);
	EVP_MD_CTX_free(ctx);
	n = snprintf(text, sizeof text, "OCMF|%s|{%s\"SD\":\"", payload, algorithm);
	for (size_t i = 0; i < len; i++)
		n += sprintf(text + n, "%02x", sig[i]);
	n += sprintf(text + n, "\"}");
	EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)text, n);
	return base64;
}

START_TEST(a_true_signature_is_verified_with_the_key_in_every_form)
{
	char oca[700], oca_base64[1000];
	const char *data = data_of(PAYLOAD, "\"SA\":\"ECDSA-secp256r1-SHA256\",");

	snprintf(oca, sizeof oca, "oca:base16:asn1:%s", key_hex);
	EVP_EncodeBlock((unsigned char *)oca_base64, (const unsigned char *)oca, (int)strlen(oca));
	ck_assert_int_eq(ocmf_verify(data, "OCMF", key_base64, arena, why), OCMF_VERIFIED);
	ck_assert_int_eq(ocmf_verify(data, "", key_hex, arena, why), OCMF_VERIFIED);
	ck_assert_int_eq(ocmf_verify(data, "OCMF", oca, arena, why), OCMF_VERIFIED);
	ck_assert_int_eq(ocmf_verify(data, "OCMF", oca_base64, arena, why), OCMF_VERIFIED);
	ck_assert_int_eq(
		ocmf_verify(data_of(PAYLOAD, ""), "OCMF", key_base64, arena, why), OCMF_VERIFIED);
}
END_TEST

START_TEST(a_changed_register_or_another_key_is_wrong)
{
	EVP_PKEY *mine = key;

	ck_assert_int_eq(
		ocmf_verify(data_of("{\"RD\":[{\"RV\":1}]}", ""), "OCMF", key_base64, arena, why),
		OCMF_WRONG);
	ck_assert_ptr_nonnull(strstr(why, "changed"));
	key = EVP_EC_gen("prime256v1");
	ck_assert_int_eq(
		ocmf_verify(data_of(PAYLOAD, ""), "OCMF", key_base64, arena, why), OCMF_WRONG);
	EVP_PKEY_free(key);
	key = mine;
}
END_TEST

START_TEST(what_cannot_be_verified_says_why)
{
	const char *good = data_of(PAYLOAD, "");

	ck_assert_int_eq(ocmf_verify(good, "EDL", key_base64, arena, why), OCMF_UNVERIFIABLE);
	ck_assert_ptr_nonnull(strstr(why, "only OCMF"));
	ck_assert_int_eq(ocmf_verify(good, "OCMF", "", arena, why), OCMF_UNVERIFIABLE);
	ck_assert_ptr_nonnull(strstr(why, "no public key"));
	ck_assert_int_eq(ocmf_verify(good, "OCMF", "MFkw", arena, why), OCMF_UNVERIFIABLE);
	ck_assert_ptr_nonnull(strstr(why, "cannot be read"));
	ck_assert_int_eq(ocmf_verify("%%%%", "OCMF", key_base64, arena, why), OCMF_UNVERIFIABLE);
	ck_assert_int_eq(
		ocmf_verify("T0NNRnx8", "OCMF", key_base64, arena, why), OCMF_UNVERIFIABLE);
	ck_assert_int_eq(
		ocmf_verify("T0NNRg==", "OCMF", key_base64, arena, why), OCMF_UNVERIFIABLE);
	ck_assert_int_eq(ocmf_verify("", "OCMF", key_base64, arena, why), OCMF_UNVERIFIABLE);
	good = data_of(PAYLOAD, "\"SA\":\"RSA-MD5\",");
	ck_assert_int_eq(ocmf_verify(good, "OCMF", key_base64, arena, why), OCMF_UNVERIFIABLE);
	ck_assert_ptr_nonnull(strstr(why, "algorithm"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ocmf");
	TCase *c = tcase_create("signatures");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_true_signature_is_verified_with_the_key_in_every_form);
	tcase_add_test(c, a_changed_register_or_another_key_is_wrong);
	tcase_add_test(c, what_cannot_be_verified_says_why);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
