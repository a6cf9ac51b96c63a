/* The stand-in's part of the API about vehicles and their work: trips, rosters, yard lists, what was set aside. */
const HOUR = 3_600_000;
const iso = (ms) => new Date(ms).toISOString();

export class VehicleApi {
	constructor(mock) {
		this.mock = mock;
		const at = (h) => iso(mock.now() + h * HOUR);
		this.changed = new Set();
		this.trips = [
			{ id: "R-1-2026-03-12", vehicle: "VAN-01", departs: at(7), returns: at(15), distance_km: 120, source: "roster", state: "next", possible: true, leave_wh: 56_900 },
			{ id: "T-9", vehicle: "VAN-09", departs: at(8), returns: at(19), distance_km: 420, source: "api", planned_by: "anna", state: "next", possible: false, leave_wh: 77_000 },
		];
		this.rosters = [
			{ id: "R-1", vehicle: "VAN-01", changed: true, trips: 5, row: { id: "R-1", vehicle: "VAN-01", days: ["mon", "tue", "wed", "fri"], departs: "05:30", returns: "14:00", distance_km: 120, except: ["2026-04-03"] } },
			{ id: "R-2", vehicle: "VAN-02", changed: false, trips: 0, fault: "VAN-02 drives trip T-1 then", row: { id: "R-2", vehicle: "VAN-02", days: ["sat", "sun"], departs: "22:00", returns: "05:00", distance_km: 80, holidays: true } },
		];
		this.aside = [
			{ id: "A1", source: "flespi", fault: "unknown-vehicle", ref: "860-11", quantity: "soc_pct", value: 44, unit: "%", measured: at(-1), received_at: at(-1), more: 0, raw: "{\"ident\":\"860-11\"}" },
			{ id: "A2", source: "<b>bold</b>", fault: "impossible", ref: "VAN-03", quantity: "soc_pct", value: 144, unit: "%", received_at: at(-2), more: 3 },
		];
	}

