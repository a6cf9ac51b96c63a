/*
 * The password of a 1.6 station: up to 20 raw bytes, which 1.6 writes as hexadecimal digits where
 * it must be text (AuthorizationKey; security white paper, A00.FR.205). What was registered may be
 * the bytes or the digits, and a station may send either.
 */
#ifndef CSMS_V16_PASSWORD_H
#define CSMS_V16_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

/* True if `fits` takes the password in any of its spellings; no more than four are tried. */
bool v16_password_fits(const unsigned char *password, size_t len,
	bool (*fits)(void *arg, const unsigned char *password, size_t len), void *arg);

#endif
