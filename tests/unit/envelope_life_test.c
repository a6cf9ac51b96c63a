#include "scheduler/envelope.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* -- life: every state with every event ------------------------------------------------------- */

static const struct {
	enum envelope_state from;
	enum envelope_event event;
	enum envelope_state to;
} allowed[] = {
	{ENVELOPE_RECEIVED, ENVELOPE_ACCEPT, ENVELOPE_PENDING},
	{ENVELOPE_RECEIVED, ENVELOPE_KEEP, ENVELOPE_ELIGIBLE},
	{ENVELOPE_RECEIVED, ENVELOPE_END, ENVELOPE_EXPIRED},
	{ENVELOPE_RECEIVED, ENVELOPE_WITHDRAW, ENVELOPE_WITHDRAWN},
	{ENVELOPE_RECEIVED, ENVELOPE_REFUSE, ENVELOPE_REFUSED},
	{ENVELOPE_PENDING, ENVELOPE_BEGIN, ENVELOPE_ACTIVE},
	{ENVELOPE_PENDING, ENVELOPE_END, ENVELOPE_EXPIRED},
	{ENVELOPE_PENDING, ENVELOPE_WITHDRAW, ENVELOPE_WITHDRAWN},
	{ENVELOPE_PENDING, ENVELOPE_REFUSE, ENVELOPE_REFUSED},
	{ENVELOPE_ACTIVE, ENVELOPE_REST, ENVELOPE_PENDING},
	{ENVELOPE_ACTIVE, ENVELOPE_END, ENVELOPE_EXPIRED},
	{ENVELOPE_ACTIVE, ENVELOPE_WITHDRAW, ENVELOPE_WITHDRAWN},
	{ENVELOPE_ACTIVE, ENVELOPE_REFUSE, ENVELOPE_REFUSED},
	{ENVELOPE_ELIGIBLE, ENVELOPE_SILENCE, ENVELOPE_IN_FALLBACK},
	{ENVELOPE_ELIGIBLE, ENVELOPE_END, ENVELOPE_EXPIRED},
	{ENVELOPE_ELIGIBLE, ENVELOPE_WITHDRAW, ENVELOPE_WITHDRAWN},
	{ENVELOPE_IN_FALLBACK, ENVELOPE_VOICE, ENVELOPE_ELIGIBLE},
	{ENVELOPE_IN_FALLBACK, ENVELOPE_END, ENVELOPE_EXPIRED},
	{ENVELOPE_IN_FALLBACK, ENVELOPE_WITHDRAW, ENVELOPE_WITHDRAWN},
};

START_TEST(every_state_meets_every_event)
{
	for (int s = 0; s < ENVELOPE_STATE_COUNT; s++)
		for (int e = 0; e < ENVELOPE_EVENT_COUNT; e++) {
			int want = -1;

			for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
				if ((int)allowed[i].from == s && (int)allowed[i].event == e)
					want = (int)allowed[i].to;
			ck_assert_msg(envelope_next((enum envelope_state)s,
					      (enum envelope_event)e) == want,
				"%s in %s", envelope_event_name((enum envelope_event)e),
				envelope_state_name((enum envelope_state)s));
		}
}
END_TEST

START_TEST(over_is_what_no_event_leaves)
{
	for (int s = 0; s < ENVELOPE_STATE_COUNT; s++) {
		bool leaves = false;

		for (int e = 0; e < ENVELOPE_EVENT_COUNT; e++)
			leaves = leaves ||
				 envelope_next((enum envelope_state)s, (enum envelope_event)e) >= 0;
		ck_assert_int_eq(envelope_is_over((enum envelope_state)s), !leaves);
	}
}
END_TEST

/* -- time ------------------------------------------------------------------------------------- */

#define IMPORT(w)                                                                                  \
	{                                                                                          \
		(w), GRID_NO_LIMIT, GRID_NO_LIMIT                                                  \
	}

static struct envelope_block room[ENVELOPE_BLOCKS_MAX + 8];
static struct envelope one;

/* Two blocks with a gap: [10, 20) and [30, 40). */
static void setup(void)
{
	room[0] = (struct envelope_block){10, 20, IMPORT(80000)};
	room[1] = (struct envelope_block){30, 40, IMPORT(60000)};
	one = (struct envelope){
		.kind = ENVELOPE_LIMIT, .state = ENVELOPE_PENDING, .count = 2, .blocks = room};
}

