/* The commands of depotctl, by the file that they stand in, and what those files share. */
#ifndef DEPOTCTL_COMMANDS_H
#define DEPOTCTL_COMMANDS_H

#include "tools/depotctl/ctl.h"

/* show.c */
int ctl_status(struct ctl *c);
int ctl_stations(struct ctl *c);
int ctl_station(struct ctl *c);
int ctl_vehicles(struct ctl *c);
int ctl_meters(struct ctl *c);
int ctl_tree(struct ctl *c);
void show_overview(struct ctl *c, const struct api_overview *o);

/* identity.c */
int ctl_identity(struct ctl *c);
int ctl_refusals(struct ctl *c);
int ctl_password(struct ctl *c);

/* told.c */
int ctl_displays(struct ctl *c);
int ctl_customer_reports(struct ctl *c);
int ctl_security_events(struct ctl *c);

/* plan.c */
int ctl_plan(struct ctl *c);
int ctl_whatif(struct ctl *c);

/* roster.c: what vehicles do each week; a part of ctl_trip() */
int roster_command(struct ctl *c);

/* follow.c: how far chargers go by plans; parts of ctl_plan() */
void follow_print(struct ctl *c, const struct api_plan_followed *f);
int follow_decide(struct ctl *c, const char *verb, const char *plan);
int follow_mode(struct ctl *c, const char *node, const char *mode);

/* records.c */
int ctl_sessions(struct ctl *c);
int ctl_session(struct ctl *c);
int ctl_journal(struct ctl *c);
int ctl_calls(struct ctl *c);

/* commands.c */
int ctl_command(struct ctl *c);
int ctl_commands_list(struct ctl *c);
int ctl_forget(struct ctl *c);

/* envelope.c */
int ctl_envelope(struct ctl *c);

/* guard.c */
int ctl_power(struct ctl *c);
int ctl_obedience(struct ctl *c);

/* alarms.c */
int ctl_alarms(struct ctl *c);
int ctl_points(struct ctl *c);

/* wire.c */
int ctl_wire(struct ctl *c);

/* replay.c */
int ctl_replay(struct ctl *c);

/* change.c */
int ctl_call(struct ctl *c);
int ctl_set_station(struct ctl *c);
int ctl_remove_station(struct ctl *c);
int ctl_passwords(struct ctl *c);
int ctl_link(struct ctl *c);
int ctl_api_token(struct ctl *c);
int ctl_metrics(struct ctl *c);
int ctl_backup(struct ctl *c);
int ctl_routes(struct ctl *c);

/* audit.c */
int ctl_audit(struct ctl *c);

/* people.c */
int ctl_user(struct ctl *c);
int ctl_approval(struct ctl *c);

/* cards.c */
int ctl_token(struct ctl *c);
int ctl_identities(struct ctl *c);
int ctl_local_list(struct ctl *c);
int ctl_clear_cache(struct ctl *c);
int ctl_reserve(struct ctl *c);
int ctl_reservations(struct ctl *c);

/* device.c */
int ctl_variables(struct ctl *c);
int ctl_compare(struct ctl *c);
int ctl_set_variable(struct ctl *c);
int ctl_job(struct ctl *c);
int ctl_network_profile(struct ctl *c);
int ctl_monitors(struct ctl *c);
int ctl_alerts(struct ctl *c);

/* files.c */
int ctl_logs(struct ctl *c);
int ctl_files(struct ctl *c);
int ctl_firmware(struct ctl *c);
int ctl_campaign(struct ctl *c);
int ctl_certificates(struct ctl *c);

/* ca.c */
int ctl_ca(struct ctl *c);
int ctl_calendar(struct ctl *c);

/* profiles.c */
int ctl_profiles(struct ctl *c);
int ctl_composite(struct ctl *c);

/* grid.c */
int ctl_grid(struct ctl *c);

/* meter.c */
int ctl_meter(struct ctl *c);
/* oscp.c */
int ctl_oscp(struct ctl *c);

/* tariff.c */
int ctl_tariff(struct ctl *c);
int ctl_prices(struct ctl *c);

/* cost.c */
int ctl_costs(struct ctl *c);
int ctl_bill(struct ctl *c);

/* walk.c */
int ctl_walk(struct ctl *c);

/* telematics.c */
int ctl_telematics(struct ctl *c);

/* trip.c */
int ctl_trip(struct ctl *c);
int ctl_readiness(struct ctl *c);
int ctl_report(struct ctl *c);

/* vehicle.c */
int ctl_vehicle(struct ctl *c);

/* storage.c */
int ctl_storage(struct ctl *c);
int ctl_discharge(struct ctl *c);
int ctl_flexibility(struct ctl *c);

/* watch.c */
int ctl_watch(struct ctl *c);

/* offline.c */
int ctl_rebuild(struct ctl *c);
int ctl_unseal(struct ctl *c);
int ctl_pki(struct ctl *c);
int ctl_roots(struct ctl *c);
int ctl_verify(struct ctl *c);
/* The same, and whether the journal still has the line of the anchor (NULL: none). */
int ctl_verify_with(struct ctl *c, const struct api_audit_anchor *anchor);

#endif
