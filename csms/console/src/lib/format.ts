/*
 * Numbers, times and durations in words of the page (see "Numbers" of the design language).
 * Units are the message file's; here only digits are made.
 */
import { say } from "../messages/say.ts";

export const NNBSP = "\u202f";
const MINUS = "\u2212";

/* The language's own signs, asked once: Intl formats ten times slower, and every value of every row
 * comes through here. */
const signs = (() => {
	const parts = new Intl.NumberFormat(say.locale).formatToParts(-12345.6);
	const sign = (type: string) => parts.find((p) => p.type === type)?.value ?? "";
	return { group: sign("group"), point: sign("decimal") };
})();

export function decimal(value: number, digits: number): string {
	const abs = Math.abs(value);
	if (!(abs < 1e15)) return String(value);
	/* Rounded as written: 0.15 is 0.2, though the nearest double is below it. */
	const all = (abs < 1e-6 ? "" : String(Math.round(Number(`${abs}e${digits}`)))).padStart(digits + 1, "0");
	const whole = all.slice(0, all.length - digits);
	const grouped = whole.length < 4 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, signs.group);
	const text = digits === 0 ? grouped : grouped + signs.point + all.slice(-digits);
	/* No "−0": what rounds to nothing has no sign. */
	return value < 0 && /[1-9]/.test(all) ? MINUS + text : text;
}

/* kW without unit; `digits` where a column wants its own. */
export function kw(w: number, digits?: number): string {
	return decimal(w / 1000, digits ?? (Math.abs(w) < 99_950 ? 1 : 0));
}

/* mA as A: whole ones without a fraction. */
export function amperes(ma: number): string {
	return decimal(ma / 1000, ma % 1000 === 0 ? 0 : 1);
}

/* A shortage that would show as 0.0 kWh is none. */
export const isShort = (wh: number): boolean => wh >= 50;

/* Nobody tells its charge: what it needs is reckoned from a guess, "~27.0". */
export const isGuess = (of: { need_by?: string }): boolean => of.need_by === "guess";
export const about = (of: { need_by?: string }): string => (isGuess(of) ? "~" : "");

export function kwh(wh: number): string {
	return decimal(wh / 1000, Math.abs(wh) < 99_950 ? 1 : 0);
}

/* Whole per cent; what is not there or not full does not round to 0 or 100. */
export function pct(value: number): string {
	if (value > 0 && value < 0.5) return decimal(1, 0);
	if (value > 99 && value < 100) return decimal(99, 0);
	return decimal(value, 0);
}

/* "42 s", "38 min", "2 h 16 min", "3 days". */
export function duration(seconds: number): string {
	const s = Math.max(0, Math.floor(seconds));
	if (s < 60) return say.seconds(s);
	const min = Math.floor(s / 60);
	if (min < 60) return say.minutes(min);
	if (min < 48 * 60) {
		const rest = min % 60;
		return rest ? say.hoursMinutes(Math.floor(min / 60), rest) : say.hours(min / 60);
	}
	return say.days(Math.floor(min / 1440));
}

/* With seconds up to an hour: "1 min 21 s". */
export function durationExact(seconds: number): string {
	const s = Math.max(0, Math.floor(seconds));
	if (s < 60 || s >= 3600 || s % 60 === 0) return duration(s);
	return say.minutes(Math.floor(s / 60)) + " " + say.seconds(s % 60);
}

interface ZoneFormats {
	parts: Intl.DateTimeFormat;
	weekday: Intl.DateTimeFormat;
	date: Intl.DateTimeFormat;
}

const zones = new Map<string, ZoneFormats>();

function zoneFormats(zone: string): ZoneFormats {
	const known = zones.get(zone);
	if (known) return known;
	let timeZone = zone;
	try {
		new Intl.DateTimeFormat(say.locale, { timeZone });
	} catch {
		timeZone = "UTC"; /* a browser without this zone: the page says UTC in its clock */
	}
	const made: ZoneFormats = {
		parts: new Intl.DateTimeFormat("en-GB", {
			timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
			hour: "2-digit", minute: "2-digit", second: "2-digit",
		}),
		weekday: new Intl.DateTimeFormat(say.locale, { timeZone, weekday: "short" }),
		date: new Intl.DateTimeFormat(say.locale, {
			timeZone, weekday: "short", day: "numeric", month: "short",
		}),
	};
	zones.set(zone, made);
	return made;
}

export interface LocalTime {
	day: string; /* 2026-03-11 */
	hour: number;
	minute: number;
	second: number;
}

const two = (n: number) => String(n).padStart(2, "0");

/* How far a zone is from UTC, by the quarter hour: every change of any zone lies on one, and asking
 * Intl costs more than all else of a time. */
const QUARTER_MS = 900_000;
const offsets = new Map<string, Map<number, number>>();

function offsetMs(ms: number, zone: string): number {
	let known = offsets.get(zone);
	if (!known) offsets.set(zone, known = new Map());
	const quarter = Math.floor(ms / QUARTER_MS);
	let offset = known.get(quarter);
	if (offset === undefined) {
		const at = quarter * QUARTER_MS;
		const out: Record<string, number> = {};
		for (const part of zoneFormats(zone).parts.formatToParts(at)) out[part.type] = Number(part.value);
		offset = Date.UTC(out.year!, out.month! - 1, out.day!, out.hour!, out.minute!, out.second!) - at;
		if (known.size > 4000) known.clear();
		known.set(quarter, offset);
	}
	return offset;
}

export function localTime(ms: number, zone: string): LocalTime {
	const t = new Date(ms + offsetMs(ms, zone));
	return {
		day: `${t.getUTCFullYear()}-${two(t.getUTCMonth() + 1)}-${two(t.getUTCDate())}`,
		hour: t.getUTCHours(),
		minute: t.getUTCMinutes(),
		second: t.getUTCSeconds(),
	};
}

export function clock(ms: number, zone: string): string {
	const t = localTime(ms, zone);
	return `${two(t.hour)}:${two(t.minute)}`;
}

export function clockSeconds(ms: number, zone: string): string {
	const t = localTime(ms, zone);
	return `${two(t.hour)}:${two(t.minute)}:${two(t.second)}`;
}

export function date(ms: number, zone: string): string {
	return zoneFormats(zone).date.format(ms).replace(",", "");
}

/* The time, with its day in front when it is not tonight (further than 18 h from now). */
export function clockNear(ms: number, nowMs: number, zone: string): string {
	if (Math.abs(ms - nowMs) <= 18 * 3_600_000) return clock(ms, zone);
	return zoneFormats(zone).weekday.format(ms) + " " + clock(ms, zone);
}
