#include "csms/certificates/pki_watch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "csms/alarms.h"
#include "csms/log.h"
#include "csms/certificates/own_names.h"
#include "csms/pki/certificate.h"
#include "csms/pki/crl_file.h"
#include "csms/pki/pem_files.h"
#include "csms/pki/site_ca.h"
#include "csms/certificates/revocation.h"
#include "csms/certificates/rollover.h"
#include "csms/worker.h"

enum {
	RENEW_MS = 3600 * 1000,
	FILE_MAX = 60000, /* of certificates */
	FOUND_MAX = 400,
};
#define DAY_MS INT64_C(86400000)

/* What is looked at, and how long before its end somebody must know of it. Servers are renewed 30 days
 * ahead: one that is not by then will not be. */
static const struct place {
	const char *folder, *file; /* file NULL: all *.pem of the folder */
	int days;
	bool is_list, is_read; /* the listeners read it */
	const char *who;
} places[] = {
	{"", "root.pem", 90, false, true, "replace it: `depotctl ca rollover start`"},
	{"", "server-ecdsa.pem", 14, false, true, "depotd could not renew it: see the log"},
	{"", "server-rsa.pem", 14, false, true, "depotd could not renew it: see the log"},
	{"", "server-ecdsa.key", 0, false, true, NULL},
	{"", "server-rsa.key", 0, false, true, NULL},
	{"ca", NULL, 60, false, false, "renew it in DATA/pki/ca, or by the token's tools"},
	{"station-roots", NULL, 90, false, true, "put the root that comes after it beside it"},
	{"charger-roots", NULL, 90, false, true, "put the root that comes after it beside it"},
	{"manufacturers", NULL, 90, false, true, "ask the maker for its next root"},
	{"mo-roots", NULL, 60, false, false, "ask the operator for its next root"},
	{"v2g-roots", NULL, 60, false, false, "ask the operator for its next root"},
	{"crl", NULL, 0, true, true, NULL},
};

struct finding {
	char subject[100];
	int64_t ends_ms;
	const struct place *place;
};

struct pki_watch {
	struct core *core;
	struct worker *worker;
	struct worker_job job;
	struct timer timer;
	struct revocations *revocations;
	struct own_names names;
	char pki[600];
	void (*reload)(void *arg);
	void *arg;
	bool is_looking, again, renews;
	bool has_renewed;
	mono_t renewed; /* looked whether to */
	uint64_t state; /* of the files that the listeners have read; 0: not looked yet */
	/* the job's, while it looks */
	const struct place *place;
	uint64_t sum;
	char said[200];
	int count;
	struct finding found[FOUND_MAX];
	int count_before; /* what the look before found */
	struct finding before[FOUND_MAX];
};

/* -- on the worker ------------------------------------------------------------------------------ */

static void mix(uint64_t *sum, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*sum = (*sum ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
}

static int64_t end_of(const struct place *p, const char *path)
{
	size_t max = p->is_list ? 2 * CRL_BYTES_MAX : FILE_MAX;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd >= 0 ? malloc(max + 1) : NULL;
	ssize_t n = text ? read(fd, text, max) : -1;
	struct certificate_facts cert = {0};
	struct crl_facts list = {0};
	char why[200];

	if (fd >= 0)
		close(fd);
	if (text)
		text[n > 0 ? n : 0] = '\0';
	if (n > 0 && p->is_list)
		crl_facts(text, &list, why);
	else if (n > 0)
		certificate_facts(text, &cert, why);
	free(text);
	return p->is_list ? list.next_ms : cert.not_after_ms;
}

static bool look_at(void *arg, const char *path)
{
	struct pki_watch *w = arg;
	const struct place *p = w->place;
	const char *name = strrchr(path, '/') + 1;
	struct finding *f;
	struct stat st;

	if (stat(path, &st))
		return true;
	if (p->is_read) {
		mix(&w->sum, name, strlen(name));
		mix(&w->sum, &st.st_mtim, sizeof st.st_mtim);
		mix(&w->sum, &st.st_size, sizeof st.st_size);
	}
	if (w->count == FOUND_MAX)
		return true;
	f = &w->found[w->count];
	f->place = p;
	f->ends_ms = end_of(p, path);
	snprintf(f->subject, sizeof f->subject, "%s%s%.80s", p->folder, p->folder[0] ? "/" : "",
		name);
	w->count += f->ends_ms != 0;
	return true;
}

static void work(void *arg)
{
	struct pki_watch *w = arg;
	char path[720], why[200];

	w->said[0] = '\0';
	if (w->renews && site_ca_renew(w->pki, w->names.of, w->names.count, why))
		snprintf(w->said, sizeof w->said, "%.190s", why);
	w->count = 0;
	w->sum = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		w->place = &places[i];
		snprintf(path, sizeof path, "%s%s%s%s%s", w->pki, places[i].folder[0] ? "/" : "",
			places[i].folder, places[i].file ? "/" : "",
			places[i].file ? places[i].file : "");
		if (places[i].file)
			look_at(w, path);
		else
			pem_files(path, look_at, w, why);
	}
}

