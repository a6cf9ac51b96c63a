import assert from "node:assert/strict";
import { test } from "node:test";
import type { MeterView, NodeView, Overview } from "../../../csms/console/src/api/types.ts";
import { de } from "../../../csms/console/src/messages/de.ts";
import { en } from "../../../csms/console/src/messages/en.ts";
import { pickLanguage } from "../../../csms/console/src/messages/say.ts";
import {
	compare, meterAbove, meterRows, moreThanAbove, parseLink, unitOf, verdict, wrongPairs,
} from "../../../csms/console/src/store/meters.ts";
// @ts-expect-error a plain script without types
import { overview } from "../fixture.mjs";

const data = overview() as Overview;
const [m0, m1] = data.meters as [MeterView, MeterView];
const node = (id: string, parent?: string, meter?: string): NodeView => ({
	id, name: id, kind: "feeder", evse_w: 0, allowed_w: 0, allowed_source: "guard", allowed_at: "2026-01-01T00:00:00Z", limits: [], binds: [], bears: false,
	...(parent !== undefined && { parent }), ...(meter !== undefined && { meter }),
});

test("meters stand in the order of the tree, deeper below the meters above, without a node last", () => {
	const nodes = [node("a", "s", "M1"), node("s", undefined, "M0"), node("b", "a"), node("c", "b", "ocpp:CP-1/2")];
	const rows = meterRows(nodes, [{ ...m1, id: "X" }, m1, m0]);
	assert.deepEqual(rows.map((r) => [r.id, r.depth, r.meter !== undefined]), [
		["M0", 0, true], ["M1", 1, true], ["ocpp:CP-1/2", 2, false], ["X", 0, true],
	]);
	assert.equal(meterAbove(nodes, [m0, m1], "ocpp:CP-1/2")?.id, "M1");
	assert.equal(meterAbove(nodes, [m0, m1], "M0"), undefined);
});

test("a tree that bites its own tail ends", () => {
	const nodes = [node("a", "b", "M0"), node("b", "a", "M1")];
	assert.equal(meterRows(nodes, [m0, m1]).length, 2);
	meterAbove(nodes, [], "M0");
});

test("what to think of a meter: silence goes before doubt, doubt before age", () => {
	const row = (change: Partial<MeterView>) => ({ id: "M0", depth: 0, meter: { ...m0, ...change } });
	assert.equal(verdict(row({ belief: "silent" }), true), "silent");
	assert.equal(verdict(row({ belief: "doubted" }), true), "doubt");
	assert.equal(verdict(row({ belief: "idle" }), false), "good", "nobody charges below it");
	assert.equal(verdict(row({ belief: "refusing" }), true), "refusing");
	assert.equal(verdict(row({ belief: "dark" }), false), "dark");
	assert.equal(verdict(row({ belief: "unread" }), false), "none");
	assert.equal(verdict(row({}), true), "old");
	assert.equal(verdict(row({}), false), "good");
	assert.equal(verdict({ id: "ocpp:CP", depth: 0, node: { ...node("n"), load_source: "meter", load_at: "x" } }, false), "good");
	assert.equal(verdict({ id: "ocpp:CP", depth: 0, node: node("n") }, false), "none");
});

test("values of two sources are compared only where they should be alike", () => {
	const below = { ...node("n"), evse_w: 44_000 };
	assert.deepEqual(compare("voltage_l2_v", 229, m0, below), { kind: "above", value: 229.8, isOff: false });
	assert.equal(compare("voltage_l2_v", 400, m0, below)?.isOff, true);
	assert.deepEqual(compare("power_w", 15_000, undefined, below), { kind: "evses", value: 44_000, isOff: true });
	assert.equal(compare("power_w", 60_000, m0, below)?.isOff, false, "other load may be there");
	assert.deepEqual(compare("power_w", 300_000, m0, below), { kind: "above", value: 246_300, isOff: true });
	assert.equal(compare("current_l1_a", 5, m0, below), undefined);
	assert.equal(compare("voltage_l1_v", undefined, m0, below), undefined);
});

test("more than the meter above is wrong, unless something feeds in", () => {
	const nodes = [node("s", undefined, "M0"), node("a", "s", "M1")];
	const over = { ...m1, power_w: 300_000 };
	assert.equal(moreThanAbove(nodes, [m0, over], over)?.id, "M0");
	assert.equal(moreThanAbove(nodes, [m0, m1], m1), undefined);
	assert.equal(moreThanAbove(nodes, [m0, over, { ...m1, id: "PV", power_w: -90_000 }], over), undefined);
	assert.equal(moreThanAbove(nodes, [{ ...m0, ok: false }, over], over), undefined, "the one above is silent");
});

test("a link's words give what identify needs", () => {
	assert.deepEqual(parseLink("tcp fd00::7:502 unit 12"), { host: "fd00::7", port: 502, unit: 12 });
	assert.deepEqual(parseLink("rtu /dev/ttyUSB0 9600 unit 4"), { device: "/dev/ttyUSB0", unit: 4 });
	assert.equal(parseLink("ocpp"), undefined);
});

test("a quantity's name tells its unit", () => {
	assert.deepEqual(unitOf("import_wh"), { unit: "kWh", digits: 1, divisor: 1000 });
	assert.equal(unitOf("power_l1_w").unit, "W");
	assert.equal(unitOf("state").unit, "");
});

test("wrong pairs, of all or of one meter", () => {
	const pair = (upper: string, lower: string, ok: boolean) => ({ upper, lower, ok, clear: true, steps: 9, phases: [], finding: "" });
	const pairs = [pair("M0", "M1", false), pair("M0", "M2", true)];
	assert.equal(wrongPairs(pairs).length, 1);
	assert.equal(wrongPairs(pairs, "M2").length, 0);
	assert.equal(wrongPairs(pairs, "M0").length, 1);
});

test("the language: the one chosen, or the browser's first that there is", () => {
	assert.equal(pickLanguage("de", ["en-US"]), "de");
	assert.equal(pickLanguage(null, ["fr-FR", "de-AT", "en"]), "de");
	assert.equal(pickLanguage("constructor", ["fr"]), "en");
});

test("both message files have the same words, down to each table, and none is empty", () => {
	const keys = (x: object, path = ""): string[] => Object.entries(x).flatMap(([k, v]) =>
		(typeof v === "object" && v !== null ? keys(v as object, `${path}${k}.`) : [`${path}${k}:${typeof v}`]));
	assert.deepEqual(keys(de).sort(), keys(en).sort());
	const empty = (x: object): string[] => Object.entries(x).filter(([, v]) => v === "").map(([k]) => k);
	assert.deepEqual([...empty(de), ...empty(en)], []);
});
