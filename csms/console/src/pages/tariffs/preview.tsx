/* A week of a tariff that is being edited, hour by hour, and whether it holds together. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { date, localTime } from "../../lib/format.ts";
import { now, zone } from "../../store/store.ts";
import { byHour } from "../../store/tariffs.ts";
import { Panel } from "../../ui/panel.tsx";
import { State } from "../../ui/state.tsx";
import type { Judged } from "./editor.tsx";
import { PriceCell } from "./prices.tsx";
import { w } from "./words.ts";

export function usePreviewDay(): [string, (day: string) => void] {
	return useState(() => localTime(now.peek(), zone.value).day);
}

interface Props {
	judged: Judged;
	day: string;
	setDay: (day: string) => void;
	end: ComponentChildren;
}

export function Preview({ judged, day, setDay, end }: Props) {
	const hours = byHour(judged.slots?.slots ?? [], zone.value);
	const days = [...new Set(hours.map((h) => h.day))];
	return (
		<Panel id="preview" title={w.previewTitle} caption={w.previewWeek(day)} end={end}>
			<div class="pad-line form">
				<label>{w.previewDay}<input type="date" value={day} onChange={(e) => e.currentTarget.value && setDay(e.currentTarget.value)} /></label>
				<div role="status">
					{judged.fault !== undefined && (
						<div class="fault-box"><State status={{ icon: "miss", tone: "miss", isTag: true, word: w.bad }} /><p data-fault>{judged.fault}</p></div>
					)}
					{judged.slots && <State status={{ icon: "ok", tone: "ok", isTag: false, word: w.good }} />}
					{!judged.slots && judged.fault === undefined && <span class="cap" aria-busy="true">{w.checking}</span>}
				</div>
			</div>
			{days.length > 0 && (
				<div class="scroll" tabIndex={0} role="group" aria-label={w.previewTitle}>
					<table class="week">
						<thead><tr><th scope="col"><span class="vh">{w.previewDay}</span></th>{Array.from({ length: 24 }, (_, h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
						<tbody>
							{days.map((d) => (
								<tr key={d} data-day={d}>
									<th scope="row">{date(Date.parse(`${d}T12:00:00Z`), "UTC")}</th>
									{Array.from({ length: 24 }, (_, n) => {
										const h = hours.find((x) => x.day === d && x.hour === n);
										return <td key={n}>{h ? <PriceCell h={h} all={hours} /> : <span class="pc none" />}</td>;
									})}
								</tr>
							))}
						</tbody>
					</table>
				</div>
			)}
		</Panel>
	);
}
