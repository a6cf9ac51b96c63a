/* Sessions, tariffs and settings: what their pages reckon by themselves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { courseSteps, costParts, sessionChoiceOf, sessionOf, sessionPath, sessionsAddress, sessionsQuery, toldAt } from "../../../csms/console/src/store/sessions.ts";
import { asKind, byHour, lastMonth, shade, stateOf, trimmed } from "../../../csms/console/src/store/tariffs.ts";
import { changeOf, diffOf, gridBefore, settingsOf, yamlOf } from "../../../csms/console/src/store/settings.ts";

const ZONE = "Europe/Amsterdam";

test("a session's address holds charger and transaction, whatever they are called", () => {
	assert.equal(sessionPath("CP-1", "a b"), "/sessions/CP-1/a%20b");
	assert.deepEqual(sessionOf("CP-1/8f/2a"), { station: "CP-1", id: "8f/2a" });
	assert.equal(sessionOf("CP-1"), undefined);
	assert.equal(sessionOf("/x"), undefined);
});

test("what is chosen of sessions is the address and the question", () => {
	const c = sessionChoiceOf("?state=ended&station=CP-1&from=2026-03-11T10:00&bad=1");
	assert.equal(sessionsAddress(c), "/sessions?state=ended&station=CP-1&from=2026-03-11T10%3A00");
	assert.equal(sessionsQuery(c, (x) => (x === "" ? undefined : `${x}:00Z`), "7.1"),
		"/transactions?state=ended&station=CP-1&from=2026-03-11T10%3A00%3A00Z&limit=100&cursor=7.1");
	assert.equal(sessionsAddress(sessionChoiceOf("?state=nonsense")), "/sessions");
});

const told = (at: string, limit_w: number) => ({ at, limit_w, source: "guard", reason: "" });
const course = {
	sentence: "", sub: "", from: "2026-03-11T20:00:00Z", to: "2026-03-11T20:04:00Z", step_s: 60, told_cut: false, planned: [],
	power: [{ at: "2026-03-11T20:00:00Z", w: 5000 }, { at: "2026-03-11T20:02:00Z", w: 7000 }],
	told: [told("2026-03-11T20:00:00Z", 6000), told("2026-03-11T20:02:30Z", 8000)],
};

test("power and limit of a session are cut where either changes; what was not measured is a gap", () => {
	const steps = courseSteps(course, Date.parse(course.to)).map((s) => [new Date(s.from).toISOString().slice(14, 19), s.site, s.limit]);
	assert.deepEqual(steps, [["00:00", 5000, 6000], ["01:00", undefined, 6000], ["02:00", 7000, 6000], ["02:30", 7000, 8000], ["03:00", undefined, 8000]]);
	assert.equal(toldAt(course.told, Date.parse("2026-03-11T19:59:00Z")), undefined);
});

test("energy of a session by its price, the dearest first", () => {
	const slot = (energy_wh: number, price: number) => ({ start: "", energy_wh, price });
	assert.deepEqual(costParts([slot(1000, 0.1), slot(2000, 0.3), slot(500, 0.1)]), [
		{ price: 0.3, wh: 2000, amount: 0.6 }, { price: 0.1, wh: 1500, amount: 0.15 }]);
});

const slot = (start: string, price: number, source = "fixed") => ({ start, import: price, above: [], export: 0, source });

test("prices by the hours that a clock shows: 23 on the day that loses one, the double hour once", () => {
	const quarter = (day: string, n: number) => Array.from({ length: n }, (_, i) => slot(new Date(Date.parse(day) + i * 900_000).toISOString(), 0.1));
	assert.equal(byHour(quarter("2026-03-28T23:00:00Z", 92), ZONE).length, 23);
	assert.equal(byHour(quarter("2026-10-24T22:00:00Z", 100), ZONE).length, 24);
	const [h] = byHour([slot("2026-03-11T00:00:00Z", 0.1), slot("2026-03-11T00:15:00Z", 0.3, "yesterday")], ZONE);
	assert.deepEqual([h!.hour, Math.round(h!.price * 100), h!.isAssumed, h!.isKnown], [1, 20, true, true]);
	assert.equal(shade(0.2, byHour([slot("2026-03-11T00:00:00Z", 0.2)], ZONE)), 0.3);
});

test("a tariff is sent without what is empty", () => {
	assert.deepEqual(trimmed({ id: "x", name: "", holidays: [], import: [{ id: "e", price: 0, days: undefined, periods: [{ id: "p", price: NaN }] }] }),
		{ id: "x", import: [{ id: "e", price: 0, periods: [{ id: "p" }] }] });
	assert.deepEqual(asKind({ id: "e", price: 1 }, "series", "epex"), { id: "e", series: "epex", factor: 1, add: 0 });
	assert.deepEqual(asKind({ id: "e", series: "epex" }, "tiers", ""), { id: "e", tiers: [{ above_kwh: 0, price: 0 }] });
});

test("which tariff is in force, to come, replaced, to compare", () => {
	const view = (id: string, valid_from: string | undefined, in_force: boolean, compare_only = false) =>
		({ id, currency: "EUR", in_force, compare_only, from_file: true, changed_at: "", changed_by: "", ...(valid_from !== undefined && { valid_from }) });
	const all = [view("old", undefined, false), view("now", "2026-01-01", true), view("next", "2027-01-01", false), view("other", "2028-01-01", false, true)];
	assert.deepEqual(all.map((t) => stateOf(t, all)), ["over", "force", "waits", "compare"]);
});

test("the last month of January is December", () => {
	assert.deepEqual(lastMonth(Date.parse("2026-01-15T00:00:00Z"), ZONE), { from: "2025-12-01T00:00", to: "2026-01-01T00:00" });
});

test("the tree as YAML: a row a line, and texts that YAML would read otherwise in quotes", () => {
	assert.equal(yamlOf({ nodes: [{ id: "site", limit_w: 5 }, { id: "no", name: "Hall: A", tcp: { host: "10.0.0.1", port: 502 }, list: [1, "x"] }], meters: [] }),
		'nodes:\n  - {id: site, limit_w: 5}\n  - {id: "no", name: "Hall: A", tcp: {host: "10.0.0.1", port: 502}, list: [1, x]}\n');
});

test("lines that differ, in their order", () => {
	assert.deepEqual(diffOf("a\nb\nc", "a\nx\nc\nd").map((l) => `${l.kind} ${l.text}`), ["same a", "gone b", "new x", "same c", "new d"]);
	assert.deepEqual(diffOf("", ""), [{ kind: "same", text: "" }]);
});

test("the tree before a change takes all newer ones back", () => {
	const change = (seq: number, edits: unknown[]) => changeOf({ seq, at: "", type: "GridChanged", payload: { file: "f", edits } })!;
	const changes = [
		change(9, [{ kind: "node", id: "hall", before: '{"id":"hall","limit_w":2}', after: '{"id":"hall","limit_w":3}' }, { kind: "meter", id: "m", after: '{"id":"m"}' }]),
		change(5, [{ kind: "node", id: "hall", before: '{"id":"hall","limit_w":1}', after: '{"id":"hall","limit_w":2}' }, { kind: "node", id: "yard", before: '{"id":"yard"}' }]),
	];
	const now = { nodes: [{ id: "site" }, { id: "hall", limit_w: 3 }], meters: [{ id: "m" }] };
	assert.deepEqual(gridBefore(now, changes, 9), { nodes: [{ id: "site" }, { id: "hall", limit_w: 2 }], meters: [] });
	assert.deepEqual(gridBefore(now, changes, 5), { nodes: [{ id: "site" }, { id: "hall", limit_w: 1 }, { id: "yard" }], meters: [] });
	assert.equal(changeOf({ seq: 1, at: "", type: "Other", payload: {} }), undefined);
});

test("settings: each leaf with its default and where it comes from", () => {
	assert.deepEqual(settingsOf({ depot: "d.yaml", listen: { port: 1, hosts: ["a"] } }, { depot: "depot.yaml", listen: { port: 1 } }), [
		{ name: "depot", value: "d.yaml", preset: undefined, isOwn: true },
		{ name: "listen.hosts", value: '["a"]', preset: undefined, isOwn: true },
		{ name: "listen.port", value: "1", preset: "1", isOwn: false },
	]);
});
