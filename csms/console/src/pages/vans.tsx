/*
 * Vans: the ones that need a person first, the others by departure.
 */
import { computed } from "@preact/signals";
import { useState } from "preact/hooks";
import type { VehicleView } from "../api/types.ts";
import { about, isGuess, clock, clockNear, duration, kw, kwh, pct } from "../lib/format.ts";
import { memo } from "../lib/memo.ts";
import { useStableOrder } from "../lib/stable_order.ts";
import { say } from "../messages/say.ts";
import { assigning, planPath, telling } from "../store/place.ts";
import { now, vehicles, zone } from "../store/store.ts";
import { splitVans, vanRows, VANS_CSV } from "../store/derive.ts";
import { Act } from "../ui/act.tsx";
import { Bar } from "../ui/bar.tsx";
import { Link } from "../ui/link.tsx";
import { Empty, Panel } from "../ui/panel.tsx";
import { SaveTable } from "../ui/save_table.tsx";
import { Rows } from "../ui/rows.tsx";
import { Unit, useIsOld } from "../ui/reading.tsx";
import { State, vehicleStatus } from "../ui/state.tsx";

const FIRST_NEEDS = 6;

function Time({ at }: { at: string | undefined }) {
	if (at === undefined) return null;
	return <time dateTime={at}>{clockNear(Date.parse(at), now.value, zone.value)}</time>;
}

function Leaves({ van }: { van: VehicleView }) {
	return van.departs_at === undefined ? <span class="u">{say.noDeparture}</span> : <Time at={van.departs_at} />;
}

function place(van: VehicleView): string {
	if (van.station === undefined) return say.away;
	return van.evse === undefined ? van.station : say.evseName(van.station, van.evse);
}

function Battery({ van }: { van: VehicleView }) {
	const isOld = useIsOld(van.soc_at, "battery");
	const soc = van.soc_pct;
	const hasPlan = van.state === "charging" || van.state === "waits";
	return (
		<Bar value={soc} notch={van.target_pct} planned={hasPlan ? van.target_pct : undefined} isOld={isOld}
			label={say.batteryLabel(soc === undefined ? undefined : pct(soc), van.target_pct)} />
	);
}

/* "46 → 80 %", or what is still needed where the van does not tell its battery. */
function NowNeeded({ van }: { van: VehicleView }) {
	if (van.soc_pct === undefined) {
		const need = van.need_wh === undefined ? say.batteryUnknown : van.need_wh <= 0 ? say.needsNothing : say.stillNeeds(`${about(van)}${kwh(van.need_wh)}`);
		return <span class="u">{need}</span>;
	}
	return (
		<>
			<Soc van={van} /> → {van.target_pct}<Unit>{say.unitPct}</Unit>
		</>
	);
}

function Soc({ van }: { van: VehicleView }) {
	const isOld = useIsOld(van.soc_at, "battery");
	const value = <b>{pct(van.soc_pct ?? 0)}</b>;
	if (!isOld || van.soc_at === undefined) return value;
	return <span class="stale">{value} {say.atTime(clock(Date.parse(van.soc_at), zone.value))}</span>;
}

function spare(van: VehicleView): number | undefined {
	if (van.ready_at === undefined || van.departs_at === undefined) return undefined;
	return (Date.parse(van.departs_at) - Date.parse(van.ready_at)) / 1000;
}

function Spare({ van }: { van: VehicleView }) {
	const s = spare(van);
	if (s === undefined) return null;
	return <>{s < 0 ? say.lateBy(duration(-s)) : duration(s)}</>;
}

function readyWords(van: VehicleView): string {
	if (van.ready_at === undefined) return "";
	const s = spare(van);
	if (s === undefined) return say.readyWord;
	return s < 0 ? say.readyLate(duration(-s)) : say.readySpare(duration(s));
}

const Card = memo(function Card({ van }: { van: VehicleView }) {
	const status = vehicleStatus(van.state);
	const left = van.departs_at === undefined ? undefined : (Date.parse(van.departs_at) - now.value) / 1000;
	return (
		<li class={`att tint-${status.tone}`} data-row data-van={van.id} tabIndex={-1}>
			<div class="a-state"><State status={status} /></div>
			<div class="a-name">
				<div class="big">{van.name || van.id}</div>
				<div class="cap">{place(van)}</div>
			</div>
			<div class="a-time">
				<div class="big"><Leaves van={van} /></div>
				<div class="cap">{left !== undefined && left > 0 && say.leavesIn(duration(left))}</div>
			</div>
			<div class="a-bar">
				<Battery van={van} />
				<div class="cap"><NowNeeded van={van} /></div>
			</div>
			<div class="a-ready">
				{van.ready_at === undefined
					? <div class="sub2">{van.state === "will_miss" ? say.notInTime : say.readyUnknown}</div>
					: <div class="big"><Time at={van.ready_at} /></div>}
				<div class="cap">{readyWords(van)}</div>
			</div>
			<p class="a-why">{van.reason}</p>
			<div class="a-act acts"><Act to="dispatch" onAct={() => { assigning.value = van.id; }}>{say.assignBay}</Act>{isGuess(van) && <Act to="dispatch" onAct={() => { telling.value = van.id; }}>{say.tellSoc}</Act>}<Link to={planPath(van.id)} kind="btn"><span data-why>{say.whyWord}</span></Link></div>
		</li>
	);
});

