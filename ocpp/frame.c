#include "ocpp/frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_BYTES (512u * 1024u)
#define DEFAULT_DEPTH 32

/* One frame on its way through; `err` collects type and id as they are read, so that a failure
 * further on can still be answered. */
struct parse {
	struct ocpp_scan in;
	enum ocpp_version version;
	struct ocpp_frame *out;
	struct ocpp_frame_error *err;
};

static const char empty_object[] = "{}";

/* One value of the outer array as a slice without the white space around it. */
static bool scan_element(struct parse *s, struct ocpp_slice *out)
{
	ocpp_scan_space(&s->in);
	size_t start = s->in.at;
	if (!ocpp_scan_value(&s->in, 1))
		return false;
	*out = (struct ocpp_slice){s->in.text + start, s->in.at - start};
	return true;
}

static struct ocpp_slice inside_quotes(struct ocpp_slice string)
{
	return (struct ocpp_slice){string.at + 1, string.len - 2};
}

static int fail(struct parse *s, enum ocpp_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct parse *s, enum ocpp_code code, const char *fmt, ...)
{
	struct ocpp_frame_error *e = s->err;
	va_list args;
	va_start(args, fmt);
	vsnprintf(e->description, sizeof(e->description), fmt, args);
	va_end(args);
	e->code = code;
	e->at = s->in.at;
	e->may_answer = e->type == OCPP_FRAME_UNKNOWN || e->type == OCPP_CALL;
	return -1;
}

static int fail_scan(struct parse *s, enum ocpp_code code, const char *what)
{
	return fail(s, code, "%s: %s, at byte %zu", what, s->in.why, s->in.at);
}

/* The whole number in a slice, or -1 if it is anything else or large. */
static int small_number(struct ocpp_slice v)
{
	int n = 0;
	if (v.len == 0 || v.len > 4)
		return -1;
	for (size_t i = 0; i < v.len; i++) {
		if (!ocpp_is_digit((unsigned char)v.at[i]))
			return -1;
		n = n * 10 + (v.at[i] - '0');
	}
	return n;
}

/* True if the slice is a whole number, negative ones too. */
static bool is_whole_number(struct ocpp_slice v)
{
	size_t i = v.len > 1 && v.at[0] == '-';
	for (; i < v.len; i++) {
		if (!ocpp_is_digit((unsigned char)v.at[i]))
			return false;
	}
	return v.len > 0;
}

static bool is_type_known(const struct parse *s, int type)
{
	if (type == OCPP_CALL || type == OCPP_CALLRESULT || type == OCPP_CALLERROR)
		return true;
	bool is_new = type == OCPP_CALLRESULTERROR || type == OCPP_SEND;
	return is_new && s->version == OCPP_VERSION_2_1;
}

/* Reads the id into `id`; false if it is not one of at most 36 characters. */
static bool read_id(struct ocpp_slice v, struct ocpp_id *id)
{
	if (v.at[0] == '"' && v.len > 2) {
		id->is_number = false;
		return ocpp_scan_unescape(
			inside_quotes(v), OCPP_ID_POINTS, id->text, sizeof(id->text));
	}
	if (!is_whole_number(v) || v.len > OCPP_ID_POINTS)
		return false;
	memcpy(id->text, v.at, v.len);
	id->text[v.len] = '\0';
	id->is_number = true;
	return true;
}

/* Reads `[type, id`. Whatever goes wrong, err holds as much of both as could be read. */
static int parse_head(struct parse *s)
{
	struct ocpp_slice type, id;
	struct ocpp_id read = {.is_number = false};
	if (!ocpp_scan_char(&s->in, '[', "expected '['") || !scan_element(s, &type))
		return fail_scan(s, OCPP_CODE_RPC_FRAMEWORK_ERROR, "not an OCPP-J array");
	int number = small_number(type);
	bool is_known = is_type_known(s, number);
	if (is_known)
		s->err->type = (enum ocpp_frame_type)number;
	if (!ocpp_scan_char(&s->in, ',', "expected ','") || !scan_element(s, &id))
		return fail_scan(s, OCPP_CODE_RPC_FRAMEWORK_ERROR, "no readable message id");
	if (read_id(id, &read)) {
		s->err->id = read;
		s->err->has_id = true;
	}
	if (!is_known && !is_whole_number(type))
		return fail(s, OCPP_CODE_RPC_FRAMEWORK_ERROR, "the message type is not a number");
	if (!is_known) {
		fail(s, OCPP_CODE_MESSAGE_TYPE_NOT_SUPPORTED, "message type %.*s is not known",
			(int)(type.len < 8 ? type.len : 8), type.at);
		/* 1.6-J 4.1.3 says to ignore such a message, and has no code for it. */
		s->err->may_answer = s->version != OCPP_VERSION_1_6;
		return -1;
	}
	if (!s->err->has_id)
		return fail(s, OCPP_CODE_RPC_FRAMEWORK_ERROR,
			"the message id is not a string of 1 to %d characters", OCPP_ID_POINTS);
	s->out->type = s->err->type;
	s->out->id = s->err->id;
	return 0;
}

static int parse_action(struct parse *s)
{
	struct ocpp_slice action;
	if (!ocpp_scan_char(&s->in, ',', "expected ','"))
		return fail_scan(s, OCPP_CODE_RPC_FRAMEWORK_ERROR, "no action");
	ocpp_scan_space(&s->in);
	if (!ocpp_scan_string(&s->in, &action))
		return fail_scan(s, OCPP_CODE_RPC_FRAMEWORK_ERROR, "no readable action");
	if (!ocpp_scan_unescape(action, OCPP_ACTION_SIZE, s->out->action, OCPP_ACTION_SIZE))
		return fail(s, OCPP_CODE_NOT_IMPLEMENTED, "the action is not known");
	return 0;
}

