/*
 * What csms/charging/local_list.c (whose lists there are, who tells them what) and csms/charging/local_list_sync.c (the
 * conversation with a station) share.
 */
#ifndef CSMS_LOCAL_LIST_PRIVATE_H
#define CSMS_LOCAL_LIST_PRIVATE_H

#include "csms/charging/list_content.h"
#include "csms/charging/local_list.h"

#define LIST_BUSY_MAX 4 /* stations that are sent a list at the same time */

enum list_step { STEP_IDLE, STEP_WAITS, STEP_ASKS, STEP_SENDS };

/* The list of one station. */
struct list {
	struct lists *all;
	char key[49], station[49];
	bool is_own_mode;
	enum event_list_mode own_mode, file_mode;
	enum event_list_state state;
	int64_t version, entries; /* that the station has, as far as we know */
	uint64_t digest; /* of its content; 0: not known */
	uint64_t revision; /* of the tokens that it has; 0: not known */
	uint64_t place; /* list_content_station() when it was sent; 0: not known */
	wall_t at;
	char note[201];

	enum list_step step;
	bool must_ask; /* its version, before anything is sent */
	bool must_full, again;
	bool is_disturbed; /* somebody else sent a list meanwhile */
	int attempts;
	int64_t seen; /* version that it told last, -1 none */
	struct timer timer;
	struct list_content content; /* on its way */
	size_t next, part;
	bool is_full;
	int64_t sent_version;
	uint64_t to_revision, to_digest, to_place;
	char job[37], command[37], actor[80];
	UT_hash_handle hh;
};

/* A token that was removed: stations that had it must be told. */
struct gone {
	char key[UTF8_SIZE(60)], type[21], value[UTF8_SIZE(36)];
	uint64_t revision;
	UT_hash_handle hh; /* in the order of their revisions */
};

struct lists {
	struct core *core;
	struct list *lists; /* uthash by key */
	struct gone *gone; /* uthash by key */
	uint64_t revision, gone_from; /* changes before gone_from are forgotten */
	uint64_t sum; /* of the hashes of all tokens */
	int64_t tokens;
	int busy;
};

/* -- csms/charging/local_list_sync.c ------------------------------------------------------------------- */

/* Off, or kept in sync: its own word, or the file's. */
enum event_list_mode list_mode(const struct list *l);

/* Connected and accepted, else NULL. */
struct station *list_station(const struct list *l);

/* Has the station what it should have, as far as we know? */
bool list_is_in_sync(const struct list *l, const struct station *s);

/* Writes what we know of it into the journal. */
void list_journal(struct list *l, const char *actor);

/* Looks at it in `ms`, or once the work of now is done. */
void list_wait(struct list *l, int64_t ms);

/* The same, once the tokens have settled. */
void list_settle(struct list *l);

/* Leaves the work; what changed meanwhile is next. */
void list_rest(struct list *l);

/* Tells the station that it knows a token no more, without the rest. -1: it has to wait for the next
 * sync, which sends all. */
int list_take_off(struct list *l, struct station *s, const char *type, const char *value);

#endif
