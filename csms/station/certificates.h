/*
 * Certificates: which certificate authorities stations were told to trust, as they report it
 * (M03 to M05). Kept by the journal; read through db/query_file.h. Loop thread only.
 */
#ifndef CSMS_CERTIFICATES_H
#define CSMS_CERTIFICATES_H

#include "csms/fleet.h"
#include "schemas/codec.h"

struct core;

/* The answer to GetInstalledCertificateIds, InstallCertificate, DeleteCertificate or
 * CertificateSigned is in. */
void certificates_answered(
	struct core *c, struct station *s, int action, const void *request, const void *response);

/* May this InstallCertificate be sent: one certificate of an authority, valid now? (M05) */
int certificates_check_install(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);

/* May this CertificateSigned be sent: a chain that begins with a certificate of no authority, valid
 * now, and holds no key? (A02) */
int certificates_check_signed(const struct core *c, const struct station *s, const void *request,
	struct schema_error *err);

#endif
