/* Files that stations bring and fetch: logs, firmware and its campaigns; certificates they hold. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

#define TEXT_MAX 6000 /* bytes of a certificate or signature */

/* -- files on this side ---------------------------------------------------------------------- */

/* Writes what GET `path` answers to a file of that name, or to stdout for "-". */
static int fetch(struct ctl *c, const char *path, const char *name)
{
	bool is_stdout = strcmp(name, "-") == 0;
	FILE *to = is_stdout ? stdout : fopen(name, "wb");
	struct text body;
	char why[400];
	int status;

	if (to == NULL)
		return ctl_complain(CTL_FAILED, "cannot write %s: %s", name, strerror(errno));
	status = client_fetch(c->client, path, to, &body, why);
	bool good = (is_stdout ? fflush(to) : fclose(to)) == 0;
	int result = status < 0      ? ctl_complain(CTL_UNREACHABLE, "%s", why)
		     : status != 200 ? ctl_refused(c, status, &body)
		     : good          ? CTL_OK
				     : ctl_complain(CTL_FAILED, "cannot write %s", name);
	text_finish(&body);
	if (result != CTL_OK && !is_stdout)
		unlink(name);
	return result;
}

static char *read_file(struct ctl *c, const char *name, size_t *len)
{
	char *bytes = arena_alloc(c->arena, TEXT_MAX + 1);
	FILE *f = fopen(name, "rb");

	if (f == NULL || bytes == NULL) {
		ctl_complain(CTL_FAILED, "cannot read %s: %s", name, strerror(errno));
		return NULL;
	}
	*len = fread(bytes, 1, TEXT_MAX, f);
	fclose(f);
	return bytes;
}

static const char *size_cell(struct ctl *c, int64_t bytes)
{
	if (bytes < 10000)
		return arena_printf(c->arena, "%lld B", (long long)bytes);
	if (bytes < 10000000)
		return arena_printf(c->arena, "%.0f kB", (double)bytes / 1e3);
	return arena_printf(c->arena, "%.1f MB", (double)bytes / 1e6);
}

/* A time that an option gives. False after a complaint. */
static bool time_option(struct ctl *c, const char *name, bool *has, wall_t *at)
{
	const char *text = ctl_option(c, name);

	*has = text != NULL;
	if (text == NULL || wall_parse(text, strlen(text), at))
		return true;
	ctl_complain(CTL_USAGE, "%s must be a time such as 2026-12-31T23:59:59Z", name);
	return false;
}

/* Posts and follows the command that comes back. */
static int ask_and_follow(struct ctl *c, const char *path, const struct schema_struct *type,
	const void *post, bool to_end, const struct api_command_view **end)
{
	struct text json;
	char *body = NULL;
	int status;

	text_init(&json, 0);
	schema_encode(type, post, &json);
	status = text_ok(&json) ? ctl_ask(c, "POST", path, json.data, &body)
				: ctl_complain(CTL_FAILED, "out of memory");
	text_finish(&json);
	return status == CTL_OK ? ctl_follow(c, body, to_end, end) : status;
}

/* -- logs and files -------------------------------------------------------------------------- */

static int list_files(
	struct ctl *c, const char *station, const char *limit, const struct api_file_list **out)
{
	const char *path = arena_printf(c->arena, "files?limit=%s%s%s",
		limit != NULL ? ctl_escape(c, limit) : "100", station != NULL ? "&station=" : "",
		station != NULL ? ctl_escape(c, station) : "");
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_file_list_type, &answer);

	*out = answer;
	return status;
}

/* The file that came for this request. */
static int fetch_log(struct ctl *c, const char *station, int64_t request, const char *name)
{
	const struct api_file_list *list;
	bool json = c->json;

	c->json = false;
	int status = list_files(c, station, NULL, &list);
	c->json = json;
	for (size_t i = 0; list != NULL && i < list->files.count; i++) {
		const struct api_file_view *f = &list->files.items[i];
		if (!f->has_request_id || f->request_id != request)
			continue;
		status = fetch(c, arena_printf(c->arena, "files/%s", f->id), name);
		if (status == CTL_OK)
			fprintf(stderr, "%s (%s) is in %s\n", f->name, size_cell(c, f->size), name);
		return status;
	}
	return status != CTL_OK ? status
				: ctl_complain(CTL_FAILED, "the station brought no file for it");
}

