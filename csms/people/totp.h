/*
 * TOTP: the second factor (RFC 6238, SHA-1, 30 s, six digits, as every authenticator app has it), and
 * its secret in base32 for people. Pure; any thread.
 */
#ifndef CSMS_PEOPLE_TOTP_H
#define CSMS_PEOPLE_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOTP_SECRET      20 /* bytes: RFC 4226, 4, R6 */
#define TOTP_SECRET_TEXT 33 /* in base32, with NUL */
#define TOTP_STEP_S      30

void totp_secret(unsigned char secret[TOTP_SECRET], char text[TOTP_SECRET_TEXT]);

/* The code of a step of time (RFC 4226, 5.3). */
int totp_code(const unsigned char *secret, size_t len, int64_t step);

/* True for the code of this step, the one before or the one after, if that is later than `*used`,
 * the step of the code that was taken last: a code that was seen is worth nothing (RFC 6238, 5.2). */
bool totp_matches(
	const unsigned char secret[TOTP_SECRET], const char *code, int64_t now_s, int64_t *used);

#endif
