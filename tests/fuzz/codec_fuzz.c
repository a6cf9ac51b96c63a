/*
 * Random bytes as a message of a random type: if they decode, they must encode, decode again and
 * encode to the same text. The lenient decoder takes whatever the strict one takes, and alike; what
 * it has left things out of holds no trace of them. The first two bytes choose the type, the rest is
 * the JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gen/depot.h"
#include "gen/event.h"
#include "gen/meter.h"
#include "gen/ocpp201.h"
#include "schemas/codec.h"

/* Enough for any honest message of the sizes tried here; reaching it is a legal answer. */
#define ARENA_CAP ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct schema_struct *choose(unsigned n)
{
	unsigned actions = 2 * OCPP201_ACTION_COUNT;

	n %= actions + EVENT_EVENT_COUNT + 2;
	if (n < actions)
		return n % 2 ? ocpp201_actions[n / 2].response : ocpp201_actions[n / 2].request;
	n -= actions;
	if (n < EVENT_EVENT_COUNT)
		return event_events[n].type;
	return n == EVENT_EVENT_COUNT ? &depot_file_type : &meter_map_type;
}

static void round_trip(const struct schema_struct *type, const void *value, struct arena *a)
{
	struct schema_error err;
	struct text first, second;
	const void *again;

	text_init(&first, 0);
	text_init(&second, 0);
	if (schema_encode(type, value, &first) != 0)
		abort();
	again = schema_decode(type, first.data, first.len, a, &err);
	if (again) {
		if (schema_encode(type, again, &second) != 0 || first.len != second.len ||
			memcmp(first.data, second.data, first.len) != 0)
			abort();
	} else if (err.fault != SCHEMA_NO_MEMORY) {
		abort();
	}
	text_finish(&first);
	text_finish(&second);
}

static void write(const struct schema_struct *type, const void *value, struct text *out)
{
	text_init(out, 0);
	if (schema_encode(type, value, out) != 0)
		abort();
}

static void check_lenient(const struct schema_struct *type, const char *json, size_t len,
	const void *strict, struct arena *a)
{
	struct schema_error err;
	struct schema_notes notes, none;
	const void *value = schema_decode_lenient(type, json, len, a, &notes, &err), *again;
	struct text first, second;

	if (!value) {
		if (strict && err.fault != SCHEMA_NO_MEMORY)
			abort();
		return;
	}
	if ((strict != NULL) != (notes.count == 0))
		abort();
	write(type, value, &first);
	if (strict)
		write(type, strict, &second);
	else if ((again = schema_decode_lenient(type, first.data, first.len, a, &none, &err)))
		write(type, again, &second);
	else if (err.fault == SCHEMA_NO_MEMORY)
		write(type, value, &second);
	else
		abort();
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	text_finish(&first);
	text_finish(&second);
}

static void check(const struct schema_struct *type, const char *json, size_t len)
{
	struct schema_error err;
	struct arena *a = arena_create(ARENA_CAP);
	const void *value;

	if (!a)
		return;
	value = schema_decode(type, json, len, a, &err);
	if (value)
		round_trip(type, value, a);
	else if (err.fault == SCHEMA_OK || !err.message[0] ||
		 !schema_utf8_check(err.message, strlen(err.message), NULL) ||
		 !schema_utf8_check(err.path, strlen(err.path), NULL))
		abort();
	if (value || err.fault != SCHEMA_NO_MEMORY)
		check_lenient(type, json, len, value, a);
	arena_destroy(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	check(choose(data[0] + 256u * data[1]), (const char *)data + 2, size - 2);
	check(&ocpp201_transaction_event_request_type, (const char *)data + 2, size - 2);
	return 0;
}
