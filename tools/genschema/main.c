/* genschema SCHEMA HEADER SOURCE: see genschema.h and docs/schemas.md. */
#include <stdlib.h>
#include <string.h>

#include "schemas/text.h"
#include "tools/genschema/genschema.h"

#define MAX_SCHEMA ((size_t)4 * 1024 * 1024)

static bool slurp(const char *path, struct text *t)
{
	FILE *in = fopen(path, "r");
	char chunk[8192];
	size_t n;

	if (!in)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		text_put(t, chunk, n);
	text_put(t, "", 0);
	n = (size_t)ferror(in);
	fclose(in);
	return n == 0 && text_ok(t);
}

static bool write_file(const struct gen_model *m, const char *path,
	bool (*write)(const struct gen_model *m, FILE *out))
{
	FILE *out = fopen(path, "w");
	bool good = out && write(m, out);

	if (out && fclose(out) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "genschema: cannot write %s\n", path);
	return good;
}

int main(int argc, char **argv)
{
	struct gen_model m = {0};
	struct text text;
	int rc = 1;

	if (argc != 4) {
		fputs("usage: genschema SCHEMA HEADER SOURCE\n", stderr);
		return 2;
	}
	text_init(&text, MAX_SCHEMA);
	m.arena = arena_create(0);
	m.file = argv[1];
	if (!m.arena || !slurp(argv[1], &text))
		fprintf(stderr, "genschema: cannot read %s\n", argv[1]);
	else if (strlen(text.data) != text.len)
		fprintf(stderr, "%s: holds a NUL byte\n", argv[1]);
	else if (!gen_read(&m, text.data))
		fprintf(stderr, "%s\n", m.error);
	else if (write_file(&m, argv[2], gen_write_header) &&
		 write_file(&m, argv[3], gen_write_source))
		rc = 0;
	arena_destroy(m.arena);
	text_finish(&text);
	return rc;
}
