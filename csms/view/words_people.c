#include "csms/view/words_people.h"

/* -- users --------------------------------------------------------------------------------------- */

void words_people_sentence(struct text *t, const struct words_people *n)
{
	if (n->may + n->disabled == 0) {
		text_puts(t, "No user is set up: people sign in by links.");
		return;
	}
	words_count(t, n->may, "person may sign in", "people may sign in");
	if (n->disabled > 0)
		text_printf(t, ", %d %s disabled", n->disabled, n->disabled == 1 ? "is" : "are");
	text_putc(t, '.');
}

void words_people_sub(struct text *t, const struct words_people *n)
{
	if (n->may == 0)
		text_puts(t, "depotctl link makes one, good once for a few minutes.");
	else if (n->bare > 0)
		words_count(t, n->bare, "has a password only.", "have a password only.");
	else
		text_puts(t, "Nobody has a password only.");
}

/* -- audit --------------------------------------------------------------------------------------- */

void words_audit_sentence(struct text *t, const struct words_audit *n)
{
	const char *which = n->is_newest ? "the newest " : "";

	if (n->lines == 0)
		text_puts(t, "Nothing of that kind was done or refused.");
	else if (n->lines == 1)
		text_printf(t, "One thing was %s.", n->refused ? "refused" : "done");
	else if (n->refused == 0)
		text_printf(t, "None of %s%d lines was refused.", which, n->lines);
	else
		text_printf(t, "Of %s%d lines %d %s refused.", which, n->lines, n->refused,
			n->refused == 1 ? "was" : "were");
}

void words_audit_sub(struct text *t, const struct words_audit *n, wall_t now)
{
	if (n->head == 0) {
		text_puts(t, "The journal is empty.");
		return;
	}
	text_printf(t, "The journal reaches line %lld, of ", (long long)n->head);
	words_time(t, n->head_at, now);
	text_puts(t, ". depotctl audit verify finds any line that was changed.");
}

/* -- wire log ------------------------------------------------------------------------------------ */

void words_wire_sentence(struct text *t, const struct words_wire *n)
{
	const char *which = n->is_newest ? "the newest " : "";

	if (n->requests == 0)
		text_puts(t, "No message fits.");
	else if (n->requests == 1)
		text_puts(t, n->wrong     ? "One request went wrong."
			     : n->waiting ? "One request waits for its answer."
					  : "One request was answered.");
	else if (n->wrong > 0)
		text_printf(t, "Of %s%d requests %d went wrong.", which, n->requests, n->wrong);
	else if (n->waiting > 0)
		text_printf(t, "Of %s%d requests %d %s for an answer, none went wrong.", which,
			n->requests, n->waiting, n->waiting == 1 ? "waits" : "wait");
	else
		text_printf(t, "All of %s%d requests were answered.", which, n->requests);
}

void words_wire_sub(struct text *t, const struct words_wire *n)
{
	if (n->wrong > 0)
		text_puts(t, "They broke their schema, were answered by an error, or not at all.");
	else
		text_puts(
			t, "Each message is here as it was, with its answer. Secrets are masked.");
}
