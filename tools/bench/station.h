/*
 * Station: one charge point of the bench with one EVSE. It connects, boots, tells the state of its
 * connector, sends a Heartbeat, and is then idle until it is told to send something. It keeps the
 * rule of one CALL in flight (OCPP-J 4.1.1), obeys charging profiles and counts its own energy, so
 * that depotd has no reason to doubt its numbers.
 */
#ifndef BENCH_STATION_H
#define BENCH_STATION_H

#include "tools/bench/payload.h"
#include "tools/bench/client.h"

enum station_state {
	STATION_DOWN = 0,
	STATION_CONNECTING,
	STATION_BOOTING,
	STATION_TELLING, /* StatusNotification */
	STATION_GREETING, /* Heartbeat */
	STATION_IDLE,
	STATION_BUSY, /* a CALL that it was told to send is in flight */
};

enum station_job { JOB_HEARTBEAT, JOB_EVENT };

struct station {
	struct client client;
	enum station_state state;
	int number;
	char id[16];
	int64_t due_us; /* when what is in flight should have been sent */
	int64_t asked; /* CALLs sent, for the ids */
	char asked_id[PAYLOAD_ID_SIZE];
	char transaction[PAYLOAD_ID_SIZE];
	int64_t seq_no;
	double power_w, energy_wh;
	int64_t energy_us; /* up to when the energy is counted */
};

/* What came of a text of depotd. */
enum station_news {
	NEWS_NONE,
	NEWS_CALL, /* a CALL of depotd, answered */
	NEWS_LOWERED, /* … by which it draws less */
	NEWS_RAISED, /* … or more */
	NEWS_READY, /* booted and greeted: idle from now on */
	NEWS_ANSWERED, /* the answer to the job */
	NEWS_BAD, /* an error, or an answer to something that was not asked */
};

/* The name by which depotd knows station `number`. */
void station_name(int number, char out[16]);

void station_init(struct station *s, int number);

/* The connection is open: boots. */
void station_opened(struct station *s);

/* Takes a text of depotd, answers it, goes on with the greeting. */
enum station_news station_take(struct station *s, const char *text, size_t len);

/* Sends the message of a job from an idle station; `due_us` is when it should have gone. A new
 * connection goes on with the transaction that the station had. */
void station_do(struct station *s, enum station_job job, int64_t due_us);

#endif
