/*
 * Certificates: what ends when and who renews it, a new root step by step, what each station holds.
 */
import { useState } from "preact/hooks";
import type { Calendar, CalendarEntry } from "../../api/types_trust.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { csvText, saveFile } from "../../lib/csv.ts";
import { clockNear, date } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { AnswerPage } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State, type Status } from "../../ui/state.tsx";
import { Rollover } from "./rollover.tsx";
import { Authority, Requests, Stations } from "./stations.tsx";
import { w } from "./words.ts";

const VIEWS = ["all", "due", "stations", "ours"] as const;
type View = (typeof VIEWS)[number];

const OF_STATIONS = new Set(["station", "v2g", "installed"]);

const fits = (e: CalendarEntry, view: View): boolean => view === "all" || (view === "due" && (e.state !== "fine" || e.note !== undefined))
	|| (view === "stations" && OF_STATIONS.has(e.kind)) || (view === "ours" && !OF_STATIONS.has(e.kind));

const STATUS: Record<string, Omit<Status, "word">> = {
	fine: { icon: "ok", tone: "ok", isTag: false }, due: { icon: "risk", tone: "risk", isTag: true }, over: { icon: "miss", tone: "miss", isTag: true },
};

function Row({ e }: { e: CalendarEntry }) {
	const status = { ...(STATUS[e.state] ?? STATUS.fine!), word: w.states[e.state] ?? e.state };
	return (
		<tr role="row" data-row data-certificate={e.owner} tabIndex={-1} class={e.state === "over" ? "tint-miss" : e.note !== undefined ? "tint-risk" : ""}>
			<th role="rowheader" scope="row"><b>{e.owner}</b> <span class="cap">{e.subject}</span></th>
			<td role="cell" data-label={w.ends}><time dateTime={e.not_after}>{date(Date.parse(e.not_after), zone.value)} {e.not_after.slice(0, 4)}</time></td>
			<td role="cell" class="n" data-label={w.left}>{e.days < 0 ? w.since(-e.days) : w.days(e.days)}</td>
			<td role="cell" data-label={w.state}><State status={status} /></td>
			<td role="cell" data-label={w.what}>{w.kinds[e.kind] ?? e.kind}</td>
			<td role="cell" data-label={w.renewed}>{e.renewed_by}</td>
			<td role="cell" class="wide" data-label={w.trouble}>
				{e.step !== undefined && <b>{w.steps[e.step] ?? e.step} </b>}{e.note}
				{e.again_at !== undefined && <span class="cap why">{w.again(clockNear(Date.parse(e.again_at), now.peek(), zone.value))}</span>}
			</td>
		</tr>
	);
}

function CalendarPanel({ asked }: { asked: { data: Calendar; again: () => void } }) {
	const [view, setView] = useState<View>("all");
	const { isBusy, error, send } = useCommand();
	const [said, setSaid] = useState<string | undefined>(undefined);
	const { entries } = asked.data;
	const rows = entries.filter((e) => fits(e, view));
	const save = () => saveFile(w.csvName(asked.data.at.slice(0, 10)), "text/csv", csvText([
		["not_after", "days", "state", "kind", "owner", "subject", "serial", "renewed_by", "step", "note"],
		...rows.map((e) => [e.not_after, e.days, e.state, e.kind, e.owner, e.subject, e.serial, e.renewed_by, e.step, e.note]),
	]));
	const look = async () => {
		const done = await send<{ text?: string }>("POST", "/certificate-calendar/look");
		if (done) setSaid(done.text);
		asked.again();
	};
	return (
		<Panel id="calendar" title={w.calendarTitle} caption={w.calendarCaption(entries.length, asked.data.renew_days)}
			end={<Act to="maintain" isOff={isBusy} onAct={() => void look()}>{w.renewNow}</Act>}>
			<div class="tools">
				<div class="seg" role="group" aria-label={say.show}>
					{VIEWS.map((v) => <button key={v} type="button" aria-pressed={view === v} onClick={() => setView(v)}>{w.show[v]}</button>)}
				</div>
				<button type="button" class="btn" onClick={save}>{say.saveCsv}</button>
			</div>
			<Failure text={error} />
			{said !== undefined && <p class="pad-line" role="status">{said}</p>}
			{rows.length === 0 && <Empty title={w.none}>{w.noneWhy}</Empty>}
			{rows.length > 0 && (
				<table role="table" class="cards rows" aria-labelledby="calendar-h">
					<thead role="rowgroup"><tr role="row">
						{[w.owner, w.ends, w.left, w.state, w.what, w.renewed, w.trouble].map((h) => (
							<th key={h} role="columnheader" scope="col" class={h === w.left ? "n" : ""}>{h}</th>
						))}
					</tr></thead>
					<tbody role="rowgroup">{rows.slice(0, 500).map((e) => <Row key={`${e.kind} ${e.owner} ${e.serial ?? ""} ${e.subject}`} e={e} />)}</tbody>
				</table>
			)}
		</Panel>
	);
}

export function CertificatesPage() {
	const asked = useAsked<Calendar>("/certificate-calendar", 15_000);
	return (
		<AnswerPage of={asked} name={w.title} rest={(
			<div class="g-even">
				<Rollover />
				<div class="stack"><Stations /><Authority /><Requests /></div>
			</div>
		)}>
			{(data) => <CalendarPanel asked={{ data, again: asked.again }} />}
		</AnswerPage>
	);
}
