/*
 * Audit: who did what, when, from where and why; one line with what was before, and all that the same
 * request did.
 */
import { useEffect, useState } from "preact/hooks";
import { get } from "../../api/client.ts";
import type { AuditDetail, AuditPage as Page, AuditRow } from "../../api/types_people.ts";
import { useAsked, words } from "../../lib/ask.ts";
import { csvText, saveFile } from "../../lib/csv.ts";
import { clockNear } from "../../lib/format.ts";
import { fromLocal } from "../../lib/local_clock.ts";
import { now, zone } from "../../store/store.ts";
import { Failure } from "../../ui/act.tsx";
import { Answer, Heading } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State } from "../../ui/state.tsx";
import { w } from "../people/words.ts";

const a = w.audit;
const LIMIT = 100;

const time = (iso: string): string => clockNear(Date.parse(iso), now.value, zone.value);

interface Filter {
	who: string;
	type: string;
	text: string;
	from: string;
	to: string;
	isRefused: boolean;
}

const NOTHING: Filter = { who: "", type: "", text: "", from: "", to: "", isRefused: false };

function query(f: Filter, before?: number): string {
	const q = new URLSearchParams({ limit: String(LIMIT) });
	if (f.who) q.set("who", f.who);
	if (f.type) q.set("type", f.type);
	if (f.text) q.set("text", f.text);
	if (f.isRefused) q.set("refused", "1");
	for (const k of ["from", "to"] as const) {
		const at = f[k] && fromLocal(f[k], zone.value);
		if (at) q.set(k, at);
	}
	if (before !== undefined) q.set("before", String(before));
	return `/audit?${q}`;
}

function Outcome({ row }: { row: AuditRow }) {
	return row.refused ? <State status={{ icon: "miss", tone: "risk", isTag: true, word: a.refused }} />
		: <State status={{ icon: "ok", tone: "plain", isTag: false, word: a.done }} />;
}

/* What was asked for, of a request. */
function asked(r: AuditRow): string | undefined {
	const p = r.payload as { method?: unknown; path?: unknown; status?: unknown } | null;
	return r.type === "RequestMade" && typeof p?.path === "string" ? `${String(p.method)} ${p.path.replace("/api/v1", "")}, ${String(p.status)}` : undefined;
}

function Lines({ rows, id }: { rows: readonly AuditRow[]; id: string }) {
	return (
		<table role="table" class="cards rows audit" aria-labelledby={`${id}-h`}>
			<thead role="rowgroup"><tr role="row">
				{[a.time, a.did, a.who, a.peer, a.why, a.outcome].map((x) => <th key={x} role="columnheader" scope="col">{x}</th>)}
			</tr></thead>
			<tbody role="rowgroup">{rows.map((r) => (
				<tr role="row" key={r.seq} data-row data-audit={r.seq} tabIndex={-1}>
					<td role="cell" data-label={a.time}><time dateTime={r.at}>{time(r.at)}</time></td>
					<th role="rowheader" scope="row"><Link to={`/audit/${r.seq}`} kind="name">{r.type}</Link><span class="cap">{asked(r) ?? r.about}</span></th>
					<td role="cell" data-label={a.who} data-who>{r.who}</td>
					<td role="cell" data-label={a.peer}>{r.peer}</td>
					<td role="cell" data-label={a.why} class="wide">{r.why}</td>
					<td role="cell" data-label={a.outcome}><Outcome row={r} /></td>
				</tr>
			))}</tbody>
		</table>
	);
}

function Filters({ filter, onFilter }: { filter: Filter; onFilter: (f: Filter) => void }) {
	const set = (part: Partial<Filter>) => onFilter({ ...filter, ...part });
	return (
		<form class="form pad-line" onSubmit={(e) => e.preventDefault()}>
			<div class="fields">
				<label>{a.who}<input maxLength={80} value={filter.who} onChange={(e) => set({ who: e.currentTarget.value.trim() })} /></label>
				<label>{a.kind}<input maxLength={60} value={filter.type} onChange={(e) => set({ type: e.currentTarget.value.trim() })} /></label>
				<label>{a.words}<input maxLength={100} value={filter.text} onChange={(e) => set({ text: e.currentTarget.value.trim() })} /></label>
				<label>{a.from}<input type="datetime-local" value={filter.from} onChange={(e) => set({ from: e.currentTarget.value })} /></label>
				<label>{a.to}<input type="datetime-local" value={filter.to} onChange={(e) => set({ to: e.currentTarget.value })} /></label>
			</div>
			<label class="tick"><input type="checkbox" checked={filter.isRefused} onChange={(e) => set({ isRefused: e.currentTarget.checked })} />{a.onlyRefused}</label>
		</form>
	);
}

