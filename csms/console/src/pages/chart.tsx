/*
 * Site power against its limit over the last hours: one axis from zero, past solid, gaps hatched,
 * the limit as an ink step line with the forbidden area above it.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { clock, date, decimal, kw, pct } from "../lib/format.ts";
import { say } from "../messages/say.ts";
import { now, overview, zone } from "../store/store.ts";
import { daysBack, followSeries, loaded, loadSeries, range, RANGES, seriesError } from "../store/series.ts";
import { rootNode } from "../store/derive.ts";
import { Empty, Panel } from "../ui/panel.tsx";
import { Icon } from "../ui/icons.tsx";
import { gaps, runs, type Step, tableRows, timeTicks, toSteps, yTicks } from "./chart_math.ts";

const TOP = 26;
const BOTTOM = 24;
const LEFT = 40;
const RIGHT = 10;

interface Scale {
	x: (ms: number) => number;
	y: (w: number) => number;
	width: number;
	height: number;
}

const n = (x: number) => x.toFixed(1);

/* The upper edge of `value` along a run, from left to right. */
function edge(run: readonly Step[], value: (s: Step) => number, { x, y }: Scale): string {
	return run.map((s) => `${n(x(s.from))} ${n(y(value(s)))}L${n(x(s.to))} ${n(y(value(s)))}`).join("L");
}

function area(run: readonly Step[], low: (s: Step) => number, high: (s: Step) => number,
	scale: Scale): string {
	const back = [...run].reverse();
	const { x, y } = scale;
	const under = back
		.map((s) => `${n(x(s.to))} ${n(y(low(s)))}L${n(x(s.from))} ${n(y(low(s)))}`)
		.join("L");
	return `M${edge(run, high, scale)}L${under}Z`;
}

export function limitOwner(source: string | undefined): string {
	return source === undefined ? say.limit : (say.limitSources[source] ?? source);
}

/* Where the limit steps: its value stands at the step if the level is wide enough for it. */
function limitLabels(run: readonly Step[], scale: Scale, isLast: boolean, owner: string, digits: number) {
	const labels = [];
	let start = 0;
	for (let i = 1; i <= run.length; i += 1) {
		const a = run[start]!;
		if (i < run.length && run[i]!.limit === a.limit) continue;
		const end = run[i - 1]!;
		const width = scale.x(end.to) - scale.x(a.from);
		const isNow = isLast && i === run.length;
		const text = isNow ? `${owner} ${kw(a.limit!, digits)}` : kw(a.limit!, digits);
		const y = Math.max(scale.y(a.limit!) - 7, 12);
		if (isNow) {
			labels.push(<text key={i} class="halo t2" x={n(scale.x(end.to) - 6)} y={n(y)} text-anchor="end">{text}</text>);
		} else if (width > 34) {
			labels.push(<text key={i} class="halo t2" x={n(scale.x(a.from) + 5)} y={n(y)}>{text}</text>);
		}
		start = i;
	}
	return labels;
}

interface PictureProps {
	steps: Step[];
	planned?: readonly { from: number; to: number; w: number }[];
	from: number;
	to: number;
	width: number;
	owner: string;
	label: string;
	stamp?: string | undefined; /* at the right end, where that is now */
	at?: number | undefined;
	onPoint?: (ms: number | undefined) => void;
}

