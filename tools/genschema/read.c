#include "tools/genschema/genschema.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/rows.h"

#define MAX_WORDS 8

/* One line, cut into words. */
struct line {
	int number;
	int depth; /* tabs before the first word */
	int count;
	char *words[MAX_WORDS];
	const char *help; /* after `--` */
};

/* Where the next line belongs. */
struct place {
	struct gen_enum *an_enum;
	struct gen_struct *fields; /* struct, event, request or response */
	struct gen_action *action;
	bool in_body; /* inside request or response */
};

bool gen_fail(struct gen_model *m, int line, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (m->error[0])
		return false;
	n = snprintf(m->error, sizeof(m->error), "%s:%d: ", m->file, line);
	va_start(ap, fmt);
	if (n > 0 && (size_t)n < sizeof(m->error))
		vsnprintf(m->error + n, sizeof(m->error) - (size_t)n, fmt, ap);
	va_end(ap);
	return false;
}

static bool is_name(const char *s)
{
	if (!isalpha((unsigned char)s[0]))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

static bool cut_line(struct gen_model *m, char *text, struct line *l)
{
	char *save = NULL;
	char *help = strstr(text, " -- ");

	while (text[l->depth] == '\t')
		l->depth++;
	if (text[l->depth] == ' ')
		return gen_fail(m, l->number, "indent with tabs");
	if (help) {
		*help = '\0';
		l->help = help + 4;
	}
	for (char *w = strtok_r(text, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save)) {
		if (l->count == MAX_WORDS)
			return gen_fail(m, l->number, "too many words");
		l->words[l->count++] = w;
	}
	return true;
}

/* -- bounds ------------------------------------------------------------------------------------ */

static bool parse_number(const char *s, const char *end, int64_t *out)
{
	char *stop;

	if (s == end || (!isdigit((unsigned char)*s) && *s != '-'))
		return false;
	errno = 0;
	*out = strtoll(s, &stop, 10);
	return stop == end && errno == 0;
}

/* "a..b", "a..", "..b" or "b"; what is not written stays as it is. */
static bool parse_range(const char *s, const char *end, int64_t *min, int64_t *max)
{
	const char *dots = NULL;

	for (const char *p = s; p + 1 < end; p++)
		if (p[0] == '.' && p[1] == '.') {
			dots = p;
			break;
		}
	if (!dots)
		return parse_number(s, end, max);
	if (dots == s && dots + 2 == end)
		return false;
	if (dots > s && !parse_number(s, dots, min))
		return false;
	return dots + 2 == end || parse_number(dots + 2, end, max);
}

/* -- fields ------------------------------------------------------------------------------------ */

/* "name", "name?", "name[1..4]", "name?[]", "name?~[1..]" */
static bool read_name(struct gen_model *m, const struct line *l, struct gen_field *f)
{
	char *word = l->words[0];
	char *bracket = strchr(word, '[');
	size_t n;

	f->items_max = SCHEMA_NO_MAX;
	if (bracket) {
		size_t len = strlen(bracket);

		f->array = true;
		if (bracket[len - 1] != ']')
			return gen_fail(m, l->number, "'[' without ']'");
		if (len > 2 && (!parse_range(bracket + 1, bracket + len - 1, &f->items_min,
					&f->items_max) ||
				       f->items_min < 0 || f->items_min > f->items_max))
			return gen_fail(m, l->number, "bad array bounds %s", bracket);
		*bracket = '\0';
	}
	n = strlen(word);
	if (n > 0 && word[n - 1] == '~') {
		f->soft = true;
		word[--n] = '\0';
	}
	if (n > 0 && word[n - 1] == '?') {
		f->optional = true;
		word[n - 1] = '\0';
	}
	if (!is_name(word))
		return gen_fail(m, l->number, "'%s' is not a name", word);
	f->wire = arena_strdup(m->arena, word);
	f->name = gen_snake(m->arena, word);
	if (gen_is_keyword(f->name))
		f->name = arena_printf(m->arena, "%s_", f->name);
	return true;
}

/* What stands behind the kinds that are words of the language. */
static const struct {
	const char *word;
	enum schema_kind kind;
	bool wide;
	int64_t min, max;
} kinds[] = {
	{"string", SCHEMA_STRING, false, 0, SCHEMA_NO_MAX},
	{"ident", SCHEMA_IDENT, false, 0, SCHEMA_NO_MAX},
	{"datetime", SCHEMA_DATETIME, false, 0, 0},
	{"int", SCHEMA_INT, false, INT32_MIN, INT32_MAX},
	{"int64", SCHEMA_INT, true, SCHEMA_WIDE_MIN, SCHEMA_WIDE_MAX},
	{"number", SCHEMA_NUMBER, false, SCHEMA_NO_MIN, SCHEMA_NO_MAX},
	{"bool", SCHEMA_BOOL, false, 0, 0},
	{"any", SCHEMA_ANY, false, 0, 0},
};

static void read_kind(const char *word, struct gen_field *f)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(word, kinds[i].word) == 0) {
			f->kind = kinds[i].kind;
			f->wide = kinds[i].wide;
			f->min = kinds[i].min;
			f->max = kinds[i].max;
			return;
		}
	f->kind = SCHEMA_STRUCT; /* or an enum: gen_resolve knows */
	f->type_name = word;
}

