/* The table of reach, and who passes it. */
#include "csms/api/reach.h"

#include <string.h>

#include "csms/alarms.h"
#include "csms/command.h"
#include "csms/power/envelope.h"
#include "csms/files/files.h"
#include "schemas/rows.h"

#define V1 "/api/v1"

struct reach_row {
	const char *method, *pattern;
	enum reach_kind kind;
};

/* In the order of routes.c. clang-format off: one row a line. */
/* clang-format off */
static const struct reach_row rows[] = {
	{"GET", V1, REACH_FREE},
	{"GET", V1 "/permissions", REACH_FREE},
	{"POST", V1 "/sign-in", REACH_FREE},
	{"GET", V1 "/sign-in/with", REACH_FREE},
	{"POST", V1 "/sign-in/with/{id}", REACH_FREE},
	{"GET", V1 "/sign-in/with/{id}", REACH_FREE},
	{"POST", V1 "/sign-out", REACH_FREE},
	{"GET", V1 "/session", REACH_FREE},
	{"GET", V1 "/sessions", REACH_FREE},
	{"DELETE", V1 "/sessions/{id}", REACH_FREE},
	{"POST", V1 "/sign-out-everywhere", REACH_FREE},
	{"POST", V1 "/password", REACH_FREE},
	{"POST", V1 "/second-factor", REACH_FREE},
	{"PUT", V1 "/second-factor", REACH_FREE},
	{"POST", V1 "/second-factor/remove", REACH_FREE},
	{"GET", V1 "/users", REACH_DEPOT},
	{"PUT", V1 "/users/{name}", REACH_DEPOT},
	{"POST", V1 "/users/{name}/reset", REACH_DEPOT},
	{"POST", V1 "/users/{name}/sign-out", REACH_DEPOT},
	{"GET", V1 "/users/{name}/sessions", REACH_DEPOT},
	{"DELETE", V1 "/users/{name}/sessions/{id}", REACH_DEPOT},
	{"POST", V1 "/users/{name}/second-factor/remove", REACH_DEPOT},
	{"POST", V1 "/links", REACH_DEPOT},
	{"GET", V1 "/api-tokens", REACH_DEPOT},
	{"POST", V1 "/api-tokens", REACH_DEPOT},
	{"DELETE", V1 "/api-tokens/{id}", REACH_DEPOT},
	{"GET", V1 "/stations", REACH_CUT},
	{"GET", V1 "/stations/{id}", REACH_STATION},
	{"PUT", V1 "/stations/{id}", REACH_STATION},
	{"DELETE", V1 "/stations/{id}", REACH_STATION},
	{"POST", V1 "/stations/{id}/calls", REACH_STATION},
	{"POST", V1 "/stations/{id}/commands", REACH_STATION},
	{"POST", V1 "/stations/{id}/commands/try", REACH_STATION},
	{"GET", V1 "/command-forms", REACH_FREE},
	{"GET", V1 "/command-forms/{action}", REACH_FREE},
	{"GET", V1 "/commands", REACH_CUT},
	{"GET", V1 "/commands/{id}", REACH_CUT},
	{"DELETE", V1 "/commands/{id}", REACH_COMMAND},
	{"GET", V1 "/calls", REACH_CUT},
	{"GET", V1 "/stations/{id}/variables", REACH_STATION},
	{"GET", V1 "/variables", REACH_CUT},
	{"POST", V1 "/variables", REACH_BODY},
	{"POST", V1 "/password-rotation", REACH_BODY},
	{"GET", V1 "/jobs/{id}", REACH_CUT},
	{"GET", V1 "/compare", REACH_CUT},
	{"GET", V1 "/stations/{id}/monitors", REACH_STATION},
	{"GET", V1 "/stations/{id}/alerts", REACH_STATION},
	{"GET", V1 "/alerts", REACH_CUT},
	{"GET", V1 "/stations/{id}/displays", REACH_STATION},
	{"GET", V1 "/stations/{id}/customer-reports", REACH_STATION},
	{"GET", V1 "/stations/{id}/profiles", REACH_STATION},
	{"GET", V1 "/stations/{id}/composite", REACH_STATION},
	{"POST", V1 "/stations/{id}/logs", REACH_STATION},
	{"GET", V1 "/files", REACH_CUT},
	{"GET", V1 "/files/{id}", REACH_FILE},
	{"DELETE", V1 "/files/{id}", REACH_FILE},
	{"GET", V1 "/firmware", REACH_FREE},
	{"POST", V1 "/firmware", REACH_DEPOT},
	{"PUT", V1 "/firmware/{id}/signature", REACH_DEPOT},
	{"DELETE", V1 "/firmware/{id}", REACH_DEPOT},
	{"POST", V1 "/stations/{id}/firmware", REACH_STATION},
	{"GET", V1 "/campaigns", REACH_CUT},
	{"POST", V1 "/campaigns", REACH_BODY},
	{"GET", V1 "/campaigns/{id}", REACH_CUT},
	{"DELETE", V1 "/campaigns/{id}", REACH_DEPOT},
	{"GET", V1 "/stations/{id}/identity", REACH_STATION},
	{"PUT", V1 "/stations/{id}/identity", REACH_STATION},
	{"GET", V1 "/stations/{id}/security-events", REACH_STATION},
	{"GET", V1 "/stations/{id}/certificates", REACH_STATION},
	{"GET", V1 "/manufacturer-roots", REACH_FREE},
	{"PUT", V1 "/manufacturer-roots/{name}", REACH_DEPOT},
	{"DELETE", V1 "/manufacturer-roots/{name}", REACH_DEPOT},
	{"GET", V1 "/contract-roots", REACH_FREE},
	{"PUT", V1 "/contract-roots/{kind}/{name}", REACH_DEPOT},
	{"DELETE", V1 "/contract-roots/{kind}/{name}", REACH_DEPOT},
	{"GET", V1 "/authority", REACH_FREE},
	{"GET", V1 "/certificate-requests", REACH_CUT},
	{"GET", V1 "/issued-certificates", REACH_CUT},
	{"GET", V1 "/issued-certificates/{fingerprint}", REACH_CUT},
	{"POST", V1 "/issued-certificates/{fingerprint}/revoke", REACH_DEPOT},
	{"POST", V1 "/certificate-hashes", REACH_FREE},
	{"GET", V1 "/authority/rollover", REACH_CUT},
	{"POST", V1 "/authority/rollover", REACH_DEPOT},
	{"GET", V1 "/certificate-calendar", REACH_CUT},
	{"POST", V1 "/certificate-calendar/look", REACH_DEPOT},
	{"GET", V1 "/tokens", REACH_CUT},
	{"GET", V1 "/tokens/{type}/{value}", REACH_CUT},
	{"PUT", V1 "/tokens/{type}/{value}", REACH_DEPOT},
	{"DELETE", V1 "/tokens/{type}/{value}", REACH_DEPOT},
	{"GET", V1 "/vehicles", REACH_CUT},
	{"GET", V1 "/vehicles/{id}", REACH_VEHICLE},
	{"PUT", V1 "/vehicles/{id}", REACH_DEPOT},
	{"DELETE", V1 "/vehicles/{id}", REACH_DEPOT},
	{"PUT", V1 "/vehicles/{id}/identities", REACH_DEPOT},
	{"POST", V1 "/vehicles/{id}/soc", REACH_VEHICLE},
	{"GET", V1 "/vehicles/{id}/readings", REACH_VEHICLE},
	{"GET", V1 "/trips", REACH_CUT},
	{"PUT", V1 "/trips/{id}", REACH_DEPOT},
	{"DELETE", V1 "/trips/{id}", REACH_DEPOT},
	{"POST", V1 "/trips/import", REACH_DEPOT},
	{"GET", V1 "/rosters", REACH_CUT},
	{"PUT", V1 "/rosters/{id}", REACH_DEPOT},
	{"DELETE", V1 "/rosters/{id}", REACH_DEPOT},
	{"GET", V1 "/consumption", REACH_FREE},
	{"GET", V1 "/readiness", REACH_CUT},
	{"GET", V1 "/chances", REACH_FREE},
	{"GET", V1 "/telematics/sources", REACH_FREE},
	{"POST", V1 "/telematics/sources/{id}/token", REACH_DEPOT},
	{"DELETE", V1 "/telematics/sources/{id}/token", REACH_DEPOT},
	{"GET", V1 "/telematics/aside", REACH_CUT},
	{"PUT", V1 "/telematics/aside/{id}", REACH_DEPOT},
	{"POST", V1 "/telematics/aside/{id}/replay", REACH_DEPOT},
	{"POST", V1 "/telematics/replay", REACH_DEPOT},
	{"DELETE", V1 "/telematics/aside/{id}", REACH_DEPOT},
	{"GET", V1 "/local-lists", REACH_CUT},
	{"PUT", V1 "/stations/{id}/local-list", REACH_STATION},
	{"POST", V1 "/stations/{id}/local-list/sync", REACH_STATION},
	{"POST", V1 "/authorization-cache/clear", REACH_BODY},
	{"GET", V1 "/reservations", REACH_CUT},
	{"POST", V1 "/reservations", REACH_BODY},
	{"DELETE", V1 "/reservations/{station}/{id}", REACH_STATION},
	{"GET", V1 "/transactions", REACH_CUT},
	{"GET", V1 "/transactions/{station}/{id}", REACH_STATION},
	{"GET", V1 "/transactions/{station}/{id}/course", REACH_STATION},
	{"GET", V1 "/transactions/{station}/{id}/signed", REACH_STATION},
	{"GET", V1 "/transactions/{station}/{id}/meter-values", REACH_STATION},
	{"GET", V1 "/overview", REACH_CUT},
	{"POST", V1 "/stations/{id}/network-profile", REACH_STATION},
	{"GET", V1 "/tree", REACH_CUT},
	{"GET", V1 "/grid", REACH_CUT},
	{"PUT", V1 "/grid", REACH_DEPOT},
	{"POST", V1 "/grid/text", REACH_DEPOT},
	{"GET", V1 "/settings", REACH_DEPOT},
	{"PUT", V1 "/grid/nodes/{id}", REACH_NODE},
	{"DELETE", V1 "/grid/nodes/{id}", REACH_NODE},
	{"PUT", V1 "/grid/meters/{id}", REACH_DEPOT},
	{"DELETE", V1 "/grid/meters/{id}", REACH_DEPOT},
	{"GET", V1 "/plan", REACH_CUT},
	{"GET", V1 "/storage", REACH_CUT},
	{"POST", V1 "/discharge/stop", REACH_DEPOT},
	{"POST", V1 "/discharge/release", REACH_DEPOT},
	{"GET", V1 "/fleet/flexibility", REACH_DEPOT},
	{"GET", V1 "/plan/explain", REACH_CUT},
	{"GET", V1 "/plans", REACH_CUT},
	{"POST", V1 "/plans/{id}/approve", REACH_BODY},
	{"POST", V1 "/plans/{id}/reject", REACH_BODY},
	{"GET", V1 "/nodes/{id}/mode", REACH_NODE},
	{"PUT", V1 "/nodes/{id}/mode", REACH_NODE},
	{"POST", V1 "/plans/{id}/replay", REACH_DEPOT},
	{"GET", V1 "/plans/{id}/diff", REACH_CUT},
	{"POST", V1 "/whatif", REACH_DEPOT},
	{"GET", V1 "/meters", REACH_CUT},
	{"GET", V1 "/meters/scans", REACH_DEPOT},
	{"POST", V1 "/meters/scans", REACH_DEPOT},
	{"GET", V1 "/meters/scans/{id}", REACH_DEPOT},
	{"DELETE", V1 "/meters/scans/{id}", REACH_DEPOT},
	{"GET", V1 "/meters/wiring", REACH_CUT},
	{"POST", V1 "/meters/wiring/reset", REACH_DEPOT},
	{"POST", V1 "/meters/walk", REACH_BODY},
	{"GET", V1 "/meters/walk", REACH_CUT},
	{"DELETE", V1 "/meters/walk", REACH_DEPOT},
	{"GET", V1 "/meters/{id}", REACH_METER},
	{"POST", V1 "/meters/{id}/ask", REACH_METER},
	{"GET", V1 "/meters/{id}/registers", REACH_METER},
	{"GET", V1 "/power", REACH_CUT},
	{"GET", V1 "/points", REACH_CUT},
	{"GET", V1 "/points/{name}", REACH_CUT},
	{"GET", V1 "/nodes/{id}/limits", REACH_NODE},
	{"GET", V1 "/envelopes", REACH_CUT},
	{"POST", V1 "/envelopes", REACH_BODY},
	{"POST", V1 "/envelopes/try", REACH_BODY},
	{"GET", V1 "/envelopes/{id}", REACH_CUT},
	{"DELETE", V1 "/envelopes/{id}", REACH_ENVELOPE},
	{"POST", V1 "/envelopes/{id}/accept", REACH_ENVELOPE},
	{"POST", V1 "/envelopes/{id}/refuse", REACH_ENVELOPE},
	{"GET", V1 "/envelopes/{id}/compliance", REACH_CUT},
	{"GET", V1 "/guard", REACH_CUT},
	{"GET", V1 "/stations/{id}/obedience", REACH_STATION},
	{"GET", V1 "/alarms", REACH_CUT},
	{"POST", V1 "/alarms/{id}/take", REACH_ALARM},
	{"POST", V1 "/alarms/{id}/hand_over", REACH_ALARM},
	{"POST", V1 "/alarms/{id}/put_aside", REACH_ALARM},
	{"GET", V1 "/stream", REACH_CUT},
	{"GET", V1 "/oscp/peers", REACH_CUT},
	{"POST", V1 "/oscp/peers", REACH_DEPOT},
	{"DELETE", V1 "/oscp/peers/{id}", REACH_DEPOT},
	{"POST", V1 "/oscp/peers/{id}/handshake", REACH_DEPOT},
	{"POST", V1 "/oscp/peers/{id}/adjust", REACH_DEPOT},
	{"GET", V1 "/tariffs", REACH_FREE},
	{"GET", V1 "/tariffs/{id}", REACH_FREE},
	{"POST", V1 "/tariffs/try", REACH_FREE},
	{"PUT", V1 "/tariffs/{id}", REACH_DEPOT},
	{"DELETE", V1 "/tariffs/{id}", REACH_DEPOT},
	{"GET", V1 "/prices", REACH_FREE},
	{"GET", V1 "/price-series", REACH_FREE},
	{"PUT", V1 "/price-series/{id}", REACH_DEPOT},
	{"POST", V1 "/price-series/{id}/fetch", REACH_DEPOT},
	{"GET", V1 "/costs", REACH_QUERY},
	{"GET", V1 "/costs/{station}/{transaction}", REACH_STATION},
	{"GET", V1 "/bill", REACH_DEPOT},
	{"GET", V1 "/journal", REACH_QUERY},
	{"GET", V1 "/approvals", REACH_CUT},
	{"POST", V1 "/approvals/{id}/approve", REACH_FREE},
	{"POST", V1 "/approvals/{id}/refuse", REACH_FREE},
	{"GET", V1 "/audit", REACH_DEPOT},
	{"GET", V1 "/audit/{seq}", REACH_DEPOT},
	{"GET", V1 "/wire", REACH_CUT},
	{"GET", V1 "/wire/export", REACH_QUERY},
	{"POST", V1 "/backup", REACH_DEPOT},
	{"GET", V1 "/metrics", REACH_DEPOT},
	{"GET", V1 "/livez", REACH_FREE},
	{"GET", V1 "/readyz", REACH_FREE},
	{"GET", "/metrics", REACH_DEPOT},
	{"GET", "/livez", REACH_FREE},
	{"GET", "/readyz", REACH_FREE},
};
/* clang-format on */

