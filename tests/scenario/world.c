#include "tests/scenario/world.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "csms/alarms.h"
#include "csms/power/envelope.h"
#include "csms/command.h"
#include "csms/power/control.h"
#include "csms/charging/local_list.h"
#include "csms/log.h"
#include "csms/power/grid_edit.h"
#include "csms/metering/meters.h"
#include "csms/money/prices.h"
#include "csms/vehicles/roster.h"
#include "csms/vehicles/trips.h"
#include "csms/record.h"
#include "csms/charging/reservation.h"
#include "csms/restore.h"
#include "csms/station/session.h"
#include "db/query.h"
#include "tests/scenario/judge.h"
#include "tests/scenario/world_private.h"

#define DEFAULT_START    "2026-03-11T15:00:00Z"
#define DEFAULT_DELAY_MS 40
#define NOTICE_MS        20000 /* until missing pongs tell that a peer is gone */
#define SETTLE_MS        10000 /* for what nobody waits for: samples, frames out */

/* One connection. It lives as long as the world: texts on their way may still name it. */
struct conn {
	struct conn *next;
	struct world *world;
	int station;
	bool is_cut, has_closed; /* the station's end */
	struct session *session; /* depotd's end, NULL: not open there */
};

enum mail_kind { MAIL_CONNECT, MAIL_OPENED, MAIL_TEXT_IN, MAIL_TEXT_OUT, MAIL_CLOSE, MAIL_CLOSED };

struct mail {
	struct mail *next;
	int64_t due_ms;
	enum mail_kind kind;
	struct conn *conn;
	int code;
	size_t len;
	char text[];
};

/* -- wires ------------------------------------------------------------------------------------ */

static struct mail *post(
	struct conn *c, enum mail_kind kind, int64_t in_ms, const char *text, size_t len)
{
	struct world *w = c->world;
	struct mail *m = malloc(sizeof *m + len + 1), **at = &w->first;

	ck_assert_ptr_nonnull(m);
	*m = (struct mail){.due_ms = w->now_ms + in_ms, .kind = kind, .conn = c, .len = len};
	if (len)
		memcpy(m->text, text, len);
	m->text[len] = '\0';
	while (*at && (*at)->due_ms <= m->due_ms)
		at = &(*at)->next;
	m->next = *at;
	*at = m;
	return m;
}

/* The hook gets texts that end in NUL. */
static bool may_pass(struct world *w, int station, bool to_station, const char *text, size_t len)
{
	char *copy = w->opt.pass ? strndup(text, len) : NULL;
	struct world_frame f = {station, to_station, copy};
	bool ok = !copy || w->opt.pass(w->opt.ctx, &f);

	free(copy);
	return ok;
}

static void on_connect(void *ctx, int station)
{
	struct world *w = ctx;
	struct conn *c = calloc(1, sizeof *c);

	ck_assert_ptr_nonnull(c);
	c->world = w;
	c->station = station;
	c->next = w->conns;
	w->conns = w->lines[station] = c;
	post(c, MAIL_CONNECT, w->delay_ms, NULL, 0);
}

static void on_disconnect(void *ctx, int station, bool abrupt)
{
	struct world *w = ctx;
	struct conn *c = w->lines[station];

	if (!c || c->is_cut)
		return;
	c->is_cut = true;
	post(c, MAIL_CLOSED, 0, NULL, 0);
	post(c, MAIL_CLOSE, abrupt ? NOTICE_MS : w->delay_ms, NULL, 0)->code = abrupt ? 1006 : 1000;
}

static void on_send(void *ctx, int station, const char *text, size_t len)
{
	struct world *w = ctx;
	struct conn *c = w->lines[station];

	if (c && !c->is_cut && may_pass(w, station, false, text, len))
		post(c, MAIL_TEXT_IN, w->delay_ms, text, len);
}

