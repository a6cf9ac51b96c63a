#include "csms/station/identity.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "csms/certificates/issued.h"
#include "csms/log.h"
#include "csms/pki/peer_check.h"
#include "csms/record.h"
#include "csms/stored.h"
#include "db/query_identity.h"

/* -- names -------------------------------------------------------------------------------------- */

static bool is_word_end(char c)
{
	return !isalnum((unsigned char)c) && (unsigned char)c < 0x80;
}

bool identity_has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; len && (at = strstr(at, word)) != NULL; at++)
		if ((at == text || is_word_end(at[-1])) && is_word_end(at[len]))
			return true;
	return false;
}

/* A00.FR.405, 511: the CN is the serial number, byte for byte: percent signs and capitals mean
 * nothing else than themselves. */
static bool names(const struct core *c, const char *common_name, const struct station *s)
{
	if (!s->identity.serial[0])
		return false;
	return c->config->trust->common_name == CONFIG_COMMON_NAME_CONTAINS
		       ? identity_has_word(common_name, s->identity.serial)
		       : strcmp(common_name, s->identity.serial) == 0;
}

const struct station *identity_holder(
	const struct core *c, const struct station *s, const char *serial)
{
	const struct station *other, *tmp;

	HASH_ITER (hh, c->fleet.stations, other, tmp)
		if (other != s && strcmp(other->identity.serial, serial) == 0)
			return other;
	return NULL;
}

bool identity_may_be_expired(const struct core *c, const char *common_name)
{
	const struct station *s, *tmp;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		if (s->identity.expired_allowed && names(c, common_name, s))
			return true;
	return false;
}

/* -- judging ------------------------------------------------------------------------------------ */

/* A00.FR.404 */
static bool has_trusted_organization(const struct core *c, const struct peer_facts *cert)
{
	const struct schema_strings *trusted = &c->config->trust->organizations;

	for (size_t i = 0; i < trusted->count; i++)
		for (int j = 0; j < cert->organization_count; j++)
			if (identity_has_word(cert->organizations[j], trusted->items[i]))
				return true;
	return trusted->count == 0;
}

const char *identity_refusal(
	const struct core *c, const struct station *s, const struct peer_facts *cert)
{
	static char why[200];

	if (!s->identity.serial[0])
		return "nobody knows its serial number, which its certificate names: "
		       "`depotctl identity STATION --serial N`";
	if (!names(c, cert->common_name, s))
		return "the CN of its certificate is not the station's serial number (A00.FR.405)";
	/* A maker's certificate names the maker. */
	if (!cert->is_factory && !has_trusted_organization(c, cert))
		return "the O of its certificate is none of trust.organizations (A00.FR.404)";
	if (cert->is_expired && !s->identity.expired_allowed)
		return "its certificate has expired, and nobody allowed that (A00.FR.429)";
	if (cert->is_factory && !s->identity.factory_allowed)
		return "its certificate is a maker's, and nobody allowed that (A00.FR.804)";
	if (issued_refused(c, s->id, cert->fingerprint, why))
		return why;
	/* That root vouches for what vehicles are shown; who logs in by it must have been given that. */
	if (cert->is_charger && !issued_is_combined(c, cert->fingerprint))
		return "its certificate is below the root of ISO 15118, and none that depotd gave it for "
		       "connections with us too";
	return NULL;
}

bool identity_boot_fits(const struct station *s, const char *serial)
{
	if (s->connected_profile != 3)
		return true;
	if (!serial) /* OCPP 1.6 need not say it */
		return strcmp(s->protocol, "ocpp1.6") == 0;
	return strcmp(serial, s->identity.serial) == 0;
}

/* -- what is journalled ------------------------------------------------------------------------- */

static void journal_seen(struct core *c, const struct station *s, const struct peer_facts *cert)
{
	struct arena *a = record_arena(c);
	struct event_station_certificate_seen *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	p->fingerprint = arena_strdup(a, cert->fingerprint);
	p->serial = arena_strdup(a, cert->serial);
	p->common_name = arena_strdup(a, cert->common_name);
	p->issuer = arena_printf(a, "%s", cert->issuer);
	p->not_after.ms = cert->not_after_ms;
	p->expired = cert->is_expired;
	p->factory = cert->is_factory;
	record_now(c, EVENT_STATION_CERTIFICATE_SEEN, "station", s->id, p, NULL, NULL);
}

