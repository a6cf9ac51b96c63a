/* What goes into local authorisation lists, and how it is cut into messages (D01.FR.11, rule 20,
 * rule 40). */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "csms/charging/list_content.h"

static struct core core;
static struct depot_node nodes[] = {{.id = "site"}, {.id = "hall", .parent = "site"}};
static struct depot_file depot = {.nodes = {2, nodes}};
static struct station *near, *far;

static struct station *put_station(const char *id, const char *node)
{
	struct event_evse evses[2] = {
		{.id = 1, .kind = "ac", .connectors = 1}, {.id = 2, .kind = "dc", .connectors = 1}};
	struct event_station_registered reg = {.node = node, .source = "api", .evses = {2, evses}};

	return fleet_put_station(&core.fleet, id, &reg);
}

static struct token *put(struct event_token_changed t)
{
	t.type = t.type ? t.type : "ISO14443";
	t.status = t.status ? t.status : "Accepted";
	return fleet_put_token(&core.fleet, &t);
}

static void setup(void)
{
	core = (struct core){.depot = &depot};
	fleet_init(&core.fleet);
	near = put_station("CP-1", "hall");
	far = put_station("CP-2", "site");
}

static void teardown(void)
{
	fleet_finish(&core.fleet);
}

START_TEST(parts_keep_to_items_and_bytes)
{
	static const struct list_entry e[] = {
		{"", 100}, {"", 100}, {"", 100}, {"", 3000}, {"", 100}};
	static const struct {
		size_t from;
		int64_t items, bytes;
		size_t part;
	} rows[] = {
		{0, 100, 100000, 5},
		{0, 4, 100000, 4},
		{4, 4, 100000, 1},
		{5, 4, 100000, 0}, /* nothing is left */
		{0, 1, 100000, 1},
		{0, 100, 1000, 3},
		{3, 100, 1000, 0}, /* alone too long */
		{4, 100, 1000, 1},
		{0, 100, 382, 2}, /* 180 around, two entries with their commas */
		{0, 100, 381, 1},
		{0, 0, 100000, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(list_content_part(e, 5, rows[i].from, rows[i].items, rows[i].bytes) ==
				      rows[i].part,
			"row %zu", i);
}
END_TEST

START_TEST(a_full_list_has_info_in_every_entry_and_good_tokens_first)
{
	struct list_content l = {0};
	static const char *hours[] = {"05:00-06:00"};

	put((struct event_token_changed){.value = "B", .status = "Blocked", .message = "no"});
	put((struct event_token_changed){.value = "A", .group = "G", .message = "hello"});
	put((struct event_token_changed){.value = "H", .windows = {1, hours}});
	put((struct event_token_changed){.value = "", .type = "NoAuthorization"});
	ck_assert_int_eq(list_content_full(&core, near, 10, &l), 0);
	ck_assert_uint_eq(l.count, 2);
	ck_assert_str_eq(l.items[0].json,
		"{\"idToken\":{\"idToken\":\"A\",\"type\":\"ISO14443\"},\"idTokenInfo\":{\"status\":"
		"\"Accepted\",\"groupIdToken\":{\"idToken\":\"G\",\"type\":\"Central\"}}}");
	ck_assert_str_eq(l.items[1].json,
		"{\"idToken\":{\"idToken\":\"B\",\"type\":\"ISO14443\"},\"idTokenInfo\":{\"status\":"
		"\"Blocked\"}}");
	ck_assert_uint_eq(l.items[0].len, strlen(l.items[0].json));
	list_content_finish(&l);
	ck_assert_int_eq(list_content_full(&core, near, 1, &l), 0);
	ck_assert_uint_eq(l.count, 1);
	ck_assert_uint_eq(l.left_out, 1);
	list_content_finish(&l);
}
END_TEST

/* D01.FR.17: without info the station removes it. */
START_TEST(a_change_tells_the_token_or_that_it_goes)
{
	struct list_content l = {0};
	static const char *here[] = {"CP-1/2"};
	struct token *t = put((struct event_token_changed){.value = "P", .evses = {1, here}});

	ck_assert_int_eq(list_content_add(&core, near, t, t->type, t->value, &l), 0);
	ck_assert_int_eq(list_content_add(&core, far, t, t->type, t->value, &l), 0);
	ck_assert_int_eq(list_content_add(&core, near, NULL, "eMAID", "X", &l), 0);
	ck_assert_ptr_nonnull(strstr(l.items[0].json, "\"status\":\"Accepted\",\"evseId\":[2]"));
	ck_assert_ptr_nonnull(strstr(l.items[1].json, "\"status\":\"NotAtThisLocation\"}"));
	ck_assert_str_eq(l.items[2].json, "{\"idToken\":{\"idToken\":\"X\",\"type\":\"eMAID\"}}");
	list_content_finish(&l);
}
END_TEST

START_TEST(the_hash_sees_what_lists_tell_and_nothing_else)
{
	static const char *hours[] = {"05:00-06:00"}, *one[] = {"hall"};
	static const struct {
		struct event_token_changed t;
		bool differs;
	} rows[] = {
		{{.message = "hello"}, false},
		{{.status = "Blocked"}, true},
		{{.group = "G"}, true},
		{{.has_expires = true, .expires = {5000}}, true},
		{{.nodes = {1, one}}, true},
		{{.kind = "dc"}, true},
		{{.has_priority = true, .priority = 2}, true},
		{{.language = "nl"}, true},
	};
	struct event_token_changed plain = {.value = "T"};
	uint64_t before = list_content_hash(put(plain));

	ck_assert(before != 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct event_token_changed t = rows[i].t;

		t.value = "T";
		ck_assert_msg(
			(list_content_hash(put(t)) != before) == rows[i].differs, "row %zu", i);
	}
	plain.windows = (struct schema_strings){1, hours};
	ck_assert_uint_eq(list_content_hash(put(plain)), 0);
	ck_assert(list_content_station(&core, near) != list_content_station(&core, far));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("list_content");
	TCase *t = tcase_create("core");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, parts_keep_to_items_and_bytes);
	tcase_add_test(t, a_full_list_has_info_in_every_entry_and_good_tokens_first);
	tcase_add_test(t, a_change_tells_the_token_or_that_it_goes);
	tcase_add_test(t, the_hash_sees_what_lists_tell_and_nothing_else);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
