/* Contract chains, ids of certificates and answers of OCSP, against a lab of certificates and what
 * OpenSSL itself makes of them. */
#include <check.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "csms/pki/ca_pool_x509.h"
#include "csms/pki/contract_chain.h"
#include "csms/pki/ocsp_message.h"
#include "tools/depotctl/pki_lab.h"

#define DAY_MS INT64_C(86400000)

static char dir[60], lab_dir[80];
static struct ca_pool *pool;
static int64_t now;

static void shell(const char *command)
{
	ck_assert_msg(system(command) == 0, "%s", command);
}

static void make_lab(void)
{
	struct arena *arena = arena_create(0);
	struct pki_lab lab = {
		lab_dir, "ocsp.example:8880", false, "NLLABC00000001", "NLLABE1", NULL};
	char command[500], why[400];

	strcpy(dir, "/tmp/contract_chain.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(lab_dir, sizeof lab_dir, "%s/lab", dir);
	lab.profile = pki_profile_load("etc/pki/iso15118-2.yaml", arena, why);
	ck_assert_msg(lab.profile != NULL, "%s", why);
	ck_assert_msg(pki_lab_make(&lab, why) == 0, "%s", why);
	ck_assert_int_eq(pki_lab_make(&lab, why), -1); /* never over another */
	snprintf(command, sizeof command, "mkdir %s/mo-roots && cp %s/mo-roots.pem %s/mo-roots/",
		dir, lab_dir, dir);
	shell(command);
	arena_destroy(arena);
	now = (int64_t)time(NULL) * 1000;
}

static void remove_lab(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf %s", dir);
	shell(command);
}

static void setup(void)
{
	pool = ca_pool_load(dir, NULL, NULL);
	ck_assert_ptr_nonnull(pool);
	ck_assert_int_eq(ca_pool_roots(pool), 1);
}

static void teardown(void)
{
	ca_pool_destroy(pool);
}

static FILE *open_file(const char *name, const char *end)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s%s", lab_dir, name, end);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	return f;
}

static const char *read_file(const char *name)
{
	static char text[20000];
	FILE *f = open_file(name, "");

	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

static X509 *cert_of(const char *name)
{
	FILE *f = open_file(name, ".pem");
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);

	fclose(f);
	ck_assert_ptr_nonnull(x);
	return x;
}

static EVP_PKEY *key_of(const char *name)
{
	FILE *f = open_file(name, ".key");
	EVP_PKEY *k = PEM_read_PrivateKey(f, NULL, NULL, NULL);

	fclose(f);
	ck_assert_ptr_nonnull(k);
	return k;
}

/* -- ids -------------------------------------------------------------------------------------- */

START_TEST(ids_are_those_of_openssl)
{
	static const char *const names[] = {"SHA256", "SHA384", "SHA512"};
	X509 *cert = cert_of("contract"), *issuer = cert_of("mo-sub2");

	for (int h = 0; h < CERT_HASHES; h++) {
		OCSP_CERTID *theirs = OCSP_cert_to_id(EVP_get_digestbyname(names[h]), cert, issuer);
		unsigned char *der = NULL, ours[CERT_ID_DER_MAX];
		int len = i2d_OCSP_CERTID(theirs, &der);
		struct cert_id id;

		ck_assert(cert_id_of(cert, issuer, (enum cert_hash)h, &id));
		ck_assert(cert_id_is_of(&id, issuer));
		ck_assert(!cert_id_is_of(&id, cert));
		ck_assert_int_eq((int)cert_id_der(&id, ours), len);
		ck_assert_mem_eq(ours, der, len);
		OPENSSL_free(der);
		OCSP_CERTID_free(theirs);
	}
	X509_free(cert);
	X509_free(issuer);
}
END_TEST

#define H32 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

