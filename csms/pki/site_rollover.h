/*
 * The depot's root, replaced step by step (M05): a new one beside the old, signed by it too, for
 * stations to install first (AdditionalRootCertificateCheck); then the servers' certificates below the
 * new one. Reads and writes files: for a thread that may wait.
 */
#ifndef CSMS_PKI_SITE_ROLLOVER_H
#define CSMS_PKI_SITE_ROLLOVER_H

#include <stdint.h>

struct site_rollover {
	char cross[6001]; /* the new root as the old one signed it, PEM: what stations install */
	char serial[42]; /* … its serial number */
	char root_serial[42]; /* of the new root as it signed itself */
	char subject[301];
	int64_t not_after_ms;
};

/* What is prepared in `dir`/next, if anything: 1, or 0. */
int site_rollover_read(const char *dir, struct site_rollover *out);

/* Makes it, unless it is there. -1 with one line. */
int site_rollover_prepare(const char *dir, struct site_rollover *out, char why[200]);

/* The new root is the root: what was, lies in `dir`/previous; servers have certificates of the new one
 * with the same keys and names, and the cross certificate behind them, for who knows only the old
 * root. -1 with one line. */
int site_rollover_switch(const char *dir, char why[200]);

/* Takes what was prepared away. */
int site_rollover_abort(const char *dir, char why[200]);

#endif
