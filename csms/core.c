#include "csms/core.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/charging/auth_cache.h"
#include "csms/station/call.h"
#include "csms/command.h"
#include "csms/power/control.h"
#include "csms/depot_check.h"
#include "csms/station/identity.h"
#include "csms/charging/local_list.h"
#include "csms/certificates/issued.h"
#include "csms/log.h"
#include "csms/station/password.h"
#include "csms/record.h"
#include "csms/certificates/signing.h"
#include "csms/secret.h"
#include "csms/station/session.h"
#include "csms/charging/token_window.h"
#include "csms/metering/values.h"

typedef void (*done_fn)(void *arg, int status, const char *why);

/* A change of configuration between its journal entry and its coming into force. */
struct change {
	struct core *core;
	struct arena *arena;
	char id[UTF8_SIZE(60)];
	struct event_station_registered *reg;
	struct placing placing;
	struct event_token_changed *token;
	char token_type[21], token_value[UTF8_SIZE(36)];
	done_fn done;
	void *arg;
};

static struct change *change_create(struct core *c, const char *id, done_fn done, void *arg)
{
	struct change *x = calloc(1, sizeof *x);

	if (!x || !(x->arena = arena_create(0))) {
		free(x);
		return NULL;
	}
	x->core = c;
	x->done = done;
	x->arg = arg;
	snprintf(x->id, sizeof x->id, "%s", id);
	return x;
}

static void change_end(struct change *x, int status, const char *why)
{
	if (x->done)
		x->done(x->arg, status, why);
	arena_destroy(x->arena);
	free(x);
}

static int no_memory(char why[300])
{
	snprintf(why, 300, "out of memory");
	return -1;
}

static void journal(struct core *c, int type, const char *kind, const char *id, const void *payload,
	const char *actor, void (*then)(void *, int, const char *), struct change *x)
{
	record_now(c, type, kind, id, payload, actor, NULL);
	record_then(c, then, x);
}

/* A deep copy of any described struct, by way of its own encoding. */
static void *copy_struct(const struct schema_struct *type, const void *value, struct arena *a)
{
	struct text t;
	struct schema_error err;
	void *out = NULL;

	text_init(&t, 0);
	if (schema_encode(type, value, &t) == 0)
		out = schema_decode(type, t.data, t.len, a, &err);
	text_finish(&t);
	return out;
}

/* -- stations --------------------------------------------------------------------------------- */

static bool needs_new_connection(
	const struct station *s, const struct event_station_registered *reg, bool new_password)
{
	if (!s || !s->session)
		return false;
	if (reg->security_profile > s->connected_profile)
		return true;
	/* its certificate is judged by what is in force now */
	if (reg->serial && s->connected_profile == 3 &&
		strcmp(reg->serial, s->identity.serial) != 0)
		return true;
	return new_password || reg->policy == EVENT_REGISTRATION_REJECTED;
}

static void ask_to_boot(struct core *c, struct station *s)
{
	struct schema_error err;
	struct call_request req = {
		.action = "TriggerMessage",
		.payload = "{\"requestedMessage\":\"BootNotification\"}",
		.actor = "depotd",
		.why = "its registration changed",
	};

	if (s->session && s->has_booted && s->boot_status != s->policy)
		call_queue_add(c, s, &req, NULL, &err);
}

static void station_in_force(void *arg, int status, const char *why)
{
	struct change *x = arg;
	struct core *c = x->core;
	struct station *old = fleet_station(&c->fleet, x->id), *s;
	char words[300];
	bool was_manual = old && old->is_manual;
	bool new_password = old && x->reg->password_hash &&
			    strcmp(old->password_hash, x->reg->password_hash) != 0;
	bool reconnect = needs_new_connection(old, x->reg, new_password);

	DL_DELETE(c->placings, &x->placing);
	if (status) {
		change_end(x, status, why);
		return;
	}
	s = fleet_put_station(&c->fleet, x->id, x->reg);
	if (!s) {
		change_end(x, -1, "out of memory");
		return;
	}
	s->registered_at = clock_wall();
	if (c->control && control_rebuild(c->control, words))
		log_error("tree: %s", words);
	if (old && was_manual != s->is_manual)
		control_handed_over(c->control, s);
	if (reconnect)
		session_close(s->session, WS_CLOSE_POLICY, "registration changed");
	else
		ask_to_boot(c, s);
	local_list_station(c, s);
	change_end(x, 0, NULL);
}

