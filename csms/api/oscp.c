/* Capacity providers: seen, registered, asked. csms/oscp/ talks to them. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_power.h"
#include "csms/power/envelope.h"
#include "csms/oscp/oscp.h"
#include "csms/view/words_setup.h"

/* -- looking --------------------------------------------------------------------------------- */

static const char *given(const char *s)
{
	return s != NULL && s[0] != '\0' ? s : NULL;
}

static void view_groups(
	const struct oscp_view *v, struct arena *a, struct api_oscp_group_view_list *out)
{
	out->items = arena_alloc(a, sizeof(*out->items) * (v->group_count + 1));
	for (size_t i = 0; out->items != NULL && i < v->group_count; i++, out->count++) {
		out->items[i].group = v->groups[i].group;
		out->items[i].node = v->groups[i].node;
	}
}

static void view_wishes(const struct oscp_view *v, struct arena *a, struct schema_strings *out)
{
	out->items = arena_alloc(a, sizeof(*out->items) * 2);
	if (out->items != NULL && v->wants_continuous)
		out->items[out->count++] = "CONTINUOUS";
	if (out->items != NULL && v->wants_intermittent)
		out->items[out->count++] = "INTERMITTENT";
}

static void view(const struct oscp_view *v, struct arena *a, struct api_oscp_peer_view *out)
{
	const struct oscp_counters *n = &v->counters;

	*out = (struct api_oscp_peer_view){
		.id = v->id,
		.name = v->name,
		.state = v->state,
		.has_changed_at = v->changed_at.ms != 0,
		.changed_at = v->changed_at,
		.next = given(v->next),
		.endpoint = v->endpoint,
		.url = given(v->url),
		.online = v->is_online,
		.online_why = given(v->presence_why),
		.has_handshake_at = v->handshake_at.ms != 0,
		.handshake_at = v->handshake_at,
		.has_heartbeat_s = v->has_heartbeat,
		.heartbeat_s = v->heartbeat_s,
		.has_last_heartbeat = v->heartbeat_at.ms != 0,
		.last_heartbeat = v->heartbeat_at,
		.has_offline_at = v->offline_at.ms != 0,
		.offline_at = v->offline_at,
		.adjust_request = given(v->adjust_id),
		.has_adjust_at = v->adjust_at.ms != 0,
		.adjust_at = v->adjust_at,
		.has_adjust_granted_at = v->adjust_granted_at.ms != 0,
		.adjust_granted_at = v->adjust_granted_at,
		.last_error = given(v->error),
		.has_last_error_at = v->error[0] != '\0',
		.last_error_at = v->error_at,
		.received = n->received,
		.refused = n->refused,
		.duplicates = n->duplicates,
		.sent = n->sent,
		.failed = n->failed,
		.measurements_sent = n->measurements,
	};
	view_groups(v, a, &out->groups);
	view_wishes(v, a, &out->measurements);
}

static void count_peer(struct words_peers *n, const struct oscp_view *v)
{
	bool is_registered = strcmp(v->state, "registered") == 0;
	const char *name = v->name != NULL && v->name[0] ? v->name : v->id;

	n->peers++;
	n->registered += is_registered;
	if (!is_registered && n->open_name == NULL)
		n->open_name = name;
	if (is_registered && !v->is_online && n->silent++ == 0)
		n->silent_name = name;
}

/* Limits of theirs that are not over. */
static void count_limits(const struct core *c, struct words_peers *n)
{
	for (const struct held_envelope *h = envelopes_first(c); h; h = h->next)
		if (strncmp(h->owner, "oscp/", 5) == 0 && !envelope_is_over(h->e.state)) {
			n->forecasts++;
			n->waiting += h->e.state == ENVELOPE_RECEIVED;
		}
}

static void say(struct ask *k, struct words_peers *n, struct api_oscp_peer_list *out)
{
	struct text t;

	count_limits(k->api->core, n);
	text_init(&t, 290);
	words_peers_sentence(&t, n);
	out->sentence = ask_words(k, &t);
	text_init(&t, 290);
	words_peers_sub(&t, n);
	out->sub = ask_words(k, &t);
}

