/*
 * Transaction events that come twice and in any order: history is whole, the present goes forward.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/scenario/small.h"
#include "tests/scenario/world.h"

#define STATIONS 4
#define HELD_MAX 8

static struct world *world;

/* Stands between stations and depotd: takes each event, answers it, and brings a few at a time to
 * depotd, shuffled, some of them twice, under ids of its own. */
static struct {
	char *payloads[STATIONS][HELD_MAX];
	int count[STATIONS], room[STATIONS];
	unsigned ids, chance;
	int shuffled, doubled, late;
} between;

static unsigned chance(unsigned n)
{
	between.chance = between.chance * 1103515245u + 12345u;
	return (between.chance >> 8) % n;
}

static void say(int station, const char *payload)
{
	size_t size = strlen(payload) + 80;
	char *frame = malloc(size);

	ck_assert_ptr_nonnull(frame);
	snprintf(frame, size, "[2,\"between-%u\",\"TransactionEvent\",%s", ++between.ids, payload);
	ck_assert(world_say(world, station, frame));
	free(frame);
}

/* With `all` nothing is kept back for the next time, when it will be late. */
static void release(int station, bool all)
{
	char **p = between.payloads[station];
	int n = between.count[station], kept = all || n < 2 ? 0 : (int)chance(2);

	for (int i = n - 1; i > 0; i--) {
		int k = (int)chance((unsigned)i + 1);
		char *t = p[i];

		between.shuffled += k != i;
		p[i] = p[k];
		p[k] = t;
	}
	for (int i = kept; i < n; i++) {
		say(station, p[i]);
		if (chance(3) == 0) {
			say(station, p[kept + (int)chance((unsigned)(i - kept) + 1)]);
			between.doubled++;
		}
	}
	for (int i = kept; i < n; i++)
		free(p[i]);
	between.late += kept;
	between.count[station] = kept;
	between.room[station] = 2 + (int)chance(HELD_MAX - 2);
}

static bool take(void *ctx, const struct world_frame *f)
{
	const char *payload = strstr(f->text, "\"TransactionEvent\",");
	char answer[100];

	(void)ctx;
	if (f->to_station || strncmp(f->text, "[2,", 3) != 0 || !payload)
		return true;
	snprintf(answer, sizeof answer, "[3,\"%.*s\",{}]", (int)strcspn(f->text + 4, "\""),
		f->text + 4);
	world_answer(world, f->station, answer);
	payload += strlen("\"TransactionEvent\",");
	between.payloads[f->station][between.count[f->station]++] = strdup(payload);
	if (between.count[f->station] >= between.room[f->station])
		release(f->station, false);
	return false;
}

struct shown {
	char transaction[37];
	int64_t seq, last_ms;
	double wh;
	bool has_ended;
};

static void check_forward(struct shown *s, const struct transaction *t)
{
	if (strcmp(s->transaction, t->id) == 0) {
		ck_assert_int_ge(t->last_seq, s->seq);
		ck_assert_int_ge(t->last.ms, s->last_ms);
		ck_assert(t->meter_wh.value >= s->wh);
		ck_assert(!s->has_ended || !t->is_open);
	}
	snprintf(s->transaction, sizeof s->transaction, "%s", t->id);
	s->seq = t->last_seq;
	s->last_ms = t->last.ms;
	s->wh = t->meter_wh.value;
	s->has_ended = t->id[0] && !t->is_open;
}

START_TEST(shuffled_and_doubled_events_give_the_same_history)
{
	struct shown shown[STATIONS] = {0};
	char why[300] = "", id[8];

	memset(&between, 0, sizeof between);
	between.chance = (unsigned)_i + 1;
	for (int i = 0; i < STATIONS; i++)
		between.room[i] = 3;
	world = world_create(&(struct world_options){.seed = 5,
		.depot = small_depot,
		.scenario = SMALL_VISITS,
		.start = "2026-03-11T15:55:00Z",
		.pass = take});
	for (int s = 0; s < 14 * 3600 + 2400; s++) {
		world_step(world);
		for (int i = 0; i < STATIONS; i++) {
			snprintf(id, sizeof id, "CP-%d", i + 1);
			check_forward(&shown[i],
				&fleet_station(&world_core(world)->fleet, id)->evses[0].tx);
		}
	}
	for (int i = 0; i < STATIONS; i++)
		release(i, true);
	world_run_s(world, 60);
	ck_assert_int_gt(between.shuffled, 1000);
	ck_assert_int_gt(between.doubled, 500);
	ck_assert_int_gt(between.late, 500);
	ck_assert_msg(world_compare_sessions(world, why) == 4, "%s", why);
	for (int i = 0; i < STATIONS; i++) {
		snprintf(id, sizeof id, "CP-%d", i + 1);
		ck_assert(!fleet_station(&world_core(world)->fleet, id)->evses[0].tx.is_open);
	}
	world_check_limits(world, WORLD_REACTION_S);
	world_destroy(world);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("event");
	TCase *t = tcase_create("event");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, shuffled_and_doubled_events_give_the_same_history, 0, 1);
	suite_add_tcase(s, t);
	return world_run_suite(s);
}
