/*
 * A depot for the console's tests: 250 kW site, two feeders of 160 kW, 24 EVSEs, 20 vans, two
 * meters, in one night at 22:40:12. Every state of the status set appears at least once.
 * Shapes: schemas/api.schema.
 */
export const START = Date.parse("2026-03-11T21:40:12.000Z"); /* 22:40:12 in Amsterdam */
export const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';

const iso = (ms) => new Date(ms).toISOString();
const day = (hhmm) => iso(Date.parse(`2026-03-12T${hhmm}:00+01:00`));

/* station, evse, van, state, power kW, limit kW, limit node, source, reason, soc, session kWh */
const AC = [
	["CP-A1", 1, "VAN-01", "paused", 0, 0, "hall-a", "plan", "VAN-07 leaves first", 46, 2.1],
	["CP-A1", 2, "VAN-02", "charging", 11, 11, null, "plan", "van takes at most 11 kW", 37, 4.4],
	["CP-A2", 1, "VAN-03", "charging", 11, 22, null, "plan", "", 49, 6.0],
	["CP-A2", 2, "VAN-04", "charging", 10.9, 22, null, "plan", "", 41, 5.2],
	["CP-A3", 1, "VAN-05", "charging", 8, 8, "hall-a", "guard", "Hall A at 160 of 160 kW", 36, 3.8],
	["CP-A3", 2, "VAN-06", "charging", 11, 22, null, "plan", "", 37, 4.9],
	["CP-A4", 1, "VAN-07", "charging", 11, 11, null, "plan", "", 23, 1.6],
	["CP-A4", 2, "VAN-08", "charging", 11, 22, null, "plan", "", 50, 7.4],
	["CP-B1", 1, "VAN-11", "charging", 11, 22, null, "plan", "", 41, 3.0],
	["CP-B1", 2, "VAN-12", "plugged", null, 4.1, null, "tail", "", null, 0],
	["CP-B2", 1, "VAN-13", "charging", 11, 22, null, "plan", "", 37, 5.5],
	["CP-B2", 2, "VAN-14", "done", 0, 22, null, "plan", "", 80, 31.2],
	["CP-B3", 1, "VAN-16", "faulted", 0, 4.1, null, "tail", "", 36, 0.4],
	["CP-B3", 2, "VAN-15", "charging", 10.98, 11, null, "plan", "", 41, 4.6],
	["CP-B4", 1, null, "free", null, 0, null, "idle", "no vehicle; the safe tail of 4140 W follows when depotd is silent", null, null],
	["CP-B4", 2, null, "unavailable", null, 4.1, null, "tail", "", null, null],
];
const DC = [
	["CP-Y1", 1, "VAN-18", "charging", 48.2, 60, null, "plan", "", 22, 12.7, 60],
	["CP-Y1", 2, null, "free", null, 0, null, "idle", "no vehicle; the safe tail of 0 W follows when depotd is silent", null, null, 60],
	["CP-Y2", 1, "VAN-17", "charging", 31.5, 32, "site", "guard", "site at 246 of 250 kW", 43, 22.9, 150],
	["CP-Y2", 2, null, "free", null, 0, null, "idle", "no vehicle; the safe tail of 0 W follows when depotd is silent", null, null, 150],
	["CP-Y3", 1, null, "free", null, 0, null, "idle", "no vehicle; the safe tail of 0 W follows when depotd is silent", null, null, 100],
	["CP-Y3", 2, null, "free", null, 0, null, "idle", "no vehicle; the safe tail of 0 W follows when depotd is silent", null, null, 100],
	["CP-Y4", 1, null, "unknown", null, null, null, null, "", null, null, 60],
	["CP-Y4", 2, null, "unknown", null, null, null, null, "", null, null, 60],
];

