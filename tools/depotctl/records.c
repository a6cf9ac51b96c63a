/* Tables of what was: transactions, journal, calls. */
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

void ctl_print(const struct table *t, const char *empty)
{
	struct text out;

	if (table_rows(t) == 0) {
		printf("%s\n", empty);
		return;
	}
	text_init(&out, 0);
	table_print(t, &out);
	if (text_ok(&out))
		fwrite(out.data, 1, out.len, stdout);
	text_finish(&out);
}

/* Adds "&name=value" for each option of the list that was given. */
const char *ctl_query(struct ctl *c, const char *path, const char *const *names)
{
	char glue = '?', option[40];

	for (; *names != NULL; names++) {
		snprintf(option, sizeof(option), "--%s", *names);
		for (char *p = option; *p != '\0'; p++)
			if (*p == '_')
				*p = '-';
		const char *value = ctl_option(c, option);
		if (value == NULL)
			continue;
		path = arena_printf(
			c->arena, "%s%c%s=%s", path, glue, *names, ctl_escape(c, value));
		glue = '&';
	}
	return path;
}

/* -- transactions ---------------------------------------------------------------------------- */

static void row_transaction(struct ctl *c, struct table *t, const struct api_transaction_view *v)
{
	table_row(t);
	table_cell(t, v->station);
	table_cell(t, v->id);
	if (v->has_evse)
		table_cellf(t, "%d", (int)v->evse);
	else
		table_cell(t, NULL);
	table_cell(t, v->vehicle);
	table_cell_colour(t, strcmp(v->state, "open") == 0 ? COLOUR_GREEN : COLOUR_NONE, v->state);
	table_cell(t, cell_time(c->arena, v->has_started_at, v->started_at));
	table_cell(t, cell_time(c->arena, v->has_ended_at, v->ended_at));
	table_cell(t, cell_energy(c->arena, v->has_energy_wh, v->energy_wh));
	table_cell(t, v->stopped_reason);
	table_cellf(t, "%lld", (long long)v->events);
	if (v->quarantined != NULL)
		table_cell_colour(t, COLOUR_RED, v->quarantined);
	else if (v->missing != NULL)
		table_cell_colour(
			t, COLOUR_YELLOW, arena_printf(c->arena, "missing %s", v->missing));
	else
		table_cell(t, v->complete ? "complete" : " ");
}

static struct table *transaction_table(struct ctl *c)
{
	return table_create(c->arena,
		"STATION|TRANSACTION|EVSE|VEHICLE|STATE|STARTED|ENDED|>ENERGY|STOPPED BY|>EVENTS|"
		"RECORD",
		c->colour);
}

int ctl_sessions(struct ctl *c)
{
	static const char *const names[] = {
		"station", "vehicle", "state", "from", "to", "limit", NULL};
	const char *path = ctl_query(c, "transactions", names);
	struct table *t = transaction_table(c);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", path, NULL, NULL, &api_transaction_list_type, &answer);
	const struct api_transaction_list *list = answer;

	if (list != NULL && list->sentence != NULL)
		printf("%s\n%s\n\n", list->sentence, list->sub);
	for (size_t i = 0; list != NULL && i < list->transactions.count; i++)
		row_transaction(c, t, &list->transactions.items[i]);
	if (list != NULL)
		ctl_print(t, "No transactions.");
	if (list != NULL && list->next != NULL)
		printf("There are more; ask for them with --limit or --to.\n");
	return status;
}

static void show_event(struct ctl *c, const struct api_journal_event *e)
{
	printf("%8lld  %s  %-34s %-24s %s\n", (long long)e->seq, cell_time(c->arena, true, e->at),
		e->stream, e->type, e->payload);
}

/* One line for each thing that the station told beside what the table has. */
static void show_told(const struct api_transaction_detail *d)
{
	const struct api_transaction_view *t = &d->transaction;

	if (d->started_by != NULL)
		printf("Began by %s%s%s.\n", d->started_by, d->ended_by ? ", ended by " : "",
			d->ended_by ? d->ended_by : "");
	if (t->token != NULL)
		printf("Token %s (%s): %s.\n", t->token, t->token_type ? t->token_type : "?",
			t->token_status ? t->token_status : "not judged");
	if (t->charging_state != NULL)
		printf("Charging state %s.\n", t->charging_state);
	if (t->has_cable_max_a)
		printf("The cable bears %lld A, says the station.\n", (long long)t->cable_max_a);
	if (t->has_phases_used)
		printf("The vehicle uses %lld phases, says the station.\n",
			(long long)t->phases_used);
	if (t->has_charging_s)
		printf("It charged for %lld min %lld s, says the station.\n",
			(long long)t->charging_s / 60, (long long)t->charging_s % 60);
	if (t->has_remote_start_id)
		printf("Answers the remote start %lld.\n", (long long)t->remote_start_id);
	if (t->has_reservation_id)
		printf("Used reservation %lld.\n", (long long)t->reservation_id);
	if (d->offline_events > 0)
		printf("%lld events of while the station was offline.\n",
			(long long)d->offline_events);
}

