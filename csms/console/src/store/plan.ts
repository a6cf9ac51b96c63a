/*
 * What the Plan page shows of a plan: how long it is, its rows by departure, what holds back when,
 * prices by the hour. Pure.
 */
import type { Plan, PlanVehicle, VehicleView } from "../api/types.ts";

const HOUR_MS = 3_600_000;

export const planKey = (v: PlanVehicle): string => (v.id === "unknown" ? `${v.station}/${v.evse}` : v.id);

export interface Span {
	from: number;
	to: number;
	slots: number; /* of the plan, that lie in it */
}

/* To the last departure or the last slot that charges, on the hour; at least six hours. */
export function planSpan(plan: Plan): Span {
	const from = Date.parse(plan.start);
	const slotMs = plan.slot_s * 1000;
	let last = from + 6 * HOUR_MS;
	for (const v of plan.vehicles) {
		if (v.departs_at !== undefined) last = Math.max(last, Date.parse(v.departs_at) + HOUR_MS / 2);
		for (let t = v.slots.length - 1; t >= 0; t -= 1) {
			if (v.slots[t]!.w === 0) continue;
			last = Math.max(last, from + (t + 1) * slotMs);
			break;
		}
	}
	const all = plan.vehicles[0]?.slots.length ?? plan.prices.length;
	const to = Math.min(Math.ceil(last / HOUR_MS) * HOUR_MS, from + Math.max(all, 1) * slotMs);
	return { from, to, slots: Math.ceil((to - from) / slotMs) };
}

const departure = (at: string | undefined): number => (at === undefined ? Infinity : Date.parse(at));

export function byDeparture(plan: Plan): PlanVehicle[] {
	return [...plan.vehicles].sort((a, b) => {
		const [x, y] = [departure(a.departs_at), departure(b.departs_at)];
		return x === y ? planKey(a).localeCompare(planKey(b)) : x < y ? -1 : 1;
	});
}

/* Vans that leave within the plan and are not in it. */
export function notHere(plan: Plan, vans: readonly VehicleView[], span: Span): VehicleView[] {
	const known = new Set(plan.vehicles.map((v) => v.id));
	return vans.filter((v) => !known.has(v.id) && v.state === "away" && v.departs_at !== undefined
		&& Date.parse(v.departs_at) > span.from && Date.parse(v.departs_at) <= span.to);
}

export interface Run {
	from: number; /* slots */
	to: number;
	node: string;
	vans: number;
}

/* Of each slot the node that keeps most vans from more; equal neighbours are one. */
export function holdRuns(plan: Plan, slots: number): Run[] {
	const runs: Run[] = [];
	for (let t = 0; t < slots; t += 1) {
		const count = new Map<string, number>();
		for (const v of plan.vehicles) {
			const node = v.slots[t]?.node;
			if (node !== undefined) count.set(node, (count.get(node) ?? 0) + 1);
		}
		let best: [string, number] | undefined;
		for (const entry of count) if (!best || entry[1] > best[1]) best = entry;
		const last = runs[runs.length - 1];
		if (!best) continue;
		if (last && last.to === t && last.node === best[0]) {
			last.to = t + 1;
			last.vans = Math.max(last.vans, best[1]);
		} else {
			runs.push({ from: t, to: t + 1, node: best[0], vans: best[1] });
		}
	}
	return runs;
}

export interface PriceCell {
	from: number; /* slots */
	to: number;
	price: number;
	step: number; /* 0 cheapest to 5 dearest, of those in sight */
}

/* Neighbours of the same price are one cell, at most an hour long, since the number stands in it. */
export function priceCells(prices: readonly number[], slots: number, slotS: number): PriceCell[] {
	const seen = prices.slice(0, slots);
	const low = Math.min(...seen);
	const high = Math.max(...seen);
	const most = Math.max(1, Math.round(3600 / slotS));
	const cells: PriceCell[] = [];
	for (const [t, price] of seen.entries()) {
		const last = cells[cells.length - 1];
		if (last && last.price === price && t - last.from < most) {
			last.to = t + 1;
			continue;
		}
		const step = high === low ? 0 : Math.min(5, Math.floor(((price - low) / (high - low)) * 6));
		cells.push({ from: t, to: t + 1, price, step });
	}
	return cells;
}

/* What all vans draw in each slot. */
export function totals(plan: Plan, slots: number): number[] {
	const sum = new Array<number>(slots).fill(0);
	for (const v of plan.vehicles) for (let t = 0; t < slots; t += 1) sum[t]! += v.slots[t]?.w ?? 0;
	return sum;
}

/* The outline of one row in a picture `slots` wide and 1 high. */
export function barPath(values: readonly number[], top: number): string {
	let path = "";
	for (const [t, value] of values.entries()) {
		const before = values[t - 1] ?? 0;
		if (value > 0 && before <= 0) path += `M${t} 1`;
		if (value > 0 && value !== before) path += `V${(1 - Math.min(1, value / top)).toFixed(3)}`;
		if (value > 0) path += `H${t + 1}`;
		if (value > 0 && !((values[t + 1] ?? 0) > 0)) path += "V1Z";
	}
	return path;
}
