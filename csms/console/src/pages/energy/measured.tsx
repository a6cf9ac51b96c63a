/*
 * What was measured while a limit counted, minute by minute against it.
 */
import { useMemo, useState } from "preact/hooks";
import type { EnvelopeMinute, EnvelopeRecord } from "../../api/types.ts";
import { clock, kw } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, zone } from "../../store/store.ts";
import { Empty, Panel } from "../../ui/panel.tsx";
import { Picture, useWidth } from "../chart.tsx";
import { toSteps } from "../chart_math.ts";

const MINUTE_MS = 60_000;

/* A bound and a worst case are what may have flowed at most: no load to draw. */
const isLoad = (m: EnvelopeMinute): boolean => m.quality === undefined || m.quality === "estimated";

function AsTable({ minutes, limit }: { minutes: EnvelopeMinute[]; limit: number | undefined }) {
	return (
		<div class="scroll minutes" tabIndex={0} role="group" aria-label={say.measuredTitle}>
			<table class="dense">
				<thead><tr>
					<th scope="col">{say.colTime}</th>
					{[say.mean, say.most, say.colLimit].map((h) => <th key={h} scope="col" class="n">{h}</th>)}
				</tr></thead>
				<tbody>{[...minutes].reverse().map((m) => (
					<tr key={m.at}>
						<th scope="row"><time dateTime={m.at}>{clock(Date.parse(m.at), zone.value)}</time></th>
						<td class="n">{isLoad(m) ? kw(m.mean_w, 1) : say.unknown}</td>
						<td class="n">{kw(m.max_w, 1)}{m.quality !== undefined && ` ${say.minuteIs[m.quality] ?? m.quality}`}</td>
						<td class="n">{limit === undefined ? "" : kw(limit, 1)}</td>
					</tr>
				))}</tbody>
			</table>
		</div>
	);
}

export function Measured({ minutes, record }: { minutes: EnvelopeMinute[]; record: EnvelopeRecord }) {
	const [ref, width] = useWidth();
	const [isTable, setTable] = useState(false);
	const runs = record.seq === undefined;
	const from = Date.parse(record.start);
	const to = Math.max(from + MINUTE_MS, runs ? Math.min(Date.parse(record.end), now.value) : Date.parse(record.end));
	const last = Math.floor(to / MINUTE_MS);
	const steps = useMemo(() => toSteps(minutes.map((m) => ({
		at: m.at, ...(isLoad(m) && { site_w: m.mean_w }), ...(record.limit_w !== undefined && { limit_w: record.limit_w }),
	})), MINUTE_MS, from, to), [minutes, from, last]);
	const limit = record.limit_w === undefined ? "" : say.chartLimit(kw(record.limit_w), say.limit);
	const mean = record.mean_w === undefined ? say.onlyBounds : say.meanKw(kw(record.mean_w));
	const label = `${say.measuredTitle}. ${mean}. ${limit}`;
	return (
		<Panel id="measured" title={say.measuredTitle} caption={say.measuredSub} end={(
			<button type="button" class="btn small" id="chart-table" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
				{isTable ? say.asChart : say.asTable}
			</button>
		)}>
			<div class="chart-box">
				<div ref={ref} class="chart-fit">
					{minutes.length === 0 && <Empty title={say.noMinutes}>{say.noMinutesWhy}</Empty>}
					{minutes.length > 0 && isTable && <AsTable minutes={minutes} limit={record.limit_w} />}
					{steps.length > 0 && !isTable && width > 0 && (
						<Picture steps={steps} from={from} to={to} width={width} owner={say.limit} label={label}
							stamp={runs ? say.nowLabel(clock(to, zone.value)) : undefined} />
					)}
				</div>
			</div>
		</Panel>
	);
}
