#include "csms/certificates/contract_pool.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gen/opcp.h"
#include "schemas/text.h"

#define PATH       "/v1/ccp/signedContractData"
#define RETRY_MS   800 /* is left at least, for another try to be worth it */
#define WAIT_MS    100
#define ANSWER_MAX (1 << 20) /* several contracts */

struct question {
	struct contracts *contracts;
	char url[400], ca[1000];
	char *body;
	int64_t deadline_us, most;
	struct timer again;
	int tries;
	struct pool_answer answer;
	void (*done)(void *arg, const struct pool_answer *a);
	void *arg;
};

static int running;

static void question_free(struct question *q)
{
	free(q->body);
	free(q);
	running--;
}

static void tell(struct question *q)
{
	q->done(q->arg, &q->answer);
	question_free(q);
}

static int64_t left_ms(const struct question *q)
{
	return (q->deadline_us - clock_real_us()) / 1000;
}

/* -- the answer ------------------------------------------------------------------------------- */

static bool is_base64(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	size_t pad = strspn(text + n, "=");

	return n > 0 && pad <= 2 && text[n + pad] == '\0' && (n + pad) % 4 == 0;
}

/* The first contract: 2.0.1 has no way to ask which one is meant. */
static void read_answer(struct question *q, const char *body, size_t len)
{
	struct arena *a = arena_create(0);
	struct schema_error err;
	const struct opcp_answer *m =
		a ? schema_decode(&opcp_answer_type, body, len, a, &err) : NULL;
	const char *exi =
		m ? m->ccp_response.emaid_content.items[0].message_def.certificate_installation_res
		  : NULL;

	if (!m)
		snprintf(q->answer.why, sizeof q->answer.why,
			"the pool's answer is not one of OPCP: %.100s %.120s", a ? err.path : "",
			a ? err.message : "out of memory");
	else if (!is_base64(exi))
		snprintf(q->answer.why, sizeof q->answer.why, "the pool's EXI is not base64");
	else if ((int64_t)strlen(exi) > q->most)
		snprintf(q->answer.why, sizeof q->answer.why,
			"the pool's EXI has %zu characters, the station takes %lld "
			"(OCPPCommCtrlr.FieldLength)",
			strlen(exi), (long long)q->most);
	else
		q->answer.exi = exi;
	tell(q);
	arena_destroy(a);
}

/* -- trying ----------------------------------------------------------------------------------- */

static void try_it(void *arg);

static bool may_pass(int status)
{
	return status == 0 || status == 408 || status == 429 || (status >= 500 && status != 501);
}

static void came(void *arg, const struct http_outcome *o)
{
	struct question *q = arg;

	if (o->status == 200) {
		read_answer(q, o->body, o->len);
		return;
	}
	if (o->status)
		snprintf(q->answer.why, sizeof q->answer.why, "the pool answers %d", o->status);
	else
		snprintf(q->answer.why, sizeof q->answer.why, "the pool: %.280s", o->why);
	if (q->tries < 2 && may_pass(o->status) && left_ms(q) >= RETRY_MS)
		contracts_timer(q->contracts, &q->again, WAIT_MS, try_it, q);
	else
		tell(q);
}

static bool send_it(struct question *q)
{
	struct http_call_spec spec = {
		.method = "POST",
		.url = q->url,
		.headers = {"content-type: application/json", "accept: application/json",
			contracts_pool_header(q->contracts)},
		.body = q->body,
		.len = strlen(q->body),
		.ca_file = q->ca[0] ? q->ca : NULL,
		.answer_max = ANSWER_MAX,
		.timeout_ms = (int)left_ms(q),
		.tries = 1,
		.done = came,
		.arg = q,
	};

	q->tries++;
	return http_client_send(contracts_http(q->contracts), &spec) != NULL;
}

static void try_it(void *arg)
{
	struct question *q = arg;

	if (!send_it(q))
		tell(q);
}

/* -- asking ----------------------------------------------------------------------------------- */

static char *write_body(const char *schema_version, const char *exi)
{
	struct text t;

	text_init(&t, 0);
	text_puts(&t, "{\"certificateInstallationReq\":");
	text_put_json(&t, exi);
	text_puts(&t, ",\"xsdMsgDefNamespace\":");
	text_put_json(&t, schema_version);
	text_putc(&t, '}');
	return text_take(&t, NULL);
}

static struct question *question_create(struct contracts *c, const struct config_contract_pool *p,
	const char *schema_version, const char *exi)
{
	struct question *q = calloc(1, sizeof *q);
	size_t n = strlen(p->url);

	if (!q || (q->body = write_body(schema_version, exi)) == NULL) {
		free(q);
		return NULL;
	}
	running++;
	q->contracts = c;
	while (n && p->url[n - 1] == '/')
		n--;
	snprintf(q->url, sizeof q->url, "%.*s" PATH, (int)n, p->url);
	if (p->ca)
		snprintf(q->ca, sizeof q->ca, "%s%s%s",
			p->ca[0] == '/' ? "" : contracts_core(c)->config_folder,
			p->ca[0] == '/' ? "" : "/", p->ca);
	q->deadline_us = clock_real_us() + POOL_BUDGET_MS * 1000;
	return q;
}

int contract_pool_ask(struct contracts *c, const char *schema_version, const char *exi,
	int64_t most, void (*done)(void *arg, const struct pool_answer *a), void *arg,
	char why[300])
{
	const struct config_contract_pool *p = contracts_core(c)->config->trust->contract_pool;
	struct question *q;

	if (!p) {
		snprintf(why, 300, "no contract pool is configured (trust.contract_pool)");
		return -1;
	}
	if (!is_base64(exi)) {
		snprintf(why, 300, "the vehicle's EXI is not base64");
		return -1;
	}
	q = running < POOL_CALLS_MAX ? question_create(c, p, schema_version, exi) : NULL;
	if (!q) {
		snprintf(why, 300, "too many vehicles ask the contract pool at once");
		return -1;
	}
	q->most = most;
	q->done = done;
	q->arg = arg;
	if (send_it(q))
		return 0;
	snprintf(why, 300, "%.200s cannot be asked: it must be an http(s) address", q->url);
	question_free(q);
	return -1;
}
