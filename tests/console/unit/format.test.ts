import assert from "node:assert/strict";
import { test } from "node:test";
import {
	clock, clockNear, clockSeconds, date, decimal, duration, durationExact, isShort, kw, kwh, localTime, pct,
} from "../../../csms/console/src/lib/format.ts";

const S = "\u202f";

test("power has one decimal under 100 kW and none above", () => {
	assert.equal(kw(10_980), "11.0");
	assert.equal(kw(99_940), "99.9");
	assert.equal(kw(99_960), "100");
	assert.equal(kw(246_300), "246");
	assert.equal(kw(0), "0.0");
	assert.equal(kw(246_300, 1), "246.3");
});

test("minus is a minus sign, and nothing rounds to minus zero", () => {
	assert.equal(kw(-14_521), "\u221214.5");
	assert.equal(kw(-20), "0.0");
	assert.equal(decimal(-0.2, 0), "0");
});

test("thousands are grouped", () => {
	assert.equal(decimal(86_400, 0), "86,400");
	assert.equal(kwh(1_204_000), "1,204");
	assert.deepEqual([49, 50].map((wh) => [isShort(wh), kwh(wh)]), [[false, "0.0"], [true, "0.1"]]);
});

test("per cent never rounds to nothing or to all", () => {
	assert.equal(pct(0), "0");
	assert.equal(pct(0.2), "1");
	assert.equal(pct(46.4), "46");
	assert.equal(pct(99.7), "99");
	assert.equal(pct(100), "100");
});

test("durations", () => {
	assert.equal(duration(-4), `0${S}s`);
	assert.equal(duration(42.9), `42${S}s`);
	assert.equal(duration(60), `1${S}min`);
	assert.equal(duration(2 * 3600 + 16 * 60 + 5), `2${S}h 16${S}min`);
	assert.equal(duration(3 * 3600), `3${S}h`);
	assert.equal(duration(3.5 * 86_400), "3 days");
	assert.equal(durationExact(81), `1${S}min 21${S}s`);
	assert.equal(durationExact(120), `2${S}min`);
	assert.equal(durationExact(7260), `2${S}h 1${S}min`);
});

test("times are the depot's, through both changes of the clock", () => {
	const zone = "Europe/Amsterdam";
	assert.equal(clock(Date.parse("2026-03-29T00:59:00Z"), zone), "01:59");
	assert.equal(clock(Date.parse("2026-03-29T01:00:00Z"), zone), "03:00");
	assert.equal(clock(Date.parse("2026-10-25T00:30:00Z"), zone), "02:30");
	assert.equal(clock(Date.parse("2026-10-25T01:30:00Z"), zone), "02:30");
	assert.equal(clockSeconds(Date.parse("2026-03-11T23:00:07Z"), zone), "00:00:07");
	assert.equal(date(Date.parse("2026-03-11T21:40:12Z"), zone), "Wed 11 Mar");
	assert.deepEqual(localTime(Date.parse("2026-03-11T23:30:00Z"), zone),
		{ day: "2026-03-12", hour: 0, minute: 30, second: 0 });
});

test("a time that is not tonight carries its day", () => {
	const now = Date.parse("2026-03-11T21:40:12Z");
	const zone = "Europe/Amsterdam";
	assert.equal(clockNear(Date.parse("2026-03-12T04:30:00Z"), now, zone), "05:30");
	assert.equal(clockNear(Date.parse("2026-03-13T04:30:00Z"), now, zone), "Fri 05:30");
});

test("a zone that the browser does not know becomes UTC, not an error", () => {
	assert.equal(clock(Date.parse("2026-03-11T21:40:12Z"), "Mars/Olympus"), "21:40");
});

test("decimal says what Intl says", () => {
	const intl = (digits: number) => new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
	for (const digits of [0, 1, 2, 3]) {
		for (const x of [0, 0.04, 0.05, 0.15, 0.5, 1.005, 9.95, 99.95, 999.5, 1000, 12345.678, 1e6, 1234567.891, 1e12, 3e-7, -0.01, -0.5, -1234.56]) {
			const want = intl(digits).format(x).replace(/^-(?=.*[1-9])/, "\u2212").replace(/^-/, "");
			assert.equal(decimal(x, digits), want, `${x}, ${digits}`);
		}
	}
});

test("local time is right in the quarter hours around each change of a zone", () => {
	const zones = ["Europe/Amsterdam", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "UTC"];
	const days = ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z", "2026-04-04T06:00:00Z", "2026-11-01T00:00:00Z", "2026-12-31T12:00:00Z"];
	for (const zone of zones) {
		const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
		for (const day of days) {
			for (let ms = Date.parse(day); ms < Date.parse(day) + 30 * 3_600_000; ms += 433_000) {
				const t = localTime(ms, zone);
				const two = (n: number) => String(n).padStart(2, "0");
				assert.equal(`${t.day} ${two(t.hour)}:${two(t.minute)}:${two(t.second)}`, parts.format(ms), `${zone} ${ms}`);
			}
		}
	}
});