	#trip(t) {
		return { payload_kg: 0, temperature_c: 15, heated: true, planned_at: iso(this.mock.now() - HOUR), expected_kwh: t.distance_km * 0.3, spread_kwh: 5.2, ...t };
	}

	#detail(v) {
		const trip = this.trips.find((t) => t.vehicle === v.id);
		return {
			sentence: `${v.name}${v.station ? ` at ${v.station}/${v.evse}` : " is out and"} leaves with ${v.target_pct} %.`,
			vehicle: { ...v, ...(trip && { trip: trip.id, possible: trip.possible }) }, identities: [{ type: "ISO14443", value: "DE0A01", status: "Accepted", vehicle: v.id }],
			bays: v.station ? [`${v.station}/${v.evse}`] : [], changed: this.changed.has(v.id),
			description: { id: v.id, battery_wh: 77_000, max_ac_w: 11_000, max_dc_w: 100_000, target_pct: v.target_pct, departs: "05:30", priority: 5, class: "van", chemistry: "lfp", inlets: ["ccs2"] },
		};
	}

	#ready(v, i) {
		return {
			vehicle: v.id, station: v.station, evse: v.evse, need_wh: 40_000, short_wh: 0, probability: i === 0 ? 0.62 : 0.995, state: i === 0 ? "possible" : "safe",
			sentence: `${v.id}: 62 % sure to leave with 40.0 kWh more.`, ...(i === 0 && { action: "Plug it in at CP-Y1/1.", action_probability: 0.97 }),
			about: i === 0,
		};
	}

	#import(sent) {
		const rows = sent.csv.trim().split("\n").slice(1);
		const bad = rows.map((r, i) => [r, i]).filter(([r]) => r.includes("VAN-99"));
		if (!sent.check) {
			return [200, { rows: rows.length, stored: rows.length, unchanged: 0, past: 0, lines: [] }];
		}
		const lines = [
			...bad.map(([, i]) => ({ line: i + 2, what: "refused", column: "vehicle", fault: "there is no such vehicle" })),
			...rows.map((r, i) => ({ line: i + 2, what: "new", id: `X-${i}`, vehicle: r.split(",")[0], departs: iso(this.mock.now()), returns: iso(this.mock.now() + HOUR), distance_km: 80 }))
				.filter((l) => l.vehicle !== "VAN-99"),
		];
		return [200, { rows: rows.length, stored: rows.length - bad.length, unchanged: 0, past: 1, refused: bad.length, lines, more: 0 }];
	}

	#put(list, id, row) {
		const at = list.findIndex((x) => x.id === id);
		if (at < 0) list.push(row);
		else list[at] = row;
		return [200, { ok: true }];
	}

	#change(method, kind, id, sent) {
		if (kind === "trips" && method === "PUT") return this.#put(this.trips, id, { source: "api", state: "planned", ...sent });
		if (kind === "rosters" && method === "PUT") return this.#put(this.rosters, id, { id, vehicle: sent.vehicle, changed: true, trips: 3, row: sent });
		if (kind === "vehicles" && method === "PUT") {
			this.changed.add(id);
			return [200, { ok: true }];
		}
		if (kind === "trips" && method === "DELETE") this.trips = this.trips.filter((t) => t.id !== id);
		if (kind === "rosters" && method === "DELETE") this.rosters = this.rosters.filter((t) => t.id !== id);
		return [200, { ok: true }];
	}

	answer(route, sent, query) {
		const vans = this.mock.data.vehicles;
		const only = query.get("vehicle");
		if (route === "GET /vehicles") {
			return [200, { at: iso(this.mock.now()), sentence: "VAN 16 will miss its departure. 2 vehicles are at risk.", sub: "15 of 20 vehicles are plugged in. 2 trips begin within 36 h.", vehicles: vans.map((v) => this.#detail(v)) }];
		}
		if (route === "GET /trips") {
			const over = query.get("state") === "over";
			const list = over ? [{ ...this.trips[0], id: "T-1", state: "over", left: this.trips[0].departs, came: this.trips[0].returns, km: 118, kwh: 33.1, learnt: true, measured: "odometer" }] : this.trips;
			return [200, { at: iso(this.mock.now()), trips: list.filter((t) => only === null || t.vehicle === only).map((t) => this.#trip(t)) }];
		}
		if (route === "GET /rosters") return [200, { rosters: this.rosters, holidays: ["2026-12-25"] }];
		if (route === "GET /readiness") {
			const list = vans.filter((v) => v.station && (only === null || v.id === only));
			return [200, { plan: "PLAN-1", made_at: iso(this.mock.now()), samples: 200, all: 0.6, sentence: "", solve_us: 9000, vehicles: list.map((v, i) => this.#ready(v, i)) }];
		}
		if (route === "GET /chances") {
			return [200, { since: iso(this.mock.now()), model: 1, least: 100, departures: 140, waiting: 0, unknown: 8, partial: false, bins: [
				{ from: 0.5, to: 0.8, departures: 0, unknown: 0, believed: false, sentence: "" },
				{ from: 0.8, to: 0.95, departures: 8, unknown: 3, told_mean: 0.9, ready: 0.75, low: 0.41, high: 0.93, believed: false, sentence: "8 departures are too few to say." },
				{ from: 0.95, to: 0.99, departures: 132, unknown: 5, told_mean: 0.972, ready: 0.97, low: 0.925, high: 0.988, believed: true, sentence: "What was told is what happened." },
			], sentence: "Of 132 departures told 95 to 99 %, 97 % were ready. The chance may be believed." }];
		}
		if (route === "GET /consumption") {
			return [200, { classes: [{ class: "van", trips: 41, km_kwh: 0.281, tonne_km_kwh: 0.034, heat_k_h_kwh: 0.14, cool_k_h_kwh: 0.05, cold_km_k_kwh: 0.001, km_spread_kwh: 0.004, noise_pct: 8 }] }];
		}
		if (route === "GET /telematics/aside") return [200, { aside: this.aside, count: this.aside.length }];
		if (route === "POST /trips/import") return this.#import(sent);
		if (/^POST \/vehicles\/[^/]+\/soc$/.test(route)) return [200, { counts: sent.at === undefined, sentence: sent.at === undefined ? "63 % counts from now on." : "Kept as history: newer is 46 % of 18:00 (charger)." }];
		if (/^GET \/vehicles\/[^/]+\/readings$/.test(route)) {
			return [200, { readings: [{ quantity: "soc_pct", value: 46, unit: "%", at: iso(this.mock.now() - 90_000), received_at: iso(this.mock.now()), source: "flespi", confidence: "measured" }] }];
		}
		const aside = /^(PUT|POST|DELETE) \/telematics\/aside\/([^/]+)(\/replay)?$/.exec(route);
		if (aside && aside[1] === "PUT") return [200, { ok: true }];
		if (aside) {
			this.aside = this.aside.filter((x) => x.id !== aside[2]);
			return [200, aside[1] === "POST" ? { replayed: 1, readings: 1, left: 0 } : { ok: true }];
		}
		if (route === "GET /transactions" && only !== null) {
			return [200, { sentence: "", sub: "", transactions: [{ station: "CP-A1", id: "tx-1", evse: 1, vehicle: only, state: "ended", started_at: iso(this.mock.now() - 20 * HOUR), ended_at: iso(this.mock.now() - 12 * HOUR), last_at: iso(this.mock.now()), energy_wh: 41_200, events: 9, complete: true }] }];
		}
		const one = /^GET \/vehicles\/([^/]+)$/.exec(route);
		if (one) {
			const v = vans.find((x) => x.id === decodeURIComponent(one[1]));
			return v ? [200, this.#detail(v)] : [404, "there is no such vehicle"];
		}
		const change = /^(PUT|DELETE) \/(vehicles|trips|rosters)\/([^/]+)$/.exec(route);
		return change ? this.#change(change[1], change[2], decodeURIComponent(change[3]), sent) : undefined;
	}
}
