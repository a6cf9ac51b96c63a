#include "csms/people/jwt.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "csms/people/jwk.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *jwt_unbase64(struct arena *a, const char *text, size_t len, size_t *out_len)
{
	char *out = arena_alloc(a, len / 4 * 3 + 4);
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len && out != NULL; i++) {
		const char *at = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;
		if (at == NULL)
			return NULL;
		bits = bits << 6 | (unsigned)(at - alphabet);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = (char)(bits >> have & 0xff);
	}
	/* One letter too many, or bits that stand for nothing: two texts must not mean the same. */
	if (out == NULL || have == 6 || (bits & ((1u << have) - 1)) != 0)
		return NULL;
	out[n] = '\0';
	*out_len = n;
	return out;
}

char *jwt_base64(struct arena *a, const unsigned char *bytes, size_t len)
{
	char *out = arena_alloc(a, len / 3 * 4 + 5);
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len && out != NULL; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			out[n++] = alphabet[bits >> (have - 6) & 63];
	}
	if (out != NULL && have > 0)
		out[n++] = alphabet[bits << (6 - have) & 63];
	if (out != NULL)
		out[n] = '\0';
	return out;
}

/* -- the three parts --------------------------------------------------------------------------- */

struct parts {
	const char *at[3];
	size_t len[3];
};

static bool split(const char *token, struct parts *p)
{
	for (int i = 0; i < 3; i++) {
		p->at[i] = token;
		p->len[i] = strcspn(token, ".");
		token += p->len[i];
		if (i < 2 && *token++ != '.')
			return false;
	}
	return *token == '\0' && strlen(p->at[0]) <= JWT_MAX;
}

/* The decoded JSON of a part, as the codec reads it. */
static void *decode(struct arena *a, const struct parts *p, int part,
	const struct schema_struct *type, const char **json, size_t *len)
{
	struct schema_error err;

	*json = jwt_unbase64(a, p->at[part], p->len[part], len);
	return *json != NULL ? schema_decode(type, *json, *len, a, &err) : NULL;
}

/* -- its signature ----------------------------------------------------------------------------- */

/* What the header asks for, of what we take. */
static int header_alg(const struct oidc_header *h, char why[200])
{
	int alg = jwk_alg_find(h->alg);

	if (alg < 0)
		snprintf(why, 200, "the ID token is signed by %.20s, which is not taken", h->alg);
	else if (h->crit != NULL)
		snprintf(why, 200, "the ID token has critical extensions");
	else if (h->typ != NULL && strcasecmp(h->typ, "JWT") != 0)
		snprintf(why, 200, "this is a token of type %.40s, no ID token", h->typ);
	else
		return alg;
	return -1;
}

/* The key that the token names; without a name the only one that fits. */
static const struct oidc_key *key_find(
	struct arena *a, const char *keys, const char *kid, enum jwk_alg alg)
{
	struct schema_error err;
	const struct oidc_key_set *set =
		schema_decode(&oidc_key_set_type, keys, strlen(keys), a, &err);
	const struct oidc_key *found = NULL;

	for (size_t i = 0; set != NULL && i < set->keys.count; i++) {
		const char *text = set->keys.items[i];
		const struct oidc_key *k =
			schema_decode(&oidc_key_type, text, strlen(text), a, &err);
		if (k == NULL || !jwk_fits(k, alg) ||
			(kid != NULL && (k->kid == NULL || strcmp(k->kid, kid) != 0)))
			continue;
		if (found != NULL)
			return NULL;
		found = k;
	}
	return found;
}

static enum jwt_verdict check_signature(struct arena *a, const struct parts *p, const char *keys,
	const struct oidc_header *h, char why[200])
{
	int alg = header_alg(h, why);
	const struct oidc_key *key;
	size_t len = 0;
	const char *signature;

	if (alg < 0)
		return JWT_BAD;
	key = key_find(a, keys, h->kid, (enum jwk_alg)alg);
	if (key == NULL) {
		snprintf(why, 200, "the provider has no such key for %s", h->alg);
		return JWT_NO_KEY;
	}
	signature = jwt_unbase64(a, p->at[2], p->len[2], &len);
	if (signature != NULL &&
		jwk_verify(key, (enum jwk_alg)alg, p->at[0], p->len[0] + 1 + p->len[1],
			(const unsigned char *)signature, len, a))
		return JWT_GOOD;
	snprintf(why, 200, "the signature of the ID token is wrong");
	return JWT_BAD;
}

/* -- its claims -------------------------------------------------------------------------------- */

/* For us, and for nobody else (Core 1.0, 3.1.3.7: audiences that are not trusted). */
static bool is_for_us(struct arena *a, const struct oidc_claims *c, const char *client_id)
{
	struct schema_error err;
	char *text = arena_printf(a, "{\"v\":%s}", c->aud);
	const struct oidc_text *one;
	const struct oidc_texts *many;

	if (text == NULL)
		return false;
	one = schema_decode(&oidc_text_type, text, strlen(text), a, &err);
	if (one != NULL)
		return strcmp(one->v, client_id) == 0;
	many = schema_decode(&oidc_texts_type, text, strlen(text), a, &err);
	for (size_t i = 0; many != NULL && i < many->v.count; i++)
		if (strcmp(many->v.items[i], client_id) != 0)
			return false;
	return many != NULL && many->v.count > 0;
}

static const char *claims_fault(
	struct arena *a, const struct oidc_claims *c, const struct jwt_expected *x)
{
	double now = (double)x->now_s;

	if (strcmp(c->iss, x->issuer) != 0)
		return "the ID token is of another issuer";
	if (!is_for_us(a, c, x->client_id))
		return "the ID token is for another client";
	if (c->azp != NULL && strcmp(c->azp, x->client_id) != 0)
		return "the ID token was made for another party (azp)";
	if (!isfinite(c->exp) || c->exp + JWT_SKEW_S <= now)
		return "the ID token is expired";
	if (!isfinite(c->iat) || c->iat - JWT_SKEW_S > now)
		return "the ID token is of the future (iat)";
	if (c->has_nbf && c->nbf - JWT_SKEW_S > now)
		return "the ID token does not count yet (nbf)";
	if (c->nonce == NULL || strcmp(c->nonce, x->nonce) != 0)
		return "the ID token is an answer to something else (nonce)";
	return NULL;
}

enum jwt_verdict jwt_check(const char *token, const char *keys, const struct jwt_expected *x,
	struct arena *a, struct jwt_token *out, char why[200])
{
	struct parts p;
	const char *json, *fault;
	size_t len;
	const struct oidc_header *h;
	enum jwt_verdict verdict;

	snprintf(why, 200, "the ID token cannot be read");
	if (!split(token, &p) || (h = decode(a, &p, 0, &oidc_header_type, &json, &len)) == NULL)
		return JWT_BAD;
	verdict = check_signature(a, &p, keys, h, why);
	if (verdict != JWT_GOOD)
		return verdict;
	out->claims = decode(a, &p, 1, &oidc_claims_type, &out->json, &out->len);
	fault = out->claims != NULL ? claims_fault(a, out->claims, x)
				    : "the claims of the ID token cannot be read";
	if (fault != NULL)
		snprintf(why, 200, "%s", fault);
	return fault != NULL ? JWT_BAD : JWT_GOOD;
}
