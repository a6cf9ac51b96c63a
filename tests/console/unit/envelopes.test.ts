import assert from "node:assert/strict";
import { test } from "node:test";
import type { EnvelopeRecord, EnvelopeView, Overview } from "../../../csms/console/src/api/types.ts";
import { nextAt } from "../../../csms/console/src/lib/local_clock.ts";
import { evsesBelow } from "../../../csms/console/src/store/derive.ts";
import { asTrial, blockNow, isOpen, mayRefuse, nodesBelow, openEnvelopes, verdictOf } from "../../../csms/console/src/store/envelopes.ts";
// @ts-expect-error a plain script without types
import { overview, START } from "../fixture.mjs";

const list = (overview() as Overview).envelopes;
const by = (id: string): EnvelopeView => list.find((e) => e.id === id)!;

test("what waits for an answer first, then what binds; what is over is not shown", () => {
	assert.deepEqual(openEnvelopes(list).map((e) => e.id), ["EN2", "EN1", "EN3"]);
	assert.equal(isOpen(by("EN4")), false);
});

test("what was obeyed unasked may be refused until somebody decided", () => {
	assert.equal(mayRefuse(by("EN2")), true);
	assert.equal(mayRefuse(by("EN1")), false);
	assert.equal(mayRefuse({ ...by("EN3"), urgent: true }), true);
	assert.equal(mayRefuse({ ...by("EN1"), urgent: true }), false);
});

test("the block that runs, or the next one", () => {
	const e = by("EN2");
	assert.equal(blockNow(e, START as number), e.blocks[0]);
	assert.equal(blockNow(e, (START as number) + 9 * 3_600_000), e.blocks[1]);
	assert.equal(blockNow(e, (START as number) + 90 * 3_600_000), undefined);
});

test("a trial speaks in the owner's name only where the server lets others do so", () => {
	assert.deepEqual([asTrial(by("EN2")).owner, asTrial(by("EN2")).grid], ["openadr/vtn-1", true]);
	assert.deepEqual([asTrial(by("EN1")).owner, asTrial(by("EN1")).grid], [undefined, undefined]);
	assert.equal(asTrial(by("EN3")).owner, undefined);
});

test("the next moment that a clock shows a time, over midnight and over a clock change", () => {
	const at = (hhmm: string, now: string) => {
		const ms = nextAt(hhmm, Date.parse(now), "Europe/Amsterdam");
		return ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16);
	};
	assert.equal(at("05:00", "2026-03-11T21:40:12Z"), "2026-03-12T04:00");
	assert.equal(at("23:00", "2026-03-11T21:40:12Z"), "2026-03-11T22:00");
	assert.equal(at("22:40", "2026-03-11T21:40:12Z"), "2026-03-11T21:40", "this minute");
	assert.equal(at("06:00", "2026-03-28T22:00:00Z"), "2026-03-29T04:00", "summer begins in between");
	assert.equal(at("06:00", "2026-10-24T21:00:00Z"), "2026-10-25T05:00", "summer ends in between");
	assert.equal(at("24:00", "2026-03-11T21:40:12Z"), undefined);
	assert.equal(at("", "2026-03-11T21:40:12Z"), undefined);
});

test("what is below a node: its children's children too, and their EVSEs; a loop ends", () => {
	const { tree, stations } = overview() as Overview;
	assert.deepEqual(nodesBelow(tree.nodes, "site").sort(), ["building", "hall-a", "hall-b", "yard"]);
	assert.deepEqual(nodesBelow(tree.nodes, "building"), []);
	assert.deepEqual(["site", "hall-b", "yard", "building"].map((id) => evsesBelow(tree.nodes, stations, id)), [24, 16, 8, 0]);
	const loop = tree.nodes.map((n) => (n.id === "site" ? { ...n, parent: "yard" } : n));
	assert.equal(evsesBelow(loop, stations, "none"), 0);
	assert.equal(nodesBelow(loop, "site").length, 4);
});

test("a limit is called kept only when something was measured", () => {
	const r: EnvelopeRecord = {
		start: "", end: "", kept: true, unsure: false, measured_s: 60, estimated_s: 0, bounded_s: 0, unmeasured_s: 0, mean_w: 0, max_w: 0, above_s: 0, above_wh: 0, phases: [], vehicles: [], commands: [], command_count: 0,
	};
	const e = by("EN1");
	assert.equal(verdictOf(e, r), "kept-so-far");
	assert.equal(verdictOf(e, { ...r, seq: 7 }), "kept");
	assert.equal(verdictOf(e, { ...r, seq: 7, measured_s: 0 }), "unmeasured");
	assert.equal(verdictOf(e, { ...r, kept: false }), "breaks");
	assert.equal(verdictOf(e, { ...r, seq: 7, kept: false, measured_s: 0 }), "broken");
	assert.equal(verdictOf(e, { ...r, seq: 7, limit_ma: 40_000 }), "unmeasured");
	assert.equal(verdictOf(e, { ...r, seq: 7, limit_ma: 40_000, phases: [{ phase: "L2", measured_s: 60, max_ma: 39_000, max_at: "", above_s: 0 }] }), "kept");
	assert.equal(verdictOf(e, { ...r, seq: 7, kept: false, unsure: true, estimated_s: 40 }), "unsure");
	assert.equal(verdictOf(e, undefined, true), "recording");
	assert.equal(verdictOf(by("EN2"), undefined), "waits");
	assert.equal(verdictOf(by("EN3"), undefined), "beaten");
	assert.equal(verdictOf({ ...e, state: "withdrawn" }, undefined), "withdrawn");
	assert.equal(verdictOf({ ...e, state: "withdrawn" }, { ...r, seq: 7 }), "kept");
	assert.equal(verdictOf({ ...e, state: "pending" }, undefined), "to-come");
	assert.equal(verdictOf(e, undefined), "unknown");
});
