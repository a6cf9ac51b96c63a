#include "csms/oscp/oscp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "csms/api/auth.h"
#include "csms/log.h"
#include "csms/oscp/private.h"
#include "csms/record.h"
#include "db/query_oscp.h"

#define LOG_AGAIN_MS 600000

/* -- for the other files ------------------------------------------------------------------------- */

const char *oscp_text(struct core *c, const char *s)
{
	struct arena *a = s && s[0] ? record_arena(c) : NULL;

	return a ? arena_strdup(a, s) : NULL;
}

void oscp_record(struct oscp_peer *p, int type, const void *payload, const char *actor)
{
	record_now(p->oscp->core, type, "oscp", p->row->id, payload, actor, NULL);
}

void oscp_failed(struct oscp_peer *p, const char *fmt, ...)
{
	char words[sizeof p->error];
	wall_t now = clock_wall();
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	/* One that does not answer says the same with every heartbeat. */
	if (strcmp(words, p->error) != 0 || wall_diff_ms(now, p->error_logged_at) > LOG_AGAIN_MS) {
		log_warn("oscp %s: %s", p->row->id, words);
		p->error_logged_at = now;
	}
	memcpy(p->error, words, sizeof words);
	p->error_at = now;
	p->error_of = NULL;
}

void oscp_went_well(struct oscp_peer *p, const char *what)
{
	if (p->error_of ? strcmp(p->error_of, what) == 0 : strcmp(what, OSCP_FORECAST) != 0)
		p->error[0] = '\0';
}

int oscp_group_index(const struct oscp_peer *p, const char *group)
{
	for (size_t i = 0; i < p->row->groups.count; i++)
		if (strcmp(p->row->groups.items[i].group, group) == 0)
			return (int)i;
	return -1;
}

/* -- start --------------------------------------------------------------------------------------- */

static void drop_part(void *item)
{
	oscp_in_free(item);
}

/* A copy of the depot's section: the file may be read anew while we run. */
static const struct depot_oscp *copy_rows(struct oscp *o)
{
	const struct depot_oscp *from = o->core->depot->oscp;
	struct schema_error e;
	struct text t;
	const void *out = NULL;

	text_init(&t, 0);
	if (schema_encode(&depot_oscp_type, from, &t) == 0)
		out = schema_decode(&depot_oscp_type, t.data, t.len, o->arena, &e);
	text_finish(&t);
	return out;
}

static bool fill_peer(struct oscp *o, struct oscp_peer *p, const struct depot_oscp_peer *row)
{
	p->oscp = o;
	p->row = row;
	p->state = EVENT_OSCP_STATE_ENDED;
	p->segments.drop = drop_part;
	p->seen = calloc(OSCP_SEEN, sizeof *p->seen);
	p->groups = calloc(row->groups.count, sizeof *p->groups);
	return p->seen && p->groups;
}

static bool fill(struct oscp *o)
{
	const struct depot_oscp *rows = o->core->depot->oscp ? copy_rows(o) : NULL;

	if (!o->core->depot->oscp)
		return true;
	o->peers = rows ? calloc(rows->peers.count, sizeof *o->peers) : NULL;
	for (size_t i = 0; o->peers && i < rows->peers.count; i++, o->count++)
		if (!fill_peer(o, &o->peers[i], &rows->peers.items[i]))
			return false;
	return o->peers != NULL;
}

struct reading_in {
	struct oscp *oscp;
	struct arena *arena;
	const char *failed;
};

static void copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s ? s : "");
}

static void put_peer(struct oscp *o, const struct db_oscp_peer *row)
{
	struct oscp_peer *p = oscp_find(o, row->id);
	int state = row->state ? schema_enum_find(&event_oscp_state_enum, row->state) : -1;

	if (!p || state < 0 || state == EVENT_OSCP_STATE_ENDED)
		return;
	p->state = state;
	p->changed_at = row->changed_at;
	copy(p->url, sizeof p->url, row->url);
	copy(p->token_in, sizeof p->token_in, row->token_in);
	copy(p->token_file, sizeof p->token_file, row->token_out);
	if (row->handshake_id) {
		copy(p->handshake_id, sizeof p->handshake_id, row->handshake_id);
		p->heartbeat_s = row->has_heartbeat_s ? row->heartbeat_s : 0;
		p->wants_continuous = row->continuous;
		p->wants_intermittent = row->intermittent;
		p->handshake_at = row->handshake_at;
		p->is_online = row->online;
		copy(p->presence_why, sizeof p->presence_why, row->online_why);
	}
	if (p->token_file[0] && oscp_token_read(o->dir, p->token_file, p->token_out))
		oscp_failed(p,
			"the file of our token for it is missing from oscp/ in the data folder: "
			"restore it from a backup, or remove the registration and begin anew");
}

static void read_seen(struct db_reader *r, struct reading_in *in, struct oscp_peer *p)
{
	struct schema_strings ids = {0};

	if (db_query_oscp_received(r, p->row->id, OSCP_SEEN, in->arena, &ids))
		in->failed = "messages of capacity providers";
	for (size_t i = ids.count; i-- > 0; p->seen_next = (p->seen_next + 1) % OSCP_SEEN)
		copy(p->seen[p->seen_next], OSCP_ID_SIZE, ids.items[i]);
}

