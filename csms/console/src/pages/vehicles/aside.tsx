/* Readings that depotd could not take: corrected and taken, or dropped. */
import { useState } from "preact/hooks";
import type { TelematicsAside, TelematicsAsideList, TelematicsReplay } from "../../api/types_vehicles.ts";
import { type Asked, useCommand } from "../../lib/ask.ts";
import { fromLocal, toLocal } from "../../lib/local_clock.ts";
import { overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Table, time } from "./parts.tsx";
import { w } from "./words.ts";

const whatOf = (x: TelematicsAside): string => [
	x.vehicle ?? x.ref, x.quantity ?? x.field, x.value === undefined ? undefined : `${x.value}${x.unit ? ` ${x.unit}` : ""}`,
].filter(Boolean).join(", ");

const path = (x: TelematicsAside): string => `/telematics/aside/${encodeURIComponent(x.id)}`;

function Correct({ x, onEnd }: { x: TelematicsAside; onEnd: (isDone: boolean) => void }) {
	const [vehicle, setVehicle] = useState(x.vehicle ?? "");
	const [value, setValue] = useState(x.new_value === undefined ? String(x.value ?? "") : String(x.new_value));
	const atBefore = x.measured === undefined ? "" : toLocal(Date.parse(x.measured), zone.value).slice(0, 16);
	const [at, setAt] = useState(atBefore);
	const [left, setLeft] = useState<string | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const take = async () => {
		const measured = fromLocal(at, zone.value);
		const body = {
			...(vehicle !== "" && { vehicle }), ...(value !== "" && Number(value) !== x.value && { value: Number(value) }),
			...(at !== atBefore && measured !== undefined && { measured }),
		};
		if (Object.keys(body).length > 0 && (await send("PUT", path(x), body)) === undefined) return;
		const done = await send<TelematicsReplay>("POST", `${path(x)}/replay`);
		if (done === undefined) return;
		if (done.left > 0) setLeft(done.why ?? "");
		else onEnd(true);
	};
	return (
		<Confirm title={w.asideCorrectTitle} verb={w.asideTake} to="dispatch" isBusy={isBusy} onYes={() => void take()} onNo={() => onEnd(false)}>
			<p><b>{whatOf(x)}</b></p>
			<label>{w.van}
				<select value={vehicle} onChange={(e) => setVehicle(e.currentTarget.value)}>
					<option value="">{x.ref ?? w.nothing}</option>
					{(overview.value?.vehicles ?? []).map((v) => <option key={v.id} value={v.id}>{v.name || v.id}</option>)}
				</select>
			</label>
			<label>{w.value}{x.unit ? ` (${x.unit})` : ""}<input type="number" step="any" value={value} onInput={(e) => setValue(e.currentTarget.value)} /></label>
			<label>{w.began}<input type="datetime-local" value={at} onInput={(e) => setAt(e.currentTarget.value)} /></label>
			{x.raw !== undefined && <details><summary>{w.raw}</summary><pre class="mono raw">{x.raw}</pre></details>}
			<p class="sub2">{w.asideCorrectDoes}</p>
			<Failure text={left === undefined ? error : w.asideLeft(left)} />
		</Confirm>
	);
}

function Drop({ x, onEnd }: { x: TelematicsAside; onEnd: (isDone: boolean) => void }) {
	const { isBusy, error, send } = useCommand();
	const drop = async () => {
		if ((await send("DELETE", path(x))) !== undefined) onEnd(true);
	};
	return (
		<Confirm title={w.asideDropTitle} verb={w.asideDropYes} to="dispatch" isBusy={isBusy} onYes={() => void drop()} onNo={() => onEnd(false)}>
			<p><b>{whatOf(x)}</b></p>
			<p class="sub2">{w.asideDropDoes}</p>
			<Failure text={error} />
		</Confirm>
	);
}

/* `only`: of one vehicle. Nothing is drawn where nothing waits. */
export function Aside({ asked, only }: { asked: Asked<TelematicsAsideList>; only?: string }) {
	const [open, setOpen] = useState<{ x: TelematicsAside; how: "correct" | "drop" } | undefined>(undefined);
	const list = (asked.data?.aside ?? []).filter((x) => only === undefined || x.vehicle === only || x.ref === only);
	if (asked.error !== undefined && asked.data === undefined) return <Panel id="aside" title={w.asideTitle}><Answer of={asked} /></Panel>;
	if (list.length === 0) return null;
	const end = (isDone: boolean) => {
		setOpen(undefined);
		if (isDone) asked.again();
	};
	return (
		<Panel id="aside" title={w.asideTitle} caption={w.asideCaption(only === undefined ? (asked.data?.count ?? list.length) : list.length)}>
			<Table id="aside" heads={[[w.asideWhat, ""], [w.asideFault, ""], [w.source, ""], [w.asideReceived, ""], ["", ""]]}>
				{list.map((x) => (
					<tr key={x.id} role="row" data-row data-aside={x.id} tabIndex={-1}>
						<th role="rowheader" scope="row"><b>{whatOf(x)}</b></th>
						<td role="cell" data-label={w.asideFault}>{w.asideFaults[x.fault] ?? x.fault}</td>
						<td role="cell" data-label={w.source}>{x.source}</td>
						<td role="cell" data-label={w.asideReceived}>{time(x.received_at)}</td>
						<td role="cell" class="wide">
							<div class="acts">
								<Act to="dispatch" onAct={() => setOpen({ x, how: "correct" })}>{w.asideCorrect}</Act>
								<Act to="dispatch" onAct={() => setOpen({ x, how: "drop" })}>{w.asideDrop}</Act>
							</div>
						</td>
					</tr>
				))}
			</Table>
			{open?.how === "correct" && <Correct x={open.x} onEnd={end} />}
			{open?.how === "drop" && <Drop x={open.x} onEnd={end} />}
		</Panel>
	);
}
