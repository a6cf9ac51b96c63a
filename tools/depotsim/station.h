/*
 * Station: one charging station of OCPP 2.0.1 with its EVSEs, from its first BootNotification to
 * the unplugging of a van. It knows no sockets: frames come and go through a port, time is given.
 *
 * One thread. station_step() is called once for each simulated second, in order.
 */
#ifndef DEPOTSIM_STATION_H
#define DEPOTSIM_STATION_H

#include "gen/depot.h"
#include "ocpp/message_id.h"
#include "tools/depotsim/van.h"

struct keyring;
struct report;
struct station;

/* What all stations share; changed only between calls. */
struct station_env {
	wall_t now; /* start of the simulated second */
	int voltage_v;
	int sample_s;
	bool bare_changes; /* power comes by the interval only */
	int efficiency_ac_permille, efficiency_dc_permille;
	int64_t call_timeout_ms; /* simulated */
	struct ocpp_message_ids ids;
	char run[17]; /* makes transaction ids unique over all runs */
	unsigned transactions;
	uint64_t random;
	struct report *report;
};

/* Fills ids, run and random from the system's random source. 0 or -1. */
int station_env_init(struct station_env *env);

/* A number below `n` from the environment's generator. */
int64_t station_env_random(struct station_env *env, int64_t n);

/* The way to the central system. Answers of connect come as station_opened or station_closed. */
struct station_port {
	void (*connect)(void *ctx);
	void (*disconnect)(void *ctx, bool abrupt);
	int (*send)(void *ctx, const char *text, size_t len);
	int (*set_password)(void *ctx, const char *password);
	void *ctx;
	/* Begins to bring a text to a URL: 0, then station_log_goes() tells. May be NULL. */
	int (*upload)(void *ctx, const char *url, const char *text, size_t len);
	/* The next connection goes there by that security profile; NULL: where it began. 0, or -1: there
	 * is no such place. May be NULL. */
	int (*move)(void *ctx, const char *url, int security_profile);
	struct keyring *keys; /* tools/depotsim/keyring.h; NULL: it holds no certificates */
};

struct station_options {
	bool status_by_event; /* NotifyEvent in place of StatusNotification */
	bool speaks_v16; /* OCPP 1.6 on the wire */
};

/* Troubles of the scenario; zero is none. */
struct station_trouble {
	bool offline;
	bool ignores_profiles;
	bool doubles_events;
	int slow_s; /* delay of every answer */
	bool no_power; /* its supply is gone: it boots with PowerUp when that is back */
	int late_s; /* follows limits so late, at most STATION_LATE_MAX_S */
	int64_t clock_ms; /* its own clock is so much ahead */
	int64_t floor_w; /* takes no limit below this for true, but 0 */
};
#define STATION_LATE_MAX_S 60

struct station *station_create(struct station_env *env, const struct depot_station *config,
	const struct station_options *options, const struct station_port *port);

const char *station_id(const struct station *s);
bool station_is_connected(const struct station *s);
bool station_is_accepted(const struct station *s);
int station_evse_count(const struct station *s);

/* Nothing waits to be sent or answered. */
bool station_is_drained(const struct station *s);

void station_opened(struct station *s);
void station_closed(struct station *s);
void station_received(struct station *s, const char *text, size_t len);
/* How the upload goes that was begun by its port; not from inside of that. */
enum station_log { STATION_LOG_UPLOADING, STATION_LOG_UPLOADED, STATION_LOG_FAILED };
void station_log_goes(struct station *s, enum station_log how);
void station_set_trouble(struct station *s, const struct station_trouble *t);

/* A van drives up to the EVSE (0, 1, …: its place, not its id), or leaves it. */
bool station_evse_is_free(const struct station *s, int evse);
void station_van_arrives(struct station *s, int evse, struct van *v, int64_t stored_mws);
void station_van_leaves(struct station *s, int evse);

/* The simulated second that begins at env->now. */
void station_step(struct station *s);

/* Power of the second just stepped, in all, of one EVSE, and added to the three phases. */
int64_t station_power_mw(const struct station *s);
int64_t station_evse_power_mw(const struct station *s, int evse);
int64_t station_evse_limit_mw(const struct station *s, int evse);
int64_t station_evse_import_mws(const struct station *s, int evse);
void station_add_phases(const struct station *s, int64_t phase_mw[3]);

void station_destroy(struct station *s);

#endif
