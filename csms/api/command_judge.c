/*
 * What is judged of a command of the general paths before it is started: who may send it, who signed
 * the firmware that it names, whether there is the transaction that it names.
 */
#include "csms/api/command_say.h"

#include <string.h>
#include <strings.h>

#include "csms/pki/firmware_signature.h"
#include "gen/event.h"

struct judging {
	struct command_wish wish;
	struct firmware_signature signature;
	char why[300];
};

static void go_on(struct ask *k, const struct command_wish *w)
{
	struct station *s = w->force ? NULL : ask_path_station(k);

	if (w->force)
		w->then(k);
	else if (s != NULL)
		ask_known_transaction(k, s, w->action, w->payload, w->then);
}

static void work(struct db_reader *r, struct ask *k)
{
	struct judging *j = k->state;

	(void)r;
	if (firmware_signature_judge(&j->signature, j->why) == 0)
		j->why[0] = '\0';
}

static void finish(struct ask *k)
{
	const struct judging *j = k->state;

	if (j->why[0] == '\0')
		go_on(k, &j->wish);
	else
		ask_problem(k, 422, "payload.firmware",
			"%s. Firmware that lies elsewhere must be signed below a root of its maker "
			"(depotctl firmware trust); firmware-unsigned:URL has it taken without a "
			"check (L02)",
			j->why);
}

/* An image of depotd's own, whose signature depotd adds (csms/files/firmware.h). */
static bool is_ours(const char *location)
{
	static const char plain[] = "firmware:", loose[] = "firmware-unsigned:";

	return strncmp(location, plain, sizeof(plain) - 1) == 0 ||
	       (strncmp(location, loose, sizeof(loose) - 1) == 0 &&
		       strstr(location, "://") == NULL);
}

/* Firmware that lies elsewhere and says who signed it; NULL: it is not that. Whoever says that nobody
 * needs to have signed it, and who did, is judged by what he says. */
static const struct event_firmware_draft *foreign(struct ask *k, const struct command_wish *w)
{
	const struct event_update_firmware_draft *d;
	struct schema_error err;

	if (strcasecmp(w->action, "UpdateFirmware") != 0 || w->payload == NULL)
		return NULL;
	d = schema_decode(
		&event_update_firmware_draft_type, w->payload, strlen(w->payload), k->arena, &err);
	if (d == NULL || d->firmware.signature == NULL || d->firmware.signing_certificate == NULL ||
		is_ours(d->firmware.location))
		return NULL;
	return &d->firmware;
}

void ask_judged(struct ask *k, const struct command_wish *w)
{
	const struct event_firmware_draft *f;
	struct judging *j;

	if (!ask_may_send(k, w->action, w->payload))
		return;
	f = foreign(k, w);
	if (f == NULL) {
		go_on(k, w);
		return;
	}
	j = arena_alloc(k->arena, sizeof(*j));
	if (j == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	*j = (struct judging){.wish = *w,
		.signature = {.roots = arena_printf(
				      k->arena, "%.500s/pki/manufacturers", k->api->core->data_dir),
			.certificate = f->signing_certificate,
			.signature = f->signature}};
	k->state = j;
	ask_read(k, work, finish);
}
