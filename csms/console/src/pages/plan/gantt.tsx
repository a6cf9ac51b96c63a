/*
 * One row a van, by departure: in the depot pale, planned power as bars, the departure as a tick.
 * Below, in the same time: what holds vans back, prices, what all draw together.
 */
import { useMemo, useState } from "preact/hooks";
import type { Plan, PlanVehicle, VehicleView } from "../../api/types.ts";
import { about, clock, decimal, isGuess, isShort, kw, kwh } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import {
	barPath, holdRuns, notHere, planKey, planSpan, priceCells, totals, type Span,
} from "../../store/plan.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Panel } from "../../ui/panel.tsx";
import { useWidth } from "../chart.tsx";
import { timeTicks } from "../chart_math.ts";

const FIRST_ROWS = 60;

export type Pick = (van: string, slotMs: number | undefined) => void;

interface GanttProps {
	plan: Plan;
	rows: PlanVehicle[];
	picked: string | undefined;
	slot: number | undefined; /* ms, when it begins */
	onPick: Pick;
	onClose: () => void;
}

const nameOf = (id: string): string => overview.value?.vehicles.find((v) => v.id === id)?.name ?? id;
const nodeName = (id: string): string => overview.value?.tree.nodes.find((n) => n.id === id)?.name ?? id;

interface LaneProps {
	van: PlanVehicle;
	span: Span;
	slotMs: number;
	top: number;
	at: number | undefined; /* slot that is picked */
}

/* `slots` wide and 1 high, stretched to the cell. */
const Lane = memo(function Lane({ van, span, slotMs, top, at }: LaneProps) {
	const leaves = van.departs_at === undefined ? span.slots : (Date.parse(van.departs_at) - span.from) / slotMs;
	const bars = barPath(van.slots.slice(0, span.slots).map((s) => s.w), top);
	return (
		<svg class="lane" viewBox={`0 0 ${span.slots} 1`} preserveAspectRatio="none" aria-hidden="true">
			<rect class="here" x="0" y="0" height="1" width={Math.max(0, Math.min(leaves, span.slots))} />
			<path class="bars" d={bars} />
			{leaves >= 0 && leaves <= span.slots && <path class="leaves" d={`M${leaves} 0V1`} />}
			{at !== undefined && at >= 0 && at < span.slots && <rect class="at" x={at} y="0" width="1" height="1" />}
		</svg>
	);
});

interface RowProps extends LaneProps {
	isPicked: boolean;
	onPick: Pick;
	onClose: () => void;
}

const Row = memo(function Row({ van, span, slotMs, top, at, isPicked, onPick, onClose }: RowProps) {
	const key = planKey(van);
	const leaves = van.departs_at === undefined ? undefined : clock(Date.parse(van.departs_at), zone.value);
	const slotAt = (index: number) => span.from + Math.min(span.slots - 1, Math.max(0, index)) * slotMs;
	const point = (event: MouseEvent) => {
		const box = (event.currentTarget as Element).getBoundingClientRect();
		onPick(key, slotAt(Math.floor(((event.clientX - box.left) / box.width) * span.slots)));
	};
	const press = (event: KeyboardEvent) => {
		const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
		if (step !== 0) onPick(key, slotAt((at ?? Math.floor((now.value - span.from) / slotMs) - step) + step));
		else if (event.key === "Home") onPick(key, slotAt(Math.floor((now.value - span.from) / slotMs)));
		else if (event.key === "Escape" && isPicked) onClose();
		else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
			const to = event.currentTarget as HTMLElement;
			const next = (event.key === "ArrowDown" ? to.nextElementSibling : to.previousElementSibling) as HTMLElement | null;
			if (!next?.dataset.plan) return;
			next.focus();
			if (isPicked) onPick(next.dataset.plan, at === undefined ? undefined : slotAt(at));
		} else return;
		event.preventDefault();
	};
	return (
		<tr data-row data-plan={key} tabIndex={isPicked ? 0 : -1} class={isPicked ? "here-row" : undefined} onKeyDown={press}
			aria-label={say.planRowLabel(nameOf(van.id), leaves, kwh(van.planned_wh))}>
			<th scope="row">
				<button type="button" class="plain-btn" aria-pressed={isPicked} onClick={() => onPick(key, undefined)}>{van.id === "unknown" ? key : nameOf(van.id)}</button>
				{isShort(van.short_wh) && <span class="p-short cap st miss">−{kwh(van.short_wh)}{"\u202f"}{say.unitKwh}</span>}
			</th>
			<td class="p-place cap">{van.station}/{van.evse}</td>
			<td class={isShort(van.short_wh) ? (isGuess(van) ? "p-need n st risk" : "p-need n st miss") : "p-need n"}>
				{kwh(van.planned_wh)}{isShort(van.short_wh) && <> −{about(van)}{kwh(van.short_wh)}</>}
			</td>
			<td class="p-lane" onClick={point}><Lane van={van} span={span} slotMs={slotMs} top={top} at={at} /></td>
			<td class="p-leaves n">{leaves}</td>
		</tr>
	);
});

