/*
 * What a wall shows: the board by departure in pages, and who leaves next. Pure.
 */
import type { VehicleView } from "../api/types.ts";
import { splitVans } from "./derive.ts";

export const WALL_ROWS = 22;
export const PAGE_MS = 12_000;
const PINNED = 8;

const departure = (v: VehicleView): number => (v.departs_at === undefined ? Infinity : Date.parse(v.departs_at));

function byDeparture(a: VehicleView, b: VehicleView): number {
	const [x, y] = [departure(a), departure(b)];
	return x === y ? (a.id < b.id ? -1 : 1) : x - y;
}

/* One page while all fit; else those that need somebody stand on each page, and the others take turns. */
export function boardOf(all: readonly VehicleView[], rows: number): VehicleView[][] {
	if (all.length <= rows) return [[...all].sort(byDeparture)];
	const pinned = splitVans(all)[0].slice(0, Math.min(PINNED, rows - 1));
	const isPinned = new Set(pinned.map((v) => v.id));
	const others = all.filter((v) => !isPinned.has(v.id)).sort(byDeparture);
	const room = rows - pinned.length;
	return Array.from({ length: Math.ceil(others.length / room) }, (_, i) => [...pinned, ...others.slice(i * room, (i + 1) * room)]);
}

/* The next departure, and all vans of it. */
export function nextOut(all: readonly VehicleView[], nowMs: number): { atMs: number; vans: VehicleView[] } | undefined {
	const atMs = Math.min(...all.map(departure).filter((t) => t > nowMs));
	return Number.isFinite(atMs) ? { atMs, vans: all.filter((v) => departure(v) === atMs) } : undefined;
}
