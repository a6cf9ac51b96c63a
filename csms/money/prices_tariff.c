/* Tariffs: those of the depot's file, and what the API put in their place since. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/clock.h"
#include "csms/log.h"
#include "csms/money/price_plausible.h"
#include "csms/money/prices_private.h"
#include "csms/record.h"
#include "csms/money/tariff_read.h"

static const struct depot_price_series_list *series_of(const struct prices *p)
{
	return &p->core->depot->prices;
}

int prices_check(const struct prices *p, const struct depot_tariff *row, struct tariff *out,
	struct depot_fault *fault)
{
	return tariff_read(row, series_of(p), out, fault);
}

/* -- what is held ----------------------------------------------------------------------------- */

static void held_destroy(struct price_tariff_held *h)
{
	if (!h)
		return;
	arena_destroy(h->arena);
	free(h->text);
	free(h);
}

static char *encode(const struct depot_tariff *row)
{
	struct text t;
	size_t len;

	text_init(&t, 1u << 20);
	if (schema_encode(&depot_tariff_type, row, &t) != 0)
		text_clear(&t);
	return t.len ? text_take(&t, &len) : (text_finish(&t), NULL);
}

/* Its own copy of the row, by way of its text. NULL: no memory, or the text is no tariff any more;
 * then `fault` has why. */
static struct price_tariff_held *held_create(
	const struct prices *p, const char *text, struct depot_fault *fault)
{
	struct price_tariff_held *h = calloc(1, sizeof *h);
	struct schema_error err = {.message = "out of memory"};

	fault->path[0] = '\0';
	snprintf(fault->text, sizeof fault->text, "out of memory");
	if (!h)
		return NULL;
	h->arena = arena_create(0);
	h->text = strdup(text);
	h->view.row = h->arena && h->text ? schema_decode(&depot_tariff_type, text, strlen(text),
						    h->arena, &err)
					  : NULL;
	if (!h->view.row) {
		snprintf(fault->path, sizeof fault->path, "%.119s", err.path);
		snprintf(fault->text, sizeof fault->text, "%s", err.message);
	}
	h->view.from_day = INT64_MIN;
	if (!h->view.row || prices_check(p, h->view.row, &h->view.tariff, fault) < 0 ||
		(h->view.row->valid_from &&
			tariff_read_date(h->view.row->valid_from, &h->view.from_day) < 0)) {
		held_destroy(h);
		return NULL;
	}
	return h;
}

static int index_of(const struct prices *p, const char *id)
{
	for (int i = 0; i < p->tariff_count; i++)
		if (strcmp(p->tariffs[i]->view.row->id, id) == 0)
			return i;
	return -1;
}

static void drop(struct prices *p, int i)
{
	held_destroy(p->tariffs[i]);
	p->tariffs[i] = p->tariffs[--p->tariff_count];
}

/* In the place of the one of its id. -1: too many. */
static int hold(struct prices *p, struct price_tariff_held *h)
{
	int i = index_of(p, h->view.row->id);

	if (i < 0 && p->tariff_count == PRICES_TARIFFS_MAX)
		return -1;
	if (i >= 0)
		held_destroy(p->tariffs[i]);
	p->tariffs[i < 0 ? p->tariff_count++ : i] = h;
	return 0;
}

const struct price_tariff *prices_find(const struct prices *p, const char *id)
{
	int i = index_of(p, id);

	return i < 0 ? NULL : &p->tariffs[i]->view;
}

int prices_count(const struct prices *p)
{
	return p->tariff_count;
}

const struct price_tariff *prices_at(const struct prices *p, int i)
{
	return &p->tariffs[i]->view;
}

/* Of those whose day has come the newest; of the same day the last by id. */
const struct price_tariff *prices_in_force(const struct prices *p, int64_t at_ms)
{
	const struct price_tariff *best = NULL;
	struct calendar_time at;
	int64_t today;

	calendar_local(prices_zone(p), at_ms, &at);
	today = calendar_number(at.day.year, at.day.month, at.day.day);
	for (int i = 0; i < p->tariff_count; i++) {
		const struct price_tariff *t = &p->tariffs[i]->view;

		if (t->row->compare_only || t->from_day > today)
			continue;
		if (!best || t->from_day > best->from_day ||
			(t->from_day == best->from_day && strcmp(t->row->id, best->row->id) > 0))
			best = t;
	}
	return best;
}

const char *prices_currency(const struct prices *p)
{
	const struct price_tariff *t = p ? prices_in_force(p, clock_wall().ms) : NULL;

	return t ? t->row->currency : NULL;
}

/* -- changes ---------------------------------------------------------------------------------- */

struct change {
	struct prices *prices;
	struct price_tariff_held *next; /* NULL: removed */
	char id[41];
	void (*done)(void *arg, int status, const char *why);
	void *arg;
};

static void on_stored(void *arg, int status, const char *why)
{
	struct change *k = arg;
	int i = index_of(k->prices, k->id);

	if (status == 0 && k->next && hold(k->prices, k->next) == 0)
		k->next = NULL;
	else if (status == 0 && !k->next && i >= 0)
		drop(k->prices, i);
	held_destroy(k->next);
	k->done(k->arg, status, why);
	free(k);
}

/* `text` NULL: it is gone. */
static int journal(
	struct prices *p, const char *id, const char *text, bool from_file, const char *actor)
{
	struct arena *a = record_arena(p->core);
	struct event_tariff_changed *e = a ? arena_alloc(a, sizeof *e) : NULL;

