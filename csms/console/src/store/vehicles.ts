/*
 * Vehicles and their work: rows, what an edit changes, trips in one time. Pure.
 */
import type { TripView, VehicleDetail } from "../api/types_vehicles.ts";
import type { VehicleView } from "../api/types.ts";

export const vehiclePath = (id: string): string => `/vehicles/${encodeURIComponent(id)}`;

/* A vehicle as the depot's file describes it (VehicleType of depot.schema): what the page shows. */
export interface Description {
	id: string;
	battery_wh?: number;
	max_ac_w?: number;
	max_dc_w?: number;
	phases?: number;
	target_pct?: number;
	need_wh?: number;
	departs?: string;
	departs_at?: string;
	priority?: number;
	plate?: string;
	class?: string;
	chemistry?: string;
	inlets?: string[];
	min_soc_pct?: number;
	health_pct?: number;
	discharge_w?: number;
}

export const describe = (d: VehicleDetail): Description =>
	(typeof d.description === "object" && d.description !== null ? d.description : { id: d.vehicle.id }) as Description;

/* Those that need someone first, then by departure; who has none comes last. */
const RANK: Record<string, number> = { will_miss: 0, at_risk: 1 };
export function byNeed(list: readonly VehicleDetail[]): VehicleDetail[] {
	const leaves = (v: VehicleView) => (v.departs_at === undefined ? Infinity : Date.parse(v.departs_at));
	return [...list].sort((a, b) => (RANK[a.vehicle.state] ?? 2) - (RANK[b.vehicle.state] ?? 2)
		|| leaves(a.vehicle) - leaves(b.vehicle) || a.vehicle.id.localeCompare(b.vehicle.id));
}

/* -- editing: the fields of the work that a dispatcher changes ------------------------------------ */

export type WorkField = "departs" | "departs_at" | "target_pct" | "need_wh" | "priority" | "min_soc_pct";
export type Work = Record<WorkField, string>;

export const WORK_FIELDS: readonly WorkField[] = ["departs", "departs_at", "target_pct", "min_soc_pct", "need_wh", "priority"];

export function workOf(d: Description, toLocalText: (iso: string) => string): Work {
	const text = (x: number | undefined) => (x === undefined ? "" : String(x));
	return {
		departs: d.departs ?? "",
		departs_at: d.departs_at === undefined ? "" : toLocalText(d.departs_at),
		target_pct: text(d.target_pct),
		need_wh: d.need_wh === undefined ? "" : String(d.need_wh / 1000),
		priority: text(d.priority),
		min_soc_pct: text(d.min_soc_pct),
	};
}

export const workChanges = (before: Work, after: Work): WorkField[] => WORK_FIELDS.filter((f) => before[f] !== after[f]);

/* The whole description with the changes in it; an empty field is taken away. */
export function withWork(d: Description, after: Work, changed: readonly WorkField[], toUtc: (local: string) => string | undefined): Description {
	const out: Record<string, unknown> = { ...d };
	for (const f of changed) {
		const text = after[f].trim();
		if (text === "") delete out[f];
		else if (f === "departs") out[f] = text;
		else if (f === "departs_at") out[f] = toUtc(text);
		else if (f === "need_wh") out[f] = Math.round(Number(text) * 1000);
		else out[f] = Number(text);
	}
	return out as unknown as Description;
}

/* -- rosters --------------------------------------------------------------------------------------- */

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];

export interface Roster {
	id: string;
	vehicle: string;
	days: Day[];
	departs: string;
	returns: string;
	distance_km: number;
	from?: string;
	until?: string;
	except?: string[];
	holidays?: boolean;
	shift?: string;
	payload_kg?: number;
	heated?: boolean;
	need_kwh?: number;
	note?: string;
}

export const newRoster = (id: string, vehicle: string): Roster =>
	({ id, vehicle, days: ["mon", "tue", "wed", "thu", "fri"], departs: "07:00", returns: "15:00", distance_km: 100 });

/* What is typed, "2026-12-24, 2026-12-31", as a list. */
export const datesOf = (text: string): string[] => text.split(/[\s,;]+/).filter((x) => x !== "");

/* Runs of days as one: "mon–fri", "mon, wed". */
export function dayRuns(days: readonly string[]): [Day, Day][] {
	const runs: [Day, Day][] = [];
	for (const day of DAYS) {
		if (!days.includes(day)) continue;
		const last = runs[runs.length - 1];
		if (last && DAYS.indexOf(last[1]) === DAYS.indexOf(day) - 1) last[1] = day;
		else runs.push([day, day]);
	}
	return runs;
}

/* A name that nobody has. */
export function freeId(stem: string, taken: readonly string[]): string {
	if (!taken.includes(stem)) return stem;
	for (let i = 2; ; i += 1) if (!taken.includes(`${stem}-${i}`)) return `${stem}-${i}`;
}

/* -- trips in one time ------------------------------------------------------------------------------ */

export interface TripBar {
	trip: TripView;
	x: number; /* 0..1 of the span */
	width: number;
	isCut: boolean; /* it goes on behind the end */
}

export interface Lane {
	id: string;
	bars: TripBar[];
	ready?: number; /* 0..1 */
	leaves?: number; /* by its description, where no trip says it */
}

/* Every vehicle with something to do between two times, the earliest first. */
export function lanes(vehicles: readonly VehicleView[], trips: readonly TripView[], from: number, to: number): Lane[] {
	const at = (iso: string) => (Date.parse(iso) - from) / (to - from);
	const within = (x: number | undefined) => (x !== undefined && x >= 0 && x <= 1 ? x : undefined);
	const out: Lane[] = [];
	for (const v of vehicles) {
		const bars = trips.filter((t) => t.vehicle === v.id && at(t.departs) < 1 && at(t.returns) > 0)
			.map((trip) => {
				const x = Math.max(0, at(trip.departs));
				return { trip, x, width: Math.min(1, at(trip.returns)) - x, isCut: at(trip.returns) > 1 };
			});
		const ready = v.ready_at === undefined ? undefined : within(at(v.ready_at));
		const leaves = v.departs_at === undefined || v.trip !== undefined ? undefined : within(at(v.departs_at));
		if (bars.length === 0 && leaves === undefined) continue;
		out.push({ id: v.id, bars, ...(ready !== undefined && { ready }), ...(leaves !== undefined && { leaves }) });
	}
	const first = (l: Lane) => Math.min(l.leaves ?? 2, ...l.bars.map((b) => b.x));
	return out.sort((a, b) => first(a) - first(b) || a.id.localeCompare(b.id));
}