static bool takes_bounds(enum schema_kind kind)
{
	return kind == SCHEMA_STRING || kind == SCHEMA_IDENT || kind == SCHEMA_INT ||
	       kind == SCHEMA_NUMBER;
}

static bool read_bounds(
	struct gen_model *m, const struct line *l, const char *word, struct gen_field *f)
{
	bool text = f->kind == SCHEMA_STRING || f->kind == SCHEMA_IDENT;
	int64_t low = f->min, high = f->max;

	if (f->kind == SCHEMA_ANY && isupper((unsigned char)word[0])) {
		f->type_name = arena_strdup(m->arena, word);
		return true;
	}
	if (!takes_bounds(f->kind))
		return gen_fail(m, l->number, "'%s' is not understood here", word);
	if (!parse_range(word, word + strlen(word), &f->min, &f->max))
		return gen_fail(m, l->number, "bad bounds '%s'", word);
	if (!text && !strstr(word, ".."))
		return gen_fail(m, l->number, "a number needs bounds a..b, not '%s'", word);
	if (f->min > f->max || f->min < low || f->max > high)
		return gen_fail(m, l->number, "bounds '%s' leave nothing or go too far", word);
	return true;
}

static bool add_field(struct gen_model *m, struct gen_struct *s, const struct line *l)
{
	struct gen_field *f = arena_alloc(m->arena, sizeof(*f));
	struct gen_field **end = &s->fields;

	f->line = l->number;
	f->help = l->help ? arena_strdup(m->arena, l->help) : NULL;
	if (l->count < 2)
		return gen_fail(m, l->number, "a field needs a name and a kind");
	if (!read_name(m, l, f))
		return false;
	read_kind(arena_strdup(m->arena, l->words[1]), f);
	for (int i = 2; i < l->count; i++) {
		if (f->fallback)
			return gen_fail(m, l->number, "nothing may follow a default");
		if (l->words[i][0] == '=')
			f->fallback = arena_strdup(m->arena, l->words[i] + 1);
		else if (!read_bounds(m, l, l->words[i], f))
			return false;
	}
	for (; *end; end = &(*end)->next)
		if (strcmp((*end)->wire, f->wire) == 0 || strcmp((*end)->name, f->name) == 0)
			return gen_fail(m, l->number, "field %s stands there twice", f->wire);
	if (++s->count > SCHEMA_MAX_FIELDS)
		return gen_fail(m, l->number, "more than %d fields", SCHEMA_MAX_FIELDS);
	*end = f;
	return true;
}

/* -- what starts at the left margin ------------------------------------------------------------ */