static const struct depot_node *node_of(const struct core *c, const char *id)
{
	for (size_t i = 0; i < c->depot->nodes.count; i++)
		if (strcasecmp(c->depot->nodes.items[i].id, id) == 0)
			return &c->depot->nodes.items[i];
	return NULL;
}

/* Security profile 3 goes by the serial number that the certificate names, which only one station
 * has (A00.FR.427). */
static int check_serial(
	struct core *c, const char *id, const struct event_station_registered *reg, char why[300])
{
	const struct station *old = fleet_station(&c->fleet, id), *other;
	const char *serial = reg->serial ? reg->serial : old ? old->identity.serial : "";

	if (reg->security_profile == 3 && !serial[0]) {
		snprintf(why, 300,
			"serial: security profile 3 needs the station's serial number, which its "
			"certificate names");
		return -1;
	}
	if (reg->serial && old && strcmp(reg->source, "file") != 0 &&
		strcmp(old->identity.source, "file") == 0 &&
		strcmp(serial, old->identity.serial) != 0) {
		snprintf(why, 300, "serial: it stands in the depot's file: change it there");
		return -1;
	}
	other = reg->serial ? identity_holder(c, old, reg->serial) : NULL;
	if (other)
		snprintf(why, 300, "serial: station %s has the serial number %s already", other->id,
			reg->serial);
	return other ? -1 : 0;
}

static int check_station(
	struct core *c, const char *id, const struct event_station_registered *reg, char why[300])
{
	if (depot_check_identity(id, why))
		return -1;
	if (!node_of(c, reg->node)) {
		snprintf(why, 300, "there is no node \"%s\" in the depot's file", reg->node);
		return -1;
	}
	if (check_serial(c, id, reg, why))
		return -1;
	for (size_t i = 0; i < reg->evses.count; i++)
		if (reg->evses.items[i].id != (int64_t)i + 1) {
			snprintf(why, 300,
				"evses[%zu].id must be %zu: OCPP numbers EVSEs from 1 without gaps",
				i, i + 1);
			return -1;
		}
	for (size_t i = 0; i < reg->evses.count; i++) {
		const struct event_evse *e = &reg->evses.items[i];

		if (e->rotation && !phases_fit(phases_rotation_find(e->rotation), (int)e->phases)) {
			snprintf(why, 300,
				"evses[%zu].rotation: \"%s\" is one phase but the EVSE has %lld", i,
				e->rotation, (long long)e->phases);
			return -1;
		}
	}
	return c->control ? control_check_registration(c->control, id, reg, why) : 0;
}

int core_put_station(struct core *c, const char *id, const struct event_station_registered *reg,
	const char *password, const char *actor, done_fn done, void *arg, char why[300])
{
	struct station *old = fleet_station(&c->fleet, id);
	struct change *x;
	char *hash;

	if (check_station(c, id, reg, why))
		return -1;
	x = change_create(c, old ? old->id : id, done, arg);
	if (!x)
		return no_memory(why);
	x->reg = copy_struct(&event_station_registered_type, reg, x->arena);
	hash = arena_alloc(x->arena, SECRET_HASH_SIZE);
	if (!x->reg || !hash) {
		x->done = NULL;
		change_end(x, -1, NULL);
		return no_memory(why);
	}
	if (password && old)
		password_forget_offers(c, old, actor);
	if (password)
		secret_hash(password, strlen(password), hash);
	else if (old)
		snprintf(hash, SECRET_HASH_SIZE, "%s", old->password_hash);
	x->reg->password_hash = hash[0] ? hash : NULL;
	x->placing = (struct placing){.id = x->id, .reg = x->reg};
	DL_APPEND(c->placings, &x->placing);
	journal(c, EVENT_STATION_REGISTERED, "station", x->id,
		copy_struct(&event_station_registered_type, x->reg, record_arena(c)), actor,
		station_in_force, x);
	return 0;
}

