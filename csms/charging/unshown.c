#include "csms/charging/unshown.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "csms/charging/doubt.h"
#include "csms/station/flood.h"

struct unshown {
	struct unshown *prev, *next;
	char id[UTF8_SIZE(36)];
};

static bool is_shown(const struct station *s, const char *id)
{
	for (int i = 0; i < s->evse_count; i++)
		if (s->evses[i].tx.is_open && strcmp(s->evses[i].tx.id, id) == 0)
			return true;
	return false;
}

static void drop(struct station *s, struct unshown *u)
{
	DL_DELETE(s->unshown, u);
	s->unshown_count--;
	free(u);
}

static void give_up_oldest(struct core *c, struct station *s)
{
	long long most = c->config->limits->open_transactions;

	flood_reached(c, s, LIMIT_OPEN_TRANSACTIONS,
		"It has more than %lld transactions open that none of its EVSEs shows: the oldest are "
		"given up as lost.",
		most);
	doubt_journal_lost(c, s, s->unshown->id);
	drop(s, s->unshown);
}

void unshown_heard(struct core *c, struct station *s, const char *id, bool has_ended)
{
	struct unshown *u;

	DL_FOREACH (s->unshown, u)
		if (strcmp(u->id, id) == 0)
			break;
	if (has_ended || is_shown(s, id)) {
		if (u)
			drop(s, u);
		return;
	}
	if (u) { /* the newest stands last */
		DL_DELETE(s->unshown, u);
	} else {
		u = calloc(1, sizeof *u);
		if (!u)
			return;
		snprintf(u->id, sizeof u->id, "%s", id);
		s->unshown_count++;
	}
	DL_APPEND(s->unshown, u);
	if (s->unshown_count > c->config->limits->open_transactions)
		give_up_oldest(c, s);
}

void unshown_forget(struct station *s)
{
	while (s->unshown)
		drop(s, s->unshown);
}
