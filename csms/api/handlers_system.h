/* Handlers of routes that are about the daemon itself; by the file that they stand in. */
#ifndef CSMS_API_HANDLERS_SYSTEM_H
#define CSMS_API_HANDLERS_SYSTEM_H

struct ask;

/* routes.c */
void permissions_get(struct ask *k);

/* backup.c */
void backup_post(struct ask *k);

/* health.c */
void metrics_get(struct ask *k);
void livez_get(struct ask *k);
void readyz_get(struct ask *k);

/* routes.c */
void routes_get(struct ask *k);

/* settings.c */
void settings_get(struct ask *k);

#endif