static int link_send(void *conn, const char *text, size_t len)
{
	struct conn *c = conn;

	if (may_pass(c->world, c->station, true, text, len))
		post(c, MAIL_TEXT_OUT, c->world->delay_ms, text, len);
	return 0;
}

static void link_close(void *conn, int code, const char *why)
{
	struct conn *c = conn;

	(void)why;
	post(c, MAIL_CLOSED, c->world->delay_ms, NULL, 0);
	post(c, MAIL_CLOSE, 2 * c->world->delay_ms, NULL, 0)->code = code;
}

static const struct session_link link_functions = {.send = link_send, .close = link_close};

static void open_session(struct world *w, struct conn *c)
{
	struct station *s =
		w->is_alive ? fleet_station(&w->core.fleet, plant_station_id(w->plant, c->station))
			    : NULL;

	if (!s || c->is_cut) {
		post(c, MAIL_CLOSED, w->delay_ms, NULL, 0);
		return;
	}
	c->session = session_open(&w->core, s, c, &link_functions, 2,
		plant_station_speaks_v16(w->plant, c->station) ? OCPP_VERSION_1_6
							       : OCPP_VERSION_2_0_1,
		"127.0.0.1");
	ck_assert_ptr_nonnull(c->session);
	post(c, MAIL_OPENED, w->delay_ms, NULL, 0);
}

static void close_station_end(struct world *w, struct conn *c)
{
	if (c->has_closed)
		return;
	c->has_closed = c->is_cut = true;
	if (w->lines[c->station] != c)
		return;
	w->lines[c->station] = NULL;
	plant_closed(w->plant, c->station);
}

static void deliver(struct world *w, const struct mail *m)
{
	struct conn *c = m->conn;

	switch (m->kind) {
	case MAIL_CONNECT:
		open_session(w, c);
		break;
	case MAIL_OPENED:
		if (!c->is_cut)
			plant_opened(w->plant, c->station);
		break;
	case MAIL_TEXT_IN:
		if (c->session)
			session_message(c->session, m->text, m->len);
		w->has_news = true;
		break;
	case MAIL_TEXT_OUT:
		if (!c->is_cut)
			plant_received(w->plant, c->station, m->text, m->len);
		break;
	case MAIL_CLOSE:
		if (c->session)
			session_closed(c->session, m->code, "test");
		c->session = NULL;
		break;
	case MAIL_CLOSED:
		close_station_end(w, c);
		break;
	}
}

static void deliver_due(struct world *w)
{
	while (w->first && w->first->due_ms <= w->now_ms) {
		struct mail *m = w->first;

		w->first = m->next;
		deliver(w, m);
		free(m);
	}
}

/* -- depotd ----------------------------------------------------------------------------------- */

/* Called on the store's thread. */
static void on_store(void *arg)
{
	sem_post(arg);
}

static void on_settled(void *arg, int status, const char *why)
{
	ck_assert_msg(status == 0, "%s", why ? why : "the store has failed");
	*(bool *)arg = true;
}

/* Ends the turn and waits until it is on disk: a run does not depend on the disk's speed. */
static void settle(struct world *w)
{
	while (w->is_alive && w->core.turn) {
		bool is_settled = false;

		record_then(&w->core, on_settled, &is_settled);
		record_turn_end(&w->core);
		while (!is_settled) {
			sem_wait(&w->stored);
			db_drain(w->core.db);
		}
	}
}

