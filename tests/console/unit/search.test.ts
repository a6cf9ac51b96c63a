import assert from "node:assert/strict";
import { test } from "node:test";
import type { Overview } from "../../../csms/console/src/api/types.ts";
import { bare, search, sessionThings, type Thing, thingsOf, userThings } from "../../../csms/console/src/store/search.ts";
// @ts-expect-error a plain script without types
import { overview } from "../fixture.mjs";

const data = overview() as Overview;
const things = thingsOf(data, (kind: string) => kind);
const found = (text: string) => search(things, text).map((t) => `${t.kind} ${t.id}`);

test("signs and leading zeros do not count", () => {
	assert.equal(bare("VAN 05"), "van5");
	assert.equal(bare("CP-A10/2"), "cpa102");
	assert.equal(bare("Hall Ä"), bare("hall ä"));
	assert.equal(bare("0"), "0");
});

test("the very name stands before its beginnings, and these before what holds it", () => {
	assert.equal(found("van 5")[0], "van VAN-05");
	assert.equal(found("van 0").length, 8);
	assert.deepEqual(found("cp-a3").slice(0, 3), ["charger CP-A3", "evse CP-A3/1", "evse CP-A3/2"]);
	assert.equal(found("cpa3/1")[0], "evse CP-A3/1");
	assert.ok(found("hall").includes("node hall-a"));
	assert.equal(found("M0")[0], "meter M0");
});

test("words are found in what stands beside: where it is, who stands there, what an alarm says", () => {
	assert.ok(found("hall cp a3").includes("charger CP-A3"), String(found("hall cp a3")));
	const alarm = data.alarms.find((a) => a.state !== "past")!;
	assert.ok(found(alarm.text.split(" ").slice(0, 4).join(" ")).includes(`alarm ${alarm.id}`));
});

test("at most eight, nothing for nothing, hostile text is only text", () => {
	assert.equal(search(things, "a").length, 8);
	assert.deepEqual(search(things, " -/ "), []);
	assert.deepEqual(search(things, "<img src=x onerror=alert(1)>"), []);
	assert.equal(search(things, "(".repeat(100)).length, 0);
});

test("sessions by their van, users by their name; what has no page names its row", () => {
	const sessions = sessionThings([{ station: "CP-A3", id: "8f2a", vehicle: "VAN-05", evse: 1, state: "open", last_at: "2026-03-11T20:00:00Z", events: 1, complete: true }],
		data.vehicles, () => "21:00");
	assert.equal(search(sessions, "van 05")[0]!.path, "/sessions/CP-A3/8f2a");
	const users = userThings([{ name: 'an"na', role: "viewer" } as never]);
	assert.equal(users[0]!.row, '[data-user="an\\"na"]');
	assert.equal((search(things, "hall-a")[0] as Thing).row, '[data-node="hall-a"]');
});
