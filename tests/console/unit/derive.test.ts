import assert from "node:assert/strict";
import { test } from "node:test";
import type { EnvelopeView, NodeView, Overview, VehicleView } from "../../../csms/console/src/api/types.ts";
import {
	bindingNodes, boundBy, evseCounts, evseGroups, evseTotals, heldBackBy, isHeldBack, islandNode, nextLimit, rootNode, splitVans, treeRows, windowHolds,
} from "../../../csms/console/src/store/derive.ts";
import { boardOf, nextOut } from "../../../csms/console/src/store/wall.ts";
import { heldOrder } from "../../../csms/console/src/lib/stable_order.ts";
import { gaps, runs, tableRows, timeTicks, toSteps, yTicks } from "../../../csms/console/src/pages/chart_math.ts";
import { codeFromHash } from "../../../csms/console/src/lib/sign_in_code.ts";
// @ts-expect-error a plain script without types
import { overview, START } from "../fixture.mjs";

const data = overview() as Overview;
const node = (id: string, parent?: string): NodeView =>
	({ id, name: id, kind: "group", evse_w: 0, allowed_w: 0, allowed_source: "guard", allowed_at: "2026-01-01T00:00:00Z", limits: [], binds: [], bears: false, ...(parent === undefined ? {} : { parent }) });

test("the tree lists parents before children, whatever order it came in", () => {
	const rows = treeRows([node("c", "b"), node("b", "a"), node("d", "a"), node("a")]);
	assert.deepEqual(rows.map((r) => [r.node.id, r.depth]), [["a", 0], ["b", 1], ["c", 2], ["d", 1]]);
	assert.equal(rootNode(data.tree.nodes)?.id, "site");
	assert.equal(rootNode([]), undefined);
});

test("an orphan and a circle are shown, not lost", () => {
	const rows = treeRows([node("a"), node("x", "gone"), node("p", "q"), node("q", "p")]);
	assert.deepEqual(rows.map((r) => r.node.id).sort(), ["a", "p", "q", "x"]);
});

test("a node holds back the vans whose limit it decides", () => {
	assert.deepEqual([...heldBackBy(data.stations)], [["hall-a", 2], ["site", 1]]);
	const evse = data.stations[0]!.evses[0]!;
	assert.equal(isHeldBack(evse), true);
	assert.equal(isHeldBack({ ...evse, limit_w: evse.max_w }), false);
	assert.equal(isHeldBack({ ...evse, state: "free" }), false);
});

test("EVSEs are counted once: silent before faulted before live", () => {
	assert.deepEqual(evseCounts(data.stations, START as number), { all: 24, live: 21, fault: 1, silent: 2 });
});

test("EVSEs stand under their node, in the order of the tree", () => {
	const groups = evseGroups(data.tree.nodes, data.stations);
	assert.deepEqual(groups.map((g) => [g.name, g.rows.length]), [["Hall A feeder", 8], ["Hall B feeder", 8], ["Yard DC", 8]]);
	const orphan = [{ ...data.stations[0]!, node: "gone" }];
	assert.deepEqual(evseGroups(data.tree.nodes, orphan).map((g) => g.name), ["gone"]);
});

test("vans: will miss, then at risk, each by departure; the others by departure, then by name", () => {
	const [needs, others] = splitVans(data.vehicles);
	assert.deepEqual(needs.map((v) => v.id), ["VAN-16", "VAN-07", "VAN-19"]);
	assert.deepEqual(others.slice(0, 4).map((v) => v.id), ["VAN-01", "VAN-02", "VAN-03", "VAN-04"]);
	assert.equal(others.length, 17);
	const timeless: VehicleView = { id: "A", target_pct: 80, state: "waits" };
	assert.equal(splitVans([timeless, ...data.vehicles])[1].at(-1)!.id, "A");
});

