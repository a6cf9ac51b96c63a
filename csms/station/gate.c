#include "csms/station/gate.h"
#include <stdio.h>
#include <string.h>
#include "csms/station/device.h"
#include "csms/station/identity.h"
#include "csms/log.h"
#include "csms/station/password.h"
#include "csms/station/refusal.h"
#include "csms/station/v16_password.h"
#include "ocpp/frame.h"

#define GUESTS_MAX 100 /* stations that nobody registered, with boot.unknown set to pending */

static void refuse(struct core *c, struct ws_gate_answer *ans, int status,
	const struct ws_gate_request *req, const char *why)
{
	ans->status = status;
	refusal_tell(c, &(struct refusal){.profile = req->profile,
				.status = status,
				.station = req->identity,
				.peer = req->peer,
				.why = why,
				.certificate = req->certificate});
}

/* -- passwords ---------------------------------------------------------------------------------- */

/* One spelling of the password that a 1.6 station sent. */
struct spelling {
	const struct station *station;
	int match; /* which of its passwords */
};

static bool spelling_fits(void *arg, const unsigned char *password, size_t len)
{
	struct spelling *k = arg;

	k->match = password_match(k->station, password, len);
	return k->match >= 0;
}

static int find_password(
	const struct station *s, const struct ws_gate_request *req, enum ocpp_version v)
{
	struct spelling k = {s, -1};

	if (v != OCPP_VERSION_1_6)
		return password_match(s, req->password, req->password_len);
	v16_password_fits(req->password, req->password_len, spelling_fits, &k);
	return k.match;
}

/* `match` is for password_used(). An unknown station costs as much as a known one: nobody learns
 * identities by the clock. */
static bool has_credentials(
	const struct station *s, const struct ws_gate_request *req, enum ocpp_version v, int *match)
{
	*match = req->has_basic ? find_password(s, req, v) : -1;

	/* A00.FR.207, 324: the user name is the identity in the URL. */
	return *match >= 0 && s && strcasecmp(req->user, s->id) == 0;
}

/* -- profiles ----------------------------------------------------------------------------------- */

bool gate_profile_fits(const struct station *s, int profile)
{
	if (profile >= s->security_profile) /* 0: none yet; a better one is welcome (A05) */
		return true;
	/* A05.FR.08 of the errata; never to 1 */
	return s->security_profile == 3 && profile == 2 &&
	       device_fact(s, DEVICE_MAY_DOWNGRADE, 0) == 1;
}

/* -- guests ------------------------------------------------------------------------------------- */

/* B01: with boot.unknown set to pending, a station that nobody registered is taken in without
 * credentials, pending, on the plain listener only: it can boot and be seen, nothing else. */
static bool is_guest(struct core *c, const struct station *s, const struct ws_gate_request *req)
{
	if (strcmp(c->config->boot->unknown, "pending") != 0 || req->profile != 1)
		return false;
	return !s || (s->policy == EVENT_REGISTRATION_PENDING && !s->password_hash[0]);
}

static int guests(const struct core *c)
{
	const struct station *s, *tmp;
	int n = 0;

	HASH_ITER (hh, c->fleet.stations, s, tmp)
		n += s->is_guest;
	return n;
}

static struct station *take_in(struct core *c, const struct ws_gate_request *req)
{
	struct event_station_registered reg = {
		.policy = EVENT_REGISTRATION_PENDING,
		.security_profile = 1,
		.node = "",
		.source = "unknown",
	};

	if (guests(c) >= GUESTS_MAX)
		return NULL;
	log_warn("station %s: nobody registered it; taken in as pending", req->identity);
	return fleet_put_station(&c->fleet, req->identity, &reg);
}

/* -- the gate ----------------------------------------------------------------------------------- */

/* Why a certificate does not let this station in, NULL: it does. A Basic header is not asked for,
 * but one that names another station is a contradiction. */
static const char *certificate_refusal(
	const struct core *c, const struct station *s, const struct ws_gate_request *req)
{
	if (!req->certificate)
		return "it showed no certificate";
	if (req->has_basic && strcasecmp(req->user, s->id) != 0)
		return "the user of its Basic header is not the identity in the URL";
	return identity_refusal(c, s, req->certificate);
}

/* Is it who it says it is? Else the answer was given. */
static bool is_proven(struct core *c, struct station **s, const struct ws_gate_request *req,
	enum ocpp_version v, int *match, struct ws_gate_answer *ans)
{
	const char *why;

	*match = -1;
	if (req->profile == 3) {
		why = *s ? certificate_refusal(c, *s, req) : "nobody registered it";
		if (why)
			refuse(c, ans, *s ? 403 : 404, req, why);
		return !why;
	}
	if (is_guest(c, *s, req)) {
		*s = *s ? *s : take_in(c, req);
		if (!*s)
			refuse(c, ans, 404, req,
				"nobody registered it, and there is no room for guests");
		return *s != NULL;
	}
	if (has_credentials(*s, req, v, match))
		return true;
	refuse(c, ans, *s ? 401 : 404, req,
		*s ? "wrong or missing password" : "nobody registered it");
	return false;
}

void gate_decide(void *core, const struct ws_gate_request *req, struct ws_gate_answer *ans)
{
	struct core *c = core;
	struct station *s = fleet_station(&c->fleet, req->identity);
	int match = -1;
	enum ocpp_version v = ocpp_version_negotiate(req->protocols,
		OCPP_VERSION_BIT(OCPP_VERSION_1_6) | OCPP_VERSION_BIT(OCPP_VERSION_2_0_1));

	if (c->is_stopping) {
		refuse(c, ans, 503, req, "depotd is stopping");
		return;
	}
	if (!is_proven(c, &s, req, v, &match, ans))
		return;
	if (!gate_profile_fits(s, req->profile)) {
		refuse(c, ans, 403, req,
			"it is registered for, or has come on, a higher security profile "
			"(A05.FR.07); an operator can lower it");
		return;
	}
	if (v == OCPP_VERSION_NONE) {
		refuse(c, ans, 400, req,
			"it offers no subprotocol that we speak (ocpp2.0.1, ocpp1.6)");
		if (c->config->listen->handshake_without_subprotocol == CONFIG_HANDSHAKE_CLOSE)
			*ans = (struct ws_gate_answer){
				.status = 101, .close_code = WS_CLOSE_PROTOCOL};
		return;
	}
	if (match >= 0)
		password_used(c, s, match);
	ans->status = 101;
	ans->protocol = ocpp_version_name(v);
	ans->user = s;
}
