#include "csms/files/firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/log.h"
#include "csms/pki/firmware_signature.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "db/query_file.h"
#include "gen/ocpp201.h"

struct firmware {
	struct core *core;
	struct firmware_image *images; /* uthash by id, oldest first */
};

struct firmware_image *firmware_all(const struct firmware *f)
{
	return f->images;
}

struct firmware_image *firmware_find(const struct firmware *f, const char *id)
{
	struct firmware_image *x = NULL;

	if (f)
		HASH_FIND_STR(f->images, id, x);
	return x;
}

static void put(struct firmware *f, struct firmware_image *x)
{
	HASH_ADD_STR(f->images, id, x);
	files_count_firmware(f->core->files, x->size);
}

static void drop(struct firmware *f, struct firmware_image *x)
{
	HASH_DEL(f->images, x);
	free(x->signature);
	free(x->certificate);
	free(x);
}

/* -- changes ----------------------------------------------------------------------------------- */

struct firmware_image *firmware_add(
	struct firmware *f, const struct firmware_image *what, const char *actor)
{
	struct arena *a = record_arena(f->core);
	struct event_firmware_added *p = a ? arena_alloc(a, sizeof *p) : NULL;
	struct firmware_image *x = malloc(sizeof *x);

	if (!p || !x) {
		free(x);
		return NULL;
	}
	*x = *what;
	x->added = clock_wall();
	snprintf(x->actor, sizeof x->actor, "%s", actor);
	put(f, x);
	p->vendor = arena_strdup(a, x->vendor);
	p->model = x->model[0] ? arena_strdup(a, x->model) : NULL;
	p->version = arena_strdup(a, x->version);
	p->name = arena_strdup(a, x->name);
	p->size = x->size;
	p->sha256 = arena_strdup(a, x->sha256);
	p->md5 = arena_strdup(a, x->md5);
	record_now(f->core, EVENT_FIRMWARE_ADDED, "firmware", x->id, p, actor, NULL);
	log_info("firmware %s %s %s: %lld bytes", x->vendor, x->model, x->version,
		(long long)x->size);
	return x;
}

void firmware_remove(struct firmware *f, struct firmware_image *image, const char *actor)
{
	struct arena *a = record_arena(f->core);
	struct event_firmware_removed *p = a ? arena_alloc(a, sizeof *p) : NULL;

	record_now(f->core, EVENT_FIRMWARE_REMOVED, "firmware", image->id, p, actor, NULL);
	files_unlink(f->core->files, image->id);
	files_count_firmware(f->core->files, -image->size);
	drop(f, image);
}

/* -- signatures -------------------------------------------------------------------------------- */

struct signing {
	struct worker_job job;
	struct firmware *firmware;
	char id[37], actor[81], sha256[65], roots[FILES_PATH_MAX];
	char *signature, *certificate;
	void (*done)(void *arg, int status, const char *why);
	void *arg;
	int status;
	char algorithm[41], signer[301], why[300];
};

static void verify(void *arg)
{
	struct signing *s = arg;
	struct firmware_signature what = {
		.roots = s->roots,
		.certificate = s->certificate,
		.signature = s->signature,
		.sha256 = s->sha256,
	};

	s->status = firmware_signature_verify(&what, s->algorithm, s->signer, s->why);
}

static void journal_signed(const struct signing *s)
{
	struct core *c = s->firmware->core;
	struct arena *a = record_arena(c);
	struct event_firmware_signed *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->signature = arena_strdup(a, s->signature);
	p->certificate = arena_strdup(a, s->certificate);
	p->algorithm = arena_strdup(a, s->algorithm);
	p->signer = arena_strdup(a, s->signer);
	record_now(c, EVENT_FIRMWARE_SIGNED, "firmware", s->id, p, s->actor, NULL);
}

static void verified(void *arg)
{
	struct signing *s = arg;
	struct firmware_image *x = firmware_find(s->firmware, s->id);

	if (s->status == 0 && !x) {
		s->status = -1;
		snprintf(s->why, sizeof s->why, "the image was removed meanwhile");
	}
	if (s->status == 0) {
		journal_signed(s);
		free(x->signature);
		free(x->certificate);
		x->signature = s->signature;
		x->certificate = s->certificate;
		s->signature = s->certificate = NULL;
		snprintf(x->algorithm, sizeof x->algorithm, "%s", s->algorithm);
		snprintf(x->signer, sizeof x->signer, "%s", s->signer);
	} else {
		log_warn("firmware %s: signature refused: %s", s->id, s->why);
	}
	s->done(s->arg, s->status, s->status ? s->why : NULL);
	free(s->signature);
	free(s->certificate);
	free(s);
}

