/*
 * What tests of sentences share: a text, and an evening in Amsterdam.
 */
#ifndef TESTS_UNIT_WORDS_FIXTURE_H
#define TESTS_UNIT_WORDS_FIXTURE_H

#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "schemas/text.h"
#include "schemas/wall.h"

static struct text t;
static wall_t now; /* Wednesday 2026-03-11 22:40 in Amsterdam */

static inline void setup(void)
{
	setenv("TZ", "Europe/Amsterdam", 1);
	tzset();
	ck_assert(wall_parse("2026-03-11T21:40:00Z", 20, &now));
	text_init(&t, 0);
}

static inline void teardown(void)
{
	text_finish(&t);
}

/* The text says just this; then it is empty again. */
#define SAYS(words)                                                                                \
	do {                                                                                       \
		ck_assert_str_eq(t.data ? t.data : "", words);                                     \
		text_clear(&t);                                                                    \
	} while (0)

#endif
