import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AlarmView, Overview } from "../../../csms/console/src/api/types.ts";
import { de } from "../../../csms/console/src/messages/de.ts";
import { en } from "../../../csms/console/src/messages/en.ts";
import { active, aside, calm, subjectOf, urgent } from "../../../csms/console/src/store/alarms.ts";
import { AGAIN_MS, toSound } from "../../../csms/console/src/store/sound.ts";
// @ts-expect-error a plain script without types
import { overview, START } from "../fixture.mjs";

declare const REPO: string;

const data = overview() as Overview;
const about = (change: Partial<AlarmView>) =>
	subjectOf({ ...data.alarms[0]!, ...change }, data.meters, data.tree.nodes, data.stations);

const read = (path: string): string => readFileSync(join(REPO, path), "utf8");

test("each kind of alarm that depotd raises has a title in each language", () => {
	const kinds = [...read("csms/alarms_table.c").matchAll(/ROW\([A-Z_]+, "([a-z-]+)"/g)].map((m) => m[1]!);
	assert.ok(kinds.length > 25);
	for (const words of [en, de]) assert.deepEqual(kinds.filter((k) => words.alarmKinds[k] === undefined), []);
});

test("each source of a limit has a name in each language", () => {
	const tree = /source_names\[GRID_SOURCE_COUNT\] = \{([^}]*)\}/.exec(read("scheduler/grid.c"))![1]!;
	const named = [...tree.matchAll(/= "([^"]+)"/g)].map((m) => m[1]!).filter((s) => s !== "none");
	const told = [...read("csms/power/control_why.c").matchAll(/want->source, "([a-z]+)"/g)].map((m) => m[1]!);
	const followed = [...read("csms/power/control_follow.c").matchAll(/\] = \{"[a-z ]+", "([a-z]+)"/g)].map((m) => m[1]!);
	const all = [...named, ...told, ...followed, "full", "idle", "EMS", "SO", "CSO", "Other"];
	assert.ok(named.length > 20 && followed.length > 5);
	for (const words of [en, de]) assert.deepEqual(all.filter((s) => words.limitSources[s] === undefined), []);
});

test("each role has a name in each language, for all who are told what they may not", () => {
	const names = /names\[ROLE_COUNT\] = \{([^}]*)\}/.exec(read("csms/api/permission.c"))![1]!;
	const roles = [...names.matchAll(/"([a-z_]+)"/g)].map((m) => m[1]!).filter((r) => r !== "nobody");
	assert.ok(roles.includes("energy_manager"));
	for (const words of [en, de]) assert.deepEqual(roles.filter((r) => words.roles[r] === undefined), []);
});

test("active alarms by urgency, then by how long they last; aside and past ones apart", () => {
	assert.deepEqual(active(data.alarms).map((a) => a.id), ["AL1", "AL2", "AL3"]);
	assert.deepEqual(urgent(data.alarms).map((a) => a.id), ["AL1"]);
	assert.deepEqual(aside(data.alarms).map((a) => a.id), ["AL4"]);
	const older = { ...data.alarms[1]!, id: "AL0", since: "2026-03-11T01:00:00Z" };
	assert.deepEqual(active([...data.alarms, older]).map((a) => a.id).slice(0, 2), ["AL0", "AL1"]);
	const odd = { ...older, id: "ALx", rank: "whenever" };
	assert.equal(active([odd, ...data.alarms]).at(-1)!.id, "ALx", "an unknown rank comes last");
});

test("an alarm's subject leads to the page that shows it", () => {
	assert.deepEqual(about({ kind: "meter-silent", subject: "M1" }), { name: "Hall A meter", path: "/meters/M1" });
	assert.deepEqual(about({ kind: "limit-broken", subject: "hall-a" }), { name: "Hall A feeder", path: "/energy" });
	assert.deepEqual(about({ kind: "measurement-old", subject: "hall-a" }), { name: "Hall A feeder", path: "/meters/M1" });
	assert.deepEqual(about({ kind: "plan-waits", subject: "hall-a" }), { name: "Hall A feeder", path: "/plan" });
	assert.deepEqual(about({ kind: "charger-disobeys", subject: "CP-B3/1" }), { name: "CP-B3/1", path: "/chargers/CP-B3" });
	assert.deepEqual(about({ kind: "disk-full", subject: "store" }), { name: "store" });
});

test("calm: alarms of a day and a week, and what comes most often", () => {
	const now = START as number;
	const c = calm(data.alarms, now);
	assert.deepEqual([c.day, c.week], [5, 5]);
	assert.deepEqual(c.often, { kind: "limit-broken", subject: "hall-a", count: 3 });
	assert.equal(calm([{ ...data.alarms[0]!, count: 1 }], now).often, undefined, "once is not often");
	assert.equal(calm([{ ...data.alarms[0]!, since: "2026-03-01T00:00:00Z" }], now).week, 0);
});

test("a new urgent alarm sounds once, and each five minutes while nobody has it", () => {
	const told = new Map<string, number>();
	const one = { ...data.alarms[0]!, id: "U1", owner: undefined } as unknown as AlarmView;
	assert.deepEqual(toSound([one], told, 0), ["U1"]);
	assert.deepEqual(toSound([one], told, AGAIN_MS - 1), []);
	assert.deepEqual(toSound([one], told, AGAIN_MS), ["U1"]);
	assert.deepEqual(toSound([{ ...one, owner: "user:anna" }], told, 3 * AGAIN_MS), [], "taken");
	assert.deepEqual(toSound([one, { ...one, id: "U2" }], told, 3 * AGAIN_MS + 1), ["U1", "U2"]);
	assert.deepEqual(toSound([], told, 3 * AGAIN_MS + 2), []);
	assert.deepEqual(toSound([one], told, 3 * AGAIN_MS + 3), ["U1"], "gone and back is new");
});
