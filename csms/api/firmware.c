/* Firmware images, and updates of single stations with them. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_stations.h"
#include "csms/command.h"
#include "csms/files/file_name.h"
#include "csms/files/firmware.h"
#include "csms/record.h"
#include "csms/files/upload.h"

static bool has_firmware(struct ask *k)
{
	if (k->api->core->firmware == NULL)
		ask_problem(k, 503, NULL, "this depotd keeps no files");
	return k->api->core->firmware != NULL;
}

static void view_image(
	const struct firmware_image *x, struct arena *a, struct api_firmware_view *out)
{
	*out = (struct api_firmware_view){
		.id = arena_strdup(a, x->id),
		.vendor = arena_strdup(a, x->vendor),
		.model = x->model[0] != '\0' ? arena_strdup(a, x->model) : NULL,
		.version = arena_strdup(a, x->version),
		.name = arena_strdup(a, x->name),
		.size = x->size,
		.sha256 = arena_strdup(a, x->sha256),
		.md5 = arena_strdup(a, x->md5),
		.added_at = x->added,
		.actor = x->actor[0] != '\0' ? arena_strdup(a, x->actor) : NULL,
		.verified = x->signature != NULL,
		.algorithm = x->algorithm[0] != '\0' ? arena_strdup(a, x->algorithm) : NULL,
		.signer = x->signer[0] != '\0' ? arena_strdup(a, x->signer) : NULL,
	};
}

void firmware_list(struct ask *k)
{
	struct api_firmware_list list = {0};

	if (!has_firmware(k))
		return;
	struct firmware_image *all = firmware_all(k->api->core->firmware);
	list.firmware.items =
		arena_alloc(k->arena, sizeof(*list.firmware.items) * HASH_COUNT(all) + 1);
	for (const struct firmware_image *x = all; x != NULL && list.firmware.items != NULL;
		x = x->hh.next)
		view_image(x, k->arena, &list.firmware.items[list.firmware.count++]);
	ask_reply(k, 200, &api_firmware_list_type, &list);
}

/* The image of the path; NULL after an answer. */
static struct firmware_image *path_image(struct ask *k)
{
	struct firmware_image *x;

	if (!has_firmware(k))
		return NULL;
	x = firmware_find(k->api->core->firmware, k->match.param[0]);
	if (x == NULL)
		ask_problem(k, 404, NULL,
			"there is no such firmware; GET /api/v1/firmware lists what is");
	return x;
}

/* -- adding ------------------------------------------------------------------------------------ */

static void reply_image(void *arg, int status, const char *why)
{
	struct ask *k = arg;
	const struct firmware_image *x =
		k->api != NULL ? firmware_find(k->api->core->firmware, k->state) : NULL;
	struct api_firmware_view view;

	if (status != 0 || x == NULL) {
		ask_problem(k, 503, NULL, "the change was not stored: %s", why ? why : "");
		return;
	}
	view_image(x, k->arena, &view);
	ask_reply(k, 200, &api_firmware_view_type, &view);
}

static void client_gone(void *arg)
{
	struct ask *k = arg;

	k->x = NULL;
}

/* A value of the query that has to be there; "" is not. */
static bool take_word(
	struct ask *k, const char *name, bool is_needed, size_t points, char *out, size_t size)
{
	const char *text = ask_query(k, name);
	size_t n = 0;

	if (text == NULL)
		text = "";
	if ((text[0] == '\0' && is_needed) ||
		(schema_utf8_check(text, strlen(text), &n), n > points)) {
		ask_problem(k, 400, name, "%s: %zu characters at most, in the query%s", name,
			points, is_needed ? "; it is needed" : "");
		return false;
	}
	snprintf(out, size, "%s", text);
	return true;
}

static bool read_image(struct ask *k, struct firmware_image *out)
{
	const char *name = ask_query(k, "name");

	if (!take_word(k, "vendor", true, 50, out->vendor, sizeof(out->vendor)) ||
		!take_word(k, "model", false, 20, out->model, sizeof(out->model)) ||
		!take_word(k, "version", true, 50, out->version, sizeof(out->version)))
		return false;
	file_name_clean(name != NULL ? name : "", out->name);
	return true;
}

