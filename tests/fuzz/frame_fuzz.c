/* Fuzzes the frame parser: whatever it takes can be written again and means the same. */
#include "ocpp/frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static char *copy_slice(struct ocpp_slice s)
{
	char *copy = malloc(s.len + 1);
	check(copy != NULL);
	memcpy(copy, s.at, s.len);
	copy[s.len] = '\0';
	return copy;
}

static bool is_same_slice(struct ocpp_slice a, struct ocpp_slice b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static void rebuild(const struct ocpp_frame *f, enum ocpp_version version, struct text *out)
{
	char *payload = copy_slice(f->payload);
	if (f->type == OCPP_CALL)
		ocpp_write_call(out, f->id.text, f->action, payload);
	else if (f->type == OCPP_SEND)
		ocpp_write_send(out, f->id.text, f->action, payload);
	else if (f->type == OCPP_CALLRESULT)
		ocpp_write_result(out, &f->id, payload);
	else if (f->type == OCPP_CALLERROR)
		ocpp_write_error(out, &f->id, version, f->code, f->description, NULL, NULL);
	else
		ocpp_write_result_error(out, &f->id, f->code, f->description, NULL, NULL);
	free(payload);
	check(text_ok(out));
}

static void check_same(
	const struct ocpp_frame *a, const struct ocpp_frame *b, enum ocpp_version version)
{
	/* 1.6 has fewer codes than there are to be read. */
	const char *code = ocpp_code_name(a->code, version);
	check(a->type == b->type && strcmp(code, ocpp_code_name(b->code, version)) == 0);
	check(strcmp(a->id.text, b->id.text) == 0);
	check(strcmp(a->action, b->action) == 0);
	check(strcmp(a->description, b->description) == 0);
	check(is_same_slice(a->payload, b->payload));
}

static void check_error(
	const struct ocpp_frame_error *err, const struct ocpp_limits *limits, size_t size)
{
	struct ocpp_frame again;
	struct ocpp_frame_error none;
	struct text out;
	check(err->code != OCPP_CODE_NONE && err->at <= size);
	check(!err->may_answer || err->type == OCPP_CALL || err->type == OCPP_FRAME_UNKNOWN);
	text_init(&out, 0);
	check(ocpp_write_frame_error(&out, limits->version, err) == 0);
	check(ocpp_frame_parse(out.data, out.len, limits, &again, &none) == 0);
	check(again.type == OCPP_CALLERROR && strcmp(again.id.text, err->id.text) == 0);
	text_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum ocpp_version versions[] = {
		OCPP_VERSION_1_6, OCPP_VERSION_2_0_1, OCPP_VERSION_2_1};
	struct ocpp_frame frame, again;
	struct ocpp_frame_error err;
	struct ocpp_limits limits = {.version = versions[size % 3]};
	if (ocpp_frame_parse((const char *)data, size, &limits, &frame, &err) < 0) {
		check_error(&err, &limits, size);
		return 0;
	}
	struct text out;
	text_init(&out, 0);
	rebuild(&frame, limits.version, &out);
	check(ocpp_frame_parse(out.data, out.len, &limits, &again, &err) == 0);
	check_same(&frame, &again, limits.version);
	text_finish(&out);
	return 0;
}
