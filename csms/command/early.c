#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/command/private.h"

static const char *keep(char out[61], const char *s)
{
	snprintf(out, 61, "%s", s ? s : "");
	return s ? out : NULL;
}

void early_keep(struct command *k, const struct command_sign *sign)
{
	struct early_sign *e;

	if (!k->early)
		k->early = calloc(EARLY_SIGNS_MAX, sizeof *k->early);
	if (!k->early || k->early_count == EARLY_SIGNS_MAX)
		return;
	e = &k->early[k->early_count++];
	e->sign = *sign;
	e->sign.status = keep(e->status, sign->status);
	e->sign.text = keep(e->text, sign->text);
}

const struct command_sign *early_next(struct command *k)
{
	static struct early_sign first;

	if (!k->early_count)
		return NULL;
	first = k->early[0];
	first.sign.status = first.sign.status ? first.status : NULL;
	first.sign.text = first.sign.text ? first.text : NULL;
	memmove(k->early, k->early + 1, (size_t)--k->early_count * sizeof *k->early);
	/* What lies further down was copied with its texts: they moved. */
	for (int i = 0; i < k->early_count; i++) {
		struct early_sign *e = &k->early[i];

		e->sign.status = e->sign.status ? e->status : NULL;
		e->sign.text = e->sign.text ? e->text : NULL;
	}
	return &first.sign;
}
