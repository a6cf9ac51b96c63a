#include "csms/pki/peer_check.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "csms/net/net_peers.h"
#include "csms/pki/pem_folder.h"
#include "csms/pki/x509.h"

enum {
	WHY_SIZE = 200,
	SECURITY_LEVEL = 2,
	DEPTH_MAX = 6, /* authorities between a station and its root */
	CHAIN_BYTES_MAX = 32768,
};

struct peer_check {
	struct peer_check_config cfg; /* folders are ours */
	X509_STORE *store; /* roots of both kinds, and revocation lists */
	STACK_OF(X509) * roots; /* ours alone: they win over the others */
	STACK_OF(X509) * chargers; /* … of ISO 15118 */
	int root_count, crl_count;
	SSL_CTX *live[8]; /* listeners; each is a reference */
	int live_count;
};

/* What is known of one handshake; belongs to its SSL. */
struct peer {
	struct peer_facts facts;
	bool has_facts, is_trusted, is_through, was_told;
	char why[WHY_SIZE];
};

/* -- what belongs to a connection ------------------------------------------------------------- */

static int check_index = -1, peer_index = -1;

static void free_peer(void *parent, void *peer, CRYPTO_EX_DATA *data, int index, long n, void *arg)
{
	free(peer);
}

static bool have_indexes(void)
{
	if (check_index < 0)
		check_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (peer_index < 0)
		peer_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_peer);
	return check_index >= 0 && peer_index >= 0;
}

static struct peer_check *check_of(const SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), check_index);
}

/* NULL: no memory, and then nobody is let in. */
static struct peer *peer_of(SSL *ssl)
{
	struct peer *peer = SSL_get_ex_data(ssl, peer_index);

	if (peer)
		return peer;
	peer = calloc(1, sizeof *peer);
	if (peer && SSL_set_ex_data(ssl, peer_index, peer) != 1) {
		free(peer);
		peer = NULL;
	}
	return peer;
}

const struct peer_facts *peer_check_facts(const void *ssl)
{
	const struct peer *peer = ssl && peer_index >= 0 ? SSL_get_ex_data(ssl, peer_index) : NULL;

	return peer && peer->is_trusted ? &peer->facts : NULL;
}

/* -- reading a certificate -------------------------------------------------------------------- */

/* A NUL or a control character inside makes a text read differently here than elsewhere. */
static bool take_text(const ASN1_STRING *from, char out[PEER_NAME_SIZE])
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, from);
	bool good = len > 0 && len < PEER_NAME_SIZE;

	for (int i = 0; good && i < len; i++)
		good = utf8[i] >= 0x20 && utf8[i] != 0x7f;
	if (good) {
		memcpy(out, utf8, (size_t)len);
		out[len] = '\0';
	}
	OPENSSL_free(utf8);
	return good;
}

static const ASN1_STRING *entry(const X509_NAME *name, int at)
{
	return X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
}

/* A00.FR.511: in the form of a URL or an address it could be that of a server. */
static bool is_address(const char *name)
{
	unsigned char bytes[16];

	return strstr(name, "://") || inet_pton(AF_INET, name, bytes) == 1 ||
	       inet_pton(AF_INET6, name, bytes) == 1;
}

static const char *take_common_name(const X509_NAME *subject, struct peer_facts *out)
{
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	if (at < 0)
		return "its subject has no CN, which is the station's serial number (A00.FR.511)";
	if (X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
		return "its subject has more than one CN";
	if (!take_text(entry(subject, at), out->common_name))
		return "its CN is empty, too long, or has control characters in it";
	return is_address(out->common_name)
		       ? "its CN has the form of a URL or an IP address (A00.FR.511)"
		       : NULL;
}

static const char *take_organizations(const X509_NAME *subject, struct peer_facts *out)
{
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_organizationName, at)) >= 0) {
		if (out->organization_count == PEER_ORGANIZATIONS)
			return "its subject has too many O";
		if (!take_text(entry(subject, at), out->organizations[out->organization_count]))
			return "its O is empty, too long, or has control characters in it";
		out->organization_count++;
	}
	return out->organization_count ? NULL
				       : "its subject has no O, the organization (A00.FR.509)";
}

