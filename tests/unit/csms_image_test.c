/* The process image: newest value, quality by age, bounds. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "csms/metering/image.h"

static struct image im;

static struct image_point *put(const char *name, int64_t at_s, double value)
{
	const struct image_value v = {
		.name = name,
		.value = value,
		.unit = "A",
		.measured_at = {at_s * 1000},
		.received_at = {at_s * 1000},
		.source = "test",
		.context = "",
	};

	return image_put(&im, &v, true);
}

START_TEST(the_newest_value_stays)
{
	char name[20] = "a/b";

	put(name, 100, 1);
	put(name, 200, 2);
	put(name, 150, 3); /* late */
	name[0] = 'x'; /* the name was copied */
	ck_assert_double_eq(image_find(&im, "a/b")->v.value, 2);
	ck_assert_int_eq(image_find(&im, "a/b")->interval_ms, 100000);
	ck_assert_ptr_null(image_find(&im, "x/b"));
	image_finish(&im);
}
END_TEST

START_TEST(a_value_ages)
{
	struct image_point *p = put("a", 1000, 1);

	ck_assert_int_eq(image_quality(p, (wall_t){1060000}), IMAGE_GOOD);
	ck_assert_int_eq(image_quality(p, (wall_t){1060001}), IMAGE_HELD);
	put("a", 1100, 1); /* every 100 s: three may be lost */
	ck_assert_int_eq(image_quality(p, (wall_t){1400000}), IMAGE_GOOD);
	ck_assert_int_eq(image_quality(p, (wall_t){1400001}), IMAGE_HELD);
	p->v.is_suspect = true;
	ck_assert_int_eq(image_quality(p, (wall_t){1100000}), IMAGE_SUSPECT);
	image_finish(&im);
}
END_TEST

START_TEST(what_is_no_number_is_not_taken)
{
	ck_assert_ptr_null(put("a", 1, NAN));
	ck_assert_ptr_null(put("a", 1, INFINITY));
	ck_assert_ptr_null(image_find(&im, "a"));
}
END_TEST

START_TEST(points_are_bounded_and_forgotten_by_prefix)
{
	char name[IMAGE_NAME_MAX];

	im.refused = 0;
	for (int i = 0; i < IMAGE_POINTS_MAX; i++) {
		snprintf(name, sizeof name, "evse/CP-%d/1/%d", i % 10, i);
		ck_assert_ptr_nonnull(put(name, 1, 1));
	}
	ck_assert_ptr_null(put("one more", 1, 1));
	ck_assert_ptr_nonnull(put("evse/CP-0/1/0", 2, 2));
	ck_assert_int_eq(im.refused, 1);
	image_forget(&im, "evse/CP-1/");
	ck_assert_int_eq(HASH_COUNT(im.points), IMAGE_POINTS_MAX / 10 * 9);
	image_finish(&im);
	ck_assert_ptr_null(im.points);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image");
	TCase *t = tcase_create("image");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, the_newest_value_stays);
	tcase_add_test(t, a_value_ages);
	tcase_add_test(t, what_is_no_number_is_not_taken);
	tcase_add_test(t, points_are_bounded_and_forgotten_by_prefix);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
