#include <check.h>

#include "scheduler/profile_order.h"
#include "tests/unit/grid_random.h"

#define EVSES 8
#define SLOTS 4

/* What a station holds, what is on its way to it, and what is meant for it in the end. */
struct depot {
	struct grid_tree *tree;
	int slots, evses, nodes;
	int32_t held[EVSES * SLOTS], sent[EVSES * SLOTS], target[EVSES * SLOTS];
	int32_t confirmed[EVSES * SLOTS];
	bool busy[EVSES];
	int arrives[EVSES];
	int32_t *cap;
	uint64_t s;
};

static void random_powers(struct depot *d, int32_t *w)
{
	for (int i = 0; i < d->evses * d->slots; i++)
		w[i] = random_chance(&d->s, 40) ? 0 : (int32_t)random_in(&d->s, 0, 10);
}

/* Raises every node's limit to what the powers need, so that they just fit. */
static void make_fit(struct depot *d, const int32_t *w)
{
	for (int k = 0; k < d->slots; k++) {
		for (int n = 0; n < d->nodes; n++) {
			const struct grid_node *v = grid_tree_node(d->tree, n);
			int32_t sum = 0;

			for (int e = v->evse_first; e < v->evse_end; e++)
				sum += w[e * d->slots + k];
			if (sum > d->cap[n * d->slots + k])
				d->cap[n * d->slots + k] = sum;
		}
	}
}

static void begin(struct depot *d, uint64_t seed)
{
	memset(d, 0, sizeof(*d));
	d->s = seed;
	d->tree = random_tree(&d->s, 6, EVSES);
	d->nodes = grid_tree_nodes(d->tree);
	d->evses = grid_tree_evses(d->tree);
	d->slots = (int)random_in(&d->s, 1, SLOTS);
	d->cap = calloc((size_t)(d->nodes * d->slots), sizeof(*d->cap));
	random_powers(d, d->held);
	random_powers(d, d->target);
	make_fit(d, d->held);
	make_fit(d, d->target);
	memcpy(d->confirmed, d->held, sizeof(d->held));
}

static void end(struct depot *d)
{
	grid_tree_destroy(d->tree);
	free(d->cap);
}

/* Whatever has arrived and whatever has not: the worst of it must fit. */
static void check_all(const struct depot *d)
{
	int32_t worst[EVSES * SLOTS];

	for (int i = 0; i < d->evses * d->slots; i++) {
		int e = i / d->slots;

		worst[i] = d->busy[e] && d->sent[i] > d->held[i] ? d->sent[i] : d->held[i];
	}
	for (int n = 0; n < d->nodes; n++) {
		const struct grid_node *v = grid_tree_node(d->tree, n);

		for (int k = 0; k < d->slots; k++) {
			int32_t sum = 0;

			for (int e = v->evse_first; e < v->evse_end; e++)
				sum += worst[e * d->slots + k];
			ck_assert_int_le(sum, d->cap[n * d->slots + k]);
		}
	}
}

static void deliver(struct depot *d, int e, bool refused)
{
	for (int k = 0; k < d->slots; k++) {
		int i = e * d->slots + k;

		if (!refused)
			d->held[i] = d->sent[i];
		d->confirmed[i] = d->held[i];
	}
	d->busy[e] = false;
}

static void send(struct depot *d, int e, enum profile_action a)
{
	for (int k = 0; k < d->slots; k++) {
		int i = e * d->slots + k;

		d->sent[i] = d->target[i];
		if (a == PROFILE_SEND_LOWER && d->held[i] < d->sent[i])
			d->sent[i] = d->held[i];
		d->confirmed[i] = d->sent[i] > d->held[i] ? d->sent[i] : d->held[i];
	}
	d->busy[e] = true;
	d->arrives[e] = (int)random_in(&d->s, 1, 6);
}

static bool on_target(const struct depot *d)
{
	return memcmp(d->held, d->target, (size_t)(d->evses * d->slots) * sizeof(int32_t)) == 0;
}

static void step(struct depot *d, int refuse_percent)
{
	struct profile_order_in in = {
		d->tree, d->slots, d->cap, d->confirmed, d->target, d->busy, NULL};
	enum profile_action action[EVSES];
	int count = 0, sent;

	for (int e = 0; e < d->evses; e++)
		if (d->busy[e] && --d->arrives[e] <= 0)
			deliver(d, e, random_chance(&d->s, refuse_percent));
	sent = profile_order(&in, action);
	for (int e = 0; e < d->evses; e++) {
		ck_assert(!d->busy[e] || action[e] == PROFILE_WAIT);
		count += action[e] != PROFILE_WAIT;
		if (action[e] != PROFILE_WAIT)
			send(d, e, action[e]);
	}
	ck_assert_int_eq(sent, count);
	check_all(d);
}