export function Picture({ steps, planned = [], from, to, width, owner, label, stamp, at, onPoint }: PictureProps) {
	const height = width < 520 ? 240 : 300;
	const siteRuns = runs(steps, "site");
	const limitRuns = runs(steps, "limit");
	const highest = Math.max(...steps.map((s) => Math.max(s.site ?? 0, s.limit ?? 0)), ...planned.map((p) => p.w), 1000);
	const lowest = Math.min(...steps.map((s) => s.site ?? 0), 0);
	const ticks = yTicks(lowest, highest * 1.08);
	const bottom = Math.min(lowest, ticks[0] ?? 0);
	const scale: Scale = {
		width,
		height,
		x: (ms) => LEFT + ((ms - from) / (to - from)) * (width - LEFT - RIGHT),
		y: (w) => height - BOTTOM - ((w - bottom) / (highest * 1.14 - bottom)) * (height - TOP - BOTTOM),
	};
	const { x, y } = scale;
	const right = width - RIGHT;
	const stampWidth = (stamp?.length ?? 0) * 7 + 14;
	const point = (event: PointerEvent) => {
		const box = (event.currentTarget as Element).getBoundingClientRect();
		const share = (event.clientX - box.left - LEFT) / (width - LEFT - RIGHT);
		onPoint?.(share >= 0 && share <= 1 ? from + share * (to - from) : undefined);
	};
	return (
		<svg class="chart" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img"
			aria-label={label} onPointerMove={point} onPointerDown={point}
			onPointerLeave={() => onPoint?.(undefined)}>
			<text x={LEFT - 8} y="16" text-anchor="end">{say.unitKw}</text>
			{ticks.map((w) => (
				<g key={w}>
					<path class="grid" d={`M${LEFT} ${n(y(w))}H${right}`} />
					<text x={LEFT - 8} y={n(y(w) + 4)} text-anchor="end">
						{decimal(w / 1000, highest < 10_000 && w % 1000 !== 0 ? 1 : 0)}
					</text>
				</g>
			))}
			{gaps(siteRuns, from, to, (to - from) / 200).map(([a, b]) => (
				<g key={a}>
					<rect x={n(x(a))} y={TOP} width={n(x(b) - x(a))} height={height - TOP - BOTTOM} fill="url(#hatch-none)" />
					{x(b) - x(a) > 64 && (
						<text class="halo" x={n((x(a) + x(b)) / 2)} y={n(y(0) - 10)} text-anchor="middle">{say.noData}</text>
					)}
				</g>
			))}
			{limitRuns.map((run, i) => (
				<path key={i} class="forbidden" fill="url(#hatch-out)" d={area(run, (s) => s.limit!, () => highest * 1.14, scale)} />
			))}
			{siteRuns.map((run, i) => (
				<g key={i}>
					<path class="fill-power" d={area(run, () => 0, (s) => s.site!, scale)} />
					<path class="fill-base" d={area(run, () => 0, (s) => Math.min(s.base ?? 0, s.site!), scale)} />
				</g>
			))}
			{limitRuns.map((run, i) => (
				<path key={i} class="limit-line" d={`M${edge(run, (s) => s.limit!, scale)}`} />
			))}
			{planned.filter((p) => p.to > from && p.from < to).map((p) => (
				<path key={p.from} class="plan-line" d={`M${n(x(Math.max(p.from, from)))} ${n(y(p.w))}H${n(x(Math.min(p.to, to)))}`} />
			))}
			{limitRuns.map((run, i) => limitLabels(run, scale, i === limitRuns.length - 1, owner, highest < 30_000 ? 1 : 0))}
			{timeTicks(from, to, zone.value, Math.max(2, Math.floor(width / 90))).map((t) => (
				<g key={t}>
					<path class="tick" d={`M${n(x(t))} ${height - BOTTOM}v5`} />
					<text x={n(x(t))} y={height - 6}
						text-anchor={x(t) < LEFT + 16 ? "start" : x(t) > right - 16 ? "end" : "middle"}>
						{clock(t, zone.value)}
					</text>
				</g>
			))}
			{stamp !== undefined && (
				<>
					<path class="now-line" d={`M${right} ${TOP - 8}V${height - BOTTOM}`} />
					<rect class="now-box" x={right - stampWidth} y="0" width={stampWidth} height="18" />
					<text class="now-text" x={n(right - stampWidth / 2)} y="13" text-anchor="middle">{stamp}</text>
				</>
			)}
			{at !== undefined && <path class="cursor" d={`M${n(x(at))} ${TOP}V${height - BOTTOM}`} />}
		</svg>
	);
}

