#include "csms/pki/pem_folder.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include "csms/pki/pem_files.h"

enum { WHY_SIZE = 200, ITEMS_MAX = 1000 };

struct walk {
	bool (*add_cert)(void *arg, X509 *cert); /* one of the two */
	bool (*add_crl)(void *arg, X509_CRL *crl);
	void *arg;
};

/* 1: one was taken; 0: there are no more; -1: refused, or no memory. */
static int take_one(const struct walk *w, FILE *f)
{
	X509 *cert = w->add_cert ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
	X509_CRL *crl = w->add_crl ? PEM_read_X509_CRL(f, NULL, NULL, NULL) : NULL;
	unsigned long error = ERR_peek_last_error();
	bool good = true;

	if (!cert && !crl) {
		ERR_clear_error();
		return ERR_GET_LIB(error) == ERR_LIB_PEM &&
				       ERR_GET_REASON(error) == PEM_R_NO_START_LINE
			       ? 0
			       : -1;
	}
	good = cert ? w->add_cert(w->arg, cert) : w->add_crl(w->arg, crl);
	X509_free(cert);
	X509_CRL_free(crl);
	return good ? 1 : -1;
}

static int take_file(const struct walk *w, const char *path, char why[WHY_SIZE])
{
	FILE *f = fopen(path, "re");
	int rc = 1, count = 0;

	if (!f) {
		snprintf(why, WHY_SIZE, "cannot read %.120s: %s", path, strerror(errno));
		return -1;
	}
	ERR_clear_error();
	while (count < ITEMS_MAX && (rc = take_one(w, f)) > 0)
		count++;
	fclose(f);
	if (rc == 0 && count)
		return 0;
	snprintf(why, WHY_SIZE,
		rc > 0 ? "%.140s holds too many" : "%.140s holds no %s in PEM that can be read",
		path, w->add_cert ? "certificate" : "revocation list");
	return -1;
}

struct walking {
	const struct walk *w;
	char *why;
};

static bool take_each(void *arg, const char *path)
{
	const struct walking *x = arg;

	return take_file(x->w, path, x->why) == 0;
}

static int walk(const struct walk *w, const char *folder, char why[WHY_SIZE])
{
	struct walking x = {w, why};

	return pem_files(folder, take_each, &x, why);
}

int pem_folder_certificates(
	const char *path, bool (*add)(void *arg, X509 *cert), void *arg, char why[WHY_SIZE])
{
	return walk(&(struct walk){.add_cert = add, .arg = arg}, path, why);
}

int pem_folder_crls(
	const char *path, bool (*add)(void *arg, X509_CRL *crl), void *arg, char why[WHY_SIZE])
{
	return walk(&(struct walk){.add_crl = add, .arg = arg}, path, why);
}
