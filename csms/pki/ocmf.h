/*
 * Signed meter readings: is the signature of a reading in OCMF (Open Charge Metering Format 1.0) that
 * of the public key that came with it? Whether the key is the meter's own, its plate says. Pure.
 */
#ifndef CSMS_PKI_OCMF_H
#define CSMS_PKI_OCMF_H

#include "schemas/arena.h"

enum ocmf_verdict { OCMF_VERIFIED, OCMF_WRONG, OCMF_UNVERIFIABLE };

const char *ocmf_verdict_name(enum ocmf_verdict v);

/* The three as OCPP has them (SignedMeterValueType): data in base64; the key in base64 or hex, DER of
 * a SubjectPublicKeyInfo, also behind "oca:base16:asn1:". `why` gets a line for a person. */
enum ocmf_verdict ocmf_verify(
	const char *data, const char *encoding, const char *key, struct arena *a, char why[200]);

#endif
