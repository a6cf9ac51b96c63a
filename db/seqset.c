#include "db/seqset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first range that ends at or after `v` - 1, so that it holds or touches `v`. */
static int find(const struct seqset *s, int64_t v)
{
	int low = 0, high = s->count;
	while (low < high) {
		int mid = (low + high) / 2;
		if (s->items[mid].high < v - 1)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int insert_at(struct seqset *s, int i, int64_t v)
{
	if (s->count >= SEQSET_MAX) {
		s->over = true;
		return -1;
	}
	if (s->count == s->room) {
		int room = s->room ? s->room * 2 : 4;
		struct seq_range *items = realloc(s->items, (size_t)room * sizeof *items);
		if (!items) {
			s->over = true;
			return -1;
		}
		s->items = items;
		s->room = room;
	}
	memmove(&s->items[i + 1], &s->items[i], (size_t)(s->count - i) * sizeof *s->items);
	s->items[i] = (struct seq_range){v, v};
	s->count++;
	return 1;
}

int seqset_add(struct seqset *s, int64_t v)
{
	if (v < 0 || v == INT64_MAX) {
		s->over = true;
		return -1;
	}
	int i = find(s, v);
	struct seq_range *r = s->items + i;
	if (i == s->count || r->low > v + 1)
		return insert_at(s, i, v);
	if (r->low <= v && v <= r->high)
		return 0;
	if (v == r->low - 1) {
		r->low = v;
		return 1;
	}
	r->high = v;
	if (i + 1 < s->count && r[1].low == v + 1) {
		r->high = r[1].high;
		memmove(r + 1, r + 2, (size_t)(s->count - i - 2) * sizeof *r);
		s->count--;
	}
	return 1;
}

bool seqset_covers(const struct seqset *s, int64_t low, int64_t high)
{
	for (int i = 0; i < s->count; i++)
		if (s->items[i].low <= low && high <= s->items[i].high)
			return true;
	return false;
}

static void put_range(struct text *out, int64_t low, int64_t high)
{
	text_put_int(out, low);
	if (high > low) {
		text_putc(out, '-');
		text_put_int(out, high);
	}
}

void seqset_format(const struct seqset *s, struct text *out)
{
	for (int i = 0; i < s->count; i++) {
		if (i)
			text_putc(out, ',');
		put_range(out, s->items[i].low, s->items[i].high);
	}
}

static bool read_number(const char **p, int64_t *v)
{
	char *end;
	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*v = strtoll(*p, &end, 10);
	*p = end;
	return errno == 0;
}

int seqset_parse(struct seqset *s, const char *text)
{
	const char *p = text;
	while (*p) {
		int64_t low, high;
		if (!read_number(&p, &low))
			return -1;
		high = low;
		if (*p == '-' && (p++, !read_number(&p, &high)))
			return -1;
		if (high < low || (s->count && low <= s->items[s->count - 1].high + 1))
			return -1;
		if (insert_at(s, s->count, low) < 0)
			return -1;
		s->items[s->count - 1].high = high;
		if (*p == ',')
			p++;
		else if (*p)
			return -1;
	}
	return 0;
}

void seqset_missing(const struct seqset *s, int64_t low, int64_t high, int max, struct text *out)
{
	int64_t next = low;
	int gaps = 0;
	for (int i = 0; i <= s->count && next <= high; i++) {
		int64_t from = i < s->count ? s->items[i].low : high + 1;
		if (from > high + 1)
			from = high + 1;
		if (from > next) {
			if (gaps++)
				text_puts(out, ", ");
			if (gaps > max) {
				text_puts(out, "…");
				return;
			}
			put_range(out, next, from - 1);
		}
		if (i < s->count && s->items[i].high + 1 > next)
			next = s->items[i].high + 1;
	}
}

void seqset_finish(struct seqset *s)
{
	free(s->items);
	*s = (struct seqset){0};
}
