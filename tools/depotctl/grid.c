/* The tree as it is described: shown as YAML, changed row by row or from a file. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "csms/depot_tails.h"
#include "gen/depot.h"
#include "schemas/yaml.h"
#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"

#define FILE_MAX (8u << 20)
#define PAIRS    64

/* -- rows as text ---------------------------------------------------------------------------- */

/* A member of a row in JSON: "limit_w" and its value as it stands. */
struct pair {
	const char *key, *value;
	size_t key_len, value_len;
};

/* One past the value that begins at `p` in text that depotd or the codec wrote. */
static const char *value_end(const char *p)
{
	int depth = 0;

	for (bool quoted = false; *p; p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == '{' || *p == '['))
			depth++;
		else if (!quoted && depth == 0 && (*p == ',' || *p == '}'))
			break;
		else if (!quoted && (*p == '}' || *p == ']'))
			depth--;
	}
	return p;
}

/* Splits {"a":1,"b":"x"} into its members; returns how many. */
static int split(const char *json, struct pair out[PAIRS])
{
	int n = 0;

	for (const char *p = json + 1; *p == '"' && n < PAIRS; n++) {
		const char *key = p + 1, *colon = strstr(key, "\":"), *end;

		if (colon == NULL)
			break;
		end = value_end(colon + 2);
		out[n] = (struct pair){
			key, colon + 2, (size_t)(colon - key), (size_t)(end - colon - 2)};
		p = *end == ',' ? end + 1 : end;
	}
	return n;
}

static char *json_of(struct ctl *c, const struct schema_struct *type, const void *row)
{
	struct text t;
	char *out = NULL;

	text_init(&t, 0);
	if (schema_encode(type, row, &t) == 0)
		out = arena_strndup(c->arena, t.data, t.len);
	text_finish(&t);
	return out;
}

/* Words that YAML reads as the same text without quotes. */
static bool is_plain(const char *s, size_t n)
{
	static const char *const others[] = {
		"null", "true", "false", "yes", "no", "on", "off", "~"};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strlen(others[i]) == n && strncasecmp(s, others[i], n) == 0)
			return false;
	return n > 0 && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", s[0]) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") >= n;
}

static void print_row(struct ctl *c, const struct schema_struct *type, const void *row)
{
	struct pair pairs[PAIRS];
	const char *json = json_of(c, type, row);
	int n = json ? split(json, pairs) : 0;

	printf("  - {");
	for (int i = 0; i < n; i++) {
		const struct pair *p = &pairs[i];
		bool is_text = p->value[0] == '"' && p->value_len >= 2;

		printf("%s%.*s: ", i ? ", " : "", (int)p->key_len, p->key);
		if (is_text && is_plain(p->value + 1, p->value_len - 2))
			printf("%.*s", (int)p->value_len - 2, p->value + 1);
		else
			printf("%.*s", (int)p->value_len, p->value);
	}
	printf("}\n");
}

static int get(struct ctl *c, struct depot_grid **out)
{
	void *answer = NULL;
	int status = ctl_ask_struct(c, "GET", "grid", NULL, NULL, &depot_grid_type, &answer);

	*out = answer;
	return status;
}

/* How it stands to the depot's file, as a comment. Who may not look at the settings gets the rows alone. */
static void say(struct ctl *c)
{
	const struct api_settings *s = NULL;
	struct schema_error err;
	struct text answer;
	char why[400];

	if (client_ask(c->client, "GET", "settings", NULL, &answer, why) == 200)
		s = schema_decode(&api_settings_type, answer.data, answer.len, c->arena, &err);
	if (s != NULL)
		printf("# %s\n# %s\n", s->sentence, s->sub);
	text_finish(&answer);
}

