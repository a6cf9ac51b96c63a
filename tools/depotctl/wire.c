/* OCPP messages as they went over the wire: a page for people, or all of them into a file. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

static const char *with_flag(struct ctl *c, const char *path, bool is_set, const char *name)
{
	if (!is_set)
		return path;
	return arena_printf(
		c->arena, "%s%c%s=1", path, strchr(path, '?') != NULL ? '&' : '?', name);
}

static void show_frame(struct ctl *c, const struct api_wire_frame *f)
{
	printf("%s  %-12s %s %s\n", cell_time(c->arena, true, f->at), f->station,
		strcmp(f->direction, "in") == 0 ? "->" : "<-", f->text);
	if (f->verdict != NULL)
		printf("%*s  refused: %s\n", 8, "", f->verdict);
}

static void show_pair(struct ctl *c, const struct api_wire_pair *p)
{
	bool is_in = strcmp(p->direction, "in") == 0;

	printf("%s  %-12s %s %s\n", cell_time(c->arena, true, p->at), p->station,
		is_in ? "->" : "<-", p->request);
	if (p->verdict != NULL)
		printf("%*s  refused: %s\n", 8, "", p->verdict);
	if (p->reply != NULL)
		printf("%*s  %5lld ms     %s %s\n", 8, "", (long long)p->latency_ms,
			is_in ? "<-" : "->", p->reply);
	else
		printf("%*s  no answer\n", 8, "");
	if (p->reply_verdict != NULL)
		printf("%*s  refused: %s\n", 8, "", p->reply_verdict);
}

/* -- export ---------------------------------------------------------------------------------- */

struct export
{
	struct ctl *ctl;
	FILE *file;
	struct text refusal;
};

static bool on_bytes(void *arg, const char *bytes, size_t len)
{
	struct export *e = arg;

	if (client_status(e->ctl->client) == 200)
		return fwrite(bytes, 1, len, e->file) == len;
	if (e->refusal.len < 4096)
		text_put(&e->refusal, bytes, len);
	return true;
}

static int export_to(struct ctl *c, const char *path, FILE *file, const char *name)
{
	struct export e = {.ctl = c, .file = file};
	char why[400];
	int status, result = CTL_OK;

	text_init(&e.refusal, 0);
	text_puts(&e.refusal, "");
	status = client_stream(c->client, path, on_bytes, &e, why);
	if (status < 0)
		result = ctl_complain(CTL_UNREACHABLE, "%s", why);
	else if (status >= 300)
		result = ctl_refused(c, status, &e.refusal);
	else if (ferror(file) || fflush(file) != 0)
		result =
			ctl_complain(CTL_FAILED, "%s cannot be written: %s", name, strerror(errno));
	text_finish(&e.refusal);
	return result;
}

static int export_wire(struct ctl *c, const char *path, const char *name)
{
	FILE *file;
	int result;

	if (strcmp(name, "-") == 0)
		return export_to(c, path, stdout, "the output");
	if ((file = fopen(name, "wx")) == NULL)
		return ctl_complain(CTL_FAILED, "%s cannot be made: %s", name, strerror(errno));
	result = export_to(c, path, file, name);
	if (fclose(file) != 0 && result == CTL_OK)
		result =
			ctl_complain(CTL_FAILED, "%s cannot be written: %s", name, strerror(errno));
	if (result != CTL_OK)
		unlink(name);
	return result;
}

/* -- the command ----------------------------------------------------------------------------- */

int ctl_wire(struct ctl *c)
{
	static const char *const names[] = {
		"station", "action", "text", "error", "message_id", "from", "to", "limit", NULL};
	static const char *const export_names[] = {
		"station", "action", "text", "error", "message_id", "from", "to", NULL};
	bool is_faulty = ctl_flag(c, "--faulty"), is_pairs = ctl_flag(c, "--pairs");
	const char *file = ctl_option(c, "--export");
	const struct api_wire_page *page;
	void *answer;

	if (file != NULL)
		return export_wire(c,
			with_flag(
				c, ctl_query(c, "wire/export", export_names), is_faulty, "faulty"),
			file);
	const char *path = with_flag(c, ctl_query(c, "wire", names), is_faulty, "faulty");
	path = with_flag(c, path, is_pairs, "pairs");
	int status = ctl_ask_struct(c, "GET", path, NULL, NULL, &api_wire_page_type, &answer);
	if ((page = answer) == NULL)
		return status;
	if (page->sentence != NULL)
		printf("%s\n%s\n\n", page->sentence, page->sub);
	for (size_t i = page->frames.count; i-- > 0;)
		show_frame(c, &page->frames.items[i]);
	for (size_t i = page->pairs.count; i-- > 0;)
		show_pair(c, &page->pairs.items[i]);
	if (page->sentence == NULL && page->frames.count == 0)
		printf("No messages.\n");
	return status;
}
