#include <check.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/arena.h"

START_TEST(hands_out_zeroed_aligned_memory)
{
	struct arena *a = arena_create(0);

	for (size_t size = 0; size < 20000; size = size * 2 + 1) {
		unsigned char *p = arena_alloc(a, size);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(p[i], 0);
		memset(p, 0xff, size);
	}
	arena_destroy(a);
}
END_TEST

START_TEST(memory_is_clean_again_after_a_reset)
{
	struct arena *a = arena_create(0);
	char *first = arena_alloc(a, 100);

	memset(first, 'x', 100);
	ck_assert_ptr_nonnull(arena_alloc(a, 1000000));
	arena_reset(a);
	ck_assert_uint_eq(arena_used(a), 0);
	ck_assert_ptr_eq(arena_alloc(a, 100), first);
	ck_assert_int_eq(first[99], 0);
	arena_reset(a);
	arena_destroy(a);
	a = arena_create(0);
	arena_reset(a);
	arena_destroy(a);
	arena_destroy(NULL);
}
END_TEST

START_TEST(keeps_to_its_cap)
{
	struct arena *a = arena_create(1000);

	ck_assert_ptr_null(arena_alloc(a, 1001));
	ck_assert_ptr_nonnull(arena_alloc(a, 500));
	ck_assert_ptr_null(arena_alloc(a, 500));
	ck_assert_ptr_nonnull(arena_alloc(a, 400));
	ck_assert_uint_le(arena_used(a), 1000);
	arena_reset(a);
	ck_assert_ptr_nonnull(arena_alloc(a, 900));
	ck_assert_ptr_null(
		arena_strdup(a, "this text is longer than what the cap has left, which is "
				"one hundred bytes less what alignment costs"));
	ck_assert_ptr_null(arena_printf(a, "%200d", 1));
	arena_destroy(a);
}
END_TEST

START_TEST(refuses_sizes_that_would_wrap)
{
	struct arena *a = arena_create(0);

	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX - 15));
	ck_assert_ptr_null(arena_strndup(a, "x", SIZE_MAX));
	arena_destroy(a);
}
END_TEST

START_TEST(copies_texts)
{
	struct arena *a = arena_create(0);

	ck_assert_str_eq(arena_strndup(a, "abcdef", 3), "abc");
	ck_assert_str_eq(arena_strdup(a, ""), "");
	ck_assert_str_eq(arena_printf(a, "%s-%d", "CP", 7), "CP-7");
	arena_destroy(a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema_arena");
	TCase *t = tcase_create("arena");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, hands_out_zeroed_aligned_memory);
	tcase_add_test(t, memory_is_clean_again_after_a_reset);
	tcase_add_test(t, keeps_to_its_cap);
	tcase_add_test(t, refuses_sizes_that_would_wrap);
	tcase_add_test(t, copies_texts);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
