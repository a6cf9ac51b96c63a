#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotsim/battery.h"
#include "tools/depotsim/report.h"

#define MAX_FAULTS ((int)(sizeof((struct report *)0)->faults / sizeof(char *)))

struct report *report_create(int node_count)
{
	struct report *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->nodes = calloc((size_t)node_count + 1, sizeof *r->nodes);
	if (!r->nodes) {
		free(r);
		return NULL;
	}
	r->node_count = node_count;
	return r;
}

/* Room for one more pointer in a list. */
static void *grow(void *list, int count, int *room)
{
	if (count < *room)
		return list;
	int more = *room ? *room * 2 : 64;
	void *bigger = realloc(list, (size_t)more * sizeof(void *));
	if (bigger)
		*room = more;
	return bigger;
}

struct session *report_session(struct report *r)
{
	struct session **list = grow(r->sessions, r->session_count, &r->session_room);
	if (!list)
		return NULL;
	r->sessions = list;
	struct session *s = calloc(1, sizeof *s);
	if (s)
		list[r->session_count++] = s;
	return s;
}

struct stay *report_stay(struct report *r)
{
	struct stay **list = grow(r->stays, r->stay_count, &r->stay_room);
	if (!list)
		return NULL;
	r->stays = list;
	struct stay *s = calloc(1, sizeof *s);
	if (s)
		list[r->stay_count++] = s;
	return s;
}

void report_fault(struct report *r, const char *fmt, ...)
{
	va_list args;
	char *line = NULL;
	va_start(args, fmt);
	int len = r->fault_count < MAX_FAULTS ? vasprintf(&line, fmt, args) : -1;
	va_end(args);
	if (len >= 0)
		r->faults[r->fault_count] = line;
	r->fault_count++;
}

void report_node_second(
	struct report *r, int node, int64_t mw, int64_t evse_mw, int64_t limit_mw, wall_t t)
{
	struct node_record *n = &r->nodes[node];
	n->now_mw = mw;
	n->limit_mw = limit_mw;
	n->energy_mws += mw;
	if (mw > n->max_mw) {
		n->max_mw = mw;
		n->max_at = t;
	}
	if (evse_mw > n->max_evse_mw)
		n->max_evse_mw = evse_mw;
	if (limit_mw >= 0 && mw > limit_mw)
		n->seconds_above++;
}

static void put_name(struct text *out, const char *name)
{
	if (out->len && out->data[out->len - 1] != '{')
		text_putc(out, ',');
	text_put_json(out, name);
	text_putc(out, ':');
}

static void put_int(struct text *out, const char *name, int64_t v)
{
	put_name(out, name);
	text_put_int(out, v);
}

static void put_string(struct text *out, const char *name, const char *v)
{
	put_name(out, name);
	text_put_json(out, v);
}

static void put_bool(struct text *out, const char *name, bool v)
{
	put_name(out, name);
	text_puts(out, v ? "true" : "false");
}

static void put_time(struct text *out, const char *name, wall_t t)
{
	char text[WALL_TEXT_SIZE];
	if (t.ms)
		put_string(out, name, wall_format(t, text));
}

static void put_tenths(struct text *out, const char *name, int tenths)
{
	put_name(out, name);
	text_put_number(out, tenths / 10.0);
}

static void put_sessions(const struct report *r, struct text *out)
{
	put_name(out, "sessions");
	text_putc(out, '[');
	for (int i = 0; i < r->session_count; i++) {
		const struct session *s = r->sessions[i];
		text_puts(out, i ? ",\n{" : "\n{");
		put_string(out, "station", s->station);
		put_int(out, "evse", s->evse);
		put_string(out, "transaction", s->transaction);
		put_string(out, "vehicle", s->vehicle);
		put_time(out, "started", s->started);
		put_time(out, "ended", s->ended);
		put_int(out, "begin_wh", s->begin_wh);
		put_int(out, "end_wh", s->end_wh);
		put_int(out, "energy_wh", s->end_wh - s->begin_wh);
		put_int(out, "energy_mws", s->end_mws - s->begin_mws);
		put_tenths(out, "soc_begin_pct", s->soc_begin);
		put_tenths(out, "soc_end_pct", s->soc_end);
		text_putc(out, '}');
	}
	text_puts(out, "]");
}

