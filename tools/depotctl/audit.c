/* The audit: who did what from where, its export, its anchor, and whether the past is as it was. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/care.h"
#include "tools/depotctl/commands.h"
#include "gen/event.h"
#include "tools/depotctl/table.h"

static const char *const filter_names[] = {
	"who", "type", "about", "text", "from", "to", "before", "limit", NULL};

static const char *list_path(struct ctl *c)
{
	bool refused = ctl_flag(c, "--refused");
	const char *path = ctl_query(c, "audit", filter_names);

	if (!refused)
		return path;
	return arena_printf(c->arena, "%s%crefused=1", path, strchr(path, '?') != NULL ? '&' : '?');
}

/* What a line is about: of a request its method and path, else the thing. */
static const char *subject(struct ctl *c, const struct api_audit_row *v)
{
	struct event_request_made *e;
	struct schema_error err;

	if (strcmp(v->type, "RequestMade") != 0)
		return v->about;
	e = schema_decode(&event_request_made_type, v->payload, strlen(v->payload), c->arena, &err);
	return e != NULL ? arena_printf(c->arena, "%s %s: %lld", e->method, e->path,
				   (long long)e->status)
			 : v->about;
}

static void put_row(struct ctl *c, struct table *t, const struct api_audit_row *v)
{
	table_row(t);
	table_cellf(t, "%lld", (long long)v->seq);
	table_cell(t, cell_time(c->arena, true, v->at));
	table_cell(t, v->who);
	table_cell(t, v->peer);
	table_cell_colour(t, v->refused ? COLOUR_RED : COLOUR_NONE, v->type);
	table_cell(t, subject(c, v));
	table_cell(t, v->why);
}

static struct table *audit_table(struct ctl *c)
{
	return table_create(c->arena, ">LINE|AT|WHO|FROM|WHAT|OF|WHY", c->colour);
}

static int audit_list(struct ctl *c)
{
	struct table *t = audit_table(c);
	void *answer;
	int status =
		ctl_ask_struct(c, "GET", list_path(c), NULL, NULL, &api_audit_page_type, &answer);
	const struct api_audit_page *page = answer;

	if (page == NULL)
		return status;
	for (size_t i = page->rows.count; i-- > 0;)
		put_row(c, t, &page->rows.items[i]);
	printf("%s\n%s\n\n", page->sentence, page->sub);
	if (page->rows.count > 0)
		ctl_print(t, "");
	if (page->has_next)
		printf("There are more; ask for them with --before %lld.\n", (long long)page->next);
	return CTL_OK;
}

static int audit_show(struct ctl *c)
{
	const char *path = arena_printf(c->arena, "audit/%s", ctl_escape(c, c->argv[1]));
	struct table *t = audit_table(c);
	void *answer;
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_audit_detail_type, &answer);
	const struct api_audit_detail *d = answer;

	if (d == NULL)
		return status;
	put_row(c, t, &d->row);
	ctl_print(t, "");
	if (d->before != NULL)
		printf("Before  %s\n", d->before);
	printf("%s  %s\n", d->before != NULL ? "After " : "Payload", d->row.payload);
	if (d->together.count > 1) {
		t = audit_table(c);
		for (size_t i = d->together.count; i-- > 0;)
			put_row(c, t, &d->together.items[i]);
		printf("\nThe same request did:\n");
		ctl_print(t, "");
	}
	return CTL_OK;
}

/* -- export and anchor ----------------------------------------------------------------------- */

static void put_line(FILE *file, const struct schema_struct *type, const void *value)
{
	struct text out;

	text_init(&out, 0);
	if (schema_encode(type, value, &out) == 0 && text_ok(&out))
		fprintf(file, "%s\n", out.data);
	text_finish(&out);
}

