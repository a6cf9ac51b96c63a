/* Journal events as the API shows them. */
#ifndef CSMS_API_JOURNAL_VIEW_H
#define CSMS_API_JOURNAL_VIEW_H

#include "csms/api/route.h"
#include "db/query_log.h"
#include "gen/api.h"

/* The page's events as views for one of that role; they share its strings. Empty if there is no
 * memory. */
void journal_view(const struct db_journal_page *page, enum role role, struct arena *a,
	struct api_journal_event_list *out);

#endif