/* `depotctl grid`: what `depotctl grid apply` and the depot's file take. */
static int show(struct ctl *c)
{
	struct depot_grid *g;
	int status = get(c, &g);

	if (g == NULL)
		return status;
	say(c);
	printf("nodes:\n");
	for (size_t i = 0; i < g->nodes.count; i++)
		print_row(c, &depot_node_type, &g->nodes.items[i]);
	if (g->meters.count)
		printf("meters:\n");
	for (size_t i = 0; i < g->meters.count; i++)
		print_row(c, &depot_meter_type, &g->meters.items[i]);
	return CTL_OK;
}

/* -- sending --------------------------------------------------------------------------------- */

struct options {
	bool check, yes;
	const char *why;
};

/* The path with them as its query. */
static const char *with_options(struct ctl *c, const char *path, const struct options *o)
{
	return arena_printf(c->arena, "%s?check=%d&force=%d%s%s", path, o->check, o->yes,
		o->why ? "&why=" : "", o->why ? ctl_escape(c, o->why) : "");
}

static int send(struct ctl *c, const char *method, const char *path,
	const struct schema_struct *type, const void *row)
{
	void *answer = NULL;
	int status = ctl_ask_struct(c, method, path, type, row, &api_grid_result_type, &answer);
	const struct api_grid_result *r = answer;

	if (r != NULL && r->changed)
		printf("%s (%lld row%s)\n", r->text, (long long)r->changed,
			r->changed == 1 ? "" : "s");
	else if (r != NULL)
		printf("%s\n", r->text);
	if (r != NULL && r->warning && !c->json)
		fprintf(stderr, "depotctl: warning: %s\n", r->warning);
	return status;
}

/* -- one row --------------------------------------------------------------------------------- */

struct kind {
	const char *name; /* "node" */
	const struct schema_struct *type;
};

static const struct kind kinds[] = {{"node", &depot_node_type}, {"meter", &depot_meter_type}};

static const void *find(const struct depot_grid *g, bool is_meter, const char *id)
{
	for (size_t i = 0; !is_meter && i < g->nodes.count; i++)
		if (strcasecmp(g->nodes.items[i].id, id) == 0)
			return &g->nodes.items[i];
	for (size_t i = 0; is_meter && i < g->meters.count; i++)
		if (strcasecmp(g->meters.items[i].id, id) == 0)
			return &g->meters.items[i];
	return NULL;
}

/* True if one of the words "key=…" is about this member. */
static bool is_given(struct ctl *c, const struct pair *p)
{
	for (int i = 2; i < c->argc; i++)
		if (strncmp(c->argv[i], p->key, p->key_len) == 0 && c->argv[i][p->key_len] == '=')
			return true;
	return false;
}

/* The row that is there with the words "key=value" in place; "key=" takes the member away. */
static void *changed_row(struct ctl *c, const struct kind *kind, const void *old)
{
	struct pair pairs[PAIRS];
	const char *json = old ? json_of(c, kind->type, old) : NULL;
	int n = json ? split(json, pairs) : 0;
	char where[400];
	struct text t;
	void *row;

	text_init(&t, 0);
	text_putc(&t, '{');
	if (!old)
		text_puts(&t, arena_printf(c->arena, "id: %s,", c->argv[1]));
	for (int i = 0; i < n; i++)
		if (!is_given(c, &pairs[i]))
			text_puts(
				&t, arena_printf(c->arena, "%.*s: %.*s,", (int)pairs[i].key_len,
					    pairs[i].key, (int)pairs[i].value_len, pairs[i].value));
	for (int i = 2; i < c->argc; i++) {
		const char *eq = strchr(c->argv[i], '=');

		if (eq != NULL && eq[1])
			text_puts(&t, arena_printf(c->arena, "%.*s: %s,", (int)(eq - c->argv[i]),
					      c->argv[i], eq + 1));
	}
	text_puts(&t, "}");
	row = text_ok(&t)
		      ? schema_yaml_decode(kind->type, "the row", t.data, t.len, c->arena, where)
		      : NULL;
	text_finish(&t);
	if (row == NULL) {
		const char *what = strstr(where, ": ");

		what = what ? what + 2 : where;
		if (old)
			ctl_complain(CTL_USAGE, "%s %s: %s", kind->name, c->argv[1], what);
		else
			ctl_complain(CTL_USAGE,
				"there is no %s \"%s\" (depotctl grid shows all); for a new one: %s",
				kind->name, c->argv[1], what);
	}
	return row;
}

