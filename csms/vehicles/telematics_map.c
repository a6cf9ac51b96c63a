#include "csms/vehicles/telematics_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "schemas/peek.h"
#include "schemas/yaml.h"

#define FILE_MAX   (256 * 1024)
#define PAIRS_MAX  2000 /* of one record */
#define LEVELS_MAX 30 /* of a topic */

const char *const telematics_fault_names[TELEMATICS_FAULTS] = {"fine", "not-json", "no-vehicle",
	"unknown-vehicle", "unknown-field", "bad-value", "impossible", "bad-time", "future",
	"ancient", "contradicts", "too-many"};

/* -- the file --------------------------------------------------------------------------------- */

static bool is_pointer(const char *s)
{
	return s[0] == '\0' || s[0] == '/';
}

/* The level of "topic:N", 0: it is none. */
static int topic_level(const char *place)
{
	return strncmp(place, "topic:", 6) == 0 ? atoi(place + 6) : 0;
}

static int wrong(char why[400], const char *at, size_t i, const char *what)
{
	snprintf(why, 400, "%s[%zu]: %s", at, i, what);
	return -1;
}

static int check_field(const struct telematics_mapping *map, size_t i, char why[400])
{
	const struct telematics_field *f = &map->fields.items[i];
	bool is_named = map->pairs || map->has_topic_field;

	if (!is_named && f->from[0] != '/')
		return wrong(why, "fields", i, "`from` must be a JSON pointer, /name");
	if (f->has_unit && !telematics_unit_fits(f->unit, f->quantity))
		return wrong(why, "fields", i, "the unit does not belong to the quantity");
	if ((f->part && !is_pointer(f->part)) || (f->time && !is_pointer(f->time)))
		return wrong(why, "fields", i, "`part` and `time` must be JSON pointers");
	return 0;
}

int telematics_map_check(const struct telematics_mapping *map, char why[400])
{
	if (map->pairs && map->has_topic_field) {
		snprintf(why, 400, "has both `pairs` and `topic_field`");
		return -1;
	}
	for (size_t i = 0; i < map->vehicle.count; i++)
		if (!is_pointer(map->vehicle.items[i]) && topic_level(map->vehicle.items[i]) < 1)
			return wrong(why, "vehicle", i, "must be a JSON pointer or topic:N");
	for (size_t i = 0; i < map->fields.count; i++)
		if (check_field(map, i, why) < 0)
			return -1;
	return 0;
}

const struct telematics_mapping *telematics_map_load(
	const char *path, struct arena *a, char why[400])
{
	const struct telematics_mapping *map =
		schema_yaml_load(&telematics_mapping_type, path, FILE_MAX, a, why);
	const char *slash = strrchr(path, '/');
	char rule[400];

	if (!map || telematics_map_check(map, rule) == 0)
		return map;
	snprintf(why, 400, "%.80s: %.300s", slash ? slash + 1 : path, rule);
	return NULL;
}

/* -- a message -------------------------------------------------------------------------------- */

struct reader {
	const struct telematics_mapping *map;
	const struct telematics_message *msg;
	struct arena *arena;
	struct peek peek;
	telematics_take take;
	void *arg;
	int record;
	char ref[TELEMATICS_REF_MAX + 1];
	wall_t at; /* of the record; ms 0: nothing says */
};

/* The N-th level of the topic, from 1; `rest`: with all behind it. */
static bool topic_part(const char *topic, int level, bool rest, char *out, size_t size)
{
	size_t len;

	while (topic && --level > 0) {
		topic = strchr(topic, '/');
		topic = topic ? topic + 1 : NULL;
	}
	if (!topic || !*topic)
		return false;
	len = rest ? strlen(topic) : strcspn(topic, "/");
	if (len == 0 || len >= size)
		return false;
	memcpy(out, topic, len);
	out[len] = '\0';
	return true;
}

static void tell(struct reader *r, struct telematics_item *item)
{
	item->ref = r->ref;
	if (!item->field)
		item->field = "";
	item->record = peek_text(&r->peek, r->record, &item->record_len);
	r->take(r->arg, item);
}

