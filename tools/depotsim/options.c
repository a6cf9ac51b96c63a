#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/depotsim/options.h"

static const char usage[] =
	"depotsim: a whole depot to try depotd against: charging stations that speak OCPP 2.0.1,\n"
	"vans with batteries that come and go, Modbus TCP meters, and things that go wrong.\n"
	"\n"
	"  depotsim --depot FILE --csms URL [options]\n"
	"  depotsim --make-depot CSV --day N --site-limit W --out DIR\n"
	"\n"
	"What to run\n"
	"  --depot FILE       the depot: stations, vehicles, meters (the file that depotd reads)\n"
	"  --scenario FILE    who comes when, the building's load, failures\n"
	"                     (absent: stations only, nobody comes)\n"
	"  --stations N       only the first N stations; beyond the depot's own they are made up\n"
	"                     as SIM-00001 and so on\n"
	"\n"
	"Where to connect\n"
	"  --csms URL         ws://host:port/ocpp, for stations of security profile 1\n"
	"  --csms-tls URL     wss://host:port/ocpp, for stations of security profile 2\n"
	"  --csms-mutual URL  wss://host:port/ocpp, for stations of security profile 3, with\n"
	"  --certificates DIR IDENTITY.pem (the chain, leaf first) and IDENTITY.key of each; its CN\n"
	"                     is the serial number, which here is the identity. What stations are\n"
	"                     given later (CertificateSigned) goes there, too, or only into memory\n"
	"  --ca FILE          PEM file of the authority that signed the server's certificate\n"
	"  --passwords FILE   one identity:password a line; a line *:password is for all others\n"
	"  --no-meters        do not serve the meters of the depot's file\n"
	"  --meter-maps DIR   register maps, for meters other than eastron-sdm630 and sunspec\n"
	"\n"
	"Time\n"
	"  --speed N          N simulated seconds pass in one real second (1)\n"
	"  --start TIME       simulated time to begin at, RFC 3339 (the scenario's, or now)\n"
	"  --origin US        CLOCK_MONOTONIC in microseconds at which it is --start; the same\n"
	"                     three given to depotd make both clocks agree\n"
	"  --until TIME       end at that simulated time (run until Ctrl-C)\n"
	"\n"
	"Output\n"
	"  --report FILE      write a report as JSON at the end, and on SIGUSR1\n"
	"  --json             print that report to standard output at the end\n"
	"  --quiet            no progress lines\n"
	"  --help             this text\n"
	"\n"
	"Making a depot of real sessions (columns as in the ACN data set)\n"
	"  --make-depot CSV   file of sessions\n"
	"  --day N            the day, 0 is the first of the data (0)\n"
	"  --site-limit W     limit of the site in W (50000)\n"
	"  --meter-port N     port of the site's meter on 127.0.0.1, 0: none (1502)\n"
	"  --out DIR          where depot.yaml and scenario.yaml go\n"
	"\n"
	"Exit status: 0 all went well, 1 it could not run, 2 the command line is wrong.\n";

enum choice {
	OPT_DEPOT = 256,
	OPT_SCENARIO,
	OPT_CSMS,
	OPT_CSMS_TLS,
	OPT_CSMS_MUTUAL,
	OPT_CERTIFICATES,
	OPT_CA,
	OPT_PASSWORDS,
	OPT_REPORT,
	OPT_MAKE_DEPOT,
	OPT_OUT,
	OPT_SPEED,
	OPT_START,
	OPT_ORIGIN,
	OPT_UNTIL,
	OPT_STATIONS,
	OPT_DAY,
	OPT_SITE_LIMIT,
	OPT_METER_PORT,
	OPT_METER_MAPS,
	OPT_NO_METERS,
	OPT_QUIET,
	OPT_JSON,
	OPT_HELP,
};

