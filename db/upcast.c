#include "db/upcast.h"

#include <stdio.h>
#include <string.h>

#include "gen/event.h"

/* No payload has had a second version yet. */
const struct upcast_table upcast_rows = {0, NULL};

static const struct upcast_row *find(const struct upcast_table *t, const char *type, int from)
{
	for (int i = 0; i < t->count; i++)
		if (t->rows[i].from == from && strcmp(t->rows[i].type, type) == 0)
			return &t->rows[i];
	return NULL;
}

static void *refuse(struct schema_error *err, const struct schema_event *type, int version)
{
	*err = (struct schema_error){.fault = SCHEMA_BAD_RANGE};
	snprintf(err->message, sizeof err->message,
		"version %d of %.60s cannot be read by this program, which knows version %d",
		version, type->name, type->version);
	return NULL;
}

void *upcast_decode(const struct upcast_table *table, const struct schema_event *type, int version,
	const char *payload, size_t len, struct arena *a, struct schema_error *err)
{
	struct text text[2]; /* taking turns: one is read while the other is filled */
	if (version == type->version)
		return schema_decode(type->type, payload, len, a, err);
	text_init(&text[0], 0);
	text_init(&text[1], 0);
	void *value = NULL;
	for (int v = version;; v++) {
		if (v == type->version) {
			value = schema_decode(type->type, payload, len, a, err);
			break;
		}
		const struct upcast_row *row = find(table, type->name, v);
		struct text *out = &text[v & 1];
		text_clear(out);
		if (!row || row->step(payload, len, out) < 0 || !text_ok(out)) {
			refuse(err, type, version);
			break;
		}
		payload = out->data;
		len = out->len;
	}
	text_finish(&text[0]);
	text_finish(&text[1]);
	return value;
}

int upcast_find_type(const char *name)
{
	for (int i = 0; i < EVENT_EVENT_COUNT; i++)
		if (strcmp(event_events[i].name, name) == 0)
			return i;
	return -1;
}
