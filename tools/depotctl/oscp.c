/* Capacity providers: seen, registered, asked for more. */
#include <stdlib.h>
#include <string.h>

#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"
#include "tools/depotctl/table.h"

/* -- looking --------------------------------------------------------------------------------- */

static void row_peer(struct ctl *c, struct table *t, const struct api_oscp_peer_view *p)
{
	struct text groups;

	text_init(&groups, 0);
	for (size_t i = 0; i < p->groups.count; i++)
		text_printf(&groups, "%s%s on %s", i > 0 ? ", " : "", p->groups.items[i].group,
			p->groups.items[i].node);
	table_row(t);
	table_cell(t, p->id);
	table_cell(t, groups.len > 0 ? arena_strndup(c->arena, groups.data, groups.len) : NULL);
	table_cell(t, strcmp(p->state, "ended") == 0 ? "not registered" : p->state);
	if (strcmp(p->state, "registered") != 0)
		table_cell(t, NULL);
	else
		table_cell_colour(
			t, p->online ? COLOUR_GREEN : COLOUR_RED, p->online ? "online" : "offline");
	table_cell(t, cell_time(c->arena, p->has_last_heartbeat, p->last_heartbeat));
	table_cell(t, cell_time(c->arena, p->has_offline_at, p->offline_at));
	table_cellf(t, "%lld/%lld", (long long)p->received, (long long)p->refused);
	table_cellf(t, "%lld/%lld", (long long)p->sent, (long long)p->failed);
	text_finish(&groups);
}

static int list(struct ctl *c)
{
	struct table *t = table_create(c->arena,
		"PROVIDER|GROUPS|STATE|PRESENCE|HEARTBEAT|GONE AT|>GOT/REFUSED|>SENT/FAILED",
		c->colour);
	const struct api_oscp_peer_list *l;
	void *answer;
	int status = ctl_ask_struct(
		c, "GET", "oscp/peers", NULL, NULL, &api_oscp_peer_list_type, &answer);

	if (answer == NULL)
		return status;
	l = answer;
	for (size_t i = 0; i < l->peers.count; i++)
		row_peer(c, t, &l->peers.items[i]);
	printf("%s\n%s\n\n", l->sentence, l->sub);
	ctl_print(t, "No capacity providers: name them under oscp.peers in the depot's file.");
	for (size_t i = 0; i < l->peers.count; i++) {
		const struct api_oscp_peer_view *p = &l->peers.items[i];
		if (p->last_error != NULL)
			printf("%s: last failure %s: %s\n", p->id,
				cell_time(c->arena, true, p->last_error_at), p->last_error);
		if (p->next != NULL)
			printf("%s: %s\n", p->id, p->next);
	}
	return CTL_OK;
}

/* -- changing -------------------------------------------------------------------------------- */

static const char *first_line(char *s)
{
	if (s != NULL)
		s[strcspn(s, "\r\n")] = '\0';
	return s;
}

static int add(struct ctl *c, const char *peer)
{
	struct api_oscp_peer_post post = {.peer = peer,
		.url = ctl_option(c, "--endpoint"),
		.token = ctl_option(c, "--provider-token")};
	const struct api_oscp_peer_reply *r;
	void *answer;
	int status;

	if (post.token != NULL && strcmp(post.token, "-") == 0 &&
		(post.token = first_line(ctl_read_stdin(c))) == NULL)
		return CTL_FAILED;
	status = ctl_ask_struct(c, "POST", "oscp/peers", &api_oscp_peer_post_type, &post,
		&api_oscp_peer_reply_type, &answer);
	if (answer == NULL)
		return status;
	r = answer;
	if (r->token != NULL)
		printf("Give these two to %s, on a way that nobody else reads; the token is shown this "
		       "once:\n\n  endpoint  %s/register\n  token     %s\n\nThen %s. See: depotctl "
		       "oscp list\n",
			r->peer, r->endpoint, r->token,
			"its Register is awaited, and all else follows by itself");
	else
		printf("Register goes to %s now. Next: %s. See: depotctl oscp list\n", r->peer,
			r->next);
	return CTL_OK;
}

