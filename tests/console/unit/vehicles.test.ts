/* What the page of vehicles makes of their work. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { VehicleView } from "../../../csms/console/src/api/types.ts";
import type { TripView, VehicleDetail } from "../../../csms/console/src/api/types_vehicles.ts";
import {
	byNeed, datesOf, dayRuns, type Description, freeId, lanes, withWork, workChanges, workOf,
} from "../../../csms/console/src/store/vehicles.ts";

const START = Date.parse("2026-03-11T21:40:00.000Z");
const iso = (h: number) => new Date(START + h * 3_600_000).toISOString();

const van = (id: string, state: string, leaves?: number, more: Partial<VehicleView> = {}): VehicleView => ({
	id, state, target_pct: 80, ...(leaves !== undefined && { departs_at: iso(leaves) }), ...more,
});
const detail = (v: VehicleView): VehicleDetail => ({ sentence: "", vehicle: v, identities: [], bays: [] });
const trip = (id: string, vehicle: string, from: number, to: number): TripView => ({
	id, vehicle, departs: iso(from), returns: iso(to), distance_km: 80, payload_kg: 0, temperature_c: 15, heated: true, source: "api", planned_at: iso(-1),
	state: "planned", expected_kwh: 20, spread_kwh: 3,
});

test("who needs someone stands first, then the earliest, who has no departure last", () => {
	const list = [van("D", "away"), van("C", "waits", 3), van("B", "at_risk", 9), van("A", "will_miss", 12), van("E", "ready", 2)];
	assert.deepEqual(byNeed(list.map(detail)).map((d) => d.vehicle.id), ["A", "B", "E", "C", "D"]);
});

test("an edit changes its fields and no others; an empty field goes", () => {
	const d = { id: "V", battery_wh: 60_000, departs: "06:00", need_wh: 20_500, priority: 5, token: "04A1" } as Description & { token: string };
	const before = workOf(d, (x) => x);
	assert.deepEqual(workChanges(before, before), []);
	const after = { ...before, departs: "", need_wh: "12.5", departs_at: "2026-03-12T06:00", priority: "2" };
	const changed = workChanges(before, after);
	assert.deepEqual(changed, ["departs", "departs_at", "need_wh", "priority"]);
	assert.deepEqual(withWork(d, after, changed, (x) => `${x}:00Z`), {
		id: "V", battery_wh: 60_000, need_wh: 12_500, priority: 2, token: "04A1", departs_at: "2026-03-12T06:00:00Z",
	});
});

test("days in runs, dates as typed, names that nobody has", () => {
	assert.deepEqual(dayRuns(["fri", "mon", "tue", "wed"]), [["mon", "wed"], ["fri", "fri"]]);
	assert.deepEqual(datesOf(" 2026-12-24,2026-12-31  2027-01-01;"), ["2026-12-24", "2026-12-31", "2027-01-01"]);
	assert.equal(freeId("R-1", ["R-1", "R-1-2"]), "R-1-3");
});

test("a lane has trips that touch the span, cut at its ends; a departure only where no trip says it", () => {
	const vans = [van("A", "waits", 6), van("B", "waits", 8, { trip: "T2", ready_at: iso(6) }), van("C", "away")];
	const found = lanes(vans, [trip("T2", "B", 8, 14), trip("T3", "B", -4, 2), trip("T4", "C", 30, 40)], START, START + 12 * 3_600_000);
	assert.deepEqual(found.map((l) => l.id), ["B", "A"]);
	assert.equal(found[1]!.leaves, 0.5);
	assert.equal(found[0]!.leaves, undefined);
	assert.equal(found[0]!.ready, 0.5);
	assert.deepEqual(found[0]!.bars.map((b) => [b.trip.id, Math.round(b.x * 100), Math.round(b.width * 100), b.isCut]), [["T2", 67, 33, true], ["T3", 0, 17, false]]);
});
