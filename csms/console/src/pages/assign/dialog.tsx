/*
 * Gives a van a bay: where it is to stand, and for whom depotd takes who plugs in there and shows
 * nothing. Said before it is sent; taken back by giving it another one, or none.
 */
import { useState } from "preact/hooks";
import type { EvseView } from "../../api/types.ts";
import type { VehicleDetail } from "../../api/types_vehicles.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { kw } from "../../lib/format.ts";
import { assignDe } from "../../messages/de_assign.ts";
import { assignEn } from "../../messages/en_assign.ts";
import { inLanguage, say } from "../../messages/say.ts";
import { assigning } from "../../store/place.ts";
import { baysFor } from "../../store/bays.ts";
import { stations, vehicles } from "../../store/store.ts";
import { describe } from "../../store/vehicles.ts";
import { Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";

const w = inLanguage<typeof assignEn>({ en: assignEn, de: assignDe });

const kindOf = (e: EvseView): string => say.kindMax(say.kinds[e.kind] ?? e.kind, kw(e.max_w, 0));

export function AssignBay({ id }: { id: string | undefined }) {
	const asked = useAsked<VehicleDetail>(`/vehicles/${encodeURIComponent(id ?? "")}`);
	const [picked, setPicked] = useState<string | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const d = asked.data;
	const van = vehicles.value?.find((v) => v.id === id);
	const name = van?.name || id || "";
	const before = (d && (describe(d) as { bay?: string }).bay) ?? "";
	const bays = baysFor(stations.value ?? [], id ?? "", describe(d ?? { vehicle: { id } } as VehicleDetail));
	const to = picked ?? before;
	const bay = bays.find((b) => b.id === to);
	const end = () => { assigning.value = undefined; };
	const put = async () => {
		const { bay: _, ...row } = describe(d!) as ReturnType<typeof describe> & { bay?: string };
		if ((await send("PUT", `/vehicles/${encodeURIComponent(row.id)}`, to === "" ? row : { ...row, bay: to })) !== undefined) end();
	};
	return (
		<Confirm title={w.title(name)} verb={to === "" ? w.none : w.verb(to)} to="dispatch" isBusy={isBusy} isOff={d === undefined || to === before}
			onYes={() => void put()} onNo={end}>
			<label>{w.bay}
				<select value={to} onChange={(e) => setPicked(e.currentTarget.value)}>
					<option value="">{w.noBay}</option>
					{bays.map((b) => <option key={b.id} value={b.id}>{`${b.name}, ${kindOf(b.evse)}, ${w.states[b.state](b.who ?? "")}`}</option>)}
				</select>
			</label>
			<div class="effect" data-effect>
				{van?.station !== undefined && <p>{w.standsAt(name, say.evseName(van.station, van.evse ?? 1))}</p>}
				{before !== "" && <p>{w.had(before)}</p>}
				{to !== before && to !== "" && <p><b>{w.does(name, to)}</b></p>}
				{to !== before && to === "" && <p><b>{w.doesNone(name)}</b></p>}
				{bay?.state === "taken" && <p>{w.taken(bay.who ?? "")}</p>}
				{bay?.state === "fault" && <p>{w.fault}</p>}
			</div>
			<Failure text={error ?? asked.error} />
		</Confirm>
	);
}
