#include "csms/plan/assisted.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct assisted {
	struct core *core;
	struct approval **groups;
	int count;
};

struct approval *assisted_find(const struct assisted *s, const char *node)
{
	for (int i = 0; i < s->count; i++)
		if (strcasecmp(approval_node(s->groups[i]), node) == 0)
			return s->groups[i];
	return NULL;
}

static struct approval *add(struct assisted *s, struct approval *a)
{
	struct approval **more =
		a ? realloc(s->groups, ((size_t)s->count + 1) * sizeof *more) : NULL;

	if (!more) {
		approval_destroy(a);
		return NULL;
	}
	s->groups = more;
	s->groups[s->count++] = a;
	return a;
}

struct approval *assisted_group(struct assisted *s, const char *node)
{
	struct approval *a = assisted_find(s, node);

	return a ? a : add(s, approval_create(s->core, node));
}

int assisted_count(const struct assisted *s)
{
	return s->count;
}

struct approval *assisted_at(const struct assisted *s, int i)
{
	return s->groups[i];
}

void assisted_tick(struct assisted *s)
{
	for (int i = 0; i < s->count; i++)
		approval_tick(s->groups[i]);
}

/* -- answers ---------------------------------------------------------------------------------- */

/* One answer for several groups: told when the last of them has it. */
struct answer {
	int left, status;
	char why[200];
	void (*done)(void *arg, int status, const char *why);
	void *arg;
};

static void on_one(void *arg, int status, const char *why)
{
	struct answer *x = arg;

	if (status) {
		x->status = status;
		snprintf(x->why, sizeof x->why, "%s", why ? why : "");
	}
	if (--x->left)
		return;
	x->done(x->arg, x->status, x->status ? x->why : NULL);
	free(x);
}

static bool is_meant(const struct approval *a, const struct approval_wish *w)
{
	const struct approval_wait *waits = approval_waits(a);

	return waits && strcmp(waits->plan, w->plan) == 0 &&
	       (!w->node || strcasecmp(w->node, approval_node(a)) == 0);
}

static int refuse(const struct assisted *s, const struct approval_wish *w, char why[200])
{
	if (w->node && !assisted_find(s, w->node)) {
		snprintf(why, 200, "no plan needs a yes at %.60s: its mode is not assisted",
			w->node);
		return 409;
	}
	for (int i = 0; i < s->count; i++)
		if (approval_waits(s->groups[i])) {
			snprintf(why, 200,
				"that plan does not wait for an answer%s; %s does, for %s: look at GET "
				"/api/v1/plan",
				w->node ? " there" : "", approval_waits(s->groups[i])->plan,
				approval_node(s->groups[i]));
			return 409;
		}
	snprintf(why, 200, "no plan waits for an answer");
	return 409;
}

int assisted_decide(struct assisted *s, const struct approval_wish *w, char why[200])
{
	struct approval_wish each = *w;
	struct answer *x = calloc(1, sizeof *x);
	int rc = 503, begun = 0;

	snprintf(why, 200, "out of memory");
	if (!x)
		return 503;
	x->done = w->done;
	x->arg = w->arg;
	each.done = on_one;
	each.arg = x;
	for (int i = 0; i < s->count; i++)
		x->left += is_meant(s->groups[i], w);
	if (!x->left) {
		free(x);
		return refuse(s, w, why);
	}
	for (int i = 0; i < s->count; i++) {
		if (!is_meant(s->groups[i], w))
			continue;
		rc = approval_decide(s->groups[i], &each, why);
		begun += rc == 0;
		x->left -= rc != 0;
	}
	if (begun)
		return 0;
	free(x);
	return rc;
}

/* -- life ------------------------------------------------------------------------------------- */

struct assisted *assisted_create(struct core *c)
{
	struct assisted *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->core = c;
	for (size_t i = 0; i < c->depot->nodes.count; i++) {
		const struct depot_node *n = &c->depot->nodes.items[i];

		if (n->has_mode && n->mode == DEPOT_PLAN_MODE_ASSISTED &&
			!add(s, approval_restore(c, n->id))) {
			assisted_destroy(s);
			return NULL;
		}
	}
	return s;
}

void assisted_destroy(struct assisted *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->count; i++)
		approval_destroy(s->groups[i]);
	free(s->groups);
	free(s);
}
