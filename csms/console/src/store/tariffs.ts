/*
 * A tariff as the depot's file has it (schemas/depot.schema), while it is edited; its preview by hours
 * and days. Pure.
 */
import type { PriceSlot, TariffView } from "../api/types_tariffs.ts";
import { localTime } from "../lib/format.ts";

export interface Mask {
	from?: string;
	to?: string;
	days?: string[];
	hours?: string[];
}

export interface Period extends Mask {
	id: string;
	price: number;
}

export interface Component {
	id: string;
	price?: number;
	periods?: Period[];
	tiers?: { above_kwh: number; price: number }[];
	series?: string;
	factor?: number;
	add?: number;
}

export interface Demand extends Mask {
	id: string;
	interval_min?: number;
	price?: number;
	block_kw?: number;
	block_price?: number;
	subscribed_kw?: number;
	ratchet_pct?: number;
	ratchet_months?: number;
}

export interface Tariff {
	id: string;
	name?: string;
	currency: string;
	valid_from?: string;
	compare_only?: boolean;
	source?: string;
	billing_day?: number;
	holidays?: string[];
	import: Component[];
	export?: Component[];
	carbon?: { price_t: number; series?: string; g_kwh?: number };
	blocks?: { above_kw: number; add: number }[];
	demand?: Demand[];
	fees?: { id: string; per: string; price: number }[];
	idle?: { grace_min?: number; price_h: number };
}

export const KINDS = ["price", "periods", "tiers", "series"] as const;
export type Kind = (typeof KINDS)[number];

export const kindOf = (c: Component): Kind => KINDS.find((k) => c[k] !== undefined) ?? "price";

/* The same part by another kind: it keeps its name alone. */
export function asKind(c: Component, kind: Kind, series: string): Component {
	switch (kind) {
	case "price": return { id: c.id, price: c.price ?? 0 };
	case "periods": return { id: c.id, periods: c.periods ?? [{ id: "all", price: 0 }] };
	case "tiers": return { id: c.id, tiers: c.tiers ?? [{ above_kwh: 0, price: 0 }] };
	default: return { id: c.id, series: c.series ?? series, factor: 1, add: 0 };
	}
}

export const NEW_TARIFF: Tariff = {
	id: "", currency: "EUR", import: [{ id: "energy", periods: [
		{ id: "day", hours: ["06:00-22:00"], price: 0.3 }, { id: "night", hours: ["22:00-06:00"], price: 0.2 },
	] }],
};

/* "mon tue, wed" → its words. */
export const wordsOf = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);
export const linesOf = (text: string): string[] => text.split(/[\n,;]+/).map((l) => l.trim()).filter(Boolean);

/* Without what is empty, so that the server's defaults count. */
export function trimmed<T>(x: T): T {
	if (Array.isArray(x)) return x.map((i) => trimmed(i as unknown)) as T;
	if (typeof x !== "object" || x === null) return x;
	const kept = Object.entries(x).filter(([, v]) => v !== undefined && v !== "" && !(Array.isArray(v) && v.length === 0) && !Number.isNaN(v));
	return Object.fromEntries(kept.map(([k, v]) => [k, trimmed(v as unknown)])) as T;
}

export type TariffState = "force" | "waits" | "over" | "compare";

export function stateOf(t: TariffView, all: readonly TariffView[]): TariffState {
	if (t.compare_only) return "compare";
	if (t.in_force) return "force";
	const force = all.find((o) => o.in_force);
	return force && (t.valid_from ?? "") > (force.valid_from ?? "") ? "waits" : "over";
}

export interface HourPrice {
	ms: number;
	day: string;
	hour: number;
	price: number;
	isAssumed: boolean; /* some of it is neither the tariff's own nor of the market */
	isKnown: boolean;
}

const ASSUMED = new Set(["yesterday", "weekday-mean", "last-known", "none"]);

/* Means of the hours as a clock shows them; the hour that comes twice stands there once. */
export function byHour(slots: readonly PriceSlot[], zone: string): HourPrice[] {
	const out = new Map<string, HourPrice & { n: number }>();
	for (const s of slots) {
		const t = localTime(Date.parse(s.start), zone);
		const key = `${t.day} ${t.hour}`;
		const h = out.get(key) ?? { ms: Date.parse(s.start), day: t.day, hour: t.hour, price: 0, isAssumed: false, isKnown: true, n: 0 };
		h.price = (h.price * h.n + s.import) / (h.n + 1);
		h.n += 1;
		h.isAssumed ||= ASSUMED.has(s.source);
		h.isKnown &&= s.source !== "none";
		out.set(key, h);
	}
	return [...out.values()];
}

/* How dear among the others, 0 to 1. */
export function shade(price: number, all: readonly HourPrice[]): number {
	const known = all.filter((h) => h.isKnown).map((h) => h.price);
	const low = Math.min(...known);
	const high = Math.max(...known);
	return high - low < 1e-9 ? 0.3 : (price - low) / (high - low);
}

/* The last whole calendar month before now, as its days. */
export function lastMonth(nowMs: number, zone: string): { from: string; to: string } {
	const t = localTime(nowMs, zone);
	const [y, m] = t.day.split("-").map(Number) as [number, number];
	const first = (year: number, month: number) => `${month < 1 ? year - 1 : year}-${String(month < 1 ? 12 : month).padStart(2, "0")}-01T00:00`;
	return { from: first(y, m - 1), to: first(y, m) };
}
