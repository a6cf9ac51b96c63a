/*
 * depotd: start and stop. Every part is made in one visible chain and taken down in reverse.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "csms/alarms.h"
#include "csms/api/api.h"
#include "csms/files/campaign.h"
#include "csms/command.h"
#include "csms/confine.h"
#include "csms/certificates/contracts.h"
#include "csms/power/control.h"
#include "csms/daemon.h"
#include "csms/depot_tails.h"
#include "csms/power/envelope.h"
#include "csms/files/files.h"
#include "csms/net/http_server.h"
#include "csms/certificates/issued.h"
#include "csms/charging/local_list.h"
#include "csms/plan/discharge.h"
#include "csms/power/grid_edit.h"
#include "csms/power/rotation.h"
#include "csms/log.h"
#include "csms/metering/meters.h"
#include "csms/station/network_job.h"
#include "csms/oscp/oscp.h"
#include "csms/certificates/pki_watch.h"
#include "csms/pki/authority.h"
#include "csms/money/price_plausible.h"
#include "csms/money/prices.h"
#include "csms/vehicles/chances.h"
#include "csms/vehicles/roster.h"
#include "csms/vehicles/trips.h"
#include "csms/record.h"
#include "csms/certificates/renewal.h"
#include "csms/station/refusal.h"
#include "csms/charging/reservation.h"
#include "csms/restore.h"
#include "csms/certificates/rollover.h"
#include "csms/metering/scans.h"
#include "csms/metering/site_server.h"
#include "csms/secret.h"
#include "csms/certificates/signing.h"
#include "csms/plan/storage_plan.h"
#include "csms/vehicles/telematics.h"
#include "csms/net/tls.h"
#include "csms/metering/walk.h"
#include "csms/metering/wiring.h"
#include "csms/net/ws_server.h"
#include "db/care.h"

#define STOP_GRACE_MS 1500 /* real time for close frames to leave */
#define DRAIN_US      5000 /* answers that are on disk go out for so long in a turn */

enum exit_code { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char help[] =
	"usage: depotd --config FILE --data DIR [--check]\n"
	"\n"
	"  --config FILE    the daemon's file (etc/depotd.yaml shows every setting)\n"
	"  --data DIR       where the store, certificates and the socket live; made if missing\n"
	"  --console DIR    built web console (default: beside the program, or the installed one)\n"
	"  --check          read the files, prove that the safe tails fit, say what is wrong, exit\n"
	"  --version        print the version\n"
	"\n"
	"  for trying things out: --speed N runs N times as fast, from --start TIME (UTC) at\n"
	"  --origin US (CLOCK_MONOTONIC), the same three given to depotsim\n";

static void complain(const char *why)
{
	fprintf(stderr, "depotd: %s\n", why);
}

/* -- options ---------------------------------------------------------------------------------- */

enum { OPT_CHECK = 1, OPT_SPEED, OPT_START, OPT_ORIGIN, OPT_VERSION, OPT_CONSOLE };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"data", required_argument, NULL, 'd'},
	{"console", required_argument, NULL, OPT_CONSOLE},
	{"check", no_argument, NULL, OPT_CHECK},
	{"speed", required_argument, NULL, OPT_SPEED},
	{"start", required_argument, NULL, OPT_START},
	{"origin", required_argument, NULL, OPT_ORIGIN},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int read_option(struct options *o, int c)
{
	switch (c) {
	case 'c':
		o->config = optarg;
		return 0;
	case 'd':
		o->data = optarg;
		return 0;
	case OPT_CONSOLE:
		o->console = optarg;
		return 0;
	case OPT_CHECK:
		o->check = true;
		return 0;
	case OPT_SPEED:
		o->speed = atof(optarg);
		return o->speed >= 1 && o->speed <= 10000 ? 0 : -1;
	case OPT_START:
		return wall_parse(optarg, strlen(optarg), &o->start) ? 0 : -1;
	case OPT_ORIGIN:
		o->origin_us = atoll(optarg);
		return 0;
	case OPT_VERSION:
		puts("depotd " DEPOTD_VERSION);
		exit(EXIT_FINE);
	case 'h':
		fputs(help, stdout);
		exit(EXIT_FINE);
	default:
		return -1;
	}
}

static int read_options(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){.speed = 1};
	while ((c = getopt_long(argc, argv, "c:d:h", long_options, NULL)) != -1)
		if (read_option(o, c)) {
			fputs(help, stderr);
			return -1;
		}
	if (optind < argc || !o->config || (!o->data && !o->check)) {
		fputs(help, stderr);
		return -1;
	}
	return 0;
}

