/* The audit as it is read: lists, and one line with what was before. */
#include <stdlib.h>
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_people.h"
#include "csms/api/journal_view.h"
#include "csms/view/words_people.h"
#include "db/query.h"
#include "db/query_audit.h"

struct audit {
	struct db_audit_filter filter;
	struct db_audit_page page;
	struct db_journal_event *head; /* of the list */
	struct db_journal_event *before; /* of one line */
	struct db_audit_page together;
	const char *error;
};

/* Events that tell a thing whole: the one before says what it was. */
static const char *const whole[] = {"ContractRootChanged", "DepotLoaded", "EnvelopeOwnerChanged",
	"LocalListChanged", "ManufacturerRootChanged", "OscpPeerChanged", "ReservationChanged",
	"StationIdentityChanged", "StationRegistered", "TariffChanged", "TokenChanged",
	"TripPlanned", "UserChanged", "VehicleChanged"};

static bool is_whole(const char *type)
{
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (strcmp(whole[i], type) == 0)
			return true;
	return false;
}

static struct audit *audit_create(struct ask *k)
{
	struct audit *x = arena_alloc(k->arena, sizeof(*x));

	k->state = x;
	if (x == NULL)
		ask_problem(k, 503, NULL, "no memory for the query");
	return x;
}

/* Payloads as the journal shows them. False: no memory. */
static bool view_rows(
	struct ask *k, const struct db_audit_page *page, struct api_audit_row_list *out)
{
	struct api_journal_event_list events;

	*out = (struct api_audit_row_list){0};
	journal_view(&page->events, k->who.role, k->arena, &events);
	out->items = arena_alloc(k->arena, sizeof(*out->items) * page->count + 1);
	if (events.items == NULL || out->items == NULL)
		return false;
	out->count = page->count;
	for (size_t i = 0; i < page->count; i++) {
		const struct db_journal_event *e = &page->events.items[i];
		const struct db_audit_note *n = &page->items[i];
		out->items[i] = (struct api_audit_row){
			.seq = e->seq,
			.at = e->received,
			.who = e->actor != NULL ? e->actor : "depotd",
			.peer = n->peer,
			.type = e->type,
			.about = e->stream,
			.why = n->why,
			.refused = n->refused,
			.request = e->correlation,
			.payload = events.items[i].payload,
			.hash = e->hash,
		};
	}
	return true;
}

static void fail(struct ask *k, const struct audit *x)
{
	ask_problem(k, 503, NULL, "the store: %s", x->error != NULL ? x->error : "no memory");
}

/* -- the list --------------------------------------------------------------------------------- */

static void list_work(struct db_reader *r, struct ask *k)
{
	struct audit *x = k->state;

	if (db_query_audit(r, &x->filter, k->arena, &x->page) != 0 ||
		db_query_audit_head(r, k->arena, &x->head) != 0)
		x->error = arena_strdup(k->arena, db_reader_error(r));
}

static void say(struct ask *k, const struct audit *x, struct api_audit_page *out)
{
	struct words_audit n = {.lines = (int)out->rows.count, .is_newest = out->has_next};
	struct text t;

	for (size_t i = 0; i < out->rows.count; i++)
		n.refused += out->rows.items[i].refused;
	if (x->head != NULL) {
		n.head = x->head->seq;
		n.head_at = x->head->received;
	}
	text_init(&t, 0);
	words_audit_sentence(&t, &n);
	out->sentence = arena_strdup(k->arena, t.data);
	text_clear(&t);
	words_audit_sub(&t, &n, clock_wall());
	out->sub = arena_strdup(k->arena, t.data);
	text_finish(&t);
}

static void list_finish(struct ask *k)
{
	const struct audit *x = k->state;
	struct api_audit_page page = {0};
	struct api_audit_anchor anchor;

	if (x->error != NULL || !view_rows(k, &x->page, &page.rows)) {
		fail(k, x);
		return;
	}
	page.has_next = x->page.events.next != 0;
	page.next = x->page.events.next;
	if (x->head != NULL) {
		anchor = (struct api_audit_anchor){
			.seq = x->head->seq, .hash = x->head->hash, .at = x->head->received};
		page.anchor = &anchor;
	}
	say(k, x, &page);
	ask_reply(k, 200, &api_audit_page_type, &page);
}

void audit_list(struct ask *k)
{
	struct audit *x = audit_create(k);
	int64_t limit = 100, refused = 0;

	if (x == NULL || !ask_int(k, "limit", 1, 1000, &limit) ||
		!ask_int(k, "refused", 0, 1, &refused) ||
		!ask_int(k, "before", 1, INT64_MAX, &x->filter.before) ||
		!ask_time(k, "from", &x->filter.from) || !ask_time(k, "to", &x->filter.to))
		return;
	x->filter.who = ask_query(k, "who");
	x->filter.type = ask_query(k, "type");
	x->filter.about = ask_query(k, "about");
	x->filter.text = ask_query(k, "text");
	x->filter.request = ask_query(k, "request");
	x->filter.refused = refused != 0;
	x->filter.limit = (int)limit;
	ask_read(k, list_work, list_finish);
}

/* -- one line --------------------------------------------------------------------------------- */

static int read_one(struct db_reader *r, struct ask *k, struct audit *x)
{
	const struct db_journal_event *e;
	struct db_audit_filter all = {.limit = 100};

	if (db_query_audit(r, &x->filter, k->arena, &x->page) != 0)
		return -1;
	if (x->page.count == 0 || x->page.events.items[0].seq != x->filter.before - 1) {
		x->page.count = 0;
		return 0;
	}
	e = &x->page.events.items[0];
	if (is_whole(e->type) && db_query_audit_before(r, e, k->arena, &x->before) != 0)
		return -1;
	all.request = e->correlation;
	return e->correlation != NULL ? db_query_audit(r, &all, k->arena, &x->together) : 0;
}

static void one_work(struct db_reader *r, struct ask *k)
{
	struct audit *x = k->state;

	if (read_one(r, k, x) != 0)
		x->error = arena_strdup(k->arena, db_reader_error(r));
}

static void one_finish(struct ask *k)
{
	const struct audit *x = k->state;
	struct api_audit_detail d = {0};
	struct api_audit_row_list row;
	struct api_journal_event_list before = {0};

	if (x->error == NULL && x->page.count == 0) {
		ask_problem(k, 404, NULL,
			"the audit has no line %lld: list it with GET /api/v1/audit",
			(long long)x->filter.before - 1);
		return;
	}
	if (x->before != NULL)
		journal_view(&(struct db_journal_page){.count = 1, .items = x->before}, k->who.role,
			k->arena, &before);
	if (x->error != NULL || !view_rows(k, &x->page, &row) ||
		!view_rows(k, &x->together, &d.together) ||
		(x->before != NULL && before.items == NULL)) {
		fail(k, x);
		return;
	}
	d.row = row.items[0];
	d.before = before.count > 0 ? before.items[0].payload : NULL;
	ask_reply(k, 200, &api_audit_detail_type, &d);
}

void audit_get(struct ask *k)
{
	struct audit *x = audit_create(k);
	const char *text = k->match.param[0];
	char *end;

	if (x == NULL)
		return;
	long long seq = strtoll(text, &end, 10);
	if (*end != '\0' || end == text || seq < 1 || seq > INT64_MAX - 1) {
		ask_problem(k, 400, "seq", "seq must be the number of a line");
		return;
	}
	x->filter.before = seq + 1;
	x->filter.limit = 1;
	ask_read(k, one_work, one_finish);
}
