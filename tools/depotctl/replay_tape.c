#include "tools/depotctl/replay_tape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gen/api.h"
#include "schemas/codec.h"

#define LINE_MAX_BYTES (64u << 20)
#define CALLS_MAX      1000000

struct reading {
	struct replay_tape *tape;
	struct arena *arena;
	const char *station; /* whose frames count */
	bool is_given; /* it was asked for */
	int line;
	char *why;
};

static struct replay_call *add(struct reading *r, struct replay_calls *list)
{
	if (list->count == CALLS_MAX)
		return NULL;
	if (list->count == 0 || (list->count >= 64 && (list->count & (list->count - 1)) == 0)) {
		size_t room = list->count ? list->count * 2 : 64;
		struct replay_call *bigger = arena_alloc(r->arena, room * sizeof(*bigger));
		if (bigger == NULL)
			return NULL;
		if (list->count > 0)
			memcpy(bigger, list->items, list->count * sizeof(*bigger));
		list->items = bigger;
	}
	struct replay_call *k = &list->items[list->count++];
	memset(k, 0, sizeof(*k));
	return k;
}

static int add_call(struct reading *r, const struct api_wire_frame *f, const struct ocpp_frame *m,
	struct replay_calls *list)
{
	struct replay_call *k = add(r, list);

	if (k == NULL)
		return -1;
	k->line = r->line;
	k->at = f->at;
	k->text = f->text;
	k->id = k->action = k->payload = "";
	if (m != NULL) {
		k->id = arena_strdup(r->arena, m->id.text);
		k->action = arena_strdup(r->arena, m->action);
		k->payload = arena_strndup(r->arena, m->payload.at, m->payload.len);
	}
	return k->id != NULL && k->action != NULL && k->payload != NULL ? 0 : -1;
}

/* The newest call with that id that has no answer yet. */
static void add_answer(struct reading *r, const struct ocpp_frame *m, struct replay_calls *list)
{
	for (size_t i = list->count; i-- > 0;) {
		struct replay_call *k = &list->items[i];
		if (k->answer != NULL || k->error != NULL || strcmp(k->id, m->id.text) != 0)
			continue;
		if (m->type == OCPP_CALLRESULT)
			k->answer = arena_strndup(r->arena, m->payload.at, m->payload.len);
		else
			k->error = arena_strdup(r->arena, m->code_text);
		return;
	}
}

static int take_frame(struct reading *r, const struct api_wire_frame *f)
{
	struct replay_tape *t = r->tape;
	bool is_in = strcmp(f->direction, "in") == 0;
	struct ocpp_limits limits = {.max_bytes = LINE_MAX_BYTES, .max_depth = OCPP_DEPTH_MAX};
	struct ocpp_frame m;
	struct ocpp_frame_error err;

	limits.version = OCPP_VERSION_2_0_1;
	if (t->first.ms == 0)
		t->first = f->at;
	if (ocpp_frame_parse(f->text, strlen(f->text), &limits, &m, &err) != 0)
		return is_in ? add_call(r, f, NULL, &t->ours) : 0;
	if (m.type == OCPP_CALL)
		return add_call(r, f, &m, is_in ? &t->ours : &t->theirs);
	add_answer(r, &m, is_in ? &t->theirs : &t->ours);
	return 0;
}

static int take_line(struct reading *r, const char *line, size_t len)
{
	struct schema_error err;
	const struct api_wire_frame *f =
		schema_decode(&api_wire_frame_type, line, len, r->arena, &err);

	if (f == NULL) {
		snprintf(r->why, 300, "line %d is no line of an export: %s: %s", r->line, err.path,
			err.message);
		return -1;
	}
	if (r->station == NULL)
		r->station = f->station;
	if (strcasecmp(r->station, f->station) != 0) {
		if (r->is_given)
			return 0;
		snprintf(r->why, 300,
			"the file holds several stations (%s and %s): choose one with --from",
			r->station, f->station);
		return -1;
	}
	if (take_frame(r, f) == 0)
		return 0;
	snprintf(r->why, 300, "line %d: no memory for more", r->line);
	return -1;
}

int replay_tape_read(const char *path, const char *station, struct arena *a,
	struct replay_tape *out, char why[300])
{
	struct reading r = {.tape = out,
		.arena = a,
		.station = station,
		.is_given = station != NULL,
		.why = why};
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int rc = 0;

	*out = (struct replay_tape){0};
	if (f == NULL) {
		snprintf(why, 300, "%.200s: %s", path, strerror(errno));
		return -1;
	}
	while (rc == 0 && (len = getline(&line, &room, f)) > 0) {
		r.line++;
		if (line[0] != '\n')
			rc = take_line(&r, line, (size_t)len);
	}
	free(line);
	if (!is_stdin)
		fclose(f);
	if (rc == 0 && out->ours.count == 0) {
		snprintf(why, 300, "%.200s holds no message of %s", path,
			station != NULL ? station : "a station");
		return -1;
	}
	return rc;
}
