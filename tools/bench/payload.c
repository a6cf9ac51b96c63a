#include "tools/bench/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schemas/wall.h"

static wall_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (wall_t){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

void payload_id(char out[PAYLOAD_ID_SIZE], int station, int64_t number)
{
	snprintf(out, PAYLOAD_ID_SIZE, "%08x-5d1c-4e7a-9b3f-%012llx", (unsigned)station,
		(unsigned long long)number & 0xffffffffffffull);
}

size_t payload_boot(char *out, const char *id, int station)
{
	return (size_t)snprintf(out, PAYLOAD_MAX,
		"[2,\"%s\",\"BootNotification\",{\"reason\":\"PowerUp\",\"chargingStation\":{"
		"\"model\":\"Bench 22\",\"vendorName\":\"Bench\",\"serialNumber\":\"B%07d\","
		"\"firmwareVersion\":\"1.4.2\"}}]",
		id, station);
}

size_t payload_status(char *out, const char *id)
{
	char at[WALL_TEXT_SIZE];

	return (size_t)snprintf(out, PAYLOAD_MAX,
		"[2,\"%s\",\"StatusNotification\",{\"timestamp\":\"%s\","
		"\"connectorStatus\":\"Available\",\"evseId\":1,\"connectorId\":1}]",
		id, wall_format(now(), at));
}

size_t payload_heartbeat(char *out, const char *id)
{
	return (size_t)snprintf(out, PAYLOAD_MAX, "[2,\"%s\",\"Heartbeat\",{}]", id);
}

/* How a transaction begins: nobody authorises, the cable does (C02). */
static const char started[] = "\"eventType\":\"Started\",\"triggerReason\":\"CablePluggedIn\","
			      "\"idToken\":{\"idToken\":\"\",\"type\":\"NoAuthorization\"},";
static const char updated[] = "\"eventType\":\"Updated\",\"triggerReason\":\"MeterValuePeriodic\",";

size_t payload_event(char *out, const char *id, const struct payload_event *e)
{
	char at[WALL_TEXT_SIZE];

	wall_format(now(), at);
	return (size_t)snprintf(out, PAYLOAD_MAX,
		"[2,\"%s\",\"TransactionEvent\",{%s\"timestamp\":\"%s\",\"seqNo\":%lld,"
		"\"transactionInfo\":{\"transactionId\":\"%s\",\"chargingState\":\"%s\"},"
		"\"evse\":{\"id\":1,\"connectorId\":1},"
		"\"meterValue\":[{\"timestamp\":\"%s\",\"sampledValue\":["
		"{\"value\":%.1f,\"measurand\":\"Energy.Active.Import.Register\","
		"\"unitOfMeasure\":{\"unit\":\"Wh\"}},"
		"{\"value\":%.1f,\"measurand\":\"Power.Active.Import\","
		"\"unitOfMeasure\":{\"unit\":\"W\"}},"
		"{\"value\":%.2f,\"measurand\":\"Current.Import\",\"phase\":\"L1\"},"
		"{\"value\":%.2f,\"measurand\":\"Current.Import\",\"phase\":\"L2\"},"
		"{\"value\":%.2f,\"measurand\":\"Current.Import\",\"phase\":\"L3\"},"
		"{\"value\":%.1f,\"measurand\":\"SoC\",\"location\":\"EV\"}]}]}]",
		id, e->seq_no == 0 ? started : updated, at, (long long)e->seq_no, e->transaction,
		e->power_w > 0 ? "Charging" : "SuspendedEVSE", at, e->energy_wh, e->power_w,
		e->power_w / 692, e->power_w / 691, e->power_w / 689, e->soc_pct);
}

/* -- answers ---------------------------------------------------------------------------------- */

struct part {
	const char *at;
	size_t len;
};

/* The next quoted text at or after `from`. Good for the ids and actions that depotd writes. */
static struct part quoted(const char *from, const char *end)
{
	const char *open = memchr(from, '"', (size_t)(end - from)), *close = NULL;

	if (open)
		close = memchr(open + 1, '"', (size_t)(end - open - 1));
	return close ? (struct part){open + 1, (size_t)(close - open - 1)} : (struct part){0};
}

static int is(struct part p, const char *word)
{
	return p.len == strlen(word) && memcmp(p.at, word, p.len) == 0;
}

static void read_limit(const char *call, size_t len, double *limit_w)
{
	static const char key[] = "\"limit\":";
	const char *at = memmem(call, len, "\"TxProfile\"", 11);

	at = at ? memmem(call, len, key, sizeof key - 1) : NULL;
	if (at)
		*limit_w = strtod(at + sizeof key - 1, NULL); /* "]}" ends every call */
}

size_t payload_answer(char *out, const char *call, size_t len, double *limit_w)
{
	const char *end = call + len;
	struct part id, action;
	const char *payload = NULL;

	if (len < 4 || memcmp(call, "[2,", 3) != 0)
		return 0;
	id = quoted(call, end);
	action = id.at ? quoted(id.at + id.len + 1, end) : id;
	if (!action.at || id.len >= PAYLOAD_ID_SIZE)
		return 0;
	if (is(action, "SetChargingProfile")) {
		payload = "{\"status\":\"Accepted\"}";
		read_limit(call, len, limit_w);
	} else if (is(action, "SetVariables") && memmem(call, len, "TxUpdatedInterval", 17)) {
		payload = "{\"setVariableResult\":[{\"attributeStatus\":\"Accepted\","
			  "\"component\":{\"name\":\"SampledDataCtrlr\"},"
			  "\"variable\":{\"name\":\"TxUpdatedInterval\"}}]}";
	}
	if (payload)
		return (size_t)snprintf(
			out, PAYLOAD_MAX, "[3,\"%.*s\",%s]", (int)id.len, id.at, payload);
	return (size_t)snprintf(out, PAYLOAD_MAX,
		"[4,\"%.*s\",\"NotSupported\",\"a station of the bench does not do this\",{}]",
		(int)id.len, id.at);
}