void firmware_sign(struct firmware *f, const char *id, const char *signature,
	const char *certificate, const char *actor,
	void (*done)(void *arg, int status, const char *why), void *arg)
{
	const struct firmware_image *x = firmware_find(f, id);
	struct signing *s = x ? calloc(1, sizeof *s) : NULL;

	if (!s) {
		done(arg, -1, x ? "out of memory" : "there is no such image");
		return;
	}
	s->firmware = f;
	s->done = done;
	s->arg = arg;
	snprintf(s->id, sizeof s->id, "%s", id);
	snprintf(s->actor, sizeof s->actor, "%s", actor);
	snprintf(s->sha256, sizeof s->sha256, "%s", x->sha256);
	snprintf(s->roots, sizeof s->roots, "%.500s/pki/manufacturers", f->core->data_dir);
	s->signature = strdup(signature);
	s->certificate = strdup(certificate);
	if (!s->signature || !s->certificate) {
		s->status = -1;
		snprintf(s->why, sizeof s->why, "out of memory");
		verified(s);
		return;
	}
	worker_do(files_worker(f->core->files), &s->job, verify, verified, s);
}

/* -- payloads ---------------------------------------------------------------------------------- */

static const char *time_field(struct arena *a, const char *name, wall_t at)
{
	char text[WALL_TEXT_SIZE];

	return at.ms ? arena_printf(a, ",\"%s\":\"%s\"", name, wall_format(at, text)) : "";
}

static const char *number_field(struct arena *a, const char *name, int64_t n)
{
	return n >= 0 ? arena_printf(a, ",\"%s\":%lld", name, (long long)n) : "";
}

const char *firmware_payload(
	struct arena *a, const struct firmware_image *x, const struct firmware_order *o)
{
	const char *retrieve = time_field(a, "retrieveDateTime", o->retrieve_at);
	const char *install = time_field(a, "installDateTime", o->install_at);
	const char *retries = number_field(a, "retries", o->retries);
	const char *interval = number_field(a, "retryInterval", o->interval_s);

	if (!retrieve || !install || !retries || !interval)
		return NULL;
	return arena_printf(a, "{\"firmware\":{\"location\":\"%s:%s\"%s%s}%s%s}",
		o->is_unsigned ? "firmware-unsigned" : "firmware", x->id, retrieve, install,
		retries, interval);
}

static char *encode(const struct schema_struct *type, const void *value, char why[200])
{
	struct text t;

	text_init(&t, 0);
	if (schema_encode(type, value, &t) == 0)
		return text_take(&t, NULL);
	text_finish(&t);
	snprintf(why, 200, "the payload cannot be completed: give all of its fields");
	return NULL;
}

/* The draft, or NULL: then the payload goes as it is, and the codec says what is wrong with it. */
static void *draft(const struct schema_struct *type, const char *payload, struct arena *a)
{
	struct schema_error err;

	return a ? schema_decode(type, payload, strlen(payload), a, &err) : NULL;
}

/* A URL for a station that is not there would be made for nothing. */
static int check_station(const struct core *c, const struct station *s, char why[200])
{
	if (!c->files)
		snprintf(why, 200, "this depotd keeps no files: name a place of your own");
	else if (!s->session)
		snprintf(why, 200, "%s is not connected; try again when it is back", s->id);
	else
		return 0;
	return -1;
}

static char *fill_log(
	struct core *c, struct station *s, const struct event_get_log_draft *d, char why[200])
{
	char url[FILES_URL_SIZE], name[101];
	int type = schema_enum_find(&ocpp201_log_enum, d->log_type);
	struct ocpp201_get_log_request r = {
		.custom_data = d->custom_data,
		.log = {.remote_location = url},
		.log_type = type < 0 ? 0 : (enum ocpp201_log)type,
		.request_id = d->request_id,
		.has_retries = d->has_retries,
		.retries = d->retries,
		.has_retry_interval = d->has_retry_interval,
		.retry_interval = d->retry_interval,
	};

	if (d->log) {
		r.log.custom_data = d->log->custom_data;
		r.log.has_oldest_timestamp = d->log->has_oldest_timestamp;
		r.log.oldest_timestamp = d->log->oldest_timestamp;
		r.log.has_latest_timestamp = d->log->has_latest_timestamp;
		r.log.latest_timestamp = d->log->latest_timestamp;
	}
	snprintf(name, sizeof name, "%s-%lld", d->log_type, (long long)d->request_id);
	if (files_offer_in(c->files, s, d->request_id, name, url)) {
		snprintf(why, 200, "no address for the upload can be made: too many are open");
		return NULL;
	}
	return encode(&ocpp201_get_log_request_type, &r, why);
}

