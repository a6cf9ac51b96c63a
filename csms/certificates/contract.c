#include "csms/certificates/contract.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/certificates/emaid.h"
#include "csms/certificates/ocsp.h"
#include "csms/pki/contract_chain.h"

#define HASHES_MAX 4 /* OCPP 2.0.1 */
#define PARTS_MAX  (CHAIN_CERTS_MAX + HASHES_MAX)

/* What hash data said of a certificate, or a chain. */
struct part {
	struct check *of;
	struct chain_cert cert;
	struct ocsp_waiter waiter;
};

/* What a station told of it, as it came. */
struct told {
	char algorithm[10], name[129], key[129], serial[81], responder[CHAIN_URL_SIZE];
};

struct check {
	struct contracts *contracts;
	struct worker_job job;
	struct authorities *authorities;
	struct timer deadline;
	bool is_busy; /* the worker has it */
	bool is_asking; /* answers at hand are told from within */
	bool is_decided; /* whatever else comes */
	bool is_told;
	char emaid[150];
	char *pem;
	struct told told[HASHES_MAX];
	int told_count;
	int64_t now_ms;
	struct part parts[PARTS_MAX];
	int count, open;
	struct contract_result result;
	void (*done)(void *arg, const struct contract_result *r);
	void *arg;
};

static int running;

/* -- the end ---------------------------------------------------------------------------------- */

static void check_free(struct check *k)
{
	running--;
	contracts_release(k->authorities);
	free(k->pem);
	free(k);
}

static void rule(struct check *k, enum ocpp201_authorize_certificate_status status, const char *why)
{
	k->result.status = status;
	snprintf(k->result.why, sizeof k->result.why, "%s", why);
}

/* Tells the verdict; the check goes, or waits for the worker to give it back. */
static void tell(struct check *k)
{
	timer_stop(contracts_core(k->contracts)->timers, &k->deadline);
	for (int i = 0; i < k->count; i++)
		ocsp_waiter_cancel(&k->parts[i].waiter);
	k->is_told = true;
	k->done(k->arg, &k->result);
	if (!k->is_busy)
		check_free(k);
}

static void on_deadline(void *arg)
{
	struct check *k = arg;

	rule(k, OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERT_CHAIN_ERROR,
		"no responder answered in time (trust.contract_ms)");
	tell(k);
}

/* -- OCSP ------------------------------------------------------------------------------------- */

/* C07.FR.16, FR.17; `why` for whoever looks why a van does not charge. */
static void judge(struct check *k, const struct part *p, const struct ocsp_outcome *o)
{
	enum ocpp201_authorize_certificate_status status =
		OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERT_CHAIN_ERROR;
	const char *what = NULL;

	if (!o->is_answered) {
		what = o->why;
	} else if (!o->answer.is_verified) {
		what = "nobody can say who signed its answer: install the sub-CA (depotctl roots)";
	} else if (o->answer.status == CERT_REVOKED) {
		status = OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERTIFICATE_REVOKED;
		what = "revoked";
	} else if (o->answer.status == CERT_UNKNOWN) {
		what = "it does not know the certificate";
	} else {
		return;
	}
	rule(k, status, "");
	snprintf(k->result.why, sizeof k->result.why, "certificate %d, OCSP at %.80s: %.180s",
		(int)(p - k->parts) + 1, p->cert.responder, what);
}

static void conclude(struct check *k)
{
	if (!k->is_asking && (k->open == 0 || k->is_decided))
		tell(k);
}

/* One that is revoked decides at once, any other answer when all are in: revoked weighs more. */
static void on_status(void *arg, const struct ocsp_outcome *o)
{
	struct part *p = arg;
	struct check *k = p->of;

	if (k->is_decided)
		return;
	judge(k, p, o);
	k->is_decided =
		k->result.status == OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERTIFICATE_REVOKED;
	k->open--;
	conclude(k);
}

static void ask_all(struct check *k)
{
	k->open = k->count;
	k->is_asking = true;
	for (int i = 0; i < k->count && !k->is_decided; i++)
		ocsp_ask(contracts_ocsp(k->contracts), &k->parts[i].cert.id,
			k->parts[i].cert.responder, &k->parts[i].waiter, on_status, &k->parts[i]);
	k->is_asking = false;
	conclude(k);
}

/* -- on the worker ---------------------------------------------------------------------------- */

static bool has_part(const struct check *k, const struct cert_id *id)
{
	for (int i = 0; i < k->count; i++)
		if (cert_id_same(&k->parts[i].cert.id, id))
			return true;
	return false;
}

static void add_part(struct check *k, const struct chain_cert *cert)
{
	if (has_part(k, &cert->id) || k->count == PARTS_MAX)
		return;
	k->parts[k->count].of = k;
	k->parts[k->count++].cert = *cert;
}

