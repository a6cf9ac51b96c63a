#include "csms/view/tongue.h"

#include <ctype.h>
#include <string.h>

#define PIECES_MAX 9 /* {1} to {9} */
#define DEPTH_MAX  4 /* phrases within phrases */
#define TRIES_MAX  4 /* sentences that may be one with a name like "St. Paul" in it */
#define STEPS_MAX  150000 /* of matching, for one text */
#define LONG       2000 /* bytes; no text of ours is longer */

struct piece {
	const char *at;
	size_t len;
	char kind; /* 0, 'n', 'p', 'q' */
};

struct job {
	int steps, depth;
	bool is_whole; /* all of it is known */
};

/* -- which language ---------------------------------------------------------------------------- */

static const char *const names[TONGUE_COUNT] = {"en", "de"};

const char *tongue_name(enum tongue to)
{
	return names[to];
}

/* "de-AT,de;q=0.9,en;q=0.8": in the order of preference, as browsers write it (RFC 9110 12.5.4). */
enum tongue tongue_of(const char *accepted)
{
	for (const char *p = accepted; p != NULL && *p != '\0'; p = strchr(p, ',')) {
		p += strspn(p, ", \t");
		for (int i = 0; i < TONGUE_COUNT; i++)
			if (tolower((unsigned char)p[0]) == names[i][0] && p[0] != '\0' &&
				tolower((unsigned char)p[1]) == names[i][1] &&
				!isalpha((unsigned char)p[2]))
				return (enum tongue)i;
	}
	return TONGUE_EN;
}

/* -- matching ---------------------------------------------------------------------------------- */

/* Is `form` at a place for a piece? Its number from 0, its kind, and what follows. */
static int place_at(const char *form, char *kind, const char **rest)
{
	if (form[0] != '{' || form[1] < '1' || form[1] > '9')
		return -1;
	*kind = form[2] == '}' ? '\0' : form[2];
	*rest = strchr(form, '}') + 1;
	return form[1] - '1';
}

/* A number with its unit begins with a digit or a sign. */
static bool may_begin(char kind, const char *s)
{
	return kind != 'q' || isdigit((unsigned char)s[0]) || s[0] == '\xe2' || s[0] == '-';
}

/* … and ends where the next clause begins, or it would take that with it. */
static bool is_past(char kind, const char *s, size_t take)
{
	return kind == 'q' && take > 1 && s[take - 2] == ',' && s[take - 1] == ' ';
}

static bool is_known(struct job *j, const char *s, size_t len);

/* Does the whole of `s` have this form? The shortest pieces that fit. */
static bool fits(struct job *j, const char *form, const char *s, size_t len, struct piece *pieces)
{
	const char *rest;
	char kind;
	int n;

	while (*form != '\0' && *form != '{') {
		if (len == 0 || *form != *s)
			return false;
		form++, s++, len--;
	}
	if (*form == '\0')
		return len == 0;
	n = place_at(form, &kind, &rest);
	if (n < 0 || len == 0 || !may_begin(kind, s))
		return false;
	for (size_t take = *rest == '\0' ? len : 1; take <= len; take++) {
		if (++j->steps > STEPS_MAX || is_past(kind, s, take))
			return false;
		if (*rest != '\0' && (take == len || (*rest != '{' && s[take] != *rest)))
			continue;
		pieces[n] = (struct piece){s, take, kind};
		if (fits(j, rest, s + take, len - take, pieces) &&
			(kind != 'p' || is_known(j, s, take)))
			return true;
	}
	return false;
}

const struct tongue_form *tongue_form_at(size_t i)
{
	if (i < tongue_form_count)
		return &tongue_forms[i];
	i -= tongue_form_count;
	return i < tongue_step_count ? &tongue_steps[i] : NULL;
}

/* The form that the whole of `s` has, NULL: none. Steps that begin with a word come first: they are whole
 * sentences, quick to tell from others; those that begin with a piece come last. */
static const struct tongue_form *find(
	struct job *j, const char *s, size_t len, struct piece *pieces)
{
	for (size_t i = 0; i < tongue_step_count; i++)
		if (tongue_steps[i].en[0] == s[0] && fits(j, tongue_steps[i].en, s, len, pieces))
			return &tongue_steps[i];
	for (size_t i = 0; i < tongue_form_count; i++)
		if ((tongue_forms[i].en[0] == '{' || tongue_forms[i].en[0] == s[0]) &&
			fits(j, tongue_forms[i].en, s, len, pieces))
			return &tongue_forms[i];
	for (size_t i = 0; i < tongue_step_count; i++)
		if (tongue_steps[i].en[0] == '{' && fits(j, tongue_steps[i].en, s, len, pieces))
			return &tongue_steps[i];
	return NULL;
}

