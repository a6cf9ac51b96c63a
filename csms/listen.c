#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/api/api.h"
#include "csms/daemon.h"
#include "csms/files/files.h"
#include "csms/station/identity.h"
#include "csms/log.h"
#include "csms/oscp/oscp.h"
#include "csms/certificates/own_names.h"
#include "csms/pki/site_ca.h"
#include "csms/station/refusal.h"
#include "csms/station/session.h"
#include "csms/files/transfer.h"
#include "csms/net/ws_server.h"

/* A folder below DATA/pki. */
static int ensure_folder(const struct daemon *d, const char *name, char out[600], char why[400])
{
	snprintf(out, 600, "%s/pki%s%s", d->opt.data, name[0] ? "/" : "", name);
	if (mkdir(out, 0700) && errno != EEXIST) {
		snprintf(why, 400, "cannot make %s: %s", out, strerror(errno));
		return -1;
	}
	return 0;
}

/* -- security profile 3 ------------------------------------------------------------------------- */

static bool may_be_expired(void *ctx, const char *common_name)
{
	return identity_may_be_expired(ctx, common_name);
}

static void on_handshake_refused(void *ctx, const struct peer_refusal *r)
{
	refusal_tell(ctx,
		&(struct refusal){
			.profile = 3, .peer = r->peer, .why = r->why, .certificate = r->facts});
}

/* The same certificates of ours, and stations must show theirs. */
static int load_station_tls(struct daemon *d, const struct tls_server_config *plain, char why[400])
{
	char roots[600], makers[600], chargers[600], crls[600];
	struct peer_check_config peers = {
		.roots = roots,
		.factory_roots = makers,
		.charger_roots = chargers,
		.crls = crls,
		.refuse_overdue = d->config.file->trust->crl_overdue == CONFIG_CRL_OVERDUE_REFUSE,
		.may_be_expired = may_be_expired,
		.refused = on_handshake_refused,
		.ctx = &d->core,
	};
	struct tls_server_config tls = *plain;

	if (ensure_folder(d, "station-roots", roots, why) ||
		ensure_folder(d, "manufacturers", makers, why) ||
		ensure_folder(d, "charger-roots", chargers, why) ||
		ensure_folder(d, "crl", crls, why))
		return -1;
	tls.peers = &peers;
	d->station_tls = d->core.station_tls = tls_server_create(&tls, why);
	if (!d->station_tls)
		return -1;
	if (peer_check_roots(tls_server_peers(d->station_tls)) == 0)
		log_warn("security profile 3: no root in %s or %s: nobody can come yet", roots,
			makers);
	return 0;
}

static int load_certificates(struct daemon *d, char why[400])
{
	const struct config_listen *l = d->config.file->listen;
	char dir[600];
	struct own_names names;
	struct site_ca_paths paths;
	struct tls_server_config tls;

	if (ensure_folder(d, "", dir, why))
		return -1;
	own_names(l, &names);
	if (site_ca_ensure(dir, names.of, names.count, &paths, why))
		return -1;
	tls = (struct tls_server_config){
		.ecdsa_cert = paths.ecdsa_cert,
		.ecdsa_key = paths.ecdsa_key,
		.rsa_cert = paths.rsa_cert,
		.rsa_key = paths.rsa_key,
		.forward_secrecy_only = l->forward_secrecy_only,
		.reached = refusal_limit,
		.reached_ctx = &d->core,
	};
	d->tls = tls_server_create(&tls, why);
	if (!d->tls)
		return -1;
	return l->profile3 && l->profile3->on ? load_station_tls(d, &tls, why) : 0;
}

static void write_port(const struct daemon *d, const char *name, int port)
{
	char path[600];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.port", d->opt.data, name);
	f = fopen(path, "w");
	if (!f)
		return;
	fprintf(f, "%d\n", port);
	fclose(f);
}

/* One station listener by its section of the config; absent means on, at the default port, but for
 * profile 3, which needs roots: off. */
static int listen_profile(
	struct daemon *d, const struct config_listener *l, int profile, char why[400])
{
	char name[20];
	int port = l && l->has_port ? (int)l->port : 8999 + profile;

	if (l ? !l->on : profile == 3)
		return 0;
	port = ws_server_listen(d->core.stations, l ? l->address : NULL, port, "/ocpp", profile,
		profile == 3   ? d->station_tls
		: profile == 2 ? d->tls
			       : NULL,
		why);
	if (port < 0)
		return -1;
	snprintf(name, sizeof name, "profile%d", profile);
	write_port(d, name, port);
	log_info("stations: security profile %d on %s://%s:%d/ocpp/<identity>", profile,
		profile > 1 ? "wss" : "ws", l && l->address ? l->address : "*", port);
	return 0;
}

static int start_stations(struct daemon *d, char why[400])
{
	const struct config_limits *l = d->config.file->limits;
	const struct config_listen *on = d->config.file->listen;
	struct ws_handlers handlers;
	struct ws_limits limits = {
		.max_message = (size_t)l->max_message,
		.max_queue = (size_t)l->max_queue,
		.ping_interval_s = (int)l->ping_interval_s,
		.pong_timeout_s = (int)l->pong_timeout_s,
		.messages_per_s = (int)l->messages_per_s,
		.message_burst = (int)l->message_burst,
	};

	session_ws_handlers(&d->core, &handlers);
	d->core.stations = ws_server_create(d->core.net, &handlers, &limits);
	if (!d->core.stations) {
		snprintf(why, 400, "out of memory");
		return -1;
	}
	if (listen_profile(d, on->profile1, 1, why) || listen_profile(d, on->profile2, 2, why) ||
		listen_profile(d, on->profile3, 3, why))
		return -1;
	return 0;
}

