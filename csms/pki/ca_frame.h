/*
 * What depotd and depotd-ca say to one another: texts in a row, behind a length of four bytes (big
 * end first). A question is ["sign", number, profile, days, name, organisation, request]; answers are
 * ["ready", how it is shut in], ["failed", number, why], ["refused", number, why] and ["signed",
 * number, chain]. Pure.
 */
#ifndef CSMS_PKI_CA_FRAME_H
#define CSMS_PKI_CA_FRAME_H

#include <stddef.h>

#define CA_FRAME_MAX   32768 /* bytes behind the length */
#define CA_FRAME_TEXTS 8

/* A whole frame into `out`; its length, or 0: it does not fit. */
size_t ca_frame_write(unsigned char *out, size_t size, const char *const *texts, int count);

/* The frame at the start of `bytes`: how long it is with its length, 0: not all there yet, -1: no
 * frame of ours. `texts` point into it. */
long ca_frame_read(
	const unsigned char *bytes, size_t len, const char *texts[CA_FRAME_TEXTS], int *count);

#endif