static void tell_fault(struct reader *r, enum telematics_fault fault, const char *field)
{
	struct telematics_item item = {
		.fault = fault, .field = field, .at = r->at.ms ? r->at : r->msg->received};

	tell(r, &item);
}

/* -- times ------------------------------------------------------------------------------------ */

static bool read_time(const struct peek *p, int value, enum telematics_time_form form, wall_t *out)
{
	char word[60];
	double x;

	if (form == TELEMATICS_TIME_FORM_RFC3339)
		return peek_word(p, value, word, sizeof word) &&
		       wall_parse(word, strlen(word), out);
	if (!peek_number(p, value, &x))
		return false;
	if (form == TELEMATICS_TIME_FORM_S)
		x *= 1000;
	if (!(x > 0 && x < 1e14))
		return false;
	out->ms = (int64_t)x;
	return true;
}

/* -- values ----------------------------------------------------------------------------------- */

static bool read_bool(const struct peek *p, int value, double *out)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
	char kind = peek_kind(p, value), word[20];

	if (kind == 't' || kind == 'f') {
		*out = kind == 't';
		return true;
	}
	if (peek_number(p, value, out)) {
		*out = *out != 0;
		return true;
	}
	if (!peek_word(p, value, word, sizeof word))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(word, words[i]) == 0) {
			*out = (double)(i % 2);
			return true;
		}
	return false;
}

static bool read_word(
	const struct peek *p, int value, const struct telematics_field *f, double *out)
{
	char word[61];

	if (!f->words.count || !peek_word(p, value, word, sizeof word))
		return false;
	for (size_t i = 0; i < f->words.count; i++)
		if (strcasecmp(word, f->words.items[i].is) == 0) {
			*out = f->words.items[i].value;
			return true;
		}
	return false;
}

/* What is in the object that stands for a value in the JSON form of protobuf: {"doubleValue": 60}. */
static int unwrap(const struct peek *p, int value)
{
	int first = peek_kind(p, value) == '{' ? peek_first(p, value) : -1;

	return first >= 0 && peek_next(p, value, first) < 0 ? first : value;
}

/* False: there is no value there, which is no fault (null, or a part that is absent). */
static bool read_value(
	struct reader *r, const struct telematics_field *f, int value, struct telematics_item *item)
{
	enum telematics_unit own = telematics_quantities[f->quantity].unit;
	const struct telematics_quantity_row *q = &telematics_quantities[f->quantity];
	double x;

	value = f->part ? peek_find(&r->peek, value, f->part) : unwrap(&r->peek, value);
	if (value < 0 || peek_kind(&r->peek, value) == 'n')
		return false;
	item->quantity = f->quantity;
	item->fault = TELEMATICS_BAD_VALUE;
	if (read_word(&r->peek, value, f, &x) ||
		(own == TELEMATICS_UNIT_BOOL ? read_bool(&r->peek, value, &x)
					     : peek_number(&r->peek, value, &x))) {
		x *= f->has_scale ? f->scale : 1;
		x = telematics_convert(x, f->has_unit ? f->unit : own, f->quantity);
		item->value = x;
		item->fault = x >= q->min && x <= q->max ? TELEMATICS_FINE : TELEMATICS_IMPOSSIBLE;
	}
	return true;
}

static void read_one(
	struct reader *r, const struct telematics_field *f, const char *name, int value)
{
	struct telematics_item item = {.field = name, .at = r->at, .is_timed = r->at.ms != 0};
	int at = f->time ? peek_find(&r->peek, value, f->time) : -1;
	bool is_bad_time = false;

	if (at >= 0) {
		item.is_timed = read_time(&r->peek, at,
			r->map->time ? r->map->time->form : TELEMATICS_TIME_FORM_RFC3339, &item.at);
		is_bad_time = !item.is_timed;
	}
	if (!item.is_timed)
		item.at = r->msg->received;
	if (!read_value(r, f, value, &item))
		return;
	if (item.fault == TELEMATICS_FINE && is_bad_time)
		item.fault = TELEMATICS_BAD_TIME;
	tell(r, &item);
}