static const char *row_path(struct ctl *c, bool is_meter)
{
	return arena_printf(
		c->arena, "grid/%s/%s", is_meter ? "meters" : "nodes", ctl_escape(c, c->argv[1]));
}

/* `depotctl grid node ID key=value …`, the same with meter; creates what is not there. */
static int change(struct ctl *c, bool is_meter, const struct options *o)
{
	struct depot_grid *g;
	bool json = c->json;
	int status;
	void *row;

	for (int i = 2; i < c->argc; i++)
		if (strchr(c->argv[i], '=') == NULL)
			return ctl_complain(CTL_USAGE,
				"write changes as key=value (limit_a=63), not \"%s\"", c->argv[i]);
	c->json = false;
	status = get(c, &g);
	c->json = json;
	if (g == NULL)
		return status;
	if (c->argc == 2) {
		const void *old = find(g, is_meter, c->argv[1]);

		if (old == NULL)
			return ctl_complain(CTL_FAILED, "there is no %s \"%s\"",
				kinds[is_meter].name, c->argv[1]);
		print_row(c, kinds[is_meter].type, old);
		return CTL_OK;
	}
	row = changed_row(c, &kinds[is_meter], find(g, is_meter, c->argv[1]));
	return row ? send(c, "PUT", with_options(c, row_path(c, is_meter), o), kinds[is_meter].type,
			     row)
		   : CTL_USAGE;
}

/* -- a file ---------------------------------------------------------------------------------- */

static void tell_tail(void *arg, const struct depot_fault *fault)
{
	char where[400];

	schema_yaml_complain(arg, FILE_MAX, fault->path, fault->text, where);
	fprintf(stderr, "depotctl: warning: %s\n", where);
}

/* A whole depot's file, of which tree and meters count, or a file of these two alone. */
static struct depot_grid *read_file(struct ctl *c, const char *path, bool *is_whole)
{
	char where[400], other[400];
	struct depot_grid *g = schema_yaml_load(&depot_grid_type, path, FILE_MAX, c->arena, where);
	struct depot_file *f;

	*is_whole = false;
	if (g != NULL)
		return g;
	f = schema_yaml_load(&depot_file_type, path, FILE_MAX, c->arena, other);
	if (f == NULL) {
		/* The complaint that belongs to what the file seems to be. */
		ctl_complain(CTL_FAILED, "%s", strstr(where, ": depot: ") ? other : where);
		return NULL;
	}
	*is_whole = true;
	depot_tails_check(f, tell_tail, (void *)(uintptr_t)path);
	g = arena_alloc(c->arena, sizeof *g);
	if (g != NULL)
		*g = (struct depot_grid){.nodes = f->nodes, .meters = f->meters};
	return g;
}

static void print_pair(char sign, const struct pair *p)
{
	printf(" %c%.*s=%.*s", sign, (int)p->key_len, p->key, (int)p->value_len, p->value);
}

static const struct pair *same_key(const struct pair *list, int n, const struct pair *p)
{
	for (int i = 0; i < n; i++)
		if (list[i].key_len == p->key_len && memcmp(list[i].key, p->key, p->key_len) == 0)
			return &list[i];
	return NULL;
}

/* "~ node yard -limit_w=60000 +limit_w=50000" */
static void print_change(
	struct ctl *c, const struct kind *kind, const char *id, const void *was, const void *is)
{
	struct pair a[PAIRS], b[PAIRS];
	const char *from = was ? json_of(c, kind->type, was) : "{}";
	const char *to = is ? json_of(c, kind->type, is) : "{}";
	int na, nb;

