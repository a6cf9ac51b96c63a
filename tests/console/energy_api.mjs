/* The stand-in's part of the API about limits: of a node, of others, and the guard. */
const iso = (ms) => new Date(ms).toISOString();

export class EnergyApi {
	constructor(mock) {
		this.mock = mock;
		this.tiers = [];
		this.withdrawn = []; /* [id, why] */
		this.late = 0;
		this.discharge = { stopped: false };
		this.batteries = [];
	}

	/* One battery that does as it is told, and one of a van that nobody may tell. */
	hold() {
		const now = this.mock.now();
		const one = { stored_source: "meter", stored_at: iso(now - 60_000), need_wh: 20_000, gives_wh: 9000, takes_wh: 4000, wear_kwh: 0.03, w: [] };
		this.batteries = [
			{ ...one, id: "building", kind: "store", now_w: -6200, told_w: -6200, told_at: iso(now - 2000), stored_wh: 31_000, full_wh: 60_000, least_wh: 12_000 },
			{ ...one, id: "VAN-07", kind: "vehicle", station: "CP-A3", evse: 1, now_w: 4000, note: "the plan is too old", stored_wh: 40_000, full_wh: 77_000, least_wh: 38_000 },
		];
	}

	#storage(body) {
		if (body) this.discharge = { ...body, since: iso(this.mock.now()), actor: "user:M. de Wit" };
		return body ? this.discharge : { discharge: this.discharge, sentence: "Giving back is worth 4.74 EUR in the next 24 hours.", batteries: this.batteries };
	}

	#limits(node) {
		const now = this.mock.now();
		if (node !== "site") return [{ quantity: "import", limit: 160_000, source: "rating", state: "in-force" }];
		return [
			{ quantity: "import", limit: 250_000, source: "envelope", state: "in-force", owner: "oscp/stedin", envelope: "EN1", since: iso(now - 3_600_000), until: iso(now + 10_800_000), age_s: 2520 },
			{ quantity: "import", limit: 260_000, source: "rating", state: "beaten", beaten_by: "oscp/stedin" },
			{ quantity: "import", limit: 300_000, source: "operator", state: "beaten", owner: "operator/M. de Wit", beaten_by: "oscp/stedin", since: iso(now - 3_600_000), until: iso(now + 7_200_000), age_s: 2520 },
			{ quantity: "phase", limit: 363_000, source: "envelope", state: "in-force", owner: "oscp/stedin", since: iso(now - 3_600_000), until: iso(now + 10_800_000), age_s: 2520 },
			{ quantity: "import", limit: 150_000, source: "envelope", state: "waits", owner: "openadr/vtn-1", envelope: "EN2", since: iso(now + 21_600_000), until: iso(now + 28_800_000), age_s: 2520 },
		];
	}

	#guard() {
		const now = this.mock.now();
		const window = Math.floor(now / 900_000) * 900_000;
		return {
			at: iso(now), tiers: [{ node: "site", tier: "fresh", counts_as: "measured", for_s: 600, cost_w: 0 }, ...this.tiers], returns: [],
			demand: [{
				node: "site", window: iso(window), window_end: iso(window + 900_000), target_w: 250_000, mean_w: 214_000,
				allowed_w: 268_000, projected_w: 238_000, missing_s: 12, peak_w: 249_000, in_danger: false,
			}],
		};
	}

	#trial() {
		const now = this.mock.now();
		return {
			at: iso(now), late: this.late, shed_wh: this.late * 6200, shed_w: this.late ? 31_000 : 0,
			sentence: this.late ? `${this.late} vehicles would leave 12.4 kWh short; up to 31.0 kW are given up.` : "Nothing changes for any vehicle that is here.",
			vehicles: this.late ? [{
				station: "CP-A3", evse: 1, vehicle: "VAN-05", departs_at: iso(now + 26_400_000), need_wh: 30_000, short_without_wh: 0,
				short_with_wh: 6200, ready_without: iso(now + 20_000_000),
			}] : [],
		};
	}

	/* EN1 runs and is kept so far; EN4 is over and was broken for a while, and kept the time before. */
	#compliance(id) {
		const now = this.mock.now();
		const e = this.mock.data.envelopes.find((x) => x.id === id);
		if (!e) return [404, "there is no envelope of that id"];
		const told = (evse, minutes, limit_w, more) => ({ evse, at: iso(now - minutes * 60_000), limit_w, source: "plan", reason: "VAN-07 leaves first", ...more });
		const record = (from, to, more) => ({
			start: iso(now + from * 3_600_000), end: iso(now + to * 3_600_000), limit_w: 250_000, kept: true, unsure: false, measured_s: 3588, estimated_s: 0, bounded_s: 0, unmeasured_s: 0, mean_w: 214_000, max_w: 249_400,
			max_at: iso(now - 600_000), above_s: 0, above_wh: 0, phases: [], vehicles: [], commands: [], command_count: 0, ...more,
		});
		const records = {
			EN1: [record(-1, 3, { command_count: 41, commands: [
				told("CP-A3/1", 20, 8000, { source: "guard", node: "hall-a", reason: "Hall A at 160 of 160 kW", call: "01J0-2" }), told("CP-A1/1", 55, 0, { node: "hall-a", call: "01J0-1" }),
			] })],
			EN4: [
				record(-9, -7, { kept: false, above_s: 84, above_wh: 510, max_w: 268_000, max_at: iso(now - 8 * 3_600_000), measured_s: 7200, vehicles: ["VAN-02", "VAN-03"], seq: 4711, hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }),
				record(-33, -31, { seq: 3019, hash: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752" }),
			],
		}[id] ?? [];
		const minutes = records.length === 0 ? [] : Array.from({ length: id === "EN1" ? 60 : 120 }, (_, i) => {
			const mean_w = 200_000 + 40_000 * Math.sin(i / 9) + (id === "EN4" && i > 70 && i < 73 ? 28_000 : 0);
			return { at: iso(Date.parse(records[0].start) + i * 60_000), mean_w, max_w: mean_w + 6000 };
		});
		return [200, { id, node: e.node, owner: e.owner, state: e.state, pending: false, records, minutes }];
	}

	#answered(id, changes) {
		const old = this.mock.data.envelopes.find((e) => e.id === id);
		if (!old) return [404, "there is no envelope of that id"];
		const next = { ...old, ...changes };
		this.mock.data = { ...this.mock.data, envelopes: this.mock.data.envelopes.map((e) => (e.id === id ? next : e)) };
		this.mock.patch({ envelopes: { [id]: next } });
		return [200, next];
	}

	answer(route, body, query) {
		const node = /^GET \/nodes\/([\w-]+)\/limits$/.exec(route);
		if (node) return [200, { at: iso(this.mock.now()), node: node[1], limits: this.#limits(node[1]) }];
		if (route === "GET /storage") return [200, this.#storage()];
		if (route === "POST /discharge/stop") return [200, this.#storage({ stopped: true, why: body.why })];
		if (route === "POST /discharge/release") return [200, this.#storage({ stopped: false, why: body.why })];
		if (route === "GET /guard") return [200, this.#guard()];
		if (route === "POST /envelopes/try") return [200, this.#trial()];
		if (route === "POST /envelopes") return [200, { ...this.mock.data.envelopes[0], id: "EN9", received_at: iso(this.mock.now()), blocks: body.blocks, note: "nothing below Building is controlled", replaces: [{ id: "EN3", state: "active", was: { ...body.blocks[0], import_w: 300_000 } }] }];
		const proof = /^GET \/envelopes\/([\w-]+)\/compliance$/.exec(route);
		if (proof) return this.#compliance(proof[1]);
		if (route === "GET /envelopes") return [200, { at: iso(this.mock.now()), envelopes: this.mock.data.envelopes.filter((e) => e.state === "expired") }];
		const one = /^(GET|DELETE|POST) \/envelopes\/(\w+)(?:\/(accept|refuse))?$/.exec(route);
		if (!one) return undefined;
		if (one[1] === "GET") {
			const found = this.mock.data.envelopes.find((e) => e.id === one[2]);
			return found ? [200, found] : [404, "there is no envelope of that id"];
		}
		if (one[1] === "DELETE") {
			this.withdrawn.push([one[2], query.get("why")]);
			return this.#answered(one[2], { state: "withdrawn", counts: false });
		}
		return this.#answered(one[2], { state: one[3] === "accept" ? "pending" : "refused", decided_by: "user:M. de Wit" });
	}
}
