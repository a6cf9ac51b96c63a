/*
 * The stream's patches put into an overview. Pure; entities that did not change keep their
 * identity, so that rows compare by reference and untouched ones are not drawn again.
 * A patch names of each entity only the members that changed (RFC 7396); one that is new comes whole.
 */
import type {
	AlarmView, EnvelopeView, EvseView, MeterView, NodeView, Overview, StationView, VehicleView,
} from "../api/types.ts";

type Change<T> = { [K in keyof T]?: T[K] | null };
type Changes<T> = Record<string, Change<T> | null>;

/* Only what changed since the last one. null takes an entity away, or a member of one. */
export interface Patch {
	at?: string;
	sentence?: string;
	sub?: string;
	stations_sentence?: string;
	stations_sub?: string;
	energy_sentence?: string;
	energy_sub?: string;
	meters_sentence?: string;
	meters_sub?: string;
	alarms_sentence?: string;
	alarms_sub?: string;
	speed?: number;
	nodes?: Changes<NodeView>;
	stations?: Changes<Omit<StationView, "evses">>;
	evses?: Changes<EvseView>;
	vehicles?: Changes<VehicleView>;
	meters?: Changes<MeterView>;
	alarms?: Changes<AlarmView>;
	envelopes?: Changes<EnvelopeView>;
	heard?: Record<string, number>; /* of whom there are new messages or commands; no part of the overview */
}

function isRecord(x: unknown): x is Record<string, unknown> {
	return typeof x === "object" && x !== null && !Array.isArray(x);
}

/* What the page cannot do without; the rest of the shape is the server's word. */
export function asOverview(x: unknown): Overview | undefined {
	if (!isRecord(x) || typeof x.at !== "string" || typeof x.timezone !== "string") return undefined;
	if (!isRecord(x.tree) || !Array.isArray(x.tree.nodes)) return undefined;
	for (const list of [x.stations, x.vehicles, x.meters, x.alarms, x.envelopes]) if (!Array.isArray(list)) return undefined;
	return x as unknown as Overview;
}

export function asPatch(x: unknown): Patch | undefined {
	return isRecord(x) ? (x as Patch) : undefined;
}

/* The entity with its members as they are now. `change` of an entity that nobody knew is whole. */
function merged<T extends object>(old: T | undefined, change: Change<T>): T {
	const next = { ...old, ...change } as T;
	for (const key in change) {
		if (change[key] !== null) continue;
		return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null)) as T;
	}
	return next;
}

function mergeList<T extends { id: string }>(list: T[], changes: Changes<T> | undefined): T[] {
	if (!changes) return list;
	const left = new Map(Object.entries(changes));
	const out: T[] = [];
	for (const item of list) {
		const change = left.get(item.id);
		if (change === undefined) {
			out.push(item);
			continue;
		}
		left.delete(item.id);
		if (change !== null) out.push(merged(item, change));
	}
	for (const change of left.values()) if (change !== null) out.push(merged<T>(undefined, change));
	return out;
}

/* "CP-1/2" → ["CP-1", 2]. The identity may hold a slash itself: the last one counts. */
export function splitEvseKey(key: string): [string, number] | undefined {
	const slash = key.lastIndexOf("/");
	const id = Number(key.slice(slash + 1));
	return slash > 0 && Number.isInteger(id) ? [key.slice(0, slash), id] : undefined;
}

type EvseChange = [id: number, change: Change<EvseView> | null];

function mergedEvses(old: EvseView[], changes: readonly EvseChange[]): EvseView[] {
	const evses = [...old];
	for (const [id, change] of changes) {
		const at = evses.findIndex((e) => e.id === id);
		if (change === null) {
			if (at >= 0) evses.splice(at, 1);
		} else if (at >= 0) evses[at] = merged(evses[at], change);
		else evses.push(merged<EvseView>(undefined, change));
	}
	return evses;
}

function mergeEvses(stations: StationView[], changes: Changes<EvseView> | undefined): StationView[] {
	if (!changes) return stations;
	const byStation = new Map<string, EvseChange[]>();
	for (const key in changes) {
		const parts = splitEvseKey(key);
		if (!parts) continue;
		const change: EvseChange = [parts[1], changes[key]!];
		const group = byStation.get(parts[0]);
		if (group) group.push(change);
		else byStation.set(parts[0], [change]);
	}
	return stations.map((station) => {
		const group = byStation.get(station.id);
		return group ? { ...station, evses: mergedEvses(station.evses, group) } : station;
	});
}

/* Stations are told without their EVSEs, which are things of their own. */
function mergeStations(stations: StationView[], changes: Patch["stations"]): StationView[] {
	const list = mergeList<Omit<StationView, "evses"> & { evses?: EvseView[] }>(stations, changes);
	return list === stations ? stations : list.map((s) => (s.evses ? s as StationView : { ...s, evses: [] }));
}

export function applyPatch(old: Overview, patch: Patch): Overview {
	const nodes = mergeList(old.tree.nodes, patch.nodes);
	const at = patch.at ?? old.at;
	return {
		...old,
		at,
		sentence: patch.sentence ?? old.sentence,
		sub: patch.sub ?? old.sub,
		stations_sentence: patch.stations_sentence ?? old.stations_sentence,
		stations_sub: patch.stations_sub ?? old.stations_sub,
		energy_sentence: patch.energy_sentence ?? old.energy_sentence,
		energy_sub: patch.energy_sub ?? old.energy_sub,
		meters_sentence: patch.meters_sentence ?? old.meters_sentence,
		meters_sub: patch.meters_sub ?? old.meters_sub,
		alarms_sentence: patch.alarms_sentence ?? old.alarms_sentence,
		alarms_sub: patch.alarms_sub ?? old.alarms_sub,
		speed: patch.speed ?? old.speed,
		tree: { at, nodes },
		stations: mergeEvses(mergeStations(old.stations, patch.stations), patch.evses),
		vehicles: mergeList(old.vehicles, patch.vehicles),
		meters: mergeList(old.meters, patch.meters),
		alarms: mergeList(old.alarms, patch.alarms),
		envelopes: mergeList(old.envelopes, patch.envelopes),
	};
}