/* -- start ------------------------------------------------------------------------------------ */

static int prepare_dir(const char *dir, char why[400])
{
	umask(077);
	if (mkdir(dir, 0700) && errno != EEXIST) {
		snprintf(why, 400, "cannot make the data directory %s: %s", dir, strerror(errno));
		return -1;
	}
	if (access(dir, W_OK | X_OK)) {
		snprintf(why, 400,
			"cannot write to the data directory %s: %s; run as its owner, or give "
			"another with --data",
			dir, strerror(errno));
		return -1;
	}
	return 0;
}

static void on_db_ready(void *arg)
{
	struct daemon *d = arg;
	int64_t until_us = clock_real_us() + DRAIN_US;

	while (db_drain_some(d->core.db))
		if (clock_real_us() > until_us) {
			loop_wake_send(d->db_wake);
			return;
		}
}

static void wake_db(void *arg)
{
	loop_wake_send(*(struct loop_wake **)arg);
}

static int open_store(struct daemon *d, char why[400])
{
	const struct config_store *s = d->config.file->store;
	struct db_config cfg = {
		.dir = d->opt.data,
		.depot = d->config.depot->depot,
		.commit_every_ms = (int)s->commit_every_ms,
		.commit_rows = (int)s->commit_rows,
		.max_queue = 20000,
		.wire_max_mb = (int)s->wire_max_mb,
		.wire_max_days = (int)s->wire_max_days,
		.series_max_days = (int)s->series_max_days,
		.wake = wake_db,
		.wake_arg = &d->db_wake,
	};

	d->db_wake = loop_wake_create(d->core.loop, on_db_ready, d);
	if (!d->db_wake) {
		snprintf(why, 400, "out of memory");
		return -1;
	}
	d->core.db = db_open(&cfg, why);
	return d->core.db ? 0 : -1;
}

static int start_control(struct daemon *d, char why[400])
{
	struct core *c = &d->core;
	struct depot_fault fault;

	c->grid_edits = grid_edits_create(c, &d->config, why);
	if (!c->grid_edits || restore_fleet(c, why) || restore_depot_file(c, &d->config, why))
		return -1;
	c->commands = commands_create(c, why);
	if (!c->commands || !network_jobs_create(c, why))
		return -1;
	c->reservations = reservations_create(c, why);
	if (!c->reservations || !issued_create(c, why))
		return -1;
	c->lists = lists_create(c, why);
	if (!c->lists)
		return -1;
	c->alarms = alarms_create(c, why);
	if (!c->alarms || !signing_create(c, why) || !renewals_create(c, why) ||
		!rollovers_create(c, why) || !prices_create(c, why))
		return -1;
	if (!envelopes_create(c, why) || !trips_create(c, why) || !rosters_create(c, why) ||
		!chances_create(c, why))
		return -1;
	if (!discharge_create(c, why) || !storage_plan_create(c, why))
		return -1;
	c->files = files_create(c, why);
	c->firmware = c->files ? firmware_create(c, why) : NULL;
	c->campaigns = c->firmware ? campaigns_create(c, why) : NULL;
	if (!c->campaigns || contracts_create(c, why))
		return -1;
	if (c->config->telematics &&
		(!telematics_create(c, why) || telematics_start(c->telematics, why)))
		return -1;
	if (meters_check(c, &fault)) {
		config_complain(d->config.depot_path, &fault, why);
		return -1;
	}
	c->meters = meters_create(c, why);
	c->scans = c->meters ? scans_create(c) : NULL;
	c->wirings = c->scans ? wirings_create(c) : NULL;
	c->walks = c->wirings ? walks_create(c) : NULL;
	if (!c->walks)
		return -1;
	c->control = control_create(c, why);
	c->oscp = c->control ? oscp_create(c, why) : NULL;
	return c->oscp ? 0 : -1;
}

/* -- stop ------------------------------------------------------------------------------------- */

static void on_grace_over(void *arg)
{
	struct daemon *d = arg;

	loop_stop(d->core.loop);
}

static void on_stop(void *arg, int signum)
{
	struct daemon *d = arg;

	if (d->core.is_stopping)
		return;
	log_info("stopping (%s)", signum == SIGINT ? "interrupt" : "terminate");
	d->core.is_stopping = true;
	net_stop_listening(d->core.net);
	if (d->core.http)
		http_server_stop(d->core.http);
	oscp_stop(d->core.oscp);
	telematics_stop(d->core.telematics);
	api_destroy(d->core.api);
	d->core.api = NULL;
	ws_server_close_all(d->core.stations);
	timer_start(d->core.timers, &d->stop_timer, (int64_t)(STOP_GRACE_MS * clock_speed()),
		on_grace_over, d);
}

