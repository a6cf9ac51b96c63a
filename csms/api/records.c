/* The journal as it was. Queries run on the store's readers. */
#include <stdio.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_people.h"
#include "csms/api/journal_view.h"
#include "db/query.h"

struct query {
	struct db_journal_filter journal;
	struct db_journal_page events;
	const char *error;
};

static struct query *query_create(struct ask *k)
{
	struct query *q = arena_alloc(k->arena, sizeof(*q));

	k->state = q;
	if (q == NULL)
		ask_problem(k, 503, NULL, "no memory for the query");
	return q;
}

static bool is_failed(struct ask *k, const char *error, const void *memory)
{
	if (error == NULL && memory != NULL)
		return false;
	ask_problem(k, 503, NULL, "the store: %s", error != NULL ? error : "no memory");
	return true;
}

/* -- journal --------------------------------------------------------------------------------- */

/* Hashes of passwords are nobody's business: a weak password could be guessed from one. */
static const char *without_secrets(const char *payload, struct arena *a)
{
	static const char key[] = "\"password_hash\":\"";
	const char *at = strstr(payload, key);

	if (at == NULL)
		return payload;
	at += sizeof(key) - 1;
	return arena_printf(
		a, "%.*s(hidden)%s", (int)(at - payload), payload, at + strcspn(at, "\""));
}

/* What stations tell of customers is for administrators, here as in /customer-reports. */
static bool is_of_customers(const struct db_journal_event *e)
{
	return strcmp(e->type, "ReportPart") == 0 &&
	       strstr(e->payload, "\"kind\":\"customer\"") != NULL;
}

void journal_view(const struct db_journal_page *page, enum role role, struct arena *a,
	struct api_journal_event_list *out)
{
	*out = (struct api_journal_event_list){0};
	out->items = arena_alloc(a, sizeof(*out->items) * page->count + 1);
	if (out->items == NULL)
		return;
	out->count = page->count;
	for (size_t i = 0; i < page->count; i++) {
		const struct db_journal_event *e = &page->items[i];
		out->items[i] = (struct api_journal_event){
			.seq = e->seq,
			.stream = e->stream,
			.version = e->version,
			.type = e->type,
			.at = e->at,
			.received = e->received,
			.cause = e->cause,
			.actor = e->actor,
			.payload =
				!role_may(role, MAY_AUDIT) && is_of_customers(e)
					? "{\"kind\":\"customer\",\"items\":\"(for administrators)\"}"
					: without_secrets(e->payload, a),
			.hash = e->hash,
		};
	}
}

static void journal_work(struct db_reader *r, struct ask *k)
{
	struct query *q = k->state;

	if (db_query_journal(r, &q->journal, k->arena, &q->events) != 0)
		q->error = arena_strdup(k->arena, db_reader_error(r));
}

static void journal_finish(struct ask *k)
{
	const struct query *q = k->state;
	struct api_journal_page page = {0};

	journal_view(&q->events, k->who.role, k->arena, &page.events);
	if (is_failed(k, q->error, page.events.items))
		return;
	/* `next` is for the parameter `after`, which excludes its own number. */
	page.has_next = q->events.next != 0;
	page.next = q->journal.newest_first ? q->events.next + 1 : q->events.next - 1;
	ask_reply(k, 200, &api_journal_page_type, &page);
}

void journal_get(struct ask *k)
{
	struct query *q = query_create(k);
	const char *order = ask_query(k, "order");
	int64_t after = 0, limit = 100;

	if (q == NULL || !ask_int(k, "after", 0, INT64_MAX - 1, &after) ||
		!ask_int(k, "limit", 1, 1000, &limit))
		return;
	if (order != NULL && strcmp(order, "newest") != 0 && strcmp(order, "oldest") != 0) {
		ask_problem(k, 400, "order", "order: must be oldest or newest");
		return;
	}
	q->journal = (struct db_journal_filter){
		.stream = ask_query(k, "stream"),
		.type = ask_query(k, "type"),
		.newest_first = order != NULL && strcmp(order, "newest") == 0,
		.limit = (int)limit,
	};
	if (q->journal.newest_first)
		q->journal.from = after > 0 ? after - 1 : 0;
	else
		q->journal.from = after + 1;
	ask_read(k, journal_work, journal_finish);
}