void world_start(struct world *w)
{
	struct core *c = &w->core;
	struct db_config store = {.dir = w->data,
		.max_queue = 20000,
		.wire_max_mb = 64,
		.wake = on_store,
		.wake_arg = &w->stored};
	uint8_t seed[10] = "scenario";
	char path[400], why[400];

	ck_assert(!w->is_alive);
	snprintf(path, sizeof path, "%s/depotd.yaml", w->dir);
	ck_assert_msg(config_load(path, &w->config, why) == 0, "%s", why);
	memset(c, 0, sizeof *c);
	c->config = w->config.file;
	c->depot = w->config.depot;
	c->data_dir = w->data;
	c->meter_maps = w->config.meter_maps;
	c->timers = timers_create();
	c->started = clock_wall();
	seed[9] = (uint8_t)w->lives;
	ocpp_message_ids_init(&c->ids, seed);
	fleet_init(&c->fleet);
	store.depot = c->depot->depot;
	c->db = db_open(&store, why);
	ck_assert_msg(c->db != NULL, "%s", why);
	c->grid_edits = grid_edits_create(c, &w->config, why);
	ck_assert_msg(c->grid_edits != NULL, "%s", why);
	ck_assert_msg(!restore_fleet(c, why) && !restore_depot_file(c, &w->config, why), "%s", why);
	c->commands = commands_create(c, why);
	ck_assert_msg(c->commands != NULL, "%s", why);
	c->reservations = reservations_create(c, why);
	ck_assert_msg(c->reservations != NULL, "%s", why);
	c->lists = lists_create(c, why);
	ck_assert_msg(c->lists != NULL, "%s", why);
	c->alarms = alarms_create(c, why);
	ck_assert_msg(c->alarms != NULL, "%s", why);
	ck_assert_msg(prices_create(c, why) != NULL, "%s", why);
	ck_assert_msg(envelopes_create(c, why) != NULL, "%s", why);
	ck_assert_msg(trips_create(c, why) && rosters_create(c, why), "%s", why);
	c->meters = meters_create(c, why);
	ck_assert_msg(c->meters != NULL, "%s", why);
	c->control = control_create(c, why);
	ck_assert_msg(c->control != NULL, "%s", why);
	w->is_alive = true;
	settle(w);
}

/* Takes the parts down in order; what is still journalled by that goes to files nobody reads. */
static void finish_core(struct world *w)
{
	struct core *c = &w->core;

	for (struct conn *k = w->conns; k; k = k->next) {
		if (k->session)
			session_closed(k->session, 1001, "stopped");
		k->session = NULL;
	}
	settle(w);
	w->is_alive = false;
	control_destroy(c->control);
	c->control = NULL;
	meters_destroy(c->meters);
	grid_edits_destroy(c->grid_edits);
	envelopes_destroy(c->envelopes);
	c->envelopes = NULL;
	alarms_destroy(c->alarms);
	c->alarms = NULL;
	lists_destroy(c->lists);
	c->lists = NULL;
	reservations_destroy(c->reservations);
	c->reservations = NULL;
	commands_destroy(c->commands);
	record_turn_end(c);
	db_flush(c->db);
	rosters_destroy(c->rosters);
	c->rosters = NULL;
	trips_destroy(c->trips);
	c->trips = NULL;
	prices_destroy(c->prices);
	c->prices = NULL;
	db_close(c->db);
	image_finish(&c->image);
	fleet_finish(&c->fleet);
	timers_destroy(c->timers);
	config_finish(&w->config);
}

void world_kill(struct world *w)
{
	char old[sizeof w->data];

	settle(w);
	ck_assert_int_eq(db_flush(w->core.db), 0);
	snprintf(old, sizeof old, "%s", w->data);
	snprintf(w->data, sizeof w->data, "%s/data-%d", w->dir, ++w->lives);
	world_copy_data(old, w->data);
	finish_core(w);
	world_remove_dir(old);
	for (struct conn *k = w->conns; k; k = k->next)
		if (!k->is_cut) {
			k->is_cut = true;
			post(k, MAIL_CLOSED, w->delay_ms, NULL, 0);
		}
}

/* -- time ------------------------------------------------------------------------------------- */

