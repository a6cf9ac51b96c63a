/* Certificates for stations: who signs, what was asked for and issued, what ends when, a new root. */
#include <stdlib.h>
#include <string.h>

#include "schemas/wall.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static const char *time_text(struct ctl *c, bool has, wall_t t)
{
	char text[WALL_TEXT_SIZE];

	if (!has)
		return NULL;
	wall_format(t, text);
	return arena_strndup(c->arena, text, 16);
}

static int ca_show(struct ctl *c)
{
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", "authority", NULL, NULL, &api_authority_view_type, &answer);
	const struct api_authority_view *v = answer;
	struct table *t = table_create(c->arena, "ROOT|SUBJECT|UNTIL", c->colour);

	if (status != CTL_OK || v == NULL)
		return status;
	printf("%s: %s\n", v->authority, v->is);
	printf("for %lld days (ISO 15118: %lld), renewed %lld days before; %lld requests open\n",
		(long long)v->days, (long long)v->v2g_days, (long long)v->renew_days,
		(long long)v->open);
	for (size_t i = 0; i < v->roots.count; i++) {
		table_row(t);
		table_cell(t, v->roots.items[i].file);
		table_cell(t, v->roots.items[i].subject);
		table_cell(t, time_text(c, true, v->roots.items[i].not_after));
	}
	ctl_print(t, "No roots: no station can come with a certificate.");
	return CTL_OK;
}

/* The path with the station of the command's second word, if it has one. */
static const char *path_of(struct ctl *c, const char *path)
{
	return c->argc > 1
		       ? arena_printf(c->arena, "%s?station=%s", path, ctl_escape(c, c->argv[1]))
		       : path;
}

static int ca_requests(struct ctl *c)
{
	void *answer;
	int status = ctl_ask_struct(c, "GET", path_of(c, "certificate-requests"), NULL, NULL,
		&api_certificate_request_list_type, &answer);
	const struct api_certificate_request_list *list = answer;
	struct table *t =
		table_create(c->arena, "STATION|TYPE|ASKED|STATE|TRIES|KEY|NOTE", c->colour);

	for (size_t i = 0; list != NULL && i < list->requests.count; i++) {
		const struct api_certificate_request *r = &list->requests.items[i];
		table_row(t);
		table_cell(t, r->station);
		table_cell(t, r->type);
		table_cell(t, time_text(c, true, r->at));
		table_cell(t, r->state);
		table_cellf(t, "%lld", (long long)r->tries);
		table_cellf(t, "%.12s", r->key_hash);
		table_cell(t, r->note);
	}
	if (list != NULL)
		ctl_print(t, "No station has asked for a certificate.");
	return status;
}

static int ca_issued(struct ctl *c)
{
	void *answer;
	int status = ctl_ask_struct(c, "GET", path_of(c, "issued-certificates"), NULL, NULL,
		&api_issued_certificate_list_type, &answer);
	const struct api_issued_certificate_list *list = answer;
	struct table *t = table_create(
		c->arena, "STATION|TYPE|STATE|UNTIL|SUBJECT|FINGERPRINT|WHY", c->colour);

	for (size_t i = 0; list != NULL && i < list->certificates.count; i++) {
		const struct api_issued_certificate *r = &list->certificates.items[i];
		table_row(t);
		table_cell(t, r->station);
		table_cell(t, r->type);
		table_cell(t, r->state);
		table_cell(t, time_text(c, true, r->not_after));
		table_cell(t, r->subject);
		table_cell(t, r->fingerprint);
		table_cell(t, r->why);
	}
	if (list != NULL)
		ctl_print(t, "No certificate was issued.");
	return status;
}

static int ca_revoke(struct ctl *c)
{
	const char *reason = ctl_option(c, "--reason"), *why = ctl_option(c, "--why");
	const struct api_revoke_post post = {.why = why != NULL ? why : reason};

	if (c->argc != 2 || post.why == NULL)
		return ctl_complain(CTL_USAGE, "revoke takes a FINGERPRINT and --why TEXT");
	return ctl_done(c, "POST",
		arena_printf(c->arena, "issued-certificates/%s/revoke", ctl_escape(c, c->argv[1])),
		&api_revoke_post_type, &post,
		"Revoked: nobody can log in with it, and who was connected with it is cut off.");
}

static int ca_renew(struct ctl *c)
{
	const char *evse = ctl_option(c, "--evse"), *why = ctl_option(c, "--why");
	bool v2g = ctl_flag(c, "--v2g"), both = ctl_flag(c, "--combined");
	const char *message = v2g    ? "SignV2GCertificate"
			      : both ? "SignCombinedCertificate"
				     : "SignChargingStationCertificate";
	struct api_command_post post = {.action = "TriggerMessage", .why = why};
	void *answer;
	int status;

	if (c->argc != 2 || (v2g && both) || (evse != NULL && atoi(evse) < 1))
		return ctl_complain(
			CTL_USAGE, "renew takes a STATION, and --v2g or --combined, and --evse N");
	post.payload =
		evse ? arena_printf(c->arena, "{\"requestedMessage\":\"%s\",\"evse\":{\"id\":%d}}",
			       message, atoi(evse))
		     : arena_printf(c->arena, "{\"requestedMessage\":\"%s\"}", message);
	status = ctl_ask_struct(c, "POST",
		arena_printf(c->arena, "stations/%s/commands", ctl_escape(c, c->argv[1])),
		&api_command_post_type, &post, &api_command_view_type, &answer);
	const struct api_command_view *v = answer;
	if (status == CTL_OK && v != NULL)
		printf("%s: %s\n", api_command_state_enum.values[v->state],
			v->note ? v->note : "see depotctl ca requests");
	return status;
}

