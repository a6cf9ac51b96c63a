/* What depotd was started with: the settings of depotd.yaml beside their defaults. Names of files that
 * hold secrets are shown, secrets are not: what a setting itself may carry is hidden. */
#include <string.h>

#include "csms/api/ask.h"
#include "csms/api/handlers_system.h"
#include "csms/config.h"
#include "csms/power/grid_edit.h"
#include "csms/view/words_setup.h"

/* From behind `begin` to the first of `ends`. */
static void hide(char *text, const char *begin, const char *ends)
{
	for (char *p = strstr(text, begin); p != NULL; p = strstr(p, begin)) {
		p += strlen(begin);
		for (size_t n = strcspn(p, ends); n > 0; n--)
			*p++ = '*';
	}
}

/* "https://user:password@host": up to the '@'. */
static void hide_user(char *text)
{
	for (char *p = strstr(text, "://"); p != NULL; p = strstr(p, "://")) {
		size_t n;

		p += 3;
		n = strcspn(p, "@/\"");
		if (p[n] == '@')
			memset(p, '*', n);
	}
}

/* NULL: no memory. */
static char *json_of(struct ask *k, const struct config_file *f)
{
	struct text t;
	char *out = NULL;

	text_init(&t, 0);
	if (f != NULL && schema_encode(&config_file_type, f, &t) == 0)
		out = arena_strndup(k->arena, t.data, t.len);
	text_finish(&t);
	if (out != NULL) {
		hide(out, "pin-value=", ";&\"");
		hide_user(out);
	}
	return out;
}

void settings_get(struct ask *k)
{
	const struct core *c = k->api->core;
	int changed = grid_edits_count(c->grid_edits);
	struct api_settings out = {
		.depot_file = c->config->depot,
		.revision = grid_edits_grid(c->grid_edits)->revision,
		.changed = changed,
		.values = json_of(k, c->config),
		.presets = json_of(k, config_presets(k->arena)),
	};
	struct text t;

	if (out.values == NULL || out.presets == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	text_init(&t, 290);
	words_settings_sentence(&t, changed);
	out.sentence = ask_words(k, &t);
	text_init(&t, 290);
	words_settings_sub(&t, changed);
	out.sub = ask_words(k, &t);
	ask_reply(k, 200, &api_settings_type, &out);
}
