/*
 * Tongue: depotd's sentences in the reader's language. depotd thinks, journals and stores English; what
 * leaves for a person of another language is said anew here, whoever made it and however long ago. One
 * catalogue (csms/view/tongue_de.c) has each form of a sentence once in both languages:
 *
 *   "{1} is silent since {2}."        "{1} ist seit {2} still."
 *
 * {1} is a name, a time or a number, and comes over as it is; {1p} is a phrase of the catalogue itself,
 * {1n} a name or such a phrase; {1q} a quantity, whose decimal sign is the language's. What no form fits stays English, sentence by
 * sentence: better than a wrong word. Pure; the work is bounded by the length of the text.
 */
#ifndef CSMS_TONGUE_H
#define CSMS_TONGUE_H

#include <stdbool.h>

#include "schemas/text.h"

enum tongue { TONGUE_EN, TONGUE_DE, TONGUE_COUNT };

/* Of the value of an Accept-Language header, NULL: none. The first language that depotd speaks. */
enum tongue tongue_of(const char *accepted);
const char *tongue_name(enum tongue to); /* "de" */

/* Puts `english` in the other language. False: a part of it is in no form, and stays English. */
bool tongue_say(enum tongue to, const char *english, size_t len, struct text *out);

/* Puts a JSON text whose sentences (the values of certain keys: csms/view/tongue_json.c) are said so. */
void tongue_json(enum tongue to, const char *json, size_t len, struct text *out);

/* Whether the value of that key is said in another language depends on what stands before it in its object:
 * without that, a part of an object stays English. */
bool tongue_leans(const char *key);

/* One text for readers of all languages: each is made once, when the first wants it. */
struct tongue_texts {
	const struct text *english; /* JSON, or an event with JSON */
	struct text in[TONGUE_COUNT];
};
void tongue_texts_init(struct tongue_texts *x, const struct text *english);
const struct text *tongue_text(struct tongue_texts *x, enum tongue to);
void tongue_texts_finish(struct tongue_texts *x);

/* -- the catalogue, for its test ---------------------------------------------------------------- */

struct tongue_form {
	const char *en, *de;
};
/* In two files (tongue_de.c, tongue_de_steps.c), as one list. */
extern const struct tongue_form tongue_forms[], tongue_steps[];
extern const size_t tongue_form_count, tongue_step_count;
const struct tongue_form *tongue_form_at(size_t i); /* NULL: no more */

#endif
