import { useEffect, useMemo, useState } from "preact/hooks";
import { get } from "../../api/client.ts";
import type { TransactionList, TransactionView } from "../../api/types.ts";
import { useAsked, words } from "../../lib/ask.ts";
import { csvText, saveFile } from "../../lib/csv.ts";
import { clockNear, decimal, duration, kwh } from "../../lib/format.ts";
import { fromLocal } from "../../lib/local_clock.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { names } from "../../store/derive.ts";
import { note } from "../../store/place.ts";
import {
	csvOf, type SessionChoice, sessionChoiceOf, sessionPath, sessionsAddress, sessionsQuery, STATES,
} from "../../store/sessions.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Failure } from "../../ui/act.tsx";
import { Answer, Heading } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { Unit } from "../../ui/reading.tsx";
import { State, type Status } from "../../ui/state.tsx";
import { w } from "./words.ts";

export const money = (x: number, currency: string | undefined): string => `${decimal(x, 2)}\u202f${currency ?? ""}`;

/* How far the record of a session holds together. */
export function recordStatus(t: TransactionView): Status {
	if (t.quarantined !== undefined) return { icon: "risk", tone: "risk", isTag: true, word: w.aside };
	if (t.missing !== undefined) return { icon: "unk", tone: "plain", isTag: false, word: w.missing(t.missing) };
	if (t.complete) return { icon: "ok", tone: "plain", isTag: false, word: w.complete };
	return { icon: "trk", tone: "plain", isTag: false, word: w.isOpen };
}

const time = (at: string | undefined, nowMs: number) =>
	(at === undefined ? <span class="u">{say.unknown}</span> : <time dateTime={at}>{clockNear(Date.parse(at), nowMs, zone.value)}</time>);

const Row = memo(function Row({ t, van, isOpen }: { t: TransactionView; van: string | undefined; isOpen: boolean }) {
	const nowMs = now.peek();
	const end = t.ended_at ?? (isOpen ? new Date(nowMs).toISOString() : undefined);
	return (
		<tr role="row" data-row data-session={`${t.station}/${t.id}`} tabIndex={-1} class={t.quarantined !== undefined ? "tint-risk" : ""}>
			<th role="rowheader" scope="row">
				<Link to={sessionPath(t.station, t.id)} kind="name">{van ?? w.unknownVan}</Link>{" "}
				<span class="cap">{t.station}{t.evse === undefined ? "" : `/${t.evse}`}</span>
			</th>
			<td role="cell" data-label={w.began}>{time(t.started_at, nowMs)}</td>
			<td role="cell" data-label={w.ended}>{isOpen ? <State status={{ icon: "trk", tone: "plain", isTag: false, word: w.isOpen }} /> : time(t.ended_at, nowMs)}</td>
			<td role="cell" class="n" data-label={w.lasted}>
				{t.started_at !== undefined && end !== undefined ? duration((Date.parse(end) - Date.parse(t.started_at)) / 1000) : <span class="u">{say.unknown}</span>}
			</td>
			<td role="cell" class="n" data-label={w.energy}>
				{t.energy_wh === undefined ? <span class="u">{say.unknown}</span> : <><b>{kwh(t.energy_wh)}</b><Unit>{say.unitKwh}</Unit></>}
			</td>
			<td role="cell" class="n" data-label={w.cost}>
				{t.cost === undefined ? <span class="u">{w.notYet}</span> : <>{isOpen && "≈ "}{money(t.cost, t.currency)}</>}
			</td>
			<td role="cell" data-label={w.stoppedBy}>{t.stopped_reason ?? ""}</td>
			<td role="cell" class="wide" data-label={w.record}>
				<State status={recordStatus(t)} />{t.quarantined !== undefined && <span class="cap why">{t.quarantined}</span>}
			</td>
		</tr>
	);
});

