/* A token as the API shows it; its texts are the token's, so it is for an answer at once. */
#ifndef CSMS_API_TOKEN_VIEW_H
#define CSMS_API_TOKEN_VIEW_H

#include "csms/fleet.h"
#include "gen/api.h"
#include "gen/depot.h"

void token_view(const struct depot_file *d, const struct token *t, struct arena *a,
	struct api_token_view *out);

#endif
