#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "csms/oscp/block.h"

#define H    INT64_C(3600000)
#define W    (OSCP20_FORECASTED_BLOCK_UNIT_W)
#define A    (OSCP20_FORECASTED_BLOCK_UNIT_A)
#define ALL  (OSCP20_PHASE_INDICATOR_ALL)
#define NONE OSCP_NO_LIMIT

static const wall_t now = {INT64_C(1800000000000)};
static char why[200];
static struct oscp_blocks b;

static struct oscp20_forecasted_block block(
	double capacity, int unit, int phase, int64_t from_ms, int64_t to_ms)
{
	return (struct oscp20_forecasted_block){.capacity = capacity,
		.unit = unit,
		.phase = phase,
		.start_time = {now.ms + from_ms},
		.end_time = {now.ms + to_ms}};
}

static void is(size_t i, int64_t from_ms, int64_t to_ms, int32_t w, int32_t ma)
{
	ck_assert_uint_lt(i, b.count);
	ck_assert_int_eq(b.items[i].from.ms - now.ms, from_ms);
	ck_assert_int_eq(b.items[i].to.ms - now.ms, to_ms);
	ck_assert_int_eq(b.items[i].w, w);
	ck_assert_int_eq(b.items[i].phase_ma, ma);
}

static void finish(void)
{
	oscp_blocks_free(&b);
}

static const struct {
	double capacity;
	int unit, phase;
	int64_t hours;
	int32_t w, phase_ma;
} units[] = {
	{100, OSCP20_FORECASTED_BLOCK_UNIT_KW, ALL, 1, 100000, NONE},
	{100.9, W, ALL, 1, 100, NONE},
	{11000, W, OSCP20_PHASE_INDICATOR_UNKNOWN, 1, 11000, NONE},
	{16, A, ALL, 1, NONE, 16000},
	{16.5, A, OSCP20_PHASE_INDICATOR_UNKNOWN, 1, NONE, 16500},
	{32, A, OSCP20_PHASE_INDICATOR_TWO, 1, NONE, 32000},
	{2300, W, OSCP20_PHASE_INDICATOR_ONE, 1, NONE, 10000},
	{2.3, OSCP20_FORECASTED_BLOCK_UNIT_KW, OSCP20_PHASE_INDICATOR_THREE, 1, NONE, 10000},
	{40, OSCP20_FORECASTED_BLOCK_UNIT_KWH, ALL, 4, 10000, NONE},
	{500, OSCP20_FORECASTED_BLOCK_UNIT_WH, ALL, 2, 250, NONE},
	{0, W, ALL, 1, 0, NONE},
	{1e300, W, ALL, 1, NONE - 1, NONE},
};

START_TEST(units_and_phases)
{
	struct oscp20_forecasted_block in =
		block(units[_i].capacity, units[_i].unit, units[_i].phase, 0, units[_i].hours * H);

	ck_assert_int_eq(oscp_blocks_read(&in, 1, false, 230, now, &b, why), 0);
	ck_assert_uint_eq(b.count, 1);
	is(0, 0, units[_i].hours * H, units[_i].w, units[_i].phase_ma);
}
END_TEST

static const struct {
	double capacity;
	int unit, phase;
	int32_t w;
} fed_in[] = {
	{5, OSCP20_FORECASTED_BLOCK_UNIT_KW, ALL, 5000},
	{10, A, ALL, 6900},
	{2300, W, OSCP20_PHASE_INDICATOR_TWO, 6900},
	{0, A, OSCP20_PHASE_INDICATOR_UNKNOWN, 0},
};

START_TEST(generation_is_watts_in_all)
{
	struct oscp20_forecasted_block in =
		block(fed_in[_i].capacity, fed_in[_i].unit, fed_in[_i].phase, 0, H);

	ck_assert_int_eq(oscp_blocks_read(&in, 1, true, 230, now, &b, why), 0);
	is(0, 0, H, fed_in[_i].w, NONE);
}
END_TEST

