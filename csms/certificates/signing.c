#include "csms/certificates/signing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>
#include "csms/alarms.h"
#include "csms/command.h"
#include "csms/station/identity.h"
#include "csms/log.h"
#include "csms/certificates/own_names.h"
#include "csms/record.h"
#include "csms/certificates/signing_private.h"
#include "csms/stored.h"
#include "db/query_issued.h"

#define HOUR_MS 3600000

/* -- stations ----------------------------------------------------------------------------------- */

struct signing_station *signing_station_of(struct signing *g, const char *station)
{
	struct signing_station *s;
	char key[49];
	size_t n = 0;

	for (; station[n] && n < sizeof key - 1; n++)
		key[n] = (char)tolower((unsigned char)station[n]);
	key[n] = '\0';
	HASH_FIND_STR(g->stations, key, s);
	if (s || !(s = calloc(1, sizeof *s)))
		return s;
	memcpy(s->key, key, sizeof key);
	s->since = clock_mono();
	s->owner = g;
	HASH_ADD_STR(g->stations, key, s);
	return s;
}

static bool asks_too_often(struct signing *g, const char *station)
{
	struct signing_station *s = signing_station_of(g, station);

	if (!s)
		return true;
	if (mono_diff_ms(clock_mono(), s->since) > HOUR_MS) {
		s->since = clock_mono();
		s->asked = 0;
	}
	return ++s->asked > SIGNING_HOUR_MAX;
}

/* -- judging ------------------------------------------------------------------------------------ */

static int judge_organisation(
	const struct config_trust *t, const struct csr_facts *f, char why[300])
{
	if (!f->organisation[0]) {
		snprintf(why, 300,
			"its subject names no organisation (O): set the station's "
			"SecurityCtrlr.OrganizationName (A00.FR.507)");
		return -1;
	}
	for (size_t i = 0; i < t->organizations.count; i++)
		if (strcmp(t->organizations.items[i], f->organisation) == 0)
			return 0;
	if (t->organizations.count == 0)
		return 0;
	snprintf(why, 300,
		"its organisation is %.80s, not %.80s: set the station's "
		"SecurityCtrlr.OrganizationName, or trust.organizations",
		f->organisation, t->organizations.items[0]);
	return -1;
}

/* The serial number that its certificate is known to name, or else its own word (A00.FR.511). */
static int judge_station_name(const struct station *s, const struct csr_facts *f, char why[300])
{
	const char *serial = s->identity.serial[0] ? s->identity.serial : s->serial;

	if (!serial[0]) {
		snprintf(why, 300,
			"the station has told no serial number (BootNotification), so "
			"nobody can say that this is its name");
		return -1;
	}
	if (strcmp(serial, f->common_name) == 0)
		return 0;
	snprintf(why, 300, "its common name is %.100s, but the station's serial number is %.60s",
		f->common_name[0] ? f->common_name : "missing", serial);
	return -1;
}

/* Where the station's SeccId is not known any name passes that nobody else has. */
static int judge_secc_name(const char *const *names, const struct csr_facts *f, char why[300])
{
	if (!names || !names[0])
		return 0;
	for (const char *const *n = names; *n; n++)
		if (strcmp(*n, f->common_name) == 0)
			return 0;
	snprintf(why, 300,
		"its common name is %.100s, but ISO15118Ctrlr.SeccId of the station is %.60s",
		f->common_name[0] ? f->common_name : "missing", names[0]);
	return -1;
}

static int judge_own_names(const struct core *c, const char *name, char why[300])
{
	struct own_names own;

	own_names(c->config->listen, &own);
	for (int i = 0; i < own.count; i++)
		if (strcasecmp(own.of[i], name) == 0) {
			snprintf(why, 300, "its common name %.100s is a name of depotd itself",
				name);
			return -1;
		}
	return 0;
}

