/* What the Plan page makes of a plan. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan, PlanVehicle } from "../../../csms/console/src/api/types.ts";
import { barPath, byDeparture, holdRuns, notHere, planKey, planSpan, priceCells, totals } from "../../../csms/console/src/store/plan.ts";

const START = Date.parse("2026-03-11T21:40:00.000Z");
const iso = (h: number) => new Date(START + h * 3_600_000).toISOString();

const van = (id: string, leaves: number | undefined, w: number[], node?: string): PlanVehicle => ({
	id, station: "CP-1", evse: 1, need_wh: 1000, planned_wh: 1000, short_wh: 0,
	...(leaves !== undefined && { departs_at: iso(leaves) }),
	slots: w.map((x) => ({ w: x, ...(node !== undefined && x === 0 && { node }) })),
});

const plan = (vehicles: PlanVehicle[], prices: number[] = []): Plan => ({
	id: "P1", made_at: iso(0), trigger: "the time", solve_us: 900, start: iso(0), slot_s: 900, sentence: "", prices, vehicles,
	followed: { sentence: "", modes: [] },
});

test("the span ends on the hour after the last departure, within the plan", () => {
	const slots = new Array<number>(96).fill(0);
	assert.equal(planSpan(plan([van("A", 8, slots)])).to, Date.parse("2026-03-12T07:00:00.000Z"));
	assert.equal(planSpan(plan([van("A", undefined, slots)])).to, Date.parse("2026-03-12T04:00:00.000Z"));
	assert.equal(planSpan(plan([van("A", 40, slots)])).slots, 96);
	slots[95] = 1;
	assert.equal(planSpan(plan([van("A", undefined, slots)])).slots, 96);
});

test("rows stand by departure, those without one last; a van nobody knows is its place", () => {
	const p = plan([van("unknown", undefined, []), van("B", 2, []), van("A", 2, []), van("C", 1, [])]);
	assert.deepEqual(byDeparture(p).map(planKey), ["C", "A", "B", "CP-1/1"]);
});

test("what holds back is the node that keeps most vans from more, neighbours are one", () => {
	const p = plan([van("A", 2, [0, 0, 5, 0], "hall"), van("B", 2, [0, 0, 5, 0], "hall"), van("C", 2, [0, 0, 0, 0], "site")]);
	assert.deepEqual(holdRuns(p, 4).map((r) => [r.from, r.to, r.node, r.vans]), [[0, 2, "hall", 2], [2, 3, "site", 1], [3, 4, "hall", 2]]);
});

test("prices: cells of at most an hour, six steps from cheap to dear, negative too", () => {
	const cells = priceCells([-0.1, -0.1, -0.1, -0.1, -0.1, 0.2, 0.5], 7, 900);
	assert.deepEqual(cells.map((c) => [c.from, c.to, c.step]), [[0, 4, 0], [4, 5, 0], [5, 6, 3], [6, 7, 5]]);
	assert.deepEqual(priceCells([0.2, 0.2], 2, 900).map((c) => c.step), [0]);
	assert.deepEqual(priceCells([], 4, 900), []);
});

test("bars are one outline a run; sums are of all", () => {
	assert.equal(barPath([0, 5, 5, 10, 0, 10], 10), "M1 1V0.500H2H3V0.000H4V1ZM5 1V0.000H6V1Z");
	assert.deepEqual(totals(plan([van("A", 2, [1, 2]), van("B", 2, [3, 4])]), 2), [4, 6]);
});

test("vans that leave within the plan and are away are named", () => {
	const p = plan([van("A", 8, new Array<number>(96).fill(0))]);
	const away = (id: string, leaves: string | undefined, state: string) => ({ id, target_pct: 80, state, ...(leaves !== undefined && { departs_at: leaves }) });
	const list = [away("A", iso(2), "away"), away("B", iso(2), "away"), away("C", iso(90), "away"), away("D", undefined, "away"), away("E", iso(2), "charging")];
	assert.deepEqual(notHere(p, list, planSpan(p)).map((v) => v.id), ["B"]);
});