/* Is it a phrase of the catalogue? */
static bool is_known(struct job *j, const char *s, size_t len)
{
	struct piece pieces[PIECES_MAX];
	bool is_found = ++j->depth <= DEPTH_MAX && find(j, s, len, pieces) != NULL;

	j->depth--;
	return is_found;
}

/* -- saying ------------------------------------------------------------------------------------ */

static void say(struct job *j, const char *s, size_t len, struct text *out);

/* "9.4 kW" is "9,4 kW". */
static void put_quantity(const char *s, size_t len, struct text *out)
{
	for (size_t i = 0; i < len; i++) {
		bool is_point = s[i] == '.' && i > 0 && i + 1 < len &&
				isdigit((unsigned char)s[i - 1]) &&
				isdigit((unsigned char)s[i + 1]);

		text_putc(out, is_point ? ',' : s[i]);
	}
}

static const char *const days[][2] = {{"Mon ", "Mo "}, {"Tue ", "Di "}, {"Wed ", "Mi "},
	{"Thu ", "Do "}, {"Fri ", "Fr "}, {"Sat ", "Sa "}, {"Sun ", "So "}};

/* A name or a time: "Thu 05:30" has a word in it. */
static void put_plain(const char *s, size_t len, struct text *out)
{
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
		if (len == 9 && memcmp(s, days[i][0], 4) == 0 && s[6] == ':') {
			text_puts(out, days[i][1]);
			s += 4;
			len -= 4;
		}
	text_put(out, s, len);
}

static void put_piece(struct job *j, const struct piece *p, struct text *out)
{
	bool was_whole = j->is_whole;

	if ((p->kind == 'p' || p->kind == 'n') && j->depth < DEPTH_MAX) {
		j->depth++;
		say(j, p->at, p->len, out);
		j->depth--;
		if (p->kind == 'n')
			j->is_whole = was_whole;
	} else if (p->kind == 'q') {
		put_quantity(p->at, p->len, out);
	} else {
		put_plain(p->at, p->len, out);
	}
}

static void put_form(struct job *j, const char *form, const struct piece *pieces, struct text *out)
{
	const char *rest;
	char kind;

	while (*form != '\0') {
		int n = place_at(form, &kind, &rest);

		if (n < 0) {
			text_putc(out, *form++);
			continue;
		}
		put_piece(j, &pieces[n], out);
		form = rest;
	}
}

/* The whole text has one form. */
static bool say_one(struct job *j, const char *s, size_t len, struct text *out)
{
	struct piece pieces[PIECES_MAX];
	const struct tongue_form *f = find(j, s, len, pieces);

	if (f != NULL)
		put_form(j, f->de, pieces, out);
	return f != NULL;
}

/* The first end of a sentence from `from` on: ". ", or the end of all. */
static size_t sentence_end(const char *s, size_t len, size_t from)
{
	for (size_t i = from; i + 1 < len; i++)
		if (s[i] == '.' && s[i + 1] == ' ')
			return i + 1;
	return len;
}

/* The shortest beginning that has a form, then the rest; a name may have ". " in it. */
static void say(struct job *j, const char *s, size_t len, struct text *out)
{
	while (len > 0) {
		size_t first = sentence_end(s, len, 0), end = first;
		int tries = 0;

		while (!say_one(j, s, end, out)) {
			if (end == len || ++tries == TRIES_MAX) {
				j->is_whole = false;
				end = first;
				text_put(out, s, end);
				break;
			}
			end = sentence_end(s, len, end + 1);
		}
		if (end < len) {
			text_putc(out, ' ');
			end++;
		}
		s += end;
		len -= end;
	}
}

bool tongue_say(enum tongue to, const char *english, size_t len, struct text *out)
{
	struct job j = {.is_whole = to == TONGUE_EN || len <= LONG};

	if (to == TONGUE_EN || len > LONG)
		text_put(out, english, len);
	else
		say(&j, english, len, out);
	return j.is_whole;
}