/* Vehicles know nothing of serial numbers: what any other is called, by whatever word, is his. */
static int judge_names_of_others(const struct core *c, const struct station *s,
	const struct signing_ask *q, const char *name, char why[300])
{
	const struct station *o, *tmp;

	HASH_ITER (hh, c->fleet.stations, o, tmp)
		if (o != s && (strcasecmp(o->id, name) == 0 || strcasecmp(o->serial, name) == 0)) {
			snprintf(why, 300, "its common name %.100s is the %s of station %s", name,
				strcasecmp(o->id, name) == 0 ? "identity" : "serial number", o->id);
			return -1;
		}
	/* Two that came with the same one from the factory: each is its own. */
	for (const char *const *n = q->taken; !(q->names && q->names[0]) && n && n[0]; n += 2)
		if (strcasecmp(n[1], name) == 0) {
			snprintf(why, 300,
				"its common name %.100s is ISO15118Ctrlr.SeccId of station %.48s",
				name, n[0]);
			return -1;
		}
	return 0;
}

static int judge_v2g_name(const struct core *c, const struct station *s,
	const struct signing_ask *q, const struct csr_facts *f, char why[300])
{
	if (judge_own_names(c, f->common_name, why) ||
		(f->common_name[0] && judge_names_of_others(c, s, q, f->common_name, why)))
		return -1;
	return judge_secc_name(q->names, f, why);
}

static int judge(struct core *c, const struct station *s, const struct signing_ask *q,
	const struct csr_facts *f, char why[300])
{
	const struct station *other =
		f->common_name[0] ? identity_holder(c, s, f->common_name) : NULL;
	int bad;

	/* Whatever it is for: no certificate names another station. */
	if (other) {
		snprintf(why, 300, "its common name is the serial number of station %s", other->id);
		return -1;
	}
	if (s->connected_profile == 3 && issued_is_revoked(c, s->identity.fingerprint)) {
		snprintf(why, 300,
			"the certificate that it is connected with was revoked: who has its key "
			"gets no other one");
		return -1;
	}
	bad = judge_organisation(c->config->trust, f, why);
	if (!bad)
		bad = q->use == ISSUED_V2G ? judge_v2g_name(c, s, q, f, why)
					   : judge_station_name(s, f, why);
	return bad ? bad : issued_judge_key(c, s->id, f->key_hash, why);
}

/* -- taking -------------------------------------------------------------------------------------- */

static struct signing_order *order_of_key(
	struct signing *g, const char *station, enum issued_use use, const char *key_hash)
{
	struct signing_order *o;

	DL_FOREACH (g->orders, o)
		if (o->use == use && strcmp(o->key_hash, key_hash) == 0 &&
			strcasecmp(o->station, station) == 0)
			return o;
	return NULL;
}

static int open_of(const struct signing *g, const char *station)
{
	const struct signing_order *o;
	int n = 0;

	DL_FOREACH (g->orders, o)
		n += strcasecmp(o->station, station) == 0;
	return n;
}

/* The answer to the request before was lost: what was signed for this key is what it gets again. */
static const struct issued_certificate *issued_before(
	const struct core *c, const char *key_hash, enum issued_use use)
{
	const struct issued_certificate *i = issued_of_key(c, key_hash);
	int64_t left_ms = i ? i->not_after.ms - clock_wall().ms : 0;

	return i && i->use == use && i->state != EVENT_ISSUED_STATE_REJECTED &&
			       left_ms > c->config->trust->renew_days * 24 * HOUR_MS
		       ? i
		       : NULL;
}

