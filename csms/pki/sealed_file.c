#include "csms/pki/sealed_file.h"

#include <openssl/pem.h>

/* after pem.h, which lets it declare its own PEM functions */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* Rounds of PBKDF2 with HMAC-SHA1, which is what OpenSSL 3 makes of a CMS password. */
#define ROUNDS 600000

bool sealed_file_is_key(const char *text, size_t len)
{
	static const char mark[] = "PRIVATE KEY-----";

	return memmem(text, len, mark, sizeof mark - 1) != NULL;
}

static char *taken_out(BIO *b, size_t *len)
{
	char *data, *out;
	long n = BIO_get_mem_data(b, &data);

	if (n < 0 || n > 2 * SEALED_FILE_MAX || (out = malloc((size_t)n + 1)) == NULL)
		return NULL;
	memcpy(out, data, (size_t)n);
	out[n] = '\0';
	*len = (size_t)n;
	return out;
}

char *sealed_file_make(const void *secret, size_t len, const char *passphrase, size_t *out_len)
{
	BIO *in = len <= SEALED_FILE_MAX ? BIO_new_mem_buf(secret, (int)len) : NULL;
	BIO *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms = CMS_AuthEnvelopedData_create(EVP_aes_256_gcm());
	char *text = NULL;
	/* the library frees the password with the recipient */
	unsigned char *pass = (unsigned char *)OPENSSL_strdup(passphrase);

	if (in != NULL && out != NULL && cms != NULL && pass != NULL &&
		CMS_add0_recipient_password(cms, ROUNDS, NID_id_alg_PWRI_KEK, NID_undef, pass, -1,
			EVP_aes_256_cbc()) != NULL) {
		pass = NULL;
		CMS_set_detached(cms, 0);
		if (CMS_final(cms, in, NULL, CMS_BINARY) == 1 && PEM_write_bio_CMS(out, cms) == 1)
			text = taken_out(out, out_len);
	}
	OPENSSL_free(pass);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	BIO_free(out);
	ERR_clear_error();
	return text;
}

char *sealed_file_open(const char *text, size_t len, const char *passphrase, size_t *out_len)
{
	BIO *in = len <= 2 * SEALED_FILE_MAX ? BIO_new_mem_buf(text, (int)len) : NULL;
	BIO *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms = in != NULL ? PEM_read_bio_CMS(in, NULL, NULL, NULL) : NULL;
	unsigned char *pass = (unsigned char *)OPENSSL_strdup(passphrase);
	char *secret = NULL;

	if (cms != NULL && out != NULL && pass != NULL &&
		CMS_decrypt_set1_password(cms, pass, -1) == 1 &&
		CMS_decrypt(cms, NULL, NULL, NULL, out, CMS_BINARY) == 1)
		secret = taken_out(out, out_len);
	OPENSSL_free(pass);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	BIO_free(out);
	ERR_clear_error();
	return secret;
}
