/*
 * Market documents of ENTSO-E (IEC 62325-451-3, Publication_MarketDocument) as points.
 *
 * A TimeSeries has periods of steps, numbered from 1. With curveType A03 a step that is not named
 * has the price of the one before it; with A01 every step is named. Where series lie over one
 * another (classificationSequence) the one of the lowest number counts. The only owner of expat:
 * a document type declaration is refused, so that no entity is ever defined, let alone fetched.
 */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csms/money/price_read.h"

#define DEPTH_MAX 32
#define WORD_MAX  100
#define STEPS_MAX 3000 /* of a period */

enum item {
	ITEM_NONE,
	ITEM_SERIES,
	ITEM_CURVE,
	ITEM_CURRENCY,
	ITEM_UNIT,
	ITEM_SEQUENCE,
	ITEM_PERIOD,
	ITEM_START,
	ITEM_END,
	ITEM_RESOLUTION,
	ITEM_POINT,
	ITEM_POSITION,
	ITEM_AMOUNT,
	ITEM_REASON
};

/* Names of elements in which element; parent NULL: any. */
static const struct {
	const char *name, *parent;
	enum item item;
} elements[] = {
	{"TimeSeries", NULL, ITEM_SERIES},
	{"curveType", "TimeSeries", ITEM_CURVE},
	{"currency_Unit.name", "TimeSeries", ITEM_CURRENCY},
	{"price_Measure_Unit.name", "TimeSeries", ITEM_UNIT},
	{"classificationSequence_AttributeInstanceComponent.position", "TimeSeries", ITEM_SEQUENCE},
	{"Period", "TimeSeries", ITEM_PERIOD},
	{"start", "timeInterval", ITEM_START},
	{"end", "timeInterval", ITEM_END},
	{"resolution", "Period", ITEM_RESOLUTION},
	{"Point", "Period", ITEM_POINT},
	{"position", "Point", ITEM_POSITION},
	{"price.amount", "Point", ITEM_AMOUNT},
	{"text", "Reason", ITEM_REASON},
};

struct ranked {
	struct price_point point;
	int sequence;
};

struct reader {
	const struct depot_price_series *row;
	XML_Parser parser;
	char *why;
	bool failed;
	int depth;
	char names[DEPTH_MAX][WORD_MAX];
	enum item items[DEPTH_MAX];
	char word[WORD_MAX]; /* text of the element that is open */
	size_t len;
	/* of the TimeSeries and the Period that are open */
	bool is_a03, in_period;
	int sequence, position, last_position;
	int64_t start_ms, end_ms, step_ms;
	int steps;
	bool has_amount;
	double amount;
	int32_t last_value;
	int count;
	struct ranked *points; /* PRICE_POINTS_MAX * 2 */
	char reason[WORD_MAX];
};

static void stop(struct reader *r, const char *what)
{
	if (r->failed)
		return;
	r->failed = true;
	snprintf(r->why, 300, "line %lu: %s", XML_GetCurrentLineNumber(r->parser), what);
	XML_StopParser(r->parser, XML_FALSE);
}

/* -- values ----------------------------------------------------------------------------------- */

/* "2026-02-01T23:00Z": the form without seconds that the documents use, or with them. */
static int read_time(const char *s, int64_t *out)
{
	char whole[40];
	wall_t at;
	size_t n = strlen(s);

	if (n == 17 && s[16] == 'Z') {
		snprintf(whole, sizeof whole, "%.16s:00Z", s);
		s = whole;
		n = strlen(whole);
	}
	if (!wall_parse(s, n, &at) || at.ms < 0)
		return -1;
	*out = at.ms;
	return 0;
}

static int64_t read_step(const char *s)
{
	static const struct {
		const char *word;
		int minutes;
	} rows[] = {{"PT5M", 5}, {"PT15M", 15}, {"PT30M", 30}, {"PT60M", 60}, {"PT1H", 60},
		{"P1D", 1440}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(s, rows[i].word) == 0)
			return rows[i].minutes * INT64_C(60000);
	return 0;
}

/* -- points ----------------------------------------------------------------------------------- */

