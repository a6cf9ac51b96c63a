/*
 * Limits of others: which wait for an answer, which bind, and what to ask the server before one is
 * taken. Pure.
 */
import type { EnvelopeBlockPost, EnvelopePost, EnvelopeRecord, EnvelopeView, NodeView } from "../api/types.ts";

const OVER = ["expired", "withdrawn", "refused"];

export const isOpen = (e: EnvelopeView): boolean => !OVER.includes(e.state);

export const waits = (e: EnvelopeView): boolean => e.state === "received";

/* One that was obeyed before anybody could be asked may still be refused. */
export const mayRefuse = (e: EnvelopeView): boolean => waits(e) || (e.urgent && e.decided_by === undefined && isOpen(e));

/* Its block that runs, or the next one. */
export function blockNow(e: EnvelopeView, nowMs: number): EnvelopeBlockPost | undefined {
	return e.blocks.find((b) => Date.parse(b.end) > nowMs);
}

const beginOf = (e: EnvelopeView): number => Date.parse(e.blocks[0]?.start ?? e.received_at);

const order = (e: EnvelopeView): number => (waits(e) ? 0 : e.counts ? 1 : e.state === "active" ? 2 : 3);

/* What waits for an answer first, then what binds, then by when it begins. */
export function openEnvelopes(list: readonly EnvelopeView[]): EnvelopeView[] {
	return list.filter(isOpen).sort((a, b) => order(a) - order(b) || beginOf(a) - beginOf(b) || (a.id < b.id ? -1 : 1));
}

/* The same limit as a question. Adapters of depotd's own speak only for themselves, so theirs is
 * asked in the asker's name. */
export function asTrial(e: EnvelopeView): EnvelopePost {
	const speaks = e.owner.includes("/") && !/^(operator|oscp)\//.test(e.owner);
	return {
		node: e.node, kind: e.kind, priority: e.priority, blocks: e.blocks,
		...(speaks && { owner: e.owner, grid: e.grid }), ...(e.type !== undefined && { type: e.type }),
	};
}

/* All nodes under one, itself left out. */
export function nodesBelow(nodes: readonly NodeView[], id: string): string[] {
	const found = new Set([id]);
	for (let grew = true; grew;) {
		const before = found.size;
		for (const n of nodes) if (n.parent !== undefined && found.has(n.parent)) found.add(n.id);
		grew = found.size > before;
	}
	found.delete(id);
	return [...found];
}

/* The EVSEs that were told a limit, each once. */
export const toldEvses = (r: EnvelopeRecord): string[] => [...new Set(r.commands.map((c) => c.evse))];

export type Verdict = "waits" | "refused" | "withdrawn" | "to-come" | "stands-by" | "beaten" | "unmeasured" | "unsure" | "recording" | "kept-so-far" | "breaks"
	| "kept" | "broken" | "unknown";

const BEFORE: Record<string, Verdict> = { received: "waits", refused: "refused", pending: "to-come", "fallback-eligible": "stands-by" };

/* What a page says first about a limit, by its newest record. What nobody measured is not called kept. */
export function verdictOf(e: EnvelopeView, r: EnvelopeRecord | undefined, isRecording = false): Verdict {
	const early = BEFORE[e.state];
	if (early !== undefined && r === undefined) return early;
	if (isRecording) return "recording";
	if (r === undefined) return e.state === "withdrawn" ? "withdrawn" : e.beaten_by !== undefined ? "beaten" : "unknown";
	const runs = r.seq === undefined;
	if (r.unsure) return r.measured_s + r.estimated_s + r.bounded_s === 0 ? "unmeasured" : "unsure";
	if (!r.kept) return runs ? "breaks" : "broken";
	if (r.measured_s + r.estimated_s === 0 || (r.limit_ma !== undefined && r.phases.length === 0)) return "unmeasured";
	return runs ? "kept-so-far" : "kept";
}
