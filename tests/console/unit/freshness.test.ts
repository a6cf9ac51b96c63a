import assert from "node:assert/strict";
import { test } from "node:test";
import { freshness, isSilent } from "../../../csms/console/src/lib/freshness.ts";
import { ServerClock } from "../../../csms/console/src/store/clock.ts";

const now = Date.parse("2026-03-11T21:40:12Z");
const ago = (s: number) => new Date(now - s * 1000).toISOString();

test("a reading is live up to three periods and at least five seconds", () => {
	assert.equal(freshness(ago(5), now, "meter", 1, false).kind, "live");
	assert.deepEqual(freshness(ago(6), now, "meter", 1, false), { kind: "stale", ageS: 6 });
	assert.equal(freshness(ago(180), now, "evse", 1, false).kind, "live");
	assert.equal(freshness(ago(181), now, "evse", 1, false).kind, "stale");
});

test("with the connection lost only the last seconds are live", () => {
	assert.equal(freshness(ago(5), now, "evse", 1, true).kind, "live");
	assert.equal(freshness(ago(6), now, "evse", 1, true).kind, "stale");
});

test("a depot that runs sixty times as fast gets sixty times the age", () => {
	assert.equal(freshness(ago(299), now, "meter", 60, false).kind, "live");
	assert.equal(freshness(ago(301), now, "meter", 60, false).kind, "stale");
});

test("never, nonsense and the future", () => {
	assert.equal(freshness(undefined, now, "meter", 1, false).kind, "unknown");
	assert.equal(freshness("soon", now, "meter", 1, false).kind, "unknown");
	assert.deepEqual(freshness(ago(-30), now, "meter", 1, false), { kind: "live", ageS: 0 });
});

test("silent: not connected, or no word for ten minutes", () => {
	assert.equal(isSilent(false, ago(1), now), true);
	assert.equal(isSilent(true, ago(599), now), false);
	assert.equal(isSilent(true, ago(601), now), true);
	assert.equal(isSilent(true, undefined, now), false);
});

test("the server's clock is the estimate with the least delay", () => {
	const clock = new ServerClock();
	assert.equal(clock.now(0), undefined);
	clock.observe(1_000_000, 100, 1); /* 0 ms late */
	clock.observe(1_000_500, 900, 1); /* 300 ms late: must not turn the clock back */
	assert.equal(clock.now(1100), 1_001_000);
	clock.observe(1_002_300, 2200, 1); /* ahead by 200 ms */
	assert.equal(clock.now(2200), 1_002_300);
});

test("an old estimate is forgotten, a change of speed starts anew", () => {
	const clock = new ServerClock();
	clock.observe(1_000_000, 0, 1);
	clock.observe(1_061_000 - 700, 61_000, 1);
	assert.equal(clock.now(61_000), 1_060_300);
	clock.observe(2_000_000, 62_000, 60);
	assert.equal(clock.now(63_000), 2_060_000);
	clock.observe(NaN, 63_000, 60);
	assert.equal(clock.now(63_000), 2_060_000);
});

test("thousands of messages keep the best estimate and little memory", () => {
	const clock = new ServerClock();
	for (let i = 0; i < 5000; i += 1) clock.observe(1_000_000 + i - (i % 50), i, 1);
	assert.equal(clock.now(5000), 1_005_000);
});