static void live(int64_t now)
{
	int e;

	while ((e = envelope_due(&one, now)) >= 0)
		one.state = (enum envelope_state)envelope_next(one.state, (enum envelope_event)e);
}

START_TEST(blocks_begin_rest_and_end)
{
	static const struct {
		int64_t now;
		enum envelope_state state;
	} want[] = {{9, ENVELOPE_PENDING}, {10, ENVELOPE_ACTIVE}, {19, ENVELOPE_ACTIVE},
		{20, ENVELOPE_PENDING}, {29, ENVELOPE_PENDING}, {30, ENVELOPE_ACTIVE},
		{39, ENVELOPE_ACTIVE}, {40, ENVELOPE_EXPIRED}};

	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		live(want[i].now);
		ck_assert_msg(one.state == want[i].state, "at %d: %s", (int)want[i].now,
			envelope_state_name(one.state));
	}
}
END_TEST

START_TEST(fallback_counts_while_its_owner_is_silent)
{
	one.kind = ENVELOPE_FALLBACK;
	one.state = ENVELOPE_ELIGIBLE;
	live(15);
	ck_assert_int_eq(one.state, ENVELOPE_ELIGIBLE);
	ck_assert_ptr_null(envelope_block_at(&one, 15));
	one.is_silent = true;
	live(15);
	ck_assert_int_eq(one.state, ENVELOPE_IN_FALLBACK);
	ck_assert_ptr_eq(envelope_block_at(&one, 15), &room[0]);
	live(25);
	ck_assert_int_eq(one.state, ENVELOPE_ELIGIBLE);
	ck_assert_ptr_eq(envelope_block_at(&one, 35), &room[1]); /* as things stand */
	live(35);
	ck_assert_int_eq(one.state, ENVELOPE_IN_FALLBACK);
	one.is_silent = false;
	live(35);
	ck_assert_int_eq(one.state, ENVELOPE_ELIGIBLE);
	live(40);
	ck_assert_int_eq(one.state, ENVELOPE_EXPIRED);
}
END_TEST

START_TEST(edges_come_in_order)
{
	ck_assert_int_eq(envelope_next_edge(&one, 0), 10);
	ck_assert_int_eq(envelope_next_edge(&one, 10), 20);
	ck_assert_int_eq(envelope_next_edge(&one, 25), 30);
	ck_assert(envelope_next_edge(&one, 40) == INT64_MAX);
}
END_TEST

START_TEST(blocks_are_judged)
{
	static const struct envelope_block bad[] = {
		{10, 10, IMPORT(1)}, {10, 5, IMPORT(1)}, {10, 20, IMPORT(-1)},
		{10, 20, {GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT}},
		{35, 50, IMPORT(1)}, /* overlaps the second */
	};
	int at;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		setup();
		room[2] = bad[i];
		ck_assert_int_eq(envelope_blocks_order(room, 3, &at), -1);
		ck_assert_int_eq(at, 2);
	}
	ck_assert_int_eq(envelope_blocks_order(room, 0, &at), -1);
	ck_assert_int_eq(envelope_blocks_order(room, ENVELOPE_BLOCKS_MAX + 1, &at), -1);
	setup();
	room[2] = (struct envelope_block){0, 10, IMPORT(5)};
	ck_assert_int_eq(envelope_blocks_order(room, 3, &at), 0);
	ck_assert_int_eq(room[0].end_ms, 10);
}
END_TEST

/* -- against painting each second by hand ----------------------------------------------------- */

#define SPAN   240
#define COUNT  14
#define NIGHTS 400

static unsigned seed = 11;

static int pick(int n)
{
	seed = seed * 1103515245u + 12345u;
	return (int)((seed >> 16) % (unsigned)n);
}

static struct envelope_block blocks[COUNT][SPAN];
static struct envelope list[COUNT];
static int32_t painted[COUNT][ENVELOPE_QUANTITIES][SPAN];

static int32_t some_limit(void)
{
	return pick(3) == 0 ? GRID_NO_LIMIT : pick(8) * 10000;
}

