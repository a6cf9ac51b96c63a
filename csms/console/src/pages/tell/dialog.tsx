/* Tells the state of charge that somebody read off a van. It counts until something newer is known. */
import { useState } from "preact/hooks";
import type { VehicleSocReply } from "../../api/types_vehicles.ts";
import { useCommand } from "../../lib/ask.ts";
import { clockNear, pct } from "../../lib/format.ts";
import { fromLocal } from "../../lib/local_clock.ts";
import { say } from "../../messages/say.ts";
import { telling } from "../../store/place.ts";
import { now, vehicles, zone } from "../../store/store.ts";
import { Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { sourceName, w } from "../vehicles/words.ts";

export function TellSoc({ id = "" }: { id: string | undefined }) {
	const [value, setValue] = useState("");
	const [at, setAt] = useState("");
	const [kept, setKept] = useState<string | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const van = vehicles.value?.find((v) => v.id === id);
	const name = van?.name || id;
	const told = Number(value);
	const end = () => { telling.value = undefined; };
	const post = async () => {
		const measured = at === "" ? undefined : fromLocal(at, zone.value);
		const reply = await send<VehicleSocReply>("POST", `/vehicles/${encodeURIComponent(id)}/soc`, { pct: told, ...(measured !== undefined && { at: measured }) });
		if (reply === undefined) return;
		if (reply.counts) end();
		else setKept(reply.sentence);
	};
	return (
		<Confirm title={w.tellTitle(name)} verb={w.tellYes} to="dispatch" isBusy={isBusy} isOff={value === "" || !(told >= 0 && told <= 100)}
			onYes={() => void post()} onNo={end}>
			<div class="two">
				<label>{w.tellPct}<input type="number" min="0" max="100" step="any" required value={value} onInput={(e) => setValue(e.currentTarget.value)} /></label>
				<label>{w.tellAt}<input type="datetime-local" value={at} onInput={(e) => setAt(e.currentTarget.value)} /></label>
			</div>
			<div class="effect" data-effect>
				<p>{van?.soc_pct === undefined || van.soc_at === undefined ? w.tellUnknown(name)
					: w.tellKnown(`${pct(van.soc_pct)}\u202f${say.unitPct}`, clockNear(Date.parse(van.soc_at), now.value, zone.value), sourceName(van.soc_source) ?? say.unknown)}</p>
				<p>{w.tellDoes}</p>
			</div>
			<Failure text={kept ?? error} />
		</Confirm>
	);
}
