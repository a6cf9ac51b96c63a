/*
 * Queries of the record: journal, wire log, measurement series. The rules of db/query.h hold.
 */
#ifndef DB_QUERY_LOG_H
#define DB_QUERY_LOG_H

#include "db/db.h"

struct db_journal_event {
	int64_t seq, version;
	const char *stream, *type, *cause, *correlation, *idem, *actor;
	int type_version;
	wall_t at, received;
	const char *payload; /* JSON as it was written */
	size_t payload_len;
	char hash[65]; /* hex */
};
struct db_journal_page {
	size_t count;
	struct db_journal_event *items;
	int64_t next; /* `from` of the next page, 0: no more */
};
struct db_journal_filter {
	const char
		*stream; /* a whole stream ("station/CP-7") or a prefix ending in "/"; NULL: all */
	const char *type; /* "StationBooted" or NULL */
	int64_t from; /* first seq; newest_first: last seq, 0: from the end */
	bool newest_first;
	int limit;
};
int db_query_journal(struct db_reader *r, const struct db_journal_filter *f, struct arena *a,
	struct db_journal_page *out);

/* One event by seq; *out NULL if there is none. */
int db_query_event(
	struct db_reader *r, int64_t seq, struct arena *a, struct db_journal_event **out);

/* The event of the stream that was written with this idempotency key; *out NULL if none was. Looks
 * through the stream. */
int db_query_idem(struct db_reader *r, const char *stream, const char *idem, struct arena *a,
	struct db_journal_event **out);

/* The payload as struct of its type's present version (older ones are upcast); `type` gets its
 * EVENT_…. NULL with the reason in `err`. */
void *db_event_decode(
	const struct db_journal_event *e, struct arena *a, int *type, struct schema_error *err);

struct db_wire_frame {
	int64_t id;
	const char *station, *pair, *action, *verdict, *text;
	size_t len;
	enum db_direction direction;
	wall_t at;
};
struct db_wire_page {
	size_t count;
	struct db_wire_frame *items;
	int64_t next; /* `before` of the next page, 0: no more */
};
struct db_wire_filter {
	const char *station, *action, *pair;
	const char *within; /* of these stations: a JSON array of their names; NULL: of all */
	const char *contains; /* in the text */
	const char *error; /* in the verdict, or in the text of a CALLERROR */
	bool faulty; /* only frames with a verdict */
	const char *direction; /* "in", "out"; NULL: both */
	int64_t slower_ms; /* pairs: answered after that long, or not at all; 0: all */
	wall_t from, to; /* [from, to); 0: open */
	int64_t before; /* id of the last frame of the page before; 0: newest */
	bool oldest_first;
	int64_t after; /* the same of a page that is oldest first; 0: from the oldest */
	size_t max_bytes; /* of texts, after which the page ends early; 0: no matter */
	int limit;
};
/* Newest first unless the filter says otherwise. */
int db_query_wire(struct db_reader *r, const struct db_wire_filter *f, struct arena *a,
	struct db_wire_page *out);

/* A message and its answer: the first one with its id that went the other way within two minutes.
 * A message that could not be read has neither action nor, maybe, an id. */
struct db_wire_pair {
	struct db_wire_frame request, reply; /* reply.id 0: none came */
};
struct db_wire_pair_page {
	size_t count;
	struct db_wire_pair *items;
	int64_t next; /* `before` of the next page, 0: no more */
	wall_t searched_to; /* ms 0: to the end; else a search for few among many ended there */
};
#define DB_WIRE_SCAN 20000 /* frames of all stations that one search looks at */
/* Newest request first. `contains` and `error` look at both, `faulty` also finds CALLERRORs. Without a
 * station a page ends after DB_WIRE_SCAN frames, full or not; `next` goes on. */
int db_query_wire_pairs(struct db_reader *r, const struct db_wire_filter *f, struct arena *a,
	struct db_wire_pair_page *out);

struct db_series_point {
	wall_t at; /* start of its step, or of the sample itself */
	int64_t n;
	double mean, min, max, last;
	int quality; /* the greatest of its samples */
};
struct db_series_list {
	size_t count;
	struct db_series_point *items;
};
/* Samples of `point` in [from, to), one item a step of `step_ms` that has samples; 0: raw. `from`
 * is rounded down to a step. Steps of whole minutes reach back beyond the raw samples. At most
 * 10000 items. */
int db_query_series(struct db_reader *r, const char *point, wall_t from, wall_t to, int64_t step_ms,
	struct arena *a, struct db_series_list *out);

struct db_sample {
	wall_t at;
	const char *point;
	double value;
	int quality;
};
struct db_sample_list {
	size_t count;
	struct db_sample *items;
};
/* Raw samples of all points below `folder` ("evse/CP-7/1") in [from, to], by time and name, those
 * behind `after_at` and `after` (NULL: from the first). */
int db_query_samples(struct db_reader *r, const char *folder, wall_t from, wall_t to,
	wall_t after_at, const char *after, int limit, struct arena *a, struct db_sample_list *out);

/* Names of all points that begin with `prefix`. */
int db_query_points(
	struct db_reader *r, const char *prefix, struct arena *a, struct schema_strings *out);

#endif
