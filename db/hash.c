#include "db/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct hasher {
	EVP_MD *md; /* fetched once: looking it up by name costs more than the hash itself */
	EVP_MD_CTX *ctx;
	struct text bytes;
};

struct hasher *hasher_create(void)
{
	struct hasher *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->ctx = EVP_MD_CTX_new();
	text_init(&h->bytes, 0);
	if (!h->md || !h->ctx || !EVP_DigestInit_ex2(h->ctx, h->md, NULL)) {
		hasher_destroy(h);
		return NULL;
	}
	return h;
}

void hasher_destroy(struct hasher *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	text_finish(&h->bytes);
	free(h);
}

static void put_u32(struct text *t, uint32_t v)
{
	const char b[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
	text_put(t, b, sizeof b);
}

static void put_i64(struct text *t, int64_t v)
{
	put_u32(t, (uint32_t)((uint64_t)v >> 32));
	put_u32(t, (uint32_t)(uint64_t)v);
}

static void put_string(struct text *t, const char *s)
{
	if (!s) {
		put_u32(t, UINT32_MAX);
		return;
	}
	size_t len = strlen(s);
	put_u32(t, (uint32_t)len);
	text_put(t, s, len);
}

int hasher_chain(struct hasher *h, const unsigned char prev[HASH_SIZE], const struct hash_fields *f,
	unsigned char out[HASH_SIZE])
{
	struct text *t = &h->bytes;
	text_clear(t);
	text_put(t, (const char *)prev, HASH_SIZE);
	put_i64(t, f->seq);
	put_string(t, f->depot);
	put_string(t, f->stream);
	put_i64(t, f->version);
	put_string(t, f->type);
	put_i64(t, f->type_version);
	put_i64(t, f->at_ms);
	put_i64(t, f->received_ms);
	put_string(t, f->cause);
	put_string(t, f->correlation);
	put_string(t, f->idem);
	put_string(t, f->actor);
	put_u32(t, (uint32_t)f->payload_len);
	text_put(t, f->payload, f->payload_len);
	unsigned len = 0;
	if (!text_ok(t) || !EVP_DigestInit_ex2(h->ctx, NULL, NULL) ||
		!EVP_DigestUpdate(h->ctx, t->data, t->len) ||
		!EVP_DigestFinal_ex(h->ctx, out, &len))
		return -1;
	return len == HASH_SIZE ? 0 : -1;
}