/* A value, or an array of those of different times. */
static void read_field(
	struct reader *r, const struct telematics_field *f, const char *name, int value)
{
	if (peek_kind(&r->peek, value) != '[') {
		read_one(r, f, name, value);
		return;
	}
	for (int i = peek_first(&r->peek, value); i >= 0; i = peek_next(&r->peek, value, i))
		read_one(r, f, name, i);
}

/* -- names ------------------------------------------------------------------------------------ */

static bool is_ignored(const struct telematics_mapping *map, const char *name)
{
	for (size_t i = 0; i < map->ignore.count; i++) {
		const char *want = map->ignore.items[i];
		size_t len = strlen(want);

		if (len && want[len - 1] == '*' ? strncmp(name, want, len - 1) == 0
						: strcmp(name, want) == 0)
			return true;
	}
	return false;
}

/* A value that goes by a name: of a pair or a topic. */
static void read_named(struct reader *r, const char *name, int value)
{
	bool is_known = false;

	for (size_t i = 0; i < r->map->fields.count; i++)
		if (strcmp(r->map->fields.items[i].from, name) == 0) {
			is_known = true;
			read_field(r, &r->map->fields.items[i], name, value);
		}
	if (!is_known && !is_ignored(r->map, name))
		tell_fault(r, TELEMATICS_UNKNOWN_FIELD, name);
}

static void read_pair(struct reader *r, int pair)
{
	int key = peek_find(&r->peek, pair, r->map->pairs->key);
	int value = peek_find(&r->peek, pair, r->map->pairs->value);
	char name[TELEMATICS_FIELD_MAX + 1];

	if (key >= 0 && value >= 0 && peek_word(&r->peek, key, name, sizeof name))
		read_named(r, name, value);
	else
		tell_fault(r, TELEMATICS_UNKNOWN_FIELD, "");
}

static void read_pairs(struct reader *r)
{
	const struct telematics_pairs *pairs = r->map->pairs;
	int count = 0, list = pairs->list ? peek_find(&r->peek, r->record, pairs->list) : -1;

	if (!pairs->list) {
		read_pair(r, r->record);
		return;
	}
	if (list < 0 || peek_kind(&r->peek, list) != '[') {
		tell_fault(r, TELEMATICS_BAD_VALUE, pairs->list);
		return;
	}
	for (int i = peek_first(&r->peek, list); i >= 0; i = peek_next(&r->peek, list, i)) {
		if (++count > PAIRS_MAX) {
			tell_fault(r, TELEMATICS_TOO_MANY, pairs->list);
			return;
		}
		read_pair(r, i);
	}
}

/* Does the pointer begin with this name? */
static bool goes_through(const char *pointer, const char *name, size_t len)
{
	return pointer && pointer[0] == '/' && strncmp(pointer + 1, name, len) == 0 &&
	       (pointer[len + 1] == '/' || pointer[len + 1] == '\0');
}

static bool is_used(const struct telematics_mapping *map, const char *name, size_t len)
{
	for (size_t i = 0; i < map->fields.count; i++)
		if (goes_through(map->fields.items[i].from, name, len))
			return true;
	for (size_t i = 0; i < map->vehicle.count; i++)
		if (goes_through(map->vehicle.items[i], name, len))
			return true;
	return map->time && goes_through(map->time->at, name, len);
}

static void read_members(struct reader *r)
{
	for (size_t i = 0; i < r->map->fields.count; i++) {
		const struct telematics_field *f = &r->map->fields.items[i];
		int value = peek_find(&r->peek, r->record, f->from);

		if (value >= 0)
			read_field(r, f, f->from, value);
	}
	if (peek_kind(&r->peek, r->record) != '{')
		return;
	for (int m = peek_first(&r->peek, r->record); m >= 0;
		m = peek_next(&r->peek, r->record, m)) {
		char name[TELEMATICS_FIELD_MAX + 1];
		size_t len;
		const char *key = peek_key(&r->peek, r->record, m, &len);

		if (is_used(r->map, key, len))
			continue;
		snprintf(name, sizeof name, "%.*s", (int)(len < TELEMATICS_FIELD_MAX ? len : 0),
			key);
		if (!is_ignored(r->map, name))
			tell_fault(r, TELEMATICS_UNKNOWN_FIELD, name);
	}
}