	if (from == NULL || to == NULL || strcmp(from, to) == 0)
		return;
	na = split(from, a);
	nb = split(to, b);
	printf("%c %s %s", !was ? '+' : !is ? '-' : '~', kind->name, id);
	for (int i = 0; was && is && i < na; i++) {
		const struct pair *p = same_key(b, nb, &a[i]);

		if (!p || p->value_len != a[i].value_len ||
			memcmp(p->value, a[i].value, p->value_len) != 0)
			print_pair('-', &a[i]);
	}
	for (int i = 0; is && i < nb; i++) {
		const struct pair *p = same_key(a, na, &b[i]);

		if (!p || p->value_len != b[i].value_len ||
			memcmp(p->value, b[i].value, p->value_len) != 0)
			print_pair('+', &b[i]);
	}
	putchar('\n');
}

static void print_changes(struct ctl *c, const struct depot_grid *was, const struct depot_grid *is)
{
	const struct depot_grid *all[] = {was, is};

	for (int side = 0; side < 2; side++) {
		const struct depot_grid *g = all[side];

		for (size_t i = 0; i < g->nodes.count; i++) {
			const char *id = g->nodes.items[i].id;

			if (side == 0 || !find(was, false, id))
				print_change(c, &kinds[0], id, find(was, false, id),
					find(is, false, id));
		}
		for (size_t i = 0; i < g->meters.count; i++) {
			const char *id = g->meters.items[i].id;

			if (side == 0 || !find(was, true, id))
				print_change(
					c, &kinds[1], id, find(was, true, id), find(is, true, id));
		}
	}
}

/* depotd names the path of what it refuses; the line is in the file. */
static int apply(struct ctl *c, const struct options *o)
{
	const char *path = c->argv[1];
	bool is_whole, json = c->json;
	struct depot_grid *wish = read_file(c, path, &is_whole), *now;
	int status;

	if (wish == NULL)
		return CTL_FAILED;
	c->json = false;
	status = get(c, &now);
	c->json = json;
	if (now == NULL)
		return status;
	if (!json)
		print_changes(c, now, wish);
	if (is_whole && !json)
		fprintf(stderr,
			"depotctl: of %s only nodes and meters are taken; stations, vehicles "
			"and the rest count from depotd's next start\n",
			path);
	if (wish->revision == NULL)
		wish->revision = now->revision;
	c->file = path;
	return send(c, "PUT", with_options(c, "grid", o), &depot_grid_type, wish);
}

/* -- the command ----------------------------------------------------------------------------- */

int ctl_grid(struct ctl *c)
{
	const struct options given = {.check = ctl_flag(c, "--check"),
				     .yes = ctl_flag(c, "--yes"),
				     .why = ctl_option(c, "--why")},
			     *o = &given;
	const char *verb = c->argc ? c->argv[0] : "show";
	bool is_meter = strcmp(verb, "meter") == 0;

	if (strcmp(verb, "show") == 0 && c->argc <= 1)
		return show(c);
	if (strcmp(verb, "apply") == 0 && c->argc == 2)
		return apply(c, o);
	if ((is_meter || strcmp(verb, "node") == 0) && c->argc >= 2)
		return change(c, is_meter, o);
	if (strcmp(verb, "remove") == 0 && c->argc == 3 &&
		(strcmp(c->argv[1], "node") == 0 || strcmp(c->argv[1], "meter") == 0)) {
		is_meter = strcmp(c->argv[1], "meter") == 0;
		c->argv[1] = c->argv[2];
		return send(c, "DELETE", with_options(c, row_path(c, is_meter), o), NULL, NULL);
	}
	return ctl_complain(CTL_USAGE,
		"write `depotctl grid`, `grid node ID key=value …`, `grid meter ID key=value …`, "
		"`grid remove node|meter ID` or `grid apply FILE`");
}