/* A limit that is broken, and EVSEs are to blame for it. */
static bool find_breach(struct world *w, int i, const struct plant_node *n, char what[80])
{
	if (n->limit_mw >= 0 && n->now_mw > n->limit_mw &&
		n->now_mw - plant_node_evse_mw(w->plant, i) <= n->limit_mw) {
		snprintf(what, 80, "%lld W of %lld", (long long)n->now_mw / 1000,
			(long long)n->limit_mw / 1000);
		return true;
	}
	for (int p = 0; p < 3; p++)
		if (n->phase_limit_mw >= 0 && n->phase_mw[p] > n->phase_limit_mw &&
			n->phase_mw[p] - n->evse_phase_mw[p] <= n->phase_limit_mw) {
			snprintf(what, 80, "%lld W of %lld on L%d",
				(long long)n->phase_mw[p] / 1000,
				(long long)n->phase_limit_mw / 1000, p + 1);
			return true;
		}
	return false;
}

bool world_reaches(const struct world *w, int station)
{
	const struct conn *c = w->lines[station];

	return w->is_alive && c && c->session && !c->is_cut;
}

/* A van that stops pulls phases apart, and only others can make that good: so this is judged while
 * all of them can be told. */
static bool all_in_reach(const struct world *w)
{
	for (int i = 0; i < plant_station_count(w->plant); i++)
		if (!world_reaches(w, i))
			return false;
	return w->is_alive;
}

static void check_node(struct world *w, int i)
{
	struct plant_node n = plant_node_at(w->plant, i);
	struct world_node *v = &w->nodes[i];
	char what[80];

	if (w->envelope_w >= 0 && i == w->envelope_node &&
		(n.limit_mw < 0 || n.limit_mw > w->envelope_w * 1000))
		n.limit_mw = w->envelope_w * 1000;
	v->id = n.id;
	v->limit_mw = n.limit_mw;
	v->now_mw = n.now_mw;
	if (n.now_mw > v->max_mw) {
		v->max_mw = n.now_mw;
		v->max_at = (wall_t){w->now_ms};
	}
	v->over_s = find_breach(w, i, &n, what) ? v->over_s + 1 : 0;
	if (v->over_s > v->longest_s) {
		v->longest_s = v->over_s;
		v->longest_at = (wall_t){w->now_ms};
		snprintf(v->longest_what, sizeof v->longest_what, "%s", what);
	}
	v->apart_s = all_in_reach(w) && judge_is_apart(&n, what) ? v->apart_s + 1 : 0;
	if (v->apart_s > v->longest_apart_s) {
		v->longest_apart_s = v->apart_s;
		snprintf(v->longest_apart_what, sizeof v->longest_apart_what, "%s", what);
	}
}

void world_expect_limit(struct world *w, const char *node, int64_t import_w)
{
	for (int i = 0; i < plant_node_count(w->plant); i++)
		if (strcmp(plant_node_at(w->plant, i).id, node) == 0)
			w->envelope_node = i;
	w->envelope_w = import_w;
}

void world_step_clock(struct world *w, int64_t ms)
{
	clock_step_ms(ms);
	w->skew_ms += ms;
}

static void advance_to(struct world *w, int64_t ms)
{
	clock_advance_ms(ms - w->now_ms);
	w->now_ms = ms;
}

static int64_t next_instant(const struct world *w, int64_t end_ms)
{
	int64_t next = end_ms, timer = w->is_alive ? timers_next_ms(w->core.timers) : -1;

	if (w->first && w->first->due_ms < next)
		next = w->first->due_ms;
	if (timer >= 0 && w->now_ms + timer < next)
		next = w->now_ms + timer;
	return next;
}

static void run_turn(struct world *w)
{
	deliver_due(w);
	if (w->is_alive)
		timers_run(w->core.timers);
	if (w->has_news || w->now_ms % SETTLE_MS == 0)
		settle(w);
	w->has_news = false;
}

char *world_mixed_scenario(void)
{
	static const char old[] = "ocpp16: [AC-02, AC-05, AC-08, DC-02, DC-05, DC-07]\n";
	FILE *f = fopen("etc/demo/scenario.yaml", "r");
	char *text = calloc(1, 20000 + sizeof old);

	ck_assert(f && text);
	memcpy(text, old, sizeof old);
	ck_assert_uint_lt(fread(text + sizeof old - 1, 1, 19999, f), 19999);
	fclose(f);
	return text;
}

