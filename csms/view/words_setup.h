/*
 * Words of what a depot rests on: tariffs, certificates, grid operators. Sentences as csms/words.h
 * has them. Pure.
 */
#ifndef CSMS_WORDS_SETUP_H
#define CSMS_WORDS_SETUP_H

#include "csms/money/price_words.h"
#include "csms/words.h"

struct words_tariffs {
	const char *in_force, *next, *next_day; /* names, NULL: none; the day it follows on */
	int series, missing; /* series of prices; of them those that are known for too short */
	struct words_prices first; /* of the one that ends first, where there is one */
	const char
		*failing; /* NULL, or one that is known for long enough and cannot be fetched now */
	bool has_unseen_peak; /* it has demand charges, and no node of the tree has `demand` */
};
void words_tariffs_sentence(struct text *t, const struct words_tariffs *n);
void words_tariffs_sub(struct text *t, const struct words_tariffs *n);

/* Prices of a stretch of time, slot by slot. */
struct words_slots {
	bool has_tariff, needs_series;
	int slots, told,
		unknown; /* told: by the tariff or for that time; unknown: nobody knows any */
	wall_t from, now; /* from: the first that is not told */
	const char *by; /* price_source_words() of that one */
};
void words_slots_sentence(struct text *t, const struct words_slots *n);

struct words_certificates {
	int all, over, due, failed; /* failed: a renewal has come to nothing so far */
	const char *worst; /* owner of the first that is over, failed or due */
	const char *first; /* owner of the one that ends first of those that hold */
	int64_t first_days;
	bool is_rollover; /* a new root is on its way */
	int ready, needed;
};
void words_certificates_sentence(struct text *t, const struct words_certificates *n);
void words_certificates_sub(struct text *t, const struct words_certificates *n);

struct words_peers {
	int peers, registered, silent; /* silent: registered, but not heard */
	const char *silent_name,
		*open_name; /* of the first silent, and of the first not registered */
	int forecasts; /* limits of theirs that hold or are to come */
	int waiting; /* of them those that wait for an answer */
};
void words_peers_sentence(struct text *t, const struct words_peers *n);
void words_peers_sub(struct text *t, const struct words_peers *n);

/* The tree in force against the depot's file. */
void words_settings_sentence(struct text *t, int changed);
void words_settings_sub(struct text *t, int changed);

#endif