function save(rows: readonly AuditRow[], kind: "csv" | "json"): void {
	if (kind === "json") {
		saveFile("audit.jsonl", "application/x-ndjson", rows.map((r) => `${JSON.stringify(r)}\n`).join(""));
		return;
	}
	saveFile("audit.csv", "text/csv", csvText([["seq", a.time, a.who, a.peer, a.did, a.about, a.why, a.outcome],
		...rows.map((r) => [r.seq, r.at, r.who, r.peer, r.type, r.about, r.why, r.refused ? a.refused : a.done])]));
}

function All() {
	const [filter, setFilter] = useState(NOTHING);
	const path = query(filter);
	const asked = useAsked<Page>(path, 15_000);
	const [older, setOlder] = useState<AuditRow[]>([]);
	const [next, setNext] = useState<number | undefined>(undefined);
	const [error, setError] = useState<string | undefined>(undefined);
	useEffect(() => {
		setOlder([]);
		setNext(undefined);
	}, [path]);
	const newest = asked.data?.rows ?? [];
	const last = older.at(-1)?.seq ?? newest.at(-1)?.seq;
	const rows = [...newest, ...older.filter((r) => r.seq < (newest.at(-1)?.seq ?? Infinity))];
	const more = older.length > 0 ? next : asked.data?.next;
	const fetchOlder = async () => {
		try {
			const page = await get<Page>(query(filter, more ?? last));
			setOlder((o) => [...o, ...page.rows]);
			setNext(page.next);
		} catch (failure) {
			setError(words(failure));
		}
	};
	return (
		<div class="page">
			<Heading said={asked.data} name={a.title} />
			<Panel id="audit" title={a.lines} caption={a.cap} end={(
				<div class="acts">
					<button type="button" class="btn" onClick={() => save(rows, "csv")}>{a.csv}</button>
					<button type="button" class="btn" onClick={() => save(rows, "json")}>{a.save}</button>
				</div>
			)}>
				<Filters filter={filter} onFilter={setFilter} />
				<Answer of={asked} />
				{asked.data && rows.length === 0 && <Empty title={a.none}>{a.noneWhy}</Empty>}
				{rows.length > 0 && <Lines rows={rows} id="audit" />}
				<Failure text={error} />
				{more !== undefined && <p class="pad-line"><button type="button" class="btn" onClick={() => void fetchOlder()}>{a.older}</button></p>}
			</Panel>
		</div>
	);
}

const pretty = (x: unknown): string => JSON.stringify(x, null, 2);

function One({ id }: { id: string }) {
	const asked = useAsked<AuditDetail>(`/audit/${encodeURIComponent(id)}`, 60_000);
	const d = asked.data;
	if (!d && asked.status !== 404) return <div class="page"><Heading said={undefined} name={a.title} /><Panel id="facts" title={a.title}><Answer of={asked} /></Panel></div>;
	if (!d) return <div class="page"><div class="say"><h1>{a.noLine}</h1><p class="sub"><Link to="/audit">{a.back}</Link></p></div></div>;
	const facts: [string, preact.ComponentChildren][] = [
		[a.time, time(d.row.at)], [a.who, <span data-who>{d.row.who}</span>], [a.peer, d.row.peer], [a.about, d.row.about], [a.why, d.row.why],
		[a.outcome, <Outcome row={d.row} />], [a.request, d.row.request], [a.hash, <span class="mono">{d.row.hash.slice(0, 16)}…</span>],
	];
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<p class="back"><Link to="/audit">{a.back}</Link></p>
				<h1>{a.line(d.row.seq)}: {d.row.type}</h1>
			</div>
			<div class="g-even">
				<Panel id="facts" title={a.line(d.row.seq)}>
					<dl class="facts">{facts.filter(([, v]) => v !== undefined).map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>
				</Panel>
				<Panel id="change" title={`${a.before} / ${a.after}`}>
					<h3 class="pad-line">{a.before}</h3>
					{d.before === undefined ? <p class="pad-line">{a.noBefore}</p> : <pre class="mono body pad-line">{pretty(d.before)}</pre>}
					<h3 class="pad-line">{a.after}</h3>
					<pre class="mono body pad-line">{pretty(d.row.payload)}</pre>
				</Panel>
			</div>
			<Panel id="together" title={a.together}><Lines rows={d.together} id="together" /></Panel>
		</div>
	);
}

export function AuditPage({ id }: { id: string | undefined }) {
	return id === undefined ? <All /> : <One key={id} id={id} />;
}