static void put_stays(const struct report *r, struct text *out)
{
	put_name(out, "stays");
	text_putc(out, '[');
	for (int i = 0; i < r->stay_count; i++) {
		const struct stay *s = r->stays[i];
		text_puts(out, i ? ",\n{" : "\n{");
		put_string(out, "vehicle", s->vehicle);
		put_string(out, "station", s->station);
		put_int(out, "evse", s->evse);
		put_time(out, "arrived", s->arrived);
		put_time(out, "departs", s->departs);
		put_time(out, "left", s->left);
		put_tenths(out, "soc_begin_pct", s->soc_begin);
		put_tenths(out, "soc_end_pct", s->soc_end);
		put_int(out, "need_wh", s->need_wh);
		put_int(out, "got_wh", s->got_wh);
		put_bool(out, "ready", s->ready);
		put_bool(out, "possible", s->possible);
		text_putc(out, '}');
	}
	text_puts(out, "]");
}

static void put_nodes(const struct report *r, struct text *out)
{
	put_name(out, "nodes");
	text_putc(out, '[');
	for (int i = 0; i < r->node_count; i++) {
		const struct node_record *n = &r->nodes[i];
		text_puts(out, i ? ",\n{" : "\n{");
		put_string(out, "id", n->id);
		if (n->limit_mw >= 0)
			put_int(out, "limit_w", n->limit_mw / 1000);
		/* Rounded up: a node that was above its limit must not look as if it was not. */
		put_int(out, "max_w", (n->max_mw + 999) / 1000);
		put_time(out, "max_at", n->max_at);
		put_int(out, "max_evse_w", (n->max_evse_mw + 999) / 1000);
		put_int(out, "seconds_above", n->seconds_above);
		put_int(out, "energy_wh", n->energy_mws / MWS_PER_WH);
		text_putc(out, '}');
	}
	text_puts(out, "]");
}

static void put_wire(const struct wire_counts *w, struct text *out)
{
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{"sent_calls", w->sent_calls},
		{"sent_answers", w->sent_answers},
		{"sent_errors", w->sent_errors},
		{"received_calls", w->received_calls},
		{"received_answers", w->received_answers},
		{"received_errors", w->received_errors},
		{"bad_frames", w->bad_frames},
		{"bad_requests", w->bad_requests},
		{"bad_answers", w->bad_answers},
		{"late_answers", w->late_answers},
		{"timeouts", w->timeouts},
		{"discarded_events", w->discarded_events},
		{"connects", w->connects},
		{"disconnects", w->disconnects},
		{"failed_connects", w->failed_connects},
		{"profiles_accepted", w->profiles_accepted},
		{"profiles_rejected", w->profiles_rejected},
		{"clock_skew_ms", w->clock_skew_ms},
	};
	put_name(out, "wire");
	text_putc(out, '{');
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		put_int(out, rows[i].name, rows[i].value);
	text_putc(out, '}');
}

static void put_sums(const struct report *r, struct text *out)
{
	int64_t wh = 0, ready = 0, late = 0, impossible = 0, above = 0;
	for (int i = 0; i < r->session_count; i++)
		wh += r->sessions[i]->end_wh - r->sessions[i]->begin_wh;
	for (int i = 0; i < r->stay_count; i++) {
		const struct stay *s = r->stays[i];
		if (!s->left.ms)
			continue;
		ready += s->ready;
		late += !s->ready && s->possible;
		impossible += !s->ready && !s->possible;
	}
	for (int i = 0; i < r->node_count; i++)
		above += r->nodes[i].seconds_above;
	put_int(out, "energy_wh", wh);
	put_int(out, "vans_ready", ready);
	put_int(out, "vans_late", late);
	put_int(out, "vans_impossible", impossible);
	put_int(out, "node_seconds_above", above);
	put_int(out, "disobeyed_seconds", r->disobeyed_seconds);
	put_int(out, "faults", r->fault_count);
}

void report_write(const struct report *r, wall_t from, wall_t to, struct text *out)
{
	text_putc(out, '{');
	put_time(out, "from", from);
	put_time(out, "to", to);
	put_int(out, "seconds", r->steps);
	put_sums(r, out);
	put_nodes(r, out);
	put_wire(&r->wire, out);
	put_sessions(r, out);
	put_stays(r, out);
	put_name(out, "fault_lines");
	text_putc(out, '[');
	for (int i = 0; i < r->fault_count && i < MAX_FAULTS; i++) {
		text_puts(out, i ? ",\n" : "\n");
		text_put_json(out, r->faults[i] ? r->faults[i] : "");
	}
	text_puts(out, "]}\n");
}

void report_destroy(struct report *r)
{
	if (!r)
		return;
	for (int i = 0; i < r->session_count; i++)
		free(r->sessions[i]);
	for (int i = 0; i < r->stay_count; i++)
		free(r->stays[i]);
	for (int i = 0; i < MAX_FAULTS; i++)
		free(r->faults[i]);
	free(r->sessions);
	free(r->stays);
	free(r->nodes);
	free(r);
}
