/*
 * What the page shows that the overview only implies: the order of tree and vans, who holds whom
 * back, counts. Pure.
 */
import type { EnvelopeView, EvseView, NodeLimitView, NodeView, Overview, StationView, VehicleView } from "../api/types.ts";
import { isSilent } from "../lib/freshness.ts";

export interface TreeRow {
	node: NodeView;
	depth: number;
}

/* Parents before children, siblings as the server lists them. A node whose parent is missing is a
 * root; one that is its own ancestor is listed once, at the end. */
export function treeRows(nodes: readonly NodeView[]): TreeRow[] {
	const known = new Set(nodes.map((n) => n.id));
	const children = new Map<string, NodeView[]>();
	const roots: NodeView[] = [];
	for (const node of nodes) {
		if (node.parent === undefined || !known.has(node.parent)) {
			roots.push(node);
			continue;
		}
		const list = children.get(node.parent);
		if (list) list.push(node);
		else children.set(node.parent, [node]);
	}
	const rows: TreeRow[] = [];
	const seen = new Set<string>();
	const walk = (node: NodeView, depth: number): void => {
		if (seen.has(node.id)) return;
		seen.add(node.id);
		rows.push({ node, depth });
		for (const child of children.get(node.id) ?? []) walk(child, depth + 1);
	};
	for (const root of roots) walk(root, 0);
	for (const node of nodes) walk(node, 0);
	return rows;
}

/* The site: where all power comes in. */
export function rootNode(nodes: readonly NodeView[]): NodeView | undefined {
	return treeRows(nodes)[0]?.node;
}

/* The node that stores and PV feed while the grid is gone, and whose limit is what they give. */
export function islandNode(nodes: readonly NodeView[]): NodeView | undefined {
	return nodes.find((n) => n.limit_source === "island");
}

/* Does the limit of a node keep this EVSE's van under what the EVSE could give? */
export function isHeldBack(evse: EvseView): boolean {
	return (
		Boolean(evse.limit_node) &&
		evse.limit_w !== undefined &&
		evse.limit_w < evse.max_w &&
		(evse.state === "charging" || evse.state === "paused" || evse.state === "plugged")
	);
}

/* Vans that each node holds back. */
export function heldBackBy(stations: readonly StationView[]): Map<string, number> {
	const counts = new Map<string, number>();
	for (const station of stations) {
		for (const evse of station.evses) {
			if (!evse.limit_node || !isHeldBack(evse)) continue;
			counts.set(evse.limit_node, (counts.get(evse.limit_node) ?? 0) + 1);
		}
	}
	return counts;
}

export interface Binding {
	node: NodeView;
	vans: number; /* 0: it binds, and no van is told so yet */
}

/* The limit by which a node holds vans back: its power in all, unless only others are full. */
export function boundBy(node: NodeView): NodeLimitView | undefined {
	const what = node.binds.includes("total") ? undefined : node.binds[0];
	return what === undefined ? undefined : node.limits.find((l) => l.what === what);
}

/* Nodes that hold vans back now, by what EVSEs were told or by the tree itself; most vans first. */
export function bindingNodes(nodes: readonly NodeView[], stations: readonly StationView[]): Binding[] {
	const held = heldBackBy(stations);
	return nodes
		.filter((n) => held.has(n.id) || n.binds.length > 0)
		.map((node) => ({ node, vans: held.get(node.id) ?? 0 }))
		.sort((a, b) => b.vans - a.vans);
}

/* Does the demand window keep power from vans now? It may be the limit in force and have room left. */
export const windowHolds = (node: NodeView | undefined, allowedW: number): boolean =>
	node !== undefined && ((node.limit_source === "demand window" && node.binds.length > 0) || allowedW < (node.load_w ?? 0));

export interface EvseCounts {
	all: number;
	live: number;
	fault: number;
	silent: number;
}

export function evseCounts(stations: readonly StationView[], nowMs: number): EvseCounts {
	const counts: EvseCounts = { all: 0, live: 0, fault: 0, silent: 0 };
	for (const station of stations) {
		const silent = isSilent(station.connected, station.last_seen, nowMs);
		for (const evse of station.evses) {
			counts.all += 1;
			if (silent) counts.silent += 1;
			else if (evse.state === "faulted") counts.fault += 1;
			else counts.live += 1;
		}
	}
	return counts;
}