/* It would be in the plan if it stood here. */
function Missing({ van }: { van: VehicleView }) {
	return (
		<tr class="not-here">
			<th scope="row">{van.name ?? van.id}</th>
			<td class="p-place cap" />
			<td class="p-need n" />
			<td class="p-lane"><span class="cap">{say.planNotHere}</span></td>
			<td class="p-leaves n">{clock(Date.parse(van.departs_at!), zone.value)}</td>
		</tr>
	);
}

function Axis({ span, width }: { span: Span; width: number }) {
	const x = (ms: number) => ((ms - span.from) / (span.to - span.from)) * width;
	const at = x(now.value);
	return (
		<svg class="axis" width={width} height="36" aria-hidden="true">
			{timeTicks(span.from, span.to, zone.value, Math.max(2, Math.floor(width / 64))).map((t) => (
				<text key={t} x={x(t).toFixed(1)} y="32" text-anchor={x(t) < 18 ? "start" : x(t) > width - 18 ? "end" : "middle"}>{clock(t, zone.value)}</text>
			))}
			{at >= 0 && at <= width && (
				<>
					<rect class="now-box" x={Math.min(Math.max(0, at - 38), Math.max(0, width - 76))} y="0" width="76" height="18" />
					<text class="now-text" x={Math.min(Math.max(38, at), Math.max(38, width - 38))} y="13" text-anchor="middle">{say.nowLabel(clock(now.value, zone.value))}</text>
				</>
			)}
		</svg>
	);
}

function Holds({ plan, span, width }: { plan: Plan; span: Span; width: number }) {
	const unit = width / span.slots;
	return (
		<svg class="strip" width={width} height="22" role="img" aria-label={say.planHolds}>
			{holdRuns(plan, span.slots).map((r) => {
				const wide = (r.to - r.from) * unit;
				const name = nodeName(r.node);
				return (
					<g key={r.from}>
						<rect class="hold" x={(r.from * unit).toFixed(1)} y="2" width={Math.max(1, wide - 1).toFixed(1)} height="18"><title>{name}</title></rect>
						{wide > name.length * 7 + 8 && <text class="hold-text" x={((r.from + r.to) / 2 * unit).toFixed(1)} y="15" text-anchor="middle">{name}</text>}
					</g>
				);
			})}
		</svg>
	);
}

function Prices({ plan, span, width }: { plan: Plan; span: Span; width: number }) {
	const unit = width / span.slots;
	return (
		<svg class="strip" width={width} height="22" role="img" aria-label={say.planPrice(plan.currency ?? "")}>
			{priceCells(plan.prices, span.slots, plan.slot_s).map((c) => {
				const wide = (c.to - c.from) * unit;
				const text = decimal(c.price * 100, 0);
				return (
					<g key={c.from}>
						<rect class={`price p${c.step}`} x={(c.from * unit).toFixed(1)} y="2" width={Math.max(1, wide).toFixed(1)} height="18" />
						{wide > text.length * 8 + 2 && <text class={`price-text p${c.step}`} x={((c.from + c.to) / 2 * unit).toFixed(1)} y="15" text-anchor="middle">{text}</text>}
					</g>
				);
			})}
		</svg>
	);
}

function Sum({ plan, span }: { plan: Plan; span: Span }) {
	const sum = totals(plan, span.slots);
	const most = Math.max(1, ...sum);
	return (
		<div class="sum">
			<svg class="lane tall" viewBox={`0 0 ${span.slots} 1`} preserveAspectRatio="none" role="img" aria-label={`${say.planSum}: ${kw(most, 0)}`}>
				<path class="bars" d={barPath(sum, most)} />
			</svg>
			<span class="cap">{kw(most, 0)}</span>
		</div>
	);
}

/* Cells that narrow screens leave out, in rows as above. */
const Blank = () => <><td class="p-place" /><td class="p-need" /></>;

function Strips({ plan, span, width }: { plan: Plan; span: Span; width: number }) {
	return (
		<tbody class="strips">
			<tr><th scope="row">{say.planHolds}</th><Blank /><td class="p-lane"><Holds plan={plan} span={span} width={width} /></td><td /></tr>
			{plan.prices.length > 0 && (
				<tr><th scope="row">{say.planPrice(plan.currency ?? "")}</th><Blank /><td class="p-lane"><Prices plan={plan} span={span} width={width} /></td><td /></tr>
			)}
			<tr><th scope="row">{say.planSum}</th><Blank /><td class="p-lane"><Sum plan={plan} span={span} /></td><td /></tr>
		</tbody>
	);
}