enum reach_kind reach_of(const struct route *r)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].pattern, r->pattern) == 0 &&
			strcmp(rows[i].method, r->method) == 0)
			return rows[i].kind;
	return REACH_UNSAID;
}

int reach_row_count(void)
{
	return (int)(sizeof(rows) / sizeof(rows[0]));
}

const char *reach_name(enum reach_kind kind)
{
	static const char *const names[] = {"unsaid", "all", "cut", "station", "node", "meter",
		"vehicle", "alarm", "limit", "command", "file", "body", "query", "whole depot"};

	return names[kind];
}

/* -- what a request names -------------------------------------------------------------------- */

/* What is named: nothing, only theirs, or something that is not. */
enum named { NAMED_NOTHING, NAMED_THEIRS, NAMED_OTHER };

static enum named judge(enum named before, bool is_theirs)
{
	return before == NAMED_OTHER || !is_theirs ? NAMED_OTHER : NAMED_THEIRS;
}

static bool stream_is_theirs(const struct scope *s, const char *stream)
{
	static const char begin[] = "station/";

	return strncmp(stream, begin, sizeof(begin) - 1) == 0 &&
	       scope_holds_station(s, stream + sizeof(begin) - 1);
}

/* Names of fields and parameters, and whose name stands there. */
static const struct {
	const char *name;
	bool (*holds)(const struct scope *s, const char *id);
	bool (*sees)(const struct scope *s, const char *id);
} names[] = {
	{"station", scope_holds_station, scope_holds_station},
	{"stations", scope_holds_station, scope_holds_station},
	{"a", scope_holds_station, scope_holds_station}, /* GET /compare */
	{"b", scope_holds_station, scope_holds_station},
	{"node", scope_holds_node, scope_sees_node},
	{"parent", scope_holds_node, scope_sees_node},
	{"vehicle", scope_holds_vehicle, scope_holds_vehicle},
	{"stream", stream_is_theirs, stream_is_theirs},
};