/* All pages, newest first; the anchor of the first one vouches for all of them and comes last. */
static int export_pages(struct ctl *c, FILE *file, const char *path, int64_t *lines)
{
	char glue = strchr(path, '?') != NULL ? '&' : '?';
	const struct api_audit_anchor *anchor = NULL;
	const char *next = arena_printf(c->arena, "%s%climit=1000", path, glue);

	while (next != NULL) {
		void *answer;
		int status =
			ctl_ask_struct(c, "GET", next, NULL, NULL, &api_audit_page_type, &answer);
		const struct api_audit_page *page = answer;
		if (page == NULL)
			return status;
		for (size_t i = 0; i < page->rows.count; i++)
			put_line(file, &api_audit_row_type, &page->rows.items[i]);
		*lines += (int64_t)page->rows.count;
		anchor = anchor != NULL ? anchor : page->anchor;
		next = page->has_next ? arena_printf(c->arena, "%s%climit=1000&before=%lld", path,
						glue, (long long)page->next)
				      : NULL;
	}
	if (anchor != NULL)
		put_line(file, &api_audit_anchor_type, anchor);
	return CTL_OK;
}

static int audit_export(struct ctl *c)
{
	const char *name = ctl_option(c, "--to-file"), *path = list_path(c);
	FILE *file = stdout;
	int64_t lines = 0;
	int status;

	c->json = false; /* lines are JSON as they are */
	if (name != NULL && strcmp(name, "-") != 0 && (file = fopen(name, "wx")) == NULL)
		return ctl_complain(CTL_FAILED, "%s cannot be made: %s", name, strerror(errno));
	status = export_pages(c, file, path, &lines);
	if ((ferror(file) || fflush(file) != 0) && status == CTL_OK)
		status = ctl_complain(CTL_FAILED, "the export cannot be written");
	if (file == stdout)
		return status;
	if (fclose(file) != 0 && status == CTL_OK)
		status = ctl_complain(CTL_FAILED, "%s cannot be written", name);
	if (status == CTL_OK)
		printf("%lld lines and the anchor.\n", (long long)lines);
	else
		unlink(name);
	return status;
}

static int audit_anchor(struct ctl *c)
{
	void *answer;

	c->json = false;
	int status = ctl_ask_struct(
		c, "GET", "audit?limit=1", NULL, NULL, &api_audit_page_type, &answer);
	const struct api_audit_page *page = answer;

	if (page == NULL)
		return status;
	if (page->anchor == NULL)
		return ctl_complain(CTL_FAILED, "the journal is empty");
	put_line(stdout, &api_audit_anchor_type, page->anchor);
	return CTL_OK;
}

/* -- verify ---------------------------------------------------------------------------------- */

/* The last line of an export, or the only one of `audit anchor`. NULL after a complaint. */
static const struct api_audit_anchor *read_anchor(struct ctl *c, const char *name)
{
	FILE *file = fopen(name, "r");
	char *line = NULL, *last = NULL;
	size_t size = 0;
	struct schema_error err = {.message = "it is empty"};
	const struct api_audit_anchor *anchor = NULL;

	if (file == NULL) {
		ctl_complain(CTL_FAILED, "%s cannot be read: %s", name, strerror(errno));
		return NULL;
	}
	while (getline(&line, &size, file) > 1)
		last = arena_strdup(c->arena, line);
	fclose(file);
	free(line);
	if (last != NULL)
		anchor = schema_decode(&api_audit_anchor_type, last, strlen(last), c->arena, &err);
	if (anchor == NULL)
		ctl_complain(CTL_FAILED,
			"%s does not end in an anchor (%s): make one with depotctl audit anchor or "
			"depotctl audit export",
			name, err.message);
	return anchor;
}

static int audit_verify(struct ctl *c)
{
	const char *name = ctl_option(c, "--anchor");
	const struct api_audit_anchor *anchor = NULL;

	if (name != NULL && (anchor = read_anchor(c, name)) == NULL)
		return CTL_FAILED;
	return ctl_verify_with(c, anchor);
}

int ctl_audit(struct ctl *c)
{
	static const struct {
		const char *name;
		int (*run)(struct ctl *c);
		int args;
	} rows[] = {
		{"list", audit_list, 1},
		{"show", audit_show, 2},
		{"export", audit_export, 1},
		{"anchor", audit_anchor, 1},
		{"verify", audit_verify, 1},
	};

	if (c->argc == 0)
		return audit_list(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(c->argv[0], rows[i].name) == 0 && c->argc == rows[i].args)
			return rows[i].run(c);
	return ctl_complain(
		CTL_USAGE, "audit: list, show LINE, export, anchor or verify --data DIR");
}
