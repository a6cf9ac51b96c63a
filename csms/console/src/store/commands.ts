/*
 * Commands to chargers: which a page offers for what it shows, and how far one that was sent is. Pure.
 */
import type { CommandView, EvseView, StationView } from "../api/types.ts";

export interface Offer {
	id: string; /* of its words */
	action: string;
	payload: Record<string, unknown>; /* that is known already */
	fixed?: readonly string[]; /* fields of it that the button itself has chosen: nobody is asked */
}

const hasStatus = (e: EvseView, status: string): boolean => e.connectors.some((c) => c.status === status);

/* What can be asked of one EVSE. The first connector stands for an EVSE that has only one. */
export function evseOffers(evse: EvseView): Offer[] {
	const scope = { evse: { id: evse.id } };
	const isOut = evse.connectors.length > 0 && evse.connectors.every((c) => c.status === "Unavailable");
	const wantsCard = evse.limit_source === "card"; /* a transaction that nobody has been let in for */
	const start = { id: "start", action: "RequestStartTransaction", payload: { evseId: evse.id }, fixed: ["evseId"] };
	const stop = { id: "stop", action: "RequestStopTransaction", payload: { transactionId: evse.transaction }, fixed: ["transactionId"] };
	return [
		...(evse.transaction === undefined || wantsCard ? [start] : []),
		...(evse.transaction === undefined ? [] : [stop]),
		{ id: "unlock", action: "UnlockConnector", payload: { evseId: evse.id, connectorId: evse.connectors[0]?.id ?? 1 }, fixed: ["evseId"] },
		isOut || hasStatus(evse, "Unavailable")
			? { id: "in", action: "ChangeAvailability", payload: { operationalStatus: "Operative", ...scope }, fixed: ["operationalStatus", "evse"] }
			: { id: "out", action: "ChangeAvailability", payload: { operationalStatus: "Inoperative", ...scope }, fixed: ["operationalStatus", "evse"] },
		{ id: "resetEvse", action: "Reset", payload: { type: "Immediate", evseId: evse.id }, fixed: ["evseId"] },
		{ id: "trigger", action: "TriggerMessage", payload: { requestedMessage: "StatusNotification", evse: { id: evse.id, connectorId: evse.connectors[0]?.id ?? 1 } } },
	];
}

/* … and of a whole charger. */
export const stationOffers = (s: StationView): Offer[] => [
	s.evses.length > 0 && s.evses.every((e) => hasStatus(e, "Unavailable"))
		? { id: "in", action: "ChangeAvailability", payload: { operationalStatus: "Operative" }, fixed: ["operationalStatus", "evse"] }
		: { id: "out", action: "ChangeAvailability", payload: { operationalStatus: "Inoperative" }, fixed: ["operationalStatus", "evse"] },
	{ id: "reset", action: "Reset", payload: { type: "Immediate" }, fixed: ["evseId"] },
	{ id: "log", action: "GetLog", payload: { logType: "DiagnosticsLog", log: {} } },
	{ id: "firmware", action: "UpdateFirmware", payload: {} },
	{ id: "report", action: "GetBaseReport", payload: { reportBase: "FullInventory" } },
	{ id: "cache", action: "ClearCache", payload: {} },
	{ id: "variables", action: "GetVariables", payload: {} },
];

/* Why nothing can be sent now; undefined: it can. */
export function cannot(s: StationView): "silent" | "rejected" | undefined {
	if (s.policy === "rejected") return "rejected";
	return s.connected ? undefined : "silent";
}

export const STEPS = ["asked", "sent", "answered", "ended"] as const;
export type Step = (typeof STEPS)[number];

export type StepState = "done" | "now" | "never" | "next";

export const isOver = (k: CommandView): boolean => k.ended_at !== undefined;

/*
 * Where each step of the way stands. What was refused, lost or given up never was answered well: only
 * what the server says is shown as done.
 */
export function steps(k: CommandView): StepState[] {
	if (!isOver(k)) {
		const at = STEPS.indexOf(k.step);
		return STEPS.map((_, i) => (i < at ? "done" : i === at ? "now" : "next"));
	}
	const hasAnswer = k.response !== undefined || k.state === "done" || k.state === "failed" || k.state === "refused";
	const wasSent = hasAnswer || k.state !== "cancelled";
	return ["done", wasSent ? "done" : "never", hasAnswer ? "done" : "never", "done"];
}

const last = (path: string): string => path.replace(/.*\./, "");

/* A payload in a few words: "Immediate, evseId 2". Only scalars, two deep. */
export function gistOf(payload: unknown, most = 4): string {
	const out: string[] = [];
	const walk = (x: unknown, path: string, depth: number): void => {
		if (out.length >= most || x === null || x === undefined) return;
		if (typeof x === "object") {
			if (depth > 2) return;
			for (const [k, v] of Object.entries(x)) walk(v, Array.isArray(x) ? path : `${path}.${k}`, depth + 1);
			return;
		}
		const text = String(x).slice(0, 60);
		const name = last(path);
		out.push(typeof x === "string" && /^[A-Z][A-Za-z]+$/.test(text) ? text : `${name} ${text}`);
	};
	walk(payload, "", 0);
	return out.filter((t) => !/^(requestId|remoteStartId) /.test(t)).join(", ");
}
