/* Station: what depotd knows of one of its charging stations. Owned by the fleet (csms/fleet.h),
 * and so are its strings. */
#ifndef CSMS_STATION_H
#define CSMS_STATION_H

#include <uthash.h>
#include "csms/evse.h"
#include "csms/station/station_clock.h"
#include "csms/timers.h"
#include "gen/event.h"

#define EVSES_MAX         100
#define STATION_FACTS_MAX 32 /* csms/station/device.h */

struct call_queue; /* csms/station/call.h */
struct retries; /* csms/station/retry.h */
struct inventory; /* csms/station/inventory.h */
struct trust; /* csms/station/trust.h */
struct report; /* csms/station/report.c */
struct holding; /* csms/power/holding.h */
struct external; /* csms/power/external.h */
struct reconcile; /* csms/power/reconcile.h */
struct sampling; /* csms/station/sampling.h */
struct session; /* csms/station/session.h */
struct v16_book; /* csms/station/v16_book.h */

/* What certificate it may come with (csms/station/identity.h). */
struct station_identity {
	char serial[UTF8_SIZE(25)]; /* that its certificate names, "" not known */
	char source[20]; /* who said so: file, api, boot */
	bool expired_allowed, factory_allowed; /* an operator said so; until it has a better one */
	bool is_restricted; /* it came with such a one: pending until it has another */
	char fingerprint[65]; /* of the one that it came with last, "" none yet */
};

#define PASSWORD_OFFERS 3

/* A password that the station may or may not have taken (csms/station/password.h). */
struct password_offer {
	char id[37], hash[120];
	bool waits; /* it takes effect after a reboot */
};

/* The last word of a station about files that it fetches or brings. */
struct transfer_state {
	char status[41]; /* OCPP spelling, "" none */
	int64_t request_id; /* 0: none */
	wall_t at;
};

struct station {
	char id[49];
	char key[49]; /* id in lower case: the hash key */
	char name[UTF8_SIZE(100)];
	char node[61];
	enum event_registration policy;
	int security_profile; /* 0: any that is switched on */
	char password_hash[120]; /* "" none */
	struct password_offer offers[PASSWORD_OFFERS];
	int offer_count;
	struct station_identity identity;
	bool from_file;
	wall_t registered_at; /* last, with whatever change */
	bool is_manual; /* operators send its charging profiles: it counts at max_w, always */
	bool is_guest; /* nobody registered it; gone when its connection is */
	struct session *session; /* NULL: not connected */
	int64_t epoch; /* counts connections */
	int statuses_open; /* of certificates, that responders are asked for it */
	wall_t connected_at, last_seen;
	struct station_clock clock; /* csms/station/station_clock.h */
	mono_t reset_at; /* we asked it to restart; 0: never */
	int connected_profile; /* security profile of the connection */
	bool has_booted; /* a BootNotification was answered in this or an earlier connection */
	enum event_registration boot_status; /* what we last answered */
	char protocol[12];
	char vendor[UTF8_SIZE(50)], model[UTF8_SIZE(20)], serial[UTF8_SIZE(25)];
	char firmware[UTF8_SIZE(50)], iccid[UTF8_SIZE(20)], imsi[UTF8_SIZE(20)];
	struct transfer_state transfers[3]; /* by enum event_transfer_kind */
	int evse_count;
	struct evse *evses; /* owned; evse_count long */
	struct unplaced *unplaced; /* owned, LIVE_UNPLACED_MAX long; NULL: none yet */
	struct unshown *unshown; /* utlist, owned: csms/charging/unshown.h */
	int unshown_count;
	struct call_queue *calls; /* owned */
	struct v16_book *v16; /* owned; NULL: it never spoke OCPP 1.6 */
	struct retries *retries; /* its newest messages; owned, NULL: none yet */
	uint64_t facts_known; /* bit: enum device_fact */
	int64_t facts[STATION_FACTS_MAX];
	struct inventory *inventory; /* owned, NULL: nothing known of it */
	struct sampling *sampling; /* owned; NULL: not yet */
	struct trust *trust; /* owned, NULL: no certificates known */
	struct report *reports; /* utlist, owned: those that parts are still to come of */
	struct {
		double left; /* bytes of reports that are still kept */
		mono_t filled; /* 0: not yet, all of a day is left */
	} report_room; /* csms/station/report.c */
	struct command *commands; /* open ones, csms/command.h */
	struct holding
		*holdings; /* utlist, owned: the charging profiles that it is believed to hold */
	int leading_holdings; /* … of those that may rule in place of depotd's own */
	struct external *externals; /* utlist, owned: limits that others have put on it */
	struct reconcile *reconcile; /* owned; NULL: not yet */
	bool tells_too_much; /* of connectors that it does not have: it was said */
	bool shows_no_cost; /* it refused CostUpdated */
	struct {
		int points; /* of the process image */
		int room; /* samples that its series may still take now */
		mono_t filled;
	} values; /* csms/metering/values.c */
	uint64_t revision,
		heard; /* grow with every change that a view shows, and with every message */
	UT_hash_handle hh;
};

#endif
