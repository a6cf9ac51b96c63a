import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandForm, CommandView, EvseView, StationView, WirePair } from "../../../csms/console/src/api/types.ts";
import { csvText } from "../../../csms/console/src/lib/csv.ts";
import { fromLocal, toLocal } from "../../../csms/console/src/lib/local_clock.ts";
import { addressOf, choiceOf, chosen, csvRows, health, NO_CHOICE, powerOf } from "../../../csms/console/src/store/chargers.ts";
import { evseOffers, gistOf, stationOffers, steps } from "../../../csms/console/src/store/commands.ts";
import { blankStruct, merged, payloadOf, requestOf, typed } from "../../../csms/console/src/store/forms.ts";
import { ALL_WIRE, exportPath, gistOfPair, isRoutine, mergedPairs, passesWire, pretty, replyOf, wireAddress, wireChoiceOf, wireQuery } from "../../../csms/console/src/store/wire.ts";

const NOW = Date.parse("2026-03-11T21:40:00Z");

const evse = (id: number, state: string, more: Partial<EvseView> = {}): EvseView => ({
	id, kind: "ac", max_w: 22_000, min_w: 1380, phases: 3, tail_w: 4140, rated_source: "file", rated_since: "2026-03-11T00:00:00Z",
	connectors: [{ id: 1, status: "Available" }], currents_a: [], state, ...more,
});

const station = (id: string, more: Partial<StationView> = {}): StationView => ({
	id, node: "hall", policy: "accepted", security_profile: 2, connected: true, last_seen: "2026-03-11T21:39:58Z", has_password: true,
	control: "automatic", sentence: "", evses: [evse(1, "free")], ...more,
});

const known = { nodes: [], vehicles: [{ id: "V9", name: "VAN 09", target_pct: 80, state: "charging" }], alarms: [] };
const ids = (list: StationView[]) => list.map((s) => s.id).join(" ");

test("a van that no card was accepted for can be started here, and given up", () => {
	const plugged = evse(1, "plugged", { transaction: "t1", limit_source: "plan" });
	const asked = (e: EvseView) => evseOffers(e).map((o) => o.id).filter((id) => id === "start" || id === "stop");
	assert.deepEqual(asked(plugged), ["stop"]);
	assert.deepEqual(asked({ ...plugged, limit_source: "card" }), ["start", "stop"]);
});

test("chargers: what is worst about one", () => {
	assert.equal(health(station("A"), NOW), "good");
	assert.equal(health(station("A", { connected: false }), NOW), "silent");
	assert.equal(health(station("A", { last_seen: "2026-03-11T21:20:00Z" }), NOW), "silent");
	assert.equal(health(station("A", { policy: "pending" }), NOW), "pending");
	assert.equal(health(station("A", { policy: "rejected", connected: false }), NOW), "rejected");
	assert.equal(health(station("A", { evses: [evse(1, "free"), evse(2, "faulted")] }), NOW), "fault");
});

test("chargers: found by all words, filtered by state, ordered", () => {
	const list = [
		station("CP-10", { firmware: "2.9", evses: [evse(1, "charging", { vehicle: "V9", power_w: 7000 })] }),
		station("CP-9", { firmware: "2.10", connected: false }),
		station("CP-2", { firmware: "2.9", evses: [evse(1, "faulted")] }),
	];
	const by = (c: Partial<typeof NO_CHOICE>) => ids(chosen(list, { ...NO_CHOICE, ...c }, known, NOW));
	assert.equal(by({}), "CP-2 CP-9 CP-10");
	assert.equal(by({ text: "van 09" }), "CP-10");
	assert.equal(by({ text: "2.9 cp-2" }), "CP-2");
	assert.equal(by({ filter: "silent" }), "CP-9");
	assert.equal(by({ filter: "faults" }), "CP-2");
	assert.equal(by({ filter: "charging" }), "CP-10");
	assert.equal(by({ sort: "state" }), "CP-2 CP-9 CP-10");
	assert.equal(by({ sort: "power" }), "CP-10 CP-2 CP-9");
	assert.equal(by({ sort: "firmware", isDown: true }), "CP-9 CP-2 CP-10");
	assert.equal(powerOf(list[1]!), undefined, "nothing measured is not 0");
});

test("chargers: an address holds the choice, and odd ones hold nothing", () => {
	const c = { text: "a b", filter: "silent", sort: "power", isDown: true } as const;
	assert.deepEqual(choiceOf(addressOf(c).slice("/chargers".length)), c);
	assert.equal(addressOf(NO_CHOICE), "/chargers");
	assert.deepEqual(choiceOf("?show=<script>&sort=-nothing"), { ...NO_CHOICE, isDown: true });
});

