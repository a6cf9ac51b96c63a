/* How long chains are that the authority makes: what a station cannot take is not signed. */
#include <stdio.h>
#include <string.h>
#include "csms/station/device.h"
#include "csms/pki/chain.h"
#include "csms/certificates/signing_private.h"

/* Lengths differ by the names in a certificate: this much shorter may still come. */
#define NAMES_SLACK 200

static struct signing_length *row_of(struct signing *g, enum issued_use use, const char *key)
{
	for (int i = 0; i < SIGNING_LENGTHS_MAX; i++) {
		struct signing_length *l = &g->lengths[i];

		if (!l->least || (l->use == use && strcmp(l->key, key) == 0))
			return l;
	}
	return NULL;
}

void signing_length_learn(
	struct signing *g, enum issued_use use, const char *csr, const char *chain)
{
	struct csr_facts facts;
	char why[200];
	struct signing_length *l =
		csr_read(csr, &facts, why) == 0 ? row_of(g, use, facts.key) : NULL;
	size_t n = strlen(chain);

	if (!l || (l->least && l->least <= n))
		return;
	l->use = use;
	l->least = n;
	snprintf(l->key, sizeof l->key, "%s", facts.key);
}

int64_t signing_length_most(const struct station *s)
{
	return device_fact(s, DEVICE_CHAIN_SIZE, CHAIN_MAX);
}

int signing_length_judge(struct signing *g, const struct station *s, enum issued_use use,
	const struct csr_facts *f, char why[300])
{
	const struct signing_length *l = row_of(g, use, f->key);
	int64_t most = signing_length_most(s);

	if (!l || (int64_t)l->least <= most + NAMES_SLACK)
		return 0;
	snprintf(why, 300,
		"chains of this authority for a key of %s have %zu characters, and the station takes "
		"%lld (MaxCertificateChainSize): a shorter key, or an authority with shorter names or "
		"fewer steps",
		f->key, l->least, (long long)most);
	return -1;
}