function saveCsv(plan: Plan): void {
	const at = (t: number) => new Date(Date.parse(plan.start) + t * plan.slot_s * 1000).toISOString();
	const quote = (s: string) => (/[",\r\n]/.test(s) || /^[=+@-]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);
	const lines = plan.vehicles.flatMap((v) => v.slots.map((s, t) => [quote(v.id), quote(v.station), v.evse, at(t), s.w].join(",")));
	const a = document.createElement("a");
	a.href = URL.createObjectURL(new Blob([[say.planCsv.join(","), ...lines, ""].join("\r\n")], { type: "text/csv" }));
	a.download = say.planCsvName(plan.start.slice(0, 10));
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}

function AsTable({ rows }: { rows: PlanVehicle[] }) {
	const time = (at: string | undefined) => (at === undefined ? "" : clock(Date.parse(at), zone.value));
	return (
		<div class="scroll" tabIndex={0} role="region" aria-label={say.asTable}>
			<table class="dense">
				<thead><tr>
					<th scope="col">{say.van}</th>
					<th scope="col">{say.bay}</th>
					{[say.leaves, say.readyAt, say.planNeeds, say.planGets, say.planShort].map((h) => <th key={h} scope="col" class="n">{h}</th>)}
					<th scope="col">{say.note}</th>
				</tr></thead>
				<tbody>
					{rows.map((v) => (
						<tr key={planKey(v)}>
							<th scope="row">{nameOf(v.id)}</th>
							<td>{v.station}/{v.evse}</td>
							<td class="n">{time(v.departs_at)}</td>
							<td class="n">{time(v.ready_at)}</td>
							<td class="n">{about(v)}{kwh(v.need_wh)}</td>
							<td class="n">{kwh(v.planned_wh)}</td>
							<td class="n">{isShort(v.short_wh) ? `${about(v)}${kwh(v.short_wh)}` : ""}</td>
							<td>{v.reason}</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function Legend() {
	return (
		<div class="legend">
			<span><i class="sw plan" />{say.planCharges}</span>
			<span><i class="sw old" />{say.planHere}</span>
			<span><i class="sw notch" />{say.planLeaves}</span>
		</div>
	);
}

/* With what lies in the same time below; measures itself. */
function Rows({ plan, rows, picked, slot, onPick, onClose, count }: GanttProps & { count: number }) {
	const [ref, width] = useWidth();
	const span = useMemo(() => planSpan(plan), [plan]);
	const tops = useMemo(() => new Map(rows.map((v) => [planKey(v), Math.max(1000, ...v.slots.map((s) => s.w))])), [rows]);
	const slotMs = plan.slot_s * 1000;
	const index = slot === undefined ? undefined : Math.floor((slot - span.from) / slotMs);
	return (
		<table class="gantt">
			<thead>
				<tr>
					<th scope="col">{say.van}</th>
					<th scope="col" class="p-place">{say.bay}</th>
					<th scope="col" class="p-need n">{say.unitKwh}</th>
					<td class="p-lane"><div ref={ref}>{width > 0 && <Axis span={span} width={width} />}</div></td>
					<th scope="col" class="p-leaves n">{say.leaves}</th>
				</tr>
			</thead>
			<tbody>
				{rows.slice(0, count).map((v) => {
					const key = planKey(v);
					return (
						<Row key={key} van={v} span={span} slotMs={slotMs} top={tops.get(key) ?? 1000} at={key === picked ? index : undefined}
							isPicked={key === picked} onPick={onPick} onClose={onClose} />
					);
				})}
				{notHere(plan, overview.value?.vehicles ?? [], span).map((v) => <Missing key={v.id} van={v} />)}
			</tbody>
			{width > 0 && <Strips plan={plan} span={span} width={width} />}
		</table>
	);
}

export function Gantt(props: GanttProps) {
	const { plan, rows } = props;
	const [isTable, setTable] = useState(false);
	const [isWhole, setWhole] = useState(false);
	const count = isWhole ? rows.length : FIRST_ROWS;
	return (
		<Panel id="gantt" title={say.planVans(rows.length)} caption={say.planHint} end={
			<>
				{!isTable && <Legend />}
				<button type="button" class="btn small" id="chart-table" aria-pressed={isTable} onClick={() => setTable(!isTable)}>{isTable ? say.asChart : say.asTable}</button>
				<button type="button" class="btn small" onClick={() => saveCsv(plan)}>{say.saveCsv}</button>
			</>
		}>
			{isTable ? <AsTable rows={rows} /> : <Rows {...props} count={count} />}
			{rows.length > count && !isTable && (
				<div class="pad"><button type="button" class="btn" onClick={() => setWhole(true)}>{say.showAll(rows.length)}</button></div>
			)}
		</Panel>
	);
}