/* The word in capitals as one of the enum's, or -1 after a complaint. */
static int word_of(const struct schema_enum *e, const char *option, const char *word)
{
	int found = schema_enum_find(e, word);

	if (found < 0)
		ctl_complain(CTL_USAGE, "%s does not know \"%s\"; the words are in capitals",
			option, word);
	return found;
}

static int adjust(struct ctl *c, const char *peer)
{
	const char *from = ctl_option(c, "--from"), *to = ctl_option(c, "--to");
	const char *unit = ctl_option(c, "--unit"), *phase = ctl_option(c, "--phase");
	bool is_generation = ctl_flag(c, "--generation");
	struct api_oscp_block_post block = {0};
	struct api_oscp_adjust_post post = {
		.type = is_generation ? API_OSCP_TYPE_GENERATION : API_OSCP_TYPE_CONSUMPTION,
		.has_type = true,
		.blocks = {1, &block}};
	char *end;
	void *answer;
	int status, u, p;

	if (c->argc < 4 || from == NULL || to == NULL)
		return ctl_complain(
			CTL_USAGE, "oscp adjust needs PEER GROUP CAPACITY, --from and --to");
	status = ctl_learn_clock(c);
	if (status != CTL_OK)
		return status;
	if (!ctl_when(from, client_now(c->client), &block.from))
		return ctl_complain(
			CTL_USAGE, "--from must be now, 18:00, +2h or 2026-12-31T18:00:00Z");
	if (!ctl_when(to, block.from, &block.to))
		return ctl_complain(
			CTL_USAGE, "--to must be 20:00, +2h (after --from) or a time with a date");
	if (block.to.ms <= block.from.ms)
		return ctl_complain(CTL_USAGE, "--to must be after --from");
	block.capacity = strtod(c->argv[3], &end);
	if (end == c->argv[3] || *end != '\0' || block.capacity < 0)
		return ctl_complain(CTL_USAGE, "CAPACITY must be a number of 0 or more");
	u = unit != NULL ? word_of(&api_oscp_unit_enum, "--unit", unit) : API_OSCP_UNIT_W;
	p = phase != NULL ? word_of(&api_oscp_phase_enum, "--phase", phase) : API_OSCP_PHASE_ALL;
	if (u < 0 || p < 0)
		return CTL_USAGE;
	block.has_unit = block.has_phase = true;
	block.unit = (enum api_oscp_unit)u;
	block.phase = (enum api_oscp_phase)p;
	post.group = c->argv[2];
	status = ctl_ask_struct(c, "POST",
		arena_printf(c->arena, "oscp/peers/%s/adjust", ctl_escape(c, peer)),
		&api_oscp_adjust_post_type, &post, &api_oscp_adjust_reply_type, &answer);
	if (answer != NULL)
		printf("%s took the request %s. It need not answer; if it grants it, a new forecast "
		       "comes.\n",
			peer, ((const struct api_oscp_adjust_reply *)answer)->request);
	return status;
}

int ctl_oscp(struct ctl *c)
{
	const char *verb = NULL, *peer = NULL;

	for (int i = 0; i < c->argc && peer == NULL; i++) { /* they may stand after options */
		if (strncmp(c->argv[i], "--", 2) == 0) {
			i += strchr(c->argv[i], '=') == NULL &&
			     strcmp(c->argv[i], "--generation") != 0;
			continue;
		}
		if (verb == NULL)
			verb = c->argv[i];
		else
			peer = c->argv[i];
	}
	if (verb == NULL || strcmp(verb, "list") == 0)
		return list(c);
	if (peer == NULL)
		return ctl_complain(CTL_USAGE, "oscp %s needs the id of a provider", verb);
	if (strcmp(verb, "add") == 0)
		return add(c, peer);
	if (strcmp(verb, "adjust") == 0)
		return adjust(c, peer);
	const char *path = arena_printf(c->arena, "oscp/peers/%s", ctl_escape(c, peer));
	if (strcmp(verb, "remove") == 0)
		return ctl_done(c, "DELETE", path, NULL, NULL,
			"Removed: its tokens are forgotten, its limits withdrawn.");
	if (strcmp(verb, "handshake") == 0)
		return ctl_done(c, "POST", arena_printf(c->arena, "%s/handshake", path), NULL, NULL,
			"The handshake succeeded.");
	return ctl_complain(CTL_USAGE, "oscp takes list, add, remove, handshake or adjust");
}
