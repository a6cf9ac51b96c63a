/*
 * What a limit would change for the vehicles that are here, by the server's planner. Nothing is sent
 * to a charger by asking.
 */
import type { EnvelopeTry, EnvelopeVehicle } from "../../api/types.ts";
import { clockNear, isShort, kw, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Icon } from "../../ui/icons.tsx";

function Vehicle({ v }: { v: EnvelopeVehicle }) {
	const at = (x: string | undefined) => (x === undefined ? say.never : clockNear(Date.parse(x), now.value, zone.value));
	const name = overview.value?.vehicles.find((x) => x.id === v.vehicle)?.name || v.vehicle || say.evseName(v.station, v.evse);
	const more = v.short_with_wh - v.short_without_wh;
	return (
		<tr>
			<th scope="row">{name}</th>
			<td class="n">{v.departs_at === undefined ? say.noDeparture : at(v.departs_at)}</td>
			<td class="n">{at(v.ready_without)}</td>
			<td class="n">{at(v.ready_with)}</td>
			<td class="n">{isShort(more) ? <b>{kwh(more)}{"\u202f"}{say.unitKwh}</b> : <span class="u">0</span>}</td>
		</tr>
	);
}

export function Trial({ result }: { result: EnvelopeTry }) {
	const isBad = result.late > 0;
	return (
		<div class="trial" role="status" data-trial={isBad ? "late" : "fine"}>
			<p class={isBad ? "st miss" : "st ok"}><Icon name={isBad ? "miss" : "ok"} /> {result.sentence}</p>
			{!isBad && result.shed_w > 0 && <p class="cap">{say.trialShed(kwh(result.shed_wh), kw(result.shed_w))}</p>}
			{result.vehicles.length > 0 && (
				<div class="scroll" tabIndex={0} role="region" aria-label={say.trialVehicles}>
					<table class="dense">
						<thead><tr>
							<th scope="col">{say.van}</th>
							{[say.leaves, say.readyNow, say.readyThen, say.missing].map((h) => <th key={h} scope="col" class="n">{h}</th>)}
						</tr></thead>
						<tbody>{result.vehicles.map((v) => <Vehicle key={`${v.station}/${v.evse}`} v={v} />)}</tbody>
					</table>
				</div>
			)}
		</div>
	);
}