static const struct option rows[] = {
	{"depot", required_argument, NULL, OPT_DEPOT},
	{"scenario", required_argument, NULL, OPT_SCENARIO},
	{"csms", required_argument, NULL, OPT_CSMS},
	{"csms-tls", required_argument, NULL, OPT_CSMS_TLS},
	{"csms-mutual", required_argument, NULL, OPT_CSMS_MUTUAL},
	{"certificates", required_argument, NULL, OPT_CERTIFICATES},
	{"ca", required_argument, NULL, OPT_CA},
	{"passwords", required_argument, NULL, OPT_PASSWORDS},
	{"report", required_argument, NULL, OPT_REPORT},
	{"make-depot", required_argument, NULL, OPT_MAKE_DEPOT},
	{"out", required_argument, NULL, OPT_OUT},
	{"speed", required_argument, NULL, OPT_SPEED},
	{"start", required_argument, NULL, OPT_START},
	{"origin", required_argument, NULL, OPT_ORIGIN},
	{"until", required_argument, NULL, OPT_UNTIL},
	{"stations", required_argument, NULL, OPT_STATIONS},
	{"day", required_argument, NULL, OPT_DAY},
	{"site-limit", required_argument, NULL, OPT_SITE_LIMIT},
	{"meter-port", required_argument, NULL, OPT_METER_PORT},
	{"meter-maps", required_argument, NULL, OPT_METER_MAPS},
	{"no-meters", no_argument, NULL, OPT_NO_METERS},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int complain(const char *name, const char *value, const char *rule)
{
	fprintf(stderr, "depotsim: --%s %s: %s\n", name, value, rule);
	return -1;
}

static int read_int(const char *name, const char *s, int64_t low, int64_t high, int64_t *out)
{
	char *end;
	char rule[80];
	errno = 0;
	long long v = strtoll(s, &end, 10);
	if (end != s && !*end && !errno && v >= low && v <= high) {
		*out = v;
		return 0;
	}
	snprintf(rule, sizeof rule, "must be a whole number from %lld to %lld", (long long)low,
		(long long)high);
	return complain(name, s, rule);
}

static int read_small(const char *name, const char *s, int high, int *out)
{
	int64_t v;
	if (read_int(name, s, 0, high, &v) != 0)
		return -1;
	*out = (int)v;
	return 0;
}

static int read_speed(const char *s, double *out)
{
	char *end;
	double v = strtod(s, &end);
	if (end == s || *end || !isfinite(v) || v < 0.001 || v > 10000)
		return complain("speed", s, "must be a number from 0.001 to 10000");
	*out = v;
	return 0;
}

static int read_time(const char *name, const char *s, bool *has, wall_t *out)
{
	*has = wall_parse(s, strlen(s), out);
	return *has ? 0 : complain(name, s, "must be a time like 2026-03-11T16:00:00Z");
}

static int take(int option, const char *value, struct options *o)
{
	switch (option) {
	case OPT_DEPOT:
		o->depot = value;
		return 0;
	case OPT_SCENARIO:
		o->scenario = value;
		return 0;
	case OPT_CSMS:
		o->csms = value;
		return 0;
	case OPT_CSMS_TLS:
		o->csms_tls = value;
		return 0;
	case OPT_CSMS_MUTUAL:
		o->csms_mutual = value;
		return 0;
	case OPT_CERTIFICATES:
		o->certificates = value;
		return 0;
	case OPT_CA:
		o->ca = value;
		return 0;
	case OPT_PASSWORDS:
		o->passwords = value;
		return 0;
	case OPT_REPORT:
		o->report = value;
		return 0;
	case OPT_MAKE_DEPOT:
		o->make_depot = value;
		return 0;
	case OPT_OUT:
		o->out = value;
		return 0;
	case OPT_SPEED:
		return read_speed(value, &o->speed);
	case OPT_START:
		return read_time("start", value, &o->has_start, &o->start);
	case OPT_ORIGIN:
		o->has_origin = true;
		return read_int("origin", value, 0, INT64_MAX, &o->origin_us);
	case OPT_UNTIL:
		return read_time("until", value, &o->has_until, &o->until);
	case OPT_STATIONS:
		return read_small("stations", value, 10000, &o->stations);
	case OPT_DAY:
		return read_small("day", value, 36500, &o->day);
	case OPT_SITE_LIMIT:
		return read_int("site-limit", value, 1, 1000000000, &o->site_w);
	case OPT_METER_PORT:
		return read_small("meter-port", value, 65535, &o->meter_port);
	case OPT_METER_MAPS:
		o->meter_maps = value;
		return 0;
	case OPT_NO_METERS:
		o->no_meters = true;
		return 0;
	case OPT_QUIET:
		o->quiet = true;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	default:
		return -1;
	}
}

static int check(const struct options *o)
{
	const char *why = NULL;
	if (o->make_depot)
		why = o->out ? NULL : "--make-depot needs --out DIR";
	else if (!o->depot)
		why = "say which depot: --depot FILE";
	else if (o->csms_mutual && !o->certificates)
		why = "--csms-mutual needs --certificates DIR";
	else if (!o->csms && !o->csms_tls && !o->csms_mutual)
		why = "say where the central system is: --csms ws://host:port/ocpp";
	if (!why)
		return 0;
	fprintf(stderr, "depotsim: %s (see depotsim --help)\n", why);
	return -1;
}

int options_read(int argc, char **argv, struct options *o)
{
	int option;
	*o = (struct options){.speed = 1, .site_w = 50000, .meter_port = 1502};
	while ((option = getopt_long(argc, argv, "h", rows, NULL)) != -1) {
		if (option == OPT_HELP || option == 'h') {
			fputs(usage, stdout);
			return 1;
		}
		if (take(option, optarg, o) != 0)
			return -1;
	}
	if (optind < argc) {
		fprintf(stderr, "depotsim: what is %s? (see depotsim --help)\n", argv[optind]);
		return -1;
	}
	return check(o);
}