void world_step(struct world *w)
{
	int64_t end_ms = w->now_ms + 1000;

	world_read_meters(w);
	plant_step(w->plant);
	for (int i = 0; i < plant_node_count(w->plant); i++)
		check_node(w, i);
	run_turn(w);
	for (int64_t next; (next = next_instant(w, end_ms)) < end_ms;) {
		advance_to(w, next);
		run_turn(w);
	}
	advance_to(w, end_ms);
}

void world_run_s(struct world *w, int seconds)
{
	while (seconds-- > 0)
		world_step(w);
}

void world_run_until(struct world *w, const char *local)
{
	char text[8];

	do {
		time_t t = (time_t)(w->now_ms / 1000 + 1);
		struct tm tm;

		world_step(w);
		localtime_r(&t, &tm);
		snprintf(text, sizeof text, "%02d:%02d", tm.tm_hour, tm.tm_min);
	} while (strcmp(text, local) != 0);
}

wall_t world_now(const struct world *w)
{
	return (wall_t){w->now_ms};
}

/* -- life ------------------------------------------------------------------------------------- */

static void make_plant(struct world *w)
{
	char depot[400], scenario[400], why[400];
	struct plant_options o = {
		.depot = depot,
		.scenario = scenario,
		.start = {w->now_ms},
		.seed = w->opt.seed,
		.wire = {on_connect, on_disconnect, on_send, w},
	};

	snprintf(depot, sizeof depot, "%s/depot.yaml", w->dir);
	snprintf(scenario, sizeof scenario, "%s/scenario.yaml", w->dir);
	w->plant = plant_create(&o, why);
	ck_assert_msg(w->plant != NULL, "%s", why);
	ck_assert_int_le(plant_node_count(w->plant), NODES_MAX);
	w->lines = calloc((size_t)plant_station_count(w->plant), sizeof *w->lines);
	ck_assert_ptr_nonnull(w->lines);
}

struct world *world_create(const struct world_options *o)
{
	struct world *w = calloc(1, sizeof *w);
	const char *start = o->start ? o->start : DEFAULT_START;
	wall_t at;

	ck_assert_ptr_nonnull(w);
	ck_assert(wall_parse(start, strlen(start), &at));
	if (!getenv("SCENARIO_LOG"))
		log_set_level(LOG_ERROR);
	w->opt = *o;
	w->delay_ms = o->delay_ms ? o->delay_ms : DEFAULT_DELAY_MS;
	w->now_ms = at.ms;
	w->envelope_w = -1;
	clock_simulate(at);
	sem_init(&w->stored, 0, 0);
	world_make_files(w);
	snprintf(w->data, sizeof w->data, "%s/data-0", w->dir);
	ck_assert_int_eq(mkdir(w->data, 0700), 0);
	make_plant(w);
	for (int i = 0; i < METERS_MAX; i++)
		w->meters[i].node = -1;
	world_start(w);
	world_bind_meters(w);
	return w;
}

struct core *world_core(struct world *w)
{
	return &w->core;
}

const struct alarm *world_alarm(struct world *w, enum alarm_kind kind, const char *subject)
{
	const struct alarm *a = alarms_open(&w->core);

	while (a && (a->kind != kind || (subject && strcmp(a->subject, subject) != 0)))
		a = a->hh.next;
	return a;
}

struct plant *world_plant(struct world *w)
{
	return w->plant;
}

int world_count_ready(struct world *w)
{
	int ready = 0;

	for (int i = 0; i < plant_stay_count(w->plant); i++)
		ready += plant_stay_at(w->plant, i).ready;
	return ready;
}

bool world_say(struct world *w, int station, const char *text)
{
	struct conn *c = w->lines[station];

	if (!c || !c->session)
		return false;
	post(c, MAIL_TEXT_IN, w->delay_ms, text, strlen(text));
	return true;
}