static int name_find(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return (int)i;
	return -1;
}

static enum named query_names(const struct ask *k, const struct scope *s)
{
	enum named found = NAMED_NOTHING;

	for (int i = 0; i < k->match.query_count; i++) {
		int n = name_find(k->match.query[i].name);
		if (n < 0)
			continue;
		/* A vehicle alone says nothing of where. */
		bool is_place = names[n].holds != scope_holds_vehicle;
		bool is_theirs = names[n].sees(s, k->match.query[i].value);
		if (is_place || !is_theirs)
			found = judge(found, is_theirs);
	}
	return found;
}

static enum named field_names(const struct scope *s, const struct schema_field *f, const char *at,
	int name, enum named found)
{
	const struct schema_strings *list = (const void *)at;
	const char *one;

	if (f->kind != SCHEMA_STRING && f->kind != SCHEMA_IDENT)
		return found;
	if (f->array) {
		for (size_t i = 0; i < list->count; i++)
			found = judge(found, names[name].holds(s, list->items[i]));
		return found;
	}
	memcpy(&one, at, sizeof(one));
	return one != NULL ? judge(found, names[name].holds(s, one)) : found;
}

static enum named body_names(const struct ask *k, const struct scope *s)
{
	const struct schema_struct *type = k->match.row->request;
	enum named found = NAMED_NOTHING;

