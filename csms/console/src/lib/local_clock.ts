import { localTime } from "./format.ts";

const DAY_MIN = 1440;

/* The next moment at which a clock in `zone` shows hh:mm, in ms; undefined if that is no time. On the
 * night of a clock change the hour that does not exist is the one after it. */
export function nextAt(hhmm: string, nowMs: number, zone: string): number | undefined {
	const parts = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(hhmm);
	if (!parts) return undefined;
	const wanted = Number(parts[1]) * 60 + Number(parts[2]);
	const now = localTime(nowMs, zone);
	const ahead = (wanted - now.hour * 60 - now.minute + DAY_MIN) % DAY_MIN;
	const at = Math.floor(nowMs / 60_000) * 60_000 + ahead * 60_000;
	const then = localTime(at, zone);
	const off = wanted - then.hour * 60 - then.minute;
	const shift = off > DAY_MIN / 2 ? off - DAY_MIN : off < -DAY_MIN / 2 ? off + DAY_MIN : off;
	return at + shift * 60_000;
}

/* The moment at which a clock in `zone` shows "2026-03-11T22:40" (as inputs write it), as UTC text;
 * undefined if that is no time. Of an hour that comes twice it is one of the two. */
export function fromLocal(text: string, zone: string): string | undefined {
	const wanted = Date.parse(`${text}Z`);
	if (text === "" || Number.isNaN(wanted)) return undefined;
	let at = wanted;
	for (let i = 0; i < 2; i += 1) {
		const t = localTime(at, zone);
		at += wanted - Date.parse(`${t.day}T${two(t.hour)}:${two(t.minute)}:${two(t.second)}Z`);
	}
	return new Date(at).toISOString();
}

/* The same back, to the second. */
export function toLocal(ms: number, zone: string): string {
	const t = localTime(ms, zone);
	return `${t.day}T${two(t.hour)}:${two(t.minute)}:${two(t.second)}`;
}

const two = (n: number): string => String(n).padStart(2, "0");
