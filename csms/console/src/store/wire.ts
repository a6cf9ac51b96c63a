/*
 * The wire log, of a charger or of all: what was said and answered, a line each. Pure.
 */
import type { WirePair } from "../api/types.ts";
import { gistOf } from "./commands.ts";

/* Frames as they went: [2, id, action, payload], [3, id, payload], [4, id, code, text, details]. */
function frame(text: string | undefined): unknown[] | undefined {
	if (text === undefined) return undefined;
	try {
		const x = JSON.parse(text) as unknown;
		return Array.isArray(x) ? x : undefined;
	} catch {
		return undefined;
	}
}

type Payload = Record<string, unknown>;

const asPayload = (x: unknown): Payload => (typeof x === "object" && x !== null ? (x as Payload) : {});

export const requestPayload = (p: WirePair): Payload => asPayload(frame(p.request)?.[3]);

const scalar = (x: unknown): string | undefined =>
	(typeof x === "string" || typeof x === "number" || typeof x === "boolean" ? String(x).slice(0, 60) : undefined);

const evse = (x: unknown): string | undefined => {
	const id = typeof x === "object" && x !== null ? asPayload(x).id : x;
	return typeof id === "number" ? `EVSE ${id}` : undefined;
};

const first = (x: unknown): Payload => asPayload(Array.isArray(x) ? x[0] : undefined);

/* "10.98 kW" of sampled values. */
function power(meterValue: unknown): string | undefined {
	const list = Array.isArray(meterValue) ? (meterValue as unknown[]).flatMap((m) => asPayload(m).sampledValue ?? []) : [];
	const found = list.map(asPayload).find((v) => v.measurand === "Power.Active.Import" && v.phase === undefined && typeof v.value === "number");
	if (!found) return undefined;
	const w = Number(found.value) * 10 ** Number(asPayload(found.unitOfMeasure).multiplier ?? 0);
	const isKilo = asPayload(found.unitOfMeasure).unit === "kW";
	return `${(isKilo ? w : w / 1000).toFixed(2)} kW`;
}

function variable(data: unknown): string | undefined {
	const one = first(data);
	const name = [scalar(asPayload(one.component).name), scalar(asPayload(one.variable).name)].filter(Boolean).join(".");
	const value = scalar(one.attributeValue);
	const more = Array.isArray(data) && data.length > 1 ? ` +${data.length - 1}` : "";
	return name === "" ? undefined : `${name}${value === undefined ? "" : ` = ${value}`}${more}`;
}

function profile(x: unknown): (string | undefined)[] {
	const p = asPayload(x);
	const schedule = first(p.chargingSchedule);
	const limit = scalar(first(schedule.chargingSchedulePeriod).limit);
	return [scalar(p.chargingProfilePurpose), limit === undefined ? undefined : `${limit} ${scalar(schedule.chargingRateUnit) ?? ""}`.trim()];
}

/* What of a request a person wants in its line, by action; of the others the first few scalars. */
const GISTS: Record<string, (p: Payload) => (string | undefined)[]> = {
	BootNotification: (p) => [scalar(p.reason), scalar(asPayload(p.chargingStation).model), scalar(asPayload(p.chargingStation).firmwareVersion)],
	StatusNotification: (p) => [evse(p.evseId), scalar(p.connectorStatus)],
	TransactionEvent: (p) => [scalar(p.eventType), evse(p.evse), scalar(p.triggerReason), power(p.meterValue)],
	MeterValues: (p) => [evse(p.evseId), power(p.meterValue)],
	SetChargingProfile: (p) => [evse(p.evseId), ...profile(p.chargingProfile)],
	SetVariables: (p) => [variable(p.setVariableData)],
	GetVariables: (p) => [variable(p.getVariableData)],
	NotifyReport: (p) => [`part ${Number(p.seqNo ?? 0) + 1}`, Array.isArray(p.reportData) ? `${p.reportData.length} variables` : undefined],
	NotifyEvent: (p) => [variable(p.eventData), scalar(first(p.eventData).actualValue)],
	SecurityEventNotification: (p) => [scalar(p.type), scalar(p.techInfo)],
	Authorize: (p) => [scalar(asPayload(p.idToken).type), scalar(asPayload(p.idToken).idToken)],
};

const DULL = /^(timestamp|generatedAt|seqNo|requestId|remoteStartId|tbc) /;

export function gistOfPair(p: WirePair): string {
	const payload = requestPayload(p);
	const made = p.action !== undefined && Object.hasOwn(GISTS, p.action) ? GISTS[p.action]!(payload).filter((t) => t !== undefined) : [];
	return made.length > 0 ? made.join(", ") : gistOf(payload, 8).split(", ").filter((t) => !DULL.test(t)).slice(0, 4).join(", ");
}

const WAIT_MS = 30_000;

export type Verdict = "ok" | "no-reply" | "waits" | "refused" | "bad";

export interface Reply {
	verdict: Verdict;
	word: string; /* of the station or ours: "Accepted", "NotSupported"; "" none */
}

/* Words by which an answer says no. */
const NO = /^(Rejected|Failed|Faulted|NotSupported|NotImplemented|Unknown\w*|Invalid\w*|UnlockFailed|Occupied|Unavailable|InvalidURL|VersionMismatch|Blocked|Expired)$/;

export function replyOf(p: WirePair, nowMs: number): Reply {
	const f = frame(p.reply);
	if (p.reply === undefined) {
		const isYoung = nowMs - Date.parse(p.at) < WAIT_MS;
		return { verdict: isYoung ? "waits" : "no-reply", word: "" };
	}
	if (f?.[0] === 4) return { verdict: "refused", word: String(f[2] ?? "") };
	const payload = asPayload(f?.[2]);
	const info = asPayload(payload.idTokenInfo);
	const status = typeof payload.status === "string" ? payload.status
		: typeof info.status === "string" ? info.status : "";
	if (p.verdict !== undefined || p.reply_verdict !== undefined) return { verdict: "bad", word: status };
	return { verdict: NO.test(status) ? "refused" : "ok", word: status };
}

