/* What chances came to: of the departures that were told a chance, how many had what they needed. */
import type { ChanceBin, Chances } from "../../api/types_vehicles.ts";
import { type Asked } from "../../lib/ask.ts";
import { pct } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { Bar } from "../../ui/bar.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { SaveTable } from "../../ui/save_table.tsx";
import { Table, time } from "./parts.tsx";
import { w } from "./words.ts";

const share = (p: number | undefined): string => (p === undefined ? "" : `${pct(100 * p)}\u202f${say.unitPct}`);

function BinRow({ b }: { b: ChanceBin }) {
	return (
		<tr role="row" data-row data-bin={b.from} tabIndex={-1}>
			<th role="rowheader" scope="row"><b>{pct(100 * b.from)}–{share(b.to)}</b>{b.told_mean !== undefined && <span class="cap">{w.binMean(share(b.told_mean))}</span>}</th>
			<td role="cell" class="n" data-label={w.binDepartures}>{b.departures}{b.unknown > 0 && <span class="cap">{w.binUnknown(b.unknown)}</span>}</td>
			<td role="cell" class="wide">{b.ready !== undefined && <Bar value={100 * b.ready} notch={b.told_mean === undefined ? undefined : 100 * b.told_mean} />}</td>
			<td role="cell" class="n" data-label={w.binReady}>{b.ready === undefined ? <span class="u">{say.unknown}</span> : <b>{share(b.ready)}</b>}
				{b.low !== undefined && b.high !== undefined && <span class="cap">{w.binBetween(pct(100 * b.low), share(b.high))}</span>}</td>
			<td role="cell" class="wide">{b.believed ? w.binBelieved : w.binAbout}<span class="cap">{b.sentence}</span></td>
		</tr>
	);
}

export function ChanceTable({ asked }: { asked: Asked<Chances> }) {
	const c = asked.data;
	if (!c) return null;
	return (
		<Panel id="chances" title={w.binsTitle} caption={<>{w.binsSince} {time(c.since)}</>} end={c.departures > 0 && <SaveTable of="chances" />}>
			<p class="pad-line sub2">{w.chancesHow(c.departures, c.unknown)} {w.binsHow(c.least)} {c.waiting > 0 && w.binsWaiting(c.waiting)} {c.partial && w.binsPartial}</p>
			{c.bins.every((b) => b.departures + b.unknown === 0) ? <Empty title={w.binsNone}>{w.binsNoneWhy}</Empty> : (
				<Table id="chances" heads={[[w.binTold, ""], [w.binDepartures, "n"], [w.binAgainst, ""], [w.binReady, "n"], [w.binShown, ""]]}>
					{c.bins.filter((b) => b.departures + b.unknown > 0).map((b) => <BinRow key={b.from} b={b} />)}
				</Table>
			)}
		</Panel>
	);
}
