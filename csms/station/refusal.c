#include "csms/station/refusal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csms/log.h"
#include "csms/pki/peer_check.h"
#include "csms/record.h"

#define WINDOW_MS     60000
#define ADDRESSES_MAX 1000

/* What was told of an address in its minute. */
struct source {
	char peer[100]; /* an address; "LIMIT ADDRESS" for limits */
	mono_t since;
	int told;
	int64_t not_told; /* since the last that was told */
	UT_hash_handle hh;
};

struct refusals {
	struct source *sources;
	struct source others; /* all for which there is no room */
};

struct refusals *refusals_create(void)
{
	return calloc(1, sizeof(struct refusals));
}

void refusals_destroy(struct refusals *all)
{
	struct source *s, *tmp;

	if (!all)
		return;
	HASH_ITER (hh, all->sources, s, tmp) {
		HASH_DEL(all->sources, s);
		free(s);
	}
	free(all);
}

/* -- how often ---------------------------------------------------------------------------------- */

static bool is_over(const struct source *s)
{
	return mono_diff_ms(clock_mono(), s->since) >= WINDOW_MS;
}

static void drop_old(struct refusals *all)
{
	struct source *s, *tmp;

	HASH_ITER (hh, all->sources, s, tmp)
		if (is_over(s)) {
			all->others.not_told += s->not_told;
			HASH_DEL(all->sources, s);
			free(s);
		}
}

static struct source *source_of(struct refusals *all, const char *peer)
{
	struct source *s;

	HASH_FIND_STR(all->sources, peer, s);
	if (s)
		return s;
	if (HASH_COUNT(all->sources) >= ADDRESSES_MAX)
		drop_old(all);
	if (HASH_COUNT(all->sources) >= ADDRESSES_MAX || !(s = calloc(1, sizeof *s)))
		return &all->others;
	snprintf(s->peer, sizeof s->peer, "%s", peer);
	s->since = clock_mono();
	HASH_ADD_STR(all->sources, peer, s);
	return s;
}

/* May one more be journalled, at most `most` a minute? `missed` gets how many were not. */
static bool may_tell(struct core *c, const char *peer, int64_t most, int64_t *missed)
{
	struct source *s = c->refusals ? source_of(c->refusals, peer) : NULL;

	*missed = 0;
	if (!s)
		return true;
	if (is_over(s)) {
		s->since = clock_mono();
		s->told = 0;
	}
	if (s->told >= most) {
		s->not_told++;
		return false;
	}
	s->told++;
	*missed = s->not_told;
	s->not_told = 0;
	return true;
}

/* -- telling ------------------------------------------------------------------------------------ */

static const char *copy(struct arena *a, const char *s)
{
	return s && s[0] ? arena_strdup(a, s) : NULL;
}

static void journal(struct core *c, const struct refusal *r, int64_t missed)
{
	struct arena *a = record_arena(c);
	struct event_station_refused *p = a ? arena_alloc(a, sizeof *p) : NULL;
	char id[20];

	if (!p)
		return;
	p->profile = r->profile;
	p->status = r->status;
	p->station = copy(a, r->station);
	p->peer = arena_printf(a, "%.60s", r->peer);
	p->why = arena_printf(a, "%.190s", r->why);
	p->not_told = missed;
	if (r->certificate) {
		p->common_name = copy(a, r->certificate->common_name);
		p->serial = copy(a, r->certificate->serial);
		p->issuer = copy(a, r->certificate->issuer);
		p->fingerprint = copy(a, r->certificate->fingerprint);
	}
	snprintf(id, sizeof id, "profile%d", r->profile);
	record_now(c, EVENT_STATION_REFUSED, "gate", id, p, "depotd", NULL);
}

static bool is_of_trust(int status)
{
	return status != 408 && status != 431 && status != 503; /* the first two are limits */
}

void refusal_tell(struct core *c, const struct refusal *r)
{
	const char *name = r->station && r->station[0] ? r->station : "?";
	int64_t missed;

	if (r->status)
		log_info("station %s: refused with %d from %s: %s", name, r->status, r->peer,
			r->why);
	else
		log_info("security profile %d: refused in the handshake from %s: %s (CN \"%s\")",
			r->profile, r->peer, r->why,
			r->certificate ? r->certificate->common_name : "");
	if (!is_of_trust(r->status))
		return;
	c->metrics.auth_failures++;
	if (may_tell(c, r->peer, c->config->limits->refusals_per_min, &missed))
		journal(c, r, missed);
	else
		c->metrics.limits[LIMIT_REFUSALS]++;
}

/* -- limits ------------------------------------------------------------------------------------- */

static void journal_limit(struct core *c, enum limit which, const char *peer, int64_t missed)
{
	const struct limit_row *row = &limit_rows[which];
	struct arena *a = record_arena(c);
	struct event_limit_reached *p = a ? arena_alloc(a, sizeof *p) : NULL;

	if (!p)
		return;
	*p = (struct event_limit_reached){
		.limit = row->name,
		.peer = arena_printf(a, "%.60s", peer),
		.why = row->why,
		.setting = row->setting,
		.not_told = missed,
	};
	record_now(c, EVENT_LIMIT_REACHED, "gate", "limits", p, "nobody", NULL);
}

void refusal_limit(void *core, enum limit which, const char *peer)
{
	struct core *c = core;
	char key[100];
	int64_t missed;

	c->metrics.limits[which]++;
	if (!limit_rows[which].is_told || c->is_stopping)
		return;
	snprintf(key, sizeof key, "%s %.64s", limit_rows[which].name, peer);
	if (!may_tell(c, key, 1, &missed))
		return;
	log_info("limit %s: %s: %s", limit_rows[which].name, peer, limit_rows[which].why);
	journal_limit(c, which, peer, missed);
}