export interface EvseRow {
	station: StationView;
	evse: EvseView;
}

export interface EvseGroup {
	id: string;
	name: string;
	rows: EvseRow[];
}

/* EVSEs below each node that has stations, in the order of the tree. */
export function evseGroups(nodes: readonly NodeView[], stations: readonly StationView[]): EvseGroup[] {
	const groups = new Map<string, EvseGroup>();
	for (const { node } of treeRows(nodes)) groups.set(node.id, { id: node.id, name: node.name, rows: [] });
	for (const station of stations) {
		let group = groups.get(station.node);
		if (!group) {
			group = { id: station.node, name: station.node, rows: [] };
			groups.set(station.node, group);
		}
		for (const evse of station.evses) group.rows.push({ station, evse });
	}
	return [...groups.values()].filter((g) => g.rows.length > 0);
}

const departure = (v: VehicleView): number =>
	v.departs_at === undefined ? Infinity : Date.parse(v.departs_at);

function byDeparture(a: VehicleView, b: VehicleView): number {
	const at = departure(a);
	const bt = departure(b);
	if (at !== bt) return at < bt ? -1 : 1;
	return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/* One line a van, as machines read it: W, Wh, UTC. */
export const VANS_CSV = ["vehicle", "name", "state", "reason", "departs_at", "station", "evse", "soc_pct", "soc_at", "target_pct", "need_wh", "power_w", "ready_at"];
export const vanRows = (list: readonly VehicleView[]): (string | number | undefined)[][] => [...list].sort(byDeparture).map((v) => [
	v.id, v.name, v.state, v.reason, v.departs_at, v.station, v.evse, v.soc_pct, v.soc_at, v.target_pct, v.need_wh, v.power_w, v.ready_at,
]);

const urgency = (v: VehicleView): number => (v.state === "will_miss" ? 0 : v.state === "at_risk" ? 1 : 2);

/* Vans that need a person, the ones that will miss first; then all others; each by departure. */
export function splitVans(vehicles: readonly VehicleView[]): [VehicleView[], VehicleView[]] {
	const needs = vehicles.filter((v) => urgency(v) < 2);
	const others = vehicles.filter((v) => urgency(v) === 2);
	needs.sort((a, b) => urgency(a) - urgency(b) || byDeparture(a, b));
	others.sort(byDeparture);
	return [needs, others];
}

export interface Names {
	node: Map<string, string>;
	vehicle: Map<string, string>;
	meter: Map<string, string>;
}

/* What to call things: their name, or their id where they have none. */
export const nameMap = (list: readonly { id: string; name?: string }[]): Map<string, string> =>
	new Map(list.map((x) => [x.id, x.name || x.id] as const));

export function names(overview: Overview): Names {
	return { node: nameMap(overview.tree.nodes), vehicle: nameMap(overview.vehicles), meter: nameMap(overview.meters) };
}

/* How many EVSEs hang on each node or below it; a node that is above itself counts them once. */
export function evseTotals(nodes: readonly NodeView[], stations: readonly StationView[]): Map<string, number> {
	const parents = new Map(nodes.map((n) => [n.id, n.parent] as const));
	const totals = new Map<string, number>();
	for (const s of stations) {
		const seen = new Set<string>();
		for (let at: string | undefined = s.node; at !== undefined && !seen.has(at); at = parents.get(at)) {
			seen.add(at);
			totals.set(at, (totals.get(at) ?? 0) + s.evses.length);
		}
	}
	return totals;
}

export const evsesBelow = (nodes: readonly NodeView[], stations: readonly StationView[], id: string): number =>
	evseTotals(nodes, stations).get(id) ?? 0;

export interface LimitToCome {
	atMs: number;
	w: number;
	owner: string;
}

/* The next moment at which somebody's limit of the node begins, of those that count or will. */
export function nextLimit(envelopes: readonly EnvelopeView[], node: string, nowMs: number): LimitToCome | undefined {
	const open = envelopes.filter((e) => e.node === node && (e.state === "pending" || e.state === "active"));
	const coming = open.flatMap((e) => e.blocks.filter((b) => b.import_w !== undefined && Date.parse(b.start) > nowMs)
		.map((b) => ({ atMs: Date.parse(b.start), w: b.import_w!, owner: e.owner })));
	return coming.sort((a, b) => a.atMs - b.atMs || a.w - b.w)[0];
}
