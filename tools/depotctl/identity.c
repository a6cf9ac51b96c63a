/* Stations' certificates and passwords: identity, refusals, password. */
#include <stdlib.h>
#include <string.h>

#include "gen/event.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

/* -- identity ---------------------------------------------------------------------------------- */

static void line(const char *name, const char *text)
{
	printf("%-18s %s\n", name, text != NULL ? text : "-");
}

static void show_certificate(struct ctl *c, const struct api_identity_certificate *v)
{
	line("certificate", v->common_name);
	line("  issuer", v->issuer);
	line("  serial", v->serial);
	line("  SHA-256", v->fingerprint);
	line("  valid until", cell_time(c->arena, true, v->not_after));
	line("  first seen", cell_time(c->arena, true, v->first_seen_at));
	if (v->expired)
		line("", "it had expired");
	if (v->factory)
		line("", "it is its maker's");
}

static int show(struct ctl *c, const char *path)
{
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", path, NULL, NULL, &api_station_identity_type, &answer);
	const struct api_station_identity *v = answer;

	if (v == NULL)
		return status;
	line("station", v->station);
	printf("%-18s at least %lld%s\n", "security profile", (long long)v->security_profile,
		!v->has_connected_profile ? ", not connected"
					  : arena_printf(c->arena, ", connected on %lld",
						    (long long)v->connected_profile));
	line("serial number", v->serial != NULL ? arena_printf(c->arena, "%s (%s)", v->serial,
							  strcmp(v->serial_source, "boot") == 0
								  ? "as it says itself"
								  : v->serial_source)
						: "not known: security profile 3 needs it");
	line("expired", v->expired_allowed ? "allowed, to renew it" : "refused");
	line("maker's", v->factory_allowed ? "allowed, to get one of ours" : "refused");
	if (v->restricted)
		line("now", "pending: let in to renew its certificate only");
	if (v->why != NULL)
		line("why", v->why);
	if (v->certificate != NULL)
		show_certificate(c, v->certificate);
	return CTL_OK;
}

/* "allow" or "refuse" of an option; false after a complaint. */
static bool read_choice(struct ctl *c, const char *name, bool *has, bool *out)
{
	const char *word = ctl_option(c, name);

	*has = word != NULL;
	*out = word != NULL && strcmp(word, "allow") == 0;
	if (word == NULL || *out || strcmp(word, "refuse") == 0)
		return true;
	ctl_complain(CTL_USAGE, "%s is allow or refuse", name);
	return false;
}

int ctl_identity(struct ctl *c)
{
	const char *path =
		arena_printf(c->arena, "stations/%s/identity", ctl_escape(c, c->argv[0]));
	struct api_station_identity_put put = {
		.serial = ctl_option(c, "--serial"), .why = ctl_option(c, "--why")};

	if (!read_choice(c, "--expired", &put.has_expired_allowed, &put.expired_allowed) ||
		!read_choice(c, "--factory", &put.has_factory_allowed, &put.factory_allowed))
		return CTL_USAGE;
	if (put.serial == NULL && !put.has_expired_allowed && !put.has_factory_allowed)
		return show(c, path);
	return ctl_done(c, "PUT", path, &api_station_identity_put_type, &put, "Stored.");
}

/* -- refusals ---------------------------------------------------------------------------------- */

static void row(struct ctl *c, struct table *t, const struct api_journal_event *e)
{
	struct schema_error err;
	const struct event_station_refused *r =
		e->payload != NULL ? schema_decode(&event_station_refused_type, e->payload,
					     strlen(e->payload), c->arena, &err)
				   : NULL;

	if (r == NULL)
		return;
	table_row(t);
	table_cell(t, cell_time(c->arena, true, e->at));
	table_cell(t, r->peer);
	table_cellf(t, "%lld", (long long)r->profile);
	table_cell(t, r->station);
	table_cell(t, r->common_name);
	table_cell(t, r->status ? arena_printf(c->arena, "%lld", (long long)r->status) : "TLS");
	table_cell(t, r->not_told ? arena_printf(c->arena, "%s (and %lld more)", r->why,
					    (long long)r->not_told)
				  : r->why);
}

int ctl_refusals(struct ctl *c)
{
	const char *limit = ctl_option(c, "--limit");
	const char *path = arena_printf(c->arena, "journal?stream=gate/&order=newest&limit=%s",
		limit != NULL ? ctl_escape(c, limit) : "50");
	struct table *t = table_create(
		c->arena, "AT|FROM|PROFILE|STATION|NAME IN CERTIFICATE|ANSWER|WHY", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_journal_page_type, &answer);
	const struct api_journal_page *page = answer;

	for (size_t i = 0; page != NULL && i < page->events.count; i++)
		row(c, t, &page->events.items[i]);
	if (page != NULL)
		ctl_print(t, "Nobody was refused.");
	return status;
}

/* -- password ---------------------------------------------------------------------------------- */

static bool read_stations(struct ctl *c, struct schema_strings *out)
{
	const char *given = ctl_option(c, "--stations");
	char *list = given != NULL ? arena_strdup(c->arena, given) : NULL, *save = NULL;
	size_t most = 1;

	for (const char *p = list; p != NULL && *p; p++)
		most += *p == ',';
	out->items = list != NULL ? arena_alloc(c->arena, most * sizeof(*out->items)) : NULL;
	for (char *w = strtok_r(list, ",", &save); w != NULL && out->items != NULL;
		w = strtok_r(NULL, ",", &save))
		out->items[out->count++] = w;
	return out->items != NULL && out->count > 0;
}

int ctl_password(struct ctl *c)
{
	struct api_password_rotation_post post = {.why = ctl_option(c, "--why")};
	bool all = ctl_flag(c, "--all"), json = c->json;
	void *answer;
	int status;

	if (strcmp(c->argv[0], "rotate") != 0)
		return ctl_complain(CTL_USAGE, "password rotate is all that there is");
	post.has_all = post.all = all;
	if (!all && !read_stations(c, &post.stations))
		return ctl_complain(CTL_USAGE, "say --stations CP-1,CP-2 or --all");
	c->json = false;
	status = ctl_ask_struct(c, "POST", "password-rotation", &api_password_rotation_post_type,
		&post, &api_job_type, &answer);
	c->json = json;
	return answer != NULL && status == CTL_OK
		       ? ctl_follow_job(c, ((const struct api_job *)answer)->id)
		       : status;
}
