/* What a dispatcher changes of a vehicle's work: departure, need, priority. Said before it is sent. */
import { useState } from "preact/hooks";
import type { VehicleDetail } from "../../api/types_vehicles.ts";
import { useCommand } from "../../lib/ask.ts";
import { fromLocal, toLocal } from "../../lib/local_clock.ts";
import { describe, withWork, workChanges, WORK_FIELDS, workOf, type WorkField } from "../../store/vehicles.ts";
import { zone } from "../../store/store.ts";
import { Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { w } from "./words.ts";

const INPUT: Record<WorkField, { type: "time" | "datetime-local" | "number"; min?: string; max?: string; step?: string }> = {
	departs: { type: "time" },
	departs_at: { type: "datetime-local" },
	target_pct: { type: "number", min: "1", max: "100", step: "1" },
	min_soc_pct: { type: "number", min: "0", max: "100", step: "1" },
	need_wh: { type: "number", min: "0", step: "any" },
	priority: { type: "number", min: "0", max: "9", step: "1" },
};

export function EditWork({ of, onEnd }: { of: VehicleDetail; onEnd: (isDone: boolean) => void }) {
	const d = describe(of);
	const before = workOf(d, (iso) => toLocal(Date.parse(iso), zone.value).slice(0, 16));
	const [after, setAfter] = useState(before);
	const { isBusy, error, send } = useCommand();
	const changed = workChanges(before, after);
	const put = async () => {
		const row = withWork(d, after, changed, (text) => fromLocal(text, zone.value));
		if ((await send("PUT", `/vehicles/${encodeURIComponent(d.id)}`, row)) !== undefined) onEnd(true);
	};
	return (
		<Confirm title={w.editTitle(of.vehicle.name || d.id)} verb={w.store} to="dispatch" isBusy={isBusy} isOff={changed.length === 0}
			onYes={() => void put()} onNo={() => onEnd(false)}>
			{of.vehicle.trip !== undefined && <p><b>{w.editTrip(of.vehicle.trip)}</b></p>}
			<div class="two">
				{WORK_FIELDS.map((f) => (
					<label key={f}>{w.fields[f]}
						<input {...INPUT[f]} value={after[f]} onInput={(e) => setAfter({ ...after, [f]: e.currentTarget.value })} />
					</label>
				))}
			</div>
			<div class="effect" data-effect>
				{changed.length === 0 ? <p>{w.editNothing}</p> : (
					<>
						{changed.map((f) => <p key={f}>{w.fields[f]}: {before[f] || w.nothing} → <b>{after[f] || w.nothing}</b></p>)}
						<p>{w.editDoes} {of.changed !== true && w.editFile}</p>
					</>
				)}
			</div>
			<Failure text={error} />
		</Confirm>
	);
}
