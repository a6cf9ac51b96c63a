/* The inside of csms/oscp/. */
#ifndef CSMS_OSCP_PRIVATE_H
#define CSMS_OSCP_PRIVATE_H

#include "csms/net/http_client.h"
#include "csms/oscp/block.h"
#include "csms/oscp/oscp.h"
#include "csms/oscp/segment.h"
#include "csms/secret.h"
#include "csms/worker.h"
#include "gen/depot.h"
#include "gen/event.h"

#define OSCP_VERSION   "2.0"
#define OSCP_PATH      "/oscp/fp"
#define OSCP_SEEN      500 /* request ids kept of each provider */
#define OSCP_TOKEN_MAX 512

struct auth; /* csms/api/auth.h: counts failed attempts of an address */

#define OSCP_TYPES OSCP20_CAPACITY_FORECAST_TYPE_OPTIMUM /* that limit: those before it */

/* A register at a time; at.ms 0: not known. */
struct oscp_span {
	double wh;
	wall_t at;
};

/* The register of a charger when it was last looked at. */
struct oscp_evse {
	char key[64];
	double wh;
	UT_hash_handle hh;
};

struct oscp_group {
	/* Where intermittent values begin, and what was sent last. */
	struct oscp_span base[2]; /* import, export */
	wall_t posted_at;
	double flex_wh; /* delivered by the chargers below it since … */
	wall_t flex_from;
	struct oscp_evse *evses; /* uthash */
	bool is_posting;
	unsigned refused; /* types of forecasts, as bits, whose last one does not hold */
};

/* A block that cannot be kept, or is not. */
#define OSCP_FAULTS 300 /* kept of each provider: 50 groups, the quarters of an hour and the next */
struct oscp_fault {
	char reference[OSCP_ID_SIZE]; /* of its forecast */
	int64_t start_ms, end_ms; /* end 0: none */
	mono_t since;
	bool is_told;
};

struct oscp_peer {
	struct oscp *oscp;
	const struct depot_oscp_peer *row; /* ours */
	enum event_oscp_state state;
	char url[401];
	char token_in[SECRET_HASH_SIZE]; /* "" none */
	char token_next[SECRET_HASH_SIZE]; /* on its way to the other, as good as token_in */
	char token_out[OSCP_TOKEN_MAX + 1], token_file[65];
	char error[300];
	const char *error_of; /* it stands until this goes well; NULL: any message that we send */
	wall_t changed_at, error_at, error_logged_at;
	int64_t epoch; /* counts registrations: what belongs to an earlier one is not heard */

	char handshake_id[OSCP_ID_SIZE]; /* its last, "" none */
	wall_t handshake_at;
	double heartbeat_s; /* that it wants ours every …; 0: not at all */
	bool wants_continuous, wants_intermittent;
	bool refuses_handshakes; /* it serves none: OSCP lets a Capacity Provider send them */

	bool is_online;
	char presence_why[200];
	wall_t heartbeat_at, offline_at;
	struct timer gone, beat, measure, age, again;
	char shake_id[OSCP_ID_SIZE]; /* our own handshake that it may acknowledge */

	char adjust_id[OSCP_ID_SIZE]; /* what we asked for last, "" nothing */
	wall_t adjust_at, adjust_granted_at;

	struct oscp_fault faults[OSCP_FAULTS];
	struct oscp_segments segments;
	char (*seen)[OSCP_ID_SIZE]; /* ring of OSCP_SEEN */
	int seen_next;
	double allowance; /* messages that it may send now */
	mono_t allowance_at;
	struct oscp_counters counters;
	struct oscp_group *groups; /* as row->groups */
};

struct oscp {
	struct core *core;
	struct arena *arena;
	struct http_client *http;
	struct auth *failures;
	char url[420]; /* our base URL, "" not known */
	char dir[600]; /* of token files */
	struct oscp_peer *peers;
	int count;
	struct timer comply;
	bool is_stopping;
};

/* -- oscp.c ------------------------------------------------------------------------------------ */

/* An event of the provider's stream; NULL actor: depotd. */
void oscp_record(struct oscp_peer *p, int type, const void *payload, const char *actor);

/* A copy in the turn's arena; NULL stays NULL, "" becomes NULL. */
const char *oscp_text(struct core *c, const char *s);