/* id, leaves, target, state, reason, ready */
const VANS = [
	["VAN-01", "05:30", 80, "waits", "waits for room until 02:15", "05:00"],
	["VAN-02", "05:30", 80, "charging", "", "03:45"],
	["VAN-03", "05:45", 85, "charging", "", "02:45"],
	["VAN-04", "05:45", 80, "charging", "", "02:15"],
	["VAN-05", "06:00", 75, "charging", "held to 8 kW by Hall A", "04:15"],
	["VAN-06", "06:00", 80, "charging", "", "02:45"],
	["VAN-07", "05:30", 80, "at_risk", "Came back 2 h 16 min late. It charges at its full 11 kW and is ready only 5 min before it leaves.", "05:25"],
	["VAN-08", "06:15", 85, "charging", "", "02:30"],
	["VAN-09", "06:15", 80, "away", "not back yet", null],
	["VAN-10", "06:30", 80, "away", "", null],
	["VAN-11", "05:45", 80, "charging", "", "01:45"],
	["VAN-12", "06:00", 80, "unknown", "battery not reported", null],
	["VAN-13", "06:15", 75, "charging", "", "03:00"],
	["VAN-14", "06:30", 80, "ready", "", "22:31"],
	["VAN-15", "06:45", 85, "charging", "", "02:15"],
	["VAN-16", "06:00", 80, "will_miss", "Bay CP-B3/1 has a fault. Move the van to another bay.", null],
	["VAN-17", "07:00", 80, "charging", "", "02:15"],
	["VAN-18", "07:00", 90, "charging", "", "00:30"],
	["VAN-19", "06:30", 75, "at_risk", "Not plugged in. Plug it in before 04:25.", "06:55"],
	["VAN-20", "07:15", 85, "away", "", null],
];

function evse(row, now) {
	const [, id, vehicle, state, power, limit, node, source, reason, soc, session, max] = row;
	const view = {
		id, kind: max === undefined ? "ac" : "dc", max_w: (max ?? 22) * 1000,
		min_w: max === undefined ? 1380 : 5000, phases: 3, tail_w: max === undefined ? 4140 : 0,
		connectors: [{ id: 1, status: vehicle ? "Occupied" : "Available", at: iso(now - 3_600_000) }],
		state, currents_a: power ? [power * 1.45, power * 1.44, power * 1.45] : [], ...(power && { currents_at: iso(now - 2000) }),
	};
	if (vehicle) Object.assign(view, { vehicle, transaction: `tx-${vehicle}`, transaction_at: iso(now - 1_512_000) });
	if (power !== null) Object.assign(view, { power_w: power * 1000, power_at: iso(now - 2000) });
	if (soc !== null) Object.assign(view, { soc_pct: soc, soc_at: iso(now - 12_000) });
	if (session !== null) view.session_wh = session * 1000;
	if (limit !== null) {
		Object.assign(view, { limit_w: limit * 1000, limit_source: source, limit_at: iso(now - 600_000) });
		if (node) view.limit_node = node;
		if (reason) view.limit_reason = reason;
	}
	return view;
}

function stations(now) {
	const byId = new Map();
	for (const row of [...AC, ...DC]) {
		const [id] = row;
		if (!byId.has(id)) {
			byId.set(id, {
				id, node: id[3] === "A" ? "hall-a" : id[3] === "B" ? "hall-b" : "yard",
				policy: "accepted", security_profile: 2, connected: true,
				connected_at: iso(now - 80_000_000), last_seen: iso(now - 1000), protocol: "ocpp2.0.1",
				boot_status: "Accepted", vendor: "Sim", model: "Twin 22", firmware: "1.4.0",
				has_password: true, evses: [],
			});
		}
		byId.get(id).evses.push(evse(row, now));
	}
	Object.assign(byId.get("CP-Y4"), { connected: false, last_seen: iso(now - 41 * 60_000) });
	const list = [...byId.values()];
	for (const s of list) s.sentence = s.connected ? `${s.id}: ${s.evses.map((e) => `EVSE ${e.id} is ${e.state}`).join(", ")}.` : `${s.id} is silent since 21:59.`;
	return list;
}

function vehicles(now) {
	const seats = new Map([...AC, ...DC].filter((r) => r[2]).map((r) => [r[2], r]));
	return VANS.map(([id, leaves, target_pct, state, reason, ready]) => {
		const seat = seats.get(id);
		const van = { id, name: id.replace("-", " "), target_pct, state, departs_at: day(leaves) };
		if (seat) Object.assign(van, { station: seat[0], evse: seat[1] });
		if (seat && seat[9] !== null) Object.assign(van, { soc_pct: seat[9], soc_at: iso(now - 12_000) });
		if (seat && seat[4] !== null) van.power_w = seat[4] * 1000;
		if (id === "VAN-12") van.need_wh = 24_300;
		if (id === "VAN-19") Object.assign(van, { soc_pct: 52, soc_at: iso(now - 13_692_000) });
		if (id === "VAN-14") van.ready_at = iso(now - 552_000);
		else if (ready) van.ready_at = day(ready);
		if (reason) van.reason = reason;
		return van;
	});
}

