/*
 * Site power over the last hours: what the server stored, and behind it what the stream said since.
 */
import { effect, signal, untracked } from "@preact/signals";
import { ApiError, getPower } from "../api/client.ts";
import type { PowerPoint } from "../api/types.ts";
import { appendPoint, livePoint, type Range } from "./series_math.ts";
import { depotTime, overview, session, snapshots, speed } from "./store.ts";

export const RANGES: readonly Range[] = [
	{ hours: 1, stepS: 10 },
	{ hours: 6, stepS: 60 },
	{ hours: 24, stepS: 300 },
];

const DAY_MS = 86_400_000;
const REFRESH_MS = 60_000;
const RETRY_MS = 5000;

/* So many days before now. */
export const daysBack = signal(0);
export const range = signal<Range>(RANGES[1]!);
/* What was loaded, with the range that it was loaded for: it stays until the next one is there. */
export const loaded = signal<{ range: Range; points: PowerPoint[]; end?: number } | undefined>(undefined);
export const seriesError = signal<string | undefined>(undefined);

let generation = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export async function loadSeries(): Promise<void> {
	clearTimeout(timer);
	generation += 1;
	const mine = generation;
	const asked = range.peek();
	const { hours, stepS } = asked;
	const back = daysBack.peek();
	const to = depotTime(performance.now()) - back * DAY_MS;
	let again = REFRESH_MS / Math.min(12, Math.max(1, speed.peek()));
	try {
		const got = await getPower(to - hours * 3_600_000, to, stepS);
		if (mine !== generation) return;
		loaded.value = { range: asked, points: Array.isArray(got.points) ? got.points : [], ...(back > 0 && { end: to }) };
		seriesError.value = undefined;
	} catch (error) {
		if (mine !== generation) return;
		seriesError.value = error instanceof ApiError ? error.message : String(error);
		again = RETRY_MS;
	}
	timer = setTimeout(() => void loadSeries(), again);
}

/* Loads at each snapshot and change of range, and follows the stream in between. */
export function followSeries(): () => void {
	const stopLoading = effect(() => {
		range.value;
		daysBack.value;
		if (snapshots.value > 0 && session.value) void untracked(loadSeries);
	});
	const stopFollowing = effect(() => {
		const point = overview.value && livePoint(overview.value);
		untracked(() => {
			const old = loaded.value;
			if (!point || !old || old.end !== undefined) return;
			loaded.value = { ...old, points: appendPoint(old.points, point, old.range) };
		});
	});
	return () => {
		stopLoading();
		stopFollowing();
		clearTimeout(timer);
		generation += 1;
		daysBack.value = 0;
	};
}
