/*
 * The list of chargers: a row each, found by words and state, in an order, as CSV. Pure.
 */
import type { AlarmView, EvseView, NodeView, StationView, VehicleView } from "../api/types.ts";
import { isSilent } from "../lib/freshness.ts";
import { treeRows } from "./derive.ts";

export type Health = "rejected" | "pending" | "silent" | "fault" | "good";

/* What is worst about a charger. */
export function health(s: StationView, nowMs: number): Health {
	if (s.policy === "rejected") return "rejected";
	if (isSilent(s.connected, s.last_seen, nowMs)) return "silent";
	if (s.policy === "pending") return "pending";
	return s.evses.some((e) => e.state === "faulted") ? "fault" : "good";
}

const sum = (list: readonly (number | undefined)[]): number | undefined => {
	const known = list.filter((x) => x !== undefined);
	return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0);
};

export const powerOf = (s: StationView): number | undefined => sum(s.evses.map((e) => e.power_w));
export const limitOf = (s: StationView): number | undefined => sum(s.evses.map((e) => e.limit_w));
export const maker = (s: StationView): string => [s.vendor, s.model].filter(Boolean).join(" ");

/* The oldest reading of those that the sum is made of. */
export function powerAt(s: StationView): string | undefined {
	return s.evses.map((e) => e.power_at).filter((at) => at !== undefined).sort()[0];
}

export const FILTERS = ["all", "faults", "silent", "charging", "free"] as const;
export type Filter = (typeof FILTERS)[number];

export const SORTS = ["place", "name", "state", "power", "firmware", "security", "heard"] as const;
export type Sort = (typeof SORTS)[number];

export interface Choice {
	text: string;
	filter: Filter;
	sort: Sort;
	isDown: boolean;
}

export const NO_CHOICE: Choice = { text: "", filter: "all", sort: "place", isDown: false };

const pick = <T extends string>(list: readonly T[], x: string | null, otherwise: T): T =>
	list.find((l) => l === x) ?? otherwise;

/* What an address asks for; anything odd is as if it were not there. */
export function choiceOf(search: string): Choice {
	const q = new URLSearchParams(search);
	const sort = q.get("sort") ?? "";
	return {
		text: (q.get("q") ?? "").slice(0, 100),
		filter: pick(FILTERS, q.get("show"), "all"),
		sort: pick(SORTS, sort.replace(/^-/, ""), "place"),
		isDown: sort.startsWith("-"),
	};
}

export function addressOf(c: Choice): string {
	const q = new URLSearchParams();
	if (c.text !== "") q.set("q", c.text);
	if (c.filter !== "all") q.set("show", c.filter);
	if (c.sort !== "place" || c.isDown) q.set("sort", `${c.isDown ? "-" : ""}${c.sort}`);
	const text = q.toString();
	return text === "" ? "/chargers" : `/chargers?${text}`;
}

export interface Known {
	nodes: readonly NodeView[];
	vehicles: readonly VehicleView[];
	alarms: readonly AlarmView[];
}

const van = (e: EvseView, known: Known): string =>
	(e.vehicle === undefined ? "" : `${e.vehicle} ${known.vehicles.find((v) => v.id === e.vehicle)?.name ?? ""}`);

function words(s: StationView, known: Known): string {
	const node = known.nodes.find((n) => n.id === s.node);
	return [s.id, s.name, s.node, node?.name, maker(s), s.serial, s.firmware, s.protocol,
		...s.evses.map((e) => van(e, known))].join(" ").toLowerCase();
}

function passes(s: StationView, filter: Filter, nowMs: number): boolean {
	if (filter === "all") return true;
	const h = health(s, nowMs);
	if (filter === "silent") return h === "silent";
	if (filter === "faults") return h === "fault" || h === "pending" || h === "rejected";
	return h !== "silent" && s.evses.some((e) => e.state === filter);
}

const WORST: Health[] = ["fault", "silent", "rejected", "pending", "good"];

type Key = (s: StationView, place: number) => string | number;

/* "2.10" is after "2.9". */
const natural = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function keyOf(sort: Sort, nowMs: number): Key {
	switch (sort) {
	case "place": return (_, place) => place;
	case "name": return (s) => s.name || s.id;
	case "state": return (s) => WORST.indexOf(health(s, nowMs));
	case "power": return (s) => -(powerOf(s) ?? -1);
	case "firmware": return (s) => `${maker(s)} ${s.firmware ?? ""}`;
	case "security": return (s) => s.security_profile;
	case "heard": return (s) => (s.last_seen === undefined ? 0 : Date.parse(s.last_seen));
	}
}

/* Those that are wanted, in the order that is wanted; equal ones by their place in the tree. */
export function chosen(stations: readonly StationView[], c: Choice, known: Known, nowMs: number): StationView[] {
	const places = new Map(treeRows(known.nodes).map((r, i) => [r.node.id, i] as const));
	const wanted = c.text.toLowerCase().split(/\s+/).filter((w) => w !== "");
	const key = keyOf(c.sort, nowMs);
	const rows = stations
		.filter((s) => passes(s, c.filter, nowMs))
		.filter((s) => wanted.length === 0 || wanted.every((w) => words(s, known).includes(w)))
		.map((s) => ({ s, place: places.get(s.node) ?? places.size }))
		.map((r) => ({ ...r, key: key(r.s, r.place) }));
	const turn = c.isDown ? -1 : 1;
	rows.sort((a, b) => {
		const by = typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key
			: natural.compare(String(a.key), String(b.key));
		return turn * by || a.place - b.place || natural.compare(a.s.id, b.s.id);
	});
	return rows.map((r) => r.s);
}

/* Open alarms that are about a charger or one of its EVSEs. */
export const alarmsOf = (id: string, alarms: readonly AlarmView[]): AlarmView[] =>
	alarms.filter((a) => a.state !== "past" && (a.subject === id || a.subject.startsWith(`${id}/`)));

/* One line an EVSE, as machines read it: W, UTC. */
export function csvRows(stations: readonly StationView[]): (string | number | undefined)[][] {
	return stations.flatMap((s) => s.evses.map((e) => [
		s.id, s.name, s.node, String(s.connected), s.last_seen, e.id, e.state, e.vehicle, e.power_w, e.power_at, e.limit_w,
		e.limit_source, s.vendor, s.model, s.firmware, s.protocol, s.security_profile,
	]));
}