static void reload(void *arg)
{
	struct daemon *d = arg;
	char why[200];

	if (tls_server_reload(d->tls, why) ||
		(d->station_tls && tls_server_reload(d->station_tls, why)))
		log_error("certificates were not reloaded: %s", why);
	else
		log_info("certificates reloaded");
	contracts_reload(d->core.contracts);
}

static void on_reload(void *arg, int signum)
{
	struct daemon *d = arg;

	(void)signum;
	reload(d);
	pki_watch_look(d->core.pki_watch);
}

static void on_turn_end(void *arg)
{
	record_turn_end(arg);
}

static void stop(struct daemon *d)
{
	struct core *c = &d->core;

	pki_watch_destroy(c->pki_watch);
	site_server_destroy(d->site_server);
	walks_destroy(c->walks);
	control_destroy(c->control);
	c->control = NULL;
	storage_plan_destroy(c->storage);
	wirings_destroy(c->wirings);
	scans_destroy(c->scans);
	meters_destroy(c->meters);
	grid_edits_destroy(c->grid_edits);
	rollovers_destroy(c->rollovers);
	renewals_destroy(c->renewals);
	signing_destroy(c->signing);
	envelopes_destroy(c->envelopes);
	c->envelopes = NULL;
	alarms_destroy(c->alarms);
	c->alarms = NULL;
	lists_destroy(c->lists);
	c->lists = NULL;
	network_jobs_destroy(c->network_jobs);
	reservations_destroy(c->reservations);
	commands_destroy(c->commands);
	if (c->db) {
		record_turn_end(c);
		if (db_flush(c->db))
			log_error(
				"stopped; the store could not write all: what was not written was not "
				"answered either");
		else
			log_info("stopped; the journal is on disk");
		record_turn_end(c); /* the last answers, as the wire log has them */
		chances_destroy(c->chances);
		rosters_destroy(c->rosters);
		trips_destroy(c->trips);
		prices_destroy(c->prices); /* what was stored last was told to it */
		db_close(c->db);
		discharge_destroy(c->discharge);
	}
	/* libwebsockets may crash while it takes down a context on a foreign loop (4.1.6): everything
	 * that matters is closed, the rest goes with the process. */
	_exit(d->exit_code);
}

static int start(struct daemon *d, char why[400])
{
	struct core *c = &d->core;
	uint8_t random[20];

	c->loop = loop_create();
	if (!c->loop) {
		snprintf(why, 400, "the event loop could not be made: %s", strerror(errno));
		return -1;
	}
	c->timers = loop_timers(c->loop);
	c->config = d->config.file;
	c->depot = d->config.depot;
	c->data_dir = d->opt.data;
	c->meter_maps = d->config.meter_maps;
	c->telematics_maps = d->config.telematics_maps;
	c->config_folder = d->config.folder;
	c->started = clock_wall();
	secret_random((char *)random, sizeof random - 1);
	ocpp_message_ids_init(&c->ids, random);
	fleet_init(&c->fleet);
	c->refusals = refusals_create();
	if (open_store(d, why) || start_control(d, why) || daemon_listen(d, why))
		return -1;
	c->pki_watch = pki_watch_create(c, reload, d, why);
	if (!c->pki_watch)
		return -1;
	loop_on_turn_end(c->loop, on_turn_end, c);
	loop_on_signal(c->loop, SIGTERM, on_stop, d);
	loop_on_signal(c->loop, SIGINT, on_stop, d);
	loop_on_signal(c->loop, SIGHUP, on_reload, d);
	return 0;
}

/* -- check ------------------------------------------------------------------------------------ */

/* Pages, hash chain and projections of a store that is there. */
static int check_store(const char *dir, char why[400])
{
	char path[600];
	int64_t events = 0;

	snprintf(path, sizeof path, "%s/depot.db", dir);
	if (access(path, F_OK))
		return 0;
	if (db_check_files(dir, why) || db_rebuild_check(dir, NULL, &events, why))
		return -1;
	printf("%s: %lld events, the chain holds, the projections equal the journal\n", path,
		(long long)events);
	return 0;
}

#define HINTS_TOLD 10 /* of a kind, one by one */

