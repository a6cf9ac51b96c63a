/*
 * Alarms in the order in which somebody must act, and what one is about. Pure.
 */
import type { AlarmView, NodeView, MeterView, StationView } from "../api/types.ts";

const RANKS = ["urgent", "tonight", "this-week"];

const rankOf = (a: AlarmView): number => (RANKS.includes(a.rank) ? RANKS.indexOf(a.rank) : RANKS.length);

/* The most urgent first, of those the one that lasts longest. */
export function byUrgency(a: AlarmView, b: AlarmView): number {
	return rankOf(a) - rankOf(b) || Date.parse(a.since) - Date.parse(b.since) || (a.id < b.id ? -1 : 1);
}

export const active = (alarms: readonly AlarmView[]): AlarmView[] =>
	alarms.filter((a) => a.state === "active").sort(byUrgency);

export const aside = (alarms: readonly AlarmView[]): AlarmView[] =>
	alarms.filter((a) => a.state === "aside").sort(byUrgency);

export const urgent = (alarms: readonly AlarmView[]): AlarmView[] =>
	active(alarms).filter((a) => a.rank === "urgent");

export interface Subject {
	name: string;
	path?: string; /* the page that shows it */
}

/* What an alarm is about: a meter, a node, a station or an EVSE of one; or only its name. */
export function subjectOf(alarm: AlarmView, meters: readonly MeterView[], nodes: readonly NodeView[],
	stations: readonly StationView[]): Subject {
	const id = alarm.subject;
	const meter = alarm.kind.startsWith("meter") ? meters.find((m) => m.id === id) : undefined;
	if (meter) return { name: meter.name || id, path: `/meters/${encodeURIComponent(id)}` };
	const node = nodes.find((n) => n.id === id);
	if (alarm.kind === "plan-waits") return { name: node?.name || id, path: "/plan" };
	if (node) {
		const own = alarm.kind === "measurement-old" && node.meter && meters.some((m) => m.id === node.meter);
		return { name: node.name || id, path: own ? `/meters/${encodeURIComponent(node.meter!)}` : "/energy" };
	}
	const slash = id.lastIndexOf("/");
	const station = stations.find((s) => s.id === id) ?? stations.find((s) => slash > 0 && s.id === id.slice(0, slash));
	if (!station) return { name: id };
	return { name: `${station.name || station.id}${station.id === id ? "" : id.slice(slash)}`, path: `/chargers/${encodeURIComponent(station.id)}` };
}

/* How calm it is: what began lately, and what comes most often. */
export interface Calm {
	day: number; /* alarms that began in the last 24 h */
	week: number;
	often?: { kind: string; subject: string; count: number };
}

export function calm(alarms: readonly AlarmView[], nowMs: number): Calm {
	const since = (ms: number) => alarms.filter((a) => nowMs - Date.parse(a.since) <= ms);
	const week = since(7 * 86_400_000);
	const counts = new Map<string, { kind: string; subject: string; count: number }>();
	for (const a of week) {
		const key = `${a.kind} ${a.subject}`;
		const row = counts.get(key) ?? { kind: a.kind, subject: a.subject, count: 0 };
		counts.set(key, { ...row, count: row.count + a.count });
	}
	const often = [...counts.values()].sort((a, b) => b.count - a.count)[0];
	return { day: since(86_400_000).length, week: week.length, ...(often && often.count > 1 && { often }) };
}