char *firmware_fill_get_log(struct core *c, struct station *s, const char *payload, char why[200])
{
	struct arena *a = arena_create(0);
	const struct event_get_log_draft *d = draft(&event_get_log_draft_type, payload, a);
	char *out = NULL;

	if (!d || !d->log_type || schema_enum_find(&ocpp201_log_enum, d->log_type) < 0 ||
		(d->log && d->log->remote_location))
		out = strdup(payload);
	else if (check_station(c, s, why) == 0)
		out = fill_log(c, s, d, why);
	arena_destroy(a);
	return out;
}

/* Of another maker, or for another model. */
static bool fits(const struct station *s, const struct firmware_image *x, char why[200])
{
	if (s->vendor[0] && strcasecmp(s->vendor, x->vendor) != 0)
		snprintf(why, 200, "this firmware is for %.60s, but %s is made by %.60s", x->vendor,
			s->id, s->vendor);
	else if (x->model[0] && s->model[0] && strcasecmp(s->model, x->model) != 0)
		snprintf(why, 200, "this firmware is for the model %.60s, but %s is a %.60s",
			x->model, s->id, s->model);
	else
		return true;
	return false;
}

bool firmware_fits(const struct station *s, const struct firmware_image *x)
{
	char why[200];

	return fits(s, x, why);
}

/* What follows the word by which a person says that nobody needs to have signed it, or NULL. */
static const char *behind_unsigned(const char *location)
{
	static const char loose[] = "firmware-unsigned:";

	return strncmp(location, loose, sizeof loose - 1) == 0 ? location + sizeof loose - 1 : NULL;
}

/* An image named in a location. 1: *out is it; 0: the location is a URL; -1 with why. */
static int image_of(struct core *c, const struct station *s, const char *location,
	const struct firmware_image **out, char why[200])
{
	static const char plain[] = "firmware:";
	const char *loose = behind_unsigned(location);
	const struct firmware_image *x;

	if (loose ? strstr(loose, "://") != NULL : strncmp(location, plain, sizeof plain - 1) != 0)
		return 0;
	if (check_station(c, s, why))
		return -1;
	x = firmware_find(c->firmware, loose ? loose : location + sizeof plain - 1);
	if (!x)
		snprintf(why, 200, "there is no such firmware; GET /api/v1/firmware lists what is");
	else if (!x->signature && !loose)
		snprintf(why, 200,
			"this firmware is not signed: add its signature, or ask for an unsigned "
			"update");
	else
		*out = x;
	return *out ? 1 : -1;
}

/* The request with what the draft has, and the time to begin if that has none. */
static struct ocpp201_update_firmware_request update_of(
	const struct event_update_firmware_draft *d, const char *location)
{
	return (struct ocpp201_update_firmware_request){
		.custom_data = d->custom_data,
		.has_retries = d->has_retries,
		.retries = d->retries,
		.has_retry_interval = d->has_retry_interval,
		.retry_interval = d->retry_interval,
		.request_id = d->request_id,
		.firmware =
			{
				.custom_data = d->firmware.custom_data,
				.location = location,
				.retrieve_date_time = d->firmware.has_retrieve_date_time
							      ? d->firmware.retrieve_date_time
							      : clock_wall(),
				.has_install_date_time = d->firmware.has_install_date_time,
				.install_date_time = d->firmware.install_date_time,
				.signing_certificate = d->firmware.signing_certificate,
				.signature = d->firmware.signature,
			},
	};
}

static char *fill_update(struct core *c, struct station *s,
	const struct event_update_firmware_draft *d, const struct firmware_image *x, char why[200])
{
	char url[FILES_URL_SIZE];
	struct ocpp201_update_firmware_request r = update_of(d, url);

	r.firmware.signing_certificate = x->certificate; /* L01.FR.11 */
	r.firmware.signature = x->signature;
	if (files_offer_out(c->files, s, d->request_id, x->id, x->name,
		    r.firmware.retrieve_date_time, url)) {
		snprintf(why, 200, "no address for the download can be made: too many are open");
		return NULL;
	}
	return encode(&ocpp201_update_firmware_request_type, &r, why);
}

/* An image of somebody else: L01.FR.11 wants the certificate, and without the signature it says
 * nothing. The form without (L02) has to be asked for by name. */
static char *fill_foreign(
	const struct event_update_firmware_draft *d, const char *payload, char why[200])
{
	const char *loose = behind_unsigned(d->firmware.location);
	bool is_signed = d->firmware.signing_certificate && d->firmware.signature;
	struct ocpp201_update_firmware_request r;

	if (!loose && is_signed)
		return strdup(payload);
	if (loose && !d->firmware.signing_certificate == !d->firmware.signature) {
		r = update_of(d, loose);
		return encode(&ocpp201_update_firmware_request_type, &r, why);
	}
	snprintf(why, 200,
		loose ? "a signature and its signingCertificate go together: give both, or neither"
		      : "give the firmware's signingCertificate and signature (L01.FR.11), or name it "
			"firmware-unsigned:URL to have it taken without a check (L02)");
	return NULL;
}

