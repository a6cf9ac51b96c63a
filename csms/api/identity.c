/* What certificate a station may come with, and came with last (security profile 3). */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_certificates.h"
#include "csms/station/identity.h"
#include "csms/record.h"
#include "csms/station/session.h"
#include "db/query.h"
#include "db/query_identity.h"

struct query {
	const char *station;
	struct db_identity_list list;
	const char *error;
};

/* -- looking ----------------------------------------------------------------------------------- */

static void get_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	if (db_query_identities(r, q->station, k->arena, &q->list) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void put_certificate(
	struct ask *k, const struct db_identity *i, struct api_station_identity *out)
{
	struct api_identity_certificate *c = arena_alloc(k->arena, sizeof(*c));

	if (i->fingerprint == NULL || c == NULL)
		return;
	*c = (struct api_identity_certificate){
		.common_name = i->common_name,
		.serial = i->certificate_serial,
		.issuer = i->issuer,
		.fingerprint = i->fingerprint,
		.not_after = i->not_after,
		.expired = i->expired,
		.factory = i->factory,
		.first_seen_at = i->seen_at,
	};
	out->certificate = c;
}

static void get_finish(struct ask *k)
{
	const struct query *q = k->state;
	const struct station *s = fleet_station(&k->api->core->fleet, q->station);
	const struct db_identity none = {0}, *i = q->list.count ? &q->list.items[0] : &none;
	struct api_station_identity out;

	if (q->error != NULL || s == NULL) {
		ask_problem(k, q->error ? 503 : 404, NULL, "%s",
			q->error ? q->error : "the station was removed");
		return;
	}
	out = (struct api_station_identity){
		.station = s->id,
		.security_profile = s->security_profile,
		.has_connected_profile = s->session != NULL,
		.connected_profile = s->connected_profile,
		.serial = s->identity.serial[0] ? s->identity.serial : NULL,
		.serial_source = s->identity.serial[0] ? s->identity.source : NULL,
		.expired_allowed = s->identity.expired_allowed,
		.factory_allowed = s->identity.factory_allowed,
		.restricted = s->session != NULL && s->identity.is_restricted,
		.why = i->why,
		.has_changed_at = i->changed_at.ms != 0,
		.changed_at = i->changed_at,
	};
	put_certificate(k, i, &out);
	ask_reply(k, 200, &api_station_identity_type, &out);
}

void station_identity_get(struct ask *k)
{
	struct station *s = ask_path_station(k);
	struct query *q = arena_alloc(k->arena, sizeof(*q));

	if (s == NULL)
		return;
	q->station = arena_strdup(k->arena, s->id);
	k->state = q;
	ask_read(k, get_work, get_finish);
}

/* -- changing ---------------------------------------------------------------------------------- */

/* What lets a station in that else would not be is a person's doing, with a reason. */
static bool check(struct ask *k, const struct station *s, const struct identity_change *to)
{
	bool opens = (to->expired_allowed && !s->identity.expired_allowed) ||
		     (to->factory_allowed && !s->identity.factory_allowed);

	if (opens && (to->why == NULL || to->why[0] == '\0')) {
		ask_problem(k, 422, "why",
			"why: say why %s may come with such a certificate; it is kept in the journal",
			s->id);
		return false;
	}
	if (to->serial != NULL && strcmp(s->identity.source, "file") == 0 &&
		strcmp(to->serial, s->identity.serial) != 0) {
		ask_problem(
			k, 409, "serial", "serial: it stands in the depot's file: change it there");
		return false;
	}
	if (to->serial != NULL && to->serial[0] == '\0' && s->security_profile == 3) {
		ask_problem(k, 409, "serial", "serial: security profile 3 needs it");
		return false;
	}
	return true;
}

void station_identity_put(struct ask *k)
{
	const struct api_station_identity_put *put = k->body;
	struct core *c = k->api->core;
	struct station *s = ask_path_station(k);
	char why[300];

	if (s == NULL)
		return;
	const struct identity_change to = {
		.serial = put->serial,
		.source = "api",
		.expired_allowed = put->has_expired_allowed ? put->expired_allowed
							    : s->identity.expired_allowed,
		.factory_allowed = put->has_factory_allowed ? put->factory_allowed
							    : s->identity.factory_allowed,
		.actor = k->who.actor,
		.why = put->why,
	};
	if (!check(k, s, &to) || !replay_begin(k->api->replay, k))
		return;
	if (identity_change(c, s, &to, why) != 0) {
		ask_problem(k, 409, "serial", "serial: %s", why);
		return;
	}
	/* Its certificate is judged by what is in force now. */
	if (s->session != NULL && s->connected_profile == 3)
		session_close(s->session, WS_CLOSE_POLICY, "registration changed");
	ask_hold(k);
	record_then(c, ask_changed, k);
}
