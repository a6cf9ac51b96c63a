/*
 * Every meter in the order of the tree: what it reads, how old that is, whether it is believed, and
 * how well its link answers.
 */
import type { MeterView } from "../../api/types.ts";
import { decimal, kw } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { chargerOf, type MeterRow, moreThanAbove, verdict, type Verdict } from "../../store/meters.ts";
import { meterPath } from "../../store/place.ts";
import { overview } from "../../store/store.ts";
import { Elbow } from "../../ui/elbow.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { SaveTable } from "../../ui/save_table.tsx";
import { Age, Reading, Unit, useIsOld } from "../../ui/reading.tsx";
import { State, type Status } from "../../ui/state.tsx";

const STATUS: Record<Verdict, Omit<Status, "word">> = {
	silent: { icon: "off", tone: "miss", isTag: true },
	refusing: { icon: "risk", tone: "miss", isTag: true },
	doubt: { icon: "risk", tone: "risk", isTag: true },
	dark: { icon: "off", tone: "risk", isTag: true },
	old: { icon: "wait", tone: "plain", isTag: false },
	none: { icon: "unk", tone: "plain", isTag: false },
	good: { icon: "ok", tone: "ok", isTag: false },
};

export const verdictStatus = (v: Verdict): Status => ({ ...STATUS[v], word: say.verdicts[v] });

export const meterName = (row: MeterRow): string => {
	const charger = chargerOf(row.id);
	return charger === undefined ? (row.meter?.name || row.id) : say.chargerMeter(charger);
};

/* Of the meter's last reading, or of its node where a charger measures. */
export const readAt = (row: MeterRow): string | undefined =>
	(row.meter ? row.meter.at : row.node?.load_at);

export function useVerdict(row: MeterRow): Verdict {
	return verdict(row, useIsOld(readAt(row), row.meter ? "meter" : "evse"));
}

export function Power({ row }: { row: MeterRow }) {
	const w = row.meter ? row.meter.power_w : row.node?.load_w;
	return (
		<Reading at={readAt(row)} source={row.meter ? "meter" : "evse"} isAgeShown={false}>
			{w === undefined ? say.unknown : <><b>{kw(w, 1)}</b><Unit>{say.unitKw}</Unit></>}
		</Reading>
	);
}

const count = (n: number) => (n === 0 ? <span class="u">0</span> : <b>{decimal(n, 0)}</b>);

function LinkCells({ meter }: { meter: MeterView | undefined }) {
	if (!meter) {
		return <td role="cell" class="c-ocpp cap" colSpan={7} aria-colspan={7}>{say.byOcpp}</td>;
	}
	const ms = (x: number) => (meter.last_good_at === undefined ? <span class="u">{say.unknown}</span>
		: <>{decimal(x, 0)}<Unit>{say.unitMs}</Unit></>);
	return (
		<>
			<td role="cell" class="c-p50 n" data-label={say.halfUnder}>{ms(meter.latency_p50_ms)}</td>
			<td role="cell" class="c-p99 n" data-label={say.p99Under}>{ms(meter.latency_p99_ms)}</td>
			<td role="cell" class="c-lost n" data-label={say.noReply}>{count(meter.timeouts)}</td>
			<td role="cell" class="c-exc n" data-label={say.exceptions}>{count(meter.exceptions)}</td>
			<td role="cell" class="c-crc n" data-label={say.badChecksum}>{count(meter.garbled)}</td>
			<td role="cell" class="c-err n" data-label={say.otherErrors}>{count(Math.max(0, meter.errors - meter.garbled))}</td>
			<td role="cell" class="c-good n" data-label={say.lastGood}>
				{meter.last_good_at === undefined ? say.never : <Age at={meter.last_good_at} source="meter" />}
			</td>
		</>
	);
}

interface RowProps extends MeterRow {
	over: string | undefined; /* name of the meter above that shows less */
}