/* The payload: an object, or the null that 4.1.5 allows in its place. */
static int parse_payload(struct parse *s)
{
	struct ocpp_slice v;
	if (!ocpp_scan_char(&s->in, ',', "expected ','"))
		return fail_scan(s, OCPP_CODE_RPC_FRAMEWORK_ERROR, "no payload");
	if (!scan_element(s, &v))
		return fail_scan(s, OCPP_CODE_FORMAT_VIOLATION, "payload is not JSON");
	if (v.at[0] == 'n')
		v = (struct ocpp_slice){empty_object, sizeof(empty_object) - 1};
	if (v.at[0] != '{')
		return fail(s, OCPP_CODE_PROTOCOL_ERROR, "the payload is not an object");
	s->out->payload = v;
	return 0;
}

/* What a CALLERROR says. It cannot be answered, so all of it is optional: a peer that errs in how
 * it complains has complained all the same. */
static int parse_complaint(struct parse *s)
{
	struct ocpp_frame *f = s->out;
	for (int i = 2;; i++) {
		struct ocpp_slice v;
		ocpp_scan_space(&s->in);
		if (ocpp_scan_peek(&s->in) == ']')
			return 0;
		if (!ocpp_scan_char(&s->in, ',', "expected ','") || !scan_element(s, &v))
			return fail_scan(s, OCPP_CODE_RPC_FRAMEWORK_ERROR, "broken error");
		if (i == 2 && v.at[0] == '"') {
			ocpp_scan_unescape(inside_quotes(v), OCPP_ACTION_SIZE, f->code_text,
				sizeof(f->code_text));
			f->code = ocpp_code_find(f->code_text);
		} else if (i == 3 && v.at[0] == '"') {
			ocpp_scan_unescape(inside_quotes(v), OCPP_DESCRIPTION_POINTS,
				f->description, sizeof(f->description));
		} else if (i == 4 && v.at[0] == '{') {
			f->details = v;
		} else if (i > 4) {
			return fail(s, OCPP_CODE_RPC_FRAMEWORK_ERROR, "an error has 5 elements");
		}
	}
}

static int parse_tail(struct parse *s)
{
	if (!ocpp_scan_char(&s->in, ']', "expected ']'"))
		return fail_scan(s, OCPP_CODE_RPC_FRAMEWORK_ERROR, "too many elements");
	ocpp_scan_space(&s->in);
	if (s->in.at != s->in.len)
		return fail(s, OCPP_CODE_RPC_FRAMEWORK_ERROR,
			"text behind the message, at byte %zu", s->in.at);
	return 0;
}

static int parse_body(struct parse *s)
{
	switch (s->out->type) {
	case OCPP_CALL:
	case OCPP_SEND:
		return parse_action(s) < 0 ? -1 : parse_payload(s);
	case OCPP_CALLRESULT:
		return parse_payload(s);
	default:
		s->out->code = OCPP_CODE_GENERIC_ERROR;
		return parse_complaint(s);
	}
}

static void clear_frame(struct ocpp_frame *f)
{
	f->type = OCPP_FRAME_UNKNOWN;
	f->id.text[0] = '\0';
	f->id.is_number = false;
	f->action[0] = '\0';
	f->code = OCPP_CODE_NONE;
	f->code_text[0] = '\0';
	f->description[0] = '\0';
	f->payload = (struct ocpp_slice){empty_object, sizeof(empty_object) - 1};
	f->details = f->payload;
}

static void clear_error(struct ocpp_frame_error *e)
{
	e->may_answer = false;
	e->type = OCPP_FRAME_UNKNOWN;
	e->has_id = false;
	e->id = ocpp_id_make(OCPP_ID_UNREADABLE);
	e->code = OCPP_CODE_NONE;
	e->description[0] = '\0';
	e->at = 0;
}

int ocpp_frame_parse(const char *text, size_t len, const struct ocpp_limits *limits,
	struct ocpp_frame *out, struct ocpp_frame_error *err)
{
	size_t max = limits->max_bytes ? limits->max_bytes : DEFAULT_BYTES;
	int depth = limits->max_depth > 0 ? limits->max_depth : DEFAULT_DEPTH;
	struct parse s = {
		.in = {.text = text,
			.len = len < max ? len : max,
			.depth_max = depth < OCPP_DEPTH_MAX ? depth : OCPP_DEPTH_MAX},
		.version = limits->version,
		.out = out,
		.err = err,
	};
	clear_frame(out);
	clear_error(err);
	if (parse_head(&s) < 0)
		return -1;
	if (len > max)
		return fail(&s, OCPP_CODE_GENERIC_ERROR,
			"the message has %zu bytes, more than the %zu allowed", len, max);
	return parse_body(&s) < 0 ? -1 : parse_tail(&s);
}

int ocpp_write_frame_error(
	struct text *out, enum ocpp_version version, const struct ocpp_frame_error *err)
{
	return ocpp_write_error(out, &err->id, version, err->code, err->description, NULL, NULL);
}

const char *ocpp_frame_type_name(enum ocpp_frame_type type)
{
	static const char *const names[] = {
		[OCPP_CALL] = "CALL",
		[OCPP_CALLRESULT] = "CALLRESULT",
		[OCPP_CALLERROR] = "CALLERROR",
		[OCPP_CALLRESULTERROR] = "CALLRESULTERROR",
		[OCPP_SEND] = "SEND",
	};
	if ((unsigned)type > OCPP_SEND || !names[type])
		return "?";
	return names[type];
}
