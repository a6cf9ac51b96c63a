/*
 * One meter: what it reads by phase, its registers, its link, what it may be, its wiring.
 */
import { useState } from "preact/hooks";
import type { MeterScanView, MeterView, WiringView } from "../../api/types.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { clockNear, decimal, duration } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { meterAbove, type MeterRow, moreThanAbove, parseLink, wrongPairs } from "../../store/meters.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Reading, Unit } from "../../ui/reading.tsx";
import { State } from "../../ui/state.tsx";
import { MeterNav, useVerdict, verdictStatus } from "./list.tsx";
import { Registers } from "./registers.tsx";
import { ScanCourse, useScans } from "./scan.tsx";
import { Wiring } from "./wiring.tsx";

function Phases({ meter }: { meter: MeterView }) {
	const cell = (x: number | undefined, digits: number) => (x === undefined ? say.unknown : decimal(x, digits));
	const share = (i: number) => {
		const va = (meter.voltages_v[i] ?? 0) * Math.abs(meter.currents_a[i] ?? 0);
		return va < 50 || meter.powers_w[i] === undefined ? undefined : meter.powers_w[i]! / va;
	};
	const rows: [string, (i: number) => string][] = [
		[`${say.voltageWord} V`, (i) => cell(meter.voltages_v[i], 1)],
		[`${say.currentWord} A`, (i) => cell(meter.currents_a[i], 1)],
		[`${say.power} W`, (i) => cell(meter.powers_w[i], 0)],
		[say.powerFactor, (i) => cell(share(i), 2)],
	];
	return (
		<table class="dense phases-table" aria-label={say.byPhase}>
			<thead><tr>
				<td />
				{[1, 2, 3].map((p) => <th key={p} scope="col" class="n">L{p}</th>)}
			</tr></thead>
			<tbody>
				{rows.map(([name, value]) => (
					<tr key={name}>
						<th scope="row">{name}</th>
						{[0, 1, 2].map((i) => (
							<td key={i} class="n"><Reading at={meter.at} source="meter" isAgeShown={false}>{value(i)}</Reading></td>
						))}
					</tr>
				))}
			</tbody>
		</table>
	);
}

function LinkPanel({ meter }: { meter: MeterView }) {
	const good = meter.last_good_at === undefined ? undefined : Date.parse(meter.last_good_at);
	const failed = meter.last_error_at === undefined ? undefined : Date.parse(meter.last_error_at);
	const ms = (x: number) => (good === undefined ? say.unknown : `${decimal(x, 0)}\u202f${say.unitMs}`);
	const rows: [string, string][] = [
		[say.halfUnder, ms(meter.latency_p50_ms)],
		[say.p99Under, ms(meter.latency_p99_ms)],
		[say.slowest, ms(meter.latency_max_ms)],
		[say.noReply, say.ofPolls(decimal(meter.timeouts, 0), decimal(meter.polls, 0))],
		[say.exceptions, decimal(meter.exceptions, 0)],
		[say.badChecksum, decimal(meter.garbled, 0)],
		[say.otherErrors, decimal(Math.max(0, meter.errors - meter.garbled), 0)],
		[say.lastGood, good === undefined ? say.never
			: `${clockNear(good, now.value, zone.value)}, ${say.ago(duration(Math.max(0, now.value - good) / 1000))}`],
	];
	return (
		<Panel id="link" title={say.linkTitle} caption={<span class="mono">{meter.link}</span>}>
			<dl class="facts">
				{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
			</dl>
			{meter.last_error !== undefined && meter.last_error !== "" && (
				<p class="pad-line">
					{say.lastError(failed === undefined ? "" : clockNear(failed, now.value, zone.value))} <span class="mono">{meter.last_error}</span>
				</p>
			)}
		</Panel>
	);
}

function Counters({ meter }: { meter: MeterView }) {
	const rows: [string, number | undefined, string, number][] = [
		[say.quantities.import_wh!, meter.import_wh, say.unitKwh, 1000],
		[say.quantities.export_wh!, meter.export_wh, say.unitKwh, 1000],
		[say.quantities.frequency_hz!, meter.frequency_hz, "Hz", 1],
		[say.quantities.soc_pct!, meter.soc_pct, say.unitPct, 1],
		[say.quantities.available_w!, meter.available_w, "W", 1],
	];
	return (
		<dl class="facts">
			{rows.filter(([, x]) => x !== undefined).map(([name, x, unit, by]) => (
				<div key={name}><dt>{name}</dt><dd>
					<Reading at={meter.at} source="meter" isAgeShown={false}>{decimal(x! / by, unit === "Hz" ? 2 : 1)}<Unit>{unit}</Unit></Reading>
				</dd></div>
			))}
		</dl>
	);
}

/* Asks the unit anew what it is: a scan of this one unit. */
function Identify({ meter }: { meter: MeterView }) {
	const scans = useScans();
	const [mine, setMine] = useState<string | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const bus = parseLink(meter.link);
	const scan = scans.data?.scans.find((s) => s.id === mine);
	const ask = async () => {
		if (bus?.host === undefined || bus.port === undefined) return;
		const began = await send<MeterScanView>("POST", "/meters/scans",
			{ host: bus.host, port: bus.port, first_unit: bus.unit, last_unit: bus.unit, timeout_ms: 1000 });
		if (began) setMine(began.id);
		scans.again();
	};
	return (
		<Panel id="identify" title={say.identifyTitle} caption={say.identifySub(meter.map)}>
			{bus?.host === undefined ? <p class="pad-line sub2">{say.identifyBus}</p> : (
				<div class="pad-line">
					<Failure text={error} />
					<div class="acts">
						<Act to="set-up" isOff={isBusy || scan?.state === "running"} onAct={() => void ask()}>{say.identify}</Act>
					</div>
				</div>
			)}
			{scans.error !== undefined && <Answer of={scans} />}
			{scan && <ScanCourse scan={scan} again={scans.again} />}
		</Panel>
	);
}

export function MeterDetail({ row, rows }: { row: MeterRow; rows: MeterRow[] }) {
	const meter = row.meter!;
	const v = useVerdict(row);
	const wiring = useAsked<WiringView>("/meters/wiring", 10_000);
	const wrong = wrongPairs(wiring.data?.pairs ?? [], meter.id)[0]?.finding
		?? wiring.data?.meters.find((m) => m.meter === meter.id)?.finding;
	const data = overview.value!;
	const less = moreThanAbove(data.tree.nodes, data.meters, meter);
	const odd = less && say.moreThanLong(less.name || less.id);
	const told = meter.why && [meter.why, meter.next].filter(Boolean).join(" ");
	const sub = told || wrong || odd;
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<p class="back"><Link to="/meters">{say.allMeters}</Link></p>
				<h1>{meter.sentence}</h1>
				<p class="sub">{sub || say.meterAt(row.node ? (row.node.name || row.node.id) : undefined)}</p>
			</div>
			<div class="g3">
				<MeterNav rows={rows} id={meter.id} />
				<div class="stack">
					<Registers id={meter.id} above={meterAbove(data.tree.nodes, data.meters, meter.id)} node={row.node} />
					<LinkPanel meter={meter} />
				</div>
				<div class="stack">
					<Panel id="reading" title={say.readingTitle} end={<State status={verdictStatus(v)} />}>
						<Phases meter={meter} />
						<Counters meter={meter} />
					</Panel>
					<Wiring asked={wiring} id={meter.id} />
					<Identify meter={meter} />
				</div>
			</div>
		</div>
	);
}