static void station_gone(void *arg, int status, const char *why)
{
	struct change *x = arg;
	struct core *c = x->core;
	struct station *s = fleet_station(&c->fleet, x->id);
	char words[300];

	if (status == 0 && s) {
		if (s->session) {
			struct session *old = s->session;

			call_connection_lost(c, s);
			old->station = NULL;
			session_close(old, WS_CLOSE_POLICY, "the station was removed");
		}
		commands_station_gone(s);
		signing_station_gone(c, s->id);
		local_list_station_gone(c, s->id);
		values_forget(c, s);
		fleet_remove_station(&c->fleet, s);
		if (control_rebuild(c->control, words))
			log_error("tree: %s", words);
	}
	change_end(x, status, why);
}

int core_remove_station(struct core *c, struct station *s, const char *actor, const char *reason,
	done_fn done, void *arg, char why[300])
{
	struct event_station_removed *p;
	struct change *x;

	for (int i = 0; i < s->evse_count; i++)
		if (s->evses[i].tx.is_open) {
			snprintf(why, 300, "EVSE %d has an open transaction; end it first",
				s->evses[i].id);
			return -1;
		}
	x = change_create(c, s->id, done, arg);
	if (!x)
		return no_memory(why);
	issued_withdraw(c, s->id, actor, reason);
	p = arena_alloc(record_arena(c), sizeof *p);
	if (p && reason)
		p->why = arena_strdup(record_arena(c), reason);
	journal(c, EVENT_STATION_REMOVED, "station", x->id, p, actor, station_gone, x);
	return 0;
}

/* -- tokens ----------------------------------------------------------------------------------- */

static void token_in_force(void *arg, int status, const char *why)
{
	struct change *x = arg;

	struct core *c = x->core;
	const struct token *old = fleet_token(&c->fleet, x->token->type, x->token->value);
	struct token *t = NULL;
	char before[20] = "";

	if (old)
		memcpy(before, old->status, sizeof before);
	if (status == 0 && !(t = fleet_put_token(&c->fleet, x->token))) {
		status = -1;
		why = "out of memory";
	}
	if (t) {
		local_list_token(c, t);
		auth_cache_token(c, t, before);
	}
	change_end(x, status, why);
}

/* What the request leaves out stays: to block a card must not take it from its vehicle. */
static void keep_of_old(const struct core *c, struct event_token_changed *t, struct arena *a)
{
	const struct token *found = fleet_token(&c->fleet, t->type, t->value);
	struct event_token_changed old;

	if (!found)
		return;
	token_event(found, a, &old);
	t->value = old.value; /* as first written: capitals do not make another token */
	const struct {
		const char **to, *from;
	} texts[] = {{&t->vehicle_id, old.vehicle_id}, {&t->group, old.group}, {&t->kind, old.kind},
		{&t->language, old.language}, {&t->language2, old.language2},
		{&t->message, old.message}};
	const struct {
		struct schema_strings *to, *from;
	} lists[] = {{&t->evses, &old.evses}, {&t->nodes, &old.nodes}, {&t->windows, &old.windows}};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!*texts[i].to)
			*texts[i].to = texts[i].from;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (!lists[i].to->items)
			*lists[i].to = *lists[i].from;
	if (!t->has_priority) {
		t->has_priority = old.has_priority;
		t->priority = old.priority;
	}
}

static int check_places(const struct core *c, const struct event_token_changed *t, char why[300])
{
	for (size_t i = 0; i < t->nodes.count; i++)
		if (!node_of(c, t->nodes.items[i])) {
			snprintf(why, 300, "nodes: there is no node \"%.60s\" in the depot's file",
				t->nodes.items[i]);
			return -1;
		}
	for (size_t i = 0; i < t->evses.count; i++) {
		const char *place = t->evses.items[i];
		char id[61];
		int n = (int)strcspn(place, "/");

		snprintf(id, sizeof id, "%.*s", n, place);
		if (!fleet_station(&c->fleet, id)) {
			snprintf(why, 300,
				"evses: \"%.60s\" must be a station (CP-1) or one of its EVSEs "
				"(CP-1/2)",
				place);
			return -1;
		}
	}
	return 0;
}

