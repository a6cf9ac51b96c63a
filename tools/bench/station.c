#include "tools/bench/station.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define POWER_MOST_W 10950.0 /* a van on a 22 kW point: three phases of 16 A, near enough */
#define BATTERY_WH   80000.0

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void station_name(int number, char out[16])
{
	snprintf(out, 16, "BENCH-%05d", number);
}

void station_init(struct station *s, int number)
{
	memset(s, 0, sizeof *s);
	s->client.fd = -1;
	s->number = number;
	station_name(number, s->id);
	snprintf(s->transaction, sizeof s->transaction, "7f3c9a52-1b64-4d0c-9a41-%012d", number);
	s->energy_wh = 100000 + number;
}

/* -- out -------------------------------------------------------------------------------------- */

static void next_id(struct station *s)
{
	payload_id(s->asked_id, s->number, ++s->asked);
}

static void ask(struct station *s, size_t (*write)(char *out, const char *id))
{
	char text[PAYLOAD_MAX];

	next_id(s);
	client_send(&s->client, text, write(text, s->asked_id));
}

void station_opened(struct station *s)
{
	char text[PAYLOAD_MAX];

	s->state = STATION_BOOTING;
	next_id(s);
	client_send(&s->client, text, payload_boot(text, s->asked_id, s->number));
}

/* The register goes on by the power since the last time, as a meter's does. */
static void count_energy(struct station *s)
{
	int64_t now = now_us();

	if (s->energy_us)
		s->energy_wh += s->power_w * (double)(now - s->energy_us) / 3600e6;
	s->energy_us = now;
}

static void send_event(struct station *s)
{
	char text[PAYLOAD_MAX];
	struct payload_event e = {.transaction = s->transaction, .seq_no = s->seq_no++};

	count_energy(s);
	/* A meter is never still. */
	e.power_w = s->power_w > 0 ? s->power_w - (double)(s->seq_no * 37 % 100) : 0;
	e.energy_wh = s->energy_wh;
	e.soc_pct = 20 + (s->energy_wh - 100000 - s->number) * 100 / BATTERY_WH;
	next_id(s);
	client_send(&s->client, text, payload_event(text, s->asked_id, &e));
}

void station_do(struct station *s, enum station_job job, int64_t due_us)
{
	s->state = STATION_BUSY;
	s->due_us = due_us;
	if (job == JOB_EVENT)
		send_event(s);
	else
		ask(s, payload_heartbeat);
}

/* -- in --------------------------------------------------------------------------------------- */

static enum station_news answer(struct station *s, const char *call, size_t len)
{
	char text[PAYLOAD_MAX];
	double limit_w = -1, before_w = s->power_w;
	size_t n = payload_answer(text, call, len, &limit_w);

	if (!n)
		return NEWS_BAD;
	if (limit_w >= 0) {
		count_energy(s);
		s->power_w = limit_w < POWER_MOST_W ? limit_w : POWER_MOST_W;
	}
	client_send(&s->client, text, n);
	return s->power_w < before_w   ? NEWS_LOWERED
	       : s->power_w > before_w ? NEWS_RAISED
				       : NEWS_CALL;
}

static int is_accepted(const char *text, size_t len)
{
	return memmem(text, len, "\"Accepted\"", 10) != NULL;
}

/* An answer came to what was asked last: goes on with the greeting, or the job is done. */
static enum station_news go_on(struct station *s, const char *text, size_t len)
{
	switch (s->state) {
	case STATION_BOOTING:
		if (!is_accepted(text, len))
			return NEWS_BAD;
		s->state = STATION_TELLING;
		ask(s, payload_status);
		return NEWS_NONE;
	case STATION_TELLING:
		s->state = STATION_GREETING;
		ask(s, payload_heartbeat);
		return NEWS_NONE;
	case STATION_GREETING:
		s->state = STATION_IDLE;
		return NEWS_READY;
	case STATION_BUSY:
		s->state = STATION_IDLE;
		return NEWS_ANSWERED;
	default:
		return NEWS_BAD;
	}
}

enum station_news station_take(struct station *s, const char *text, size_t len)
{
	size_t id = strlen(s->asked_id);

	if (len > 3 && text[1] == '2')
		return answer(s, text, len);
	if (len < id + 6 || memcmp(text, "[3,\"", 4) != 0 || memcmp(text + 4, s->asked_id, id) != 0)
		return NEWS_BAD;
	return go_on(s, text, len);
}
