/* The stand-in's part of the API about plans: the one in force, why, past ones, what if. */
const iso = (ms) => new Date(ms).toISOString();
const SLOTS = 54;
const SLOT_S = 900;

export class PlanApi {
	constructor(mock) {
		this.mock = mock;
		this.turn = 1;
		this.followed = { sentence: "Chargers go by the plan.", modes: [{ node: "site", mode: "automatic", said: false, evses: 24 }] };
	}

	/* From now on somebody must be asked, and is. */
	propose() {
		const at = iso(this.mock.now());
		const proposal = (plan, changes) => ({
			plan, made_at: at, trigger: "VAN-07 came back", since: at, expires_at: iso(this.mock.now() + 900_000), then: "plan", sentence: "", changes,
		});
		this.followed = {
			sentence: "Plans of 2 groups wait for a yes or no.",
			modes: [
				{ node: "site", mode: "automatic", said: true, evses: 4 },
				{ node: "hall-a", mode: "assisted", said: true, evses: 12, proposal: proposal("PLAN-9", [
					{ vehicle: "VAN-07", station: "CP-A4", evse: 1, text: "6.0 kWh earlier, ready 02:10 instead of 03:20" }]) },
				{ node: "hall-b", mode: "assisted", said: true, evses: 8, proposal: proposal("PLAN-9", [
					{ vehicle: "VAN-15", station: "CP-B3", evse: 2, text: "4.0 kWh later, ready 04:10 instead of 03:20" }]) },
			],
		};
		this.turn += 1;
	}

