/* Token: a card, a code or a contract that opens a charge. Owned by the fleet (csms/fleet.h). */
#ifndef CSMS_TOKEN_H
#define CSMS_TOKEN_H

#include <uthash.h>
#include "csms/clock.h"
#include "csms/utf8.h"

struct vehicle;

#define TOKEN_PLACES_MAX  16
#define TOKEN_WINDOWS_MAX 8

/* What few tokens have: where, when and by what a holder may charge, and what he is shown. */
struct token_rules {
	char kind[3]; /* "ac", "dc"; "" any */
	int evse_count, node_count, window_count;
	char evses[TOKEN_PLACES_MAX][61]; /* "CP-1/2" or "CP-1" */
	char nodes[TOKEN_PLACES_MAX][61];
	char windows[TOKEN_WINDOWS_MAX][41]; /* csms/charging/token_window.h */
	bool has_priority;
	int priority;
	char language[UTF8_SIZE(8)], language2[UTF8_SIZE(8)];
	char message[UTF8_SIZE(512)];
};

struct token {
	char key[UTF8_SIZE(60)]; /* "TYPE/value" in lower case */
	char type[21], value[UTF8_SIZE(36)];
	char status[20]; /* Accepted, Blocked, Expired, Invalid … */
	char group[UTF8_SIZE(36)];
	wall_t expires; /* ms 0: never */
	struct vehicle *vehicle;
	struct token_rules *rules; /* owned; NULL: none */
	uint64_t list_hash,
		list_revision; /* csms/charging/local_list.h: of what lists say of it, 0: nothing */
	UT_hash_handle hh;
};

#endif