function Tools({ choice, set, save }: { choice: SessionChoice; set: (c: Partial<SessionChoice>) => void; save: () => void }) {
	const data = overview.value!;
	return (
		<div class="tools">
			<div class="seg" role="group" aria-label={say.show}>
				{STATES.map((s) => (
					<button key={s} type="button" aria-pressed={choice.state === s} onClick={() => set({ state: s })}>{w.states[s]}</button>
				))}
			</div>
			<select aria-label={w.station} value={choice.station} onChange={(e) => set({ station: e.currentTarget.value })}>
				<option value="">{w.anyStation}</option>
				{data.stations.map((s) => <option key={s.id} value={s.id}>{s.name || s.id}</option>)}
			</select>
			<select aria-label={w.van} value={choice.vehicle} onChange={(e) => set({ vehicle: e.currentTarget.value })}>
				<option value="">{w.anyVan}</option>
				{data.vehicles.map((v) => <option key={v.id} value={v.id}>{v.name || v.id}</option>)}
			</select>
			<label class="when">{w.from} <input type="datetime-local" value={choice.from} onChange={(e) => set({ from: e.currentTarget.value })} /></label>
			<label class="when">{w.to} <input type="datetime-local" value={choice.to} onChange={(e) => set({ to: e.currentTarget.value })} /></label>
			<button type="button" class="btn" onClick={save}>{say.saveCsv}</button>
		</div>
	);
}

interface Older {
	key: string;
	items: TransactionView[];
	next: string | undefined;
}

export function SessionList() {
	const [choice, setChoice] = useState<SessionChoice>(() => sessionChoiceOf(location.search));
	const path = sessionsQuery(choice, (t) => fromLocal(t, zone.value));
	const asked = useAsked<TransactionList>(path, 15_000);
	const [older, setOlder] = useState<Older | undefined>(undefined);
	const [failure, setFailure] = useState<string | undefined>(undefined);
	useEffect(() => setOlder(undefined), [path]);
	const data = overview.value!;
	const known = useMemo(() => names(data), [data.tree.nodes, data.vehicles]);
	const first = asked.data?.transactions ?? [];
	const seen = new Set(first.map((t) => `${t.station}/${t.id}`));
	const rows = [...first, ...(older?.items ?? []).filter((t) => !seen.has(`${t.station}/${t.id}`))];
	const next = older ? older.next : asked.data?.next;
	const set = (change: Partial<SessionChoice>) => {
		const c = { ...choice, ...change };
		setChoice(c);
		note(sessionsAddress(c));
	};
	const showMore = async () => {
		try {
			const page = await get<TransactionList>(sessionsQuery(choice, (t) => fromLocal(t, zone.value), next));
			setOlder({ key: path, items: [...(older?.items ?? []), ...page.transactions], next: page.next });
			setFailure(undefined);
		} catch (error) {
			setFailure(words(error));
		}
	};
	const save = () => saveFile(w.csvName(new Date(now.value).toISOString().slice(0, 10)), "text/csv", csvText([w.csvHead, ...csvOf(rows)]));
	const heads: [string, string][] = [
		[w.van, ""], [w.began, ""], [w.ended, ""], [w.lasted, "n"], [w.energy, "n"], [w.cost, "n"], [w.stoppedBy, ""], [w.record, ""],
	];
	return (
		<div class="page">
			<Heading said={asked.data} name={w.title} />
			<Panel id="sessions" title={w.title} caption={asked.data && w.caption(rows.length)}>
				<Tools choice={choice} set={set} save={save} />
				<Answer of={asked} />
				<Failure text={failure} />
				{asked.data && rows.length === 0 && <Empty title={w.none}>{w.noneWhy}</Empty>}
				{rows.length > 0 && (
					<table role="table" class="cards rows" aria-labelledby="sessions-h">
						<thead role="rowgroup"><tr role="row">
							{heads.map(([text, kind]) => <th key={text + kind} role="columnheader" scope="col" class={kind}>{text}</th>)}
						</tr></thead>
						<tbody role="rowgroup">
							{rows.map((t) => (
								<Row key={`${t.station}/${t.id}`} t={t} isOpen={t.state === "open"}
									van={t.vehicle === undefined ? undefined : (known.vehicle.get(t.vehicle) ?? t.vehicle)} />
							))}
						</tbody>
					</table>
				)}
				{next !== undefined && <div class="pad"><button type="button" class="btn" onClick={() => void showMore()}>{w.more}</button></div>}
			</Panel>
		</div>
	);
}