	#start() {
		return Math.floor(this.mock.now() / 900_000) * 900_000;
	}

	#price(t) {
		return t < 6 ? 0.2 : t < 24 ? 0.11 : t < 34 ? 0.16 : 0.24;
	}

	/* Vans by their departure in turn: cheap slots; those of Hall A wait for room there now and then. */
	#row(van, i) {
		const slots = Array.from({ length: SLOTS }, (_, t) => {
			const isOn = t >= 6 + (i % 3) && t < 20 + i;
			const waits = van.station.startsWith("CP-A") && t >= 6 && t < 10 && !isOn;
			return { w: isOn ? 8000 + (i % 4) * 1000 : 0, ...(waits && { node: "hall-a" }) };
		});
		const short = van.id === "VAN-07" ? 4200 : 0;
		return {
			id: van.id, station: van.station, evse: van.evse, need_wh: 40_000 + short, planned_wh: 40_000, short_wh: short,
			...(short && { reason: "4.2 kWh short: hall-a (rating)" }),
			departs_at: van.departs_at, ready_at: iso(this.#start() + (20 + i) * 900_000), slots,
		};
	}

	#vehicles() {
		return this.mock.data.vehicles.filter((v) => v.station !== undefined && v.state !== "will_miss").map((v, i) => this.#row(v, i));
	}

	#plan() {
		const vehicles = this.#vehicles();
		return {
			id: `PLAN-${this.turn}`, made_at: iso(this.mock.now() - 549_000), trigger: "VAN-07 came back", solve_us: 1900, start: iso(this.#start()),
			slot_s: SLOT_S, sentence: `${vehicles.length} vans get 639 kWh in time.`, method: "least cost", currency: "EUR", cost: 87.85,
			demand_cost: 0, planned_wh: 796_000, at_once_cost: 242.85, gap: 0, prices: Array.from({ length: SLOTS }, (_, t) => this.#price(t)), vehicles, followed: this.followed,
		};
	}

	#explain(key) {
		const v = this.#vehicles().find((x) => x.id === key);
		if (!v) return [404, `${key} is not in this plan: it is not plugged in, or its station is manual`];
		const start = this.#start();
		const stretches = [];
		for (const [t, s] of v.slots.entries()) {
			const why = s.node ? "rating" : s.w ? "vehicle" : "price";
			const last = stretches[stretches.length - 1];
			const price = this.#price(t);
			if (last && last.why === why && last.w === s.w && last.price === price) {
				last.to = iso(start + (t + 1) * 900_000);
				last.energy_wh += s.w / 4;
			} else {
				stretches.push({ from: iso(start + t * 900_000), to: iso(start + (t + 1) * 900_000), w: s.w, energy_wh: s.w / 4, why, ...(s.node && { node: s.node }), price });
			}
		}
		return [200, {
			id: `PLAN-${this.turn}`, made_at: iso(this.mock.now()), vehicle: v.id, station: v.station, evse: v.evse, need_wh: v.need_wh, planned_wh: v.planned_wh,
			short_wh: v.short_wh, departs_at: v.departs_at, ready_at: v.ready_at, cost: 4.4, marginal: 0.16,
			sentences: [`${v.id} at ${v.station}/${v.evse} needs 40.0 kWh.`, "For 1 h it waits for a cheaper time."], stretches,
		}];
	}

	#past() {
		return Array.from({ length: this.turn + 3 }, (_, i) => ({
			id: `PLAN-${this.turn - i}`, made_at: iso(this.mock.now() - 549_000 - i * 600_000), trigger: i % 2 ? "the time" : "EVDetected at CP-A1/1",
			vehicles: 15 - i, solve_us: 1900 + i, short_wh: i === 1 ? 4200 : 0,
		}));
	}

	#diff(id, other) {
		return [200, {
			id, with: other, made_at: iso(this.mock.now()), with_made_at: iso(this.mock.now() - 1_200_000), trigger: "VAN-07 came back", cost: 3.2, short_wh: 0,
			rows: [
				{ vehicle: "VAN-07", station: "CP-A4", evse: 1, change: "came", planned_wh: 40_000, short_wh: 4200, need_wh: 44_200 },
				{ vehicle: "VAN-05", station: "CP-A3", evse: 1, change: "changed", planned_wh: 0, short_wh: 0, ready_s: 1800, need_wh: 0 },
			],
		}];
	}

	#whatif(body) {
		return [200, {
			nights: 1, vehicles: 15, without: { cost: 87.85, demand_cost: 0, short_wh: 4200, short_vans: 1, gap: 0 },
			with: { cost: 86.2, demand_cost: 0, short_wh: 0, short_vans: 0, gap: 0 }, solve_us: 4100,
			sentence: body.nodes ? "1 night: 1.65 less for energy, 4.2 kWh less missing." : "1 night: 5.10 more for energy, 0.0 kWh less missing.",
			worth: [{ node: "hall-a", worth: 0.41 }],
		}];
	}

	answer(route, sent, query) {
		if (route === "GET /plan") return [200, query.get("brief") === "1" ? { ...this.#plan(), prices: [], vehicles: [] } : this.#plan()];
		if (route === "GET /plan/explain") return this.#explain(query.get("vehicle"));
		if (route === "GET /plans") return [200, { plans: this.#past().slice(0, Number(query.get("limit") ?? 50)) }];
		if (route === "POST /whatif") return this.#whatif(sent);
		if (route === "POST /plans/PLAN-9/approve") {
			const approved = { plan: "PLAN-9", at: iso(this.mock.now()), actor: "anna", why: sent.why };
			this.followed = { ...this.followed, modes: this.followed.modes.map((m) => (m.node === sent.node ? { ...m, proposal: undefined, approved } : m)) };
			return [200, { ok: true }];
		}
		const mode = /^(GET|PUT) \/nodes\/([^/]+)\/mode$/.exec(route);
		if (mode?.[1] === "GET") {
			return [200, {
				node: mode[2], from: "automatic", to: query.get("to"), means: `In ${query.get("to")} somebody is asked.`, sentence: "1 vehicle would charge otherwise at once.",
				evses: 12, vehicles: 9, changes: [{ vehicle: "VAN-05", station: "CP-A3", evse: 1, text: "11.0 kW at once, not 0.0 kW" }],
			}];
		}
		if (mode) {
			const row = { node: mode[2], mode: sent.mode, said: true, evses: 12 };
			this.followed = { ...this.followed, modes: [...this.followed.modes.filter((m) => m.node !== mode[2]), row] };
			return [200, { changed: true }];
		}
		const diff = /^GET \/plans\/([^/]+)\/diff$/.exec(route);
		return diff ? this.#diff(decodeURIComponent(diff[1]), query.get("with")) : undefined;
	}
}