	for (int i = 0; k->body != NULL && type != NULL && i < type->field_count; i++) {
		const struct schema_field *f = &type->fields[i];
		int n = name_find(f->name);
		if (n >= 0)
			found = field_names(s, f, (const char *)k->body + f->at, n, found);
	}
	return found;
}

/* -- what the path names --------------------------------------------------------------------- */

static bool alarm_is_theirs(const struct scope *s, const char *id)
{
	const struct alarm *x = alarm_find(s->core, id);

	return x != NULL && scope_holds_subject(s, x->subject);
}

static bool envelope_is_held(const struct scope *s, const char *id)
{
	const struct held_envelope *h = envelope_find(s->core, id);

	return h != NULL && scope_holds_node(s, h->node);
}

static bool envelope_is_seen(const struct scope *s, const char *id)
{
	const struct held_envelope *h = envelope_find(s->core, id);

	return h != NULL && scope_sees_node(s, h->node);
}

static bool command_is_theirs(const struct scope *s, const char *id)
{
	const struct command *c = command_find(s->core, id);
	struct command_view v;

	if (c == NULL)
		return false;
	command_look(c, &v);
	return scope_holds_station(s, v.station);
}

static bool file_is_theirs(const struct scope *s, const char *id)
{
	const struct file *f = s->core->files != NULL ? files_find(s->core->files, id) : NULL;

	return f != NULL && scope_holds_station(s, f->station);
}

