import assert from "node:assert/strict";
import { test } from "node:test";
import type { Overview } from "../../../csms/console/src/api/types.ts";
import { applyPatch, asOverview, type Patch, splitEvseKey } from "../../../csms/console/src/store/merge.ts";
import { EventParser } from "../../../csms/console/src/api/sse.ts";
import { appendPoint } from "../../../csms/console/src/store/series_math.ts";
// @ts-expect-error a plain script without types
import { overview } from "../fixture.mjs";
// @ts-expect-error a plain script without types
import { Said } from "../said.mjs";

const base = (): Overview => overview() as Overview;

test("a patch changes what it names and leaves the rest as the same objects", () => {
	const old = base();
	const node = { load_w: 96_000 };
	const evse = { power_w: 7000 };
	const next = applyPatch(old, { at: "2026-03-11T21:40:13Z", sentence: "All well.", stations_sentence: "2 chargers are silent.", alarms_sentence: "No alarm needs anyone.", nodes: { "hall-a": node }, evses: { "CP-A1/2": evse } });
	assert.equal(next.sentence, "All well.");
	assert.equal(next.sub, old.sub);
	assert.equal(next.stations_sentence, "2 chargers are silent.");
	assert.equal(next.alarms_sentence, "No alarm needs anyone.");
	assert.equal(next.stations_sub, old.stations_sub);
	assert.deepEqual(next.tree.nodes[2], { ...old.tree.nodes[2]!, load_w: 96_000 });
	assert.equal(next.tree.nodes[1], old.tree.nodes[1]);
	assert.deepEqual(next.stations[0]!.evses[1], { ...old.stations[0]!.evses[1]!, power_w: 7000 });
	assert.equal(next.stations[0]!.evses[0], old.stations[0]!.evses[0]);
	assert.equal(next.stations[1], old.stations[1]);
	assert.equal(next.vehicles, old.vehicles);
	assert.equal(old.stations[0]!.evses[1]!.power_w, 11_000, "the old overview is untouched");
});

test("a field that is gone from an entity is gone from the page", () => {
	const old = base();
	const { soc_pct: _soc, ...evse } = old.stations[0]!.evses[0]!;
	const next = applyPatch(old, { evses: { "CP-A1/1": { soc_pct: null, power_w: 1 } } });
	assert.deepEqual(next.stations[0]!.evses[0], { ...evse, power_w: 1 });
});

test("patches of the stand-in server, which are as depotd's, add up to what they were made of", () => {
	const old = base();
	const said = new Said();
	said.hold(old);
	const { soc_pct: _soc, ...rest } = old.stations[0]!.evses[0]!;
	const evse = { ...rest, power_w: 1, session_wh: 7 };
	const patches: Patch[] = [evse, { ...evse, state: "done" }].map((e) => said.patch({ evses: { "CP-A1/1": e } }));
	assert.deepEqual(patches.map((p) => p.evses), [{ "CP-A1/1": { power_w: 1, session_wh: 7, soc_pct: null } }, { "CP-A1/1": { state: "done" } }]);
	assert.deepEqual(patches.reduce(applyPatch, old).stations[0]!.evses[0], { ...evse, state: "done" });
});

test("a station without EVSEs keeps those it has; null takes away; new ones come last", () => {
	const old = base();
	const { evses: _evses, ...station } = { ...old.stations[0]!, connected: false };
	const fresh = { ...station, id: "CP-Z9" };
	const next = applyPatch(old, {
		stations: { "CP-A1": { connected: false }, "CP-A2": null, "CP-Z9": fresh },
		evses: { "CP-Z9/1": { ...old.stations[0]!.evses[0]! }, "CP-A3/2": null, "NONE/1": null },
		vehicles: { "VAN-20": null },
	});
	assert.equal(next.stations.find((s) => s.id === "CP-A1")!.connected, false);
	assert.equal(next.stations.find((s) => s.id === "CP-A1")!.evses.length, 2);
	assert.equal(next.stations.some((s) => s.id === "CP-A2"), false);
	assert.equal(next.stations.at(-1)!.id, "CP-Z9");
	assert.equal(next.stations.at(-1)!.evses.length, 1);
	assert.deepEqual(next.stations.find((s) => s.id === "CP-A3")!.evses.map((e) => e.id), [1]);
	assert.equal(next.vehicles.length, 19);
});

test("many patches in a row equal one snapshot of the end", () => {
	let live = base();
	const end = base();
	for (const node of end.tree.nodes) {
		for (let w = 0; w < 5; w += 1) {
			node.load_w = w * 1000;
			live = applyPatch(live, { at: end.at, nodes: { [node.id]: { ...node } } });
		}
	}
	assert.deepEqual(live, end);
});

test("hostile keys are only keys", () => {
	const next = applyPatch(base(), JSON.parse('{"nodes":{"__proto__":{"id":"__proto__","name":"x"}},"evses":{"":null,"a/b":null,"/1":null}}'));
	assert.equal(({} as Record<string, unknown>).name, undefined);
	assert.equal(next.stations.length, base().stations.length);
	assert.equal(splitEvseKey("CP/7/2")?.[0], "CP/7");
	assert.equal(splitEvseKey("CP-7"), undefined);
});

test("what is no overview is refused", () => {
	for (const bad of [null, 1, "x", [], {}, { ...base(), tree: {} }, { ...base(), stations: {} }]) {
		assert.equal(asOverview(bad), undefined);
	}
	assert.ok(asOverview(base()));
});

test("events come whole however the bytes are cut", () => {
	const text = ": beat\r\nid: 7\r\nevent: patch\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nevent: lost\n\ndata:x\n\n";
	for (let cut = 1; cut < text.length; cut += 1) {
		const parser = new EventParser();
		const events = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
		assert.deepEqual(events, [
			{ type: "patch", id: "7", data: '{"a":\n1}' },
			{ type: "message", id: "7", data: "x" },
		], `cut at ${cut}`);
	}
});

test("live points replace their step and leave the window at the other end", () => {
	const at = (s: number) => new Date(Date.parse("2026-03-11T20:00:00Z") + s * 1000).toISOString();
	const range = { hours: 1, stepS: 10 };
	let series = [{ at: at(0), site_w: 1 }];
	series = appendPoint(series, { at: at(2), site_w: 2 }, range) as typeof series;
	assert.deepEqual(series, [{ at: at(0), site_w: 2 }]);
	series = appendPoint(series, { at: at(6), site_w: 3 }, range) as typeof series;
	assert.deepEqual(series.map((p) => p.site_w), [2, 3]);
	assert.equal(appendPoint(series, { at: at(5), site_w: 9 }, range), series, "older than the newest");
	series = appendPoint(series, { at: at(3604), site_w: 4 }, range) as typeof series;
	assert.deepEqual(series.map((p) => p.site_w), [3, 4]);
});
