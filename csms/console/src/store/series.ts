/*
 * Site power over the last hours: what the server stored, and behind it what the stream said since.
 */
import { effect, signal, untracked } from "@preact/signals";
import { ApiError, getPower } from "../api/client.ts";
import type { Overview, PowerPoint } from "../api/types.ts";
import { rootNode } from "./derive.ts";
import { depotTime, overview, session, snapshots, speed } from "./store.ts";

export interface Range {
	hours: number;
	stepS: number;
}

export const RANGES: readonly Range[] = [
	{ hours: 1, stepS: 10 },
	{ hours: 6, stepS: 60 },
	{ hours: 24, stepS: 300 },
];

const REFRESH_MS = 60_000;
const RETRY_MS = 5000;

export const range = signal<Range>(RANGES[1]!);
export const points = signal<PowerPoint[] | undefined>(undefined);
export const seriesError = signal<string | undefined>(undefined);

/* What an overview says about the site, as a point of the series. */
export function livePoint(from: Overview): PowerPoint | undefined {
	const root = rootNode(from.tree.nodes);
	if (!root) return undefined;
	const point: PowerPoint = { at: from.at, evse_w: root.evse_w };
	if (root.load_w !== undefined) {
		point.site_w = root.load_w;
		point.base_w = Math.max(0, root.load_w - root.evse_w);
	}
	if (root.limit_w !== undefined) point.limit_w = root.limit_w;
	return point;
}

/* Appends to a series, not closer together than half a step (the newest value then stands for its
 * step), and drops what has left the window. */
export function appendPoint(series: PowerPoint[], point: PowerPoint, range: Range): PowerPoint[] {
	const at = Date.parse(point.at);
	const last = series[series.length - 1];
	if (last && Date.parse(last.at) > at) return series;
	const isClose = last !== undefined && at - Date.parse(last.at) < range.stepS * 500;
	const head = isClose ? series.slice(0, -1) : series;
	const from = at - range.hours * 3_600_000;
	const first = head.findIndex((p) => Date.parse(p.at) >= from);
	const next = isClose ? { ...point, at: last.at } : point;
	return [...(first > 0 ? head.slice(first) : head), next];
}

let generation = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

async function load(): Promise<void> {
	clearTimeout(timer);
	generation += 1;
	const mine = generation;
	const { hours, stepS } = range.peek();
	const to = depotTime(performance.now());
	let again = REFRESH_MS / Math.min(12, Math.max(1, speed.peek()));
	try {
		const got = await getPower(to - hours * 3_600_000, to, stepS);
		if (mine !== generation) return;
		points.value = Array.isArray(got.points) ? got.points : [];
		seriesError.value = undefined;
	} catch (error) {
		if (mine !== generation) return;
		seriesError.value = error instanceof ApiError ? error.message : String(error);
		again = RETRY_MS;
	}
	timer = setTimeout(() => void load(), again);
}

/* Loads at each snapshot and change of range, and follows the stream in between. */
export function followSeries(): () => void {
	const stopLoading = effect(() => {
		range.value;
		if (snapshots.value > 0 && session.value) void untracked(load);
	});
	const stopFollowing = effect(() => {
		const point = overview.value && livePoint(overview.value);
		untracked(() => {
			if (point && points.value) points.value = appendPoint(points.value, point, range.value);
		});
	});
	return () => {
		stopLoading();
		stopFollowing();
		clearTimeout(timer);
		generation += 1;
	};
}
