/* The stand-in's part of the API about single chargers: commands, device model, messages, profiles. */
import { HOSTILE } from "./fixture.mjs";

const iso = (ms) => new Date(ms).toISOString();

const field = (name, kind, more = {}) => ({ name, kind, required: false, list: false, made: false, values: [], ...more });

const FORMS = {
	Reset: [{ name: "ResetRequest", fields: [
		field("type", "enum", { required: true, values: ["Immediate", "OnIdle"] }), field("evseId", "int"),
	] }],
	GetVariables: [
		{ name: "GetVariablesRequest", fields: [field("getVariableData", "struct", { required: true, list: true, items_min: 1, type: "GetVariableDataType" })] },
		{ name: "GetVariableDataType", fields: [
			field("attributeType", "enum", { values: ["Actual", "Target"] }),
			field("component", "struct", { required: true, type: "ComponentType" }), field("variable", "struct", { required: true, type: "VariableType" }),
		] },
		{ name: "ComponentType", fields: [field("name", "ident", { required: true, min: 0, max: 50 }), field("evse", "struct", { type: "EVSEType" })] },
		{ name: "EVSEType", fields: [field("id", "int", { required: true, min: 0 }), field("connectorId", "int", { min: 0 })] },
		{ name: "VariableType", fields: [field("name", "ident", { required: true, min: 0, max: 50 })] },
	],
	SetVariables: [{ name: "SetVariablesRequest", fields: [] }],
	ClearCache: [{ name: "ClearCacheRequest", fields: [] }],
};

const USE = { Reset: "B11", GetVariables: "B06", SetVariables: "B05", ClearCache: "C11" };

const form = (action) => ({
	action, use: USE[action], needs: "operate", ...(action === "Reset" && { waits_for: "the station to come back" }),
});

/* direction, action, payload, reply, seconds ago, ms, verdict of the reply */
const SAID = [
	["in", "Heartbeat", {}, { currentTime: "2026-03-11T21:40:11Z" }, 1, 4],
	["in", "TransactionEvent", { eventType: "Updated", evse: { id: 2 }, triggerReason: "MeterValuePeriodic", meterValue: [{ sampledValue: [{ value: 10980, measurand: "Power.Active.Import" }] }] }, {}, 10, 6],
	["out", "SetChargingProfile", { evseId: 2, chargingProfile: { id: 4411, chargingProfilePurpose: "TxProfile", chargingSchedule: [{ chargingRateUnit: "A", chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] }] } }, { status: "Accepted" }, 90, 38],
	["out", "SetChargingProfile", { evseId: 2, chargingProfile: { chargingProfilePurpose: "TxProfile" } }, { status: "Rejected", statusInfo: { reasonCode: "UnsupportedRateUnit" } }, 1500, 44],
	["out", "UnlockConnector", { evseId: 1, connectorId: 1 }, undefined, 1652, undefined],
	["in", "StatusNotification", { evseId: 1, connectorStatus: "Faulted", connectorId: 1 }, {}, 3780, 5],
	["in", "NotifyEvent", { eventData: [{ component: { name: HOSTILE }, variable: { name: "Tripped" }, actualValue: "true" }] }, {}, 3781, 6, "eventData[0].eventId: is needed"],
];

export class ChargerApi {
	constructor(mock) {
		this.mock = mock;
		this.commands = [];
		this.refuses = undefined; /* of the next try */
		this.said = SAID;
		this.variables = [
			["AuthCtrlr", "Enabled", "true", "ReadWrite", { data_type: "boolean" }], ["OCPPCommCtrlr", "HeartbeatInterval", "300", "ReadWrite", { unit: "s", data_type: "integer", min_limit: 1 }],
			["ChargingStation", "Model", HOSTILE, "ReadOnly", {}], ["SecurityCtrlr", "BasicAuthPassword", undefined, "WriteOnly", {}],
		];
	}

	pairs(q) {
		const now = this.mock.now();
		return this.said.filter(([, action]) => !q.get("action") || action === q.get("action"))
			.filter(([direction]) => !q.get("direction") || direction === q.get("direction"))
			.filter((s) => !q.get("text") || JSON.stringify(s).includes(q.get("text")))
			.map(([direction, action, request, reply, ago, ms, verdict], i) => ({
				at: iso(now - ago * 1000), station: q.get("station") ?? (i % 2 === 0 ? "CP-B3" : "CP-A1"), direction, message_id: `m${i}`, action,
				request: JSON.stringify([2, `m${i}`, action, request]), ...(verdict && { verdict }),
				...(reply && { reply: JSON.stringify([3, `m${i}`, reply]), latency_ms: ms }),
			}));
	}

	list(q) {
		return this.variables.filter((v) => !q.get("text") || v.join(" ").includes(q.get("text"))).map(([component, variable, value, mutability, more]) => ({
			station: "CP-B3", component, variable, attribute: "Actual", mutability, persistent: true, constant: false, monitored: false,
			at: iso(this.mock.now() - 20_000_000), ...(value !== undefined && { value }), ...more,
		}));
	}