/* What rows cannot say of a token's rules. */
static int check_rules(const struct core *c, const struct event_token_changed *t, char why[300])
{
	if (t->kind && t->kind[0] && strcmp(t->kind, "ac") != 0 && strcmp(t->kind, "dc") != 0) {
		snprintf(why, 300, "kind: must be ac or dc but is \"%.10s\"", t->kind);
		return -1;
	}
	for (size_t i = 0; i < t->windows.count; i++)
		if (!token_window_is_sound(t->windows.items[i])) {
			snprintf(why, 300,
				"windows: must be hours like \"mon-fri 05:00-22:00\" or "
				"\"22:00-06:00\" but is \"%.40s\"",
				t->windows.items[i]);
			return -1;
		}
	/* C01.FR.10, FR.11 */
	if (t->language2 && t->language2[0] &&
		(!t->language || !t->language[0] || strcasecmp(t->language, t->language2) == 0)) {
		snprintf(why, 300, "language2: needs another language in `language`");
		return -1;
	}
	return check_places(c, t, why);
}

static int check_token(const struct core *c, const struct event_token_changed *t, char why[300])
{
	if (schema_enum_find(&ocpp201_id_token_enum, t->type) < 0) {
		snprintf(why, 300,
			"a token's type is one of Central, eMAID, ISO14443, ISO15693, KeyCode, "
			"Local, MacAddress, NoAuthorization but is \"%.20s\"",
			t->type);
		return -1;
	}
	if (schema_enum_find(&ocpp201_authorization_status_enum, t->status) < 0) {
		snprintf(why, 300,
			"a token's status is Accepted, Blocked, Expired, Invalid … but is \"%.20s\"",
			t->status);
		return -1;
	}
	if (t->vehicle_id && t->vehicle_id[0] && !fleet_vehicle(&c->fleet, t->vehicle_id)) {
		snprintf(why, 300, "there is no vehicle \"%.60s\" in the depot's file",
			t->vehicle_id);
		return -1;
	}
	return check_rules(c, t, why);
}

int core_put_token(struct core *c, const struct event_token_changed *t, const char *actor,
	done_fn done, void *arg, char why[300])
{
	struct event_token_changed merged = *t;
	struct change *x;
	char id[UTF8_SIZE(60)];
	int rc;

	x = change_create(c, "", done, arg);
	if (!x)
		return no_memory(why);
	keep_of_old(c, &merged, x->arena);
	snprintf(id, sizeof id, "%s/%s", merged.type, merged.value);
	rc = check_token(c, &merged, why);
	if (rc == 0) {
		x->token = copy_struct(&event_token_changed_type, &merged, x->arena);
		rc = x->token ? 0 : no_memory(why);
	}
	if (rc) {
		x->done = NULL;
		change_end(x, -1, NULL);
		return -1;
	}
	journal(c, EVENT_TOKEN_CHANGED, "token", id,
		copy_struct(&event_token_changed_type, x->token, record_arena(c)), actor,
		token_in_force, x);
	return 0;
}

static void token_gone(void *arg, int status, const char *why)
{
	struct change *x = arg;
	struct token *t = fleet_token(&x->core->fleet, x->token_type, x->token_value);

	if (status == 0 && t) {
		local_list_token_gone(x->core, t);
		fleet_remove_token(&x->core->fleet, t);
	}
	change_end(x, status, why);
}

int core_remove_token(
	struct core *c, struct token *t, const char *actor, done_fn done, void *arg, char why[300])
{
	struct event_token_removed gone = {.type = t->type, .value = t->value};
	struct change *x;
	char id[UTF8_SIZE(60)];

	snprintf(id, sizeof id, "%s/%s", t->type, t->value);
	x = change_create(c, id, done, arg);
	if (!x)
		return no_memory(why);
	snprintf(x->token_type, sizeof x->token_type, "%s", t->type);
	snprintf(x->token_value, sizeof x->token_value, "%s", t->value);
	journal(c, EVENT_TOKEN_REMOVED, "token", id,
		copy_struct(&event_token_removed_type, &gone, record_arena(c)), actor, token_gone,
		x);
	return 0;
}