test("rows keep their place while a person is at them", () => {
	assert.deepEqual(heldOrder(["a", "b", "c"], ["c", "d", "a"]), ["a", "c", "d"]);
	assert.deepEqual(heldOrder([], ["b", "a"]), ["b", "a"]);
});

test("points hold until the next one, and a gap stays a gap", () => {
	const at = (min: number) => Date.parse("2026-03-11T20:00:00Z") + min * 60_000;
	const point = (min: number, site_w?: number) =>
		({ at: new Date(at(min)).toISOString(), limit_w: 5, ...(site_w === undefined ? {} : { site_w }) });
	const steps = toSteps([point(0, 1), point(1, 2), point(10, 3), point(11)], 60_000, at(0), at(12));
	assert.deepEqual(steps.map((s) => [s.from, s.to]), [[at(0), at(1)], [at(1), at(2)], [at(10), at(11)], [at(11), at(12)]]);
	const site = runs(steps, "site");
	assert.deepEqual(site.map((r) => r.length), [2, 1]);
	assert.deepEqual(runs(steps, "limit").map((r) => r.length), [2, 2]);
	assert.deepEqual(gaps(site, at(0), at(12), 30_000), [[at(2), at(10)], [at(11), at(12)]]);
	assert.deepEqual(gaps([], at(0), at(1), 1), [[at(0), at(1)]]);
	assert.deepEqual(toSteps([], 60_000, at(0), at(1)), []);
});

test("axes have round numbers", () => {
	assert.deepEqual(yTicks(0, 270_000), [0, 50_000, 100_000, 150_000, 200_000, 250_000]);
	assert.deepEqual(yTicks(-12_000, 30_000), [-20_000, -10_000, 0, 10_000, 20_000, 30_000]);
	assert.equal(yTicks(0, 0)[0], 0);
	const from = Date.parse("2026-03-28T23:10:00Z");
	const ticks = timeTicks(from, from + 6 * 3_600_000, "Europe/Amsterdam", 7);
	assert.equal(new Date(ticks[0]!).toISOString(), "2026-03-29T00:00:00.000Z");
	assert.equal(ticks.length, 6);
	assert.ok(timeTicks(from, from + 24 * 3_600_000, "Asia/Kathmandu", 6).length >= 4);
});

test("the table's means are weighted by time and have no value in a gap", () => {
	const steps = [{ from: 0, to: 30, site: 10, limit: 9 }, { from: 30, to: 60, site: 20, limit: 8 }];
	assert.deepEqual(tableRows(steps, 0, 120, 3), [
		{ from: 0, site: (10 * 30 + 20 * 10) / 40, limit: 8 }, { from: 40, site: 20, limit: 8 }, { from: 80 },
	]);
});

test("the sign-in code comes from the fragment only", () => {
	assert.equal(codeFromHash("#code=abc-123"), "abc-123");
	assert.equal(codeFromHash("#sign-in=abc-123"), "abc-123");
	assert.equal(codeFromHash("#vans"), undefined);
	assert.equal(codeFromHash("#code="), undefined);
	assert.equal(codeFromHash(""), undefined);
});

test("a demand window holds vans back only where it binds, or less is allowed than flows", () => {
	const window = { ...node("site"), limit_source: "demand window", load_w: 100_000 };
	assert.equal(windowHolds(undefined, 0), false);
	assert.equal(windowHolds(window, 170_000), false, "the limit in force, with room left");
	assert.equal(windowHolds({ ...window, binds: ["total"] }, 170_000), true);
	assert.equal(windowHolds({ ...window, limit_source: "rating", binds: ["total"] }, 170_000), false);
	assert.equal(windowHolds({ ...window, limit_source: "rating" }, 90_000), true);
});

