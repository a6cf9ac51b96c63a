/* Sentences in answers of the API: the values of certain keys, wherever they stand. */
#include <string.h>

#include "csms/view/tongue.h"

/* What depotd itself says. Words of people and machines (notes, names, messages) have other keys, or
 * begin as no sentence does. */
static const char *const keys[] = {"sentence", "sub", "stations_sentence", "stations_sub",
	"energy_sentence", "energy_sub", "meters_sentence", "meters_sub", "alarms_sentence",
	"alarms_sub", "sentences", "reason", "limit_reason", "text", "step", "runbook", "fallback",
	"detail", "title", "vehicle_by", "vehicle_conflict", "ruled", "limits_sentence", "next",
	"finding", "warning", "help", "renewed_by", "is", "action", "trigger"};

/* What may be a person's words too, and is ours beside another key: a meter's belief, what a command
 * has come to, what a battery is told. */
static const char *const beside[][2] = {{"why", "belief"}, {"note", "status"}, {"note", "step"},
	{"note", "urgent"}, {"note", "why"}, {"note", "now_w"}, {"note", "told_at"}};

static bool is_key(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strlen(keys[i]) == len && memcmp(keys[i], s, len) == 0)
			return true;
	return false;
}

bool tongue_leans(const char *key)
{
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		if (strcmp(key, beside[i][0]) == 0)
			return true;
	return false;
}

struct word {
	const char *at;
	size_t len;
};

static bool is_word(struct word x, const char *text)
{
	return x.at != NULL && strlen(text) == x.len && memcmp(x.at, text, x.len) == 0;
}

/* Is the value of `key` ours? `last` is the key before it in its object; `is_ours`: a value before it
 * said that depotd did it. */
static bool is_said_by_us(struct word key, struct word last, bool is_ours)
{
	if (is_key(key.at, key.len) || (is_ours && is_word(key, "why")))
		return true;
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		if (is_word(key, beside[i][0]) && is_word(last, beside[i][1]))
			return true;
	return false;
}

/* The other quote of the string that begins at `at`; `len`: there is none. */
static size_t string_end(const char *s, size_t len, size_t at)
{
	for (at++; at < len && s[at] != '"'; at++)
		at += s[at] == '\\';
	return at < len ? at : len;
}

/* The text of a string as JSON has it. False: with an escape that no sentence of ours has. */
static bool unescape(const char *s, size_t len, struct text *out)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '\\') {
			text_putc(out, s[i]);
			continue;
		}
		if (++i >= len || strchr("\"\\/n", s[i]) == NULL)
			return false;
		text_putc(out, s[i] == 'n' ? '\n' : s[i]);
	}
	return text_ok(out);
}

/* Line by line. */
static void say_lines(enum tongue to, const char *s, size_t len, struct text *out)
{
	while (len > 0) {
		const char *end = memchr(s, '\n', len);
		size_t n = end != NULL ? (size_t)(end - s) : len;

		tongue_say(to, s, n, out);
		if (end == NULL)
			break;
		text_putc(out, '\n');
		s += n + 1;
		len -= n + 1;
	}
}

/* One value with its quotes. */
static void put_said(enum tongue to, const char *s, size_t len, struct text *out)
{
	struct text english, said;

	text_init(&english, 0);
	text_init(&said, 0);
	if (len > 2 && s[1] != '[' && s[1] != '{' && unescape(s + 1, len - 2, &english))
		say_lines(to, english.data, english.len, &said);
	if (said.len > 0 && text_ok(&said))
		text_put_json(out, said.data);
	else
		text_put(out, s, len);
	text_finish(&english);
	text_finish(&said);
}

void tongue_json(enum tongue to, const char *json, size_t len, struct text *out)
{
	bool is_said = false; /* the value that comes belongs to such a key */
	bool is_ours = false; /* depotd did what this object tells */
	struct word last = {0}, key;
	size_t from = 0; /* what is not copied yet */

	for (size_t i = 0; i < len; i++) {
		size_t end;

		if (json[i] == '}' || json[i] == ']' || json[i] == '{') {
			is_said = is_ours = false;
			last = (struct word){0};
		}
		if (json[i] != '"')
			continue;
		if ((end = string_end(json, len, i)) == len)
			break;
		if (end + 1 < len && json[end + 1] == ':') {
			key = (struct word){json + i + 1, end - i - 1};
			is_said = is_said_by_us(key, last, is_ours);
			last = key;
		} else if (is_said) {
			text_put(out, json + from, i - from);
			put_said(to, json + i, end + 1 - i, out);
			from = end + 1;
		} else if (is_word((struct word){json + i + 1, end - i - 1}, "depotd")) {
			is_ours = true;
		}
		i = end;
	}
	text_put(out, json + from, len - from);
}

void tongue_texts_init(struct tongue_texts *x, const struct text *english)
{
	x->english = english;
	for (int i = 0; i < TONGUE_COUNT; i++)
		text_init(&x->in[i], 0);
}

const struct text *tongue_text(struct tongue_texts *x, enum tongue to)
{
	if (to == TONGUE_EN || !text_ok(x->english))
		return x->english;
	if (x->in[to].len == 0)
		tongue_json(to, x->english->data, x->english->len, &x->in[to]);
	return &x->in[to];
}

void tongue_texts_finish(struct tongue_texts *x)
{
	for (int i = 0; i < TONGUE_COUNT; i++)
		text_finish(&x->in[i]);
}
