#include "csms/people/provider_talk.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "csms/net/http_client.h"
#include "csms/people/jwt.h"
#include "schemas/text.h"

bool talk_takes(const char *url, bool loopback)
{
	static const char *const here[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

	if (!http_client_takes(url))
		return false;
	if (strncmp(url, "https://", 8) == 0)
		return true;
	for (size_t i = 0; loopback && i < sizeof(here) / sizeof(here[0]); i++) {
		size_t len = strlen(here[i]);
		if (strncmp(url, here[i], len) == 0 && strchr(":/", url[len]) != NULL)
			return true;
	}
	return false;
}

static bool is_listed(const struct schema_strings *list, const char *word)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], word) == 0)
			return true;
	return false;
}

const struct oidc_discovery *talk_discovery(const struct config_provider *row, const char *body,
	size_t len, struct arena *a, char why[300])
{
	struct schema_error err;
	const struct oidc_discovery *d = schema_decode(&oidc_discovery_type, body, len, a, &err);
	const char *const urls[] = {d != NULL ? d->authorization_endpoint : "",
		d != NULL ? d->token_endpoint : "", d != NULL ? d->jwks_uri : "",
		d != NULL && d->userinfo_endpoint != NULL ? d->userinfo_endpoint : row->issuer,
		d != NULL && d->end_session_endpoint != NULL ? d->end_session_endpoint
							     : row->issuer};

	if (d == NULL) {
		snprintf(why, 300, "the provider's discovery document cannot be read: %.60s %.150s",
			err.path, err.message);
		return NULL;
	}
	if (strcmp(d->issuer, row->issuer) != 0) {
		snprintf(
			why, 300, "the provider says that it is another issuer, %.200s", d->issuer);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (!talk_takes(urls[i], row->http_on_loopback)) {
			snprintf(why, 300, "the provider names an address that is not https");
			return NULL;
		}
	if (d->code_challenge_methods_supported.items != NULL &&
		!is_listed(&d->code_challenge_methods_supported, "S256")) {
		snprintf(why, 300, "the provider does not know PKCE with S256");
		return NULL;
	}
	return d;
}

/* -- addresses and forms --------------------------------------------------------------------- */

static void put_escaped(struct text *t, const char *s)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *s != '\0'; s++)
		if (strchr(plain, *s) != NULL)
			text_putc(t, *s);
		else
			text_printf(t, "%%%02X", (unsigned char)*s);
}

static void put_pair(struct text *t, char before, const char *name, const char *value)
{
	if (before != '\0')
		text_putc(t, before);
	text_printf(t, "%s=", name);
	put_escaped(t, value);
}

static const char *taken(struct arena *a, struct text *t)
{
	const char *out = text_ok(t) ? arena_strndup(a, t->data, t->len) : NULL;

	text_finish(t);
	return out;
}

static const char *challenge(struct arena *a, const char *verifier)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)verifier, strlen(verifier), digest);
	return jwt_base64(a, digest, sizeof(digest));
}

static const char *scope(const struct config_provider *row, struct arena *a)
{
	struct text t;

	text_init(&t, 0);
	text_puts(&t, "openid");
	if (row->scopes.items == NULL)
		text_puts(&t, " profile");
	for (size_t i = 0; i < row->scopes.count; i++)
		if (strcmp(row->scopes.items[i], "openid") != 0)
			text_printf(&t, " %s", row->scopes.items[i]);
	return taken(a, &t);
}

const char *talk_begin_url(const struct config_provider *row, const struct oidc_discovery *d,
	const struct talk_sent *sent, struct arena *a)
{
	const char *scopes = scope(row, a), *hashed = challenge(a, sent->verifier);
	struct text t;

	if (scopes == NULL || hashed == NULL)
		return NULL;
	text_init(&t, 0);
	text_puts(&t, d->authorization_endpoint);
	put_pair(&t, strchr(d->authorization_endpoint, '?') != NULL ? '&' : '?', "response_type",
		"code");
	put_pair(&t, '&', "client_id", row->client_id);
	put_pair(&t, '&', "redirect_uri", sent->redirect_uri);
	put_pair(&t, '&', "scope", scopes);
	put_pair(&t, '&', "state", sent->state);
	put_pair(&t, '&', "nonce", sent->nonce);
	put_pair(&t, '&', "code_challenge", hashed);
	put_pair(&t, '&', "code_challenge_method", "S256");
	return taken(a, &t);
}

/* RFC 6749, 2.3.1: both are escaped before they are joined. */
static const char *basic(const struct config_provider *row, const char *secret, struct arena *a)
{
	struct text t;
	char *out = NULL;

	text_init(&t, 0);
	put_escaped(&t, row->client_id);
	text_putc(&t, ':');
	put_escaped(&t, secret);
	if (text_ok(&t) && (out = arena_alloc(a, t.len * 4 / 3 + 60)) != NULL) {
		int at = sprintf(out, "authorization: Basic ");
		EVP_EncodeBlock(
			(unsigned char *)out + at, (const unsigned char *)t.data, (int)t.len);
	}
	text_finish(&t);
	return out;
}