static void take_number(X509 *cert, char out[65])
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = bn ? BN_bn2hex(bn) : NULL;

	snprintf(out, 65, "%s", hex ? hex : "");
	OPENSSL_free(hex);
	BN_free(bn);
}

static void take_fingerprint(const X509 *cert, char out[65])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (X509_digest(cert, EVP_sha256(), sum, &len) != 1)
		len = 0;
	out[0] = '\0';
	for (unsigned i = 0; i < len && i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

/* What is wrong with the certificate by itself, or NULL. All that can be read is in `out`. */
static const char *read_facts(X509 *cert, struct peer_facts *out)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	const char *name, *organization;
	struct tm tm;

	take_number(cert, out->serial);
	take_fingerprint(cert, out->fingerprint);
	certificate_name(X509_get_issuer_name(cert), out->issuer, sizeof out->issuer);
	if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		out->not_after_ms = (int64_t)timegm(&tm) * 1000;
	name = take_common_name(subject, out);
	organization = take_organizations(subject, out);
	if (name || organization)
		return name ? name : organization;
	if (X509_check_ca(cert) != 0)
		return "it is the certificate of an authority, not of a station";
	/* UINT32_MAX: it does not say. EKU is not asked for, stations should not have it
	 * (A00.FR.514). */
	if (!(X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE))
		return "its key usage does not allow signatures";
	return NULL;
}

/* -- judging ---------------------------------------------------------------------------------- */

static SSL *ssl_of(X509_STORE_CTX *x)
{
	return X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
}

/* OpenSSL has found something. What may pass: an issuer that publishes no list, a list that was not
 * renewed in time (what it revokes stays revoked), and what an operator allowed. */
static int on_finding(int is_good, X509_STORE_CTX *x)
{
	SSL *ssl = ssl_of(x);
	struct peer *peer = SSL_get_ex_data(ssl, peer_index);
	const struct peer_check_config *cfg = &check_of(ssl)->cfg;

	if (is_good)
		return 1;
	switch (X509_STORE_CTX_get_error(x)) {
	case X509_V_ERR_CRL_HAS_EXPIRED:
		if (cfg->refuse_overdue)
			return 0;
		break;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_CRL_NOT_YET_VALID:
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		if (X509_STORE_CTX_get_error_depth(x) != 0 ||
			!cfg->may_be_expired(cfg->ctx, peer->facts.common_name))
			return 0;
		peer->facts.is_expired = true;
		break;
	default:
		return 0;
	}
	X509_STORE_CTX_set_error(x, X509_V_OK);
	return 1;
}

static bool is_in(STACK_OF(X509) * roots, const X509 *root)
{
	for (int i = 0; i < sk_X509_num(roots); i++)
		if (X509_cmp(sk_X509_value(roots, i), root) == 0)
			return true;
	return false;
}

static void explain_path(X509_STORE_CTX *x, char why[WHY_SIZE])
{
	int depth = X509_STORE_CTX_get_error_depth(x);

	if (depth == 0)
		snprintf(why, WHY_SIZE, "its certificate: %s",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(x)));
	else
		snprintf(why, WHY_SIZE, "its certificate's path, certificate %d: %s", depth,
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(x)));
}

/* The whole verdict on a certificate, in the place of OpenSSL's own. */
static int on_certificate(X509_STORE_CTX *x, void *arg)
{
	const struct peer_check *p = arg;
	struct peer *peer = peer_of(ssl_of(x));
	STACK_OF(X509) * path;
	const X509 *root;
	const char *wrong;

	if (!peer) {
		X509_STORE_CTX_set_error(x, X509_V_ERR_OUT_OF_MEM);
		return 0;
	}
	memset(&peer->facts, 0, sizeof peer->facts);
	wrong = read_facts(X509_STORE_CTX_get0_cert(x), &peer->facts);
	peer->has_facts = true;
	X509_STORE_CTX_set_verify_cb(x, on_finding);
	if (X509_verify_cert(x) != 1) {
		explain_path(x, peer->why);
		return 0;
	}
	if (wrong) {
		snprintf(peer->why, sizeof peer->why, "%s", wrong);
		X509_STORE_CTX_set_error(x, X509_V_ERR_CERT_REJECTED);
		return 0;
	}
	path = X509_STORE_CTX_get0_chain(x);
	root = sk_X509_value(path, sk_X509_num(path) - 1);
	peer->facts.is_charger = !is_in(p->roots, root) && is_in(p->chargers, root);
	peer->facts.is_factory = !is_in(p->roots, root) && !is_in(p->chargers, root);
	peer->is_trusted = true;
	return 1;
}