static const struct {
	bool (*holds)(const struct scope *s, const char *id);
	bool (*sees)(const struct scope *s, const char *id);
} places[] = {
	[REACH_STATION] = {scope_holds_station, scope_holds_station},
	[REACH_NODE] = {scope_holds_node, scope_sees_node},
	[REACH_METER] = {scope_holds_meter, scope_sees_meter},
	[REACH_VEHICLE] = {scope_holds_vehicle, scope_holds_vehicle},
	[REACH_ALARM] = {alarm_is_theirs, alarm_is_theirs},
	[REACH_ENVELOPE] = {envelope_is_held, envelope_is_seen},
	[REACH_COMMAND] = {command_is_theirs, command_is_theirs},
	[REACH_FILE] = {file_is_theirs, file_is_theirs},
};

static bool path_is_theirs(const struct ask *k, const struct scope *s, enum reach_kind kind)
{
	bool only_reads = strcmp(k->match.row->method, "GET") == 0;

	return (only_reads ? places[kind].sees : places[kind].holds)(s, k->match.param[0]);
}

/* A station that is new, put at a place of theirs. */
static bool is_new_station(const struct ask *k, enum reach_kind kind)
{
	return kind == REACH_STATION && strcmp(k->match.row->method, "PUT") == 0 &&
	       fleet_station(&k->api->core->fleet, k->match.param[0]) == NULL;
}