START_TEST(no_node_is_over_while_some_have_answered)
{
	int lowered_first = 0;

	for (uint64_t seed = 1; seed <= 5000; seed++) {
		struct depot d;
		int steps = 0, refuse = seed % 2 ? 0 : 30;

		begin(&d, seed);
		while (!on_target(&d) && steps < 300) {
			step(&d, refuse);
			steps++;
			/* Now and then the goal changes under way. */
			if (refuse && random_chance(&d.s, 2)) {
				memcpy(d.target, d.confirmed, sizeof(d.target));
				for (int i = 0; i < d.evses * d.slots; i++)
					d.target[i] -= (int32_t)random_in(&d.s, 0, d.target[i]);
			}
		}
		lowered_first += steps > 8;
		/* Without refusals everyone gets there: lowerings in one go, raises in the next. */
		ck_assert_msg(steps < (refuse ? 300 : 40), "seed %d: %d steps", (int)seed, steps);
		end(&d);
	}
	ck_assert_int_gt(lowered_first, 500);
}
END_TEST

START_TEST(raises_wait_for_the_room_of_lowerings)
{
	const struct grid_row rows[] = {
		{.id = "site", .kind = GRID_SITE, .rated = true, .rating_w = 10},
		{.id = "a", .parent = "site", .kind = GRID_EVSE, .max_w = 10},
		{.id = "b", .parent = "site", .kind = GRID_EVSE, .max_w = 10},
	};
	struct grid_error err;
	struct grid_tree *t = grid_tree_create(rows, 3, &err);
	int32_t cap[3] = {10, GRID_NO_LIMIT, GRID_NO_LIMIT};
	int32_t confirmed[2] = {10, 0}, target[2] = {4, 6};
	bool busy[2] = {false, false};
	int rank[2] = {1, 0};
	struct profile_order_in in = {t, 1, cap, confirmed, target, busy, rank};
	enum profile_action action[2];

	ck_assert_int_eq(profile_order(&in, action), 1);
	ck_assert_int_eq(action[0], PROFILE_SEND_TARGET);
	ck_assert_int_eq(action[1], PROFILE_WAIT);
	confirmed[0] = 4;
	ck_assert_int_eq(profile_order(&in, action), 1);
	ck_assert_int_eq(action[1], PROFILE_SEND_TARGET);
	confirmed[1] = 6;
	ck_assert_int_eq(profile_order(&in, action), 0);

	/* Room for one of two: the first in rank gets it. */
	cap[0] = 12;
	target[0] = 6;
	target[1] = 8;
	ck_assert_int_eq(profile_order(&in, action), 1);
	ck_assert_int_eq(action[1], PROFILE_SEND_TARGET);
	ck_assert_int_eq(action[0], PROFILE_WAIT);
	grid_tree_destroy(t);
}
END_TEST

/* Two that trade places in time can only do so by way of the lower of old and new. */
START_TEST(a_swap_goes_through_the_lower)
{
	const struct grid_row rows[] = {
		{.id = "site", .kind = GRID_SITE},
		{.id = "a", .parent = "site", .kind = GRID_EVSE, .max_w = 10},
		{.id = "b", .parent = "site", .kind = GRID_EVSE, .max_w = 10},
	};
	struct grid_error err;
	struct grid_tree *t = grid_tree_create(rows, 3, &err);
	int32_t cap[6] = {10, 10, GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT, GRID_NO_LIMIT};
	int32_t confirmed[4] = {10, 0, 0, 10}, target[4] = {0, 10, 10, 0};
	bool busy[2] = {false, false};
	struct profile_order_in in = {t, 2, cap, confirmed, target, busy, NULL};
	enum profile_action action[2];

	ck_assert_int_eq(profile_order(&in, action), 2);
	ck_assert_int_eq(action[0], PROFILE_SEND_LOWER);
	ck_assert_int_eq(action[1], PROFILE_SEND_LOWER);
	memset(confirmed, 0, sizeof(confirmed));
	ck_assert_int_eq(profile_order(&in, action), 2);
	ck_assert_int_eq(action[0], PROFILE_SEND_TARGET);
	ck_assert_int_eq(action[1], PROFILE_SEND_TARGET);
	grid_tree_destroy(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *c = tcase_create("order");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, no_node_is_over_while_some_have_answered);
	tcase_add_test(c, raises_wait_for_the_room_of_lowerings);
	tcase_add_test(c, a_swap_goes_through_the_lower);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