/* -- telling ---------------------------------------------------------------------------------- */

/* Why a handshake fails that has not come as far as a certificate. */
static const struct {
	int reason;
	const char *words;
} reasons[] = {
	{SSL_R_UNSUPPORTED_PROTOCOL, "its TLS version is below 1.2 (A00.FR.418)"},
	{SSL_R_VERSION_TOO_LOW, "its TLS version is below 1.2 (A00.FR.418)"},
	{SSL_R_NO_SHARED_CIPHER, "it offers no cipher suite that is allowed (A00.FR.421)"},
	{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
		"it showed no certificate, which security profile 3 needs"},
	{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "it offers no way to sign that is allowed"},
	{SSL_R_NO_SUITABLE_KEY_SHARE, "it offers no key exchange that is allowed"},
	{SSL_R_WRONG_SIGNATURE_TYPE, "it signs in a way that is not allowed"},
	{SSL_R_BAD_SIGNATURE, "it does not have the key of its certificate"},
};

static const char *words_of(unsigned long error)
{
	const char *own = ERR_reason_error_string(error);

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == reasons[i].reason)
			return reasons[i].words;
	return own ? own : "the TLS handshake failed";
}

void peer_check_address(const void *ssl, char out[64])
{
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	struct net_address address;

	if (getpeername(SSL_get_fd(ssl), (struct sockaddr *)&from, &len) == 0 &&
		net_address_from(&from, &address))
		net_address_format(&address, out, 64);
	else
		snprintf(out, 64, "?");
}

/* We send the alert that ends a handshake: the one place that all failed ones pass. Who goes away in
 * the middle of it was not refused. */