struct hint_tell {
	const char *path;
	FILE *to; /* NULL: the log */
	size_t told;
};

static void tell_hint(void *arg, const struct depot_fault *fault)
{
	struct hint_tell *t = arg;
	char where[400];

	if (t->told++ >= HINTS_TOLD)
		return;
	config_complain(t->path, fault, where);
	if (t->to)
		fprintf(t->to, "warning: %s\n", where);
	else
		log_warn("%s", where);
}

static void count_more(FILE *to, size_t count, const char *what)
{
	if (count <= HINTS_TOLD)
		return;
	if (to)
		fprintf(to, "warning: … and %zu more %s\n", count - HINTS_TOLD, what);
	else
		log_warn("… and %zu more %s", count - HINTS_TOLD, what);
}

/* Safe tails at which nothing charges, places whose phases nobody wrote, prices of another unit: seldom
 * meant. */
static void warn_of_depot(const struct daemon *d, FILE *to)
{
	struct hint_tell tails = {d->config.depot_path, to, 0}, phases = tails, prices = tails;

	count_more(to, depot_tails_check(d->core.depot, tell_hint, &tails), "such tails");
	count_more(to, rotation_check(d->core.depot, tell_hint, &phases), "such EVSEs");
	count_more(to, price_depot_odd(d->core.depot, tell_hint, &prices), "such tariffs");
}

static int check(struct daemon *d, char why[400])
{
	struct core *c = &d->core;
	struct depot_fault fault;

	c->config = d->config.file;
	c->depot = d->config.depot;
	fleet_init(&c->fleet);
	c->meter_maps = d->config.meter_maps;
	c->telematics_maps = d->config.telematics_maps;
	c->config_folder = d->config.folder;
	if ((c->config->telematics && telematics_check(c, why)) ||
		authority_check(c->config->trust, c->config_folder, why))
		return -1;
	if (meters_check(c, &fault) ||
		control_check_depot(c->depot, (int)c->config->control->margin_pct, &fault)) {
		config_complain(d->config.depot_path, &fault, why);
		return -1;
	}
	if (d->opt.data && check_store(d->opt.data, why))
		return -1;
	warn_of_depot(d, stdout);
	printf("%s and %s are fine: %zu nodes, %zu stations, %zu vehicles, %zu meters; the safe tails "
	       "fit every node\n",
		d->opt.config, d->config.depot_path, c->depot->nodes.count,
		c->depot->stations.count, c->depot->vehicles.count, c->depot->meters.count);
	return 0;
}

static void set_clock(const struct daemon *d)
{
	setenv("TZ", d->config.depot->timezone, 1);
	tzset();
	if (d->opt.start.ms)
		clock_scale(d->opt.start, d->opt.origin_us, d->opt.speed);
	if (d->opt.speed != 1)
		log_info("simulated time: %g times as fast", d->opt.speed);
}

/* Before the first thread, the first socket and the first file of ours. */
static int confine(const struct daemon *d, char why[400])
{
	const char *user = d->config.file->run_as;

	umask(077);
	if (user && mkdir(d->opt.data, 0700) && errno != EEXIST) {
		snprintf(why, 400, "cannot make the data directory %s: %s", d->opt.data,
			strerror(errno));
		return -1;
	}
	if (user && confine_user(user, d->opt.data, why))
		return -1;
	if (!user && geteuid() == 0)
		log_warn("depotd runs as root: set run_as, or run it by etc/depotd.service");
	if (confine_calls())
		log_warn("this system filters no system calls: depotd goes on without");
	return 0;
}

int main(int argc, char **argv)
{
	static struct daemon d;
	char why[400] = "";

	if (read_options(argc, argv, &d.opt))
		return EXIT_USAGE;
	if (config_load(d.opt.config, &d.config, why)) {
		complain(why);
		return EXIT_FAILED;
	}
	set_clock(&d);
	if (d.opt.check) {
		if (check(&d, why)) {
			complain(why);
			return EXIT_FAILED;
		}
		return EXIT_FINE;
	}
	if (confine(&d, why) || prepare_dir(d.opt.data, why) || start(&d, why)) {
		complain(why);
		d.exit_code = EXIT_FAILED;
		stop(&d);
	}
	warn_of_depot(&d, NULL);
	log_info("depotd %s is up: depot %s (%s)", DEPOTD_VERSION, d.config.depot->depot,
		d.config.depot->name);
	loop_run(d.core.loop);
	stop(&d);
}
