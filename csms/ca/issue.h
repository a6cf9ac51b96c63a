/*
 * Issue: a certificate for a request. What the request says but for its key and its names is ignored;
 * it is judged here once more, by who has the keys.
 */
#ifndef CSMS_CA_ISSUE_H
#define CSMS_CA_ISSUE_H

#include "csms/ca/issuers.h"

struct issue_order {
	const char *profile; /* "station", "v2g", "combined" */
	const char *common_name, *organisation; /* must be the request's */
	const char *csr; /* PEM */
	int days;
};

enum issue_end { ISSUE_SIGNED, ISSUE_REFUSED, ISSUE_FAILED };

/* The chain in PEM, without the root, or why not. */
enum issue_end issue(
	struct issuers *i, const struct issue_order *o, char chain[12000], char why[200]);

#endif