void world_answer(struct world *w, int station, const char *text)
{
	if (w->lines[station])
		post(w->lines[station], MAIL_TEXT_OUT, w->delay_ms, text, strlen(text));
}

void world_destroy(struct world *w)
{
	if (w->is_alive)
		finish_core(w);
	while (w->first) {
		struct mail *m = w->first;

		w->first = m->next;
		free(m);
	}
	while (w->conns) {
		struct conn *c = w->conns;

		w->conns = c->next;
		free(c);
	}
	plant_destroy(w->plant);
	world_remove_dir(w->dir);
	sem_destroy(&w->stored);
	free(w->lines);
	free(w);
}

/* -- looking ---------------------------------------------------------------------------------- */

const struct world_node *world_node(const struct world *w, const char *id)
{
	for (int i = 0; i < plant_node_count(w->plant); i++)
		if (strcmp(plant_node_at(w->plant, i).id, id) == 0)
			return &w->nodes[i];
	ck_abort_msg("there is no node %s", id);
	return NULL;
}

void world_forget_nodes(struct world *w)
{
	memset(w->nodes, 0, sizeof w->nodes);
}

void world_check_node(const struct world *w, const char *id, int seconds)
{
	const struct world_node *n = world_node(w, id);
	char at[WALL_TEXT_SIZE], peak[WALL_TEXT_SIZE];

	ck_assert_msg(n->longest_s <= seconds,
		"seed %llu: %s was above its limit for %d s until %s: %s (most %lld W at %s)",
		(unsigned long long)w->opt.seed, n->id, n->longest_s,
		wall_format(n->longest_at, at), n->longest_what, (long long)(n->max_mw / 1000),
		wall_format(n->max_at, peak));
}

void world_check_balance(const struct world *w, const char *id, int seconds)
{
	const struct world_node *n = world_node(w, id);

	ck_assert_msg(n->longest_apart_s <= seconds,
		"seed %llu: phases of %s were too far apart for %d s: %s",
		(unsigned long long)w->opt.seed, n->id, n->longest_apart_s, n->longest_apart_what);
}

void world_check_limits(const struct world *w, int seconds)
{
	for (int i = 0; i < plant_node_count(w->plant); i++)
		world_check_node(w, plant_node_at(w->plant, i).id, seconds);
}

struct lookup {
	const struct plant_session *session;
	struct db_transaction found;
	bool has_found;
};

static void look_up(struct db_reader *r, void *arg)
{
	struct lookup *l = arg;
	struct db_transaction_filter f = {
		.station = l->session->station, .id = l->session->transaction};
	struct db_transaction_list list = {0};
	struct arena *a = arena_create(0);

	l->has_found = a && db_query_transactions(r, &f, a, &list) == 0 && list.count == 1;
	if (l->has_found)
		l->found = list.items[0];
	arena_destroy(a);
}

int world_compare_sessions(struct world *w, char why[300])
{
	int count = 0;

	for (int i = 0; i < plant_session_count(w->plant); i++) {
		struct plant_session s = plant_session_at(w->plant, i);
		struct lookup l = {.session = &s};
		int64_t wh = s.end_wh - s.begin_wh;

		if (!s.ended)
			continue;
		ck_assert_int_eq(db_read_now(w->core.db, look_up, &l), 0);
		if (!l.has_found || l.found.open || !l.found.complete ||
			(int64_t)l.found.energy_wh != wh) {
			snprintf(why, 300, "%s/%d %s: %lld Wh, the journal says %s%s%lld Wh",
				s.station, s.evse, s.transaction, (long long)wh,
				!l.has_found   ? "nothing, "
				: l.found.open ? "open, "
					       : "",
				l.has_found && !l.found.complete ? "incomplete, " : "",
				(long long)l.found.energy_wh);
			return -1;
		}
		count++;
	}
	return count;
}