static bool read_chain(struct check *k)
{
	static const enum ocpp201_authorize_certificate_status statuses[] = {
		[CHAIN_GOOD] = OCPP201_AUTHORIZE_CERTIFICATE_STATUS_ACCEPTED,
		[CHAIN_EXPIRED] = OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERTIFICATE_EXPIRED,
		[CHAIN_BROKEN] = OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERT_CHAIN_ERROR,
	};
	struct contract_chain chain;

	contract_chain_read(k->authorities->pool, k->pem, k->now_ms, &chain);
	rule(k, statuses[chain.verdict], chain.why);
	if (chain.verdict != CHAIN_GOOD)
		return false;
	if (!emaid_same(chain.name, k->emaid)) {
		rule(k, OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERT_CHAIN_ERROR, "");
		snprintf(k->result.why, sizeof k->result.why,
			"the certificate is of contract %.64s, not of %s", chain.name, k->emaid);
		return false;
	}
	for (int i = 0; i < chain.count; i++)
		add_part(k, &chain.certs[i]);
	return true;
}

/* Hash data alone say neither whose the certificate is nor what for: it must be of an authority that
 * signs contracts, and there must be one. NULL, or what is wrong. */
static const char *judge_kinds(const struct check *k)
{
	int leaves = 0;

	for (int i = 0; i < k->count; i++) {
		enum ca_pool_kind kind =
			ca_pool_kind_of(k->authorities->pool, &k->parts[i].cert.id);

		if (kind == CA_POOL_OTHER)
			return "hash data of a certificate whose authority is not known to sign "
			       "contracts: put its sub-CA among the roots of operators (depotctl "
			       "roots add mo), or have the station send the chain";
		leaves += kind != CA_POOL_AUTHORITY;
	}
	if (leaves == 1)
		return NULL;
	return leaves ? "hash data of several contracts" : "hash data of authorities alone";
}

static bool read_hashes(struct check *k)
{
	struct chain_cert cert;
	char why[200];

	for (int i = 0; i < k->told_count; i++) {
		const struct told *t = &k->told[i];

		if (cert_id_read(t->algorithm, t->name, t->key, t->serial, &cert.id, why)) {
			rule(k, OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERT_CHAIN_ERROR, why);
			return false;
		}
		memcpy(cert.responder, t->responder, sizeof cert.responder);
		if (!ca_pool_is_root(k->authorities->pool, &cert.id))
			add_part(k, &cert);
	}
	return true;
}

static void look(void *arg)
{
	struct check *k = arg;
	const char *wrong;

	if ((k->pem && !read_chain(k)) || !read_hashes(k))
		k->count = 0;
	else if (k->count == 0)
		rule(k, OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERT_CHAIN_ERROR,
			"what came names no certificate below a root");
	else if (!k->pem && (wrong = judge_kinds(k)) != NULL) {
		rule(k, OCPP201_AUTHORIZE_CERTIFICATE_STATUS_CERT_CHAIN_ERROR, wrong);
		k->count = 0;
	}
}

static void looked(void *arg)
{
	struct check *k = arg;

	k->is_busy = false;
	if (k->is_told)
		check_free(k);
	else if (k->count == 0)
		tell(k);
	else
		ask_all(k);
}

/* -- the beginning ---------------------------------------------------------------------------- */

/* What is no plain text is no address, and would be cut within a character in a message. */
static void copy_address(const char *url, char out[CHAIN_URL_SIZE])
{
	bool is_plain = strlen(url) < CHAIN_URL_SIZE;

	for (const char *p = url; *p; p++)
		is_plain = is_plain && *p > ' ' && *p <= '~';
	snprintf(out, CHAIN_URL_SIZE, "%s", is_plain ? url : "");
}

static void copy_hashes(struct check *k, const struct ocpp201_ocsp_request_data_list *hashes)
{
	for (size_t i = 0; i < hashes->count && i < HASHES_MAX; i++) {
		const struct ocpp201_ocsp_request_data *d = &hashes->items[i];
		struct told *t = &k->told[k->told_count++];

		snprintf(t->algorithm, sizeof t->algorithm, "%s",
			ocpp201_hash_algorithm_enum.values[d->hash_algorithm]);
		snprintf(t->name, sizeof t->name, "%s", d->issuer_name_hash);
		snprintf(t->key, sizeof t->key, "%s", d->issuer_key_hash);
		snprintf(t->serial, sizeof t->serial, "%s", d->serial_number);
		copy_address(d->responder_url, t->responder);
	}
}

int contract_check(struct contracts *c, const char *emaid, const char *certificate,
	const struct ocpp201_ocsp_request_data_list *hashes,
	void (*done)(void *arg, const struct contract_result *r), void *arg)
{
	struct check *k = running < CONTRACT_CHECKS_MAX ? calloc(1, sizeof *k) : NULL;

	if (!k || (certificate && (k->pem = strdup(certificate)) == NULL)) {
		free(k);
		return -1;
	}
	running++;
	k->contracts = c;
	k->done = done;
	k->arg = arg;
	snprintf(k->emaid, sizeof k->emaid, "%s", emaid);
	copy_hashes(k, hashes);
	rule(k, OCPP201_AUTHORIZE_CERTIFICATE_STATUS_ACCEPTED, "");
	k->authorities = contracts_hold(c);
	k->now_ms = clock_wall().ms;
	k->is_busy = true;
	contracts_timer(
		c, &k->deadline, contracts_core(c)->config->trust->contract_ms, on_deadline, k);
	worker_do(contracts_worker(c), &k->job, look, looked, k);
	return 0;
}