static int take(struct core *c, struct station *s, const struct signing_ask *q,
	const struct csr_facts *f, char id[37], char why[300])
{
	struct signing *g = c->signing;
	struct signing_order *o = order_of_key(g, s->id, q->use, f->key_hash);
	const struct issued_certificate *i;

	if (o) { /* it lost patience, not its key */
		snprintf(id, 37, "%s", o->id);
		return 0;
	}
	if (g->count >= SIGNING_OPEN_MAX || open_of(g, s->id) >= SIGNING_STATION_MAX) {
		snprintf(why, 300, "too many requests are open already");
		return -1;
	}
	o = signing_order_add(g, s, q->use, f->key_hash, q->csr);
	if (!o) {
		snprintf(why, 300, "out of memory");
		return -1;
	}
	if ((i = issued_before(c, f->key_hash, q->use)) != NULL)
		snprintf(o->fingerprint, sizeof o->fingerprint, "%s", i->fingerprint);
	snprintf(id, 37, "%s", o->id);
	signing_order_begin(o);
	return 0;
}

int signing_ask(
	struct core *c, struct station *s, const struct signing_ask *q, char id[37], char why[300])
{
	struct csr_facts facts;
	char words[200];

	id[0] = '\0';
	if (!c->signing || !c->signing->authority) {
		snprintf(why, 300, "no authority signs here (trust.authority)");
		return -1;
	}
	if (asks_too_often(c->signing, s->id)) {
		snprintf(why, 300, "more than %d requests of this station in an hour",
			SIGNING_HOUR_MAX);
		return -1;
	}
	if (csr_read(q->csr, &facts, words)) {
		snprintf(why, 300, "%s", words);
		return -1;
	}
	if (judge(c, s, q, &facts, why) || signing_length_judge(c->signing, s, q->use, &facts, why))
		return -1;
	return take(c, s, q, &facts, id, why);
}

/* -- from outside --------------------------------------------------------------------------------- */

void signing_station_ready(struct core *c, struct station *s)
{
	struct signing_order *o;

	if (!c->signing)
		return;
	DL_FOREACH (c->signing->orders, o)
		if (o->state == EVENT_SIGNING_STATE_SENDING && !o->command[0] &&
			strcasecmp(o->station, s->id) == 0)
			signing_order_wake(o);
}

void signing_station_gone(struct core *c, const char *station)
{
	struct signing_order *o, *next;

	if (!c->signing)
		return;
	DL_FOREACH_SAFE (c->signing->orders, o, next)
		if (strcasecmp(o->station, station) == 0)
			signing_order_end(o, EVENT_SIGNING_STATE_FAILED, "the station was removed");
}

int signing_count(const struct core *c)
{
	return c->signing ? c->signing->count : 0;
}

bool signing_is_open(const struct core *c, const char *station, enum issued_use use)
{
	const struct signing_order *o;

	if (!c->signing)
		return false;
	DL_FOREACH (c->signing->orders, o)
		if (o->use == use && strcasecmp(o->station, station) == 0)
			return true;
	return false;
}

int signing_renew(struct core *c, struct station *s, const struct signing_renewal *r, char id[37],
	struct schema_error *err)
{
	static const char *const triggers[] = {
		[ISSUED_STATION] = "SignChargingStationCertificate",
		[ISSUED_V2G] = "SignV2GCertificate",
		[ISSUED_BOTH] = "SignCombinedCertificate",
	};
	char payload[200];
	struct command_request req = {
		.action = "TriggerMessage",
		.payload = payload,
		.actor = r->actor,
		.why = r->why,
		.ended = r->ended,
		.arg = r->arg,
	};

	if (r->evse)
		snprintf(payload, sizeof payload,
			"{\"requestedMessage\":\"%s\",\"evse\":{\"id\":%lld}}", triggers[r->use],
			(long long)r->evse);
	else
		snprintf(
			payload, sizeof payload, "{\"requestedMessage\":\"%s\"}", triggers[r->use]);
	return command_start(c, s, &req, id, err);
}

void signing_describe(const struct core *c, char out[300])
{
	if (c->signing && c->signing->authority)
		authority_describe(c->signing->authority, out);
	else
		snprintf(out, 300, "nobody");
}

/* -- life ---------------------------------------------------------------------------------------- */