	/* The stream says that there is news of the station. */
	heard(station = "CP-B3") {
		this.mock.patch({ heard: { [station]: this.mock.seq } });
	}

	/* What the station would tell next of a command. */
	move(id, change) {
		this.commands = this.commands.map((k) => (k.id === id ? { ...k, ...change } : k));
		this.heard();
	}

	answer(route, body, q) {
		if (route === "GET /command-forms") return [200, { forms: Object.keys(FORMS).map(form) }];
		const one = /^GET \/command-forms\/(\w+)$/.exec(route);
		if (one) return FORMS[one[1]] ? [200, { ...form(one[1]), structs: FORMS[one[1]] }] : [404, "stations are not asked for it"];
		if (/^POST \/stations\/[^/]+\/commands\/try$/.test(route)) return this.#try(body);
		const sent = /^POST \/stations\/([^/]+)\/commands$/.exec(route);
		if (sent) return this.#send(sent[1], body);
		if (route === "GET /commands") return [200, { commands: this.commands.filter((k) => k.station === q.get("station")) }];
		const command = /^(GET|DELETE) \/commands\/(\w+)$/.exec(route);
		if (command?.[1] === "DELETE") this.move(command[2], { state: "cancelled", step: "ended", ended_at: iso(this.mock.now()) });
		if (command) return [200, this.commands.find((k) => k.id === command[2])];
		if (/^GET \/stations\/[^/]+\/variables$/.test(route)) return [200, { inventory: "complete", inventory_at: iso(this.mock.now() - 20_000_000), variables: this.list(q) }];
		if (/^GET \/stations\/[^/]+\/profiles$/.test(route)) return [200, this.#profiles()];
		if (/^GET \/stations\/[^/]+\/certificates$/.test(route)) {
			return [200, { certificates: [{
				type: "CSMSRootCertificate", hash_algorithm: "SHA256", issuer_name_hash: "a1", issuer_key_hash: "b2", serial: "77", subject: "CN=depotd root",
				not_after: iso(this.mock.now() + 12 * 86_400_000), listed: true, at: iso(this.mock.now() - 86_400_000),
			}] }];
		}
		if (/^GET \/stations\/CP-B3\/alerts$/.test(route)) {
			return [200, { alerts: [{
				station: "CP-B3", component: "RCD", evse: 1, variable: "Tripped", open: true, opened_at: iso(this.mock.now() - 3_780_000),
				at: iso(this.mock.now() - 3_780_000), times: 1, event_id: 5, source: "HardWiredNotification", value: "true", tech_info: HOSTILE,
			}] }];
		}
		if (/^GET \/stations\/[^/]+\/alerts$/.test(route)) return [200, { alerts: [] }];
		if (route === "GET /issued-certificates") return [200, { certificates: [] }];
		if (route === "GET /files") {
			return [200, { used_bytes: 0, quota_bytes: 0, files: [{
				id: "f1", station: "CP-B3", request_id: 7, name: "diagnostics.log", size: 81_920, sha256: "0", received_at: iso(this.mock.now() - 60_000),
			}] }];
		}
		if (route === "GET /wire") return [200, { frames: [], pairs: this.pairs(q) }];
		return undefined;
	}

	#try(body) {
		if (this.refuses) return [400, this.refuses];
		const isNow = body.action === "Reset" && body.payload.type === "Immediate";
		return [200, {
			station: "CP-B3", action: body.action, ...(body.action === "Reset" && { waits_for: "the station to come back" }),
			sentence: isNow ? "Stops VAN 15 until it is back, for a minute or two." : "It touches no van.",
			vans: isNow ? [{ evse: 2, vehicle: "VAN-15", name: "VAN 15", state: "charging", power_w: 10_980, departs_at: "2026-03-12T05:45:00Z", effect: "stops" }] : [],
		}];
	}

	#send(station, body) {
		const k = {
			id: `k${this.commands.length + 1}`, station, action: body.action, state: "waiting", step: "asked", started_at: iso(this.mock.now()),
			actor: "user:M. de Wit", payload: body.payload, ...(body.why && { why: body.why }),
		};
		this.commands.unshift(k);
		this.heard(station);
		return [202, k];
	}

	#profiles() {
		return {
			station: "CP-B3", control: "automatic", checked: "agrees", checked_at: iso(this.mock.now() - 3_600_000), differences: [], external_limits: [], needs: [],
			profiles: [{
				id: 4411, evse: 2, purpose: "TxProfile", stack_level: 1, kind: "Absolute", source: "CSO", owner: "depotd", at: iso(this.mock.now() - 90_000),
				profile: { chargingSchedule: [{ chargingRateUnit: "A", chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }, { startPeriod: 12_900, limit: 6 }] }] },
			}],
		};
	}
}
