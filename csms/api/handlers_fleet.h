/* Handlers of routes that are about vehicles, cards, charging and what it costs; by the file that they stand in. */
#ifndef CSMS_API_HANDLERS_FLEET_H
#define CSMS_API_HANDLERS_FLEET_H

struct ask;

/* tokens.c */
void tokens_list(struct ask *k);
void token_get(struct ask *k);
void token_put(struct ask *k);
void token_delete(struct ask *k);

/* vehicles.c */
void vehicles_list(struct ask *k);
void vehicle_get(struct ask *k);
void identities_put(struct ask *k);
void vehicle_soc_post(struct ask *k);
void vehicle_put_row(struct ask *k);
void vehicle_delete(struct ask *k);

/* trips.c */
void trips_list(struct ask *k);
void trip_put_row(struct ask *k);
void trip_delete(struct ask *k);
void trips_import(struct ask *k);
void consumption_list(struct ask *k);

/* rosters.c */
void rosters_list(struct ask *k);
void roster_put(struct ask *k);
void roster_delete(struct ask *k);

/* readiness.c */
void readiness_get(struct ask *k);

/* chances.c */
void chances_get(struct ask *k);

/* telematics.c */
void vehicle_readings(struct ask *k);
void telematics_sources_list(struct ask *k);
void telematics_token_post(struct ask *k);
void telematics_token_delete(struct ask *k);
void telematics_aside_list(struct ask *k);
void telematics_aside_put(struct ask *k);
void telematics_aside_replay(struct ask *k);
void telematics_aside_replay_all(struct ask *k);
void telematics_aside_delete(struct ask *k);

/* transactions.c */
void transactions_list(struct ask *k);
void transaction_get(struct ask *k);
void transaction_signed_get(struct ask *k);

/* meter_values.c */
void transaction_values_get(struct ask *k);

/* tariffs.c, prices.c: what the depot pays for energy */
void tariffs_list(struct ask *k);
void tariff_get(struct ask *k);
void tariff_put(struct ask *k);
void tariff_delete(struct ask *k);
void prices_get(struct ask *k);
void series_list(struct ask *k);
void series_put(struct ask *k);
void series_fetch(struct ask *k);

/* costs.c: what energy cost */
void costs_list(struct ask *k);
void cost_get(struct ask *k);
void bill_get(struct ask *k);

/* transactions.c, session_course.c */
void session_course_get(struct ask *k);

/* tariff_try.c */
void tariff_try_post(struct ask *k);

/* prices.c: answers with the slots */
struct price_slots;
void prices_reply(struct ask *k, const struct price_slots *s);

#endif