/* The value of step `position` of the period. */
static void put(struct reader *r, int position, int32_t value)
{
	int64_t start = r->start_ms + (position - 1) * r->step_ms;

	if (r->count == PRICE_POINTS_MAX * 2) {
		stop(r, "too many values: ask for fewer days");
		return;
	}
	r->points[r->count++] = (struct ranked){{start, start + r->step_ms, value}, r->sequence};
}

/* Steps that were left out, up to `position`, have the price of the last one that was named. */
static void fill(struct reader *r, int position)
{
	for (int i = r->last_position + 1;
		r->is_a03 && r->last_position > 0 && i < position && !r->failed; i++)
		put(r, i, r->last_value);
}

static void begin_points(struct reader *r)
{
	int64_t length = r->end_ms - r->start_ms;

	if (r->steps)
		return;
	if (!r->start_ms || length <= 0 || !r->step_ms || length % r->step_ms ||
		length / r->step_ms > STEPS_MAX)
		stop(r, "a period needs start, end and a resolution that fits between them");
	else
		r->steps = (int)(length / r->step_ms);
}

static void end_point(struct reader *r)
{
	int32_t value;

	begin_points(r);
	if (r->failed)
		return;
	if (r->position <= r->last_position || r->position > r->steps || !r->has_amount) {
		stop(r, "points must have a price, and positions that rise within the period");
		return;
	}
	if (price_value_of(r->row, r->amount, &value) < 0) {
		stop(r, "this is no price");
		return;
	}
	fill(r, r->position);
	if (!r->failed)
		put(r, r->position, value);
	r->last_position = r->position;
	r->last_value = value;
}

static void end_period(struct reader *r)
{
	if (r->last_position)
		fill(r, r->steps + 1);
	r->in_period = false;
}

/* -- elements --------------------------------------------------------------------------------- */

static void begin_item(struct reader *r, enum item item)
{
	switch (item) {
	case ITEM_SERIES:
		r->is_a03 =
			true; /* the form of today; A01 names every step, so nothing is filled */
		r->sequence = 1;
		break;
	case ITEM_PERIOD:
		r->in_period = true;
		r->start_ms = r->end_ms = r->step_ms = 0;
		r->steps = r->last_position = 0;
		break;
	case ITEM_POINT:
		r->position = 0;
		r->has_amount = false;
		break;
	default:
		break;
	}
}

static void check_word(struct reader *r, const char *wanted, const char *what)
{
	char text[200];

	if (!wanted || strcmp(r->word, wanted) == 0)
		return;
	snprintf(text, sizeof text, "the %s is %.20s, not %s", what, r->word, wanted);
	stop(r, text);
}

static void end_item(struct reader *r, enum item item)
{
	char *end;

	switch (item) {
	case ITEM_CURVE:
		r->is_a03 = strcmp(r->word, "A03") == 0;
		if (!r->is_a03)
			check_word(r, "A01", "curve type");
		break;
	case ITEM_CURRENCY:
		check_word(r, r->row->currency, "currency");
		break;
	case ITEM_UNIT:
		check_word(r, "MWH", "unit");
		break;
	case ITEM_SEQUENCE:
		r->sequence = atoi(r->word);
		break;
	case ITEM_START:
		if (r->in_period && read_time(r->word, &r->start_ms) < 0)
			stop(r, "this is no time");
		break;
	case ITEM_END:
		if (r->in_period && read_time(r->word, &r->end_ms) < 0)
			stop(r, "this is no time");
		break;
	case ITEM_RESOLUTION:
		r->step_ms = read_step(r->word);
		break;
	case ITEM_POSITION:
		r->position = (int)strtol(r->word, NULL, 10);
		break;
	case ITEM_AMOUNT:
		r->amount = strtod(r->word, &end);
		r->has_amount = end != r->word && *end == '\0';
		break;
	case ITEM_POINT:
		end_point(r);
		break;
	case ITEM_PERIOD:
		end_period(r);
		break;
	case ITEM_REASON:
		snprintf(r->reason, sizeof r->reason, "%s", r->word);
		break;
	default:
		break;
	}
}

