/* The stand-in's part of the API about sessions, tariffs, certificates, grid operators and settings. */
import { HOSTILE } from "./fixture.mjs";

const iso = (ms) => new Date(ms).toISOString();
const MIN = 60_000;
const HOUR = 60 * MIN;

const TARIFF = {
	id: "night", name: "Night 2026", currency: "EUR", billing_day: 1, holidays: ["12-25", "easter+1"],
	import: [
		{ id: "energy", periods: [
			{ id: "day", from: "01-01", to: "12-31", days: ["weekdays"], hours: ["06:00-22:00"], price: 0.31 },
			{ id: "night", hours: ["22:00-06:00"], price: 0.12 },
		] },
		{ id: "tax", price: 0.05 },
	],
	demand: [{ id: "peak", interval_min: 15, price: 8.6, ratchet_pct: 80, ratchet_months: 11 }],
	fees: [{ id: "connection", per: "month", price: 120 }], blocks: [{ above_kw: 200, add: 0.02 }],
};

export class PagesApi {
	constructor(mock) {
		this.mock = mock;
		this.isOn = false; /* other pages have answers of their own to some of these */
		this.tariffFault = undefined;
		this.gridFault = undefined;
		this.isRollover = false;
		this.areReady = false;
	}

	#session(i) {
		const t0 = this.mock.now() - i * 5 * HOUR;
		const isOpen = i === 0;
		return {
			station: "CP-A3", id: `8f2a-${i}`, evse: 1, vehicle: i === 3 ? undefined : "VAN-05", token: "AA··1F", token_type: "ISO14443", token_status: "Accepted",
			state: isOpen ? "open" : "ended", started_at: iso(t0 - 3 * HOUR), ...(!isOpen && { ended_at: iso(t0), stopped_reason: "EVDisconnected", cost: 3.92, currency: "EUR" }),
			last_at: iso(t0), begin_wh: 1_098_000, end_wh: 1_123_400, energy_wh: 25_400, events: 47, complete: i === 1, ...(i === 2 && { missing: "3-5, 9" }),
			...(i === 3 && { quarantined: `its register fell back ${HOSTILE}` }), phases_used: 3, cable_max_a: 32,
		};
	}

	#course() {
		const to = this.mock.now() - 5 * HOUR;
		const from = to - 3 * HOUR;
		return {
			sentence: "VAN 05 took 25.4 kWh at CP-A3/1, 14:40 to 17:40.", sub: "It cost 3.92 EUR, expected was 4.10 EUR. It ended by EVDisconnected. Its record is complete.",
			from: iso(from), to: iso(to), step_s: 300, power: Array.from({ length: 34 }, (_, i) => ({ at: iso(from + i * 5 * MIN), w: i > 20 ? 6400 : 10_800 })),
			told: [
				{ at: iso(from), limit_w: 11_000, source: "plan", reason: "as planned" },
				{ at: iso(from + 100 * MIN), limit_w: 6500, source: "guard", node: "hall-a", reason: `Hall A is full ${HOSTILE}` },
			], told_cut: false, plan: "P1", plan_made_at: iso(from + MIN),
			planned: [{ from: iso(from), to: iso(from + 2 * HOUR), w: 11_000 }, { from: iso(from + 2 * HOUR), to: iso(to), w: 4000 }],
			tariff: "night", currency: "EUR", estimate_kwh: 26, estimate_cost: 4.1, estimate_source: "fixed", energy_cost: 3.8, idle_cost: 0.12, idle_s: 1800,
			carbon_cost: 0.4, price_source: "yesterday", settled_at: iso(to + MIN),
		};
	}

	#transactions(route, q) {
		if (route === "GET /transactions") {
			const all = [0, 1, 2, 3].map((i) => this.#session(i)).filter((t) => (q.get("state") ?? "any") === "any" || t.state === q.get("state"));
			return [200, { sentence: "1 record contradicts itself. 1 session is open.", sub: "4 sessions in this list took 102 kWh.", transactions: all, ...(q.get("cursor") === null && { next: "7.1" }) }];
		}
		const one = /^GET \/transactions\/CP-A3\/8f2a-1(\/[\w-]+)?$/.exec(route);
		if (!one) return route.startsWith("GET /transactions/") ? [404, "there is no such session"] : undefined;
		const at = iso(this.mock.now() - 6 * HOUR);
		const event = (seq, payload) => ({ seq, stream: "transaction/CP-A3/8f2a-1", version: seq, type: "TransactionReported", at, received: at, payload, hash: "0" });
		return [200, {
			"/course": this.#course(),
			"/meter-values": { values: [
				{ at, measurand: "Power.Active.Import", value: 10_812.5, unit: "W", quality: "good", source: "series" },
				{ at, measurand: "Energy.Active.Import.Register", value: 1_123_400, unit: "Wh", quality: "suspect", source: "journal", seq_no: 4 },
			] },
			"/signed": { readings: ["verified", "wrong", "unverifiable"].map((verdict, i) => ({
				seq_no: i, at, context: "Transaction.Begin", measurand: "Energy.Active.Import.Register", value: 1_098_000, data: `T0NNRnx${HOSTILE}`, method: "ECDSA-secp256r1-SHA256",
				encoding: i === 2 ? "EDL" : "OCMF", key: "MFkwEwYHKoZIzj0CAQ", verdict, why: i === 2 ? "Not verifiable: only OCMF is verified here." : "Compare the key with the plate.",
			})) },
		}[one[1]] ?? {
			transaction: this.#session(1), started_by: "CablePluggedIn", ended_by: "EVDeparted", offline_events: 2,
			events: [event(1, { kind: "Started", seq_no: 0, trigger: "CablePluggedIn", meter_wh: 1_098_000 }), event(2, { kind: "Ended", seq_no: 9, trigger: "EVDeparted", stopped_reason: "EVDisconnected" })],
		}];
	}

	#prices(slotS, n) {
		const start = Math.floor(this.mock.now() / HOUR) * HOUR;
		const at = (i) => start + i * slotS * 1000;
		return {
			tariff: "night", currency: "EUR", slot_s: slotS,
			slots: Array.from({ length: n }, (_, i) => {
				const hour = new Date(at(i)).getUTCHours();
				return { start: iso(at(i)), import: hour === 3 ? -0.01 : hour > 5 && hour < 21 ? 0.36 : 0.17, above: [], export: 0.05, source: i > 18 ? "yesterday" : "series", received: iso(start - 8 * HOUR) };
			}),
			demand: [{ id: "peak", month: "2026-03", interval_min: 15, price_kw: 8.6, incumbent_kw: 212, from: iso(start), to: iso(at(n)) }],
		};
	}

	#tariffs(route, body, q) {
		const view = (id, more) => ({ id, currency: "EUR", in_force: false, compare_only: false, from_file: false, changed_at: iso(this.mock.now() - 20 * HOUR), changed_by: "user:M. de Wit", ...more });
		const bill = (total) => ({
			tariff: "x", currency: "EUR", from: iso(0), to: iso(1), measured_pct: 99.4, total, internal: 0, unknown: 0,
			lines: [{ month: "2026-02", kind: "energy", name: "energy", quantity: 18_240, unit: "kWh", amount: total - 900, internal: false }, { month: "2026-02", kind: "demand", name: "peak", quantity: 212, unit: "kW", amount: 900, internal: false }],
		});
		if (route === "GET /tariffs") {
			return [200, { sentence: "Night 2026 is in force. Prices of EPEX do not come.", sub: "Night 2027 follows on 2027-01-01. Meanwhile plans take prices of days before, marked as such.", tariffs: [
				view("night", { name: "Night 2026", in_force: true, from_file: true }), view("next", { name: "Night 2027", valid_from: "2027-01-01" }), view("offer", { name: HOSTILE, compare_only: true })] }];
		}
		if (route === "GET /prices") return [200, this.#prices(3600, 24)];
		if (route === "GET /price-series") {
			return [200, { series: [
				{ id: "epex", name: "EPEX", kind: "energy", fetched: true, received_at: iso(this.mock.now() - 26 * HOUR), failures: 4, broken: false, next_at: iso(this.mock.now() + HOUR), trouble: "the answer is no market document" },
				{ id: "co2", kind: "carbon", fetched: false, received_at: iso(this.mock.now() - HOUR), known_until: iso(this.mock.now() + 20 * HOUR), failures: 0, broken: false },
			] }];
		}
		if (route === "GET /bill") return [200, bill(q.has("tariff") ? 6132.5 : 5874.25)];
		if (route === "POST /whatif") return [200, { nights: 28, vehicles: 560, without: {}, with: {}, solve_us: 1, sentence: "28 nights would have cost 41.20 EUR more.", worth: [] }];
		if (route === "GET /tariffs/night") return [200, TARIFF];
		if (route.startsWith("GET /tariffs/")) return [404, "there is no tariff"];
		if (route === "POST /tariffs/try") return this.tariffFault ? [400, this.tariffFault] : [200, this.#prices(900, 7 * 96)];
		if (route.startsWith("PUT /tariffs/")) return [200, { ok: true }];
		return undefined;
	}

	#trust(route) {
		const now = this.mock.now();
		const entry = (kind, owner, days, state, more) => ({ kind, owner, subject: `CN=${owner},O=depotd`, serial: "4f", not_after: iso(now + days * 24 * HOUR), days, state, renewed_by: "depotd asks the station", ...more });
		if (route === "GET /certificate-calendar") {
			return [200, { sentence: "The certificate of CP-B3 is over.", sub: "CP-A1 ends first, in 12 days. No new root is on its way.", at: iso(now), renew_days: 30, entries: [
				entry("station", "CP-B3", -3, "over", { step: "request", note: `no request came within 5 min ${HOSTILE}`, again_at: iso(now + HOUR) }),
				entry("station", "CP-A1", 12, "due"), entry("server", "server-ecdsa.pem", 402, "fine"), entry("v2g", "CP-A2", 300, "fine")] }];
		}
		if (route === "POST /certificate-calendar/look") return [200, { ok: true, text: "Those that are due and online are asked now, a few at a time." }];
		if (route === "GET /authority/rollover") {
			return [200, { open: this.isRollover, subject: "CN=depotd site root 2", serial: "7c", ...(this.isRollover && { not_after: iso(now + 3650 * 24 * HOUR) }), needed: 2, ready: this.areReady ? 2 : 1,
				stations: this.isRollover ? [{ station: "CP-A1", state: "ready" }, { station: "CP-A2", state: this.areReady ? "ready" : "away" }, { station: "CP-A3", state: "not-needed" }] : [] }];
		}
		if (route === "POST /authority/rollover") {
			this.isRollover = true;
			return [200, { ok: true }];
		}
		if (route === "GET /authority") return [200, { authority: "builtin", is: "depotd-ca, shut in by a filter of system calls", organizations: ["depotd"], days: 365, v2g_days: 90, renew_days: 30, open: 1, roots: [] }];
		if (route === "GET /certificate-requests") {
			return [200, { requests: [{ id: "r1", station: "CP-B3", type: "ChargingStationCertificate", key_hash: "00", state: "failed", tries: 3, note: "the station did not take it", at: iso(now), changed_at: iso(now), csr: "" }] }];
		}
		return undefined;
	}

	#peers(route) {
		const now = this.mock.now();
		if (route !== "GET /oscp/peers") return /^(POST|DELETE) \/oscp\/peers/.test(route) ? [200, { ok: true, request: "x1" }] : undefined;
		const peer = (id, more) => ({ id, groups: [{ group: "G1", node: "site" }], state: "registered", endpoint: "https://depot.example/oscp/fp/2.0", online: true, measurements: ["CONTINUOUS"], received: 412, refused: 0, duplicates: 2, sent: 1203, failed: 0, measurements_sent: 1180, ...more });
		return [200, { sentence: "Liander is silent: its fallback limits hold.", sub: "2 limits of theirs hold or are to come. 1 waits for an answer.", at: iso(now), peers: [
			peer("stedin", { name: "Stedin", handshake_at: iso(now - 9 * HOUR), last_heartbeat: iso(now - 20_000), heartbeat_s: 60, offline_at: iso(now + 100_000), url: "https://oscp.stedin.example", adjust_at: iso(now - HOUR), adjust_request: "x0" }),
			peer("liander", { name: "Liander", online: false, online_why: "no heartbeat for 12 min", last_heartbeat: iso(now - 12 * MIN), refused: 3, last_error: `group G9 is not ours ${HOSTILE}`, last_error_at: iso(now - HOUR) }),
			peer("enexis", { name: "Enexis", state: "ended", online: false, next: "begin: make a token for it", measurements: [] })] }];
	}

	#settings(route, body) {
		const at = iso(this.mock.now() - 3 * HOUR);
		if (route === "GET /settings") {
			if (this.mock.role === "viewer") return [403, "for those who may inspect"];
			return [200, { sentence: "1 row differs from the depot's file.", sub: "A change of the tree counts at once, after a check.", depot_file: "depot.yaml", revision: "r1", changed: 1,
				values: { depot: "depot.yaml", listen: { console: { port: 8444 }, hosts: [HOSTILE] }, control: { replan_s: 60 } }, presets: { depot: "depot.yaml", listen: { console: { port: 8443 } }, control: { replan_s: 60 } } }];
		}
		if (route === "GET /grid") {
			return [200, { revision: "r1", nodes: [{ id: "site", name: "Grid connection", kind: "site", limit_w: 250_000, meter: "M0" }, { id: "hall-a", name: HOSTILE, kind: "feeder", parent: "site", limit_w: 160_000 }],
				meters: [{ id: "M0", map: "eastron-sdm630", tcp: { host: "10.0.0.1", port: 502 } }] }];
		}
		if (route === "GET /journal") {
			return [200, { events: [{ seq: 88, stream: "depot/rtm", version: 2, type: "GridChanged", at, received: at, actor: "user:M. de Wit", hash: "0", payload: { file: "f", why: "the fuse is smaller", edits: [
				{ kind: "node", id: "hall-a", before: '{"id":"hall-a","kind":"feeder","parent":"site","limit_w":200000}', after: '{"id":"hall-a","kind":"feeder","parent":"site","limit_w":160000}' }] } }] }];
		}
		if (route !== "POST /grid/text") return undefined;
		return this.gridFault ? [400, this.gridFault] : [200, { revision: "r2", changed: 1, in_force: false, text: "good: nothing was changed yet" }];
	}

	answer(route, body, q) {
		if (!this.isOn) return undefined;
		if (route === "GET /users") return [200, { users: [{ name: "anna", role: "dispatcher", password: true, factor: true, disabled: false, sessions: 1 }] }];
		return this.#transactions(route, q) ?? this.#tariffs(route, body, q) ?? this.#trust(route) ?? this.#peers(route) ?? this.#settings(route, body)
			?? (route === "GET /plan/explain" && q.get("vehicle") === "CP-A3/1" && q.get("plan") === "P1"
				? [200, { id: "P1", made_at: iso(this.mock.now()), vehicle: "VAN-05", station: "CP-A3", evse: 1, need_wh: 0, planned_wh: 0, short_wh: 0, stretches: [], sentences: ["For 40 min a phase is full (first at hall-a)."] }] : undefined)
			?? (route.startsWith("GET /costs/") ? [200, { key: "x", tariff: "night", currency: "EUR", energy_wh: 25_400, energy_cost: 3.8, idle_cost: 0.12, settled_cost: 3.8, agrees: true, source: "yesterday",
				slots: [{ start: iso(0), energy_wh: 9400, price: 0.36 }, { start: iso(1), energy_wh: 16_000, price: 0.17 }] }] : undefined);
	}
}