static void random_envelope(int i)
{
	static const enum envelope_state states[] = {ENVELOPE_RECEIVED, ENVELOPE_PENDING,
		ENVELOPE_ACTIVE, ENVELOPE_ELIGIBLE, ENVELOPE_IN_FALLBACK, ENVELOPE_EXPIRED,
		ENVELOPE_WITHDRAWN, ENVELOPE_REFUSED};
	struct envelope *e = &list[i];

	*e = (struct envelope){
		.node = pick(3) - 1,
		.owner = pick(3),
		.state = states[pick(8)],
		.priority = pick(3),
		.is_silent = pick(2),
		.received_ms = pick(5),
		.blocks = blocks[i],
	};
	e->kind = e->state == ENVELOPE_ELIGIBLE || e->state == ENVELOPE_IN_FALLBACK
			  ? ENVELOPE_FALLBACK
			  : ENVELOPE_LIMIT;
	for (int q = 0; q < ENVELOPE_QUANTITIES; q++)
		for (int t = 0; t < SPAN; t++)
			painted[i][q][t] = GRID_NO_LIMIT;
	for (int t = pick(40); t < SPAN; t += pick(30)) {
		int end = t + 1 + pick(50);
		struct grid_bound b = {some_limit(), some_limit(), some_limit()};
		bool is_open = e->state == ENVELOPE_PENDING || e->state == ENVELOPE_ACTIVE;
		bool stands_by = e->kind == ENVELOPE_FALLBACK && e->is_silent;

		if (end > SPAN)
			end = SPAN;
		blocks[i][e->count++] = (struct envelope_block){t, end, b};
		for (int s = t; s < end && e->node >= 0 && (is_open || stands_by); s++) {
			painted[i][0][s] = b.import_w;
			painted[i][1][s] = b.export_w;
			painted[i][2][s] = b.phase_ma;
		}
		t = end;
	}
}

static bool is_overruled(int i, int q, int t)
{
	for (int j = 0; j < COUNT; j++)
		if (list[j].owner == list[i].owner && list[j].node == list[i].node &&
			list[j].kind == list[i].kind && list[j].priority > list[i].priority &&
			painted[j][q][t] != GRID_NO_LIMIT)
			return true;
	return false;
}

START_TEST(tightest_wins_as_painted_by_hand)
{
	const struct envelope *all[COUNT];
	int found = 0;

	for (int night = 0; night < NIGHTS; night++) {
		for (int i = 0; i < COUNT; i++) {
			random_envelope(i);
			all[i] = &list[i];
		}
		for (int t = 0; t < SPAN; t += 1 + pick(4))
			for (int k = 0; k < 2 * ENVELOPE_QUANTITIES; k++) {
				int node = k % 2, q = k / 2, winner;
				int32_t want = GRID_NO_LIMIT, got;

				for (int i = 0; i < COUNT; i++)
					if (list[i].node == node && !is_overruled(i, q, t) &&
						painted[i][q][t] < want)
						want = painted[i][q][t];
				winner = envelope_winner(
					all, COUNT, node, (enum envelope_quantity)q, t, &got);
				ck_assert_int_eq(got, want);
				ck_assert_int_eq(winner >= 0, want != GRID_NO_LIMIT);
				if (winner < 0)
					continue;
				found++;
				ck_assert_int_eq(painted[winner][q][t], want);
				for (int i = 0; i < COUNT; i++)
					ck_assert(list[i].node != node || is_overruled(i, q, t) ||
						  painted[i][q][t] != want ||
						  list[winner].received_ms <= list[i].received_ms);
			}
	}
	ck_assert_int_gt(found, 1000);
}
END_TEST