test("csv: quotes, line ends, and no formula", () => {
	assert.equal(csvText([["a", 1, undefined], ['x,"y"', "=1+1", "-3"]]), 'a,1,\r\n"x,""y""",\'=1+1,\'-3\r\n');
	assert.equal(csvRows([station("A", { evses: [evse(1, "free"), evse(2, "free")] })]).length, 2);
});

test("a depot's clock: there and back, over a change to summer time", () => {
	assert.equal(fromLocal("2026-03-11T22:40", "Europe/Amsterdam"), "2026-03-11T21:40:00.000Z");
	assert.equal(fromLocal("2026-03-29T03:30", "Europe/Amsterdam"), "2026-03-29T01:30:00.000Z");
	assert.equal(fromLocal("2026-03-29T01:30", "Europe/Amsterdam"), "2026-03-29T00:30:00.000Z");
	assert.equal(fromLocal("nonsense", "UTC"), undefined);
	assert.equal(toLocal(NOW, "Europe/Amsterdam"), "2026-03-11T22:40:00");
});

const f = (name: string, kind: string, more = {}) => ({ name, kind, required: false, list: false, made: false, values: [], ...more });
const form: CommandForm = {
	action: "X", use: "B06", needs: "operate", structs: [
		{ name: "XRequest", fields: [f("items", "struct", { required: true, list: true, type: "Item" }), f("when", "datetime"), f("requestId", "int", { made: true })] },
		{ name: "Item", fields: [f("name", "string", { required: true }), f("n", "number"), f("on", "bool"), f("evse", "struct", { type: "Evse" }), f("data", "any")] },
		{ name: "Evse", fields: [f("id", "int", { required: true })] },
	],
};

test("forms: needed parts are there from the start; what is empty is left out", () => {
	const blank = blankStruct(form, requestOf(form));
	assert.deepEqual(blank, { items: [{ name: "" }] });
	assert.deepEqual(payloadOf(form, blank).faults, [{ path: "items[0].name", is: "missing" }]);
	const values = { items: [{ name: "a", n: "2,5", on: "false", evse: { id: "3" }, data: "[1]" }], when: "2026-03-11T22:40:00+01:00" };
	assert.deepEqual(payloadOf(form, values), {
		payload: { items: [{ name: "a", n: 2.5, on: false, evse: { id: 3 }, data: [1] }], when: "2026-03-11T21:40:00.000Z" }, faults: [],
	});
	assert.deepEqual(payloadOf(form, { items: [{ name: "a", n: "x", evse: {}, data: "{" }], when: "soon" }).faults, [
		{ path: "items[0].n", is: "number" }, { path: "items[0].evse.id", is: "missing" }, { path: "items[0].data", is: "json" },
		{ path: "when", is: "time" },
	]);
});

test("forms: what a button knows is typed in before", () => {
	assert.deepEqual(merged({ a: "", b: { c: "1" } }, typed({ b: { d: 2 }, e: true }) as never), { a: "", b: { c: "1", d: "2" }, e: true });
	assert.equal(typed(null), undefined);
});

const command = (more: Partial<CommandView>): CommandView => ({
	id: "k", station: "A", action: "Reset", state: "waiting", step: "asked", started_at: "2026-03-11T21:40:00Z", ...more,
});

test("commands: a step is done only when it was", () => {
	const ended = "2026-03-11T21:41:00Z";
	assert.deepEqual(steps(command({})), ["now", "next", "next", "next"]);
	assert.deepEqual(steps(command({ step: "sent" })), ["done", "now", "next", "next"]);
	assert.deepEqual(steps(command({ step: "answered", state: "running" })), ["done", "done", "now", "next"]);
	assert.deepEqual(steps(command({ step: "ended", state: "done", ended_at: ended })), ["done", "done", "done", "done"]);
	assert.deepEqual(steps(command({ step: "ended", state: "unknown", ended_at: ended })), ["done", "done", "never", "done"]);
	assert.deepEqual(steps(command({ step: "ended", state: "cancelled", ended_at: ended })), ["done", "never", "never", "done"]);
});

test("commands: what is offered goes by what is there", () => {
	const has = (e: EvseView) => evseOffers(e).map((o) => o.id).join(" ");
	assert.equal(has(evse(1, "free")), "start unlock out resetEvse trigger");
	assert.equal(has(evse(2, "charging", { transaction: "t" })), "stop unlock out resetEvse trigger");
	assert.equal(has(evse(1, "unavailable", { connectors: [{ id: 1, status: "Unavailable" }] })), "start unlock in resetEvse trigger");
	const out = evse(1, "unavailable", { connectors: [{ id: 1, status: "Unavailable" }] });
	assert.equal(stationOffers(station("A"))[0]!.id, "out");
	assert.equal(stationOffers(station("A", { evses: [out, evse(2, "free")] }))[0]!.id, "out");
	assert.equal(stationOffers(station("A", { evses: [out, out] }))[0]!.id, "in");
	assert.equal(gistOf({ type: "Immediate", evseId: 2, requestId: 7 }), "Immediate, evseId 2");
});