int ctl_calendar(struct ctl *c)
{
	const char *within = ctl_option(c, "--within");
	const char *path = within ? arena_printf(c->arena, "certificate-calendar?within_days=%s",
					    ctl_escape(c, within))
				  : "certificate-calendar";
	struct table *t = table_create(
		c->arena, "UNTIL|DAYS|STATE|KIND|OF|SUBJECT|RENEWED BY|NOTE", c->colour);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_calendar_type, &answer);
	const struct api_calendar *v = answer;

	for (size_t i = 0; v != NULL && i < v->entries.count; i++) {
		const struct api_calendar_entry *e = &v->entries.items[i];
		table_row(t);
		table_cell(t, time_text(c, true, e->not_after));
		table_cellf(t, "%lld", (long long)e->days);
		table_cell(t, e->state);
		table_cell(t, e->kind);
		table_cell(t, e->owner);
		table_cell(t, e->subject);
		table_cell(t, e->renewed_by);
		table_cellf(t, "%s%s%s", e->step ? e->step : "", e->note ? ": " : "",
			e->note ? e->note : "");
	}
	if (v != NULL) {
		printf("%s\n%s\n\n", v->sentence, v->sub);
		ctl_print(t, "Nothing ends in that time.");
	}
	return status;
}

/* -- a new root --------------------------------------------------------------------------------------- */

static int rollover_status(struct ctl *c)
{
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", "authority/rollover", NULL, NULL, &api_rollover_view_type, &answer);
	const struct api_rollover_view *v = answer;
	struct table *t = table_create(c->arena, "STATION|STATE|NOTE", c->colour);

	if (status != CTL_OK || v == NULL)
		return status;
	if (!v->open) {
		puts("No new root is on its way.");
		return CTL_OK;
	}
	printf("%s: %lld of %lld stations that use TLS are ready\n", v->subject,
		(long long)v->ready, (long long)v->needed);
	for (size_t i = 0; i < v->stations.count; i++) {
		table_row(t);
		table_cell(t, v->stations.items[i].station);
		table_cell(t, v->stations.items[i].state);
		table_cell(t, v->stations.items[i].note);
	}
	ctl_print(t, "No stations.");
	return CTL_OK;
}

/* What stands between commas; NULL: none. */
static struct schema_strings names_of(struct ctl *c, const char *list)
{
	struct schema_strings out = {0};
	char *text = list != NULL ? arena_strdup(c->arena, list) : NULL, *rest = text;

	if (text == NULL)
		return out;
	out.items = arena_alloc(c->arena, sizeof(*out.items) * (strlen(text) + 1));
	for (char *name; out.items != NULL && (name = strsep(&rest, ",")) != NULL;)
		if (name[0] != '\0')
			out.items[out.count++] = name;
	return out;
}

static const char *rollover_words(struct ctl *c, const char *done, const char *without)
{
	if (without == NULL)
		return done;
	return arena_printf(c->arena,
		"%s\nLeft behind, as far as not ready: %s. Such a station knows the old root alone and "
		"verifies depotd by it while that is valid, if it reads the whole chain; then it comes "
		"no more until somebody installs the new root in it on site.",
		done, without);
}

static int ca_rollover(struct ctl *c)
{
	static const struct {
		const char *word;
		enum api_rollover_step step;
		const char *done;
	} rows[] = {
		{"start", API_ROLLOVER_STEP_START,
			"A new root is made; stations install it now: see `depotctl ca rollover "
			"status`."},
		{"switch", API_ROLLOVER_STEP_SWITCH,
			"Our servers use the new root. Give DATA/pki/root.pem to browsers and to "
			"depotctl --ca; the old one lies in DATA/pki/previous."},
		{"abort", API_ROLLOVER_STEP_ABORT,
			"The new root is forgotten. Stations that installed it keep it until "
			"DeleteCertificate."},
	};
	const char *word = c->argc == 2 ? c->argv[1] : "status";
	const char *without = ctl_option(c, "--without");
	struct api_rollover_post post = {
		.why = ctl_option(c, "--why"), .without = names_of(c, without)};

	if (strcmp(word, "status") == 0)
		return rollover_status(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(word, rows[i].word) == 0) {
			post.step = rows[i].step;
			return ctl_done(c, "POST", "authority/rollover", &api_rollover_post_type,
				&post, rollover_words(c, rows[i].done, without));
		}
	return ctl_complain(CTL_USAGE, "rollover: start, status, switch or abort");
}

int ctl_ca(struct ctl *c)
{
	static const struct {
		const char *word;
		int (*run)(struct ctl *c);
	} rows[] = {{"show", ca_show}, {"requests", ca_requests}, {"issued", ca_issued},
		{"revoke", ca_revoke}, {"renew", ca_renew}, {"calendar", ctl_calendar},
		{"rollover", ca_rollover}};
	const char *word = c->argc > 0 ? c->argv[0] : "show";

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(word, rows[i].word) == 0)
			return rows[i].run(c);
	return ctl_complain(
		CTL_USAGE, "ca: show, requests, issued, revoke, renew, calendar or rollover");
}