START_TEST(energy_of_a_quarter_is_its_mean_power)
{
	struct oscp20_forecasted_block in =
		block(2.5, OSCP20_FORECASTED_BLOCK_UNIT_KWH, ALL, 0, H / 4);

	ck_assert_int_eq(oscp_blocks_read(&in, 1, false, 230, now, &b, why), 0);
	is(0, 0, H / 4, 10000, NONE);
}
END_TEST

START_TEST(the_tightest_of_what_overlaps_counts)
{
	struct oscp20_forecasted_block in[] = {
		block(20, A, OSCP20_PHASE_INDICATOR_ONE, H, 3 * H),
		block(30, A, OSCP20_PHASE_INDICATOR_TWO, H, 4 * H),
		block(15000, W, ALL, 2 * H, 5 * H),
		block(9000, W, ALL, 6 * H, 7 * H),
	};

	ck_assert_int_eq(oscp_blocks_read(in, 4, false, 230, now, &b, why), 0);
	ck_assert_uint_eq(b.count, 5);
	is(0, H, 2 * H, NONE, 20000);
	is(1, 2 * H, 3 * H, 15000, 20000);
	is(2, 3 * H, 4 * H, 15000, 30000);
	is(3, 4 * H, 5 * H, 15000, NONE);
	is(4, 6 * H, 7 * H, 9000, NONE); /* the gap has no limit */
}
END_TEST

START_TEST(nonsense_is_named)
{
	struct oscp20_forecasted_block in[2] = {block(1, W, ALL, 0, H), block(1, W, ALL, 2 * H, H)};

	ck_assert_int_eq(oscp_blocks_read(in, 2, false, 230, now, &b, why), -1);
	ck_assert_str_eq(why, "forecasted_blocks[1]: end_time must be after start_time");
	in[1] = block(-1, W, ALL, 0, H);
	ck_assert_int_eq(oscp_blocks_read(in, 2, false, 230, now, &b, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "[1]: capacity must be 0 or more"));
	in[1] = block(NAN, W, ALL, 0, H);
	ck_assert_int_eq(oscp_blocks_read(in, 2, false, 230, now, &b, why), -1);
	in[1] = block(1, W, ALL, 0, 500 * 24 * H);
	ck_assert_int_eq(oscp_blocks_read(in, 2, false, 230, now, &b, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "400 days"));
}
END_TEST

/* Ten thousand blocks over the same time would cost their square. */
START_TEST(many_at_once_are_refused)
{
	struct oscp20_forecasted_block *in = calloc(OSCP_BLOCKS_MAX, sizeof *in);

	for (int i = 0; i < OSCP_BLOCKS_MAX; i++)
		in[i] = block(i, W, ALL, i, 10 * H - i);
	ck_assert_int_eq(oscp_blocks_read(in, OSCP_BLOCKS_MAX, false, 230, now, &b, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "more than 8"));
	for (int i = 0; i < OSCP_BLOCKS_MAX; i++)
		in[i] = block(i, W, ALL, i * 1000, i * 1000 + 8000);
	ck_assert_int_eq(oscp_blocks_read(in, OSCP_BLOCKS_MAX, false, 230, now, &b, why), 0);
	ck_assert_int_eq(b.items[0].w, 0);
	free(in);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("oscp_block");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, NULL, finish);
	tcase_add_loop_test(t, units_and_phases, 0, (int)(sizeof units / sizeof *units));
	tcase_add_test(t, energy_of_a_quarter_is_its_mean_power);
	tcase_add_test(t, the_tightest_of_what_overlaps_counts);
	tcase_add_test(t, nonsense_is_named);
	tcase_add_test(t, many_at_once_are_refused);
	tcase_add_loop_test(
		t, generation_is_watts_in_all, 0, (int)(sizeof fed_in / sizeof *fed_in));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