test("a node binds by what EVSEs were told, or by the tree alone; most vans first", () => {
	const o = overview() as Overview;
	assert.deepEqual(bindingNodes(o.tree.nodes, o.stations).map((b) => [b.node.id, b.vans]), [["hall-a", 2], ["site", 1]]);
	const nodes = o.tree.nodes.map((n) => (n.id === "yard" ? { ...n, binds: ["total"] } : n));
	assert.deepEqual(bindingNodes(nodes, []).map((b) => [b.node.id, b.vans]), [["hall-a", 0], ["yard", 0]]);
});

test("a node whose power in all is not full is bound by what is: a phase, or the imbalance", () => {
	const hall = data.tree.nodes.find((n) => n.id === "hall-a")!;
	assert.deepEqual([boundBy(hall)?.what, boundBy(hall)?.unit], ["L2", "A"]);
	assert.equal(boundBy({ ...hall, binds: ["imbalance"] })?.what, "imbalance");
	assert.equal(boundBy({ ...hall, binds: ["total", "L2"] }), undefined);
	assert.equal(boundBy({ ...hall, binds: [] }), undefined);
});

test("an island is the node whose limit stores and PV give; nodes with EVSEs are controlled while all of them wait", () => {
	const { tree, stations } = overview() as Overview;
	assert.equal(islandNode(tree.nodes), undefined);
	const cut = tree.nodes.map((n) => (n.id === "site" ? { ...n, limit_source: "island" } : n));
	assert.equal(islandNode(cut)?.id, "site");
	const totals = evseTotals(tree.nodes, stations);
	assert.deepEqual(["site", "hall-b", "building"].map((id) => totals.get(id) ?? 0), [24, 16, 0]);
});

test("wall: one page while all fit; then those that need somebody on each, the others in turns", () => {
	const vans = Array.from({ length: 50 }, (_, i) => ({
		id: `V${i}`, state: i === 40 ? "will_miss" : i === 49 ? "at_risk" : "ready", target_pct: 80, readings: [],
		departs_at: new Date(Date.UTC(2026, 2, 12, 5, i)).toISOString(),
	})) as unknown as VehicleView[];
	assert.deepEqual(boardOf(vans.slice(0, 22), 22).map((p) => p.length), [22]);
	const pages = boardOf(vans, 22);
	assert.equal(pages.length, 3);
	for (const page of pages) assert.deepEqual(page.slice(0, 2).map((v) => v.id), ["V40", "V49"]);
	assert.deepEqual([...new Set(pages.flat().map((v) => v.id))].length, 50);
	assert.ok(pages.every((p) => p.length <= 22));
	const many = boardOf(vans.map((v) => ({ ...v, state: "will_miss" as const })), 22);
	assert.deepEqual([...new Set(many.flat().map((v) => v.id))].length, 50, "nobody is left out");
	assert.deepEqual(nextOut(vans, Date.parse("2026-03-12T05:10:30Z"))?.vans.map((v) => v.id), ["V11"]);
	assert.equal(nextOut(vans, Date.parse("2026-03-13T00:00:00Z")), undefined);
});

test("the next limit of the site is the first block to come that counts or will", () => {
	const block = (start: string, import_w?: number) => ({ start, end: "2026-03-13T00:00:00Z", ...(import_w !== undefined && { import_w }) });
	const e = (state: string, node: string, blocks: unknown[]) => ({ id: "E", node, owner: "o", state, blocks }) as unknown as EnvelopeView;
	const list = [
		e("received", "site", [block("2026-03-12T01:00:00Z", 1)]), e("pending", "hall", [block("2026-03-12T01:00:00Z", 1)]),
		e("active", "site", [block("2026-03-11T01:00:00Z", 1), block("2026-03-12T05:00:00Z", 150_000)]), e("pending", "site", [block("2026-03-12T02:00:00Z")]),
	];
	assert.deepEqual(nextLimit(list, "site", Date.parse("2026-03-12T00:00:00Z")), { atMs: Date.parse("2026-03-12T05:00:00Z"), w: 150_000, owner: "o" });
	assert.equal(nextLimit(list, "site", Date.parse("2026-03-12T06:00:00Z")), undefined);
});