static void on_state(const SSL *const_ssl, int where, int ret)
{
	SSL *ssl = (SSL *)const_ssl;
	struct peer_check *p = check_of(ssl);
	struct peer *peer = peer_of(ssl);
	unsigned long error = ERR_peek_last_error();
	char address[64];

	if (!peer || peer->was_told)
		return;
	if (where & SSL_CB_HANDSHAKE_DONE)
		peer->is_through = true;
	if ((where & SSL_CB_WRITE_ALERT) != SSL_CB_WRITE_ALERT || ret >> 8 != SSL3_AL_FATAL ||
		peer->is_through || ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return;
	peer->was_told = true;
	peer->is_trusted = false;
	peer_check_address(ssl, address);
	p->cfg.refused(
		p->cfg.ctx, &(struct peer_refusal){.facts = peer->has_facts ? &peer->facts : NULL,
				    .why = peer->why[0] ? peer->why : words_of(error),
				    .peer = address});
}

/* -- folders ---------------------------------------------------------------------------------- */

struct loading {
	X509_STORE *store;
	STACK_OF(X509) * kept; /* what is added goes there, too; NULL: nowhere */
	int roots, crls;
};

static bool add_root(void *arg, X509 *cert)
{
	struct loading *l = arg;

	l->roots++;
	if (X509_STORE_add_cert(l->store, cert) != 1)
		return false;
	return !l->kept || (X509_up_ref(cert) == 1 && sk_X509_push(l->kept, cert) > 0);
}

static bool add_crl(void *arg, X509_CRL *crl)
{
	struct loading *l = arg;

	l->crls++;
	return X509_STORE_add_crl(l->store, crl) == 1;
}

/* All roots in one store: which of them vouched is seen at the end of the path. */
static int fill(struct loading *l, const struct peer_check *p, STACK_OF(X509) * ours,
	STACK_OF(X509) * chargers, char why[WHY_SIZE])
{
	l->kept = ours;
	if (pem_folder_certificates(p->cfg.roots, add_root, l, why))
		return -1;
	l->kept = chargers;
	if (pem_folder_certificates(p->cfg.charger_roots, add_root, l, why))
		return -1;
	l->kept = NULL;
	return pem_folder_certificates(p->cfg.factory_roots, add_root, l, why) ||
			       pem_folder_crls(p->cfg.crls, add_crl, l, why)
		       ? -1
		       : 0;
}

static int load(struct peer_check *p, char why[WHY_SIZE])
{
	struct loading l = {.store = X509_STORE_new()};
	STACK_OF(X509) *ours = sk_X509_new_null(), *chargers = sk_X509_new_null();

	snprintf(why, WHY_SIZE, "out of memory");
	if (!l.store || !ours || !chargers || fill(&l, p, ours, chargers, why)) {
		X509_STORE_free(l.store);
		sk_X509_pop_free(ours, X509_free);
		sk_X509_pop_free(chargers, X509_free);
		return -1;
	}
	if (l.crls)
		X509_STORE_set_flags(l.store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	X509_STORE_free(p->store);
	sk_X509_pop_free(p->roots, X509_free);
	sk_X509_pop_free(p->chargers, X509_free);
	p->store = l.store;
	p->roots = ours;
	p->chargers = chargers;
	p->root_count = l.roots;
	p->crl_count = l.crls;
	return 0;
}

int peer_check_reload(struct peer_check *p, char why[WHY_SIZE])
{
	if (load(p, why))
		return -1;
	for (int i = 0; i < p->live_count; i++)
		SSL_CTX_set1_cert_store(p->live[i], p->store);
	return 0;
}

int peer_check_roots(const struct peer_check *p)
{
	return p->root_count;
}

int peer_check_crls(const struct peer_check *p)
{
	return p->crl_count;
}

/* -- life ------------------------------------------------------------------------------------- */

struct peer_check *peer_check_create(const struct peer_check_config *cfg, char why[WHY_SIZE])
{
	struct peer_check *p = calloc(1, sizeof *p);

	snprintf(why, WHY_SIZE, "out of memory");
	if (!p || !have_indexes()) {
		free(p);
		return NULL;
	}
	p->cfg = *cfg;
	p->cfg.roots = strdup(cfg->roots);
	p->cfg.factory_roots = strdup(cfg->factory_roots);
	p->cfg.charger_roots = strdup(cfg->charger_roots);
	p->cfg.crls = strdup(cfg->crls);
	if (!p->cfg.roots || !p->cfg.factory_roots || !p->cfg.charger_roots || !p->cfg.crls ||
		load(p, why)) {
		peer_check_destroy(p);
		return NULL;
	}
	return p;
}

int peer_check_apply(struct peer_check *p, void *ssl_ctx)
{
	SSL_CTX *ctx = ssl_ctx;

	if (p->live_count == (int)(sizeof p->live / sizeof *p->live) ||
		SSL_CTX_set_ex_data(ctx, check_index, p) != 1)
		return -1;
	/* RSA from 2048, curves from 224 bits, no SHA-1, in the whole path (A00.FR.501 to 506). */
	SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(ctx), X509_PURPOSE_ANY);
	SSL_CTX_set1_cert_store(ctx, p->store);
	/* The roots are for stations: our own chain is as its file says. */
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_verify_depth(ctx, DEPTH_MAX);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_BYTES_MAX);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_certificate, p);
	SSL_CTX_set_info_callback(ctx, on_state);
	SSL_CTX_up_ref(ctx);
	p->live[p->live_count++] = ctx;
	return 0;
}

void peer_check_destroy(struct peer_check *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->live_count; i++)
		SSL_CTX_free(p->live[i]);
	X509_STORE_free(p->store);
	sk_X509_pop_free(p->roots, X509_free);
	sk_X509_pop_free(p->chargers, X509_free);
	free((char *)p->cfg.roots);
	free((char *)p->cfg.factory_roots);
	free((char *)p->cfg.charger_roots);
	free((char *)p->cfg.crls);
	free(p);
}