int ctl_logs(struct ctl *c)
{
	struct api_log_post post = {.wait = API_COMMAND_WAIT_ANSWER, .has_wait = true};
	const char *name = ctl_option(c, "--out");
	const struct api_command_view *end = NULL;
	bool waits = ctl_flag(c, "--wait");

	if (name == NULL)
		name = ctl_option(c, "-o");
	post.has_type = true;
	post.type = ctl_flag(c, "--security") ? API_LOG_KIND_SECURITY_LOG
					      : API_LOG_KIND_DIAGNOSTICS_LOG;
	post.why = ctl_option(c, "--why");
	if (!time_option(c, "--oldest", &post.has_oldest, &post.oldest) ||
		!time_option(c, "--latest", &post.has_latest, &post.latest))
		return CTL_USAGE;
	const char *path = arena_printf(c->arena, "stations/%s/logs", ctl_escape(c, c->argv[0]));
	int status =
		ask_and_follow(c, path, &api_log_post_type, &post, waits || name != NULL, &end);
	if (status != CTL_OK || name == NULL)
		return status;
	return fetch_log(c, end->station, end->request_id, name);
}

static int show_files(struct ctl *c)
{
	const char *limit = ctl_option(c, "--limit");
	struct table *t = table_create(c->arena, "TIME|STATION|NAME|>SIZE|>REQUEST|ID", c->colour);
	const struct api_file_list *list;
	int status = list_files(c, c->argc > 0 ? c->argv[0] : NULL, limit, &list);

	for (size_t i = 0; list != NULL && i < list->files.count; i++) {
		const struct api_file_view *f = &list->files.items[i];
		table_row(t);
		table_cell(t, cell_time(c->arena, true, f->received_at));
		table_cell(t, f->station);
		table_cell(t, f->name);
		table_cell(t, size_cell(c, f->size));
		if (f->has_request_id)
			table_cellf(t, "%lld", (long long)f->request_id);
		else
			table_cell(t, NULL);
		table_cell(t, f->id);
	}
	if (list == NULL)
		return status;
	ctl_print(t, "No files.");
	printf("%s of %s are used.\n", size_cell(c, list->used_bytes),
		size_cell(c, list->quota_bytes));
	return status;
}

int ctl_files(struct ctl *c)
{
	const char *name = ctl_option(c, "--out");
	const char *verb = c->argc > 0 ? c->argv[0] : "";

	if (name == NULL)
		name = ctl_option(c, "-o");
	if (c->argc < 2)
		return show_files(c);
	const char *path = arena_printf(c->arena, "files/%s", ctl_escape(c, c->argv[1]));
	if (strcmp(verb, "remove") == 0)
		return ctl_done(c, "DELETE", path, NULL, NULL, "Removed.");
	if (strcmp(verb, "get") != 0 || name == NULL)
		return ctl_complain(CTL_USAGE, "files get ID -o FILE, or files remove ID");
	return fetch(c, path, name);
}

/* -- firmware -------------------------------------------------------------------------------- */

static int firmware_list(struct ctl *c)
{
	struct table *t = table_create(
		c->arena, "ADDED|VENDOR|MODEL|VERSION|NAME|>SIZE|SIGNED BY|ID", c->colour);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", "firmware", NULL, NULL, &api_firmware_list_type, &answer);
	const struct api_firmware_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->firmware.count; i++) {
		const struct api_firmware_view *f = &list->firmware.items[i];
		table_row(t);
		table_cell(t, cell_time(c->arena, true, f->added_at));
		table_cell(t, f->vendor);
		table_cell(t, f->model != NULL ? f->model : "all");
		table_cell(t, f->version);
		table_cell(t, f->name);
		table_cell(t, size_cell(c, f->size));
		table_cell_colour(t, f->verified ? COLOUR_GREEN : COLOUR_YELLOW,
			f->verified ? f->signer : "nobody");
		table_cell(t, f->id);
	}
	if (list != NULL)
		ctl_print(t, "No firmware.");
	return status;
}