char *firmware_fill_update(struct core *c, struct station *s, const char *payload, char why[200])
{
	struct arena *a = arena_create(0);
	const struct event_update_firmware_draft *d =
		draft(&event_update_firmware_draft_type, payload, a);
	const struct firmware_image *x = NULL;
	int found = d ? image_of(c, s, d->firmware.location, &x, why) : 0;
	char *out = NULL;

	if (!d)
		out = strdup(payload);
	else if (found == 0)
		out = fill_foreign(d, payload, why);
	else if (found > 0 && fits(s, x, why))
		out = fill_update(c, s, d, x, why);
	arena_destroy(a);
	return out;
}

static char *fill_publish(struct core *c, struct station *s,
	const struct event_publish_firmware_draft *d, const struct firmware_image *x, char why[200])
{
	char url[FILES_URL_SIZE];
	struct ocpp201_publish_firmware_request r = {
		.custom_data = d->custom_data,
		.location = url,
		.has_retries = d->has_retries,
		.retries = d->retries,
		.checksum = x->md5, /* L03.FR.02 */
		.request_id = d->request_id,
		.has_retry_interval = d->has_retry_interval,
		.retry_interval = d->retry_interval,
	};

	if (files_offer_out(c->files, s, d->request_id, x->id, x->name, clock_wall(), url)) {
		snprintf(why, 200, "no address for the download can be made: too many are open");
		return NULL;
	}
	return encode(&ocpp201_publish_firmware_request_type, &r, why);
}

char *firmware_fill_publish(struct core *c, struct station *s, const char *payload, char why[200])
{
	struct arena *a = arena_create(0);
	const struct event_publish_firmware_draft *d =
		draft(&event_publish_firmware_draft_type, payload, a);
	const struct firmware_image *x = NULL;
	int found = d ? image_of(c, s, d->location, &x, why) : 0;
	char *out = NULL;

	if (found == 0 && d && behind_unsigned(d->location))
		snprintf(why, 200, "PublishFirmware knows no signature: name the URL alone");
	else if (found == 0)
		out = strdup(payload);
	else if (found > 0)
		out = fill_publish(c, s, d, x, why);
	arena_destroy(a);
	return out;
}

/* -- life -------------------------------------------------------------------------------------- */

static void copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s ? s : "");
}

static void put_row(struct firmware *f, const struct db_firmware *row)
{
	struct firmware_image *x = calloc(1, sizeof *x);

	if (!x)
		return;
	copy(x->id, sizeof x->id, row->id);
	copy(x->vendor, sizeof x->vendor, row->vendor);
	copy(x->model, sizeof x->model, row->model);
	copy(x->version, sizeof x->version, row->version);
	copy(x->name, sizeof x->name, row->name);
	copy(x->sha256, sizeof x->sha256, row->sha256);
	copy(x->md5, sizeof x->md5, row->md5);
	copy(x->actor, sizeof x->actor, row->actor);
	copy(x->algorithm, sizeof x->algorithm, row->algorithm);
	copy(x->signer, sizeof x->signer, row->signer);
	x->size = row->size;
	x->added = row->added_at;
	x->signature = row->signature ? strdup(row->signature) : NULL;
	x->certificate = row->certificate ? strdup(row->certificate) : NULL;
	put(f, x);
}

struct loading {
	struct firmware *firmware;
	bool has_failed;
};

static void load(struct db_reader *r, void *arg)
{
	struct loading *l = arg;
	struct arena *a = arena_create(0);
	struct db_firmware_list list = {0};

	l->has_failed = !a || db_query_firmware(r, a, &list);
	for (size_t i = list.count; i-- > 0;)
		put_row(l->firmware, &list.items[i]);
	arena_destroy(a);
}

struct firmware *firmware_create(struct core *c, char why[300])
{
	struct firmware *f = calloc(1, sizeof *f);
	struct loading l = {.firmware = f};

	stored_unreadable("firmware", why);
	if (!f)
		return NULL;
	f->core = c;
	if (db_read_now(c->db, load, &l) == 0 && !l.has_failed)
		return f;
	firmware_destroy(f);
	return NULL;
}

void firmware_destroy(struct firmware *f)
{
	struct firmware_image *x, *next;

	if (!f)
		return;
	HASH_ITER (hh, f->images, x, next)
		drop(f, x);
	free(f);
}
