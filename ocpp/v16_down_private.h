/*
 * What the files of the downward translation share: for ocpp/v16_down*.c, v16_profile.c and
 * v16_config.c only.
 */
#ifndef OCPP_V16_DOWN_PRIVATE_H
#define OCPP_V16_DOWN_PRIVATE_H

#include "ocpp/v16_down.h"

/* A plan in the making. */
struct v16_making {
	struct arena *arena;
	const struct v16_facts *facts;
	struct v16_plan *plan;
	size_t room;
	const char *why;
};

/* The zeroed request of one more ask; NULL without memory. */
void *v16_add(struct v16_making *m, int action16);

/* Marks the last ask as fallback of the one before it. */
void v16_mark_fallback(struct v16_making *m);

/* -1, with the reason. */
int v16_refuse(struct v16_making *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The connectorId of an EVSE, or -1 refused. `has` false: 0, the station. */
int v16_connector(struct v16_making *m, bool has, int64_t evse, int64_t *out);

/* The number that a 2.0.1 transactionId of a 1.6 station stands for; -1: it is none. */
int v16_transaction_number(const char *id, int64_t *out);

/* A token as an idTag, or NULL refused. */
const char *v16_tag_of(struct v16_making *m, const struct ocpp201_id_token *t);

/* statusInfo; NULL without memory. */
struct ocpp201_status_info *v16_info(struct arena *a, const char *code, const char *words);

/* Walks that make a plan of a request, and a response of the replies. */
typedef int (*v16_make_fn)(struct v16_making *m, const void *request);
typedef const void *(*v16_conclude_fn)(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why);

/* The response of the last ask that has one. */
const void *v16_last(const struct v16_plan *p, const struct v16_reply *replies, int *action16);

/* v16_profile.c */
int v16_make_set_profile(struct v16_making *m, const void *request);
int v16_make_clear_profile(struct v16_making *m, const void *request);
int v16_make_composite(struct v16_making *m, const void *request);
int v16_make_request_start(struct v16_making *m, const void *request);
const void *v16_conclude_composite(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why);

/* v16_config.c */
int v16_make_set_variables(struct v16_making *m, const void *request);
int v16_make_get_variables(struct v16_making *m, const void *request);
int v16_make_base_report(struct v16_making *m, const void *request);
const void *v16_conclude_set_variables(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why);
const void *v16_conclude_get_variables(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why);

/* v16_files.c */
int v16_make_get_log(struct v16_making *m, const void *request);
int v16_make_update_firmware(struct v16_making *m, const void *request);
int v16_make_install(struct v16_making *m, const void *request);
int v16_make_delete(struct v16_making *m, const void *request);
int v16_make_installed(struct v16_making *m, const void *request);
int v16_make_signed(struct v16_making *m, const void *request);
const void *v16_conclude_get_log(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why);
const void *v16_conclude_update_firmware(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why);
const void *v16_conclude_installed(struct arena *a, const struct v16_plan *p,
	const struct v16_reply *replies, const char **why);

#endif