static void on_uploaded(void *arg, const struct upload_end *e)
{
	struct ask *k = arg;
	struct firmware_image *x = k->state;
	char id[37];

	if (k->api == NULL) { /* the API ended, and its clients with it */
		ask_problem(k, 503, NULL, "depotd ends");
		return;
	}
	k->x = e->x;
	if (k->x != NULL)
		http_hold(k->x, client_gone, k);
	if (e->status != 0) {
		ask_problem(k, e->status == 499 ? 400 : e->status, NULL, "%s", e->why);
		return;
	}
	memcpy(id, x->id, sizeof(id));
	x->size = e->facts->size;
	memcpy(x->sha256, e->facts->sha256, sizeof(x->sha256));
	memcpy(x->md5, e->facts->md5, sizeof(x->md5));
	if (x->name[0] == '\0')
		snprintf(x->name, sizeof(x->name), "%s", e->name[0] ? e->name : "firmware.bin");
	k->state = arena_strdup(k->arena, id);
	if (k->state == NULL || !firmware_add(k->api->core->firmware, x, k->who.actor)) {
		files_unlink(k->api->core->files, id);
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	record_then(k->api->core, reply_image, k);
}

/* Runs when the head of the request is there: the body is taken as it comes. */
void firmware_post(struct ask *k)
{
	struct firmware_image *x = arena_alloc(k->arena, sizeof(*x));
	struct core *c = k->api->core;

	if (!has_firmware(k))
		return;
	if (x == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	if (!read_image(k, x))
		return;
	ocpp_message_ids_next(&c->ids, clock_wall().ms, x->id);
	k->state = x;
	ask_hold(k);
	if (upload_begin(c->files, k->x, k->req, x->id, on_uploaded, k) == NULL)
		ask_take(k);
}

static void on_signed(void *arg, int status, const char *why)
{
	struct ask *k = arg;

	if (status != 0)
		ask_problem(k, 422, "signature", "%s", why);
	else if (k->api == NULL)
		ask_problem(k, 503, NULL, "depotd ends");
	else
		record_then(k->api->core, reply_image, k);
}

void firmware_signature_put(struct ask *k)
{
	const struct api_firmware_signature_put *put = k->body;
	const struct firmware_image *x = path_image(k);

	if (x == NULL)
		return;
	k->state = arena_strdup(k->arena, x->id);
	ask_hold(k);
	firmware_sign(k->api->core->firmware, x->id, put->signature, put->certificate, k->who.actor,
		on_signed, k);
}

void firmware_delete(struct ask *k)
{
	struct firmware_image *x = path_image(k);

	if (x == NULL)
		return;
	firmware_remove(k->api->core->firmware, x, k->who.actor);
	ask_hold(k);
	record_then(k->api->core, ask_changed, k);
}

/* -- updating: L01, L02 ------------------------------------------------------------------------ */

static struct firmware_order order_of(const struct api_firmware_update_post *post)
{
	return (struct firmware_order){
		.is_unsigned = post->allow_unsigned,
		.retrieve_at = post->has_retrieve_at ? post->retrieve_at : (wall_t){0},
		.install_at = post->has_install_at ? post->install_at : (wall_t){0},
		.retries = post->has_retries ? post->retries : -1,
		.interval_s = post->has_retry_interval_s ? post->retry_interval_s : -1,
	};
}

void station_firmware_post(struct ask *k)
{
	const struct api_firmware_update_post *post = k->body;
	struct station *s = ask_path_station(k);
	struct command_request req = {.action = "UpdateFirmware"};
	const struct firmware_image *x;
	struct firmware_order order;

	if (s == NULL || !has_firmware(k)) /* the ask was answered, and is gone */
		return;
	x = firmware_find(k->api->core->firmware, post->firmware);
	if (x == NULL) {
		ask_problem(k, 404, "firmware",
			"there is no such firmware; GET /api/v1/firmware lists what is");
		return;
	}
	order = order_of(post);
	req.payload = firmware_payload(k->arena, x, &order);
	req.why = post->why;
	if (req.payload == NULL)
		ask_problem(k, 503, NULL, "no memory");
	else
		ask_command(k, s, &req, post->wait);
}