static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static void XMLCALL on_begin(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = arg;
	enum item item = ITEM_NONE;

	(void)attributes;
	if (r->failed)
		return;
	if (r->depth == DEPTH_MAX) {
		stop(r, "elements inside each other, too deep");
		return;
	}
	name = local_name(name);
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
		if (strcmp(elements[i].name, name) == 0 &&
			(!elements[i].parent ||
				(r->depth > 0 &&
					strcmp(elements[i].parent, r->names[r->depth - 1]) == 0)))
			item = elements[i].item;
	snprintf(r->names[r->depth], WORD_MAX, "%.99s", name);
	r->items[r->depth++] = item;
	r->len = 0;
	r->word[0] = '\0';
	begin_item(r, item);
}

/* Takes the blanks around the word away. */
static void trim(struct reader *r)
{
	static const char blanks[] = " \t\r\n";
	size_t begin = strspn(r->word, blanks);

	while (r->len > begin && strchr(blanks, r->word[r->len - 1]))
		r->len--;
	memmove(r->word, r->word + begin, r->len - begin);
	r->len -= begin;
	r->word[r->len] = '\0';
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct reader *r = arg;

	(void)name;
	if (r->failed)
		return;
	trim(r);
	end_item(r, r->items[--r->depth]);
	r->len = 0;
	r->word[0] = '\0';
}

static void XMLCALL on_text(void *arg, const XML_Char *s, int len)
{
	struct reader *r = arg;
	size_t room = WORD_MAX - 1 - r->len, n = (size_t)len < room ? (size_t)len : room;

	memcpy(r->word + r->len, s, n);
	r->len += n;
	r->word[r->len] = '\0';
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *sysid,
	const XML_Char *pubid, int has_internal_subset)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_internal_subset;
	stop(arg, "a document type declaration is not taken");
}

/* -- the document ------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->point.start_ms != y->point.start_ms)
		return x->point.start_ms < y->point.start_ms ? -1 : 1;
	return x->sequence - y->sequence;
}

/* Of those that lie over one another the one of the lowest sequence; then the one that begins
 * first. */
static int take(struct reader *r, struct price_points *out)
{
	int64_t until = INT64_MIN;

	qsort(r->points, (size_t)r->count, sizeof *r->points, compare);
	for (int i = 0; i < r->count; i++) {
		const struct price_point *p = &r->points[i].point;

		if (p->start_ms < until)
			continue;
		if (price_points_add(out, p->start_ms, p->end_ms, p->value, r->why) < 0)
			return -1;
		until = p->end_ms;
	}
	if (out->count)
		return 0;
	snprintf(r->why, 300, "it has no prices%s%.90s", r->reason[0] ? ": " : "", r->reason);
	return -1;
}

static int parse(struct reader *r, const char *text, size_t len)
{
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_begin, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	XML_SetParamEntityParsing(r->parser, XML_PARAM_ENTITY_PARSING_NEVER);
	if (XML_Parse(r->parser, text, (int)len, 1) == XML_STATUS_OK && !r->failed)
		return 0;
	if (!r->failed)
		snprintf(r->why, 300, "line %lu: %s", XML_GetCurrentLineNumber(r->parser),
			XML_ErrorString(XML_GetErrorCode(r->parser)));
	return -1;
}

int price_read_entsoe(const struct depot_price_series *row, const char *text, size_t len,
	struct price_points *out, char why[300])
{
	struct depot_price_series mwh = *row; /* the form knows no other unit */
	struct reader *r = calloc(1, sizeof *r);
	int rc = -1;

	mwh.unit = DEPOT_PRICE_UNIT_M_WH;
	if (r) {
		r->row = &mwh;
		r->why = why;
		r->points = calloc(PRICE_POINTS_MAX * 2, sizeof *r->points);
		r->parser = XML_ParserCreate("UTF-8");
	}
	if (r && r->points && r->parser)
		rc = parse(r, text, len) == 0 ? take(r, out) : -1;
	else
		snprintf(why, 300, "out of memory");
	if (r && r->parser)
		XML_ParserFree(r->parser);
	if (r)
		free(r->points);
	free(r);
	return rc;
}
