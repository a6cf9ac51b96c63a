/* Yard lists. What is read must be a trip as the API takes it, in the order of its lines. */
#include <stdlib.h>
#include <string.h>

#include "csms/vehicles/trips_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const char *s, size_t most)
{
	if (s && strlen(s) > most)
		abort();
}

static void check_row(const struct depot_trip *r)
{
	if (!r->id || !r->id[0] || !r->vehicle || !r->vehicle[0])
		abort();
	check_word(r->id, 60);
	check_word(r->vehicle, 60);
	check_word(r->shift, 60);
	check_word(r->note, 200);
	if (!(r->distance_km > 0 && r->distance_km <= 5000) ||
		!(r->payload_kg >= 0 && r->payload_kg <= 100000) ||
		!(r->temperature_c >= -60 && r->temperature_c <= 60) ||
		!(r->need_kwh >= 0 && r->need_kwh <= 5000))
		abort();
}

static void read_list(const char *text, struct arena *a)
{
	struct trips_csv_fault fault = {0};
	struct trips_csv list;

	if (trips_csv_read(text, a, &list, &fault)) {
		if (!fault.text[0])
			abort();
		return;
	}
	if (list.count > TRIPS_CSV_ROWS)
		abort();
	for (size_t i = 0; i < list.count; i++) {
		check_row(&list.rows[i]);
		if (list.lines[i] < 2 || (i && list.lines[i] <= list.lines[i - 1]))
			abort();
	}
	if (!trips_csv_column(text, "vehicle", a))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(0);
	char *text = malloc(size + 1);

	if (!a || !text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	read_list(text, a);
	free(text);
	arena_destroy(a);
	return 0;
}