/* -- records ---------------------------------------------------------------------------------- */

static bool find_ref(struct reader *r)
{
	if (r->msg->ref) {
		snprintf(r->ref, sizeof r->ref, "%s", r->msg->ref);
		return true;
	}
	for (size_t i = 0; i < r->map->vehicle.count; i++) {
		const char *place = r->map->vehicle.items[i];
		int level = topic_level(place);
		int value = level ? -1 : peek_find(&r->peek, r->record, place);

		if (level ? topic_part(r->msg->topic, level, false, r->ref, sizeof r->ref)
			  : value >= 0 && peek_word(&r->peek, value, r->ref, sizeof r->ref) &&
					r->ref[0])
			return true;
	}
	r->ref[0] = '\0';
	return false;
}

/* False: it says when, and that cannot be read. */
static bool find_time(struct reader *r)
{
	const struct telematics_time *t = r->map->time;
	int value = t ? peek_find(&r->peek, r->record, t->at) : -1;

	r->at = r->msg->at;
	return value < 0 || r->at.ms || read_time(&r->peek, value, t->form, &r->at);
}

static void read_record(struct reader *r, int record)
{
	char name[TELEMATICS_FIELD_MAX + 1];

	r->record = record;
	r->ref[0] = '\0';
	r->at.ms = 0;
	if (!find_ref(r)) {
		tell_fault(r, TELEMATICS_NO_VEHICLE, "");
		return;
	}
	if (!find_time(r)) {
		tell_fault(r, TELEMATICS_BAD_TIME, "");
		return;
	}
	if (r->map->pairs)
		read_pairs(r);
	else if (!r->map->has_topic_field)
		read_members(r);
	else if (topic_part(r->msg->topic, (int)r->map->topic_field, true, name, sizeof name))
		read_named(r, name, record);
	else
		tell_fault(r, TELEMATICS_UNKNOWN_FIELD, "");
}

static void read_records(struct reader *r, int top)
{
	int count = 0;

	if (peek_kind(&r->peek, top) != '[') {
		read_record(r, top);
		return;
	}
	for (int i = peek_first(&r->peek, top); i >= 0; i = peek_next(&r->peek, top, i)) {
		if (++count > TELEMATICS_RECORDS_MAX) {
			tell_fault(r, TELEMATICS_TOO_MANY, "");
			return;
		}
		read_record(r, i);
	}
}

/* A topic of one value may carry a bare word: charging. It becomes a JSON text. */
static const char *quoted(const struct telematics_message *msg, struct arena *a, size_t *len)
{
	if (msg->len == 0 || msg->len > 60)
		return NULL;
	for (size_t i = 0; i < msg->len; i++)
		if ((unsigned char)msg->text[i] < ' ' || strchr("\"\\{[", msg->text[i]))
			return NULL;
	*len = msg->len + 2;
	return arena_printf(a, "\"%.*s\"", (int)msg->len, msg->text);
}

bool telematics_map_read(const struct telematics_mapping *map, const struct telematics_message *msg,
	struct arena *a, telematics_take take, void *arg)
{
	struct reader r = {.map = map, .msg = msg, .arena = a, .take = take, .arg = arg};
	size_t at, len = msg->len;
	const char *fault = peek_open(&r.peek, msg->text, msg->len, a, &at), *text = NULL;
	int top;

	if (fault && map->has_topic_field && (text = quoted(msg, a, &len)) != NULL)
		fault = peek_open(&r.peek, text, len, a, &at);
	if (fault) {
		struct telematics_item item = {.fault = TELEMATICS_NOT_JSON,
			.ref = "",
			.field = "",
			.at = msg->received,
			.record = msg->text,
			.record_len = msg->len};

		take(arg, &item);
		return false;
	}
	top = map->records && !msg->is_record ? peek_find(&r.peek, 0, map->records) : 0;
	if (top < 0)
		tell_fault(&r, TELEMATICS_NO_VEHICLE, "");
	else
		read_records(&r, top);
	return true;
}
