/* What is kept of a session: meter values, signed readings, events. */
import { useState } from "preact/hooks";
import { API } from "../../api/client.ts";
import type { JournalEvent, MeterValueList, MeterValueView, SignedReadingList, SignedReadingView } from "../../api/types_sessions.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockSeconds, decimal } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { zone } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State, type Status } from "../../ui/state.tsx";
import { w } from "./words.ts";

const when = (iso: string) => <time dateTime={iso}>{clockSeconds(Date.parse(iso), zone.value)}</time>;

export function Values({ base }: { base: string }) {
	const asked = useAsked<MeterValueList>(`${base}/meter-values?limit=1000`, 60_000);
	const [only, setOnly] = useState("");
	const all = asked.data?.values ?? [];
	const kinds = [...new Set(all.map((v) => v.measurand))].sort();
	const rows = all.filter((v) => only === "" || v.measurand === only).slice(-200).reverse();
	return (
		<Panel id="values" title={w.valuesTitle} caption={all.length > 0 && w.kept(all.length)}
			end={<a class="btn small" href={`${API}${base}/meter-values?format=csv&limit=5000`} download>{w.allCsv}</a>}>
			<Answer of={asked} />
			{asked.data && all.length === 0 && <Empty title={w.valuesNone} />}
			{all.length > 0 && (
				<div class="tools">
					<select aria-label={w.measurand} value={only} onChange={(e) => setOnly(e.currentTarget.value)}>
						<option value="">{w.allMeasurands}</option>
						{kinds.map((k) => <option key={k} value={k}>{k}</option>)}
					</select>
				</div>
			)}
			{rows.length > 0 && (
				<div class="scroll tall" tabIndex={0} role="group" aria-label={w.valuesTitle}>
					<table class="dense">
						<thead><tr>
							<th scope="col">{w.at}</th><th scope="col">{w.measurand}</th><th scope="col">{w.phase}</th><th scope="col" class="n">{w.value}</th>
							<th scope="col">{w.quality}</th><th scope="col">{w.fromSource}</th>
						</tr></thead>
						<tbody>{rows.map((v, i) => <ValueRow key={`${v.at} ${v.measurand} ${v.phase ?? ""} ${i}`} v={v} />)}</tbody>
					</table>
				</div>
			)}
		</Panel>
	);
}

function ValueRow({ v }: { v: MeterValueView }) {
	return (
		<tr data-value class={v.quality === "good" ? "" : "tint-risk"}>
			<th scope="row">{when(v.at)}</th>
			<td>{v.measurand}{v.location !== undefined && <span class="cap"> {v.location}</span>}</td>
			<td>{v.phase ?? ""}</td>
			<td class="n">{decimal(v.value, Number.isInteger(v.value) ? 0 : 2)}{v.unit !== undefined && <span class="u">{`\u202f${v.unit}`}</span>}</td>
			<td>{v.quality === "good" ? w.good : w.suspect}</td>
			<td class="u">{w.valueSources[v.source] ?? v.source}{v.seq_no !== undefined && ` ${v.seq_no}`}</td>
		</tr>
	);
}

const VERDICTS: Record<string, Status> = {
	verified: { icon: "ok", tone: "ok", isTag: false, word: w.verified },
	wrong: { icon: "miss", tone: "miss", isTag: true, word: w.wrong },
	unverifiable: { icon: "unk", tone: "plain", isTag: false, word: w.unverifiable },
};

function Reading({ r }: { r: SignedReadingView }) {
	return (
		<details class="signed" data-signed={r.verdict}>
			<summary>
				{when(r.at)} <span class="grow">{r.context ?? r.measurand}{r.value !== undefined && ` · ${decimal(r.value, 0)}\u202fWh`}</span>
				<State status={VERDICTS[r.verdict] ?? VERDICTS.unverifiable!} />
			</summary>
			<dl class="pairs">
				<div><dt>{w.because}</dt><dd>{r.why}</dd></div>
				<div><dt>{w.format}</dt><dd>{r.encoding || say.unknown}</dd></div>
				<div><dt>{w.method}</dt><dd>{r.method || say.unknown}</dd></div>
				<div><dt>{w.key}</dt><dd class="mono">{r.key || w.noKey}</dd></div>
			</dl>
			<pre class="mono">{r.data}</pre>
		</details>
	);
}

export function Signed({ base }: { base: string }) {
	const asked = useAsked<SignedReadingList>(`${base}/signed`, 60_000);
	const list = asked.data?.readings ?? [];
	return (
		<Panel id="signed" title={w.signedTitle}>
			<Answer of={asked} />
			{asked.data && list.length === 0 && <Empty title={w.signedNone}>{w.signedNoneWhy}</Empty>}
			{list.map((r) => <Reading key={`${r.seq_no} ${r.at} ${r.context ?? ""} ${r.measurand}`} r={r} />)}
		</Panel>
	);
}

const field = (p: unknown, name: string): unknown => (typeof p === "object" && p !== null ? (p as Record<string, unknown>)[name] : undefined);
const textOf = (x: unknown): string => (typeof x === "string" || typeof x === "number" ? String(x) : "");

export function Events({ events }: { events: JournalEvent[] }) {
	return (
		<Panel id="events" title={w.eventsTitle} caption={w.eventsCaption}>
			<div class="scroll tall" tabIndex={0} role="group" aria-label={w.eventsTitle}>
				<table class="dense">
					<thead><tr>
						<th scope="col">{w.at}</th><th scope="col">{w.what}</th><th scope="col">{w.trigger}</th><th scope="col" class="n">{w.meter}</th><th scope="col" class="n">{w.seq}</th>
					</tr></thead>
					<tbody>
						{events.map((e) => {
							const kind = textOf(field(e.payload, "kind"));
							const meter = field(e.payload, "meter_wh");
							const states = ["charging_state", "stopped_reason"].map((n) => textOf(field(e.payload, n))).filter(Boolean).join(", ");
							return (
								<tr key={e.seq} data-event>
									<th scope="row">{when(e.at)}</th>
									<td>{kind ? (w.kinds[kind] ?? kind) : e.type}{states && <span class="cap"> {states}</span>}</td>
									<td>{textOf(field(e.payload, "trigger"))}{textOf(field(e.payload, "quarantined")) && <span class="cap why">{textOf(field(e.payload, "quarantined"))}</span>}</td>
									<td class="n">{typeof meter === "number" ? `${decimal(meter / 1000, 2)}\u202f${say.unitKwh}` : ""}</td>
									<td class="n u">{textOf(field(e.payload, "seq_no"))}</td>
								</tr>
							);
						})}
					</tbody>
				</table>
			</div>
		</Panel>
	);
}
