#include "csms/pki/authority.h"

#include <stdio.h>
#include <stdlib.h>

const char *const authority_profile_names[] = {
	[AUTHORITY_STATION] = "station",
	[AUTHORITY_V2G] = "v2g",
	[AUTHORITY_BOTH] = "combined",
};

struct authority {
	const struct authority_kind *kind;
	void *self;
};

/* By enum config_authority; NULL: nobody signs. */
static const struct authority_kind *const authority_kinds[] = {
	[CONFIG_AUTHORITY_BUILTIN] = &authority_builtin,
	[CONFIG_AUTHORITY_EST] = &authority_est,
	[CONFIG_AUTHORITY_COMMAND] = &authority_command,
	[CONFIG_AUTHORITY_OFF] = NULL,
};

int authority_check(const struct config_trust *config, const char *config_folder, char why[300])
{
	const struct authority_kind *kind = authority_kinds[config->authority];

	return kind && kind->check ? kind->check(config, config_folder, why) : 0;
}

struct authority *authority_create(const struct authority_setup *s, char why[300])
{
	const struct authority_kind *kind = authority_kinds[s->config->authority];
	struct authority *a = kind ? calloc(1, sizeof *a) : NULL;

	if (!a) {
		snprintf(why, 300, kind ? "out of memory" : "nobody signs (trust.authority: off)");
		return NULL;
	}
	a->kind = kind;
	a->self = kind->create(s, why);
	if (a->self)
		return a;
	free(a);
	return NULL;
}

const char *authority_name(const struct authority *a)
{
	return a->kind->name;
}

void authority_describe(const struct authority *a, char out[300])
{
	a->kind->describe(a->self, out);
}

int authority_sign(
	struct authority *a, const struct authority_order *o, authority_done done, void *arg)
{
	return a->kind->sign(a->self, o, done, arg);
}

void authority_destroy(struct authority *a)
{
	if (!a)
		return;
	a->kind->destroy(a->self);
	free(a);
}
