/* What each kind of alarm is. Words for the one who is called at night: what to do first, then the
 * rest in order. */
#include <string.h>

#include "csms/alarms.h"

#define ROW(kind, text, when, calm, next, steps)                                                   \
	[ALARM_##kind] = {.name = text,                                                            \
		.rank = ALARM_##when,                                                              \
		.calm_s = calm,                                                                    \
		.step = next,                                                                      \
		.runbook = steps}

const struct alarm_row alarm_table[ALARM_KIND_COUNT] = {
	ROW(MEASUREMENT_OLD, "measurement-old", TONIGHT, 60,
		"Look at the node's meter: `depotctl meters` says what is wrong with it.",
		"Open `depotctl meters`: is the meter silent, or doubted, and why?\n"
		"One meter silent: its fuse, its wire, its address. All of a gateway: the gateway's "
		"power and network.\n"
		"Doubted, it does not move: restart the gateway, which may repeat its last answer.\n"
		"Doubted, it shows less than what is drawn: `depotctl walk STATION EVSE --yes` with a "
		"van below it; turn the transformer, or set `ratio` or `reversed`.\n"
		"No van gets power to walk with: the walk itself gives it some.\n"
		"Until it is mended the node charges less, never more: nothing else must be done."),
	ROW(LIMIT_BROKEN, "limit-broken", URGENT, 60,
		"Find what grew, other load or what feeds in: EVSEs are lowered already.",
		"Look at the node: how much is EVSEs, how much is other load.\n"
		"Other load alone above the limit: switch off what can be; charging cannot help.\n"
		"It feeds in too much: lower the inverter. depotd curtails no PV, and a battery only "
		"with `control: true`.\n"
		"EVSEs draw more than they may: see alarms charger-disobeys; switch that charger off.\n"
		"Neither: check the meter's transformer ratio and the limit in the depot's file."),
	ROW(CHARGER_DISOBEYS, "charger-disobeys", TONIGHT, 0,
		"Reset the charger when its van can spare it.",
		"Others pay for what it draws: it counts as load that nobody controls.\n"
		"See `depotctl obedience STATION` for what it is like.\n"
		"Compare its charging profiles with ours: `depotctl profiles STATION`.\n"
		"Reset it; if it goes on, look for newer firmware, or switch its local load "
		"management on."),
	ROW(DEMAND_AT_RISK, "demand-at-risk", URGENT, 300,
		"Switch off other load until the window ends.",
		"Charging is at its least already, and the other load alone breaks the target.\n"
		"Switch off what can wait for some minutes: heating, cooling, compressors.\n"
		"If the target was set too low for this depot, raise target_w in the depot's file: a "
		"month's peak is paid only once."),
	ROW(GRID_LOST, "grid-lost", URGENT, 60,
		"Call the grid operator; vans that leave first charge from the stores.",
		"Is it the street or the house? Look at the main switch and the neighbours.\n"
		"With stores: depotd sheds to what they and PV give, in the order of departure.\n"
		"Decide which vans must not leave later, and set their departures.\n"
		"When the grid is back depotd waits, then lets the vans return in steps."),
	ROW(POWER_RETURNED, "power-returned", THIS_WEEK, 60, "Nothing: charging returns in steps.",
		"The feeder's power was gone and is back. Vans start one after another.\n"
		"If it trips again the steps become smaller; find out what trips it.\n"
		"Stations that do not come back: their own breaker."),
	ROW(METER_SILENT, "meter-silent", TONIGHT, 60, "Look at the meter's wire and gateway.",
		"`depotctl meters` shows timeouts and errors of the link.\n"
		"Timeouts only: power, address, wire. Errors of checksum: the bus's end "
		"resistors, parity, speed and ground.\n"
		"After repair nothing must be done: readings are taken up at once."),
	ROW(STATION_SILENT, "station-silent", TONIGHT, 60,
		"Move the van, or bring the station back before it leaves.",
		"The station has no connection and a van stands there that needs it.\n"
		"It charges with its safe tail only, if at all.\n"
		"Look at its breaker and its network; restart it.\n"
		"No time: another place for the van."),
	ROW(DISK_FULL, "disk-full", TONIGHT, 300, "Make room on the disk of the store.",
		"Messages are no longer recorded; the journal has the rest of the room.\n"
		"Old logs and backups on that disk go first.\n"
		"Then less in the store: store.wire_max_mb, store.series_max_days."),
	ROW(ENVELOPE_REFUSED, "envelope-refused", TONIGHT, 0,
		"Read why, and tell the grid operator.",
		"A limit came that could not be taken; the one before it stands.\n"
		"The reason is in the alarm: unknown node, wrong unit, in the past.\n"
		"Agree with the operator what is meant."),
	ROW(ENVELOPE_FALLBACK, "envelope-fallback", TONIGHT, 60,
		"Ask the grid operator why its system is silent.",
		"The agreed fallback is in force until it speaks again.\n"
		"Look at the network first: is the provider's address reached from here?"),
	ROW(ENVELOPE_BROKEN, "envelope-broken", URGENT, 300,
		"Switch off other load, or lower what feeds in, until the envelope is kept.",
		"More is drawn, or fed in, than the grid operator allows; EVSEs are lowered already.\n"
		"It goes into the record of compliance, with times and powers."),
	ROW(PROVIDER_SILENT, "provider-silent", TONIGHT, 60,
		"Look at the connection to the provider.",
		"The provider does not answer; forecasts and measurements wait.\n"
		"Address, certificate and token stand in the registration."),
	ROW(PRICES_MISSING, "prices-missing", TONIGHT, 60,
		"Look why the prices do not come: depotctl prices series.",
		"Plans reckon with older prices, or with none of the market: vans are ready all the same, "
		"it may only cost more. `depotctl prices` tells which, hour by hour.\n"
		"`depotctl prices series` shows the newest failure: address, token, certificate, the form of "
		"the answer.\n"
		"The prices of the day can be uploaded by hand: `depotctl prices put SERIES FILE`."),
	ROW(TELEMATICS_SILENT, "telematics-silent", TONIGHT, 60,
		"Look at the connection to the source of telematics.",
		"Vehicles' reports do not come; what was known of them grows old.\n"
		"`depotctl telematics` shows the source, its link and its last message.\n"
		"Broker: address, certificate, password. HTTPS: does the other side still post?\n"
		"Plans rest on what chargers say meanwhile."),
	ROW(TELEMATICS_ASIDE, "telematics-aside", THIS_WEEK, 0, "Look through what was set aside.",
		"So much cannot be understood that the oldest goes for the newest.\n"
		"`depotctl telematics aside` lists it with the reason of each.\n"
		"Unknown vehicles: add them, or their name at the source, then replay.\n"
		"Unknown fields: into the mapping, or into its `ignore`."),
	ROW(VEHICLE_BATTERY_HOT, "vehicle-battery-hot", URGENT, 60,
		"Go to the vehicle; unplug it if that is safe.",
		"Its battery warms faster than it should; the readings are in the alarm.\n"
		"Smoke, smell or noise: keep away, call the fire brigade.\n"
		"Else stop its charging, move it away from others, have it looked at."),
	ROW(VEHICLE_LOSES_CHARGE, "vehicle-loses-charge", THIS_WEEK, 60,
		"Find out what draws its battery down while it stands.",
		"Its state of charge falls while it is parked and not plugged in.\n"
		"Heating, cooling of the load, a door that is open, a tracker.\n"
		"Nothing of that: a worn or faulty battery; to the workshop."),
	ROW(VEHICLE_TYRE_LOW, "vehicle-tyre-low", TONIGHT, 60,
		"Inflate the tyre before the vehicle leaves.",
		"The pressure of the tyre in the alarm is below its limit.\n"
		"Low again soon after: a puncture; to the workshop."),
	ROW(AUTHORITY_SILENT, "authority-silent", THIS_WEEK, 0,
		"Look at who signs certificates: `depotctl ca show`.",
		"Stations that asked were told Accepted and wait; depotd goes on trying for them.\n"
		"builtin: the log says why depotd-ca ended or what it cannot read in DATA/pki/ca.\n"
		"est: is the server reached from here, does it take our password or certificate?\n"
		"command: run the program by hand with a request on its standard input.\n"
		"A station gives up after CertSigningRepeatTimes: `depotctl ca renew STATION` then."),
	ROW(CERTIFICATE_FAILED, "certificate-failed", THIS_WEEK, 0,
		"Read why in `depotctl ca requests STATION`.",
		"Refused by the authority: the request is wrong; often only new firmware mends it.\n"
		"Rejected by the station: does it know the root (`depotctl certificates STATION`), is "
		"its clock right, is the chain longer than its MaxCertificateChainSize?\n"
		"Its old certificate works until it ends: see `depotctl ca calendar`.\n"
		"When the cause is mended: `depotctl ca renew STATION`."),
	ROW(CERTIFICATE_EXPIRES, "certificate-expires", TONIGHT, 0,
		"Renew it before it ends: `depotctl ca calendar`.",
		"The calendar says what was tried and why it failed.\n"
		"A station: bring it online, then `depotctl ca renew STATION`.\n"
		"After its end the station cannot log in on security profile 3: somebody must allow "
		"its expired certificate once, or go there."),
	ROW(PLAN_WAITS, "plan-waits", TONIGHT, 0, "Look at the plan and approve or reject it.",
		"The node's mode is assisted: a plan that changes something for vehicles needs a yes.\n"
		"The page Plan and `depotctl plan` say which plan waits, what it changes, and until when.\n"
		"Answer there, or by `depotctl plan approve ID` or `reject ID`.\n"
		"Without an answer what was approved stays, or the plain rule counts, as "
		"control.approve_then says.\n"
		"Whose departure is in danger is not held back: the newest plan counts for it at once."),
	ROW(PLANNER_LATE, "planner-late", TONIGHT, 0,
		"Look at the machine: is it overloaded, is its memory full?",
		"No plan came within control.plan_late_s; vehicles charge earliest departure first, "
		"within all limits.\n"
		"The log says so if plans fail their check.\n"
		"The plan takes over by itself when it comes: nothing must be reset."),
	ROW(FEEDER_LOST, "feeder-lost", URGENT, 60,
		"Look at its breaker: has it tripped, or did somebody open it?",
		"The feeder's meter answers and shows no voltage; its stations are gone.\n"
		"Tripped: find out why before it is closed again. Somebody works there: leave it.\n"
		"Vans that cannot wait: another place.\n"
		"When power is back its vans return in steps: nothing must be reset."),
	ROW(CRL_OVERDUE, "crl-overdue", THIS_WEEK, 0,
		"Have its authority publish a new list, or fetch it: `depotctl ca calendar`.",
		"Each list says when the next one comes; that time has passed.\n"
		"Fetched by depotd (trust.crls): the calendar says why the last try failed.\n"
		"Put there by hand: fetch it from the authority into DATA/pki/crl.\n"
		"Until then a stolen station's certificate may not be known as revoked: "
		"`depotctl identity STATION`, trust.crl_overdue."),
	ROW(PHASE_UNKNOWN, "phase-unknown", THIS_WEEK, 0,
		"Find out how the charging point is wired, and set its `rotation`.",
		"On which phase of the grid the vehicle draws is not known: it counts on each, which is "
		"safe, and others get less than there is room for.\n"
		"The electrician's papers say it, or a clamp meter: which conductor of the feeder "
		"carries the vehicle's current?\n"
		"Write it into the depot's file: rotation RST where L1 of the charger is the feeder's "
		"L1, STR where it is its L2, TRS where it is its L3."),
	ROW(STORE_DISOBEYS, "store-disobeys", TONIGHT, 60,
		"Look at the battery itself: is it on, and is it in remote control?",
		"Limits hold: what it does is measured, and nothing is given away that it feeds in. Energy "
		"may cost more.\n"
		"`depotctl storage` shows what it is told and what it does; its own display, faults and "
		"limits of its management.\n"
		"It cannot be told: address and unit of the setpoint in its map, and whether writing is "
		"allowed there.\n"
		"It does the opposite, or another multiple: `sign` and `scale` of the setpoint in its map.\n"
		"To leave it to itself: take `control: true` from its node."),
	ROW(STATION_FLOODS, "station-floods", TONIGHT, 3600,
		"Look at what the station sends: `depotctl wire --station` with its name.",
		"It gets its answers, and charging goes on; what is above the limit is not kept.\n"
		"Its firmware may be at fault: restart the station, and ask its maker.\n"
		"It may not be the station: give it a new password or certificate.\n"
		"If it is sound and has so much to say, raise the limit in depotd.yaml (docs/security.md)."),
};

const char *alarm_rank_name(enum alarm_rank r)
{
	static const char *const names[] = {
		[ALARM_URGENT] = "urgent",
		[ALARM_TONIGHT] = "tonight",
		[ALARM_THIS_WEEK] = "this-week",
	};

	return names[r];
}

int alarm_kind_find(const char *name)
{
	for (int i = 0; i < ALARM_KIND_COUNT; i++)
		if (strcmp(alarm_table[i].name, name) == 0)
			return i;
	return -1;
}
