/* What is said of chargers, in one sentence each and in one of all (csms/view/words_chargers.h). */
#include "csms/view/view.h"

#include <string.h>

#include "csms/view/words_chargers.h"

static const char *arena_text(struct arena *a, struct text *t)
{
	const char *s = text_ok(t) && t->data != NULL ? arena_strndup(a, t->data, t->len) : "";

	text_finish(t);
	return s;
}

#define NAME_MAX_BYTES 60 /* a longer name would be the whole sentence: the id stands for it */

static const char *name_of(const struct station *s)
{
	return s->name[0] != '\0' && strlen(s->name) <= NAME_MAX_BYTES ? s->name : s->id;
}

const char *view_station_say(const struct station *s, struct arena *a)
{
	const char *states[EVSES_MAX];
	struct words_charger c = {
		.name = name_of(s),
		.is_connected = s->session != NULL,
		.is_pending = s->policy == EVENT_REGISTRATION_PENDING,
		.is_rejected = s->policy == EVENT_REGISTRATION_REJECTED,
		.last_seen = s->last_seen,
		.now = clock_wall(),
		.states = states,
	};
	struct text t;

	for (int i = 0; i < s->evse_count && i < EVSES_MAX; i++)
		states[c.evses++] =
			evse_wants_card(&s->evses[i]) ? "card" : evse_state(&s->evses[i]);
	text_init(&t, 590);
	words_charger_sentence(&t, &c);
	return arena_text(a, &t);
}

static void count_evses(const struct station *s, struct words_chargers *n, struct arena *a)
{
	for (int i = 0; i < s->evse_count; i++) {
		const char *state = evse_state(&s->evses[i]);

		n->evses++;
		n->charging += strcmp(state, "charging") == 0;
		n->free += strcmp(state, "free") == 0;
		if (strcmp(state, "faulted") == 0 && n->faulted++ == 0)
			n->faulted_name = arena_printf(a, "%s EVSE %d", name_of(s), s->evses[i].id);
	}
}

static void count_station(const struct station *s, struct words_chargers *n)
{
	n->chargers++;
	n->rejected += s->policy == EVENT_REGISTRATION_REJECTED;
	if (s->session != NULL) {
		n->pending += s->policy == EVENT_REGISTRATION_PENDING;
	} else if (s->policy == EVENT_REGISTRATION_ACCEPTED && n->silent++ == 0) {
		n->silent_name = name_of(s);
		n->silent_since = s->last_seen;
	}
}

void view_part_stations_say(const struct core *c, const struct view_part *part, struct arena *a,
	const char **sentence, const char **sub)
{
	struct words_chargers n = {0};
	struct text t;

	for (const struct station *s = c->fleet.stations; s != NULL; s = s->hh.next) {
		if (part != NULL && !part->has(part->arg, s))
			continue;
		count_station(s, &n);
		count_evses(s, &n, a);
	}
	text_init(&t, 190);
	words_chargers_sentence(&t, &n, clock_wall());
	*sentence = arena_text(a, &t);
	text_init(&t, 290);
	words_chargers_sub(&t, &n);
	*sub = arena_text(a, &t);
}

void view_stations_say(
	const struct core *c, struct arena *a, const char **sentence, const char **sub)
{
	view_part_stations_say(c, NULL, a, sentence, sub);
}