static struct gen_struct *add_struct(
	struct gen_model *m, int line, const char *wire, const char *stem)
{
	struct gen_struct *s = arena_alloc(m->arena, sizeof(*s));
	struct gen_struct **end = &m->structs;

	s->wire = arena_strdup(m->arena, wire);
	s->tag = arena_printf(m->arena, "%s_%s", m->prefix, gen_snake(m->arena, stem));
	s->line = line;
	for (; *end; end = &(*end)->next)
		if (strcmp((*end)->tag, s->tag) == 0) {
			gen_fail(m, line, "%s has the C name of line %d", wire, (*end)->line);
			return NULL;
		}
	*end = s;
	return s;
}

static bool start_schema(struct gen_model *m, const struct line *l, struct place *at)
{
	if (l->count != 2 || !is_name(l->words[1]) || m->prefix)
		return gen_fail(m, l->number, "expected one 'schema NAME'");
	m->prefix = gen_snake(m->arena, l->words[1]);
	m->upper = gen_upper(m->arena, m->prefix);
	return true;
}

static bool start_enum(struct gen_model *m, const struct line *l, struct place *at)
{
	struct gen_enum *e = arena_alloc(m->arena, sizeof(*e));
	struct gen_enum **end = &m->enums;

	if (l->count != 2 || !is_name(l->words[1]))
		return gen_fail(m, l->number, "expected 'enum NAME'");
	e->wire = arena_strdup(m->arena, l->words[1]);
	e->base = arena_printf(
		m->arena, "%s_%s", m->prefix, gen_snake(m->arena, gen_stem(m->arena, e->wire)));
	e->tag = e->base;
	e->line = l->number;
	for (; *end; end = &(*end)->next)
		if (strcmp((*end)->base, e->base) == 0)
			return gen_fail(m, l->number, "%s has the C name of line %d", e->wire,
				(*end)->line);
	*end = e;
	at->an_enum = e;
	return true;
}

static bool start_struct(struct gen_model *m, const struct line *l, struct place *at)
{
	if (l->count < 2 || l->count > 3 || !is_name(l->words[1]) ||
		(l->count == 3 && strcmp(l->words[2], "open") != 0))
		return gen_fail(m, l->number, "expected 'struct NAME' or 'struct NAME open'");
	at->fields = add_struct(m, l->number, l->words[1], gen_stem(m->arena, l->words[1]));
	if (!at->fields)
		return false;
	at->fields->open = l->count == 3;
	return true;
}

static bool start_action(struct gen_model *m, const struct line *l, struct place *at)
{
	static const char *const senders[] = {NULL, "station", "csms", "both"};
	struct gen_action *act = arena_alloc(m->arena, sizeof(*act));
	struct gen_action **end = &m->actions;

	for (int i = 1; i < 4 && l->count == 4; i++)
		if (strcmp(l->words[2], senders[i]) == 0)
			act->sender = (enum schema_sender)i;
	if (l->count != 4 || !act->sender || !is_name(l->words[1]))
		return gen_fail(m, l->number, "expected 'action NAME station|csms|both USE'");
	act->wire = arena_strdup(m->arena, l->words[1]);
	act->use = arena_strdup(m->arena, l->words[3]);
	act->line = l->number;
	act->constant = arena_printf(
		m->arena, "%s_%s", m->upper, gen_upper(m->arena, gen_snake(m->arena, act->wire)));
	while (*end)
		end = &(*end)->next;
	*end = act;
	m->action_count++;
	at->action = act;
	return true;
}

static bool start_event(struct gen_model *m, const struct line *l, struct place *at)
{
	struct gen_event *ev = arena_alloc(m->arena, sizeof(*ev));
	struct gen_event **end = &m->events;
	int64_t version = 0;

	if (l->count != 4 || !is_name(l->words[1]) ||
		!parse_number(l->words[2], l->words[2] + strlen(l->words[2]), &version) ||
		version < 1 || version > 1000)
		return gen_fail(m, l->number, "expected 'event NAME VERSION STREAM'");
	ev->type = add_struct(m, l->number, l->words[1], l->words[1]);
	if (!ev->type)
		return false;
	ev->wire = ev->type->wire;
	ev->version = (int)version;
	ev->stream = arena_strdup(m->arena, l->words[3]);
	ev->constant = gen_upper(m->arena, ev->type->tag);
	while (*end)
		end = &(*end)->next;
	*end = ev;
	m->event_count++;
	at->fields = ev->type;
	return true;
}

