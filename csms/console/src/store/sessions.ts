/*
 * The list of sessions: what is asked for, its address, its rows as CSV; power of one as steps of a
 * chart; its cost in parts. Pure.
 */
import type { EnergyCostSlot, SessionCourse, SessionTold } from "../api/types_sessions.ts";
import type { TransactionView } from "../api/types.ts";
import type { Cell } from "../lib/csv.ts";
import type { Step } from "../pages/chart_math.ts";

export const STATES = ["any", "open", "ended"] as const;
export type SessionState = (typeof STATES)[number];

export interface SessionChoice {
	state: SessionState;
	station: string; /* "" all */
	vehicle: string;
	from: string; /* local time as an input has it, "" any */
	to: string;
}

export function sessionChoiceOf(search: string): SessionChoice {
	const q = new URLSearchParams(search);
	return {
		state: STATES.find((s) => s === q.get("state")) ?? "any",
		station: q.get("station") ?? "", vehicle: q.get("van") ?? "", from: q.get("from") ?? "", to: q.get("to") ?? "",
	};
}

function query(pairs: readonly (readonly [string, string | undefined])[]): string {
	const q = new URLSearchParams();
	for (const [name, value] of pairs) if (value) q.set(name, value);
	const text = q.toString();
	return text === "" ? "" : `?${text}`;
}

export const sessionsAddress = (c: SessionChoice): string => `/sessions${query([
	["state", c.state === "any" ? "" : c.state], ["station", c.station], ["van", c.vehicle], ["from", c.from], ["to", c.to],
])}`;

export const sessionsQuery = (c: SessionChoice, toUtc: (local: string) => string | undefined, cursor?: string): string =>
	`/transactions${query([
		["state", c.state], ["station", c.station], ["vehicle", c.vehicle], ["from", toUtc(c.from)], ["to", toUtc(c.to)],
		["limit", "100"], ["cursor", cursor],
	])}`;

export const sessionPath = (station: string, id: string): string => `/sessions/${encodeURIComponent(station)}/${encodeURIComponent(id)}`;

/* "STATION/TRANSACTION": names of stations have no slash. */
export function sessionOf(part: string): { station: string; id: string } | undefined {
	const slash = part.indexOf("/");
	return slash > 0 && slash < part.length - 1 ? { station: part.slice(0, slash), id: part.slice(slash + 1) } : undefined;
}

export const csvOf = (list: readonly TransactionView[]): Cell[][] => list.map((t) => [
	t.station, t.evse, t.id, t.vehicle, t.state, t.started_at, t.ended_at, t.energy_wh, t.cost, t.currency, t.stopped_reason,
	String(t.complete), t.missing, t.quarantined,
]);

/* What was told and stood at a time. */
export function toldAt(told: readonly SessionTold[], ms: number): SessionTold | undefined {
	let last: SessionTold | undefined;
	for (const t of told) {
		if (Date.parse(t.at) > ms) break;
		last = t;
	}
	return last;
}

/* Power and the limit that stood, cut wherever one of them changes. */
export function courseSteps(c: SessionCourse, toMs: number): Step[] {
	const step = c.step_s * 1000;
	const powers = c.power.map((p) => ({ from: Date.parse(p.at), to: Date.parse(p.at) + step, w: p.w }));
	const from = Date.parse(c.from);
	const edges = new Set([from, toMs]);
	for (const p of powers) edges.add(p.from).add(p.to);
	for (const t of c.told) edges.add(Date.parse(t.at));
	const sorted = [...edges].filter((ms) => ms >= from && ms <= toMs).sort((a, b) => a - b);
	const out: Step[] = [];
	let i = 0;
	for (const [n, at] of sorted.slice(0, -1).entries()) {
		while (i < powers.length && powers[i]!.to <= at) i += 1;
		const power = powers[i];
		const told = toldAt(c.told, at);
		out.push({
			from: at, to: sorted[n + 1]!,
			...(power && power.from <= at && { site: power.w }), ...(told && { limit: told.limit_w }),
		});
	}
	return out;
}

export interface CostPart {
	price: number;
	wh: number;
	amount: number;
}

/* Energy of a session by its price, the dearest first. */
export function costParts(slots: readonly EnergyCostSlot[]): CostPart[] {
	const byPrice = new Map<number, number>();
	for (const s of slots) byPrice.set(s.price, (byPrice.get(s.price) ?? 0) + s.energy_wh);
	return [...byPrice].map(([price, wh]) => ({ price, wh, amount: (price * wh) / 1000 })).sort((a, b) => b.price - a.price);
}