/* -- on the loop -------------------------------------------------------------------------------- */

static void tell(struct core *c, const struct finding *f, int64_t now_ms)
{
	int64_t left = f->ends_ms - now_ms, days = left > 0 ? left / DAY_MS : 0;

	if (f->place->is_list)
		alarm_set(c, ALARM_CRL_OVERDUE, f->subject, left <= 0,
			"The revocation list pki/%s should have been renewed %lld hours ago: what "
			"was revoked since then %s",
			f->subject, (long long)(-left / 3600000),
			c->config->trust->crl_overdue == CONFIG_CRL_OVERDUE_REFUSE
				? "is not known, and stations of its issuer are refused"
				: "is not known, and comes in");
	else
		alarm_set(c, ALARM_CERTIFICATE_EXPIRES, f->subject, left < f->place->days * DAY_MS,
			"pki/%s ends in %lld days: %s", f->subject, (long long)days, f->place->who);
}

/* Files that went are no trouble any more. */
static void clear_gone(const struct pki_watch *w)
{
	const struct finding *before = w->before;

	for (int i = 0; i < w->count_before; i++) {
		bool is_there = false;

		for (int k = 0; k < w->count && !is_there; k++)
			is_there = strcmp(before[i].subject, w->found[k].subject) == 0;
		if (!is_there)
			alarm_clear(w->core,
				before[i].place->is_list ? ALARM_CRL_OVERDUE
							 : ALARM_CERTIFICATE_EXPIRES,
				before[i].subject);
	}
}

static void start(struct pki_watch *w);

static void worked(void *arg)
{
	struct pki_watch *w = arg;
	int64_t now_ms = clock_wall().ms;

	w->is_looking = false;
	if (w->said[0])
		log_warn("the server certificates were not renewed: %s", w->said);
	for (int i = 0; i < w->count; i++)
		tell(w->core, &w->found[i], now_ms);
	clear_gone(w);
	if (w->state && w->state != w->sum) {
		log_info("files of DATA/pki have changed");
		w->reload(w->arg);
	}
	w->state = w->sum;
	if (w->again) {
		w->again = false;
		start(w);
	}
}

static void on_time(void *arg)
{
	struct pki_watch *w = arg;

	timer_start(w->core->timers, &w->timer,
		(int64_t)((double)w->core->config->trust->look_s * 1000 * clock_speed()), on_time,
		w);
	start(w);
}

static void start(struct pki_watch *w)
{
	struct rollover_view v;

	if (w->is_looking) {
		w->again = true;
		return;
	}
	/* While the root changes, servers are rollover's affair. */
	rollover_look(w->core, &v);
	w->renews =
		!v.is_open && (!w->has_renewed || (double)mono_diff_ms(clock_mono(), w->renewed) >=
							  RENEW_MS * clock_speed());
	if (w->renews) {
		w->has_renewed = true;
		w->renewed = clock_mono();
	}
	w->count_before = w->count;
	memcpy(w->before, w->found, (size_t)w->count * sizeof *w->found);
	w->is_looking = true;
	worker_do(w->worker, &w->job, work, worked, w);
}

static void on_list(void *arg)
{
	struct pki_watch *w = arg;

	w->reload(w->arg);
	w->state = 0;
	start(w);
}

/* The listeners have just read all of it: what the next look finds is what they have. */
void pki_watch_look(struct pki_watch *w)
{
	if (!w)
		return;
	revocations_fetch(w->revocations);
	w->state = 0;
	start(w);
}

const struct revocations *pki_watch_revocations(const struct pki_watch *w)
{
	return w ? w->revocations : NULL;
}

/* -- life --------------------------------------------------------------------------------------- */

struct pki_watch *pki_watch_create(
	struct core *c, void (*reload)(void *arg), void *arg, char why[300])
{
	struct pki_watch *w = calloc(1, sizeof *w);

	snprintf(why, 300, "out of memory");
	if (!w)
		return NULL;
	w->core = c;
	w->reload = reload;
	w->arg = arg;
	snprintf(w->pki, sizeof w->pki, "%s/pki", c->data_dir);
	own_names(c->config->listen, &w->names);
	w->worker = worker_create(c->loop);
	w->revocations = w->worker ? revocations_create(c, on_list, w, why) : NULL;
	if (!w->revocations) {
		pki_watch_destroy(w);
		return NULL;
	}
	on_time(w);
	return w;
}

void pki_watch_destroy(struct pki_watch *w)
{
	if (!w)
		return;
	revocations_destroy(w->revocations);
	if (w->worker)
		worker_destroy(w->worker);
	timer_stop(w->core->timers, &w->timer);
	free(w);
}