START_TEST(serial_numbers_compare_as_numbers)
{
	static const char *const same[] = {"80ff", "080FF", "0000080fF"};
	static const char *const bad[] = {
		"", "g", "-1", "0x80", "1 2", "112233445566778899aabbccddeeff00112233445"};
	struct cert_id a, b;
	unsigned char der[CERT_ID_DER_MAX];
	char why[200];

	ck_assert_int_eq(cert_id_read("SHA256", H32, H32, same[0], &a, why), 0);
	for (int i = 1; i < 3; i++) {
		ck_assert_int_eq(cert_id_read("SHA256", H32, H32, same[i], &b, why), 0);
		ck_assert(cert_id_same(&a, &b));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(
			cert_id_read("SHA256", H32, H32, bad[i], &b, why) == -1, "%s", bad[i]);
	ck_assert_int_eq(cert_id_read("SHA384", H32, H32, "1", &b, why), -1);
	ck_assert_int_eq(cert_id_read("MD5", H32, H32, "1", &b, why), -1);
	ck_assert_int_eq(cert_id_read("SHA256", H32, H32, "0000", &b, why), 0);
	ck_assert(!cert_id_same(&a, &b));
	for (int i = 0; i < 2; i++) { /* a number whose first bit is set, and zero */
		const unsigned char *p = der;
		size_t len = cert_id_der(i ? &b : &a, der);
		OCSP_CERTID *id = d2i_OCSP_CERTID(NULL, &p, (long)len);

		ck_assert_ptr_nonnull(id);
		ck_assert_ptr_eq(p, der + len);
		OCSP_CERTID_free(id);
	}
}
END_TEST

/* -- chains ----------------------------------------------------------------------------------- */

static enum chain_verdict verdict(const char *pem, int64_t at, struct contract_chain *out)
{
	contract_chain_read(pool, pem, at, out);
	return out->verdict;
}

START_TEST(chains_are_judged_as_of_a_time)
{
	struct contract_chain c;

	ck_assert_int_eq(verdict(read_file("contract-chain.pem"), now, &c), CHAIN_GOOD);
	ck_assert_str_eq(c.name, "NLLABC00000001");
	ck_assert_int_eq(c.count, 3);
	ck_assert_str_eq(c.certs[0].responder, "http://ocsp.example:8885/mo-sub2");
	ck_assert_str_eq(c.certs[2].responder, "http://ocsp.example:8883/mo-root");
	ck_assert_int_eq(
		verdict(read_file("contract.pem"), now, &c), CHAIN_GOOD); /* subs are known */
	ck_assert_int_eq(verdict(read_file("contract-expired-chain.pem"), now, &c), CHAIN_EXPIRED);
	ck_assert_int_eq(
		verdict(read_file("contract-chain.pem"), now + 800 * DAY_MS, &c), CHAIN_EXPIRED);
	ck_assert_int_eq(
		verdict(read_file("contract-chain.pem"), now - 3 * DAY_MS, &c), CHAIN_BROKEN);
	ck_assert_int_eq(verdict(read_file("secc-chain.pem"), now, &c), CHAIN_BROKEN);
	ck_assert_int_eq(verdict(read_file("mo-sub2.pem"), now, &c), CHAIN_BROKEN);
	ck_assert_int_eq(verdict("", now, &c), CHAIN_BROKEN);
}
END_TEST

/* -- answers ---------------------------------------------------------------------------------- */

/* An answer about `contract` to be signed and read. */
static struct order {
	const char *signer;
	int status, since_s, until_s; /* from now; until 0: none */
	const unsigned char *nonce;
	bool is_about_another;
} order;

static size_t answer(unsigned char out[OCSP_ANSWER_MAX])
{
	X509 *cert = cert_of(order.is_about_another ? "contract-revoked" : "contract");
	X509 *issuer = cert_of("mo-sub2"), *signer = cert_of(order.signer);
	EVP_PKEY *key = key_of(order.signer);
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha256(), cert, issuer);
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	ASN1_TIME *since = X509_gmtime_adj(NULL, order.since_s);
	ASN1_TIME *until = order.until_s ? X509_gmtime_adj(NULL, order.until_s) : NULL;
	ASN1_TIME *revoked = X509_gmtime_adj(NULL, -60);
	OCSP_RESPONSE *r;
	unsigned char *p = out;
	int len;

	ck_assert_ptr_nonnull(OCSP_basic_add1_status(
		basic, id, order.status, 0, order.status == 1 ? revoked : NULL, since, until));
	if (order.nonce)
		OCSP_basic_add1_nonce(
			basic, (unsigned char *)(uintptr_t)order.nonce, OCSP_NONCE_SIZE);
	ck_assert_int_eq(OCSP_basic_sign(basic, signer, key, EVP_sha256(), NULL, 0), 1);
	r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	len = i2d_OCSP_RESPONSE(r, NULL);
	ck_assert_int_le(len, OCSP_ANSWER_MAX);
	i2d_OCSP_RESPONSE(r, &p);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(since);
	ASN1_TIME_free(until);
	ASN1_TIME_free(revoked);
	EVP_PKEY_free(key);
	X509_free(cert);
	X509_free(issuer);
	X509_free(signer);
	return (size_t)len;
}

static struct ocsp_answer got;
static char why[200];

/* 0, or -1, as ocsp_answer_read() says of the order. */
static int judge(struct order o, const unsigned char *nonce, int64_t at)
{
	unsigned char der[OCSP_ANSWER_MAX];
	X509 *cert = cert_of("contract"), *issuer = cert_of("mo-sub2");
	struct ocsp_question q = {.nonce = nonce};
	size_t len;

	order = o;
	len = answer(der);
	ck_assert(cert_id_of(cert, issuer, CERT_SHA256, &q.id));
	X509_free(cert);
	X509_free(issuer);
	return ocsp_answer_read(pool, &q, der, len, at, &got, why);
}

