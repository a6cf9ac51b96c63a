/* The inside of csms/command/: the command itself, its rule, and what the files share. */
#ifndef CSMS_COMMAND_PRIVATE_H
#define CSMS_COMMAND_PRIVATE_H

#include "csms/command.h"
#include "csms/core.h"

#define COMMANDS_MAX 10000 /* open at a time, all stations */

/* What an answer or a sign means for a command. */
struct verdict {
	enum event_command_state state; /* WAITING: nothing to do with it */
	const char *status; /* to show, NULL: as it was */
	const char *note; /* NULL: none */
};

/* An answer with its question, decoded. */
struct answer {
	struct core *core;
	struct station *station;
	const void *request, *response;
	const char *status; /* status field of the response, NULL: it has none */
	const char *reason, *more; /* statusInfo of the response, NULL: it has none */
};

/* "the station said no", with its reason as far as it gave one; lives in `a`. */
const char *command_said_no(const char *reason, const char *more, struct arena *a);

/*
 * One row an action that a station may be asked for. An action without functions and without signs
 * is over with its answer: done by a status in `yes` (or if it has none), else refused.
 */
struct command_rule {
	const char *yes; /* statuses by which the station took it, between spaces; NULL: any */
	const char *over; /* … those of them that leave nothing to wait for */
	unsigned signs; /* bits by enum command_sign_kind: what moves or ends it; 0: its answer */
	unsigned late; /* … those of them that tell nothing before the answer */
	int effect_s; /* how long to wait for that */
	const char *waits_for; /* in words */
	const char *number; /* field of the payload with a number that we may make, NULL: none */
	/* Puts into the payload what depotd knows better than who asks: a new text, or NULL with
	 * why. After the number, before the check. */
	char *(*fill)(struct core *c, struct station *s, const char *payload, char why[200]);
	/* What the schema cannot say; -1 with err->fault SCHEMA_OK and the line in err->message, or
	 * with a fault and a path. */
	int (*check)(const struct core *c, const struct station *s, const void *request,
		struct schema_error *err);
	/* Instead of `yes` and `over`. The texts of the verdict live in `a`. */
	struct verdict (*judge)(const struct answer *ans, struct arena *a);
	/* A sign of the kind came: RUNNING moves, WAITING is none of ours. NULL: any one ends it. */
	struct verdict (*meet)(
		const struct command *k, const void *request, const struct command_sign *sign);
	/* Is the older request void once the newer one is taken? NULL: never. */
	bool (*replaces)(const void *newer, const void *older);
	/* The answer of one call, to be taken down by whose it is. */
	void (*answered)(struct core *c, struct station *s, int action, const void *request,
		const void *response);
};

/* A sign that came while the call was on the wire: stations may do first and answer after. */
struct early_sign {
	struct command_sign sign;
	char status[61], text[61];
};
#define EARLY_SIGNS_MAX 32

extern const struct command_rule command_rules[OCPP201_ACTION_COUNT];

struct command {
	struct command *prev, *next; /* of the station */
	UT_hash_handle hh;
	struct core *core;
	struct station *station;
	const struct command_rule *rule;
	const struct schema_action *action;
	char id[37], call_id[37]; /* its own, and of the call that is out */
	char *payload, *actor, *why, *parent; /* owned */
	enum event_command_state state;
	int64_t request_id;
	int timeout_s, effect_s;
	int parts, part; /* calls that it takes, and the one that is out */
	char **pieces; /* payload of each, owned; NULL with one part: it is `payload` */
	int reports; /* last parts that came, of `parts` */
	struct text response; /* of all calls together */
	struct early_sign *early; /* owned */
	int early_count;
	bool is_answered, has_response;
	enum event_call_outcome outcome;
	char status[61], note[301];
	char error_code[61], error_text[301];
	struct timer deadline;
	wall_t started, ended;
	void (*on_answered)(void *arg, const struct command *k);
	void (*on_ended)(void *arg, const struct command *k);
	void *arg;
};

struct commands {
	struct command *all; /* uthash by id, open ones */
	int64_t next_request_id;
};

static inline int command_action(const struct command *k)
{
	return (int)(k->action - ocpp201_actions);
}

/* True if `word` stands in the list of words between spaces. */
bool command_word_in(const char *list, const char *word);

/* -- payload.c -------------------------------------------------------------------------------- */

/* The payload with `"name":number` in it if it has no such key: a copy of the caller's. */
char *payload_fill(const char *payload, const char *name, int64_t number);

/* The number at that key of the object, 0: none. */
int64_t payload_number(const char *payload, const char *name);

/* -- cut.c ------------------------------------------------------------------------------------ */

/* Cuts the request's list by the station's limits. `out` gets owned texts, NULL if one call does.
 * Their count, or -1 with one line: no memory, or one item alone is too long. */
int cut_request(const struct station *s, const struct schema_action *a, const void *request,
	char ***out, char why[200]);

/* Adds the answer of one more call to those before: lists are joined. */
void cut_join(struct text *all, const struct schema_action *a, const char *response);

/* -- judge.c ---------------------------------------------------------------------------------- */

/* The verdict on the whole answer by the rule. */
struct verdict command_judge(
	const struct command_rule *rule, const struct answer *ans, struct arena *a);

/* For rows. */
struct verdict judge_transaction_status(const struct answer *ans, struct arena *a);
struct verdict judge_set_variables(const struct answer *ans, struct arena *a);
struct verdict judge_get_variables(const struct answer *ans, struct arena *a);
struct verdict judge_set_monitoring(const struct answer *ans, struct arena *a);
struct verdict judge_clear_monitoring(const struct answer *ans, struct arena *a);

/* -- early.c ---------------------------------------------------------------------------------- */

void early_keep(struct command *k, const struct command_sign *sign);

/* Hands out what was kept, one by one: the sign or NULL. */
const struct command_sign *early_next(struct command *k);

/* -- command.c, for restore.c ------------------------------------------------------------------ */

struct command *command_create(struct core *c, struct station *s, const struct schema_action *a,
	const char *id, const char *payload);
void command_destroy(struct command *k);
void command_move(struct command *k, const struct verdict *v);

#endif