/* The answer as it is: it goes into the software that checks it. */
static int show_signed(struct ctl *c, const char *path)
{
	char *body = NULL;
	int status = ctl_ask(c, "GET", path, NULL, &body);

	if (body != NULL)
		printf("%s\n", body);
	return status;
}

static void row_value(struct ctl *c, struct table *t, const struct api_meter_value_view *v)
{
	table_row(t);
	table_cell(t, cell_time(c->arena, true, v->at));
	table_cell(t, v->measurand);
	table_cell(t, v->phase);
	table_cell(t, v->location);
	table_cellf(t, "%.10g", v->value);
	table_cell(t, v->unit);
	table_cell(t, v->quality);
	table_cell(t, v->has_seq_no ? arena_printf(c->arena, "%lld", (long long)v->seq_no) : NULL);
	table_cell(t, v->source);
}

/* All pages. With --json the first: its `next` says how to go on. */
static int show_values(struct ctl *c, const char *path)
{
	struct table *t = table_create(
		c->arena, "AT|MEASURAND|PHASE|PLACE|>VALUE|UNIT|QUALITY|>SEQ|FROM", c->colour);
	const char *next = "";
	int status = CTL_OK;

	while (next != NULL && status == CTL_OK) {
		void *answer;

		status = ctl_ask_struct(c, "GET",
			arena_printf(c->arena, "%s?limit=5000%s%s", path, next[0] ? "&cursor=" : "",
				next),
			NULL, NULL, &api_meter_value_list_type, &answer);
		const struct api_meter_value_list *list = answer;

		next = list != NULL ? list->next : NULL;
		for (size_t i = 0; list != NULL && i < list->values.count; i++)
			row_value(c, t, &list->values.items[i]);
	}
	if (status == CTL_OK && !c->json)
		ctl_print(t, "No readings.");
	return status;
}

/* The sentence of the session's page. */
static int show_course(struct ctl *c, const char *path)
{
	void *answer;
	int status = ctl_ask_struct(c, "GET", arena_printf(c->arena, "%s/course", path), NULL, NULL,
		&api_session_course_type, &answer);
	const struct api_session_course *course = answer;

	if (course != NULL)
		printf("%s\n%s\n%s%s\n", course->sentence, course->sub,
			course->ruled ? course->ruled : "", course->ruled ? "\n" : "");
	return status;
}

int ctl_session(struct ctl *c)
{
	const char *path = arena_printf(c->arena, "transactions/%s/%s", ctl_escape(c, c->argv[0]),
		ctl_escape(c, c->argv[1]));
	struct table *t = transaction_table(c);
	void *answer;

	if (ctl_flag(c, "--signed"))
		return show_signed(c, arena_printf(c->arena, "%s/signed", path));
	if (ctl_flag(c, "--meter-values"))
		return show_values(c, arena_printf(c->arena, "%s/meter-values", path));
	int status =
		ctl_ask_struct(c, "GET", path, NULL, NULL, &api_transaction_detail_type, &answer);
	const struct api_transaction_detail *d = answer;

	if (d == NULL)
		return status;
	status = show_course(c, path);
	row_transaction(c, t, &d->transaction);
	ctl_print(t, "");
	putchar('\n');
	show_told(d);
	putchar('\n');
	for (size_t i = 0; i < d->events.count; i++)
		show_event(c, &d->events.items[i]);
	return status;
}

/* -- journal --------------------------------------------------------------------------------- */

static void show_page(struct ctl *c, const struct api_journal_page *page, bool backwards)
{
	for (size_t i = 0; i < page->events.count; i++)
		show_event(c, &page->events.items[backwards ? page->events.count - 1 - i : i]);
	fflush(stdout);
}

/* Newest sequence number of a page, or `otherwise`. */
static int64_t newest_of(const struct api_journal_page *page, int64_t otherwise)
{
	for (size_t i = 0; i < page->events.count; i++)
		if (page->events.items[i].seq > otherwise)
			otherwise = page->events.items[i].seq;
	return otherwise;
}

