/* A trip: added, changed, removed. */
import { useState } from "preact/hooks";
import type { TripView } from "../../api/types_vehicles.ts";
import { useCommand } from "../../lib/ask.ts";
import { fromLocal, toLocal } from "../../lib/local_clock.ts";
import { freeId } from "../../store/vehicles.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { w } from "./words.ts";

const local = (iso: string): string => toLocal(Date.parse(iso), zone.value).slice(0, 16);

interface Draft {
	id: string;
	vehicle: string;
	departs: string;
	returns: string;
	distance: string;
	payload: string;
	need: string;
	heated: boolean;
	note: string;
}

function draftOf(trip: TripView | undefined, vehicle: string, taken: readonly string[]): Draft {
	if (trip) {
		return {
			id: trip.id, vehicle: trip.vehicle, departs: local(trip.departs), returns: local(trip.returns), distance: String(trip.distance_km),
			payload: String(trip.payload_kg), need: "", heated: trip.heated, note: trip.note ?? "",
		};
	}
	const day = toLocal(now.peek() + 86_400_000, zone.value).slice(0, 10);
	return {
		id: freeId(`${vehicle}-${day}`.slice(0, 50), taken), vehicle, departs: `${day}T07:00`, returns: `${day}T15:00`, distance: "100", payload: "0", need: "",
		heated: true, note: "",
	};
}

function rowOf(d: Draft, trip: TripView | undefined) {
	return {
		id: d.id.trim(), vehicle: d.vehicle, departs: fromLocal(d.departs, zone.value), returns: fromLocal(d.returns, zone.value),
		distance_km: Number(d.distance), payload_kg: Number(d.payload || "0"), heated: d.heated,
		...(trip !== undefined && { temperature_c: trip.temperature_c }), ...(trip?.shift !== undefined && { shift: trip.shift }),
		...(d.need.trim() !== "" && { need_kwh: Number(d.need) }), ...(d.note.trim() !== "" && { note: d.note.trim() }),
	};
}

interface FormProps {
	trip: TripView | undefined; /* undefined: a new one */
	vehicle: string; /* of a new one */
	taken: readonly string[]; /* names of trips */
	onEnd: (isDone: boolean) => void;
}

export function TripForm({ trip, vehicle, taken, onEnd }: FormProps) {
	const [d, setDraft] = useState(() => draftOf(trip, vehicle, taken));
	const [isGoing, setGoing] = useState(false);
	const { isBusy, error, send } = useCommand();
	const set = (change: Partial<Draft>) => setDraft({ ...d, ...change });
	const row = rowOf(d, trip);
	const isOff = row.id === "" || row.departs === undefined || row.returns === undefined || d.distance.trim() === "";
	const put = async () => {
		if ((await send("PUT", `/trips/${encodeURIComponent(row.id)}`, row)) !== undefined) onEnd(true);
	};
	if (isGoing && trip) return <TripRemoval trip={trip} onEnd={onEnd} />;
	const times = (name: "departs" | "returns") => (
		<label>{w[name]}
			<input type="datetime-local" required value={d[name]} onInput={(e) => set({ [name]: e.currentTarget.value })} />
		</label>
	);
	const number = (name: "distance" | "payload" | "need", label: string, most: number) => (
		<label>{label}
			<input type="number" min="0" max={most} step="any" required={name === "distance"} value={d[name]} onInput={(e) => set({ [name]: e.currentTarget.value })} />
		</label>
	);
	return (
		<Confirm title={trip ? w.tripTitle(trip.id) : w.tripNew} verb={w.storeTrip} to="dispatch" isBusy={isBusy} isOff={isOff}
			onYes={() => void put()} onNo={() => onEnd(false)}>
			<label>{w.van}
				<select value={d.vehicle} onChange={(e) => set({ vehicle: e.currentTarget.value })}>
					{(overview.value?.vehicles ?? []).map((v) => <option key={v.id} value={v.id}>{v.name || v.id}</option>)}
				</select>
			</label>
			{!trip && (
				<label>{w.tripId}
					<input required maxLength={60} value={d.id} onInput={(e) => set({ id: e.currentTarget.value })} />
				</label>
			)}
			<div class="two">{times("departs")}{times("returns")}</div>
			<div class="two">{number("distance", w.distance, 5000)}{number("payload", w.payload, 100_000)}</div>
			{number("need", w.needKwh, 5000)}
			<label class="tick"><input type="checkbox" checked={d.heated} onChange={(e) => set({ heated: e.currentTarget.checked })} /> {w.heated}</label>
			<label>{w.note}
				<input maxLength={200} value={d.note} onInput={(e) => set({ note: e.currentTarget.value })} />
			</label>
			<p class="sub2">{w.tripDoes}</p>
			<Failure text={error} />
			{trip && <div class="acts"><Act to="dispatch" onAct={() => setGoing(true)}>{w.remove}</Act></div>}
		</Confirm>
	);
}

export function TripRemoval({ trip, onEnd }: { trip: TripView; onEnd: (isDone: boolean) => void }) {
	const { isBusy, error, send } = useCommand();
	const remove = async () => {
		if ((await send("DELETE", `/trips/${encodeURIComponent(trip.id)}`)) !== undefined) onEnd(true);
	};
	return (
		<Confirm title={w.removeTrip(trip.id)} verb={w.removeYes} to="dispatch" isBusy={isBusy} onYes={() => void remove()} onNo={() => onEnd(false)}>
			<p>{w.removeTripDoes} {trip.source === "roster" && w.removeRosterTrip}</p>
			<Failure text={error} />
		</Confirm>
	);
}
