/* Handlers of routes that are about certificates and roots; by the file that they stand in. */
#ifndef CSMS_API_HANDLERS_CERTIFICATES_H
#define CSMS_API_HANDLERS_CERTIFICATES_H

struct ask;

/* certificates.c */
void security_events_list(struct ask *k);
void password_rotation_post(struct ask *k);
void station_identity_get(struct ask *k);
void station_identity_put(struct ask *k);
void station_certificates_list(struct ask *k);
void manufacturer_roots_list(struct ask *k);
void manufacturer_root_put(struct ask *k);
void manufacturer_root_delete(struct ask *k);
void contract_roots_list(struct ask *k);
void contract_root_put(struct ask *k);
void contract_root_delete(struct ask *k);

/* signing.c */
void authority_show(struct ask *k);
void certificate_requests_list(struct ask *k);
void issued_list(struct ask *k);
void issued_get(struct ask *k);
void issued_revoke(struct ask *k);
void certificate_hashes_post(struct ask *k);

/* calendar.c */
void calendar_show(struct ask *k);
void calendar_look(struct ask *k);

/* rollover.c */
void rollover_show(struct ask *k);
void rollover_post(struct ask *k);

#endif
