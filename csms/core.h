/*
 * Core: the daemon's parts in one place, handed to every module of the loop thread. Made by
 * csms/main.c in the order of its fields and taken down in reverse. Scenario tests make one with a
 * simulated clock and no sockets.
 */
#ifndef CSMS_CORE_H
#define CSMS_CORE_H

#include "csms/fleet.h"
#include "csms/metering/image.h"
#include "csms/loop.h"
#include "csms/metrics.h"
#include "db/db.h"
#include "gen/config.h"
#include "gen/depot.h"
#include "ocpp/message_id.h"

struct envelopes; /* csms/power/envelope.h */
struct alarms; /* csms/alarms.h */
struct prices; /* csms/money/prices.h */
struct contracts; /* csms/certificates/contracts.h */
struct commands;
struct reservations; /* csms/charging/reservation.h */
struct lists; /* csms/charging/local_list.h */
struct grid_edits; /* csms/power/grid_edit.h */
struct control; /* csms/power/control.h: tree, guard, planner, setpoints */
struct meters; /* csms/metering/meters.h: pollers and their newest readings */
struct ws_server;
struct http_server;
struct net;
struct api; /* csms/api/api.h */
struct refusals; /* csms/station/refusal.h */
struct pki_watch; /* csms/certificates/pki_watch.h */
struct rotation; /* csms/station/rotation.h */
struct tls_server; /* csms/net/tls.h */
struct turn; /* csms/record.c */
struct files; /* csms/files/files.h */
struct firmware; /* csms/files/firmware.h */
struct campaigns; /* csms/files/campaign.h */
struct network_jobs; /* csms/station/network_job.h */
struct scans; /* csms/metering/scans.h */
struct wirings; /* csms/metering/wiring.h */
struct oscp; /* csms/oscp/oscp.h */
struct walks; /* csms/metering/walk.h */
struct telematics; /* csms/vehicles/telematics.h */
struct trips; /* csms/vehicles/trips.h */
struct chances; /* csms/vehicles/chances.h */
struct rosters; /* csms/vehicles/roster.h */
struct issued; /* csms/certificates/issued.h */
struct signing; /* csms/certificates/signing.h */
struct discharge; /* csms/plan/discharge.h */
struct storage_plan; /* csms/plan/storage_plan.h */
struct renewals; /* csms/certificates/renewal.h */
struct rollovers; /* csms/certificates/rollover.h */

/* A registration between its proof and its coming into force. */
struct placing {
	struct placing *prev, *next;
	const char *id;
	const struct event_station_registered *reg;
};

struct core {
	const struct config_file *config;
	const struct depot_file *depot; /* in force: the file with the changes on top of it */
	uint64_t depot_version; /* counts what `depot` has been while we run */
	const char *data_dir;
	const char *meter_maps; /* folder of register maps */
	const char *telematics_maps; /* folder of mappings; NULL: no telematics */
	const char *config_folder; /* names in the config are relative to it */
	struct loop *loop; /* NULL in scenario tests */
	struct timers *timers;
	struct db *db;
	bool wire_rests; /* the disk is nearly full: no messages are recorded; said once */
	const char *request; /* of a person or program that is being worked on, NULL: none */
	const char *cause; /* call whose answer is being worked on, NULL: none; see record_now() */
	struct turn *turn; /* what this turn of the loop leaves behind, NULL: nothing yet */
	struct ocpp_message_ids ids;
	struct metrics metrics;
	struct fleet fleet;
	struct image image; /* newest value of each measuring point */
	struct placing *placings; /* utlist, oldest first: the next proof counts them too */
	struct commands *commands; /* csms/command.h */
	struct network_jobs *network_jobs;
	struct reservations *reservations;
	struct issued *issued;
	struct lists *lists;
	struct grid_edits *grid_edits;
	struct envelopes *envelopes;
	struct alarms *alarms; /* csms/alarms.h */
	struct prices *prices;
	struct trips *trips; /* NULL: not yet */
	struct rosters *rosters; /* NULL: not yet */
	struct chances *chances; /* NULL: not yet, and in most scenario tests */
	struct meters *meters;
	struct discharge *discharge; /* NULL: never stopped, as in scenario tests */
	struct storage_plan *storage; /* NULL: nothing gives energy back */
	struct control *control;
	struct signing *signing; /* NULL in scenario tests, as all below */
	struct renewals *renewals;
	struct rollovers *rollovers;
	struct files *files;
	struct firmware *firmware;
	struct campaigns *campaigns;
	struct scans *scans;
	struct wirings *wirings;
	struct oscp *oscp;
	struct walks *walks;
	struct telematics *telematics; /* NULL: no sources, or not yet */
	struct contracts *contracts;
	struct net *net;
	struct rotation *rotation; /* NULL: none runs */
	struct pki_watch *pki_watch;
	struct refusals *refusals; /* NULL: none is counted */
	struct tls_server *station_tls; /* of security profile 3; NULL: off */
	struct ws_server *stations;
	struct http_server *http;
	struct api *api;
	int64_t v16_newest; /* number given last (csms/station/v16_book.c) */
	wall_t started;
	bool is_stopping;
};

/* -- changes of configuration: journalled first, then in force ------------------------------ */

/* Registers or changes a station. `password` may be NULL: keep the one it has. `done` is called
 * on the loop when the change is on disk and in force (or not: status != 0 with why).
 * -1 with one line in `why`: refused, e.g. the tails would no longer fit the tree. */
int core_put_station(struct core *c, const char *id, const struct event_station_registered *reg,
	const char *password, const char *actor,
	void (*done)(void *arg, int status, const char *why), void *arg, char why[300]);
/* What was issued to it opens nothing from then on. `reason` may be NULL. */
int core_remove_station(struct core *c, struct station *s, const char *actor, const char *reason,
	void (*done)(void *arg, int status, const char *why), void *arg, char why[300]);
int core_put_token(struct core *c, const struct event_token_changed *t, const char *actor,
	void (*done)(void *arg, int status, const char *why), void *arg, char why[300]);
int core_remove_token(struct core *c, struct token *t, const char *actor,
	void (*done)(void *arg, int status, const char *why), void *arg, char why[300]);

#endif
