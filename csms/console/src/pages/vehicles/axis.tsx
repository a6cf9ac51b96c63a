/* Tonight and tomorrow: what each vehicle has to do, in one time. */
import type { TripList, TripView } from "../../api/types_vehicles.ts";
import type { VehicleView } from "../../api/types.ts";
import type { Asked } from "../../lib/ask.ts";
import { clock, clockNear, decimal } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { lanes, type Lane, vehiclePath } from "../../store/vehicles.ts";
import { now, zone } from "../../store/store.ts";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { Act } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { useWidth } from "../chart.tsx";
import { timeTicks } from "../chart_math.ts";
import { nameOf } from "./parts.tsx";
import { w } from "./words.ts";

const HOUR = 3_600_000;
const SPAN = 36 * HOUR;

const words = (t: TripView): string => w.tripWords(t.id, clockNear(Date.parse(t.departs), now.peek(), zone.value),
	clockNear(Date.parse(t.returns), now.peek(), zone.value), decimal(t.distance_km, 0));

interface RowProps {
	lane: Lane;
	onTrip: (t: TripView) => void;
}

const Row = memo(function Row({ lane, onTrip }: RowProps) {
	return (
		<tr role="row" data-row data-lane={lane.id} tabIndex={-1}>
			<th role="rowheader" scope="row"><Link to={vehiclePath(lane.id)} kind="name">{nameOf(lane.id)}</Link></th>
			<td role="cell" class="axis-lane">
				<div class="track">
					{lane.ready !== undefined && <i class="at-ready" style={{ left: `${lane.ready * 100}%` }} title={w.legendReady} />}
					{lane.leaves !== undefined && <i class="at-leaves" style={{ left: `${lane.leaves * 100}%` }} title={w.legendLeaves} />}
					{lane.bars.map((b) => (
						<button key={b.trip.id} type="button" class={b.trip.possible === false ? "trip risk" : "trip"} data-trip={b.trip.id}
							style={{ left: `${b.x * 100}%`, width: `${b.width * 100}%` }} aria-label={words(b.trip)} title={words(b.trip)} onClick={() => onTrip(b.trip)}>
							<span aria-hidden="true">{clock(Date.parse(b.trip.departs), zone.value)}</span>
						</button>
					))}
				</div>
			</td>
		</tr>
	);
});

function Times({ from, width }: { from: number; width: number }) {
	return (
		<svg class="axis" width={width} height="20" aria-hidden="true">
			{timeTicks(from, from + SPAN, zone.value, Math.max(2, Math.floor(width / 72))).map((t) => {
				const x = ((t - from) / SPAN) * width;
				return <text key={t} x={x.toFixed(1)} y="14" text-anchor={x < 18 ? "start" : x > width - 18 ? "end" : "middle"}>{clock(t, zone.value)}</text>;
			})}
		</svg>
	);
}

interface AxisProps {
	vehicles: readonly VehicleView[];
	asked: Asked<TripList>;
	onTrip: (t: TripView | undefined) => void; /* undefined: a new one */
}

export function Axis({ vehicles, asked, onTrip }: AxisProps) {
	const [box, width] = useWidth();
	const from = Math.floor(now.value / (15 * 60_000)) * 15 * 60_000;
	const rows = lanes(vehicles, asked.data?.trips ?? [], from, from + SPAN);
	return (
		<Panel id="axis" title={w.axisTitle} caption={w.axisCaption}
			end={<><Legend /><Act to="dispatch" onAct={() => onTrip(undefined)}>{w.addTrip}</Act></>}>
			<Answer of={asked} />
			{asked.data && rows.length === 0 && <Empty title={w.axisNone}>{w.axisNoneWhy}</Empty>}
			{asked.data && rows.length > 0 && (
				<table role="table" class="lanes" aria-labelledby="axis-h">
					<thead role="rowgroup"><tr role="row">
						<th role="columnheader" scope="col">{w.van}</th>
						<td role="cell" class="axis-lane"><div ref={box}><Times from={from} width={width} /></div></td>
					</tr></thead>
					<tbody role="rowgroup">{rows.map((l) => <Row key={l.id} lane={l} onTrip={onTrip} />)}</tbody>
				</table>
			)}
			<p class="vh">{say.nowLabel(clock(now.peek(), zone.value))}</p>
		</Panel>
	);
}

function Legend() {
	return (
		<div class="legend">
			<span><i class="sw trip" />{w.legendTrip}</span>
			<span><i class="sw at-ready" />{w.legendReady}</span>
			<span><i class="sw notch" />{w.legendLeaves}</span>
		</div>
	);
}