/* What the picture says, in one line for those who do not see it. */
function describe(steps: readonly Step[], from: number, to: number, owner: string): string {
	const said = [say.chartNow(clock(from, zone.value), clock(to, zone.value))];
	let peak: Step | undefined;
	for (const s of steps) if (s.site !== undefined && s.site > (peak?.site ?? -Infinity)) peak = s;
	const last = steps[steps.length - 1];
	if (last?.site !== undefined) said.push(say.chartNowKw(kw(last.site)));
	if (peak?.site !== undefined) said.push(say.chartPeak(kw(peak.site), clock(peak.from, zone.value)));
	if (last?.limit !== undefined) said.push(say.chartLimit(kw(last.limit), owner));
	return said.join(" ");
}

function readout(steps: readonly Step[], at: number): string {
	const step = steps.find((s) => s.from <= at && at < s.to);
	const parts: string[] = [];
	if (step?.site !== undefined) parts.push(say.chartReadSite(kw(step.site)));
	if (step?.evse !== undefined) parts.push(say.chartReadVans(kw(step.evse)));
	if (step?.base !== undefined) parts.push(say.chartReadBase(kw(step.base)));
	if (step?.limit !== undefined) parts.push(say.chartReadLimit(kw(step.limit)));
	return `${say.chartRead(clock(at, zone.value))} ${parts.length ? parts.join(", ") : say.noData}`;
}

