/* A thing that is described on the command line: MEMBER=VALUE … */
#include <string.h>

#include "schemas/yaml.h"
#include "tools/depotctl/ctl.h"

/* Numbers, truths and lists in brackets go as they are, all else in quotes. */
static void put_value(struct text *t, const char *value)
{
	bool is_plain = strspn(value, "0123456789.-") == strlen(value) ||
			strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ||
			value[0] == '[';

	if (is_plain)
		text_puts(t, value);
	else
		text_put_json(t, value);
}

const void *ctl_members(
	struct ctl *c, int from, const char *id, const struct schema_struct *type, int *status)
{
	struct text t;
	char where[400];
	const void *row;
	const char *what;

	text_init(&t, 0);
	text_puts(&t, "{id: ");
	text_put_json(&t, id);
	for (int i = from; i < c->argc; i++) {
		const char *equals = strchr(c->argv[i], '=');

		if (!equals) {
			text_finish(&t);
			*status = ctl_complain(CTL_USAGE, "%s: must be MEMBER=VALUE", c->argv[i]);
			return NULL;
		}
		text_printf(&t, ", %.*s: ", (int)(equals - c->argv[i]), c->argv[i]);
		put_value(&t, equals + 1);
	}
	text_puts(&t, "}");
	snprintf(where, sizeof where, "out of memory");
	row = text_ok(&t) ? schema_yaml_decode(type, "", t.data, t.len, c->arena, where) : NULL;
	text_finish(&t);
	what = strstr(where, ": ");
	if (!row)
		*status = ctl_complain(CTL_USAGE, "%s", what ? what + 2 : where);
	return row;
}
