/* All vehicles: what each has, where it is, what it needs by when, and how likely that is. */
import type { Readiness, ReadinessVehicle, VehicleDetail } from "../../api/types_vehicles.ts";
import type { Asked } from "../../lib/ask.ts";
import { csvText, saveFile } from "../../lib/csv.ts";
import { about, kwh } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { byNeed, vehiclePath } from "../../store/vehicles.ts";
import { now } from "../../store/store.ts";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { Unit } from "../../ui/reading.tsx";
import { State, vehicleStatus } from "../../ui/state.tsx";
import { Rows } from "../../ui/rows.tsx";
import { Battery, Chance, Charge, place, time } from "./parts.tsx";
import { w } from "./words.ts";

const Row = memo(function Row({ d, chance, isKnown }: { d: VehicleDetail; chance: ReadinessVehicle | undefined; isKnown: boolean }) {
	const v = d.vehicle;
	const status = vehicleStatus(v.state);
	const words = [v.reason, v.fallback].filter(Boolean).join(" ");
	return (
		<tr role="row" data-row data-vehicle={v.id} tabIndex={-1} class={status.isTag ? `tint-${status.tone}` : ""}>
			<th role="rowheader" scope="row" class="c-name">
				<Link to={vehiclePath(v.id)} kind="name">{v.name || v.id}</Link>
				<span class="cap">{place(v)}</span>
			</th>
			<td role="cell" class="c-state wide"><State status={status} />{words !== "" && <span class="cap why">{words}</span>}</td>
			<td role="cell" class="c-bar wide"><Battery v={v} /></td>
			<td role="cell" class="c-soc" data-label={w.battery}><Charge v={v} /></td>
			<td role="cell" class="c-leaves n" data-label={w.leaves}>
				{v.departs_at === undefined ? <span class="u">{say.noDeparture}</span> : <b>{time(v.departs_at)}</b>}
				{v.trip !== undefined && <span class="cap">{w.byTrip(v.trip)}</span>}
			</td>
			<td role="cell" class="c-needs n" data-label={w.needs}>
				{v.need_wh === undefined ? <span class="u">{say.unknown}</span> : <>{about(v)}{kwh(v.need_wh)}<Unit>{say.unitKwh}</Unit></>}
				{v.possible === false && <span class="cap st risk">{w.tooMuch}</span>}
			</td>
			<td role="cell" class="c-ready n" data-label={w.ready}>{time(v.ready_at)}</td>
			<td role="cell" class="c-chance n" data-label={w.chance}><Chance of={chance} isKnown={isKnown} /></td>
		</tr>
	);
});

function save(list: readonly VehicleDetail[], chances: ReadonlyMap<string, ReadinessVehicle>): void {
	saveFile(w.csvName(new Date(now.peek()).toISOString().slice(0, 10)), "text/csv", csvText([w.csvHead, ...list.map(({ vehicle: v }) => [
		v.id, v.name, v.state, v.reason, v.station, v.evse, v.soc_pct, v.soc_at, v.soc_source, v.target_pct, v.need_wh, v.departs_at, v.trip, v.ready_at,
		chances.get(v.id)?.probability,
	])]));
}

export function VehicleTable({ list, readiness }: { list: readonly VehicleDetail[]; readiness: Asked<Readiness> }) {
	const chances = new Map((readiness.data?.vehicles ?? []).map((r) => [r.vehicle, r] as const));
	const rows = byNeed(list);
	const heads: [string, string][] = [
		[w.van, "h-name"], [w.state, "h-state"], [w.battery, "h-bar"], [w.nowNeeded, "h-soc"], [w.leaves, "h-leaves n"], [w.needs, "h-needs n"],
		[w.ready, "h-ready n"], [w.chance, "h-chance n"],
	];
	return (
		<Panel id="vehicles" title={w.listTitle} caption={w.listCaption}
			end={rows.length > 0 && <button type="button" class="btn small" onClick={() => save(rows, chances)}>{say.saveCsv}</button>}>
			{rows.length === 0 ? <Empty title={w.none}>{w.noneWhy}</Empty> : (
				<table role="table" class="cards rows vehicles" aria-rowcount={rows.length + 1} aria-labelledby="vehicles-h">
					<thead role="rowgroup"><tr role="row">
						{heads.map(([text, kind]) => <th key={kind} role="columnheader" scope="col" class={kind}>{text}</th>)}
					</tr></thead>
					<Rows list={rows} columns={heads.length} rowHeight={46} row={(d) => <Row key={d.vehicle.id} d={d} chance={chances.get(d.vehicle.id)} isKnown={readiness.data !== undefined} />} />
				</table>
			)}
		</Panel>
	);
}