function AsTable({ steps, from, to }: { steps: Step[]; from: number; to: number }) {
	const rows = tableRows(steps, from, to, 24).reverse();
	const cell = (w: number | undefined) => (w === undefined ? say.unknown : kw(w, 1));
	return (
		<div class="scroll" tabIndex={0} role="region" aria-label={say.chartTitle}>
			<table class="dense">
				<thead><tr>
					<th scope="col">{say.colTime}</th>
					{[say.colSite, say.colVans, say.colBuilding, say.colLimit, say.colUsed].map((h) => (
						<th key={h} scope="col" class="n">{h}</th>
					))}
				</tr></thead>
				<tbody>
					{rows.map((r) => (
						<tr key={r.from}>
							<th scope="row">
								<time dateTime={new Date(r.from).toISOString()}>{clock(r.from, zone.value)}</time>
							</th>
							<td class="n">{cell(r.site)}</td>
							<td class="n">{cell(r.evse)}</td>
							<td class="n">{cell(r.base)}</td>
							<td class="n">{cell(r.limit)}</td>
							<td class="n">
								{r.site !== undefined && r.limit ? `${pct((100 * r.site) / r.limit)}\u202f%` : ""}
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function saveCsv(): void {
	const cell = (x: number | undefined) => (x === undefined ? "" : String(Math.round(x)));
	const lines = (loaded.value?.points ?? []).map((p) =>
		[p.at, cell(p.site_w), cell(p.evse_w), cell(p.base_w), cell(p.limit_w)].join(","));
	const blob = new Blob([[say.csvHead.join(","), ...lines, ""].join("\r\n")], { type: "text/csv" });
	const a = document.createElement("a");
	a.href = URL.createObjectURL(blob);
	a.download = say.csvName(new Date(now.value).toISOString().slice(0, 10));
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}

export function useWidth(): [preact.RefObject<HTMLDivElement | null>, number] {
	const ref = useRef<HTMLDivElement>(null);
	const [width, setWidth] = useState(0);
	useEffect(() => {
		const box = ref.current;
		if (!box) return undefined;
		const observer = new ResizeObserver(() => setWidth(Math.floor(box.clientWidth)));
		observer.observe(box);
		return () => observer.disconnect();
	}, []);
	return [ref, width];
}

function Choice({ isTable, onTable }: { isTable: boolean; onTable: (on: boolean) => void }) {
	return (
		<>
			<div class="seg" role="group" aria-label={say.chartRange}>
				{RANGES.map((r) => (
					<button key={r.hours} type="button" aria-pressed={range.value === r}
						onClick={() => { range.value = r; }}>
						{say.rangeHours(r.hours)}
					</button>
				))}
			</div>
			<div class="seg">
				<button type="button" id="day-before" aria-label={say.dayBefore} title={say.dayBefore} onClick={() => { daysBack.value += 1; }}>‹</button>
				<button type="button" id="day-after" aria-label={say.dayAfter} title={say.dayAfter} disabled={daysBack.value === 0}
					onClick={() => { daysBack.value = Math.max(0, daysBack.value - 1); }}>›</button>
			</div>
			<button type="button" class="btn small" id="chart-table" aria-pressed={isTable}
				onClick={() => onTable(!isTable)}>
				{isTable ? say.asChart : say.asTable}
			</button>
			{isTable && <button type="button" class="btn small" onClick={saveCsv}>{say.saveCsv}</button>}
		</>
	);
}

function Legend() {
	return (
		<div class="legend">
			<span><i class="sw base" />{say.building}</span>
			<span><i class="sw power" />{say.vansWord}</span>
			<span><i class="sw rule" />{say.limit}</span>
		</div>
	);
}

export function Chart() {
	const [ref, width] = useWidth();
	const [isTable, setTable] = useState(false);
	const [at, setAt] = useState<number | undefined>(undefined);
	useEffect(followSeries, []);
	const { hours, stepS } = loaded.value?.range ?? range.value;
	const series = loaded.value?.points;
	/* The right edge moves with the data and at least every five seconds, not with every beat. */
	const newest = series?.[series.length - 1];
	const end = loaded.value?.end;
	const to = end ?? Math.max(newest ? Date.parse(newest.at) : 0, Math.floor(now.value / 5000) * 5000);
	const from = to - hours * 3_600_000;
	const steps = useMemo(
		() => toSteps(series ?? [], stepS * 1000, from, to), [series, stepS, from, to]);
	const root = overview.value && rootNode(overview.value.tree.nodes);
	const owner = limitOwner(root?.limit_source);
	const stepText = stepS < 60 ? say.seconds(stepS) : say.minutes(stepS / 60);
	const day = (ms: number) => date(ms, zone.value);
	const until = day(from) === day(to) ? clock(to, zone.value) : `${day(to)} ${clock(to, zone.value)}`;
	const span = say.chartSpan(stepText, `${day(from)} ${clock(from, zone.value)}`, until);
	return (
		<Panel id="power" title={say.chartTitle}
			caption={at === undefined ? span : readout(steps, at)}
			end={<Choice isTable={isTable} onTable={setTable} />}>
			<div class="chart-box">
				<Legend />
				<div ref={ref} class="chart-fit">
					{seriesError.value !== undefined && (
						<div class="note" role="status" data-failed>
							<span class="st risk"><Icon name="risk" /> {say.chartError}</span>
							<p>{say.chartErrorWhy}</p>
							<p class="cap">{seriesError.value}</p>
							<p><button type="button" class="btn" onClick={() => void loadSeries()}>{say.answerAgain}</button></p>
						</div>
					)}
					{series !== undefined && steps.length === 0 && (
						<Empty title={say.chartEmpty}>{say.chartEmptyWhy}</Empty>
					)}
					{steps.length > 0 && isTable && <AsTable steps={steps} from={from} to={to} />}
					{steps.length > 0 && !isTable && width > 0 && (
						<Picture steps={steps} from={from} to={to} width={width} owner={owner}
							label={describe(steps, from, to, owner)} stamp={end === undefined ? say.nowLabel(clock(to, zone.value)) : undefined}
							at={at} onPoint={setAt} />
					)}
				</div>
			</div>
		</Panel>
	);
}