/* What failed last, for the person who looks; also logged. */
void oscp_failed(struct oscp_peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A message that we sent (its action), or OSCP_FORECAST, went well: what failed before is over. */
#define OSCP_FORECAST "forecast"
void oscp_went_well(struct oscp_peer *p, const char *what);

/* The index of the group in row->groups, or -1. */
int oscp_group_index(const struct oscp_peer *p, const char *group);

static inline bool oscp_is_registered(const struct oscp_peer *p)
{
	return p->state == EVENT_OSCP_STATE_REGISTERED;
}

/* -- inbox.c: what comes ----------------------------------------------------------------------- */

struct oscp_in {
	struct oscp_peer *peer;
	struct http_exchange *x; /* NULL: the sender hung up */
	struct arena *arena; /* in which this and the body live */
	int holders;
	const struct oscp_row *row;
	char id[OSCP_ID_SIZE], correlation[OSCP_ID_SIZE];
	int segment, segments; /* 0: not segmented */
	const void *body;
	bool is_update; /* its method is PUT */
	int64_t epoch;
	const char *note; /* for the journal */
	struct worker_job job;
	char token_file[65]; /* of the token in a Register */
};

/* Answers with the status and {"message"}; the message is over. */
void oscp_refuse(struct oscp_in *in, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Journals it, then answers 204, then does its work. */
void oscp_accept(struct oscp_in *in);

/* One holder less; the last one frees it. */
void oscp_in_free(struct oscp_in *in);

/* For http_hold(): the sender hung up. */
void oscp_in_gone(void *arg);

/* -- outbox.c: what goes ----------------------------------------------------------------------- */

struct oscp_out {
	const char *action; /* "heartbeat": what is appended to the URL */
	const char *method; /* NULL: POST */
	const struct schema_struct *type;
	const void *value;
	const void *shown; /* what the journal gets instead of `value`, which has a token */
	const char *correlation; /* NULL: none */
	const char *actor; /* NULL: depotd */
	int tries;
	bool is_quiet; /* neither success nor failure is journalled */
	void (*done)(struct oscp_peer *p, void *arg, const char *id, const struct http_outcome *o);
	void *arg;
};

/* Sends it with the token of the peer. 0 with its id; -1: it cannot be sent, `done` is not called.
 * `done` is not called either when the registration ended meanwhile, unless `arg` is set. */
int oscp_send(struct oscp_peer *p, const struct oscp_out *out, char id[OSCP_ID_SIZE]);

/* True for the one status that says yes; else `o->why` or the status in words. */
bool oscp_taken(const struct http_outcome *o, char why[300]);

/* -- token.c: tokens that we show others -------------------------------------------------------- */

/* Writes the token's file; on a thread that may block. */
int oscp_token_write(const char *dir, const char *token, char file[65]);
/* Reads it; -1: it is not there or not what its name says. */
int oscp_token_read(const char *dir, const char *file, char token[OSCP_TOKEN_MAX + 1]);
/* Removes one that is no longer shown; on the worker. */
void oscp_token_remove(struct oscp *o, const char *file);
/* At the start: removes what a crash left. */
void oscp_tokens_sweep(const struct oscp *o);

/* -- registration.c ----------------------------------------------------------------------------- */

int register_check(struct oscp_in *in);
void register_prepare(struct oscp_in *in);
void register_work(struct oscp_in *in);
void unregister_work(struct oscp_in *in);

/* The other showed the token that was on its way to it. */
void oscp_token_arrived(struct oscp_peer *p);

/* After a restart: sends again what was not confirmed. */
void oscp_registration_resume(struct oscp_peer *p);

/* -- presence.c ---------------------------------------------------------------------------------- */

void handshake_work(struct oscp_in *in);
int acknowledge_check(struct oscp_in *in);
void acknowledge_work(struct oscp_in *in);
void heartbeat_work(struct oscp_in *in);

/* Registered, now or before a restart: heartbeats, measurements and the watch begin. */
void oscp_presence_begin(struct oscp_peer *p, bool is_new);
void oscp_presence_end(struct oscp_peer *p);

/* -- forecast.c ---------------------------------------------------------------------------------- */

int forecast_check(struct oscp_in *in);
void forecast_prepare(struct oscp_in *in);
void forecast_work(struct oscp_in *in);

/* At the start: takes up the segments of messages that were not whole when depotd ended. */
void oscp_forecast_restore(struct oscp_peer *p, struct db_reader *r, struct arena *a);

/* Tells it that what it sent with that id cannot be kept, or which blocks of it (NULL: all). */
void oscp_tell_fault(struct oscp_peer *p, const char *correlation, const char *message,
	const struct oscp20_forecasted_block *blocks, size_t count);

/* -- limit.c: forecasts as envelopes ------------------------------------------------------------- */

/* Hands the blocks to the envelopes of the group's node. -1 with one line. */
int oscp_limit_offer(struct oscp_peer *p, const struct depot_oscp_group *group,
	enum oscp20_capacity_forecast_type type, const struct oscp_blocks *blocks,
	const char *request_id, char why[200]);
/* The provider went, or came back: fallbacks begin or end. */
void oscp_limit_presence(struct oscp_peer *p);
/* The registration is over: what it limited is withdrawn. */
void oscp_limit_end(struct oscp_peer *p);
/* Word of envelopes that people refuse. */
void oscp_limit_watch(struct oscp *o);

/* -- comply.c: what is not kept ------------------------------------------------------------------ */

void oscp_comply_begin(struct oscp *o);
/* The provider knows already that this block cannot be kept. */
void oscp_comply_told(struct oscp_peer *p, const char *reference, wall_t start, wall_t end);
/* The load below the node that depotd cannot lower, as it is now; -1: not known. */
int64_t oscp_floor_w(const struct core *c, const char *node);

/* -- measure.c ----------------------------------------------------------------------------------- */

void oscp_measure_begin(struct oscp_peer *p);
void oscp_measure_end(struct oscp_peer *p);

#endif
