/* Care of a store's files, without depotd. */
#include <unistd.h>

#include "db/care.h"
#include "tools/depotctl/commands.h"

static void show_progress(void *arg, int percent)
{
	const char *what = arg;

	fprintf(stderr, "\r%s: %d %%", what, percent);
	if (percent >= 100)
		fputc('\n', stderr);
	fflush(stderr);
}

/* Progress is for a person who waits, not for a log. */
static const struct db_progress *progress(struct db_progress *p, const char *what)
{
	*p = (struct db_progress){show_progress, (void *)what};
	return isatty(STDERR_FILENO) ? p : NULL;
}

static int say(struct ctl *c, bool ok, const char *text)
{
	struct text out;

	if (!c->json) {
		if (!ok)
			return ctl_complain(CTL_FAILED, "%s", text);
		printf("%s\n", text);
		return CTL_OK;
	}
	text_init(&out, 0);
	schema_encode(&api_done_type, &(struct api_done){.ok = ok, .text = text}, &out);
	printf("%s\n", out.data != NULL ? out.data : "{}");
	text_finish(&out);
	return ok ? CTL_OK : CTL_FAILED;
}

static const char *data_dir(struct ctl *c)
{
	const char *dir = ctl_option(c, "--data");

	if (dir == NULL)
		ctl_complain(CTL_USAGE, "%s needs --data DIR, the folder that holds depot.db",
			c->command);
	return dir;
}

int ctl_rebuild(struct ctl *c)
{
	const char *dir = data_dir(c);
	bool check = ctl_flag(c, "--check"), replace = ctl_flag(c, "--replace");
	struct db_progress p;
	int64_t events = 0;
	char why[300] = "";
	int status;

	if (dir == NULL)
		return CTL_USAGE;
	if (check == replace)
		return ctl_complain(CTL_USAGE, "give --check to compare or --replace to replace");
	if (check)
		status = db_rebuild_check(dir, progress(&p, "checking"), &events, why);
	else
		status = db_rebuild(dir, progress(&p, "rebuilding"), &events, why);
	if (status > 0)
		return say(c, false,
			arena_printf(c->arena,
				"the projections differ from the journal (%s); put them right with: "
				"depotctl rebuild --replace --data %s",
				why, dir));
	if (status < 0)
		return say(c, false, why);
	return say(c, true,
		arena_printf(c->arena,
			check ? "The projections are what %lld events of the journal make them."
			      : "The projections were made anew from %lld events.",
			(long long)events));
}

int ctl_verify(struct ctl *c)
{
	return ctl_verify_with(c, NULL);
}

int ctl_verify_with(struct ctl *c, const struct api_audit_anchor *anchor)
{
	const char *dir = data_dir(c);
	struct db_progress p;
	int64_t events = 0;
	char why[300] = "";

	if (dir == NULL)
		return CTL_USAGE;
	if (db_check_files(dir, why) != 0 ||
		db_verify_chain(dir, progress(&p, "verifying"), &events, why) != 0 ||
		(anchor != NULL && db_check_anchor(dir, anchor->seq, anchor->hash, why) != 0))
		return say(c, false, why);
	return say(c, true,
		arena_printf(c->arena,
			"The files are sound and the chain of %lld events is whole%s.",
			(long long)events,
			anchor != NULL ? ", and it is the one that the anchor was made of" : ""));
}
