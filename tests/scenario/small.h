/*
 * A small depot for scenarios of one failure each: four places for 88 kW of vans below a site that
 * leaves them about 45, so that the guard always has something to do.
 */
#ifndef TESTS_SCENARIO_SMALL_H
#define TESTS_SCENARIO_SMALL_H

#define SMALL_LIMIT_W 60000
#define SMALL_TAIL_W  4140

static const char small_depot[] =
	"depot: small\nname: Small\ntimezone: Europe/Amsterdam\n"
	"nodes:\n"
	"  - {id: site, kind: site, limit_w: 60000, meter: main}\n"
	"  - {id: house, kind: load, parent: site, limit_w: 30000}\n"
	"  - {id: feeder, kind: feeder, parent: site, limit_w: 50000}\n"
	"meters:\n"
	"  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1502}, unit: 1}\n"
	"stations:\n"
	"  - {id: CP-1, node: feeder, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, "
	"tail_w: 4140}]}\n"
	"  - {id: CP-2, node: feeder, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, "
	"tail_w: 4140}]}\n"
	"  - {id: CP-3, node: feeder, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, "
	"tail_w: 4140}]}\n"
	"  - {id: CP-4, node: feeder, evses: [{id: 1, kind: dc, max_w: 22000, min_w: 4140, "
	"tail_w: 4140}]}\n"
	"vehicles:\n"
	"  - {id: V-1, token: T1, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, "
	"min_w: 4140, target_pct: 90, departs: \"06:00\"}\n"
	"  - {id: V-2, token: T2, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, "
	"min_w: 4140, target_pct: 90, departs: \"06:10\"}\n"
	"  - {id: V-3, token: T3, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, "
	"min_w: 4140, target_pct: 90, departs: \"06:20\"}\n"
	"  - {id: V-4, token: T4, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 22000, "
	"min_w: 4140, target_pct: 90, departs: \"06:30\"}\n";

/* All four are there from 17:00 on; failures may follow. */
#define SMALL_VISITS                                                                               \
	"base_load:\n"                                                                             \
	"  - {node: house, noise_w: 500, points: [{at: \"00:00\", w: 10000}]}\n"                   \
	"visits:\n"                                                                                \
	"  - {vehicle: V-1, station: CP-1, arrives: \"17:00\", soc_pct: 20}\n"                     \
	"  - {vehicle: V-2, station: CP-2, arrives: \"17:05\", soc_pct: 15}\n"                     \
	"  - {vehicle: V-3, station: CP-3, arrives: \"17:10\", soc_pct: 25}\n"                     \
	"  - {vehicle: V-4, station: CP-4, arrives: \"17:15\", soc_pct: 20}\n"

/* Waits for nothing but a little past the last arrival. */
#define SMALL_ALL_HERE "17:30"

#endif
