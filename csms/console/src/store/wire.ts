/*
 * The wire log of a charger: what was said and answered, a line each. Pure.
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

export type Verdict = "ok" | "no-reply" | "waits" | "refused" | "bad";

export interface Reply {
	verdict: Verdict;
	word: string; /* of the station or ours: "Accepted", "NotSupported"; "" none */
}

/* Words by which an answer says no. */
const NO = /^(Rejected|Failed|Faulted|NotSupported|NotImplemented|Unknown\w*|Invalid\w*|UnlockFailed|Occupied|Unavailable|InvalidURL|VersionMismatch|Blocked|Expired)$/;

const WAIT_MS = 30_000;

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
	from: string; /* local time as an input has it, "" any */
	to: string;
}

export const ALL_WIRE: WireChoice = {
	direction: "all", isOddOnly: false, isQuiet: false, action: "", text: "", error: "", isFaulty: false, from: "", to: "",
};

/* What the server sorts out; the rest is sorted out here. */
export function wireQuery(station: string, c: WireChoice, toUtc: (local: string) => string | undefined, before?: string): string {
	const q = new URLSearchParams({ pairs: "1", limit: "100", station });
	const put = (name: string, value: string | undefined) => {
		if (value !== undefined && value !== "") q.set(name, value);
	};
	put("action", c.action.trim());
	put("text", c.text.trim());
	put("error", c.error.trim());
	put("faulty", c.isFaulty ? "1" : undefined);
	put("from", toUtc(c.from));
	put("to", toUtc(c.to));
	put("before", before);
	return `/wire?${q.toString()}`;
}

export function passesWire(p: WirePair, c: WireChoice, nowMs: number): boolean {
	if (c.direction !== "all" && p.direction !== c.direction) return false;
	if (c.isQuiet && isRoutine(p)) return false;
	return !c.isOddOnly || isOdd(replyOf(p, nowMs));
}

export const pairKey = (p: WirePair): string => `${p.at} ${p.direction} ${p.message_id ?? p.request.slice(0, 40)}`;

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