function meter(id, name, node, power, now) {
	const a = power / 3 / 230;
	return {
		id, name, map: "eastron-sdm630", node, link: "tcp 127.0.0.1:1502 unit 1", ok: true, belief: "ok",
		sentence: `${name} answers and is believed.`,
		at: iso(now - 600), power_w: power, currents_a: [a + 0.4, a - 0.3, a], voltages_v: [230.2, 229.8, 230.5],
		import_wh: 78_389_000, frequency_hz: 49.99, polls: 86_400, timeouts: 3, exceptions: 0, errors: 0,
		powers_w: [power / 3 + 90, power / 3 - 70, power / 3 - 20], garbled: 0,
		latency_ms: 12.1, latency_p50_ms: 11, latency_p99_ms: 29, latency_max_ms: 41.3, last_good_at: iso(now - 600),
	};
}

const alarm = (id, kind, subject, rank, minutes, text, step, more) => ({
	id, kind, subject, rank, state: "active", text, step, since: iso(START - minutes * 60_000), last_at: iso(START - minutes * 60_000),
	count: 1, runbook: "Look at the node: how much is EVSEs, how much is other load.\nSwitch off what can be.\nNeither: check the limit.", ...more,
});

/* One of each: urgent, tonight and taken, this week, put aside, over. */
function alarms(now) {
	return [
		alarm("AL3", "meter-silent", "M1", "this-week", 396, "Hall A meter does not answer. Hall A counts as its worst case.", "Look at the meter's wire and gateway.", {}),
		alarm("AL1", "limit-broken", "hall-a", "urgent", 63, "Hall A feeder carries 171 of 160 kW. EVSEs are lowered already.", "Find what grew, other load or what feeds in: EVSEs are lowered already.", { count: 3, last_at: iso(START - 60_000) }),
		alarm("AL2", "charger-disobeys", "CP-B3/1", "tonight", 9, "CP-B3/1 draws 11 kW and was told 4.1 kW.", "Reset the charger when its van can spare it.", { owner: "user:R. Kok", taken_at: iso(START - 300_000), note: "on my way" }),
		alarm("AL4", "provider-silent", "grid-1", "tonight", 500, "The provider grid-1 does not answer.", "Look at the connection.", { state: "aside", owner: "user:R. Kok", aside_until: iso(now + 14 * 3_600_000) }),
		alarm("AL5", "measurement-old", "hall-b", "tonight", 20, "Hall B had no fresh value.", "Look at the node's meter.", { state: "past", cleared_at: iso(START - 600_000) }),
	];
}

const block = (now, from, to, limits) => ({ start: iso(now + from * 3_600_000), end: iso(now + to * 3_600_000), ...limits });

const envelope = (id, owner, state, blocks, now, more) => ({
	id, node: "site", owner, kind: "limit", priority: 0, grid: owner.startsWith("oscp"), state, urgent: false,
	received_at: iso(now - 2_520_000), moved_at: iso(now - 2_500_000), counts: false, replaces: [], blocks, ...more,
});

/* One that waits for an answer, one that binds, one that is beaten, one that is over. */
const envelopes = (now) => [
	envelope("EN3", "operator/M. de Wit", "active", [block(now, -1, 2, { import_w: 300_000 })], now, { beaten_by: "EN1", beaten_owner: "oscp/stedin", why: "works in the street" }),
	envelope("EN1", "oscp/stedin", "active", [block(now, -1, 3, { import_w: 250_000, phase_ma: 363_000 })], now, {
		counts: true, effect: { judged_at: iso(now - 2_520_000), late: 0, shed_wh: 0, shed_w: 0 }, decided_by: "user:R. Kok", decided_at: iso(now - 2_500_000),
	}),
	envelope("EN2", "openadr/vtn-1", "received", [block(now, 6, 8, { import_w: 150_000 }), block(now, 30, 32, { import_w: 150_000 })], now, {
		grid: true, reference: "event-7", effect: { judged_at: iso(now - 60_000), late: 2, shed_wh: 12_400, shed_w: 31_000 },
	}),
	envelope("EN4", "oscp/stedin", "expired", [], now, {}),
];

export const pastAlarms = () => [
	...alarms(START).filter((a) => a.state === "past"),
	alarm("AL6", "station-silent", "CP-Y4", "tonight", 150, "CP-Y4 had no connection. VAN 17 kept its last limit.", "Look at its breaker.", { state: "past", cleared_at: iso(START - 6 * 60_000), count: 5 }),
];