static void take_up(struct signing *g, const struct db_signing *row)
{
	const struct station *s = fleet_station(&g->core->fleet, row->station);
	int use = issued_use_find(row->type),
	    state = schema_enum_find(&event_signing_state_enum, row->state);
	struct signing_order *o = s && use >= 0 && state >= 0 ? calloc(1, sizeof *o) : NULL;

	if (!o)
		return;
	o->owner = g;
	snprintf(o->id, sizeof o->id, "%s", row->id);
	snprintf(o->station, sizeof o->station, "%s", row->station);
	snprintf(o->key_hash, sizeof o->key_hash, "%s", row->key_hash);
	snprintf(o->fingerprint, sizeof o->fingerprint, "%s",
		row->fingerprint ? row->fingerprint : "");
	snprintf(o->command, sizeof o->command, "%s", row->command ? row->command : "");
	snprintf(o->note, sizeof o->note, "%s", row->note ? row->note : "");
	o->csr = strdup(row->csr);
	o->use = (enum issued_use)use;
	o->state = (enum event_signing_state)state;
	o->tries = (int)row->tries;
	o->next_at = row->next_at;
	DL_APPEND(g->orders, o);
	g->count++;
}

#define LENGTHS_FROM 100 /* newest requests and certificates */

/* What the authority's newest chains were like. */
static void read_lengths(struct db_reader *db, struct stored *w)
{
	const struct db_issued_filter f = {.chains = true, .limit = LENGTHS_FROM};
	struct db_issued_list issued = {0};
	struct db_signing_list asked = {0};
	struct signing *g = w->user;

	if (!g->authority || db_query_issued(db, &f, w->arena, &issued) ||
		db_query_signings(db, NULL, false, LENGTHS_FROM, w->arena, &asked))
		return;
	for (size_t i = 0; i < issued.count; i++)
		for (size_t j = 0; j < asked.count; j++)
			if (strcmp(issued.items[i].signing, asked.items[j].id) == 0 &&
				strcmp(issued.items[i].authority, authority_name(g->authority)) ==
					0)
				signing_length_learn(g,
					(enum issued_use)issued_use_find(issued.items[i].type),
					asked.items[j].csr, issued.items[i].chain);
}

static void read_rows(struct db_reader *db, void *arg)
{
	struct stored *w = arg;
	struct db_signing_list list = {0};

	if (db_query_signings(db, NULL, true, -1, w->arena, &list))
		w->failed = true;
	for (size_t i = list.count; i > 0; i--)
		take_up(w->user, &list.items[i - 1]);
	read_lengths(db, w);
}

static struct authority *open_authority(struct core *c, char why[300])
{
	char folder[600];
	const struct authority_setup setup = {
		.loop = c->loop,
		.config = c->config->trust,
		.folder = folder,
		.config_folder = c->config_folder,
	};

	snprintf(folder, sizeof folder, "%.500s/pki", c->data_dir);
	return authority_create(&setup, why);
}

struct signing *signing_create(struct core *c, char why[300])
{
	struct signing *g = calloc(1, sizeof *g);

	if (!g) {
		snprintf(why, 300, "out of memory");
		return NULL;
	}
	g->core = c;
	if (c->config->trust->authority != CONFIG_AUTHORITY_OFF &&
		!(g->authority = open_authority(c, why))) {
		free(g);
		return NULL;
	}
	if (stored_read(g->core, read_rows, g, "requests for certificates", why)) {
		signing_destroy(g);
		return NULL;
	}
	c->signing = g;
	signing_go_on(g);
	return g;
}

void signing_destroy(struct signing *g)
{
	struct signing_order *o, *next;
	struct signing_station *s, *after;

	if (!g)
		return;
	authority_destroy(g->authority);
	DL_FOREACH_SAFE (g->orders, o, next)
		signing_order_free(o);
	HASH_ITER (hh, g->stations, s, after) {
		timer_stop(g->core->timers, &s->timer);
		HASH_DEL(g->stations, s);
		free(s);
	}
	g->core->signing = NULL;
	free(g);
}