/* Asks for a page; with --json prints it and still tells its events. */
static int page_get(struct ctl *c, const char *path, struct api_journal_page **page)
{
	struct schema_error err;
	char *body;
	int status = ctl_ask(c, "GET", path, NULL, &body);

	*page = NULL;
	if (status != CTL_OK)
		return status;
	*page = schema_decode(&api_journal_page_type, body, strlen(body), c->arena, &err);
	if (*page == NULL)
		return ctl_complain(CTL_FAILED, "the answer is not understood: %s", err.message);
	if (c->json && (*page)->events.count > 0) {
		printf("%s\n", body);
		fflush(stdout);
	}
	return CTL_OK;
}

static int follow(struct ctl *c, const char *base, int64_t after)
{
	struct arena *whole = c->arena;
	int status = CTL_OK;

	while (status == CTL_OK) {
		struct api_journal_page *page;
		struct arena *a = arena_create(0);
		if (a == NULL)
			return ctl_complain(CTL_FAILED, "out of memory");
		c->arena = a;
		status = page_get(c,
			arena_printf(a, "%s%cafter=%lld", base, strchr(base, '?') ? '&' : '?',
				(long long)after),
			&page);
		if (status == CTL_OK && !c->json)
			show_page(c, page, false);
		if (status == CTL_OK)
			after = newest_of(page, after);
		bool is_more = status == CTL_OK && page->has_next;
		c->arena = whole;
		arena_destroy(a);
		if (status == CTL_OK && !is_more)
			sleep(1);
	}
	return status;
}

int ctl_journal(struct ctl *c)
{
	static const char *const filter[] = {"stream", "type", NULL};
	static const char *const place[] = {"after", "limit", NULL};
	bool is_following = ctl_flag(c, "--follow");
	const char *base = ctl_query(c, "journal", filter);
	bool has_after = false;

	for (int i = 0; i < c->optc; i++)
		has_after |= strncmp(c->optv[i], "--after", 7) == 0;
	const char *rest = ctl_query(c, "", place);
	const char *path = base;
	if (rest[0] != '\0')
		path = arena_printf(
			c->arena, "%s%c%s", base, strchr(base, '?') != NULL ? '&' : '?', rest + 1);
	if (!has_after)
		path = arena_printf(
			c->arena, "%s%corder=newest", path, strchr(path, '?') != NULL ? '&' : '?');
	struct api_journal_page *page;
	int status = page_get(c, path, &page);
	if (status != CTL_OK)
		return status;
	if (!c->json)
		show_page(c, page, !has_after);
	return is_following ? follow(c, base, newest_of(page, 0)) : CTL_OK;
}

/* -- calls ----------------------------------------------------------------------------------- */

/* "rollout 7; InternalError: burns": why it was asked for, and what went wrong. */
static const char *reason_of(struct ctl *c, const struct api_call_view *v)
{
	const char *error = v->error_code != NULL ? v->error_code : v->error_text;

	if (v->error_code != NULL && v->error_text != NULL)
		error = arena_printf(c->arena, "%s: %s", v->error_code, v->error_text);
	if (v->why == NULL || error == NULL)
		return v->why != NULL ? v->why : error;
	return arena_printf(c->arena, "%s; %s", v->why, error);
}

static void row_call(struct ctl *c, struct table *t, const struct api_call_view *v)
{
	const char *outcome = v->outcome != NULL ? v->outcome : "waiting";
	enum colour colour = strcmp(outcome, "answered") == 0 ? COLOUR_GREEN : COLOUR_RED;

	table_row(t);
	table_cell(t, cell_time(c->arena, true, v->at));
	table_cell(t, v->station);
	table_cell(t, v->action);
	table_cell(t, v->actor);
	table_cell_colour(t, v->outcome != NULL ? colour : COLOUR_YELLOW, outcome);
	table_cell(t, v->status);
	if (v->has_took_ms)
		table_cellf(t, "%.1f s", (double)v->took_ms / 1000.0);
	else
		table_cell(t, NULL);
	table_cell(t, reason_of(c, v));
}

int ctl_calls(struct ctl *c)
{
	static const char *const names[] = {"limit", NULL};
	const char *path = ctl_query(c, "calls", names);
	struct table *t = table_create(
		c->arena, "TIME|STATION|ACTION|BY|OUTCOME|STATUS|>TOOK|WHY / ERROR", c->colour);
	void *answer;

	if (c->argc > 0)
		path = arena_printf(c->arena, "%s%cstation=%s", path,
			strchr(path, '?') != NULL ? '&' : '?', ctl_escape(c, c->argv[0]));
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_call_list_type, &answer);
	const struct api_call_list *list = answer;
	for (size_t i = 0; list != NULL && i < list->calls.count; i++)
		row_call(c, t, &list->calls.items[i]);
	if (list != NULL)
		ctl_print(t, "No calls.");
	return status;
}