export function overview(now = START) {
	const evseSum = (node) => stations(now).filter((s) => s.node === node)
		.flatMap((s) => s.evses).reduce((sum, e) => sum + (e.power_w ?? 0), 0);
	const halls = { a: evseSum("hall-a"), b: evseSum("hall-b"), y: evseSum("yard") };
	const all = halls.a + halls.b + halls.y;
	const node = (id, name, kind, parent, limit_w, load_w, extra) => ({
		id, name, kind, ...(parent && { parent }), ...(limit_w && { limit_w, limit_source: "rating" }),
		load_w, load_source: "sum", load_at: iso(now - 2000), evse_w: 0, allowed_w: 0, limits: [], binds: [], bears: false, ...extra,
	});
	return {
		at: iso(now), depot: "demo", name: "Rotterdam-Noord", timezone: "Europe/Amsterdam",
		sentence: "1 van will miss its departure. 2 more are at risk.",
		sub: "14 are on track, 3 are still out. The first van leaves at 05:30, in 6 h 49 min.",
		stations_sentence: "CP-B3 EVSE 1 has a fault. CP-Y4 is silent since 21:59.",
		stations_sub: "14 of 24 EVSEs charge, 5 are free.",
		energy_sentence: "246 kW now. Hall A feeder (L2) holds back 2 vans.",
		energy_sub: "1 limit waits for an answer.",
		meters_sentence: "All 3 meters answer and are believed.",
		meters_sub: "The wiring check has found nothing wrong.",
		alarms_sentence: "3 alarms need someone. 1 is urgent.",
		alarms_sub: "Somebody has 1 of 3. 1 is put aside.",
		speed: 1,
		tree: {
			at: iso(now),
			nodes: [
				node("site", "Grid connection", "grid_connection", null, 250_000, 246_300, {
					load_source: "meter", load_at: iso(now - 600), meter: "M0", evse_w: all, allowed_w: 239_000,
				}),
				node("building", "Building", "load", "site", 80_000, 246_300 - all, { load_source: "held", load_at: iso(now - 42_000) }),
				node("hall-a", "Hall A feeder", "feeder", "site", 160_000, 160_000, {
					load_source: "meter", load_at: iso(now - 600), meter: "M1", evse_w: halls.a, allowed_w: 118_000,
					limit_since: iso(START - 7_200_000), binds: ["L2"], limits: [
						{ what: "L1", unit: "A", limit: 250, load: 228.4, source: "rating", since: iso(START - 7_200_000) },
						{ what: "L2", unit: "A", limit: 250, load: 250, source: "rating", since: iso(START - 7_200_000) },
						{ what: "L3", unit: "A", limit: 240, load: 251, source: "envelope", since: iso(START - 600_000) },
						{ what: "imbalance", unit: "A", limit: 30, load: 21.6, source: "rating" },
					],
				}),
				node("hall-b", "Hall B feeder", "feeder", "site", 160_000, halls.b, { evse_w: halls.b, allowed_w: 107_400 }),
				node("yard", "Yard DC", "group", "hall-b", 120_000, halls.y, { evse_w: halls.y, allowed_w: 92_000 }),
			],
		},
		stations: stations(now),
		vehicles: vehicles(now),
		alarms: alarms(now), envelopes: envelopes(now),
		meters: [meter("M0", "Site meter", "site", 246_300, now), meter("M1", "Hall A meter", "hall-a", 160_000, now)],
	};
}

/* A night so far: building alone, vans from 21:00, an envelope until 20:00, no data 18:30 to 19:00. */
export function power(fromMs, toMs, stepS) {
	const points = [];
	for (let t = Math.ceil(fromMs / (stepS * 1000)) * stepS * 1000; t < toMs; t += stepS * 1000) {
		const h = (t - START) / 3_600_000;
		const wave = Math.sin(t / 1_500_000) + 0.4 * Math.sin(t / 260_000);
		if (h > -4.17 && h < -3.67) continue;
		const base_w = 36_000 + 5000 * wave;
		const evse_w = h < -1.7 ? 0 : Math.min(205_000, (h + 1.7) * 190_000) + 4000 * wave;
		const limit_w = h < -2.7 ? 180_000 : 250_000;
		points.push({
			at: iso(t), site_w: Math.min(limit_w - 2000, base_w + evse_w), evse_w: Math.max(0, evse_w), base_w, limit_w,
		});
	}
	return { points };
}
