#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gen/depot.h"
#include "gen/ocpp201.h"
#include "schemas/codec.h"

/*
 * The loop, the readers of the database and the API all decode, each in its own arena. What one
 * thread gets must not depend on what the others are at; run it under the thread sanitizer too.
 */

#define THREADS 4
#define ROUNDS  300

static const struct {
	const struct schema_struct *type;
	const char *json;
	const char *answer; /* its JSON, or the complaint */
} cases[] = {
	{&ocpp201_heartbeat_request_type, "{}", "{}"},
	{&ocpp201_reset_request_type, "{ \"evseId\": 7.0, \"type\": \"\\u004fnIdle\" }",
		"{\"type\":\"OnIdle\",\"evseId\":7}"},
	{&ocpp201_reset_request_type, "{\"type\":\"OnIdle\",\"evseId\":7.25}",
		"must be a whole number but is 7.25"},
	{&ocpp201_reset_request_type, "{\"type\":[1,[2,[3,\"unfinished\"", "expected ',' or ']'"},
	{&ocpp201_data_transfer_request_type,
		"{\"vendorId\":\"v\",\"data\":[[1e2, {\"a\": \"\\n\"}], null, 12345678901234567890.10]}",
		"{\"data\":[[1e2,{\"a\":\"\\n\"}],null,12345678901234567890.10],\"vendorId\":\"v\"}"},
	{&ocpp201_authorize_request_type, "{\"idToken\":{\"idToken\":\"04A2\",\"type\":\"Local\"}}",
		"{\"idToken\":{\"idToken\":\"04A2\",\"type\":\"Local\"}}"},
	{&depot_file_type, "{\"depot\":\"a b\"}", "may only hold letters"},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

struct worker {
	pthread_t thread;
	pthread_barrier_t *start;
	size_t first; /* each begins elsewhere, so that unlike messages meet */
	size_t wrong; /* cases + 1, or 0 */
};

static bool is_right(size_t i, struct arena *a)
{
	struct schema_error err;
	struct text t;
	const void *v = schema_decode(cases[i].type, cases[i].json, strlen(cases[i].json), a, &err);
	bool right;

	if (!v)
		return strncmp(err.message, cases[i].answer, strlen(cases[i].answer)) == 0;
	text_init(&t, 0);
	right = schema_encode(cases[i].type, v, &t) == 0 && strcmp(t.data, cases[i].answer) == 0;
	text_finish(&t);
	return right;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct arena *a = arena_create(0);

	pthread_barrier_wait(w->start);
	for (size_t i = 0; i < ROUNDS * CASES && !w->wrong; i++) {
		size_t n = (w->first + i) % CASES;

		if (!is_right(n, a))
			w->wrong = n + 1;
		arena_reset(a);
	}
	arena_destroy(a);
	return NULL;
}

START_TEST(threads_decode_at_once)
{
	pthread_barrier_t start;
	struct worker workers[THREADS];

	pthread_barrier_init(&start, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.start = &start, .first = i};
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_msg(
			!workers[i].wrong, "thread %zu: %s", i, cases[workers[i].wrong - 1].json);
	}
	pthread_barrier_destroy(&start);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema_threads");
	TCase *t = tcase_create("threads");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 30);
	tcase_add_test(t, threads_decode_at_once);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
