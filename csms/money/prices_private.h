/* Prices, inside: for the files prices*.c only. */
#ifndef CSMS_PRICES_PRIVATE_H
#define CSMS_PRICES_PRIVATE_H

#include "csms/money/prices.h"
#include "csms/zone.h"
#include "db/query_price.h"

#define PRICES_TARIFFS_MAX 100
#define PRICES_MONTHS      26 /* a ratchet looks back 24 */

struct http_call;
struct http_client;

struct price_feed {
	struct prices *prices;
	int index;
	struct price_series series;
	struct price_state state;
	struct timer timer;
	struct http_call *call; /* under way */
	char token[300]; /* secret */
	char why_not[300]; /* it is not fetched: the trouble with its token */
};

struct price_tariff_held {
	struct price_tariff view;
	struct arena *arena; /* of view.row */
	char *text; /* its row as JSON */
};

/* What the site took in a billing month, as far as it was metered. */
struct price_month {
	int64_t month, wh;
};

struct prices {
	struct core *core;
	struct zone zone;
	struct zone zone_next;
	int64_t zone_until_ms;
	int tariff_count;
	struct price_tariff_held *tariffs[PRICES_TARIFFS_MAX];
	int feed_count;
	struct price_feed *feeds[PRICES_SERIES_MAX];
	struct http_client *http; /* NULL: nothing is fetched (scenario tests) */
	struct timer minute;
	/* of the billing month, from the demand windows of the grid connection */
	int64_t month_wh;
	int peak_count;
	struct bill_peak peaks[TARIFF_DEMANDS * PRICES_MONTHS];
	int month_count;
	struct price_month months[PRICES_MONTHS]; /* newest last */
	struct month_read *reading; /* under way */
	struct settling *settling; /* under way */
	wall_t estimated_at; /* newest plan that estimates were made by */
	uint64_t *seen; /* digests of its transactions, sorted */
	int seen_count;
	int minutes;
};

/* prices_tariff.c */
int prices_tariffs_restore(struct prices *p, char why[400]);
void prices_tariffs_finish(struct prices *p);

/* prices_series.c */
int prices_series_restore(struct prices *p, char why[400]);
void prices_series_watch(struct prices *p);

/* prices_fetch.c */
int prices_fetch_start(struct prices *p);
void prices_fetch_stop(struct prices *p);

/* prices_month.c: peaks and energy of the billing months, from the site's demand windows */
int prices_months_restore(struct prices *p, char why[400]);
void prices_months_refresh(struct prices *p);
void prices_months_forget(struct prices *p); /* it goes while it is read */

/* prices_cost.c: what energy of transactions was expected to cost, and did */
int prices_costs_restore(struct prices *p, char why[400]);
void prices_costs_work(struct prices *p);
void prices_costs_forget(struct prices *p);

#endif