START_TEST(answers_count_while_they_hold)
{
	static const char *const good[] = {"ocsp-mo-sub2", "mo-sub2"};

	for (int i = 0; i < 2; i++) {
		struct order o = {.signer = good[i], .since_s = -60, .until_s = 3600};

		ck_assert_msg(judge(o, NULL, now) == 0, "%s", why);
		ck_assert(got.is_verified);
		ck_assert_int_eq(got.status, CERT_GOOD);
		ck_assert_int_ge(got.until_ms, now + 3500000);
		o.status = V_OCSP_CERTSTATUS_REVOKED;
		ck_assert_int_eq(judge(o, NULL, now), 0);
		ck_assert_int_eq(got.status, CERT_REVOKED);
		o.status = V_OCSP_CERTSTATUS_UNKNOWN;
		ck_assert_int_eq(judge(o, NULL, now), 0);
		ck_assert_int_eq(got.status, CERT_UNKNOWN);
	}
}
END_TEST

START_TEST(answers_of_another_time_do_not_count)
{
	const struct order o = {.signer = "ocsp-mo-sub2", .since_s = -7200, .until_s = -1200};
	const struct order open = {.signer = "ocsp-mo-sub2", .since_s = -7200};
	const struct order fresh = {.signer = "ocsp-mo-sub2", .since_s = -600};
	const struct order early = {.signer = "ocsp-mo-sub2", .since_s = 900, .until_s = 3600};
	const struct order turned = {.signer = "ocsp-mo-sub2", .since_s = -60, .until_s = -120};

	ck_assert_int_eq(judge(o, NULL, now), -1);
	ck_assert_str_eq(why, "the answer is out of date");
	ck_assert_int_eq(judge(o, NULL, now - 1300000), 0);
	ck_assert_int_eq(judge(open, NULL, now), -1);
	ck_assert_int_eq(judge(fresh, NULL, now), 0);
	ck_assert_int_eq(judge(early, NULL, now), -1);
	ck_assert_int_eq(judge(turned, NULL, now), -1);
	ck_assert_int_eq(judge(fresh, NULL, now + 900 * DAY_MS), -1);
}
END_TEST

START_TEST(answers_of_others_do_not_count)
{
	static const char *const bad[] = {"ocsp-mo-sub1", "ocsp-mo-root", "mo-sub1", "mo-root",
		"contract", "contract-revoked", "secc", "ocsp-cpo-sub2", "v2g-root"};
	static const unsigned char ours[OCSP_NONCE_SIZE] = {1}, theirs[OCSP_NONCE_SIZE] = {2};
	struct order o = {.since_s = -60, .until_s = 3600};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		o.signer = bad[i];
		ck_assert_msg(judge(o, NULL, now) == -1, "%s", bad[i]);
	}
	o.signer = "ocsp-mo-sub2";
	o.is_about_another = true;
	ck_assert_int_eq(judge(o, NULL, now), -1);
	o.is_about_another = false;
	ck_assert_int_eq(judge(o, ours, now), 0); /* made beforehand */
	o.nonce = ours;
	ck_assert_int_eq(judge(o, ours, now), 0);
	ck_assert_int_eq(judge(o, theirs, now), -1);
	ck_assert_int_eq(judge(o, NULL, now), 0);
}
END_TEST

START_TEST(without_the_authority_nobody_knows)
{
	struct ca_pool *mine = pool;

	pool = ca_pool_load("/nonexistent", NULL, NULL);
	ck_assert_int_eq(
		judge((struct order){.signer = "ocsp-mo-sub2", .since_s = -60, .until_s = 3600},
			NULL, now),
		0);
	ck_assert(!got.is_verified);
	ca_pool_destroy(pool);
	pool = mine;
}
END_TEST

START_TEST(questions_are_those_of_openssl)
{
	static const unsigned char nonce[OCSP_NONCE_SIZE] = {7};
	unsigned char der[OCSP_REQUEST_MAX];
	const unsigned char *p = der;
	struct ocsp_question q = {.nonce = nonce};
	X509 *cert = cert_of("contract"), *issuer = cert_of("mo-sub2");
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha256(), cert, issuer);
	OCSP_REQUEST *req;

	ck_assert(cert_id_of(cert, issuer, CERT_SHA256, &q.id));
	req = d2i_OCSP_REQUEST(NULL, &p, (long)ocsp_request_write(&q, der));
	ck_assert_ptr_nonnull(req);
	ck_assert_int_eq(OCSP_request_onereq_count(req), 1);
	ck_assert_int_eq(OCSP_id_cmp(id, OCSP_onereq_get0_id(OCSP_request_onereq_get0(req, 0))), 0);
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(req);
	X509_free(cert);
	X509_free(issuer);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("contract_chain");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_unchecked_fixture(t, make_lab, remove_lab);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, ids_are_those_of_openssl);
	tcase_add_test(t, serial_numbers_compare_as_numbers);
	tcase_add_test(t, chains_are_judged_as_of_a_time);
	tcase_add_test(t, answers_count_while_they_hold);
	tcase_add_test(t, answers_of_another_time_do_not_count);
	tcase_add_test(t, answers_of_others_do_not_count);
	tcase_add_test(t, without_the_authority_nobody_knows);
	tcase_add_test(t, questions_are_those_of_openssl);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