static void read_store(struct db_reader *r, void *arg)
{
	struct reading_in *in = arg;
	struct db_oscp_peer_list peers = {0};

	if (db_query_oscp_peers(r, in->arena, &peers))
		in->failed = "capacity providers";
	for (size_t i = 0; i < peers.count; i++)
		put_peer(in->oscp, &peers.items[i]);
	for (int i = 0; i < in->oscp->count; i++) {
		read_seen(r, in, &in->oscp->peers[i]);
		if (oscp_is_registered(&in->oscp->peers[i]))
			oscp_forecast_restore(&in->oscp->peers[i], r, in->arena);
	}
}

static int restore(struct oscp *o, char why[300])
{
	struct reading_in in = {.oscp = o, .arena = arena_create(0)};

	if (!in.arena || db_read_now(o->core->db, read_store, &in))
		in.failed = "capacity providers";
	arena_destroy(in.arena);
	if (in.failed) {
		snprintf(why, 300, "the store does not give its %s", in.failed);
		return -1;
	}
	oscp_tokens_sweep(o);
	return 0;
}

struct oscp *oscp_create(struct core *c, char why[300])
{
	struct oscp *o = calloc(1, sizeof *o);

	snprintf(why, 300, "out of memory");
	if (!o)
		return NULL;
	o->core = c;
	snprintf(o->dir, sizeof o->dir, "%s/oscp", c->data_dir);
	o->arena = arena_create(0);
	o->http = http_client_create(c->loop);
	o->failures = auth_create((int)c->config->limits->auth_failures_per_min);
	if (!o->arena || !o->http || !o->failures || !fill(o) || (o->count && restore(o, why)))
		return NULL; /* the process ends */
	return o;
}

/* A registration goes on where it was. */
static void resume(struct oscp_peer *p)
{
	if (oscp_is_registered(p))
		oscp_presence_begin(p, false);
	else
		oscp_registration_resume(p);
}

void oscp_set_url(struct oscp *o, const char *url)
{
	const struct depot_oscp *section = o->core->depot->oscp;

	snprintf(o->url, sizeof o->url, "%s" OSCP_PATH "/" OSCP_VERSION,
		section && section->url ? section->url : url);
	if (o->count)
		log_info("oscp: %d capacity providers may reach us at %s", o->count, o->url);
	oscp_limit_watch(o);
	oscp_comply_begin(o);
	for (int i = 0; i < o->count; i++)
		resume(&o->peers[i]);
}

/* -- looking ------------------------------------------------------------------------------------- */

int oscp_count(const struct oscp *o)
{
	return o ? o->count : 0;
}

struct oscp_peer *oscp_at(struct oscp *o, int index)
{
	return &o->peers[index];
}

struct oscp_peer *oscp_find(struct oscp *o, const char *id)
{
	for (int i = 0; i < oscp_count(o); i++)
		if (strcasecmp(o->peers[i].row->id, id) == 0)
			return &o->peers[i];
	return NULL;
}

/* What a person should do now, by state. */
static const char *const next_steps[] = {
	[EVENT_OSCP_STATE_OFFERED] =
		"give it the endpoint and the token that was shown once; it has to send Register",
	[EVENT_OSCP_STATE_ANSWERING] = "nothing: our Register is on its way to it",
	[EVENT_OSCP_STATE_ASKING] =
		"nothing, if no error is shown: our Register is on its way to it",
	[EVENT_OSCP_STATE_ASKED] = "nothing: it has to send its own Register to us",
	[EVENT_OSCP_STATE_REGISTERED] = "",
	[EVENT_OSCP_STATE_ENDED] =
		"begin: depotctl oscp add PEER makes a token for it; with --endpoint and "
		"--provider-token we use one that it made",
};

static const char *next_of(const struct oscp_peer *p)
{
	if (!oscp_is_registered(p))
		return next_steps[p->state];
	if (!p->handshake_at.ms)
		return "it has to send a handshake; until then it is not online";
	return p->is_online ? "" : "its fallbacks hold; it has to send heartbeats again";
}

void oscp_look(const struct oscp_peer *p, struct oscp_view *out)
{
	*out = (struct oscp_view){
		.id = p->row->id,
		.name = p->row->name,
		.state = event_oscp_state_enum.values[p->state],
		.url = p->url,
		.endpoint = p->oscp->url,
		.error = p->error,
		.presence_why = p->presence_why,
		.next = next_of(p),
		.is_registered = oscp_is_registered(p),
		.is_online = p->is_online,
		.has_heartbeat = p->heartbeat_s > 0,
		.heartbeat_s = p->heartbeat_s,
		.wants_continuous = p->wants_continuous,
		.wants_intermittent = p->wants_intermittent,
		.changed_at = p->changed_at,
		.handshake_at = p->handshake_at,
		.heartbeat_at = p->heartbeat_at,
		.offline_at = p->offline_at,
		.error_at = p->error_at,
		.adjust_id = p->adjust_id,
		.adjust_at = p->adjust_at,
		.adjust_granted_at = p->adjust_granted_at,
		.counters = p->counters,
		.group_count = p->row->groups.count,
		.groups = p->row->groups.items,
	};
}

void oscp_stop(struct oscp *o)
{
	if (!o || o->is_stopping)
		return;
	o->is_stopping = true;
	timer_stop(o->core->timers, &o->comply);
	for (int i = 0; i < o->count; i++) {
		struct timer *all[] = {&o->peers[i].gone, &o->peers[i].beat, &o->peers[i].measure,
			&o->peers[i].age, &o->peers[i].again};

		for (size_t j = 0; j < sizeof all / sizeof *all; j++)
			timer_stop(o->core->timers, all[j]);
	}
	http_client_destroy(o->http);
	o->http = NULL;
}