static const char *base64(struct ctl *c, const unsigned char *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_alloc(c->arena, len / 3 * 4 + 5), *p = out;

	for (size_t i = 0; out != NULL && i < len; i += 3) {
		unsigned int n = (unsigned int)bytes[i] << 16 |
				 (i + 1 < len ? (unsigned int)bytes[i + 1] << 8 : 0) |
				 (i + 2 < len ? bytes[i + 2] : 0);
		*p++ = digits[n >> 18 & 63];
		*p++ = digits[n >> 12 & 63];
		*p++ = i + 1 < len ? digits[n >> 6 & 63] : '=';
		*p++ = i + 2 < len ? digits[n & 63] : '=';
	}
	return out;
}

/* The text without its line ends if it is base64 as a whole, else NULL. No signature of bytes looks
 * like that: it would have to have 64 letters in a row. */
static const char *as_base64(struct ctl *c, const char *text, size_t len)
{
	char *out = arena_alloc(c->arena, len + 1), *p = out;

	for (size_t i = 0; out != NULL && i < len; i++) {
		if (isspace((unsigned char)text[i]))
			continue;
		if (!isalnum((unsigned char)text[i]) && strchr("+/=", text[i]) == NULL)
			return NULL;
		*p++ = text[i];
	}
	if (out == NULL || p - out < 64 || (p - out) % 4 != 0)
		return NULL;
	*p = '\0';
	return out;
}

/* A signature file holds the bytes as openssl writes them, or base64 as OCPP has them. */
static int firmware_sign(struct ctl *c, const char *id, const char *signature, const char *cert)
{
	struct api_firmware_signature_put put = {0};
	size_t len = 0, cert_len = 0;
	char *bytes = read_file(c, signature, &len);
	char *pem = bytes != NULL ? read_file(c, cert, &cert_len) : NULL;
	void *answer;

	if (pem == NULL)
		return CTL_FAILED;
	pem[cert_len] = '\0';
	put.signature = as_base64(c, bytes, len);
	if (put.signature == NULL)
		put.signature = base64(c, (const unsigned char *)bytes, len);
	put.certificate = pem;
	int status = ctl_ask_struct(c, "PUT",
		arena_printf(c->arena, "firmware/%s/signature", ctl_escape(c, id)),
		&api_firmware_signature_put_type, &put, &api_firmware_view_type, &answer);
	const struct api_firmware_view *f = answer;
	if (f != NULL)
		printf("%s verified: signed by %s (%s).\n", f->id, f->signer, f->algorithm);
	return status;
}

static const char *add_path(struct ctl *c, const char *file)
{
	const char *vendor = ctl_option(c, "--vendor"), *version = ctl_option(c, "--release");
	const char *model = ctl_option(c, "--model"), *slash = strrchr(file, '/');

	if (vendor == NULL || version == NULL)
		return NULL;
	return arena_printf(c->arena, "firmware?vendor=%s&version=%s&name=%s%s%s",
		ctl_escape(c, vendor), ctl_escape(c, version),
		ctl_escape(c, slash != NULL ? slash + 1 : file), model != NULL ? "&model=" : "",
		model != NULL ? ctl_escape(c, model) : "");
}

static int firmware_add(struct ctl *c, const char *file)
{
	const char *signature = ctl_option(c, "--signature");
	const char *cert = ctl_option(c, "--certificate"), *path = add_path(c, file);
	struct schema_error err;
	struct text body;
	struct stat st;
	char why[400];

	if (path == NULL || (signature == NULL) != (cert == NULL))
		return ctl_complain(CTL_USAGE,
			"firmware add needs --vendor and --release, and --signature goes with "
			"--certificate");
	FILE *f = fopen(file, "rb");
	if (f == NULL || fstat(fileno(f), &st) != 0) {
		if (f != NULL)
			fclose(f);
		return ctl_complain(CTL_FAILED, "cannot read %s: %s", file, strerror(errno));
	}
	int status = client_send_file(c->client, "POST", path, f, st.st_size, &body, why);
	fclose(f);
	if (status != 200) {
		int result = status < 0 ? ctl_complain(CTL_UNREACHABLE, "%s", why)
					: ctl_refused(c, status, &body);
		text_finish(&body);
		return result;
	}
	const struct api_firmware_view *v =
		schema_decode(&api_firmware_view_type, body.data, body.len, c->arena, &err);
	if (c->json)
		printf("%s\n", body.data);
	else if (v != NULL)
		printf("%s is %s %s, %s\n", v->id, v->vendor, v->version, size_cell(c, v->size));
	text_finish(&body);
	if (v == NULL)
		return ctl_complain(CTL_FAILED, "the answer is not understood: %s", err.message);
	int result = signature != NULL ? firmware_sign(c, v->id, signature, cert) : CTL_OK;
	if (result != CTL_OK) /* all or nothing: once mended it is added again */
		ctl_done(c, "DELETE", arena_printf(c->arena, "firmware/%s", ctl_escape(c, v->id)),
			NULL, NULL, "The image was removed again.");
	return result;
}