int identity_change(
	struct core *c, struct station *s, const struct identity_change *to, char why[300])
{
	const char *serial = to->serial ? to->serial : s->identity.serial;
	const struct station *other = serial[0] ? identity_holder(c, s, serial) : NULL;
	struct arena *a = record_arena(c);
	struct event_station_identity_changed *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (other) {
		snprintf(why, 300,
			"station %s has the serial number %s already; a certificate is of one "
			"station (A00.FR.427)",
			other->id, serial);
		return -1;
	}
	if (!p) {
		snprintf(why, 300, "out of memory");
		return -1;
	}
	p->serial = serial[0] ? arena_strdup(a, serial) : NULL;
	p->source = arena_strdup(a, to->serial ? to->source : s->identity.source);
	p->expired_allowed = to->expired_allowed;
	p->factory_allowed = to->factory_allowed;
	p->why = to->why ? arena_printf(a, "%.200s", to->why) : NULL;
	record_now(c, EVENT_STATION_IDENTITY_CHANGED, "station", s->id, p, to->actor, NULL);
	if (to->serial) {
		snprintf(s->identity.serial, sizeof s->identity.serial, "%s", to->serial);
		snprintf(s->identity.source, sizeof s->identity.source, "%s", to->source);
	}
	s->identity.expired_allowed = to->expired_allowed;
	s->identity.factory_allowed = to->factory_allowed;
	fleet_touch(&c->fleet, s);
	return 0;
}

/* -- what happens ------------------------------------------------------------------------------- */

/* It has a better certificate now: the marks have done their work. */
static void drop_marks(struct core *c, struct station *s)
{
	const struct identity_change to = {
		.actor = "depotd", .why = "it came with a renewed certificate"};
	char why[300];

	if ((s->identity.expired_allowed || s->identity.factory_allowed) &&
		identity_change(c, s, &to, why))
		log_error("station %s: %s", s->id, why);
}

void identity_login(struct core *c, struct station *s, const struct peer_facts *cert)
{
	s->identity.is_restricted = cert && (cert->is_expired || cert->is_factory);
	if (!cert)
		return;
	if (strcmp(s->identity.fingerprint, cert->fingerprint) != 0) {
		journal_seen(c, s, cert);
		memcpy(s->identity.fingerprint, cert->fingerprint, sizeof cert->fingerprint);
	}
	issued_seen(c, s, cert->fingerprint);
	if (!s->identity.is_restricted) {
		drop_marks(c, s);
		return;
	}
	/* What it was accepted for before does not count until it has another certificate. */
	if (s->boot_status == EVENT_REGISTRATION_ACCEPTED)
		s->boot_status = EVENT_REGISTRATION_PENDING;
	log_warn("station %s: let in to renew its certificate, which %s: pending until then", s->id,
		cert->is_expired ? "has expired" : "is its maker's");
}

void identity_booted(struct core *c, struct station *s)
{
	const struct identity_change to = {
		.serial = s->serial,
		.source = "boot",
		.expired_allowed = s->identity.expired_allowed,
		.factory_allowed = s->identity.factory_allowed,
		.actor = "station's own word",
	};
	bool is_its_own = !s->identity.serial[0] || strcmp(s->identity.source, "boot") == 0;
	char why[300];

	if (s->connected_profile != 2 || !s->serial[0] || s->is_guest || !is_its_own ||
		strcmp(s->identity.serial, s->serial) == 0)
		return;
	if (identity_change(c, s, &to, why))
		log_warn("station %s: its serial number is not taken: %s", s->id, why);
}

/* -- start -------------------------------------------------------------------------------------- */

static void read_rows(struct db_reader *db, void *arg)
{
	struct stored *w = arg;
	struct db_identity_list list = {0};

	w->failed = db_query_identities(db, NULL, w->arena, &list) != 0;
	for (size_t i = 0; i < list.count; i++) {
		const struct db_identity *row = &list.items[i];
		struct station *s = fleet_station(&w->core->fleet, row->station);

		if (!s)
			continue;
		snprintf(s->identity.serial, sizeof s->identity.serial, "%s",
			row->serial ? row->serial : "");
		snprintf(s->identity.source, sizeof s->identity.source, "%s",
			row->source ? row->source : "");
		snprintf(s->identity.fingerprint, sizeof s->identity.fingerprint, "%s",
			row->fingerprint ? row->fingerprint : "");
		s->identity.expired_allowed = row->expired_allowed;
		s->identity.factory_allowed = row->factory_allowed;
	}
}

int identity_restore(struct core *c, char why[300])
{
	return stored_read(c, read_rows, NULL, "identities", why);
}
