/*
 * The simulated station's outbox: order, one CALL at a time, offline, repetitions.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ocpp/frame.h"
#include "tools/depotsim/outbox.h"

static struct ocpp_message_ids ids;
static struct outbox box;
static struct text frame;

static void setup(void)
{
	static const uint8_t seed[10] = {1, 2, 3};
	ocpp_message_ids_init(&ids, seed);
	outbox_init(&box, &ids);
	text_init(&frame, 0);
}

static void teardown(void)
{
	outbox_finish(&box);
	text_finish(&frame);
}

static void push(enum outbox_kind kind, int n, bool online)
{
	char payload[40];
	snprintf(payload, sizeof payload, "{\"seqNo\":%d}", n);
	struct outbox_item *it =
		outbox_push(&box, kind, "TransactionEvent", strdup(payload), online);
	ck_assert_ptr_nonnull(it);
	snprintf(it->transaction, sizeof it->transaction, "T%d", n);
}

/* Sends the next one; its seqNo, or -1 if there is none, and whether it was marked offline. */
static int next(int64_t now_ms, bool accepted, bool *offline)
{
	struct ocpp_limits limits = {.version = OCPP_VERSION_2_0_1};
	struct ocpp_frame f;
	struct ocpp_frame_error err;
	text_clear(&frame);
	if (!outbox_send_next(&box, accepted, now_ms, 30000, &frame))
		return -1;
	ck_assert_int_eq(ocpp_frame_parse(frame.data, frame.len, &limits, &f, &err), 0);
	ck_assert_int_eq(f.type, OCPP_CALL);
	char payload[100];
	snprintf(payload, sizeof payload, "%.*s", (int)f.payload.len, f.payload.at);
	*offline = strstr(payload, "\"offline\":true") != NULL;
	return atoi(strstr(payload, "seqNo\":") + 7);
}

static void answer(void)
{
	char id[OCPP_MESSAGE_ID_SIZE];
	memcpy(id, box.sent->id, sizeof id);
	struct outbox_item *it = outbox_take_answered(&box, id);
	ck_assert_ptr_nonnull(it);
	outbox_item_free(it);
	ck_assert_ptr_null(outbox_take_answered(&box, id));
}

START_TEST(one_at_a_time_in_order)
{
	bool offline;
	for (int i = 0; i < 3; i++)
		push(OUTBOX_TRANSACTION, i, true);
	ck_assert_int_eq(next(0, true, &offline), 0);
	ck_assert(!offline);
	ck_assert_int_eq(next(0, true, &offline), -1);
	answer();
	ck_assert_int_eq(next(0, true, &offline), 1);
	answer();
	ck_assert_int_eq(outbox_waiting(&box, NULL), 1);
	ck_assert_int_eq(next(0, true, &offline), 2);
	ck_assert_int_eq(outbox_waiting(&box, "T2"), 1);
	answer();
	ck_assert_int_eq(outbox_waiting(&box, NULL), 0);
}
END_TEST

START_TEST(offline_queue_keeps_order_and_marks)
{
	bool offline;
	push(OUTBOX_TRANSACTION, 0, true);
	push(OUTBOX_OTHER, 100, true);
	push(OUTBOX_TRANSACTION, 1, true);
	ck_assert_int_eq(next(0, true, &offline), 0);
	char first_id[OCPP_MESSAGE_ID_SIZE];
	memcpy(first_id, box.sent->id, sizeof first_id);
	outbox_disconnected(&box); /* with one on its way */
	push(OUTBOX_TRANSACTION, 2, false);
	push(OUTBOX_TRANSACTION, 3, true); /* after the reconnection */
	const bool marked[] = {true, true, true, false};
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(next(1000, true, &offline), i);
		ck_assert_int_eq(offline, marked[i]);
		ck_assert_str_ne(box.sent->id, first_id);
		answer();
	}
	ck_assert_int_eq(next(1000, true, &offline), -1);
}
END_TEST

START_TEST(repeats_then_gives_up)
{
	bool offline;
	push(OUTBOX_TRANSACTION, 0, true);
	push(OUTBOX_TRANSACTION, 1, true);
	push(OUTBOX_OTHER, 50, true);
	ck_assert_int_eq(next(0, true, &offline), 0);
	char id[OCPP_MESSAGE_ID_SIZE];
	memcpy(id, box.sent->id, sizeof id);
	outbox_refused(&box, outbox_take_answered(&box, id), 3, 60000, 0);
	/* Others may pass, later events of a transaction may not (E13.FR.03: 1 x 60 s). */
	ck_assert_int_eq(next(59999, true, &offline), 50);
	answer();
	ck_assert_int_eq(next(59999, true, &offline), -1);
	ck_assert_int_eq(next(60000, true, &offline), 0);
	ck_assert_str_eq(box.sent->id, id);
	/* No answer at all: the second time 2 x 60 s. */
	ck_assert_ptr_null(outbox_take_overdue(&box, 89999));
	outbox_refused(&box, outbox_take_overdue(&box, 90000), 3, 60000, 90000);
	ck_assert_int_eq(next(209999, true, &offline), -1);
	ck_assert_int_eq(next(210000, true, &offline), 0);
	outbox_refused(&box, outbox_take_answered(&box, box.sent->id), 3, 60000, 210000);
	ck_assert_int_eq(box.discarded, 1);
	ck_assert_int_eq(next(210000, true, &offline), 1);
}
END_TEST

START_TEST(not_accepted_sends_only_what_it_may)
{
	bool offline;
	push(OUTBOX_TRANSACTION, 0, true);
	push(OUTBOX_OTHER, 1, true);
	push(OUTBOX_BOOT, 2, true);
	push(OUTBOX_TRIGGERED, 3, true);
	ck_assert_int_eq(next(0, false, &offline), 2);
	answer();
	ck_assert_int_eq(next(0, false, &offline), 3);
	answer();
	ck_assert_int_eq(next(0, false, &offline), -1);
	ck_assert_int_eq(next(0, true, &offline), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim_outbox");
	TCase *t = tcase_create("outbox");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_at_a_time_in_order);
	tcase_add_test(t, offline_queue_keeps_order_and_marks);
	tcase_add_test(t, repeats_then_gives_up);
	tcase_add_test(t, not_accepted_sends_only_what_it_may);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
