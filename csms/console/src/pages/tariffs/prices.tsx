/* Prices of the hours to come with their source and age; the series that they rest on. */
import { useState } from "preact/hooks";
import type { PriceSeriesList, PriceSeriesView, PriceSlot, PriceSlots } from "../../api/types_tariffs.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { csvText, saveFile } from "../../lib/csv.ts";
import { clock, clockNear, decimal, duration, kw } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, zone } from "../../store/store.ts";
import { byHour, type HourPrice, shade } from "../../store/tariffs.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State } from "../../ui/state.tsx";
import { w } from "./words.ts";

const ct = (x: number): string => decimal(x * 100, 1);

/* Hours as cells: darker is dearer, the number inside, dashed what is assumed. Colours come by class,
 * since the page's policy allows no style of its own. */
export function PriceCell({ h, all }: { h: HourPrice; all: readonly HourPrice[] }) {
	const level = h.isKnown ? Math.round(shade(h.price, all) * 8) : 0;
	return (
		<span class={`pc pc${level}${h.isAssumed ? " assumed" : ""}${h.price < 0 ? " minus" : ""}`}>
			{h.isKnown ? decimal(h.price * 100, Math.abs(h.price) < 1 ? 0 : 1) : "?"}
		</span>
	);
}

function Table({ slots }: { slots: readonly PriceSlot[] }) {
	return (
		<div class="scroll tall" tabIndex={0} role="group" aria-label={w.pricesTitle}>
			<table class="dense">
				<thead><tr>
					<th scope="col">{w.hour}</th><th scope="col" class="n">{w.import}</th><th scope="col" class="n">{w.export}</th>
					<th scope="col">{w.source}</th><th scope="col">{w.received}</th>
				</tr></thead>
				<tbody>
					{slots.map((s) => (
						<tr key={s.start}>
							<th scope="row">{clockNear(Date.parse(s.start), now.peek(), zone.value)}</th>
							<td class="n">{ct(s.import)}</td><td class="n">{ct(s.export)}</td><td>{w.priceSources[s.source] ?? s.source}</td>
							<td>{s.received === undefined ? "" : clockNear(Date.parse(s.received), now.peek(), zone.value)}</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

export function Prices() {
	const asked = useAsked<PriceSlots>("/prices", 60_000);
	const [isTable, setTable] = useState(false);
	const slots = asked.data?.slots ?? [];
	const hours = byHour(slots, zone.value);
	const assumed = hours.filter((h) => h.isAssumed).length;
	const sources = [...new Set(slots.map((s) => w.priceSources[s.source] ?? s.source))].join(", ");
	const save = () => saveFile(w.csvName(new Date(now.value).toISOString().slice(0, 10)), "text/csv", csvText([
		["start", "import", "export", "source", "received"], ...slots.map((s) => [s.start, s.import, s.export, s.source, s.received])]));
	return (
		<Panel id="prices" title={w.pricesTitle} caption={asked.data?.currency !== undefined && w.pricesCaption(asked.data.currency)} end={<>
			<button type="button" class="btn small" id="chart-table" aria-pressed={isTable} onClick={() => setTable(!isTable)}>{isTable ? w.asPicture : w.asTable}</button>
			<button type="button" class="btn small" onClick={save}>{say.saveCsv}</button>
		</>}>
			<Answer of={asked} />
			{asked.data && asked.data.tariff === undefined && <Empty title={w.pricesNone} />}
			{asked.data?.tariff !== undefined && isTable && <Table slots={slots} />}
			{asked.data?.tariff !== undefined && !isTable && (
				<ol class="strip" aria-label={w.pricesTitle}>
					{hours.map((h) => <li key={h.ms}><span class="cap">{clock(h.ms, zone.value)}</span><PriceCell h={h} all={hours} /></li>)}
				</ol>
			)}
			{asked.data?.tariff !== undefined && (
				<p class="pad-line cap">{w.restOn(sources)} {assumed > 0 && <b>{w.assumed(assumed)}</b>}</p>
			)}
			{(asked.data?.demand ?? []).map((d) => (
				<p key={`${d.id} ${d.month}`} class="pad-line">
					{w.demandLine(d.id, `${decimal(d.price_kw, 2)}\u202f${asked.data?.currency ?? ""}`, `${kw(d.incumbent_kw * 1000, 0)}\u202f${say.unitKw}`)}
				</p>
			))}
		</Panel>
	);
}

function OneSeries({ s, again }: { s: PriceSeriesView; again: () => void }) {
	const { isBusy, error, send } = useCommand();
	const near = (iso: string) => clockNear(Date.parse(iso), now.value, zone.value);
	const isKnown = s.known_until !== undefined;
	const parts = [
		s.received_at === undefined ? w.never : w.cameAt(duration((now.value - Date.parse(s.received_at)) / 1000)),
		s.fetched ? w.fetched : w.uploaded, s.failures > 0 && w.failures(s.failures), s.next_at !== undefined && w.nextAt(near(s.next_at)),
	];
	return (
		<li class={isKnown ? "test" : "test tint-risk"} data-series={s.id}>
			<State status={isKnown ? { icon: "ok", tone: "ok", isTag: false, word: "" } : { icon: "risk", tone: "risk", isTag: false, word: "" }} />
			<div class="grow">
				<b>{s.name || s.id}</b> {isKnown ? w.knownUntil(near(s.known_until!)) : w.notKnown}
				<p class="cap">{parts.filter(Boolean).join(" · ")}</p>
				{s.trouble !== undefined && <p>{s.trouble}</p>}
				<Failure text={error} />
			</div>
			{s.fetched && <Act to="price" isOff={isBusy} onAct={() => void send("POST", `/price-series/${encodeURIComponent(s.id)}/fetch`).then(again)}>{w.fetchNow}</Act>}
		</li>
	);
}

export function Series() {
	const asked = useAsked<PriceSeriesList>("/price-series", 10_000);
	const list = asked.data?.series ?? [];
	return (
		<Panel id="series" title={w.seriesTitle}>
			<Answer of={asked} />
			{asked.data && list.length === 0 && <p class="pad-line">{w.seriesNone}</p>}
			<ul class="tests">{list.map((s) => <OneSeries key={s.id} s={s} again={asked.again} />)}</ul>
		</Panel>
	);
}
