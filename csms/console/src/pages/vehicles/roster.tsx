/* Rosters: what vehicles do each week; added, changed, removed. */
import { useState } from "preact/hooks";
import type { RosterList, RosterView } from "../../api/types_vehicles.ts";
import { type Asked, useCommand } from "../../lib/ask.ts";
import { decimal } from "../../lib/format.ts";
import { dayRuns, DAYS, datesOf, freeId, newRoster, type Roster } from "../../store/vehicles.ts";
import { overview } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { nameOf, Table } from "./parts.tsx";
import { w } from "./words.ts";

const daysWords = (days: readonly string[]): string =>
	dayRuns(days).map(([a, b]) => (a === b ? w.dayNames[a] : `${w.dayNames[a]}–${w.dayNames[b]}`)).join(", ");

function when(r: Roster): string {
	return [
		r.from === undefined ? "" : `${w.from} ${r.from}`, r.until === undefined ? "" : `${w.until} ${r.until}`,
		r.holidays ? w.withHolidays : "", r.except?.length ? w.exceptDays(r.except.length) : "",
	].filter(Boolean).join(", ");
}

function Row({ x, onEdit }: { x: RosterView; onEdit: () => void }) {
	const r = x.row as Roster;
	return (
		<tr role="row" data-row data-roster={x.id} tabIndex={-1} class={x.fault === undefined ? "" : "tint-risk"}>
			<th role="rowheader" scope="row"><b>{nameOf(x.vehicle)}</b><span class="cap">{x.id}</span></th>
			<td role="cell" data-label={w.days}>{daysWords(r.days)}<span class="cap">{when(r)}</span></td>
			<td role="cell" data-label={w.times}>{r.departs} – {r.returns}</td>
			<td role="cell" class="n" data-label={w.km}>{decimal(r.distance_km, 0)}</td>
			<td role="cell" class="n" data-label={w.tripsToCome}>{x.trips}</td>
			<td role="cell" class="wide" data-label={w.described}>{x.changed ? w.fromPeople : w.fromFile}{x.fault !== undefined && <span class="cap why">{x.fault}</span>}</td>
			<td role="cell" class="n wide"><Act to="dispatch" onAct={onEdit}>{w.change}</Act></td>
		</tr>
	);
}

interface FormProps {
	roster: Roster;
	known: RosterView | undefined; /* undefined: a new one */
	onEnd: (isDone: boolean) => void;
}

function Form({ roster, known, onEnd }: FormProps) {
	const [r, setRow] = useState(roster);
	const [except, setExcept] = useState((roster.except ?? []).join(", "));
	const [isGoing, setGoing] = useState(false);
	const { isBusy, error, send } = useCommand();
	const set = (change: Partial<Roster>) => setRow({ ...r, ...change });
	const optional = (name: "from" | "until", value: string) => {
		const { [name]: _, ...rest } = r;
		setRow(value === "" ? rest : { ...rest, [name]: value });
	};
	const path = `/rosters/${encodeURIComponent(r.id)}`;
	const put = async () => {
		const { except: _, ...rest } = r;
		const dates = datesOf(except);
		if ((await send("PUT", path, { ...rest, ...(dates.length > 0 && { except: dates }) })) !== undefined) onEnd(true);
	};
	const remove = async () => {
		if ((await send("DELETE", path)) !== undefined) onEnd(true);
	};
	if (isGoing && known) {
		return (
			<Confirm title={w.removeRoster(r.id)} verb={w.removeYes} to="dispatch" isBusy={isBusy} onYes={() => void remove()} onNo={() => onEnd(false)}>
				<p>{w.removeRosterDoes(known.trips)}</p>
				<Failure text={error} />
			</Confirm>
		);
	}
	return (
		<Confirm title={known ? w.rosterTitleOf(r.id) : w.addRoster.replace("…", "")} verb={w.storeRoster} to="dispatch" isBusy={isBusy}
			isOff={r.days.length === 0 || r.id === ""} onYes={() => void put()} onNo={() => onEnd(false)}>
			<label>{w.van}
				<select value={r.vehicle} onChange={(e) => set({ vehicle: e.currentTarget.value })}>
					{(overview.value?.vehicles ?? []).map((v) => <option key={v.id} value={v.id}>{v.name || v.id}</option>)}
				</select>
			</label>
			<fieldset class="days">
				<legend>{w.days}</legend>
				{DAYS.map((day) => (
					<label key={day} class="tick">
						<input type="checkbox" checked={r.days.includes(day)}
							onChange={(e) => set({ days: DAYS.filter((x) => (x === day ? e.currentTarget.checked : r.days.includes(x))) })} /> {w.dayNames[day]}
					</label>
				))}
			</fieldset>
			<div class="two">
				<label>{w.departs}<input type="time" required value={r.departs} onInput={(e) => set({ departs: e.currentTarget.value })} /></label>
				<label>{w.returns}<input type="time" required value={r.returns} onInput={(e) => set({ returns: e.currentTarget.value })} /></label>
			</div>
			<label>{w.distance}
				<input type="number" min="0" max="5000" step="any" required value={String(r.distance_km)} onInput={(e) => set({ distance_km: Number(e.currentTarget.value) })} />
			</label>
			<div class="two">
				<label>{w.from}<input type="date" value={r.from ?? ""} onInput={(e) => optional("from", e.currentTarget.value)} /></label>
				<label>{w.until}<input type="date" value={r.until ?? ""} onInput={(e) => optional("until", e.currentTarget.value)} /></label>
			</div>
			<label>{w.except}<input value={except} onInput={(e) => setExcept(e.currentTarget.value)} /></label>
			<label class="tick"><input type="checkbox" checked={r.holidays ?? false} onChange={(e) => set({ holidays: e.currentTarget.checked })} /> {w.holidays}</label>
			<p class="sub2">{w.rosterDoes}</p>
			<Failure text={error} />
			{known?.changed && <div class="acts"><Act to="dispatch" onAct={() => setGoing(true)}>{w.remove}</Act></div>}
		</Confirm>
	);
}

export function Rosters({ asked, onChange }: { asked: Asked<RosterList>; onChange: () => void }) {
	const [open, setOpen] = useState<{ roster: Roster; known: RosterView | undefined } | undefined>(undefined);
	const list = asked.data?.rosters ?? [];
	const first = overview.value?.vehicles[0]?.id;
	const add = () => setOpen({ roster: newRoster(freeId(`R-${first ?? ""}`.slice(0, 40), list.map((x) => x.id)), first ?? ""), known: undefined });
	return (
		<Panel id="rosters" title={w.rosterTitle} caption={asked.data && w.rosterCaption(asked.data.holidays.length)}
			end={<Act to="dispatch" isOff={first === undefined} onAct={add}>{w.addRoster}</Act>}>
			<Answer of={asked} />
			{asked.data && list.length === 0 && <Empty title={w.rosterNone}>{w.rosterNoneWhy}</Empty>}
			{list.length > 0 && (
				<Table id="rosters" heads={[[w.van, ""], [w.days, ""], [w.times, ""], [w.km, "n"], [w.tripsToCome, "n"], [w.described, ""], ["", ""]]}>
					{[...list].sort((a, b) => a.vehicle.localeCompare(b.vehicle) || a.id.localeCompare(b.id))
						.map((x) => <Row key={x.id} x={x} onEdit={() => setOpen({ roster: x.row as Roster, known: x })} />)}
				</Table>
			)}
			{open && <Form key={open.roster.id} {...open} onEnd={(isDone) => {
				setOpen(undefined);
				if (isDone) onChange();
			}} />}
		</Panel>
	);
}
