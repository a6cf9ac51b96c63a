/* Plug and charge: whose contracts are believed; certificates for trying out. */
#include <errno.h>
#include <string.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/pki_lab.h"
#include "tools/depotctl/table.h"

/* NULL: it was complained about. */
static const struct pki_profile *profile_of(struct ctl *c, const char *name)
{
	const struct pki_profile *profile;
	char path[700], why[400];

	if (!pki_profile_find(name, NULL, path)) {
		ctl_complain(CTL_FAILED,
			"no profile %s: say iso15118-2, iso15118-20 or a file (looked for %s)",
			name, path);
		return NULL;
	}
	profile = pki_profile_load(path, c->arena, why);
	if (!profile)
		ctl_complain(CTL_FAILED, "%s", why);
	return profile;
}

int ctl_pki(struct ctl *c)
{
	const char *profile = ctl_option(c, "--profile"), *ocsp = ctl_option(c, "--ocsp"),
		   *emaid = ctl_option(c, "--emaid");
	const char *secc = ctl_option(c, "--secc");
	struct pki_lab lab = {
		.dir = c->argc > 1 ? c->argv[1] : "",
		.has_one_port = ctl_flag(c, "--one-port"),
		.ocsp = ocsp ? ocsp : "127.0.0.1:8880",
		.emaid = emaid ? emaid : "NLLABC00000001",
		.secc = secc ? secc : "NLLABE0001",
	};
	char why[300];

	if (strcmp(c->argv[0], "lab") != 0 || c->argc != 2)
		return ctl_complain(CTL_USAGE, "pki lab DIR");
	lab.profile = profile_of(c, profile ? profile : PKI_PROFILE_DEFAULT);
	if (!lab.profile)
		return CTL_FAILED;
	if (pki_lab_make(&lab, why))
		return ctl_complain(CTL_FAILED, "%s", why);
	printf("The lab's certificates are in %s. To try plug and charge:\n"
	       "  %s/ocsp.sh                                   runs the responders\n"
	       "  depotctl roots add mo lab %s/mo-roots.pem    has depotd believe its contracts\n"
	       "  depotctl token add eMAID %s\n"
	       "and in the configuration: trust: {ocsp_hosts: [\"127.0.0.1:8880\", …]}; see "
	       "docs/plug-and-charge.md\n",
		lab.dir, lab.dir, lab.dir, lab.emaid);
	return CTL_OK;
}

/* -- roots ----------------------------------------------------------------------------------- */

#define FILE_MAX 60000

static int list(struct ctl *c)
{
	struct api_contract_root_list *all;
	int status = ctl_ask_struct(c, "GET", "contract-roots", NULL, NULL,
		&api_contract_root_list_type, (void **)&all);
	struct table *t;

	if (status != CTL_OK || all == NULL)
		return status;
	t = table_create(c->arena, "KIND|NAME|SUBJECT|CERTIFICATES|UNTIL", c->colour);
	for (size_t i = 0; i < all->roots.count; i++) {
		const struct api_contract_root *r = &all->roots.items[i];

		table_row(t);
		table_cell(t, r->kind);
		table_cell(t, r->name);
		table_cell(t, r->subject);
		table_cellf(t, "%lld", (long long)r->certificates);
		table_cell(t, cell_time(c->arena, true, r->not_after));
	}
	ctl_print(t, "No contract is believed: add the root of your mobility operator.");
	return CTL_OK;
}

static const char *path_of(struct ctl *c)
{
	return arena_printf(c->arena, "contract-roots/%s/%s", ctl_escape(c, c->argv[1]),
		ctl_escape(c, c->argv[2]));
}

static int add(struct ctl *c)
{
	struct api_contract_root_put put = {0};
	char *pem = arena_alloc(c->arena, FILE_MAX + 1);
	FILE *f = fopen(c->argv[3], "rb");

	if (f == NULL || pem == NULL)
		return ctl_complain(CTL_FAILED, "cannot read %s: %s", c->argv[3], strerror(errno));
	pem[fread(pem, 1, FILE_MAX, f)] = '\0';
	fclose(f);
	put.certificates = pem;
	put.why = ctl_option(c, "--why");
	return ctl_done(c, "PUT", path_of(c), &api_contract_root_put_type, &put,
		"Contracts of this authority are believed now.");
}

int ctl_roots(struct ctl *c)
{
	static const char *const names[] = {"why", NULL};
	const char *verb = c->argc > 0 ? c->argv[0] : "list";

	if (strcmp(verb, "list") == 0)
		return list(c);
	if (strcmp(verb, "add") == 0 && c->argc == 4)
		return add(c);
	if (strcmp(verb, "remove") == 0 && c->argc == 3)
		return ctl_done(c, "DELETE", ctl_query(c, path_of(c), names), NULL, NULL,
			"Its contracts are not believed any more.");
	return ctl_complain(CTL_USAGE, "roots list, add mo|v2g NAME FILE, or remove mo|v2g NAME");
}