bool reach_covers(const struct ask *k, const struct auth_who *who)
{
	const struct scope s = {k->api->core, who};
	enum reach_kind kind = reach_of(k->match.row);
	enum named body = NAMED_NOTHING;

	if (!scope_is_limited(who) || kind == REACH_FREE)
		return true;
	if (kind == REACH_UNSAID || kind == REACH_DEPOT)
		return false;
	if (kind == REACH_CUT)
		return query_names(k, &s) != NAMED_OTHER;
	if (kind == REACH_QUERY)
		return query_names(k, &s) == NAMED_THEIRS;
	body = body_names(k, &s);
	if (kind == REACH_BODY || is_new_station(k, kind))
		return body == NAMED_THEIRS;
	return body != NAMED_OTHER && path_is_theirs(k, &s, kind);
}

bool reach_allows_path(struct ask *k)
{
	enum reach_kind kind = reach_of(k->match.row);

	return kind == REACH_BODY || is_new_station(k, kind) || reach_allows(k);
}

bool reach_allows(struct ask *k)
{
	enum reach_kind kind;

	if (reach_covers(k, &k->who))
		return true;
	kind = reach_of(k->match.row);
	ask_problem(k, 403, NULL, "%s may do this only below %s%s%s", k->who.name, k->who.nodes[0],
		k->who.node_count > 1 ? " and other nodes" : "",
		kind == REACH_QUERY   ? ": say of which station in the query"
		: kind == REACH_DEPOT ? ", and it is about the whole depot"
				      : "");
	return false;
}