static const struct {
	const char *word;
	bool (*start)(struct gen_model *m, const struct line *l, struct place *at);
} starters[] = {
	{"schema", start_schema},
	{"enum", start_enum},
	{"struct", start_struct},
	{"action", start_action},
	{"event", start_event},
};

static bool read_start(struct gen_model *m, const struct line *l, struct place *at)
{
	memset(at, 0, sizeof(*at));
	if (!m->prefix && strcmp(l->words[0], "schema") != 0)
		return gen_fail(m, l->number, "the first line must be 'schema NAME'");
	for (size_t i = 0; i < sizeof(starters) / sizeof(starters[0]); i++)
		if (strcmp(l->words[0], starters[i].word) == 0)
			return starters[i].start(m, l, at);
	return gen_fail(m, l->number, "'%s' is not understood", l->words[0]);
}

/* -- what is indented -------------------------------------------------------------------------- */

static bool read_value(struct gen_model *m, const struct line *l, struct gen_enum *e)
{
	struct gen_value *v = arena_alloc(m->arena, sizeof(*v));
	struct gen_value **end = &e->values;

	if (l->count != 1)
		return gen_fail(m, l->number, "one value a line");
	for (const char *p = l->words[0]; *p; p++)
		if (*p == '"' || *p == '\\' || !isgraph((unsigned char)*p))
			return gen_fail(m, l->number, "bad character in the value");
	v->wire = arena_strdup(m->arena, l->words[0]);
	v->constant = gen_upper(
		m->arena, arena_printf(m->arena, "%s_%s", e->base, gen_snake(m->arena, v->wire)));
	for (; *end; end = &(*end)->next)
		if (strcmp((*end)->constant, v->constant) == 0)
			return gen_fail(m, l->number, "value %s stands there twice", v->wire);
	*end = v;
	e->count++;
	return true;
}

static bool read_body(struct gen_model *m, const struct line *l, struct place *at)
{
	bool request = strcmp(l->words[0], "request") == 0;
	struct gen_struct **slot = request ? &at->action->request : &at->action->response;
	const char *name;

	if (l->count != 1 || (!request && strcmp(l->words[0], "response") != 0) || *slot)
		return gen_fail(m, l->number, "expected one 'request' and one 'response'");
	name = arena_printf(m->arena, "%s%s", at->action->wire, request ? "Request" : "Response");
	*slot = at->fields = add_struct(m, l->number, name, name);
	at->in_body = true;
	return *slot != NULL;
}

static bool read_line(struct gen_model *m, const struct line *l, struct place *at)
{
	if (l->depth == 0)
		return read_start(m, l, at);
	if (at->an_enum && l->depth == 1)
		return read_value(m, l, at->an_enum);
	if (at->action && l->depth == 1)
		return read_body(m, l, at);
	if (at->fields && l->depth == (at->in_body ? 2 : 1))
		return add_field(m, at->fields, l);
	return gen_fail(m, l->number, "nothing may stand at this depth here");
}

bool gen_read(struct gen_model *m, const char *text)
{
	struct place at = {0};
	int number = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		char *copy = arena_strndup(m->arena, text, len);
		struct line l = {.number = number + 1};

		number++;
		text += len + (text[len] == '\n');
		if (copy[strspn(copy, "\t ")] == '#')
			continue;
		if (!cut_line(m, copy, &l) || (l.count > 0 && !read_line(m, &l, &at)))
			return false;
	}
	if (!m->prefix)
		return gen_fail(m, 1, "the first line must be 'schema NAME'");
	return gen_resolve(m) && gen_order(m);
}
