#include "csms/station/trust.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "csms/command.h"
#include "csms/command/check.h"
#include "csms/stored.h"
#include "db/query_file.h"

#define HELD_MAX   500 /* of one station */
#define LIST_MS    1000 /* several changes in a row are listed once */
#define NUMBER_MAX 41

struct held {
	int type; /* enum ocpp201_get_certificate_id_use */
	int algorithm; /* enum ocpp201_hash_algorithm */
	bool is_listed; /* by the station itself; else by what we sent */
	char number[NUMBER_MAX]; /* serial without zeros in front */
};

struct trust {
	struct core *core;
	struct station *station;
	struct held *items;
	int count, room;
	bool lists; /* it has answered with a list */
	bool lists_not; /* it said that it knows of no such thing */
	struct timer timer;
};

static struct trust *trust_of(struct core *c, struct station *s)
{
	struct trust *t = s->trust;

	if (t || !(t = calloc(1, sizeof *t)))
		return t;
	t->core = c;
	t->station = s;
	s->trust = t;
	return t;
}

void trust_forget(struct station *s)
{
	struct trust *t = s->trust;

	if (!t)
		return;
	timer_stop(t->core->timers, &t->timer);
	free(t->items);
	free(t);
	s->trust = NULL;
}

/* -- what it holds ------------------------------------------------------------------------------ */

/* rule 53: a serial is a number; zeros in front mean nothing. */
static const char *number_of(const char *serial)
{
	return serial + strspn(serial, "0");
}

static int type_of(const char *name)
{
	return schema_enum_find(&ocpp201_get_certificate_id_use_enum, name);
}

static int algorithm_of(const char *name)
{
	return schema_enum_find(&ocpp201_hash_algorithm_enum, name);
}

static void add(struct trust *t, const char *type, const char *algorithm, const char *serial,
	bool is_listed)
{
	struct held *h;

	if (t->count >= HELD_MAX)
		return;
	if (t->count >= t->room) {
		int room = t->room ? 2 * t->room : 8;

		if (!(h = realloc(t->items, (size_t)room * sizeof *h)))
			return;
		t->items = h;
		t->room = room;
	}
	h = &t->items[t->count++];
	*h = (struct held){.type = type_of(type),
		.algorithm = algorithm_of(algorithm),
		.is_listed = is_listed};
	snprintf(h->number, sizeof h->number, "%s", number_of(serial));
}

static void drop_type(struct trust *t, int type)
{
	int kept = 0;

	for (int i = 0; i < t->count; i++)
		if (t->items[i].type != type)
			t->items[kept++] = t->items[i];
	t->count = kept;
}

static void take_list(struct trust *t, const struct event_certificates_listed *l)
{
	if (l->types.count == 0)
		t->count = 0;
	for (size_t i = 0; i < l->types.count; i++)
		drop_type(t, type_of(l->types.items[i]));
	for (size_t i = 0; i < l->certificates.count; i++)
		add(t, l->certificates.items[i].type, l->certificates.items[i].hash.hash_algorithm,
			l->certificates.items[i].hash.serial, true);
	t->lists = true;
}

static void take_deleted(struct trust *t, const struct event_certificate_hash *hash)
{
	int algorithm = algorithm_of(hash->hash_algorithm);

	for (int i = 0; i < t->count; i++)
		if (t->items[i].algorithm == algorithm &&
			strcasecmp(t->items[i].number, number_of(hash->serial)) == 0) {
			t->items[i] = t->items[--t->count];
			return;
		}
}

/* -- asking it ---------------------------------------------------------------------------------- */

static void on_listed(void *arg, const struct command *k)
{
	struct trust *t = arg;
	struct command_view v;

	command_look(k, &v);
	t->lists_not = v.error_code && (strcmp(v.error_code, "NotSupported") == 0 ||
					       strcmp(v.error_code, "NotImplemented") == 0);
}

static void on_time(void *arg)
{
	struct trust *t = arg;
	const struct command_request req = {
		.action = "GetInstalledCertificateIds",
		.payload = "{}",
		.actor = "depotd",
		.why = "its certificates changed",
		.ended = on_listed,
		.arg = t,
	};
	struct schema_error err;

	if (t->station->session)
		command_start(t->core, t->station, &req, NULL, &err);
}

void trust_changed(struct core *c, struct station *s)
{
	struct trust *t = trust_of(c, s);

	if (t && !t->lists_not && c->config->device->inventory == CONFIG_INVENTORY_AUTO)
		timer_start(c->timers, &t->timer, LIST_MS, on_time, t);
}

void trust_take(struct core *c, struct station *s, int type, const void *payload)
{
	const struct event_certificate_installed *installed = payload;
	const struct event_certificate_deleted *deleted = payload;
	struct trust *t = trust_of(c, s);

	if (!t)
		return;
	if (type == EVENT_CERTIFICATES_LISTED) {
		take_list(t, payload);
		return;
	}
	if (type == EVENT_CERTIFICATE_INSTALLED)
		add(t, installed->type, installed->hash.hash_algorithm, installed->hash.serial,
			false);
	else
		take_deleted(t, &deleted->hash);
	trust_changed(c, s);
}

/* -- M04 ---------------------------------------------------------------------------------------- */

int trust_check_delete(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err)
{
	const struct ocpp201_delete_certificate_request *r = request;
	const struct ocpp201_certificate_hash_data *hash = &r->certificate_hash_data;
	const char *const *words = ocpp201_hash_algorithm_enum.values;
	const struct trust *t = s->trust;
	const struct held *other = NULL, *ours = NULL;

	(void)c;
	for (int i = 0; t && i < t->count; i++) {
		const struct held *h = &t->items[i];

		if (strcasecmp(h->number, number_of(hash->serial_number)) != 0)
			continue;
		if (h->is_listed && h->algorithm == (int)hash->hash_algorithm)
			return 0;
		*(h->is_listed ? &other : &ours) = h;
	}
	if (other)
		return check_conflict(err,
			"M04.FR.07: %s reports the certificate with serial %s by %s, not %s: name "
			"it by the hashes that GET /stations/%s/certificates shows",
			s->id, hash->serial_number, words[other->algorithm],
			words[hash->hash_algorithm], s->id);
	if (ours && t->lists)
		return check_conflict(err,
			"M04.FR.07: %s has not listed the certificate with serial %s since it was "
			"installed: ask it with GetInstalledCertificateIds, then name it as it does",
			s->id, hash->serial_number);
	return 0;
}

bool trust_holds(const struct station *s, int type, const char *serial)
{
	const struct trust *t = s->trust;

	for (int i = 0; t && i < t->count; i++)
		if (t->items[i].is_listed && t->items[i].type == type &&
			strcasecmp(t->items[i].number, number_of(serial)) == 0)
			return true;
	return false;
}

/* -- start -------------------------------------------------------------------------------------- */

static void read_rows(struct db_reader *db, void *arg)
{
	struct stored *w = arg;
	struct db_certificate_list list = {0};

	if (db_query_certificates(db, NULL, w->arena, &list))
		w->failed = true;
	for (size_t i = 0; i < list.count; i++) {
		const struct db_certificate *row = &list.items[i];
		struct station *s = fleet_station(&w->core->fleet, row->station);
		struct trust *t = s ? trust_of(w->core, s) : NULL;

		if (!t)
			continue;
		add(t, row->type, row->hash_algorithm, row->serial, row->is_listed);
		t->lists = t->lists || row->is_listed;
	}
}

int trust_restore(struct core *c, char why[300])
{
	return stored_read(c, read_rows, NULL, "certificates", why);
}