/* The built console beside the program, or where `make install` puts it. */
static const char *find_console(char out[1100])
{
	static const char *const places[] = {"console", "../share/depotd/console"};
	char exe[512], index[1200];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (n < 0)
		return NULL;
	exe[n] = '\0';
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(out, 1100, "%.*s/%s", (int)(strrchr(exe, '/') - exe), exe, places[i]);
		snprintf(index, sizeof index, "%s/index.html", out);
		if (access(index, R_OK) == 0)
			return out;
	}
	return NULL;
}

/* The name by which stations reach this machine. */
static const char *own_name(const struct daemon *d, char host[256])
{
	const struct config_listen *on = d->config.file->listen;

	snprintf(host, 256, "localhost");
	if (on->hosts.count)
		return on->hosts.items[0];
	gethostname(host, 255);
	return host;
}

/* Files of stations: beside the console, or on a port of their own, which may be plain for those
 * that do not know our root. `console`: its port, 0 when it is off. */
static int start_files(struct daemon *d, int console, char why[400])
{
	const struct config_files_listener *l = d->config.file->listen->files;
	const char *given = d->config.file->files->url;
	struct core *c = &d->core;
	char host[256], url[300] = "", own[300] = "";
	int port;

	if (console)
		snprintf(url, sizeof url, "https://%s:%d", own_name(d, host), console);
	if (l && l->on) {
		d->file_server = http_server_create(c->net, transfer_handle, c, &d->http_limits);
		if (!d->file_server) {
			snprintf(why, 400, "out of memory");
			return -1;
		}
		http_server_on_head(d->file_server, transfer_on_head);
		port = http_server_listen(
			d->file_server, l->address, (int)l->port, l->tls ? d->tls : NULL, why);
		if (port < 0)
			return -1;
		write_port(d, "files", port);
		snprintf(own, sizeof own, "%s://%s:%d", l->tls ? "https" : "http",
			own_name(d, host), port);
		log_info("files of stations: %s/files/", own);
	}
	if (given)
		files_set_urls(c->files, given, NULL);
	else if (l && l->on && (l->tls || !console))
		files_set_urls(c->files, own, NULL);
	else
		files_set_urls(c->files, url, own);
	return 0;
}

static int start_site_server(struct daemon *d, char why[400])
{
	const struct config_modbus_listener *l = d->config.file->listen->modbus;

	if (!l || !l->on)
		return 0;
	d->site_server = site_server_create(&d->core, l, why);
	if (!d->site_server)
		return -1;
	write_port(d, "modbus", site_server_port(d->site_server));
	log_info("site values for the building: Modbus TCP on port %d",
		site_server_port(d->site_server));
	return 0;
}

static int start_console(struct daemon *d, char why[400])
{
	static char found[1100];
	const struct config_listen *on = d->config.file->listen;
	const struct config_listener *l = on->console;
	struct core *c = &d->core;
	struct api_config api = {
		.console_dir = d->opt.console ? d->opt.console : find_console(found),
		.max_streams = (int)d->config.file->limits->max_streams,
		.auth_failures_per_min = (int)d->config.file->limits->auth_failures_per_min,
	};
	char path[600], url[320];
	int port;

	c->api = api_create(c, &api, why);
	if (!c->api)
		return -1;
	d->http_limits = (struct http_limits){
		.max_body = (size_t)d->config.file->limits->max_body,
		.body_timeout_s = (int)d->config.file->limits->body_timeout_s,
		.transfer_idle_s = (int)d->config.file->limits->transfer_idle_s,
		.idle_timeout_s = (int)d->config.file->limits->idle_timeout_s,
		.max_streams = (int)d->config.file->limits->max_streams,
	};
	c->http = http_server_create(c->net, api_handle, c->api, &d->http_limits);
	if (!c->http) {
		snprintf(why, 400, "out of memory");
		return -1;
	}
	snprintf(path, sizeof path, "%s/depotd.sock", d->opt.data);
	if (on->socket && http_server_listen_unix(c->http, path, why))
		return -1;
	http_server_on_head(c->http, api_on_head);
	if (l && !l->on)
		return start_files(d, 0, why);
	port = http_server_listen(c->http, l ? l->address : NULL,
		l && l->has_port ? (int)l->port : 8443, d->tls, why);
	if (port < 0)
		return -1;
	write_port(d, "console", port);
	snprintf(url, sizeof url, "https://%s:%d",
		on->hosts.count ? on->hosts.items[0] : "localhost", port);
	api_set_url(c->api, url);
	oscp_set_url(c->oscp, url);
	log_info("console and API: %s/", url);
	return start_files(d, port, why);
}

int daemon_listen(struct daemon *d, char why[400])
{
	const struct config_limits *l = d->config.file->limits;
	struct net_limits limits = {
		.max_connections = (int)l->max_connections,
		.max_per_address = (int)l->max_per_address,
		.connects_per_s = (int)l->connects_per_s,
		.address_connects_per_s = (int)l->address_connects_per_s,
		.header_timeout_s = (int)l->header_timeout_s,
		.reached = refusal_limit,
		.reached_ctx = &d->core,
	};

	d->core.net = net_create(d->core.loop, &limits);
	if (!d->core.net) {
		snprintf(why, 400, "the network could not be started; see the line above");
		return -1;
	}
	if (load_certificates(d, why) || start_stations(d, why) || start_site_server(d, why))
		return -1;
	return start_console(d, why) ? -1 : 0;
}