void oscp_peers_list(struct ask *k)
{
	struct oscp *o = k->api->core->oscp;
	struct api_oscp_peer_list list = {.at = clock_wall()};
	int count = oscp_count(o);
	struct words_peers n = {0};
	struct oscp_view v;

	list.peers.items = arena_alloc(k->arena, sizeof(*list.peers.items) * (size_t)(count + 1));
	if (list.peers.items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	list.peers.count = (size_t)count;
	for (int i = 0; i < count; i++) {
		oscp_look(oscp_at(o, i), &v);
		view(&v, k->arena, &list.peers.items[i]);
		count_peer(&n, &v);
	}
	say(k, &n, &list);
	ask_reply(k, 200, &api_oscp_peer_list_type, &list);
}

static struct oscp_peer *find(struct ask *k, const char *id, const char *path)
{
	struct oscp_peer *p = oscp_find(k->api->core->oscp, id);

	if (p == NULL)
		ask_problem(k, 404, path,
			"there is no capacity provider \"%.40s\": name it under oscp.peers in the "
			"depot's file, with its groups and their nodes, and restart depotd",
			id);
	return p;
}

/* -- registration ---------------------------------------------------------------------------- */

struct beginning {
	struct oscp_peer *peer;
	char token[OSCP_TOKEN_SIZE];
};

static void on_begun(void *arg, int status, const char *text)
{
	struct ask *k = arg;
	const struct beginning *b = k->state;
	struct oscp_view v;

	if (status != 0) {
		ask_problem(k, 503, NULL, "the registration did not begin: %s", text);
		return;
	}
	oscp_look(b->peer, &v);
	ask_reply(k, 200, &api_oscp_peer_reply_type,
		&(struct api_oscp_peer_reply){.peer = v.id,
			.endpoint = v.endpoint,
			.token = given(b->token),
			.next = v.next});
}

void oscp_peer_post(struct ask *k)
{
	const struct api_oscp_peer_post *post = k->body;
	struct oscp_peer *p = find(k, post->peer, "peer");
	struct beginning *b;
	char why[300];

	if (p == NULL)
		return;
	b = arena_alloc(k->arena, sizeof(*b));
	if (b == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	b->peer = p;
	k->state = b;
	ask_hold(k);
	if (oscp_register(p, post->url, post->token, k->who.actor, b->token, on_begun, k, why) != 0)
		ask_problem(k, 409, NULL, "%s", why);
}

void oscp_peer_delete(struct ask *k)
{
	struct oscp_peer *p = find(k, k->match.param[0], NULL);
	char why[300];

	if (p == NULL)
		return;
	ask_hold(k);
	if (oscp_end(p, k->who.actor, ask_changed, k, why) != 0)
		ask_problem(k, 409, NULL, "%s", why);
}

/* -- asked of it ------------------------------------------------------------------------------ */

static void on_shaken(void *arg, int status, const char *text)
{
	struct ask *k = arg;

	if (status == 0)
		ask_done(k, text);
	else
		ask_problem(k, 502, NULL, "the handshake failed: %s", text);
}

void oscp_handshake_post(struct ask *k)
{
	struct oscp_peer *p = find(k, k->match.param[0], NULL);
	char why[300];

	if (p == NULL)
		return;
	ask_hold(k);
	if (oscp_handshake(p, on_shaken, k, why) != 0)
		ask_problem(k, 409, NULL, "%s", why);
}

/* Words of the API in the order of its enums, as OSCP's. */
static const enum oscp20_forecasted_block_unit units[] = {
	[API_OSCP_UNIT_W] = OSCP20_FORECASTED_BLOCK_UNIT_W,
	[API_OSCP_UNIT_KW] = OSCP20_FORECASTED_BLOCK_UNIT_KW,
	[API_OSCP_UNIT_A] = OSCP20_FORECASTED_BLOCK_UNIT_A,
	[API_OSCP_UNIT_WH] = OSCP20_FORECASTED_BLOCK_UNIT_WH,
	[API_OSCP_UNIT_KWH] = OSCP20_FORECASTED_BLOCK_UNIT_KWH,
};
static const enum oscp20_phase_indicator phases[] = {
	[API_OSCP_PHASE_ALL] = OSCP20_PHASE_INDICATOR_ALL,
	[API_OSCP_PHASE_ONE] = OSCP20_PHASE_INDICATOR_ONE,
	[API_OSCP_PHASE_TWO] = OSCP20_PHASE_INDICATOR_TWO,
	[API_OSCP_PHASE_THREE] = OSCP20_PHASE_INDICATOR_THREE,
	[API_OSCP_PHASE_UNKNOWN] = OSCP20_PHASE_INDICATOR_UNKNOWN,
};

/* False after a problem. */
static bool read_blocks(struct ask *k, const struct api_oscp_block_post_list *in,
	struct oscp20_forecasted_block_list *out)
{
	out->items = arena_alloc(k->arena, sizeof(*out->items) * in->count);
	if (out->items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return false;
	}
	for (size_t i = 0; i < in->count; i++) {
		const struct api_oscp_block_post *b = &in->items[i];
		if (b->to.ms <= b->from.ms) {
			ask_problem(k, 422, arena_printf(k->arena, "blocks[%zu].to", i),
				"blocks[%zu].to: must be after its from", i);
			return false;
		}
		out->items[out->count++] = (struct oscp20_forecasted_block){
			.capacity = b->capacity,
			.phase = phases[b->phase],
			.unit = units[b->unit],
			.start_time = b->from,
			.end_time = b->to,
		};
	}
	return true;
}

static void on_adjusted(void *arg, int status, const char *text)
{
	struct ask *k = arg;

	if (status == 0)
		ask_reply(k, 200, &api_oscp_adjust_reply_type,
			&(struct api_oscp_adjust_reply){.request = text});
	else
		ask_problem(k, 502, NULL, "the provider did not take the request: %s", text);
}

void oscp_adjust_post(struct ask *k)
{
	const struct api_oscp_adjust_post *post = k->body;
	struct oscp_peer *p = find(k, k->match.param[0], NULL);
	struct oscp20_group_capacity_forecast f = {.group_id = post->group,
		.type = post->type == API_OSCP_TYPE_GENERATION
				? OSCP20_CAPACITY_FORECAST_TYPE_GENERATION
				: OSCP20_CAPACITY_FORECAST_TYPE_CONSUMPTION};
	char why[300];

	if (p == NULL || !read_blocks(k, &post->blocks, &f.forecasted_blocks) ||
		!replay_begin(k->api->replay, k))
		return;
	ask_hold(k);
	if (oscp_adjust(p, &f, k->who.actor, on_adjusted, k, why) != 0)
		ask_problem(k, 409, NULL, "%s", why);
}