static int firmware_update(struct ctl *c)
{
	struct api_firmware_update_post post = {
		.firmware = c->argv[2],
		.has_wait = true,
		.wait = API_COMMAND_WAIT_ANSWER,
		.has_allow_unsigned = true,
	};

	post.allow_unsigned = ctl_flag(c, "--allow-unsigned");
	post.why = ctl_option(c, "--why");
	bool waits = ctl_flag(c, "--wait");
	if (!time_option(c, "--retrieve-at", &post.has_retrieve_at, &post.retrieve_at) ||
		!time_option(c, "--install-at", &post.has_install_at, &post.install_at))
		return CTL_USAGE;
	return ask_and_follow(c,
		arena_printf(c->arena, "stations/%s/firmware", ctl_escape(c, c->argv[1])),
		&api_firmware_update_post_type, &post, waits, NULL);
}

static int firmware_trust(struct ctl *c)
{
	struct api_manufacturer_root_put put = {0};
	size_t len = 0;
	char *pem = read_file(c, c->argv[2], &len);

	if (pem == NULL)
		return CTL_FAILED;
	pem[len] = '\0';
	put.certificate = pem;
	put.why = ctl_option(c, "--why");
	return ctl_done(c, "PUT",
		arena_printf(c->arena, "manufacturer-roots/%s", ctl_escape(c, c->argv[1])),
		&api_manufacturer_root_put_type, &put, "What this root signed will be trusted.");
}

int ctl_firmware(struct ctl *c)
{
	const char *verb = c->argv[0];

	if (strcmp(verb, "list") == 0)
		return firmware_list(c);
	if (strcmp(verb, "add") == 0 && c->argc >= 2)
		return firmware_add(c, c->argv[1]);
	if (strcmp(verb, "update") == 0 && c->argc >= 3)
		return firmware_update(c);
	if (strcmp(verb, "trust") == 0 && c->argc >= 3)
		return firmware_trust(c);
	if (strcmp(verb, "remove") == 0 && c->argc >= 2)
		return ctl_done(c, "DELETE",
			arena_printf(c->arena, "firmware/%s", ctl_escape(c, c->argv[1])), NULL,
			NULL, "Removed.");
	return ctl_complain(CTL_USAGE,
		"firmware list, add FILE, update STATION ID, trust NAME FILE, "
		"or remove ID");
}

/* -- campaigns ------------------------------------------------------------------------------- */

static void show_campaign(struct ctl *c, const struct api_campaign_view *v)
{
	struct table *t = table_create(c->arena, "STATION|STATE|STATUS|SINCE|NOTE", c->colour);

	printf("campaign %s: firmware %s, %s\n", v->id, v->firmware, v->state);
	for (size_t i = 0; i < v->stations.count; i++) {
		const struct api_campaign_station *s = &v->stations.items[i];
		table_row(t);
		table_cell(t, s->station);
		table_cell_colour(
			t, strcmp(s->state, "done") == 0 ? COLOUR_GREEN : COLOUR_YELLOW, s->state);
		table_cell(t, s->status);
		table_cell(t, cell_time(c->arena, s->has_at, s->at));
		table_cell(t, s->note);
	}
	ctl_print(t, "No stations.");
}

static int campaign_list(struct ctl *c)
{
	struct table *t =
		table_create(c->arena, "STARTED|STATE|>STATIONS|FIRMWARE|BY|WHY|ID", c->colour);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", "campaigns", NULL, NULL, &api_campaign_list_type, &answer);
	const struct api_campaign_list *list = answer;

	for (size_t i = 0; list != NULL && i < list->campaigns.count; i++) {
		const struct api_campaign_view *v = &list->campaigns.items[i];
		table_row(t);
		table_cell(t, cell_time(c->arena, true, v->started_at));
		table_cell(t, v->state);
		table_cellf(t, "%zu", v->stations.count);
		table_cell(t, v->firmware);
		table_cell(t, v->actor);
		table_cell(t, v->why);
		table_cell(t, v->id);
	}
	if (list != NULL)
		ctl_print(t, "No campaigns.");
	return status;
}

