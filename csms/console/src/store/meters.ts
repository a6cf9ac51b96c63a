/*
 * Meters in the order of the tree, and what to think of each. Pure.
 */
import type { MeterView, NodeView, WiringPair } from "../api/types.ts";
import { treeRows } from "./derive.ts";

export interface MeterRow {
	id: string;
	depth: number; /* meters above it */
	meter?: MeterView; /* absent: a charger's own, which comes by OCPP */
	node?: NodeView;
}

/* A meter stands where its node stands, below the meters of the nodes above; one that no node names
 * comes last. A charger's own meter ("ocpp:CP-1") that a node names is one too. */
export function meterRows(nodes: readonly NodeView[], meters: readonly MeterView[]): MeterRow[] {
	const byId = new Map(meters.map((m) => [m.id, m] as const));
	const parents = new Map(nodes.map((n) => [n.id, n] as const));
	const above = (node: NodeView): number => {
		let count = 0;
		let up = node.parent === undefined ? undefined : parents.get(node.parent);
		for (let i = 0; up && i < nodes.length; i += 1) {
			if (up.meter) count += 1;
			up = up.parent === undefined ? undefined : parents.get(up.parent);
		}
		return count;
	};
	const rows: MeterRow[] = [];
	for (const { node } of treeRows(nodes)) {
		if (!node.meter) continue;
		const meter = byId.get(node.meter);
		byId.delete(node.meter);
		rows.push({ id: node.meter, depth: above(node), node, ...(meter && { meter }) });
	}
	for (const meter of byId.values()) rows.push({ id: meter.id, depth: 0, meter });
	return rows;
}

/* "ocpp:CP-1/2" is the charger's own meter at CP-1/2. */
export const chargerOf = (id: string): string | undefined =>
	(id.startsWith("ocpp:") ? id.slice(5) : undefined);

/* The meter of the nearest node above that has one. */
export function meterAbove(nodes: readonly NodeView[], meters: readonly MeterView[],
	id: string): MeterView | undefined {
	const byId = new Map(nodes.map((n) => [n.id, n] as const));
	const up = (n: NodeView | undefined) => (n?.parent === undefined ? undefined : byId.get(n.parent));
	let node = up(nodes.find((n) => n.meter === id));
	for (let i = 0; node && i < nodes.length; i += 1) {
		const meter = node.meter && meters.find((m) => m.id === node?.meter);
		if (meter) return meter;
		node = up(node);
	}
	return undefined;
}

export type Verdict = "silent" | "refusing" | "doubt" | "dark" | "old" | "none" | "good";

/* What depotd's guard thinks of it, where it does not simply believe it. */
const BELIEFS: Record<string, Verdict | undefined> = {
	silent: "silent", refusing: "refusing", doubted: "doubt", dark: "dark", unread: "none",
};

export function verdict(row: MeterRow, isOld: boolean): Verdict {
	const { meter, node } = row;
	if (meter) {
		const known = BELIEFS[meter.belief];
		if (known) return known;
		if (meter.note) return "doubt";
		if (meter.at === undefined) return "none";
	} else if (node?.load_source !== "meter") {
		return node?.load_at === undefined ? "none" : "silent";
	}
	return isOld ? "old" : "good";
}

/* Pairs of the wiring check that say something is wrong, and about this meter if one is given. */
export function wrongPairs(pairs: readonly WiringPair[], id?: string): WiringPair[] {
	return pairs.filter((p) => !p.ok && (id === undefined || p.lower === id || p.upper === id));
}

export interface Bus {
	host?: string;
	port?: number;
	device?: string;
	unit: number;
}

/* "tcp 10.0.0.20:502 unit 1", "rtu /dev/ttyUSB0 9600 unit 4" */
export function parseLink(link: string): Bus | undefined {
	const tcp = /^tcp (.+):(\d+) unit (\d+)$/.exec(link);
	if (tcp) return { host: tcp[1]!, port: Number(tcp[2]), unit: Number(tcp[3]) };
	const rtu = /^rtu (.+) \d+ unit (\d+)$/.exec(link);
	return rtu ? { device: rtu[1]!, unit: Number(rtu[2]) } : undefined;
}

/* The unit that a quantity's name ends in, how many decimals it is shown with, and what it is
 * divided by. */
const UNITS: [string, string, number, number][] = [
	["_wh", "kWh", 1, 1000], ["_w", "W", 0, 1], ["_v", "V", 1, 1], ["_a", "A", 2, 1], ["_hz", "Hz", 2, 1],
	["_pct", "%", 1, 1],
];

export interface QuantityUnit {
	unit: string;
	digits: number;
	divisor: number;
}

export function unitOf(quantity: string): QuantityUnit {
	const row = UNITS.find(([end]) => quantity.endsWith(end));
	return row ? { unit: row[1], digits: row[2], divisor: row[3] } : { unit: "", digits: 0, divisor: 1 };
}

/* What another source says of the same quantity: the meter above, the sum of the EVSEs below.
 * `isOff`: the two cannot both be right, as far as nothing feeds in below. */
export interface Comparison {
	kind: "above" | "evses";
	value: number;
	isOff: boolean;
}

const SLACK_W = 1000;

function comparePower(w: number, above: MeterView | undefined, node: NodeView | undefined): Comparison | undefined {
	const upper = above?.ok ? above.power_w : undefined;
	if (upper !== undefined && w > 1.15 * upper + SLACK_W) return { kind: "above", value: upper, isOff: true };
	if (node && node.evse_w >= SLACK_W) {
		return { kind: "evses", value: node.evse_w, isOff: w < 0.85 * node.evse_w - SLACK_W };
	}
	return upper === undefined ? undefined : { kind: "above", value: upper, isOff: false };
}

export function compare(quantity: string, value: number | undefined, above: MeterView | undefined,
	node: NodeView | undefined): Comparison | undefined {
	if (value === undefined) return undefined;
	if (quantity === "power_w") return comparePower(value, above, node);
	const volts = /^voltage_l([123])_v$/.exec(quantity);
	const other = volts ? above?.voltages_v[Number(volts[1]) - 1]
		: quantity === "frequency_hz" ? above?.frequency_hz : undefined;
	if (other === undefined) return undefined;
	return { kind: "above", value: other, isOff: Math.abs(value - other) > 0.08 * Math.abs(other) };
}

/* A meter that shows more than the one above it, while nothing feeds in: one of the two is wrong. */
export function moreThanAbove(nodes: readonly NodeView[], meters: readonly MeterView[],
	meter: MeterView): MeterView | undefined {
	if (meter.power_w === undefined || !meter.ok || meters.some((m) => (m.power_w ?? 0) < -100)) return undefined;
	const above = meterAbove(nodes, meters, meter.id);
	return above && comparePower(meter.power_w, above, undefined)?.isOff ? above : undefined;
}
