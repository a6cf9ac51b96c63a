/*
 * Versions of OCPP-J and the choice among the subprotocols that a station offers.
 *
 * Pure functions, safe from any thread.
 */
#ifndef OCPP_VERSION_H
#define OCPP_VERSION_H

#include <stddef.h>

enum ocpp_version {
	OCPP_VERSION_NONE = 0,
	OCPP_VERSION_1_6,
	OCPP_VERSION_2_0_1,
	OCPP_VERSION_2_1,
};

#define OCPP_VERSION_COUNT 4

/* Sets of versions are bit masks: OCPP_VERSION_BIT(OCPP_VERSION_1_6) | … */
#define OCPP_VERSION_BIT(version) (1u << (version))
#define OCPP_VERSION_ALL                                                                           \
	(OCPP_VERSION_BIT(OCPP_VERSION_1_6) | OCPP_VERSION_BIT(OCPP_VERSION_2_0_1) |               \
		OCPP_VERSION_BIT(OCPP_VERSION_2_1))

/* The subprotocol's name, "ocpp2.0.1"; "none" for OCPP_VERSION_NONE. */
const char *ocpp_version_name(enum ocpp_version version);

/* The version of exactly that subprotocol name (case matters, RFC 6455 11.5), or NONE. */
enum ocpp_version ocpp_version_find(const char *name, size_t len);

/* The first acceptable version in the client's order of preference (OCPP 2.1 part 4, 3.1.2), or
 * NONE. `offered`: the value of Sec-WebSocket-Protocol, several headers joined by commas (or line
 * breaks); empty entries, duplicates, unknown names and stray white space are passed over. NULL is
 * an absent header. `supported`: a set of OCPP_VERSION_BIT. */
enum ocpp_version ocpp_version_negotiate(const char *offered, unsigned supported);

#endif