START_TEST(priority_makes_an_exception_of_ones_own_word_only)
{
	static struct envelope_block low[] = {{0, 100, IMPORT(50000)}},
				     high[] = {{40, 60, IMPORT(90000)}};
	struct envelope a = {.state = ENVELOPE_ACTIVE, .count = 1, .blocks = low}, b = a;
	const struct envelope *both[] = {&a, &b};
	int32_t w;
	int by;

	b.priority = 1;
	b.blocks = high;
	ck_assert_int_eq(envelope_winner(both, 2, 0, ENVELOPE_IMPORT, 30, &w), 0);
	ck_assert_int_eq(w, 50000);
	ck_assert_int_eq(envelope_winner(both, 2, 0, ENVELOPE_IMPORT, 50, &w), 1);
	ck_assert_int_eq(w, 90000);
	ck_assert_int_eq(envelope_says(both, 2, 0, ENVELOPE_IMPORT, 50, &by), GRID_NO_LIMIT);
	ck_assert_int_eq(by, 1);
	b.owner = 1; /* another's word does not relax it */
	ck_assert_int_eq(envelope_winner(both, 2, 0, ENVELOPE_IMPORT, 50, &w), 0);
	ck_assert_int_eq(w, 50000);
}
END_TEST

/* Blocks of random times; `both` says of each whether it limits a phase too. */
static int random_blocks(int32_t want[2][SPAN])
{
	int n = 0;

	for (int t = 0; t < SPAN; t++)
		want[0][t] = want[1][t] = GRID_NO_LIMIT;
	for (int t = pick(20); t < SPAN; t += pick(20)) {
		int end = t + 1 + pick(60) < SPAN ? t + 1 + pick(60) : SPAN;
		int32_t ma = pick(2) ? 1000 + t : GRID_NO_LIMIT;

		if (end <= t || end > SPAN)
			end = SPAN;
		room[n++] = (struct envelope_block){t, end, {t, GRID_NO_LIMIT, ma}};
		for (int s = t; s < end; s++) {
			want[0][s] = t;
			want[1][s] = ma;
		}
		t = end;
	}
	return n;
}

START_TEST(newer_word_takes_its_quantities_and_its_time_out)
{
	static int32_t want[2][SPAN];

	for (int round = 0; round < 2000; round++) {
		int n = random_blocks(want), at, from = pick(SPAN), to = pick(SPAN), what = pick(3);
		struct envelope_block by = {from, to,
			{what != 1 ? 5 : GRID_NO_LIMIT, GRID_NO_LIMIT, what ? 5 : GRID_NO_LIMIT}};

		for (int t = from; t < to; t++) {
			want[0][t] = what != 1 ? GRID_NO_LIMIT : want[0][t];
			want[1][t] = what ? GRID_NO_LIMIT : want[1][t];
		}
		n = envelope_blocks_replace(room, n, &by);
		ck_assert(n == 0 || envelope_blocks_order(room, n, &at) == 0);
		one = (struct envelope){.state = ENVELOPE_ACTIVE, .count = n, .blocks = room};
		for (int t = 0; t < SPAN; t++) {
			const struct envelope_block *b = envelope_block_at(&one, t);

			ck_assert_int_eq(b ? b->bound.import_w : GRID_NO_LIMIT, want[0][t]);
			ck_assert_int_eq(b ? b->bound.phase_ma : GRID_NO_LIMIT, want[1][t]);
		}
	}
}
END_TEST

START_TEST(newer_word_of_something_else_changes_nothing)
{
	const struct envelope_block was = {0, 100, {GRID_NO_LIMIT, GRID_NO_LIMIT, 10000}};
	struct envelope_block by = {20, 50, {0, GRID_NO_LIMIT, GRID_NO_LIMIT}};

	room[0] = was;
	ck_assert_int_eq(envelope_blocks_replace(room, 1, &by), 1);
	ck_assert_int_eq(memcmp(&room[0], &was, sizeof was), 0);
	by.bound.phase_ma = 5000;
	ck_assert_int_eq(envelope_blocks_replace(room, 1, &by), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("envelope_life");
	TCase *t = tcase_create("envelope_life");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, every_state_meets_every_event);
	tcase_add_test(t, over_is_what_no_event_leaves);
	tcase_add_test(t, blocks_begin_rest_and_end);
	tcase_add_test(t, fallback_counts_while_its_owner_is_silent);
	tcase_add_test(t, edges_come_in_order);
	tcase_add_test(t, blocks_are_judged);
	tcase_add_test(t, tightest_wins_as_painted_by_hand);
	tcase_add_test(t, priority_makes_an_exception_of_ones_own_word_only);
	tcase_add_test(t, newer_word_takes_its_quantities_and_its_time_out);
	tcase_add_test(t, newer_word_of_something_else_changes_nothing);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
