/*
 * eMAID: the identity of a contract (ISO 15118-1 annex H, DIN SPEC 91286): two letters of a country,
 * three characters of a provider, nine of a contract, and a check digit that may be left out. People
 * write it with hyphens and in any case. Pure.
 */
#ifndef CSMS_EMAID_H
#define CSMS_EMAID_H

#include <stdbool.h>

#define EMAID_SIZE 15 /* with its NUL, without the check digit */

/* Capitals, no hyphens, no check digit. False: it is no eMAID. */
bool emaid_normal(const char *text, char out[EMAID_SIZE]);

/* The same contract, however it is written. */
bool emaid_same(const char *a, const char *b);

#endif