const split = computed(() => splitVans(vehicles.value ?? []));

export function NeedsYou() {
	const [isWhole, setWhole] = useState(false);
	const [needs] = split.value;
	const order = useStableOrder(needs.map((v) => v.id));
	if (needs.length === 0) return null;
	const byId = new Map(needs.map((v) => [v.id, v] as const));
	const ids = isWhole ? order.ids : order.ids.slice(0, FIRST_NEEDS);
	return (
		<Panel id="needs" title={say.needsYou} caption={say.needsYouSub(needs.length)}
			end={order.isWaiting && <span class="cap">{say.orderChanged}</span>}>
			<ul class="atts" {...order.hold}>
				{ids.map((id) => <Card key={id} van={byId.get(id)!} />)}
			</ul>
			{needs.length > ids.length && (
				<div class="pad"><button type="button" class="btn" onClick={() => setWhole(true)}>{say.showAll(needs.length)}</button></div>
			)}
		</Panel>
	);
}

const Row = memo(function Row({ van }: { van: VehicleView }) {
	return (
		<tr role="row" data-row data-van={van.id} tabIndex={-1}>
			<td role="cell" class="c-time n b"><Leaves van={van} /></td>
			<th role="rowheader" scope="row" class="c-name"><span class="b">{van.name || van.id}</span></th>
			<td role="cell" class="c-place">{place(van)}</td>
			<td role="cell" class="c-bar"><Battery van={van} /></td>
			<td role="cell" class="c-soc"><NowNeeded van={van} /></td>
			<td role="cell" class="c-power n">
				{van.power_w !== undefined && <>{kw(van.power_w, 1)}<Unit>{say.unitKw}</Unit></>}
			</td>
			<td role="cell" class="c-ready n"><Time at={van.ready_at} /></td>
			<td role="cell" class="c-spare n"><Spare van={van} /></td>
			<td role="cell" class="c-state"><State status={vehicleStatus(van.state)} /></td>
			<td role="cell" class="c-why cap">{van.reason}</td>
		</tr>
	);
});

function Legend() {
	return (
		<div class="legend">
			<span><i class="sw power" />{say.legendNow}</span>
			<span><svg class="sw" width="12" height="12" aria-hidden="true"><rect width="12" height="12" fill="url(#hatch-plan)" /></svg>{say.legendPlanned}</span>
			<span><i class="sw notch" />{say.legendNeeded}</span>
			<span><i class="sw old" />{say.legendOld}</span>
		</div>
	);
}

export function Vans() {
	const [needs, others] = split.value;
	const order = useStableOrder(others.map((v) => v.id));
	const byId = new Map(others.map((v) => [v.id, v] as const));
	const heads: [string, string][] = [
		[say.leaves, "h-time n"], [say.van, "h-name"], [say.bay, "h-place"], [say.battery, "h-bar"],
		[say.nowNeeded, "h-soc"], [say.power, "h-power n"], [say.readyAt, "h-ready n"],
		[say.toSpare, "h-spare n"], [say.state, "h-state"], [say.note, "h-why"],
	];
	return (
		<Panel id="vans" title={say.otherVans(needs.length > 0)}
			caption={<>{say.vansByDeparture(others.length)}{order.isWaiting && ` · ${say.orderChanged}`}</>}
			end={<><Legend /><SaveTable of="vans" rows={() => [VANS_CSV, ...vanRows(vehicles.peek() ?? [])]} /></>}>
			{needs.length + others.length === 0 && <Empty title={say.noVans}>{say.noVansWhy}</Empty>}
			{needs.length > 0 && others.length === 0 && <Empty title={say.allNeedYou} />}
			{others.length > 0 && (
				<table role="table" class="cards vans" aria-rowcount={others.length + 1} aria-labelledby="vans-h" {...order.hold}>
					<thead role="rowgroup"><tr role="row">
						{heads.map(([text, kind]) => (
							<th key={text} role="columnheader" scope="col" class={kind}>{text}</th>
						))}
					</tr></thead>
					<Rows list={order.ids} columns={10} rowHeight={37} row={(id) => <Row key={id} van={byId.get(id)!} />} />
				</table>
			)}
		</Panel>
	);
}