export const isOdd = (r: Reply): boolean => r.verdict === "refused" || r.verdict === "bad" || r.verdict === "no-reply";

/* What comes all the time and says nothing new. */
export function isRoutine(p: WirePair): boolean {
	if (p.action === "Heartbeat" || p.action === "MeterValues") return true;
	return p.action === "TransactionEvent" && requestPayload(p).eventType === "Updated";
}

export interface WireChoice {
	direction: "all" | "in" | "out";
	isOddOnly: boolean;
	isQuiet: boolean; /* without routine */
	action: string;
	text: string;
	error: string; /* in what is wrong with a frame, or in an answer that is an error */
	isFaulty: boolean; /* of the whole log, only what broke a schema or was answered with an error */
	slowerMs: number; /* answered after that long, or not at all; 0: all */
	station: string; /* of the log of all; "" all */
	from: string; /* local time as an input has it, "" any */
	to: string;
}

export const ALL_WIRE: WireChoice = {
	direction: "all", isOddOnly: false, isQuiet: false, action: "", text: "", error: "", isFaulty: false, slowerMs: 0, station: "", from: "", to: "",
};

/* What the server sorts out; the rest is sorted out here. */
function filters(c: WireChoice, toUtc: (local: string) => string | undefined): URLSearchParams {
	const q = new URLSearchParams();
	const put = (name: string, value: string | undefined) => {
		if (value !== undefined && value !== "") q.set(name, value);
	};
	put("station", c.station.trim());
	put("action", c.action.trim());
	put("direction", c.direction === "all" ? undefined : c.direction);
	put("text", c.text.trim());
	put("error", c.error.trim());
	put("faulty", c.isFaulty ? "1" : undefined);
	put("from", toUtc(c.from));
	put("to", toUtc(c.to));
	return q;
}

export function wireQuery(c: WireChoice, toUtc: (local: string) => string | undefined, more: Record<string, string> = {}): string {
	const q = filters(c, toUtc);
	q.set("pairs", "1");
	q.set("limit", "100");
	if (c.slowerMs > 0) q.set("slower", String(c.slowerMs));
	for (const [name, value] of Object.entries(more)) q.set(name, value);
	return `/wire?${q.toString()}`;
}

/* The whole of what fits, as a file. Which answers were slow is no property of one message. */
export function exportPath(c: WireChoice, toUtc: (local: string) => string | undefined, format: "jsonl" | "csv"): string {
	const q = filters(c, toUtc);
	q.set("format", format);
	return `/api/v1/wire/export?${q.toString()}`;
}

/* The choice in the address of the page, as it is read back. */
export function wireAddress(c: WireChoice): string {
	const q = filters(c, (local) => local);
	if (c.slowerMs > 0) q.set("slower", String(c.slowerMs));
	if (c.isOddOnly) q.set("odd", "1");
	if (c.isQuiet) q.set("quiet", "1");
	const text = q.toString();
	return text === "" ? "/wire" : `/wire?${text}`;
}

export function wireChoiceOf(search: string): WireChoice {
	const q = new URLSearchParams(search);
	const text = (name: string) => (q.get(name) ?? "").slice(0, 60);
	const direction = q.get("direction");
	const slower = Number(q.get("slower") ?? 0);
	return {
		direction: direction === "in" || direction === "out" ? direction : "all",
		isOddOnly: q.get("odd") === "1", isQuiet: q.get("quiet") === "1", isFaulty: q.get("faulty") === "1",
		slowerMs: Number.isInteger(slower) && slower > 0 && slower <= 120_000 ? slower : 0,
		station: text("station"), action: text("action"), text: text("text"), error: text("error"), from: text("from"), to: text("to"),
	};
}

/* When a live look begins that adds to what is known: before the oldest that still waits for its answer. */
export function liveFrom(known: readonly WirePair[]): string | undefined {
	const newest = known[0];
	if (!newest) return undefined;
	const since = Date.parse(newest.at) - WAIT_MS;
	const waits = known.filter((p) => p.reply === undefined && Date.parse(p.at) >= since).map((p) => p.at).sort();
	return waits[0] ?? newest.at;
}

export function passesWire(p: WirePair, c: WireChoice, nowMs: number): boolean {
	if (c.direction !== "all" && p.direction !== c.direction) return false;
	if (c.isQuiet && isRoutine(p)) return false;
	return !c.isOddOnly || isOdd(replyOf(p, nowMs));
}

export const pairKey = (p: WirePair): string => `${p.at} ${p.station} ${p.direction} ${p.message_id ?? p.request.slice(0, 40)}`;

/* Newest first; a later look at the same pair, which may have its reply by now, takes its place. */
export function mergedPairs(old: readonly WirePair[], fresh: readonly WirePair[], most: number): WirePair[] {
	const byKey = new Map(old.map((p) => [pairKey(p), p] as const));
	for (const p of fresh) {
		const before = byKey.get(pairKey(p));
		if (!before || before.reply !== p.reply) byKey.set(pairKey(p), p);
	}
	return [...byKey.values()].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, most);
}

/* JSON for a person; what is none as it is. */
export function pretty(text: string): string {
	const f = frame(text);
	if (!f) return text;
	const body = f[0] === 2 ? f[3] : f[0] === 3 ? f[2] : f.slice(2);
	return JSON.stringify(body, undefined, 1);
}