const pair = (more: Partial<WirePair>): WirePair => ({
	at: "2026-03-11T21:39:00Z", station: "A", direction: "out", message_id: "1", action: "Reset", request: '[2,"1","Reset",{"type":"OnIdle"}]', ...more,
});

test("wire: replies by what they say, and by what they lack", () => {
	assert.deepEqual(replyOf(pair({}), NOW), { verdict: "no-reply", word: "" });
	assert.deepEqual(replyOf(pair({ at: "2026-03-11T21:39:55Z" }), NOW), { verdict: "waits", word: "" });
	assert.deepEqual(replyOf(pair({ reply: '[3,"1",{"status":"Accepted"}]' }), NOW), { verdict: "ok", word: "Accepted" });
	assert.deepEqual(replyOf(pair({ reply: '[3,"1",{"status":"Rejected"}]' }), NOW), { verdict: "refused", word: "Rejected" });
	assert.deepEqual(replyOf(pair({ reply: '[4,"1","NotSupported","",{}]' }), NOW), { verdict: "refused", word: "NotSupported" });
	assert.deepEqual(replyOf(pair({ reply: "[3", reply_verdict: "no JSON" }), NOW), { verdict: "bad", word: "" });
	assert.deepEqual(replyOf(pair({ reply: '[3,"1",{"idTokenInfo":{"status":"Invalid"}}]' }), NOW), { verdict: "refused", word: "Invalid" });
});

test("wire: gists, routine, filters, queries", () => {
	const updated = pair({ direction: "in", action: "TransactionEvent", request: '[2,"1","TransactionEvent",{"eventType":"Updated","evse":{"id":2},"meterValue":[{"sampledValue":[{"value":10.98,"measurand":"Power.Active.Import","unitOfMeasure":{"unit":"kW"}}]}]}]' });
	assert.equal(gistOfPair(updated), "Updated, EVSE 2, 10.98 kW");
	assert.equal(gistOfPair(pair({})), "OnIdle");
	assert.equal(gistOfPair(pair({ request: "not json", action: "Odd" })), "");
	assert.equal(gistOfPair(pair({ action: "constructor", request: '[2,"1","constructor",{"a":1}]' })), "a 1");
	assert.equal(isRoutine(updated), true);
	assert.equal(isRoutine(pair({})), false);
	assert.equal(passesWire(updated, { ...ALL_WIRE, isQuiet: true }, NOW), false);
	assert.equal(passesWire(updated, { ...ALL_WIRE, direction: "out" }, NOW), false);
	assert.equal(wireQuery({ ...ALL_WIRE, station: "A/1", action: " Reset ", slowerMs: 200, from: "x" }, () => "2026-01-01T00:00:00Z", { before: "9" }),
		"/wire?station=A%2F1&action=Reset&from=2026-01-01T00%3A00%3A00Z&to=2026-01-01T00%3A00%3A00Z&pairs=1&limit=100&slower=200&before=9");
	const choice = { ...ALL_WIRE, direction: "in" as const, station: "A/1", text: "x y", isFaulty: true, isOddOnly: true, slowerMs: 1000, from: "2026-01-01T00:00" };
	assert.deepEqual(wireChoiceOf(new URL(wireAddress(choice), "http://x").search), choice);
	assert.deepEqual(wireChoiceOf("?direction=up&slower=-3&quiet=2"), ALL_WIRE);
	assert.equal(exportPath({ ...ALL_WIRE, station: "A", direction: "out" }, () => undefined, "csv"), "/api/v1/wire/export?station=A&direction=out&format=csv");
	assert.equal(pretty('[3,"1",{"a":1}]'), '{\n "a": 1\n}');
	assert.equal(pretty("broken"), "broken");
});

test("wire: a later look brings the reply; the newest come first; there is an end", () => {
	const old = [pair({}), pair({ at: "2026-03-11T21:38:00Z", message_id: "0" })];
	const now = mergedPairs(old, [pair({ reply: '[3,"1",{}]' }), pair({ at: "2026-03-11T21:39:30Z", message_id: "2" })], 10);
	assert.deepEqual(now.map((p) => [p.message_id, p.reply !== undefined]), [["2", false], ["1", true], ["0", false]]);
	assert.equal(now[2], old[1], "what did not change is the same");
	assert.equal(mergedPairs(old, now, 2).length, 2);
});
