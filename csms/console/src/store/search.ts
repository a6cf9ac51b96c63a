/*
 * Search over all that has a name: vans, chargers and their EVSEs, points of the tree, meters, alarms,
 * sessions, users, pages. Pure.
 */
import type { Overview, TransactionView } from "../api/types.ts";
import type { UserView } from "../api/types_people.ts";
import { alarmPath, chargerPath, meterPath } from "./place.ts";
import { sessionPath } from "./sessions.ts";
import { vehiclePath } from "./vehicles.ts";

export const MOST_HITS = 8;

export type Kind = "page" | "van" | "charger" | "evse" | "node" | "meter" | "alarm" | "session" | "user";

export interface Thing {
	kind: Kind;
	id: string;
	name: string;
	sub: string; /* what tells it from its like: where it is, whose it is */
	path: string;
	row?: string; /* selector of its row on that page, where it has no page of its own */
}

const row = (data: string, id: string): string => `[data-${data}="${id.replace(/["\\]/g, "\\$&")}"]`;

const nameOf = (list: readonly { id: string; name?: string }[]): Map<string, string> => new Map(list.map((x) => [x.id, x.name || x.id]));

export function thingsOf(data: Overview, kindWord: (kind: string) => string): Thing[] {
	const nodes = nameOf(data.tree.nodes);
	const vans = nameOf(data.vehicles);
	const at = (station: string | undefined, evse: number | undefined) => [station, evse].filter((x) => x !== undefined).join("/");
	return [
		...data.vehicles.map((v): Thing => ({ kind: "van", id: v.id, name: v.name || v.id, sub: at(v.station, v.evse), path: vehiclePath(v.id) })),
		...data.stations.map((s): Thing => ({ kind: "charger", id: s.id, name: s.name || s.id, sub: nodes.get(s.node) ?? s.node, path: chargerPath(s.id) })),
		...data.stations.flatMap((s) => s.evses.map((e): Thing => ({
			kind: "evse", id: `${s.id}/${e.id}`, name: `${s.name || s.id}/${e.id}`,
			sub: e.vehicle === undefined ? (nodes.get(s.node) ?? s.node) : (vans.get(e.vehicle) ?? e.vehicle), path: chargerPath(s.id),
		}))),
		...data.tree.nodes.map((n): Thing => ({
			kind: "node", id: n.id, name: n.name || n.id, sub: n.parent === undefined ? n.id : (nodes.get(n.parent) ?? n.parent), path: "/energy", row: row("node", n.id),
		})),
		...data.meters.map((m): Thing => ({ kind: "meter", id: m.id, name: m.name || m.id, sub: m.node === undefined ? m.map : (nodes.get(m.node) ?? m.node), path: meterPath(m.id) })),
		...data.alarms.filter((a) => a.state !== "past").map((a): Thing => ({ kind: "alarm", id: a.id, name: `${kindWord(a.kind)}, ${a.subject}`, sub: a.text, path: alarmPath(a.id) })),
	];
}

export const sessionThings = (list: readonly TransactionView[], vans: readonly { id: string; name?: string }[], when: (iso: string) => string): Thing[] => {
	const names = nameOf(vans);
	return list.map((t) => ({
		kind: "session", id: t.id, name: `${t.vehicle === undefined ? t.id : (names.get(t.vehicle) ?? t.vehicle)}, ${when(t.started_at ?? t.last_at)}`,
		sub: `${t.station}${t.evse === undefined ? "" : `/${t.evse}`}`, path: sessionPath(t.station, t.id),
	}));
};

export const userThings = (list: readonly UserView[]): Thing[] =>
	list.map((u) => ({ kind: "user", id: u.name, name: u.name, sub: u.role, path: "/users", row: row("user", u.name) }));

/* "van5" finds "VAN 05": signs between and leading zeros do not count. */
export const bare = (s: string): string => s.toLowerCase().normalize("NFKD").replace(/[^\p{L}\p{N}]+/gu, "").replace(/(?<!\d)0+(?=\d)/g, "");

/* 0 the very name, 1 its beginning, 2 in it, 3 in what stands beside it; undefined: not at all. */
function rank(t: Thing, wanted: string, words: readonly string[]): number | undefined {
	const [id, name] = [bare(t.id), bare(t.name)];
	if (id === wanted || name === wanted) return 0;
	if (id.startsWith(wanted) || name.startsWith(wanted)) return 1;
	if (id.includes(wanted) || name.includes(wanted)) return 2;
	const all = id + name + bare(t.sub);
	return words.every((w) => all.includes(w)) ? 3 : undefined;
}

/* The best first; of equally good ones in the order of `things`. */
export function search(things: readonly Thing[], text: string, most = MOST_HITS): Thing[] {
	const wanted = bare(text).replace(/(?<=\D)0+$/, ""); /* "van 0" is on the way to "van 05" */
	if (wanted === "") return [];
	const words = text.split(/\s+/).map((x) => bare(x).replace(/^0+$/, "")).filter((w) => w !== "");
	const found: [number, Thing][] = [];
	for (const t of things) {
		const r = rank(t, wanted, words);
		if (r !== undefined) found.push([r, t]);
	}
	return found.sort((a, b) => a[0] - b[0]).slice(0, most).map(([, t]) => t);
}