	if (!e)
		return -1;
	e->id = arena_strdup(a, id);
	e->tariff = text ? arena_strdup(a, text) : NULL;
	e->from_file = from_file;
	record_now(p->core, EVENT_TARIFF_CHANGED, "tariff", id, e, actor, NULL);
	return 0;
}

static void change(struct prices *p, const char *id, struct price_tariff_held *next,
	const char *actor, void (*done)(void *arg, int status, const char *why), void *arg)
{
	struct change *k = calloc(1, sizeof *k);

	if (!k || journal(p, id, next ? next->text : NULL, false, actor) < 0) {
		free(k);
		held_destroy(next);
		done(arg, -1, "out of memory");
		return;
	}
	*k = (struct change){.prices = p, .next = next, .done = done, .arg = arg};
	snprintf(k->id, sizeof k->id, "%s", id);
	record_then(p->core, on_stored, k);
}

static void log_odd(void *arg, const struct depot_fault *odd)
{
	const struct depot_tariff *row = arg;

	log_warn("tariff %s: %s: %s", row->id, odd->path, odd->text);
}

int prices_put(struct prices *p, const struct depot_tariff *row, const char *actor,
	void (*done)(void *arg, int status, const char *why), void *arg, struct depot_fault *fault)
{
	char *text = encode(row);
	struct price_tariff_held *h = text ? held_create(p, text, fault) : NULL;

	if (!text) {
		fault->path[0] = '\0';
		snprintf(fault->text, sizeof fault->text, "the tariff is too long");
	}
	free(text);
	if (!h)
		return -1;
	if (index_of(p, row->id) < 0 && p->tariff_count == PRICES_TARIFFS_MAX) {
		fault->path[0] = '\0';
		snprintf(fault->text, sizeof fault->text,
			"there are %d tariffs already: remove one first", PRICES_TARIFFS_MAX);
		held_destroy(h);
		return -1;
	}
	h->view.at = clock_wall();
	snprintf(h->view.actor, sizeof h->view.actor, "%s", actor);
	price_tariff_odd(h->view.row, "", log_odd, (void *)(uintptr_t)h->view.row);
	change(p, row->id, h, actor, done, arg);
	return 0;
}

void prices_remove(struct prices *p, const struct price_tariff *t, const char *actor,
	void (*done)(void *arg, int status, const char *why), void *arg)
{
	change(p, t->row->id, NULL, actor, done, arg);
}

/* -- at a start ------------------------------------------------------------------------------- */

static const struct db_tariff *stored_of(const struct db_tariff_list *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].id, id) == 0)
			return &list->items[i];
	return NULL;
}

static bool in_file(const struct prices *p, const char *id)
{
	const struct depot_tariff_list *list = &p->core->depot->tariffs;

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].id, id) == 0)
			return true;
	return false;
}

static void take_up(struct prices *p, const char *text, bool from_file, wall_t at,
	const char *actor, const char *id)
{
	struct depot_fault fault;
	struct price_tariff_held *h = held_create(p, text, &fault);

	if (!h) {
		log_error("tariff %s of the store is not taken up: %s", id, fault.text);
		return;
	}
	h->view.from_file = from_file;
	h->view.at = at;
	snprintf(h->view.actor, sizeof h->view.actor, "%s", actor ? actor : "");
	if (hold(p, h) < 0)
		held_destroy(h);
}

/* A row of the file that is another than last time takes the place of what the API said. */
static int take_file_row(
	struct prices *p, const struct depot_tariff *row, const struct db_tariff *stored)
{
	char *text = encode(row);
	bool is_same = text && stored && stored->file_row && strcmp(stored->file_row, text) == 0;
	int rc = text ? 0 : -1;

	if (is_same && stored->row)
		take_up(p, stored->row, strcmp(stored->row, text) == 0, stored->at, stored->actor,
			row->id);
	else if (text && !is_same) {
		rc = journal(p, row->id, text, true, "file");
		take_up(p, text, true, clock_wall(), "file", row->id);
	}
	free(text);
	return rc;
}

struct restoring {
	struct prices *prices;
	int rc;
};

static void read_tariffs(struct db_reader *db, void *arg)
{
	struct restoring *x = arg;
	struct prices *p = x->prices;
	struct arena *a = arena_create(0);
	struct db_tariff_list list = {0};

	x->rc = a && db_query_tariffs(db, a, &list) == 0 ? 0 : -1;
	for (size_t i = 0; x->rc == 0 && i < p->core->depot->tariffs.count; i++) {
		const struct depot_tariff *row = &p->core->depot->tariffs.items[i];

		x->rc = take_file_row(p, row, stored_of(&list, row->id));
	}
	for (size_t i = 0; x->rc == 0 && i < list.count; i++) {
		const struct db_tariff *t = &list.items[i];

		if (in_file(p, t->id))
			continue;
		if (t->file_row) /* it stood in the file, and does not any more */
			x->rc = journal(p, t->id, NULL, true, "file");
		else if (t->row)
			take_up(p, t->row, false, t->at, t->actor, t->id);
	}
	arena_destroy(a);
}

int prices_tariffs_restore(struct prices *p, char why[400])
{
	struct restoring x = {.prices = p};

	if (db_read_now(p->core->db, read_tariffs, &x) == 0 && x.rc == 0)
		return 0;
	snprintf(why, 400, "the tariffs of the store cannot be read");
	return -1;
}

void prices_tariffs_finish(struct prices *p)
{
	while (p->tariff_count)
		drop(p, 0);
}
