/*
 * The geometry of the site chart, without a picture: scales, runs without gaps, ticks. Pure.
 */
import type { PowerPoint } from "../api/types.ts";
import { localTime } from "../lib/format.ts";

export interface Step {
	from: number; /* ms */
	to: number;
	site?: number; /* W */
	base?: number;
	limit?: number;
	evse?: number;
}

/* Each point holds until the next one, or for `stepMs` before a gap (more than two and a half
 * steps without a point). Clipped to the window. */
export function toSteps(points: readonly PowerPoint[], stepMs: number, fromMs: number,
	toMs: number): Step[] {
	const steps: Step[] = [];
	for (const [i, point] of points.entries()) {
		const at = Date.parse(point.at);
		const next = points[i + 1];
		const nextAt = next ? Date.parse(next.at) : toMs;
		const until = nextAt - at <= 2.5 * stepMs ? nextAt : at + stepMs;
		const from = Math.max(at, fromMs);
		const to = Math.min(until, toMs);
		if (!(to > from)) continue;
		const step: Step = { from, to };
		if (point.site_w !== undefined) step.site = point.site_w;
		if (point.base_w !== undefined) step.base = point.base_w;
		if (point.limit_w !== undefined) step.limit = point.limit_w;
		if (point.evse_w !== undefined) step.evse = point.evse_w;
		steps.push(step);
	}
	return steps;
}

/* Neighbouring steps that all have the value: what may be drawn as one line. */
export function runs(steps: readonly Step[], key: "site" | "limit"): Step[][] {
	const out: Step[][] = [];
	let run: Step[] = [];
	let end = NaN;
	for (const step of steps) {
		if (step[key] !== undefined && run.length > 0 && step.from <= end) run.push(step);
		else {
			if (run.length > 0) out.push(run);
			run = step[key] === undefined ? [] : [step];
		}
		end = step.to;
	}
	if (run.length > 0) out.push(run);
	return out;
}

/* Times in the window that no run covers and that are wider than `leastMs`. */
export function gaps(covered: readonly Step[][], fromMs: number, toMs: number,
	leastMs: number): [number, number][] {
	const out: [number, number][] = [];
	let at = fromMs;
	for (const run of covered) {
		const first = run[0];
		const last = run[run.length - 1];
		if (!first || !last) continue;
		if (first.from - at > leastMs) out.push([at, first.from]);
		at = last.to;
	}
	if (toMs - at > leastMs) out.push([at, toMs]);
	return out;
}

/* Round values from 0 (or below, where power goes out) past the highest: about six of them. */
export function yTicks(lowW: number, highW: number): number[] {
	const span = Math.max(1000, highW - Math.min(0, lowW));
	const rough = span / 6;
	const power = 10 ** Math.floor(Math.log10(rough));
	const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? 10 * power;
	const ticks: number[] = [];
	for (let i = Math.floor(Math.min(0, lowW) / step); i * step <= highW + 1e-6; i += 1) {
		ticks.push(i * step);
	}
	return ticks;
}

/* Depot-local round times in the window, at most `most` of them. Zones are whole quarter hours from
 * UTC, so quarters of UTC are quarters everywhere; shorter steps divide a quarter. */
export function timeTicks(fromMs: number, toMs: number, zone: string, most: number): number[] {
	for (const minutes of [5, 10, 15, 30, 60, 120, 240, 360, 720]) {
		if ((toMs - fromMs) / (minutes * 60_000) > most) continue;
		const grid = Math.min(minutes, 15) * 60_000;
		const ticks: number[] = [];
		for (let t = Math.ceil(fromMs / grid) * grid; t <= toMs; t += grid) {
			const local = localTime(t, zone);
			if ((local.hour * 60 + local.minute) % minutes === 0) ticks.push(t);
		}
		return ticks;
	}
	return [];
}

export interface TableRow {
	from: number;
	site?: number;
	base?: number;
	limit?: number;
	evse?: number;
}

/* Time-weighted means over `slots` equal parts of the window; a part without the value has none.
 * The limit of a part is its lowest. */
export function tableRows(steps: readonly Step[], fromMs: number, toMs: number,
	slots: number): TableRow[] {
	const width = (toMs - fromMs) / slots;
	const rows: TableRow[] = [];
	for (let i = 0; i < slots; i += 1) {
		const from = fromMs + i * width;
		const row: TableRow = { from };
		for (const key of ["site", "base", "evse"] as const) {
			const mean = meanOf(steps, key, from, from + width);
			if (mean !== undefined) row[key] = mean;
		}
		for (const step of steps) {
			if (step.limit === undefined || step.to <= from || step.from >= from + width) continue;
			row.limit = Math.min(row.limit ?? Infinity, step.limit);
		}
		rows.push(row);
	}
	return rows;
}

function meanOf(steps: readonly Step[], key: "site" | "base" | "evse", from: number,
	to: number): number | undefined {
	let sum = 0;
	let time = 0;
	for (const step of steps) {
		const value = step[key];
		const ms = Math.min(step.to, to) - Math.max(step.from, from);
		if (value === undefined || ms <= 0) continue;
		sum += value * ms;
		time += ms;
	}
	return time > 0 ? sum / time : undefined;
}