int talk_token_request(const struct config_provider *row, const struct oidc_discovery *d,
	const char *secret, const struct talk_sent *sent, const char *code, struct arena *a,
	struct talk_request *out)
{
	const struct schema_strings *ways = &d->token_endpoint_auth_methods_supported;
	bool by_header = ways->items == NULL || is_listed(ways, "client_secret_basic");
	struct text t;

	*out = (struct talk_request){0};
	text_init(&t, 0);
	put_pair(&t, '\0', "grant_type", "authorization_code");
	put_pair(&t, '&', "code", code);
	put_pair(&t, '&', "redirect_uri", sent->redirect_uri);
	put_pair(&t, '&', "code_verifier", sent->verifier);
	if (secret[0] == '\0' || !by_header)
		put_pair(&t, '&', "client_id", row->client_id);
	if (secret[0] != '\0' && !by_header)
		put_pair(&t, '&', "client_secret", secret);
	if (secret[0] != '\0' && by_header &&
		(out->authorization = basic(row, secret, a)) == NULL) {
		text_finish(&t);
		return -1;
	}
	out->body = taken(a, &t);
	return out->body != NULL ? 0 : -1;
}

bool talk_end_url(const struct config_provider *row, const struct oidc_discovery *d,
	const char *back_to, char *out, size_t size)
{
	struct text t;
	bool fits;

	text_init(&t, 0);
	text_puts(&t, d->end_session_endpoint);
	put_pair(&t, strchr(d->end_session_endpoint, '?') != NULL ? '&' : '?', "client_id",
		row->client_id);
	put_pair(&t, '&', "post_logout_redirect_uri", back_to);
	fits = text_ok(&t) && t.len < size;
	if (fits)
		snprintf(out, size, "%.*s", (int)t.len, t.data);
	text_finish(&t);
	return fits;
}

/* -- claims ---------------------------------------------------------------------------------- */

/* A name with a slash at its front is a pointer already; in others slashes are letters (RFC 6901, 3). */
static int claim_find(const struct peek *claims, const char *name, struct arena *a)
{
	struct text t;
	const char *pointer;

	if (name[0] == '/')
		return peek_find(claims, 0, name);
	text_init(&t, 0);
	text_putc(&t, '/');
	for (; *name != '\0'; name++)
		if (*name == '~' || *name == '/')
			text_puts(&t, *name == '~' ? "~0" : "~1");
		else
			text_putc(&t, *name);
	pointer = taken(a, &t);
	return pointer != NULL ? peek_find(claims, 0, pointer) : -1;
}

static void *claim_read(
	const struct peek *claims, int value, const struct schema_struct *type, struct arena *a)
{
	size_t len = 0;
	const char *text = value >= 0 ? peek_text(claims, value, &len) : NULL;
	struct schema_error err;
	char *whole = text != NULL ? arena_printf(a, "{\"v\":%.*s}", (int)len, text) : NULL;

	return whole != NULL ? schema_decode(type, whole, strlen(whole), a, &err) : NULL;
}

const char *talk_claim(const struct peek *claims, const char *name, struct arena *a)
{
	const struct oidc_text *m =
		claim_read(claims, claim_find(claims, name, a), &oidc_text_type, a);

	return m != NULL ? m->v : NULL;
}

bool talk_has(const struct peek *claims, const char *name, struct arena *a)
{
	return claim_find(claims, name, a) >= 0;
}

const char *talk_bearer(const struct oidc_token_answer *m, struct arena *a)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

	if (m->access_token == NULL || m->token_type == NULL ||
		strcasecmp(m->token_type, "Bearer") != 0 ||
		m->access_token[strspn(m->access_token, letters)] != '\0')
		return NULL;
	return arena_printf(a, "authorization: Bearer %s", m->access_token);
}

int talk_userinfo(const char *body, size_t len, const char *subject, struct arena *a,
	struct peek *out, char why[200])
{
	struct schema_error err;
	const struct oidc_userinfo *u = schema_decode(&oidc_userinfo_type, body, len, a, &err);
	size_t at;

	if (u == NULL || peek_open(out, body, len, a, &at) != NULL) {
		snprintf(why, 200, "the provider's userinfo cannot be read: %.60s %.80s",
			u == NULL ? err.path : "", u == NULL ? err.message : "");
		return -1;
	}
	if (strcmp(u->sub, subject) == 0)
		return 0;
	snprintf(why, 200, "the provider's userinfo speaks of somebody else (sub)");
	return -1;
}

const struct config_provider_role *talk_role(
	const struct peek *claims, const struct config_provider *row, struct arena *a)
{
	int value = claim_find(claims, row->role_claim, a);
	const struct oidc_text *one = claim_read(claims, value, &oidc_text_type, a);
	const struct oidc_texts *many = claim_read(claims, value, &oidc_texts_type, a);

	for (size_t i = 0; i < row->roles.count; i++) {
		const struct config_provider_role *r = &row->roles.items[i];
		if (strcmp(r->value, "*") == 0 || (one != NULL && strcmp(one->v, r->value) == 0) ||
			(many != NULL && is_listed(&many->v, r->value)))
			return r;
	}
	return NULL;
}
