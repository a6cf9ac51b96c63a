/*
 * Numbers, times and durations in words of the page (see "Numbers" of the design language).
 * Units are the message file's; here only digits are made.
 */
import { say } from "../messages/say.ts";

export const NNBSP = "\u202f";
const MINUS = "\u2212";

const numberFormats = new Map<number, Intl.NumberFormat>();

export function decimal(value: number, digits: number): string {
	let format = numberFormats.get(digits);
	if (!format) {
		format = new Intl.NumberFormat(say.locale, {
			minimumFractionDigits: digits,
			maximumFractionDigits: digits,
		});
		numberFormats.set(digits, format);
	}
	const text = format.format(value);
	if (!text.startsWith("-")) return text;
	/* No "−0": what rounds to nothing has no sign. */
	return /[1-9]/.test(text) ? MINUS + text.slice(1) : text.slice(1);
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

export function localTime(ms: number, zone: string): LocalTime {
	const out: Record<string, string> = {};
	for (const part of zoneFormats(zone).parts.formatToParts(ms)) out[part.type] = part.value;
	return {
		day: `${out.year}-${out.month}-${out.day}`,
		hour: Number(out.hour),
		minute: Number(out.minute),
		second: Number(out.second),
	};
}

const two = (n: number) => String(n).padStart(2, "0");

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