static int campaign_start(struct ctl *c)
{
	const char *at_once = ctl_option(c, "--at-once");
	struct api_campaign_post post = {
		.has_at_once = true,
		.at_once = at_once != NULL ? atoll(at_once) : 10,
		.has_allow_unsigned = true,
		.allow_unsigned = ctl_flag(c, "--allow-unsigned"),
		.why = ctl_option(c, "--why"),
	};
	void *answer;

	if (!time_option(c, "--retrieve-at", &post.has_retrieve_at, &post.retrieve_at) ||
		!time_option(c, "--install-at", &post.has_install_at, &post.install_at))
		return CTL_USAGE;
	post.firmware = c->argv[1];
	post.stations.count = (size_t)(c->argc - 2);
	post.stations.items = c->argc > 2 ? &c->argv[2] : NULL;
	int status = ctl_ask_struct(c, "POST", "campaigns", &api_campaign_post_type, &post,
		&api_campaign_view_type, &answer);
	if (answer != NULL)
		show_campaign(c, answer);
	return status;
}

int ctl_campaign(struct ctl *c)
{
	const char *verb = c->argv[0];
	void *answer;

	if (strcmp(verb, "list") == 0)
		return campaign_list(c);
	if (c->argc < 2)
		return ctl_complain(CTL_USAGE, "campaign %s needs an ID", verb);
	if (strcmp(verb, "start") == 0)
		return campaign_start(c);
	const char *path = arena_printf(c->arena, "campaigns/%s", ctl_escape(c, c->argv[1]));
	if (strcmp(verb, "cancel") == 0)
		return ctl_done(c, "DELETE", path, NULL, NULL,
			"Stations that were not asked yet will not be.");
	if (strcmp(verb, "show") != 0)
		return ctl_complain(CTL_USAGE, "campaign list, start, show, or cancel");
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_campaign_view_type, &answer);
	if (answer != NULL)
		show_campaign(c, answer);
	return status;
}

/* -- certificates ---------------------------------------------------------------------------- */

static int refresh(struct ctl *c)
{
	struct api_command_post post = {.action = "GetInstalledCertificateIds", .payload = "{}"};
	bool json = c->json;
	void *answer;

	c->json = false;
	int status = ctl_ask_struct(c, "POST",
		arena_printf(c->arena, "stations/%s/commands", ctl_escape(c, c->argv[0])),
		&api_command_post_type, &post, &api_command_view_type, &answer);
	c->json = json;
	const struct api_command_view *v = answer;
	if (v != NULL && v->state != API_COMMAND_STATE_DONE)
		return ctl_complain(CTL_FAILED, "the station did not say: %s",
			v->note != NULL ? v->note : api_command_state_enum.values[v->state]);
	return status;
}

int ctl_certificates(struct ctl *c)
{
	if (strcmp(c->argv[0], "calendar") == 0)
		return ctl_calendar(c);
	struct table *t = table_create(
		c->arena, "TYPE|SERIAL|HASH|ISSUER|BELOW|LISTED|SUBJECT|EXPIRES", c->colour);
	int status = ctl_flag(c, "--refresh") ? refresh(c) : CTL_OK;
	void *answer;

	if (status != CTL_OK)
		return status;
	status = ctl_ask_struct(c, "GET",
		arena_printf(c->arena, "stations/%s/certificates", ctl_escape(c, c->argv[0])), NULL,
		NULL, &api_station_certificate_list_type, &answer);
	const struct api_station_certificate_list *list = answer;
	for (size_t i = 0; list != NULL && i < list->certificates.count; i++) {
		const struct api_station_certificate *v = &list->certificates.items[i];
		table_row(t);
		table_cell(t, v->type);
		table_cell(t, v->serial);
		table_cell(t, v->hash_algorithm);
		table_cellf(t, "%.12s", v->issuer_name_hash);
		table_cell(t, v->parent);
		table_cell(t, v->listed ? "yes" : "not yet");
		table_cell(t, v->subject);
		table_cell(t, cell_time(c->arena, v->has_not_after, v->not_after));
	}
	if (list != NULL)
		ctl_print(t, "None are known; --refresh asks the station.");
	return status;
}