const Row = memo(function Row({ meter, node, id, depth, over }: RowProps) {
	const row: MeterRow = { id, depth, ...(meter && { meter }), ...(node && { node }) };
	const v = useVerdict(row);
	const words = meter?.why || (over !== undefined && v !== "silent" ? say.moreThan(over) : undefined);
	const tint = v === "silent" || v === "refusing" ? "tint-miss" : words !== undefined && meter?.belief !== "idle" ? "tint-risk" : "";
	return (
		<tr role="row" data-row data-meter={id} tabIndex={-1} class={tint}>
			<th role="rowheader" scope="row" class={`c-name depth-${Math.min(depth, 5)}`}>
				<Elbow depth={depth} />
				<span>
					{meter ? <Link to={meterPath(id)} kind="name">{meterName(row)}</Link> : <b>{meterName(row)}</b>}
					{" "}<span class="cap">{node ? (node.name || node.id) : say.atNoNode}</span>
				</span>
			</th>
			<td role="cell" class="c-load n"><Power row={row} /></td>
			<td role="cell" class="c-age n"><Age at={readAt(row)} source={meter ? "meter" : "evse"} /></td>
			<td role="cell" class="c-state">
				<State status={verdictStatus(v)} />
				{words !== undefined && <span class="cap why">{words}</span>}
				{meter?.next !== undefined && <span class="cap">{meter.next}</span>}
			</td>
			<LinkCells meter={meter} />
		</tr>
	);
});

export function MeterList({ rows }: { rows: MeterRow[] }) {
	const data = overview.value;
	const over = (r: MeterRow): string | undefined => {
		const above = data && r.meter && moreThanAbove(data.tree.nodes, data.meters, r.meter);
		return above && (above.name || above.id);
	};
	const heads: [string, string][] = [
		[say.meter, "h-name"], [say.power, "h-load n"], [say.age, "h-age n"], [say.state, "h-state"],
		[say.halfUnder, "h-ms n"], [say.p99Under, "h-ms n"], [say.noReply, "h-cnt n"],
		[say.exceptions, "h-cnt n"], [say.badChecksum, "h-cnt n"], [say.otherErrors, "h-cnt n"], [say.lastGood, "h-good n"],
	];
	return (
		<Panel id="meters" title={say.metersTitle} caption={say.metersCaption} end={<SaveTable of="meters" />}>
			{rows.length === 0 ? <Empty title={say.metersEmpty}>{say.metersEmptyWhy}</Empty> : (
				<table role="table" class="cards meterlist" aria-labelledby="meters-h">
					<thead role="rowgroup"><tr role="row">
						{heads.map(([text, kind]) => (
							<th key={text} role="columnheader" scope="col" class={kind}>{text}</th>
						))}
					</tr></thead>
					<tbody role="rowgroup">{rows.map((r) => <Row key={r.id} {...r} over={over(r)} />)}</tbody>
				</table>
			)}
		</Panel>
	);
}

/* Beside one meter: the others. */
export function MeterNav({ rows, id }: { rows: MeterRow[]; id: string }) {
	return (
		<nav class="panel meternav" aria-label={say.metersTitle}>
			<ul>
				{rows.filter((r) => r.meter).map((r) => <NavItem key={r.id} row={r} isHere={r.id === id} />)}
			</ul>
		</nav>
	);
}

function NavItem({ row, isHere }: { row: MeterRow; isHere: boolean }) {
	const v = useVerdict(row);
	const status = verdictStatus(v);
	return (
		<li class={isHere ? "here" : ""} data-row tabIndex={-1}>
			<Link to={meterPath(row.id)} isHere={isHere}>
				<span class="line"><b class="grow">{meterName(row)}</b> <Power row={row} /></span>
				<span class="line cap">
					<State status={{ ...status, isTag: false }} />
					<span class="grow">{row.node?.name || row.node?.id}</span>
					<Age at={readAt(row)} source="meter" />
				</span>
			</Link>
		</li>
	);
}

